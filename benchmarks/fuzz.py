# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutated .blend files through the whole stage parse, with real workers: nothing may be lost, die or be mixed up.

    python benchmarks/fuzz.py FOLDER --out fuzz.jsonl [--from N] [--count N] [--workers N]     (a Python that has bpy)
    python benchmarks/fuzz.py --sum fuzz.jsonl

Mutant N depends on the seed, N and the folder alone, so that a long fuzz can be run in portions, on any machine. Each
batch appends one line of JSON to the file; batches that stand in it are not run again. `--sum` prints one JSON object a
version of Blender. `--keep DIR` keeps the mutants over which a worker died.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from voxel_trainer_addon.catalog import Catalog  # noqa: E402
from voxel_trainer_addon.data_collection.blend_file.blocks import Form, blocks, form_of  # noqa: E402
from voxel_trainer_addon.data_collection.blend_file.unpacking import unpacked  # noqa: E402
from voxel_trainer_addon.data_collection.header import NEW_FORM  # noqa: E402
from voxel_trainer_addon.errors import Exit  # noqa: E402
from voxel_trainer_addon.files import read_json, sha256_of  # noqa: E402
from voxel_trainer_addon.paths import DataFolder  # noqa: E402
from voxel_trainer_addon.pipeline import run as pipeline_run  # noqa: E402
from voxel_trainer_addon.stage import Options  # noqa: E402
from voxel_trainer_addon.worker import pool as worker_pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host  # noqa: E402

BATCH = 250
CONTENT_MAX = 3 << 20
"""Unpacked bytes of a file that is mutated."""
NUMBERS = (0, -1, 1, 2, 0x7FFFFFFF, -0x80000000, 0x10000, 1_000_000, 0x40000000)


@dataclass
class Source:
    """A sound file: as it lies there, and its content with the places of its blocks: (header, data, end)."""

    packed: bytes
    content: bytes
    form: Form
    places: list[tuple[int, int, int]]

    @classmethod
    def of(cls, path: Path) -> Source | None:
        """None where the file is no sound one, or too large."""
        with open(path, "rb") as raw:
            try:
                with unpacked(raw, path.stat().st_size) as (_, opened):
                    if not opened or opened.has(CONTENT_MAX):
                        return None
                    content = opened.data
                    form = form_of(opened)
                    header, places = form.header.size, []
                    for block in blocks(opened, form, {}, every=True):
                        places.append((opened.at - header, opened.at, opened.at + block.length))
            except Exception as error:
                if type(error).__name__ != "Unfit":
                    raise
                return None
        return cls(path.read_bytes(), content, form, places)

    def dna(self) -> tuple[int, int, int]:
        return next(place for place in reversed(self.places) if self.content[place[0] :][:4] == b"DNA1")


