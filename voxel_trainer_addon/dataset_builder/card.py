# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dataset says of itself: `dataset.json` for programs, `README.md` for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .. import __version__
from ..files import digest
from ..words import counted, harmless
from .splits import SPLITS

SCHEMA = "voxel-dataset/1"

Rows = Mapping[str, list[dict[str, Any]]]


def facts(
    name: str, rows: Rows, funnel: Mapping[str, Any], split: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of `dataset.json`. It holds no time: equal rows and settings give equal bytes."""
    kept = [row for side in SPLITS for row in rows[side]]
    by_task = {
        task: {side: sum(r["task"] == task for r in rows[side]) for side in SPLITS}
        for task in sorted({r["task"] for r in kept})
    }
    licences = Counter(" + ".join(sorted({source["licence"] for source in row["sources"]})) for row in kept)
    return {
        "schema": SCHEMA,
        "name": name,
        "hash": digest({side: [row["id"] for row in rows[side]] for side in SPLITS}),
        "tool": f"Voxel Trainer {__version__}",
        "settings": dict(settings),
        "rows": {side: len(rows[side]) for side in SPLITS},
        "tasks": by_task,
        "answers": len({row["proof"]["graph"] for row in kept}),
        "families": len({row["family"] for row in kept}),
        "files": len({source["sha256"] for row in kept for source in row["sources"]}),
        "licences": dict(sorted(licences.items())),
        "unlicensed": len(rows["unlicensed"]),
        "characters": {what: spread([len(row[what]) for row in kept]) for what in ("prompt", "completion")},
        "nodes": spread([row["nodes"] for row in kept]),
        "split": dict(split),
        "funnel": dict(funnel),
    }


def spread(values: Iterable[int]) -> dict[str, int]:
    """Smallest, tenth, middle, ninetieth of a hundred, and largest value; empty where there are none."""
    ordered = sorted(values)
    shares = {"least": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "most": 1.0}
    return {name: ordered[round(share * (len(ordered) - 1))] for name, share in shares.items()} if ordered else {}


def readme(known: Mapping[str, Any], sample: Mapping[str, Any] | None) -> str:
    """A dataset card for people, with the header that dataset hosts read."""
    rows, funnel, split = known["rows"], known["funnel"], known["split"]
    lines = [
        "---",
        f"pretty_name: {harmless(known['name'])}",
        "language: [en, code]",
        "task_categories: [text-generation]",
        "tags: [blender, bpy, node-trees]",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(f"  - {{split: {side if side != 'val' else 'validation'}, path: {side}.jsonl}}" for side in SPLITS),
        "---",
        "",
        f"# {harmless(known['name'])}",
        "",
        f"Requests for Blender node trees and the Python that makes them. Each answer was run in an empty Blender "
        f"{known['settings']['blender']} and made the same graph as in the file that it comes from.",
        f"Made by {known['tool']}.",
        "",
        "| task | train | val | test |",
        "|---|---|---|---|",
        *(f"| {task} | {n['train']:,} | {n['val']:,} | {n['test']:,} |" for task, n in known["tasks"].items()),
        f"| all | {rows['train']:,} | {rows['val']:,} | {rows['test']:,} |",
        "",
        f"{counted(known['answers'], 'distinct answer')} of {counted(known['families'], 'shape')} from "
        f"{counted(known['files'], 'file')}.",
        "",
        "## Licences",
        "",
        "Each row names its sources with their licences. `own` is the work of whoever made this dataset: not for "
        "others without their word.",
        "",
        "| licence | rows |",
        "|---|---|",
        *(f"| {harmless(licence)} | {count:,} |" for licence, count in known["licences"].items()),
        "",
        f"{counted(known['unlicensed'], 'row')} without a licence that lets them be used: kept apart in `unlicensed.jsonl`, in no split.",
        "",
        "## Split",
        "",
        *(f"- {sentence}" for sentence in split["words"]),
        "",
        "## From files to rows",
        "",
        *(f"- {harmless(what)}: {count:,}" for what, count in flat(funnel)),
        "",
        "What could not be proven is in `set_aside.jsonl`, each with its reason.",
    ]
    if sample:
        code = sample["completion"].rstrip()
        lines += ["", "## A row", "", f"> {harmless(sample['prompt'])}", "", "````python", code, "````"]
    return "\n".join(lines) + "\n"


def flat(funnel: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """Nested counts in one list."""
    for what, count in funnel.items():
        if isinstance(count, Mapping):
            yield from ((f"{what}: {detail}", number) for detail, number in count.items())
        else:
            yield what, count
