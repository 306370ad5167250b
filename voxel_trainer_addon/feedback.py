# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist did with answers, texts and trees included: kept on this computer alone, and only where they said so.

`feedback/<id>.json` is one request. The assistant writes it, `deploy feedback` shows and deletes it, and the stage
dataset makes rows of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .files import now, read_json, write_json
from .graph.canonical import graph_hash
from .graph.diff import diff
from .graph.edits import Edit
from .graph.model import Graph
from .paths import DataFolder

ID = re.compile(r"[0-9a-f]{1,32}")
DONE = ("", "kept", "undone", "refused")
"""What was done with an answer: nothing yet, kept, applied and taken back, or never applied, for a reason."""
TEXTS = ("id", "at", "prompt", "blender", "target", "model", "code", "instead_of", "done", "reason")


@dataclass(frozen=True)
class Tree:
    """A node tree by its key, among the `graphs` with the groups that it uses."""

    key: str
    graphs: Mapping[str, Graph]

    @property
    def graph(self) -> Graph:
        return self.graphs[self.key]

    @cached_property
    def hash(self) -> str:
        """What it means (`graph.canonical`)."""
        return graph_hash(self.key, self.graphs)

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, "graphs": {key: graph.as_json() for key, graph in self.graphs.items()}}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Tree:
        """Raises ValueError where `body` is none."""
        try:
            tree = cls(body["key"], {key: Graph.from_json(graph) for key, graph in body["graphs"].items()})
            if any(key != graph.key for key, graph in tree.graphs.items()) or tree.key not in tree.graphs:
                raise ValueError("a tree is not where its key says")
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no node tree: {error!r}") from error
        return tree


@dataclass(frozen=True)
class Failed:
    """A script that the model gave first, and what Blender said of it."""

    code: str
    error: str


