# SPDX-License-Identifier: GPL-3.0-or-later
"""Node trees of .blend files, looked at: what the commands `explain`, `diff` and `check` tell. Nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data_collection import header
from ..data_collection.blend_file import NotReadable
from ..errors import UserError
from ..files import read_json, sha256_of
from ..graph.check import Finding, check
from ..graph.diff import diff
from ..graph.edits import Edit
from ..graph.model import Graph, Graphs
from ..graph.travel import part
from ..worker.pool import Pool
from ..worker.protocol import Host, Request
from .run import WORKER_MB, workers_that_fit

LIMIT_S = 600.0


@dataclass(frozen=True)
class File:
    """The node trees of a file of its own, by key, as Blender `blender` read them; `groups` are linked ones. `fresh`:
    tree type → a tree with a node of each type as that Blender makes it. `pictures`: images whose files are not there.
    """

    name: str
    blender: str
    trees: Graphs
    groups: Graphs
    fresh: Graphs
    pictures: frozenset[str]

    @classmethod
    def of(cls, name: str, record: Mapping[str, Any]) -> File:
        """From the record that the job `read` writes when it is asked to `look`."""
        graphs = {key: Graph.from_json(value) for key, value in record["graphs"].items()}
        return cls(
            name,
            record["blender"],
            {key: graph for key, graph in sorted(graphs.items()) if not graph.linked},
            {key: graph for key, graph in graphs.items() if graph.linked},
            {kind: Graph.from_json(value) for kind, value in record["fresh"].items()},
            frozenset(image["name"] for image in record["images"] if image["missing"]),
        )

    def chosen(self, key: str) -> Graphs:
        """All trees, or the one of a key. Raises UserError where it is not there."""
        if not key:
            return self.trees
        if key not in self.trees:
            raise UserError(f"{self.name} has no tree “{key}”. It has: {', '.join(self.trees) or 'none'}")
        return {key: self.trees[key]}

    def plain(self, kind: str) -> dict[str, Any]:
        """Node type → that node as Blender makes it, in trees of this type."""
        return {node.type: node for node in self.fresh[kind].nodes} if kind in self.fresh else {}

    def check(self, key: str = "", to: str = "") -> dict[str, list[Finding]]:
        """The findings of the trees that have any, by key. Raises UserError for a version that was not measured."""
        found = {}
        for name, graph in self.chosen(key).items():
            more: dict[str, Any] = {"fresh": self.fresh.get(graph.type), "pictures": self.pictures}
            found[name] = check(graph, since=self.blender, to=to, **more)
        return {name: findings for name, findings in found.items() if findings}


def reading(path: Path, host: Host, name: str, **more: Any) -> Request:
    """The request that reads a file, the fast way first; `name` is what it is called. Raises UserError where no
    Blender could."""
    seen = header.look(path, host.version)
    if isinstance(seen, NotReadable):
        raise UserError(f"{name}: {seen.sentence}")
    sha256 = sha256_of(path)
    body = {"path": str(path), "sha256": sha256, "way": "fast", "blocks": seen.blocks, **more}
    return Request("read", body, name, sha256, LIMIT_S, {**body, "way": "open"})


def blend_files(source: Path) -> list[Path]:
    """A file by itself, or those of a folder. Raises UserError where there is none."""
    if not source.exists():
        raise UserError(f"{source} is not there.")
    paths = [source] if source.is_file() else sorted(path for path in source.rglob("*.blend") if path.is_file())
    if not paths:
        raise UserError(f"No .blend file lies in {source}.")
    return paths


def looked_at(
    paths: Sequence[Path], host: Host, tick: Callable[[], bool], aside: Callable[[UserError], None]
) -> Iterator[File]:
    """The files, as they are read in background Blenders, in any order; `aside` hears why one was not read."""
    readable = list(dict.fromkeys(path.resolve().parent for path in paths))
    workers = min(len(paths), workers_that_fit())

    def requests() -> Iterator[Request]:
        for path in paths:
            try:
                yield reading(path.resolve(), host, str(path), look=True)
            except UserError as error:
                aside(error)

    with (
        tempfile.TemporaryDirectory(prefix="voxel-look-") as scratch,
        Pool(host, workers=workers, memory_mb=WORKER_MB * 4, scratch=Path(scratch), readable=readable) as pool,
    ):
        for answer in pool.run(requests(), tick):
            if not answer.ok:
                aside(UserError(f"{answer.request.item}: {answer.sentence}"))
                continue
            place = Path(answer.body["record"])
            record = read_json(place)
            place.unlink()
            assert isinstance(record, dict), "the worker said that it wrote a record"
            yield File.of(answer.request.item, record)


def one_file(path: Path, host: Host, tick: Callable[[], bool]) -> File:
    """A file by itself. Raises UserError where it cannot be read."""

    def aside(error: UserError) -> None:
        raise error

    if not path.is_file():
        raise UserError(f"{path} is no file.")
    return next(looked_at([path], host, tick, aside))


def measured(since: str, to: str) -> None:
    """Raises UserError where nobody measured what Blender `to` makes of files of `since`."""
    try:
        part(since, to)
    except ValueError as error:
        raise UserError(f"Nobody knows: {error}.") from None


@dataclass(frozen=True)
class Difference:
    """What it takes to make one file's trees of another's: keys that came and went, and edits by key."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, list[Edit]]

    def as_json(self) -> dict[str, Any]:
        changed = {key: [{**e.as_json(), "words": e.words()} for e in edits] for key, edits in self.changed.items()}
        return {"added": list(self.added), "removed": list(self.removed), "changed": changed}


def compared(old: Graphs, new: Graphs) -> Difference:
    """Trees of the same key against each other; two single ones whatever they are called."""
    if len(old) == len(new) == 1:
        ((_, a),), ((key, b),) = old.items(), new.items()
        pairs = {key: (a, b)}
    else:
        pairs = {key: (old[key], new[key]) for key in old if key in new}
    edits = {key: diff(a, b) for key, (a, b) in pairs.items()}
    came, went = (tuple(key for key in side if key not in other) for side, other in ((new, old), (old, new)))
    if len(old) == len(new) == 1:
        came = went = ()
    return Difference(came, went, {key: told for key, told in edits.items() if told})
