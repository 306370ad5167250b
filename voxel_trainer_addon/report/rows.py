# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a dataset, counted as they pass: each file is read once, and only a sample is kept."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..examples import SIZED, Sample

SIDES = {"train": "to train on", "val": "to watch training by", "test": "held out, to judge by"}
SPLITS = tuple(SIDES)
FILE = re.compile(r"(train|val|test)(?:\.([\w-]+))?\.jsonl")
"""Name of a file of rows: its side of the split, and the part by licence that it holds."""
OF_EACH, SHOWN = 8, 96
"""Examples of each kind and task that are drawn, and those that are shown in all."""
NEEDED = {
    **dict.fromkeys(("id", "kind", "task", "prompt", "completion", "form", "blender_version"), str),
    **{"proof": dict, "answer": str, "group": str, "nodes": int, "sources": list},
}
"""Field → type, of what is counted here. A row without them is of an older form, and is not counted."""

Json = Mapping[str, Any]


@dataclass
class Rows:
    """What there is, by split: kinds, tasks of kinds, Blenders, licences, sources; and how large, by upper bound.

    `shared`: what stands on two sides of the split → how often. `other`: lines that are no rows of today's form.
    """

    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    tasks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    blenders: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    licences: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sources: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    parts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    compared: Counter[str] = field(default_factory=Counter)
    shared: Counter[str] = field(default_factory=Counter)
    other: int = 0
    sample: list[tuple[str, Json]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(counts.total() for counts in self.kinds.values())


def read(place: Path, seed: int = 0) -> Rows:
    """Count the rows in a dataset's folder, and draw a sample by `seed`."""
    found, sample = Rows(), Sample(OF_EACH, seed)
    seen: dict[str, dict[str, set[bytes]]] = {what: {side: set() for side in SPLITS} for what in _compared({})}
    for path, split, part in files(place):
        for row in _lines(path):
            if not is_row(row):
                found.other += 1
                continue
            _count(found, split, part, row)
            sample.add(split, row)
            for what, value in _compared(row).items():
                seen[what][split].add(blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    for what, sides in seen.items():
        every = sides["train"] | sides["val"] | sides["test"]
        found.compared[what] = len(every)
        found.shared[what] = sum(map(len, sides.values())) - len(every)
    found.sample = sample.rows(SHOWN)
    return found


def files(place: Path) -> Iterator[tuple[Path, str, str]]:
    """(file, split, part) of the files of rows that are there."""
    for path in sorted(place.glob("*.jsonl")):
        if named := FILE.fullmatch(path.name):
            yield path, named[1], named[2] or ""


def is_row(row: Any) -> bool:
    """Whether it has what is counted here."""
    if not isinstance(row, dict) or not all(isinstance(row.get(name), type) for name, type in NEEDED.items()):
        return False
    texts = ("origin", "path", "licence")
    if not isinstance(row["proof"].get("name"), str) or not _is_rejected(row):
        return False
    return bool(row["sources"]) and all(
        isinstance(source, dict) and all(isinstance(source.get(name), str) for name in texts)
        for source in row["sources"]
    )


def _is_rejected(row: Json) -> bool:
    """Whether a preference has the worse answer that it needs."""
    worse = row.get("rejected")
    if not isinstance(worse, dict):
        return row["kind"] != "preference" and worse is None
    return isinstance(worse.get("completion"), str) and isinstance(worse.get("what"), str)


def source_of(row: Json) -> str:
    """Where a row's first source comes from: its repository, else the top folder of its path in its origin."""
    source = row["sources"][0]
    if address := str(source.get("repository", "")):
        return urlsplit(address).path.strip("/") or address
    top, below, _ = source["path"].partition("/")
    return str(top) if below else str(source["origin"])


def licence_of(row: Json) -> str:
    """The licences of a row's sources, in one text."""
    return " + ".join(sorted({source["licence"] for source in row["sources"]}))


def upper(value: int) -> int:
    """The power of two at or above a value: what a histogram counts by."""
    return 1 << max(0, value - 1).bit_length()


def _count(found: Rows, split: str, part: str, row: Json) -> None:
    told = (
        (found.kinds, row["kind"]),
        (found.tasks, f"{row['kind']}/{row['task']}"),
        (found.blenders, row["blender_version"]),
        (found.licences, licence_of(row)),
        (found.sources, source_of(row)),
        (found.parts, part),
    )
    for table, key in told:
        table[key][split] += 1
    found.sizes["prompt"][upper(len(row["prompt"]))] += 1
    found.sizes["answer"][upper(len(row["completion"]))] += 1
    found.sizes[SIZED.get(row["kind"], "node")][upper(row["nodes"])] += 1


def _compared(row: Json) -> dict[str, str]:
    """What of a row may stand on one side of the split alone."""
    return {name: str(row.get(name, "")) for name in ("group", "answer", "prompt")}


def _lines(path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                yield None
