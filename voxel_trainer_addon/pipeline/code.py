# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `code` and `graph`: .blend files in, a proven script or compact form of each of their node trees out."""

from __future__ import annotations

import os
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import digest, read_json, write_json, write_text
from ..worker.pool import Pool
from ..worker.protocol import Answer, Host, Request
from .run import WORKER_MB, workers_that_fit
from .trees import LIMIT_S, blend_files, reading

ROOTS_AT_ONCE = 8


@dataclass(frozen=True)
class View:
    """What is written of a tree: the worker's job that makes it, what the index calls its file, and the suffix.
    `stacks` is the job for stacks of modifiers and constraints, where they have such a view."""

    job: str
    word: str
    suffix: str
    stacks: str = ""


CODE = View("prove", "script", ".py", "prove_stacks")
COMPACT = View("compact", "graph", ".json")


@dataclass(frozen=True)
class Written:
    """What came of it: trees and stacks, how many of them have a proven view, and files that could not be read."""

    trees: int
    proven: int
    stacks: int
    stacks_proven: int
    unreadable: int
    index: Path

    @property
    def whole(self) -> bool:
        """Whether every tree and every stack of every file has a proven view."""
        return not self.unreadable and (self.proven, self.stacks_proven) == (self.trees, self.stacks)


@dataclass
class _File:
    """One .blend file on its way: `prefix` names it before its trees, `waiting` counts requests without an answer."""

    blend: Path
    out: Path
    record: Path
    prefix: str
    index: dict[str, dict[str, Any]] = field(default_factory=dict)
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: int = 0


def write_views(
    source: Path,
    out: Path,
    host: Host,
    *,
    tick: Callable[[], bool],
    told: Callable[[str], None],
    view: View = CODE,
    key: str = "",
    layout: bool = False,
    bare: bool = False,
) -> Written:
    """Write `out/index.json` and the scripts (or compact forms) of the proven trees: a list of key, script, proven,
    reason; `out/stacks.json` says the same of objects with modifiers or constraints, if there are any. Of a folder,
    every `a/b.blend` below it has its own in `out/a/b/`. `key` asks for one tree alone. `layout`: places and names as
    in the file; else lines that arrange the nodes, unless `bare`.

    Raises UserError where a file named by itself cannot be read; nothing is written then.
    """
    paths, alone = blend_files(source), source.is_file()
    with tempfile.TemporaryDirectory(prefix="voxel-code-") as scratch:
        files = deque(
            _File(
                path.resolve(),
                out if alone else out / path.relative_to(source).with_suffix(""),
                Path(scratch) / f"{n}.json",
                "" if alone else f"{path.relative_to(source)}  ",
            )
            for n, path in enumerate(paths)
        )
        with Pool(
            host,
            workers=workers_that_fit(),
            memory_mb=WORKER_MB * 4,
            scratch=Path(scratch),
            readable=[source.resolve().parent if alone else source.resolve(), Path(scratch)],
        ) as pool:
            return _Writer(
                pool, host, view, key, {"layout": layout, "arrange": not (layout or bare)}, tick, told
            ).write(files, alone, out / "index.json" if alone else out)


def schema(host: Host, tick: Callable[[], bool]) -> str:
    """The JSON Schema of the compact form for this Blender, as text. Raises UserError where Blender does not answer."""
    with (
        tempfile.TemporaryDirectory(prefix="voxel-schema-") as scratch,
        Pool(host, workers=1, memory_mb=WORKER_MB, scratch=Path(scratch), readable=[]) as pool,
    ):
        for answer in pool.run([Request("schema", {}, "schema", limit_s=LIMIT_S)], tick):
            if answer.ok:
                return str(answer.body["schema"])
            raise UserError(answer.sentence)
    raise UserError("Blender did not answer.")


