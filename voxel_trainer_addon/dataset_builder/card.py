# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dataset says of itself: `dataset.json` for programs, `README.md` (a card for people and dataset hosts)."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import __version__, prompts
from ..examples import PART_WORDS, PROOFS, TESTS, tokens_told
from ..providers.makers import terms
from ..row_files import PARTS, SPLITS, file_name
from ..words import counted, harmless
from .attribution import ATTRIBUTION, CITATION, yaml
from .form import FIELDS, FORM, Field
from .parts import Row, RowFile, row_files
from .spill import Spill, brief

SCHEMA = "voxel-dataset/2"
DTYPES = {"text": "string", "whole": "int64", "number": "float64"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
HUB_LICENCES = {
    **{id: id.lower() for id in ("Apache-2.0", "MIT", "ISC", "Zlib", "Unlicense", "WTFPL", "BSL-1.0", "MPL-2.0")},
    **{id: id.lower() for id in ("BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "OFL-1.1")},
    **{f"CC-BY-{version}": f"cc-by-{version}" for version in ("2.0", "2.5", "3.0", "4.0")},
    **{f"CC-BY-SA-{version}": f"cc-by-sa-{version}" for version in ("3.0", "4.0")},
    **{f"{id}-{end}": id.lower() for id in ("GPL-2.0", "GPL-3.0", "AGPL-3.0") for end in ("only", "or-later")},
    **{f"{id}-{end}": id.lower() for id in ("LGPL-2.1", "LGPL-3.0") for end in ("only", "or-later")},
}
"""SPDX id → its name at Hugging Face (https://huggingface.co/docs/hub/repositories-licenses)."""
LIMITS = (
    "A request says what the answer must be, not that no other answer would be right: compare graphs, not texts.",
    "Requests for large trees tell part of them only; their answers cannot be known from the request alone.",
    "Requests and descriptions are in English; names of materials, groups and nodes are as people wrote them.",
    "Code that was taken from files is compiled and its names are looked up, but nobody ran it.",
    "A licence is what the source states of itself. Whether whoever stated it had the right to was not found out.",
    "`own` in the table of licences is the work of whoever made this dataset: not for others without their word.",
)


class Tally:
    """What is counted of rows as they pass, one at a time. What must be told apart to be counted lies on disk."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.parts: dict[str, Counter[str]] = {}
        self.kinds: dict[str, Counter[str]] = {}
        self.tasks: dict[str, Counter[str]] = {}
        self.by: dict[str, Counter[str]] = {name: Counter() for name in ("proofs", "licences", "blenders", "forms")}
        self.lengths: dict[str, Counter[int]] = {name: Counter() for name in ("prompt", "completion", "nodes")}
        self.distinct = Spill("CREATE TABLE told (what TEXT, value BLOB, PRIMARY KEY (what, value)) WITHOUT ROWID")
        weakref.finalize(self, self.distinct.close)
        self.bytes: dict[str, int] = {}
        self.test: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.authors: Counter[str] = Counter()
        self.hash = sha256()
        self.sample: Row | None = None

    def add(self, file: RowFile, row: Row) -> None:
        """Count a row of a file."""
        kind = row["kind"]
        self.rows[file.split] += 1
        for table, key in ((self.parts, file.part or "open"), (self.kinds, kind), (self.tasks, row["task"])):
            table.setdefault(key, Counter())[file.split] += 1
        licences = " + ".join(sorted({source["licence"] for source in row["sources"]}))
        told = {"proofs": row["proof"]["name"], "licences": licences, "blenders": row["blender_version"]}
        for name, value in (*told.items(), ("forms", row["form"])):
            self.by[name][value] += 1
        for name in ("prompt", "completion"):
            self.lengths[name][len(row[name])] += 1
        if author := row.get("author"):
            self.authors[f"{author['model']} ({author['terms']})"] += 1
        self.lengths["nodes"][row["nodes"]] += 1
        if file.split == "test":
            self.test[row.get("test", "near")] += 1
        if kind != "preference":
            self.characters[file.split] += sum(len(message["content"]) for message in prompts.messages(row))
            self.characters[file.split] += len(prompts.answer_of(row))
        values = [("answers", row["answer"]), (f"of {kind}", row["answer"]), ("families", row["family"])]
        for what, value in (*values, *(("source_files", source["sha256"]) for source in row["sources"])):
            self.distinct.add("INSERT OR IGNORE INTO told VALUES (?, ?)", what, brief(value))
        self.hash.update(f"{file.name} {row['id']}\n".encode())
        if kind in ("tree", "piece") and not file.part and self._shorter(row):
            self.sample = row

    def as_json(self) -> dict[str, Any]:
        """The part of `dataset.json` that is counted."""

        def split(table: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
            return {key: {side: counts[side] for side in SPLITS} for key, counts in sorted(table.items())}

        distinct = dict(self.distinct.ask("SELECT what, count(*) FROM told GROUP BY what"))
        return {
            "hash": self.hash.hexdigest(),
            "rows": {side: self.rows[side] for side in SPLITS},
            "parts": split(self.parts),
            "kinds": split(self.kinds),
            "tasks": split(self.tasks),
            **{name: distinct.get(name, 0) for name in ("answers", "families", "source_files")},
            "answers_of_kind": {kind: distinct[f"of {kind}"] for kind in sorted(self.kinds)},
            **{name: dict(sorted(counts.items())) for name, counts in self.by.items()},
            **({"authors": dict(sorted(self.authors.items()))} if self.authors else {}),
            "characters": {what: spread(self.lengths[what]) for what in ("prompt", "completion")},
            "nodes": spread(self.lengths["nodes"]),
            "test": dict(sorted(self.test.items())),
            "tokens_estimated": {
                platform: {side: round(self.characters[side] / each) for side in SPLITS}
                for platform, each in prompts.CHARACTERS_A_TOKEN.items()
            },
        }

    def _shorter(self, row: Row) -> bool:
        def rank(row: Row) -> tuple[int, str]:
            return len(row["completion"]), row["id"]

        return self.sample is None or rank(row) < rank(self.sample)


def tally(folder: Path) -> Tally:
    """The rows in `folder`, counted."""
    counted_rows = Tally()
    for file in row_files(folder):
        counted_rows.bytes[file.name] = file.path.stat().st_size
        for row in file.rows():
            counted_rows.add(file, row)
    return counted_rows


def facts(
    name: str, rows: Tally, funnel: Mapping[str, Any], split: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of `dataset.json`. It holds no time: equal rows and settings give equal bytes."""
    head = {"schema": SCHEMA, "row": FORM, "name": name, "tool": f"Voxel Trainer {__version__}"}
    return {**head, **rows.as_json(), "settings": dict(settings), "split": dict(split), "funnel": dict(funnel)}


def spread(values: Mapping[int, int]) -> dict[str, int]:
    """Smallest, tenth, middle, ninetieth of a hundred, and largest of values with their numbers; empty where there are
    none."""
    ordered, total = sorted(values.items()), sum(values.values())
    found: dict[str, int] = {}
    for name, share in {"least": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "most": 1.0}.items():
        left = round(share * (total - 1))
        for value, count in ordered:
            if left < count:
                found[name] = value
                break
            left -= count
    return found


def readme(known: Mapping[str, Any], tallied: Tally) -> str:
    """The card: the header that dataset hosts read, then what people want to know."""
    rows, total = known["rows"], sum(known["rows"].values())
    lines = [
        f"# {harmless(known['name'])}",
        "",
        f"Requests about Blender and their answers: {counted(total, 'row')} with "
        f"{counted(known['answers'], 'distinct answer')} from {counted(known['source_files'], 'file')}, made by "
        f"{known['tool']}. Each answer carries the proof that it is right, and each row the files that it comes from.",
        "",
        "| kind | train | val | test | distinct answers |",
        "|---|---|---|---|---|",
        *(_counts(kind, n, known["answers_of_kind"][kind]) for kind, n in known["kinds"].items()),
        _counts("all", rows, known["answers"]),
        "",
        tokens_told(known["tokens_estimated"]),
        "",
        "| task | train | val | test |",
        "|---|---|---|---|",
        *(_counts(task, n) for task, n in known["tasks"].items()),
        "",
        "## How it was proven",
        "",
        "| proof | rows | |",
        "|---|---|---|",
        *(f"| {harmless(name)} | {count:,} | {PROOFS.get(name, '')} |" for name, count in known["proofs"].items()),
        "",
        f"Blender {', '.join(harmless(version) for version in known['blenders'])}. What could not be proven is in "
        "`set_aside.jsonl`, each with its reason. `dataset verify FOLDER` of Voxel Trainer checks hashes, leaks, "
        "licences and formats of this folder again, without Blender.",
        "",
        *_authors(known),
        "## Licences",
        "",
        f"Each row names its sources with their licences; [{ATTRIBUTION}]({ATTRIBUTION}) names every source.",
        "",
        "| files | what they ask for | train | val | test |",
        "|---|---|---|---|---|",
        *(
            f"| `{file_name('*', part)}` | {PART_WORDS[part]} | {_sides(known['parts'][part or 'open'])} |"
            for part in _parts(known)
        ),
        "",
        "| licence | rows |",
        "|---|---|",
        *(f"| {harmless(licence)} | {count:,} |" for licence, count in known["licences"].items()),
        "",
        f"{counted(known.get('unlicensed', 0), 'row')} without a licence that lets them be used: kept apart in "
        "`unlicensed.jsonl`, in no split.",
        "",
        "## Split",
        "",
        *(f"- {harmless(sentence)}" for sentence in known["split"].get("words", ())),
        *(f"- {counted(count, 'row')} of test {TESTS[test]}" for test, count in known["test"].items()),
        "",
        "## From files to rows",
        "",
        *(f"- {harmless(what)}: {count:,}" for what, count in flat(known["funnel"])),
        "",
        "## Fields",
        "",
        "| field | |",
        "|---|---|",
        *(f"| `{field.name}` | {field.meaning} |" for field in FIELDS),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in LIMITS),
        "",
        "## Citation",
        "",
        f"See [{CITATION}]({CITATION}); the version is `{known['hash'][:16]}`.",
    ]
    if sample := tallied.sample:
        code = sample["completion"].rstrip()
        lines += ["", "## A row", "", f"> {harmless(sample['prompt'])}", "", "````python", code, "````"]
    return f"---\n{yaml(header(known, tallied.bytes))}---\n\n" + "\n".join(lines) + "\n"


def header(known: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """The card's header as Hugging Face reads it (https://huggingface.co/docs/hub/datasets-cards). `sizes`: bytes of
    the files of rows."""
    total = sum(known["rows"].values())
    configs, info = [], []
    for part in _parts(known):
        counts = known["parts"][part or "open"]
        sides = {"validation" if side == "val" else side: side for side in SPLITS if counts[side]}
        files = [{"split": split, "path": file_name(side, part)} for split, side in sides.items()]
        splits = [
            {"name": split, "num_bytes": sizes[file_name(side, part)], "num_examples": counts[side]}
            for split, side in sides.items()
        ]
        configs.append({"config_name": part or "default", "data_files": files})
        info.append({"config_name": part or "default", "features": list(features(FIELDS)), "splits": splits})
    return {
        "pretty_name": harmless(known["name"]),
        "language": ["en", "code"],
        **licence(known["licences"]),
        "size_categories": [next((size for most, size in SIZES if total < most), "n>1M")],
        "task_categories": ["text-generation"],
        "annotations_creators": ["machine-generated"],
        "tags": ["blender", "bpy", "node-trees", "code-generation"],
        "configs": configs,
        "dataset_info": info,
    }


def licence(licences: Iterable[str]) -> dict[str, Any]:
    """The licence in the header: Hugging Face's names where it has one for each, else a link to the attribution."""
    ids = sorted({id for told in licences for id in told.split(" + ")})
    if ids and all(id in HUB_LICENCES for id in ids):
        return {"license": sorted({HUB_LICENCES[id] for id in ids})}
    return {"license": "other", "license_name": "several", "license_link": ATTRIBUTION}


def features(fields: Iterable[Field]) -> Iterator[dict[str, Any]]:
    """Fields as the library `datasets` names them."""
    for field in fields:
        if field.parts:
            inner = list(features(field.parts))
            yield {"name": field.name, "list" if field.type == "list" else "struct": inner}
        elif field.type == "texts":
            yield {"name": field.name, "sequence": "string"}
        else:
            yield {"name": field.name, "dtype": DTYPES[field.type]}


def flat(funnel: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Nested counts in one list."""
    for what, count in funnel.items():
        if isinstance(count, Mapping):
            yield from ((f"{what}: {detail}", number) for detail, number in count.items())
        else:
            yield what, count


def _authors(known: Mapping[str, Any]) -> Iterator[str]:
    """Who put requests into words besides the rules, and what the makers say of training on that."""
    if not known.get("authors"):
        return
    yield from ("## Requests in the words of models", "", "| model (terms) | rows |", "|---|---|")
    yield from (f"| {harmless(model)} | {count:,} |" for model, count in known["authors"].items())
    yield from ("", "Each was checked against what it asks for; all others are in words made by rules.", "")
    for id, each in terms().items():
        if any(model.endswith(f"({id})") for model in known["authors"]):
            clause = f"“{each.clause}” " if each.clause else ""
            yield f"- {id}: {each.maker}, {each.date}: {clause}{each.about} {each.source}"
    yield ""


def _parts(known: Mapping[str, Any]) -> list[str]:
    return [part for part in PARTS if (part or "open") in known["parts"]]


def _counts(name: str, sides: Mapping[str, int], *more: int) -> str:
    return f"| {harmless(name)} | {_sides(sides)} |" + "".join(f" {number:,} |" for number in more)


def _sides(sides: Mapping[str, int]) -> str:
    return " | ".join(f"{sides[side]:,}" for side in SPLITS)