@dataclass(frozen=True)
class Feedback:
    """One request. `target` is material, geometry or compositor, `before` the tree that was to be changed (None: a new
    one was asked for), `answer` the tree that the model's `code` made after it had `failed` so often, `instead_of` the
    request whose answer this one was to better. `kept` is the tree as the artist kept it."""

    id: str
    prompt: str
    target: str
    blender: str
    model: str
    code: str
    answer: Tree
    before: Tree | None = None
    failed: tuple[Failed, ...] = ()
    instead_of: str = ""
    at: str = ""
    done: str = ""
    reason: str = ""
    kept: Tree | None = None

    @property
    def trees(self) -> list[Tree]:
        """The tree that was to be changed, the answer, and what was kept, as far as they are there."""
        return [tree for tree in (self.before, self.answer, self.kept) if tree]

    @property
    def edited(self) -> bool:
        """Whether it was kept as another tree than the answer."""
        return self.kept is not None and self.kept.hash != self.answer.hash

    @property
    def edits(self) -> list[Edit]:
        """What the artist changed in the answer's tree before keeping it; groups below it apart."""
        return diff(self.answer.graph, self.kept.graph) if self.kept else []

    @property
    def state(self) -> str:
        """`done`, with what was kept after changes told apart, for a person."""
        return "edited" if self.edited else self.done or "open"

    def as_json(self) -> dict[str, Any]:
        texts = {name: getattr(self, name) for name in TEXTS}
        trees = {"answer": self.answer, "before": self.before, "kept": self.kept}
        told = {name: tree and tree.as_json() for name, tree in trees.items()}
        return {**texts, "failed": [asdict(one) for one in self.failed], **told}

    @classmethod
    def from_json(cls, body: Any) -> Feedback:
        """Raises ValueError where `body` is none."""
        try:
            found = cls(
                **{name: body[name] for name in TEXTS},
                failed=tuple(Failed(str(one["code"]), str(one["error"])) for one in body["failed"]),
                answer=Tree.from_json(body["answer"]),
                before=body["before"] and Tree.from_json(body["before"]),
                kept=body["kept"] and Tree.from_json(body["kept"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no feedback: {error!r}") from error
        if not all(isinstance(getattr(found, name), str) for name in TEXTS) or not ID.fullmatch(found.id):
            raise ValueError("no feedback: a text is missing")
        if found.done not in DONE or (found.done == "kept") != (found.kept is not None):
            raise ValueError("no feedback: nobody knows what was done")
        return found


@dataclass(frozen=True)
class Found:
    """All that can be read, the oldest first, and a sentence for each file that could not be."""

    feedback: tuple[Feedback, ...] = ()
    damaged: tuple[str, ...] = ()


def is_on(folder: DataFolder) -> bool:
    """Whether the artist agreed that this data folder keeps feedback. It begins with no."""
    consent = read_json(_consent(folder))
    return isinstance(consent, dict) and consent.get("on") is True


def switch(folder: DataFolder, on: bool) -> None:
    """Keep feedback from now on, or no more; what is there stays. Raises OSError."""
    write_json(_consent(folder), {"on": on, "at": now()})


def asked(folder: DataFolder, request: Feedback) -> None:
    """Keep a request with its answer, where the artist agreed to that. Raises OSError, and ValueError for an id that is
    not of hexadecimal digits, 32 at most."""
    if not ID.fullmatch(request.id):
        raise ValueError(f"{request.id!r} is no id of a request")
    if is_on(folder):
        _write(folder, replace(request, at=request.at or now()))


def became(folder: DataFolder, id: str, done: str, *, kept: Tree | None = None, reason: str = "") -> None:
    """Keep what was done with an answer (see `DONE`); `kept` is the tree as it then is, None for the answer's own.
    Nothing where the request is not kept, or the artist no longer agrees. Raises OSError."""
    if is_on(folder) and (one := _read(_place(folder, id))):
        tree = (kept or one.answer) if done == "kept" else None
        _write(folder, replace(one, done=done, kept=tree, reason=reason or one.reason))


def read(folder: DataFolder) -> Found:
    """All feedback. Files that are none are laid into `feedback/damaged/`."""
    found, damaged = [], []
    for path in sorted(folder.feedback.glob("*.json")):
        if ID.fullmatch(path.stem):
            if (one := _read(path)) and one.id == path.stem:
                found.append(one)
            else:
                damaged.append(_set_aside(folder, path))
    return Found(tuple(sorted(found, key=lambda one: (one.at, one.id))), tuple(damaged))


def delete(folder: DataFolder, id: str = "") -> int:
    """Delete a request, or without an id all of them, damaged ones too; how many there were. Raises OSError."""
    paths = [path for place in (folder.feedback, _damaged(folder)) for path in place.glob("*.json")]
    gone = [path for path in paths if ID.fullmatch(path.stem) and id in ("", path.stem)]
    for path in gone:
        path.unlink()
    return len(gone)


def refused(feedback: Iterable[Feedback]) -> dict[str, list[Feedback]]:
    """Id of each request that was kept → the answers to the same words about the same tree that the artist had sent
    back before, the last one first."""
    known = {one.id: one for one in feedback}
    return {
        one.id: [other for other in _earlier(one, known) if other.done != "kept" and _same_request(other, one)]
        for one in known.values()
        if one.done == "kept"
    }


def _earlier(one: Feedback, known: Mapping[str, Feedback]) -> Iterator[Feedback]:
    """The requests that it was asked instead of, the last one first."""
    seen = {one.id}
    while (earlier := known.get(one.instead_of)) and earlier.id not in seen:
        seen.add(earlier.id)
        yield (one := earlier)


def _same_request(one: Feedback, other: Feedback) -> bool:
    words = [" ".join(each.prompt.split()).casefold() for each in (one, other)]
    trees = [each.before and each.before.hash for each in (one, other)]
    return words[0] == words[1] and trees[0] == trees[1]


def _consent(folder: DataFolder) -> Path:
    return folder.feedback / "consent.json"


def _damaged(folder: DataFolder) -> Path:
    return folder.feedback / "damaged"


def _place(folder: DataFolder, id: str) -> Path:
    return folder.feedback / f"{id}.json"


def _write(folder: DataFolder, request: Feedback) -> None:
    write_json(_place(folder, request.id), request.as_json(), indent=None)


def _read(path: Path) -> Feedback | None:
    try:
        return Feedback.from_json(read_json(path))
    except ValueError:
        return None


def _set_aside(folder: DataFolder, path: Path) -> str:
    _damaged(folder).mkdir(exist_ok=True)
    os.replace(path, _damaged(folder) / path.name)
    name = path.relative_to(folder.root).as_posix()
    return f"{name} is damaged and was laid into feedback/damaged/. `deploy feedback delete {path.stem}` deletes it."