class Mutation:
    """One mutant in the making."""

    def __init__(self, source: Source, dice: random.Random) -> None:
        self.source, self.dice, self.data = source, dice, bytearray(source.content)

    def _block(self, with_data: bool = False) -> tuple[int, int, int]:
        """Any block but the description, with some data if so wanted."""
        place = self.dice.choice(self.source.places)
        while place == self.source.dna() or (with_data and place[2] - place[1] < 8):
            place = self.dice.choice(self.source.places)
        return place

    def _flip(self, start: int, end: int, bits: int) -> None:
        for _ in range(bits):
            self.data[self.dice.randrange(start, end)] ^= 1 << self.dice.randrange(8)

    def _set(self, name: str, value: Callable[[int], int]) -> None:
        """Change a field of a block's header."""
        at = self._block()[0]
        header = self.source.form.header
        new = self.source.form.new
        names = (
            ("code", "index", "address", "length", "count") if new else ("code", "length", "address", "index", "count")
        )
        fields = list(header.unpack_from(self.data, at))
        which = names.index(name)
        fields[which] = value(fields[which])
        wide = new or (name == "address" and self.source.form.wide)
        most = (1 << (64 if wide else 32)) - 1
        bits = fields[which] & most
        if name != "address" and not (new and name == "index") and bits > most >> 1:
            bits -= most + 1
        if new and name == "index":
            bits = (bits & 0xFFFFFFFF) - ((bits & 0x80000000) << 1)
        fields[which] = bits
        header.pack_into(self.data, at, *fields)

    def file_header(self) -> None:
        self._flip(0, self.source.places[0][0], self.dice.randint(1, 3))

    def block_header(self) -> None:
        start, data, _ = self._block()
        self._flip(start, data, self.dice.randint(1, 4))

    def code(self) -> None:
        one, other = self._block()[0], self._block()[0]
        self.data[one : one + 4] = self.source.content[other : other + 4]

    def length(self) -> None:
        self._set("length", lambda old: self.dice.choice((old + 1, old - 1, old + 24, old * 2, 0, *NUMBERS)))

    def index(self) -> None:
        self._set("index", lambda old: self.dice.choice((old + 1, old - 1, self.dice.randrange(900), *NUMBERS)))

    def count(self) -> None:
        self._set("count", lambda old: self.dice.choice((old + 1, old - 1, old * 2, old * 1000, *NUMBERS)))

    def address(self) -> None:
        header = self.source.form.header
        other = int(header.unpack_from(self.data, self._block()[0])[2])
        self._set("address", lambda old: self.dice.choice((other, 0, old + 8, self.dice.getrandbits(48))))

    def bits(self) -> None:
        _, start, end = self._block(with_data=True)
        self._flip(start, end, self.dice.randint(1, 8))

    def noise(self) -> None:
        _, start, end = self._block(with_data=True)
        at = self.dice.randrange(start, end)
        stop = min(end, at + self.dice.choice((4, 16, 64, 256)))
        self.data[at:stop] = self.dice.randbytes(stop - at)

    def zeros(self) -> None:
        _, start, end = self._block(with_data=True)
        at = self.dice.randrange(start, end)
        stop = min(end, at + self.dice.choice((8, 64, 1024)))
        self.data[at:stop] = bytes(stop - at)

    def number(self) -> None:
        """A number within the data becomes an extreme one."""
        _, start, end = self._block(with_data=True)
        at = start + 4 * self.dice.randrange((end - start) // 4)
        self.data[at : at + 4] = (self.dice.choice(NUMBERS) & 0xFFFFFFFF).to_bytes(4, "little")

    def pointer(self) -> None:
        """A pointer within the data becomes another block's address, or leads nowhere."""
        form = self.source.form
        width = 8 if form.wide else 4
        known = {int(form.header.unpack_from(self.data, start)[2]) for start, _, _ in self.source.places}
        for _ in range(200):
            _, start, end = self._block(with_data=True)
            found = [
                at
                for at in range(start, end - width + 1, width)
                if int.from_bytes(self.data[at : at + width], "little") in known - {0}
            ]
            if found:
                at = self.dice.choice(found)
                to = self.dice.choice((self.dice.choice(sorted(known)), self.dice.getrandbits(8 * width - 17)))
                self.data[at : at + width] = to.to_bytes(width, "little")
                return

    def text(self) -> None:
        """A name becomes bytes that are no UTF-8, or has no end."""
        _, start, end = self._block(with_data=True)
        at = self.dice.randrange(start, end)
        stop = min(end, at + self.dice.choice((4, 64, 1024)))
        self.data[at:stop] = bytes([self.dice.choice((0xE9, 0xFF, 0x41))]) * (stop - at)

    def dna(self) -> None:
        _, start, end = self.source.dna()
        self._flip(start, end, self.dice.randint(1, 4))

    def dna_table(self) -> None:
        """The lengths and members of structs."""
        _, start, end = self.source.dna()
        table = self.source.content.index(b"TLEN", start) + 4
        at = self.dice.randrange(table, end - 2)
        self.data[at : at + 2] = self.dice.choice((0, 1, 0xFFFF, 8, self.dice.randrange(900))).to_bytes(2, "little")

    def swap(self) -> None:
        (a, _, b), (c, _, d) = sorted((self._block(), self._block()))
        if b <= c:
            self.data[a:d] = self.data[c:d] + self.data[b:c] + self.data[a:b]

    def remove(self) -> None:
        start, _, end = self._block()
        del self.data[start:end]

    def repeat(self) -> None:
        start, _, end = self._block()
        at = self._block()[0]
        self.data[at:at] = self.source.content[start:end]

    def cut(self) -> None:
        del self.data[self.dice.randrange(len(self.data)) :]

    def packed_cut(self) -> None:
        self._pack()
        del self.data[self.dice.randrange(len(self.data)) :]

    def packed_bits(self) -> None:
        self._pack()
        self._flip(0, len(self.data), self.dice.randint(1, 4))

    def _pack(self) -> None:
        packed = self.source.packed
        self.data = bytearray(packed if not packed.startswith(b"BLENDER") else gzip.compress(packed, 1))


KINDS: tuple[Callable[[Mutation], None], ...] = (
    Mutation.file_header,
    Mutation.block_header,
    Mutation.code,
    Mutation.length,
    Mutation.index,
    Mutation.count,
    Mutation.address,
    Mutation.bits,
    Mutation.noise,
    Mutation.zeros,
    Mutation.number,
    Mutation.pointer,
    Mutation.text,
    Mutation.dna,
    Mutation.dna_table,
    Mutation.swap,
    Mutation.remove,
    Mutation.repeat,
    Mutation.cut,
    Mutation.packed_cut,
    Mutation.packed_bits,
)


def sources(folder: Path, blender: tuple[int, int, int]) -> list[Source]:
    """The sound files that this Blender can read, in the order of their paths."""
    found = [Source.of(path) for path in sorted(folder.rglob("*.blend"))]
    return [source for source in found if source and (not source.form.new or blender[:2] >= NEW_FORM)]


def mutant(held: list[Source], seed: int, number: int) -> tuple[str, bytes]:
    """The kind and the bytes of a mutant."""
    dice = random.Random(f"{seed}:{number}")
    kind = KINDS[number % len(KINDS)]
    made = Mutation(dice.choice(held), dice)
    kind(made)
    return kind.__name__, bytes(made.data)


@dataclass
class Batch:
    """What came of a batch of mutants."""

    blender: str
    seed: int
    start: int
    count: int
    seconds: float = 0.0
    lost: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    dead: str = ""
    same: int = 0
    """Mutants that are equal to others, or unchanged."""
    longest_s: float = 0.0
    rss_mb: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    """Kind of mutation → what came of it → number."""
    deaths: dict[str, Counter[str]] = field(default_factory=dict)
    """Kind of mutation → way of loading and how its worker ended → number; two tries may both end so."""
    faults: dict[int, str] = field(default_factory=dict)
    """Mutants at which our own code failed, and how."""
    machine: dict[str, Any] = field(default_factory=dict)


class Watched(worker_pool.Pool):
    """A pool that tells how its workers ended, and by how much a try was late."""

    told: Callable[[str, dict[str, Any], float, str], None]

    def _lost(self, worker: Any, unit: Any, again: Any, code: str, words: str) -> Iterator[Any]:
        ended = worker.end(grace_s=0.0 if words else worker_pool.GRACE_S)
        how = {"time": "time", "memory": "memory", "protocol": "protocol"}.get(code, ended)
        Watched.told(unit.request.sha256, unit.body, time.monotonic() - unit.since - unit.request.limit_s, how)
        yield from super()._lost(worker, unit, again, code, words)

    def _answered(self, worker: Any, frame: Any, again: Any) -> Iterator[Any]:
        unit = self._busy[worker]
        Watched.told(unit.request.sha256, unit.body, time.monotonic() - unit.since - unit.request.limit_s, "")
        yield from super()._answered(worker, frame, again)


def fuzz(held: list[Source], host: Host, batch: Batch, workers: int, place: Path, keep: Path | None = None) -> Batch:
    """Run a batch in a new data folder below `place`, and look at everything that it left."""
    files = place / "files"
    shutil.rmtree(place, ignore_errors=True)
    files.mkdir(parents=True)
    made: dict[str, tuple[int, str, Path]] = {}
    for number in range(batch.start, batch.start + batch.count):
        kind, data = mutant(held, batch.seed, number)
        path = files / f"{number:06}-{kind}.blend"
        path.write_bytes(data)
        sha256 = sha256_of(path)
        if sha256 in made:
            batch.same += 1
            path.unlink()
        else:
            made[sha256] = (number, kind, path)
    died: set[str] = set()

    def told(sha256: str, body: dict[str, Any], over_s: float, ended: str) -> None:
        number, kind, _ = made[sha256]
        if over_s > 1.0:
            batch.late.append(number)
        if ended:
            died.add(sha256)
            batch.deaths.setdefault(kind, Counter())[f"{body['way']} {ended}"] += 1

    def listen(line: dict[str, Any]) -> None:
        if line["kind"] == "beat":
            batch.rss_mb = max(batch.rss_mb, line["rss_mb"])

    Watched.told = staticmethod(told)  # type: ignore[assignment]
    pipeline_run.Pool = Watched  # type: ignore[misc]
    folder = DataFolder(place / "training_data")
    began = time.monotonic()
    options = Options(source=(f"folder:{files}",), workers=workers)
    status = pipeline_run.Run(folder, options, host, ("harvest", "parse"), [listen]).go()
    batch.seconds = round(time.monotonic() - began, 1)
    if status not in (Exit.DONE, Exit.SET_ASIDE):
        batch.dead = f"exit {int(status)}"
    with Catalog(folder.catalog) as catalog:
        asides = {aside.item: aside for aside in catalog.asides("parse")}
        records = {row["sha256"]: row for row in catalog.records(host.name)}
    for sha256, (number, kind, path) in made.items():
        aside, row = asides.get(sha256), records.get(sha256)
        outcome = aside.code if aside else row["state"] if row else "lost"
        batch.outcomes.setdefault(kind, Counter())[outcome] += 1
        if aside and aside.code == "error":
            batch.faults[number] = aside.detail[-2000:]
        if bool(aside) == bool(row):
            batch.lost.append(number)
        if aside and not aside.sentence.startswith(path.name):
            batch.wrong.append(number)
        if row:
            record = read_json(folder.record(sha256), {})
            if (record.get("sha256"), record.get("bytes")) != (sha256, path.stat().st_size):
                batch.wrong.append(number)
        if keep and sha256 in died:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, keep / f"{host.name}-{path.name}")
    batch.machine = {"system": platform.platform(), "cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    return batch


def summed(path: Path) -> list[dict[str, Any]]:
    """One object for each version of Blender in a file of batches."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        batch = json.loads(line)
        of = found.setdefault(batch["blender"], {"blender": batch["blender"], "mutants": 0, "seconds": 0.0})
        of["mutants"] += batch["count"]
        of["seconds"] = round(of["seconds"] + batch["seconds"], 1)
        for key in ("lost", "wrong", "late"):
            of[key] = of.get(key, []) + batch[key]
        of["dead_runs"] = of.get("dead_runs", 0) + bool(batch["dead"])
        of["same"] = of.get("same", 0) + batch["same"]
        of["rss_mb"] = max(of.get("rss_mb", 0), batch["rss_mb"])
        of.setdefault("faults", {}).update(batch.get("faults", {}))
        for key in ("outcomes", "deaths"):
            for kind, counts in batch[key].items():
                for told in (of.setdefault(key, {}).setdefault("all", {}), of[key].setdefault(kind, {})):
                    for name, count in counts.items():
                        told[name] = told.get(name, 0) + count
    for of in found.values():
        of["mutants_a_minute"] = round(60 * of["mutants"] / of["seconds"])
    return list(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("fuzz.jsonl"))
    parser.add_argument("--sum", type=Path)
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.sum:
        print(json.dumps(summed(options.sum), indent=2))
        return
    bpy: Any = importlib.import_module("bpy")
    host = Host(sys.executable, True, tuple(bpy.app.version))
    held = sources(options.folder, host.version)
    done: set[tuple[str, int, int]] = set()
    if options.out.is_file():
        lines = map(json.loads, options.out.read_text(encoding="utf-8").splitlines())
        done = {(line["blender"], line["seed"], line["start"]) for line in lines}
    for start in range(options.start, options.start + options.count, BATCH):
        if (host.name, options.seed, start) in done:
            continue
        batch = Batch(host.name, options.seed, start, min(BATCH, options.start + options.count - start))
        with tempfile.TemporaryDirectory(prefix="voxel-fuzz-") as place:
            fuzz(held, host, batch, options.workers, Path(place), options.keep)
        with open(options.out, "a", encoding="utf-8") as out:
            out.write(json.dumps(vars(batch)) + "\n")
        told = {name: getattr(batch, name) for name in ("start", "seconds", "lost", "wrong", "late", "dead")}
        print(json.dumps(told), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