class _Writer:
    def __init__(
        self,
        pool: Pool,
        host: Host,
        view: View,
        key: str,
        form: Mapping[str, bool],
        tick: Callable[[], bool],
        told: Callable[[str], None],
    ) -> None:
        self.pool, self.host, self.tick, self.told = pool, host, tick, told
        self.view, self.key, self.form = view, key, form
        self.proofs: deque[Request] = deque()
        self.files: dict[str, _File] = {}
        self.trees = self.proven = self.stacks = self.stacks_proven = self.unreadable = 0

    def write(self, files: deque[_File], alone: bool, index: Path) -> Written:
        while files or self.proofs:
            for answer in self.pool.run(self._requests(files, alone), self.tick):
                try:
                    self._take(self.files[answer.request.body["file"]], answer)
                except UserError as error:
                    if alone:
                        raise
                    self._set_aside(str(error))
        return Written(self.trees, self.proven, self.stacks, self.stacks_proven, self.unreadable, index)

    def _requests(self, files: deque[_File], alone: bool) -> Iterator[Request]:
        """What is to be done next: proofs of what was read, else the next file."""
        while files or self.proofs:
            if self.proofs:
                yield self.proofs.popleft()
                continue
            file = files.popleft()
            try:
                yield self._read(file)
            except UserError as error:
                if alone:
                    raise
                self._set_aside(str(error))

    def _set_aside(self, sentence: str) -> None:
        self.unreadable += 1
        self.told(f"set aside  {sentence}")

    def _read(self, file: _File) -> Request:
        name = str(file.record)
        request = reading(file.blend, self.host, file.blend.name, file=name)
        self.files[name] = file
        return request

    def _take(self, file: _File, answer: Answer) -> None:
        if answer.request.job == "read":
            if not answer.ok:
                del self.files[str(file.record)]
                raise UserError(f"{file.blend.name}: {answer.sentence}")
            os.replace(answer.body["record"], file.record)
            self._prove(file)
        else:
            file.waiting -= 1
            index = file.stacks if answer.request.job == self.view.stacks else file.index
            for entry in self._entries(answer, file.out):
                index[entry["key"]] = entry
                words = f"{'proven' if entry['proven'] else 'refused'}  {entry['key']}  {entry['reason']}"
                self.told(file.prefix + words.rstrip())
        if not file.waiting:
            self._finish(file)

    def _prove(self, file: _File) -> None:
        record = read_json(file.record)
        assert isinstance(record, dict), "the worker said that it wrote a record"
        keys = sorted(key for key, graph in record["graphs"].items() if not graph["linked"])
        if self.key and self.key not in keys:
            raise UserError(f"{file.blend.name} has no tree “{self.key}”. It has: {', '.join(keys) or 'none'}")
        keys = [self.key] if self.key else keys
        file.out.mkdir(parents=True, exist_ok=True)
        self._ask(file, self.view.job, keys)
        if self.view.stacks:
            self._ask(file, self.view.stacks, sorted(record["stacks"]))

    def _ask(self, file: _File, job: str, keys: list[str]) -> None:
        for start in range(0, len(keys), ROOTS_AT_ONCE):
            roots = keys[start : start + ROOTS_AT_ONCE]
            body = {"record": str(file.record), "roots": roots, "file": str(file.record), **self.form}
            item = f"{file.blend.name}: {roots[0]} …"
            self.proofs.append(Request(job, body, item, digest(roots), LIMIT_S))
            file.waiting += 1

    def _finish(self, file: _File) -> None:
        write_json(file.out / "index.json", [file.index[key] for key in sorted(file.index)])
        if file.stacks:
            write_json(file.out / "stacks.json", [file.stacks[key] for key in sorted(file.stacks)])
        self.trees += len(file.index)
        self.proven += sum(entry["proven"] for entry in file.index.values())
        self.stacks += len(file.stacks)
        self.stacks_proven += sum(entry["proven"] for entry in file.stacks.values())
        del self.files[str(file.record)]
        file.record.unlink()

    def _entries(self, answer: Answer, out: Path) -> Iterator[dict[str, Any]]:
        roots = answer.request.body["roots"]
        scripts = answer.body["scripts"] if answer.ok else {}
        for key in roots:
            script = scripts.get(key)
            if script is None:
                yield self._entry(key, None, answer.sentence or "nothing came back for it")
            elif not script["proven"]:
                yield self._entry(key, None, script["reason"])
            else:
                name = f"{re.sub(r'[^A-Za-z0-9._-]+', '_', key)[:60]}-{digest(key)[:8]}{self.view.suffix}"
                write_text(out / name, script["code"])
                yield self._entry(key, name, "")

    def _entry(self, key: str, name: str | None, reason: str) -> dict[str, Any]:
        return {"key": key, self.view.word: name, "proven": name is not None, "reason": reason}
