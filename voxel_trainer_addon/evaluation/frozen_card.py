# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a benchmark folder: what it holds, how it is run, what its figures mean and do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..words import counted, harmless

LEFT_OUT = {
    "other kind": "another kind than trees and pieces of trees",
    "own": "own work, which is not for others",
    "share-alike": "a share-alike licence",
    "copyleft": "a copyleft licence",
    "unknown": "no licence that is known",
    "forbidden": "a licence that forbids some use",
    "stale": "the reference no longer proves in this Blender",
    "loose": "conditions that hold for over half of the other trees, or none",
}
"""Why a row of the test split is no prompt here."""
TEXT = """\
---
license: other
license_name: several
license_link: ATTRIBUTION.md
language: [en, code]
pretty_name: {name}
tags: [blender, bpy, node-trees, code-generation, benchmark]
---

# {name}: a benchmark for Blender node trees

{prompts} that ask in English for a Blender node tree, each with a script that makes it, the graph that the script made
in an empty Blender {blender}, and what the prompt says of the tree as conditions that a program can check. Made by
{tool} from the test split of the dataset `{dataset}`. No tree, file or group of it is in the training split there.

The dataset's hash is `{hash}`.

{tables}

Groups are what may be taken as independent: prompts of one group are about the same or nearly the same files. `far`:
nothing else of their repositories is in the training split; `near`: something is.

Left out of the test split:

{left}

## Files

| file | |
|---|---|
| `prompts.jsonl` | `id`; `messages` to send as they are; `kind`, `task`, `test`, `group`, `family`, `blender_version`, `nodes`; `conditions`; `licences`, `sources` |
| `references.jsonl` | by `id`: `code`; `graphs` (the tree `key` and the groups below it, with every node, link, setting and value); `proof`; `facts` and `answer` (what scripts compare) |
| `hashes.tsv` | name, tab, SHA-256 of each prompt and reference in several spellings: give it to `dataset --decontaminate` or to any other tool, so that nobody trains on this |
| `benchmark.json` | form, counts, SHA-256 of every file |
| `run.py` | scores answers without Voxel Trainer |
| `ATTRIBUTION.md` | every source with its licence and what that asks for |

## How to run it

Write one JSON line for each prompt, `{{"id": …, "text": …}}`, where `text` is the whole answer of the model, then:

    python run.py answers.jsonl --blender /path/to/blender --out scores.jsonl
    python run.py --references --blender /path/to/blender

It needs Python 3.11 and a Blender (or a Python with bpy), best {series}. The second line scores the references, whose
figures must all be 1.

**Answers are strangers' code.** `run.py` runs each in a Blender process of its own with a time limit, and without
network where the system has `unshare`. That is no sandbox: the code has your rights, and it could even forge its own
result. Voxel Trainer's `benchmark run` checks answers against an allow-list first and runs them locked up.

## What the figures mean

All prompts count, those without an answer and those whose answer fails too.

| figure | |
|---|---|
| `parses` | the longest fenced block of the answer (or its bare code) is Python |
| `runs` | it runs to its end in an empty Blender |
| `all_conditions` | it runs, and meets every condition of the prompt that has a `simple` form |
| `conditions` | the share of these that hold, whether it ran to its end or not |
| `node_f1` | F1 of the multisets of node types, frames and reroutes not counted |
| `link_f1` | F1 of the multisets of links as (type, socket) to (type, socket), through reroutes |

Of several trees in one answer the one most like the reference counts. Yes-or-no figures have Wilson's interval (95 %),
which takes prompts as independent: with {groups} the true ones are wider.

Voxel Trainer's `benchmark run` has the full ladder. Of a script that runs, `parses`, `node_f1` and `link_f1` are the
same there. It refuses unsafe code, which lowers `runs`. Of a script that fails it leaves out the failing lines and goes
on, where `run.py` takes what was there at the failure: `node_f1` and `link_f1` of such scripts are higher there. It
checks all {conditions} conditions, `run.py` {simple} of them (techniques, group sockets, "no other nodes" and what
concerns node groups are not looked at), and takes a link through nodes that shape a value, or a value that another node
gives, as met, where `run.py` wants them direct. So compare figures of one of the two only.

## Limits

- A prompt says what the tree must be, not that no other would be right: `node_f1` and `link_f1` ask for this tree.
- It measures graphs. Nothing is rendered.
- Sockets and node types are those of Blender {series}; another version scores lower for no fault of the model.
- Prompts are worded by rules, in English; names are as people wrote them.
- Few sources: {groups}. A difference between two models on it need not hold for other people's trees.
- It is public: a model may have read the files that it comes from.

## Licences and citation

Each prompt and reference is under the licences in its field `licences`; [ATTRIBUTION.md](ATTRIBUTION.md) names every
source. `run.py` is GPL-3.0-or-later. To cite it, name its title, “{name}: a benchmark for Blender node trees”, the
`digest` in `benchmark.json`, which no other content has, and the authors of the sources in ATTRIBUTION.md.
"""  # noqa: E501


def readme(known: Mapping[str, Any]) -> str:
    """The card as Markdown, from what `benchmark.json` tells but for files and time."""
    left = [f"- {counted(number, 'row')}: {LEFT_OUT[why]}" for why, number in known["left_out"].items()]
    return TEXT.format(
        name=harmless(known["name"]),
        prompts=counted(known["prompts"], "prompt"),
        blender=known["blender"],
        series=".".join(known["blender"].split(".")[:2]),
        tool=known["tool"],
        dataset=harmless(known["dataset"]["name"]),
        hash=known["dataset"]["hash"],
        tables="\n\n".join(_table(name, counts) for name, counts in known["by"].items()),
        left="\n".join(left) or "- nothing",
        groups=counted(known["groups"], "independent group"),
        **known["conditions"],
    )


def _table(name: str, counts: Mapping[str, int]) -> str:
    rows = [f"| {harmless(value) or 'none'} | {number:,} |" for value, number in counts.items()]
    return "\n".join([f"| {name} | prompts |", "|---|---|", *rows])
