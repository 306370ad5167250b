# SPDX-License-Identifier: GPL-3.0-or-later
"""How well requests in a model's words are checked: `python -m tests.dataset_builder.check_author NAMES.json ROWS…`.

NAMES is the answer of the worker's job `names`. Each row's own request must pass; then each is given the request of
another row of its kind and task, with its own name in it, and those that pass are counted and shown: what is wrong with
name, kind of thing and length alone does not count as caught. Prints the figures as JSON.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from voxel_trainer_addon.bpy_code.names import Names
from voxel_trainer_addon.dataset_builder.author_check import Asked, Vocabulary, fault, faults, suits
from voxel_trainer_addon.files import read_jsonl

SOCKETS = (
    "Scale,Detail,Roughness,Strength,IOR,Metallic,Distortion,Base Color,Alpha,Normal,Height,Distance,Factor,Radius"
)
NOT_COUNTED = ("the name", "what kind of thing", "too short or too long")


def name(row: dict[str, Any]) -> str:
    return f'"{str(row["key"]).partition("/")[2]}"'


def main(names: str, *paths: str) -> None:
    told = json.loads(Path(names).read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Names(told.get("table", told)), SOCKETS.split(","))
    rows = [row for path in paths for row in read_jsonl(Path(path)) if suits(row)]
    own = Counter(fault(row["prompt"], Asked(row), vocabulary) for row in rows)
    chance, others, passed = random.Random(0), Counter[str](), []
    for row in rows:
        alike = [
            other
            for other in chance.sample(rows, min(60, len(rows)))
            if other["kind"] == row["kind"] and other["task"] == row["task"] and other["answer"] != row["answer"]
        ]
        if alike:
            text = alike[0]["prompt"].replace(name(alike[0]), name(row))
            why = [why for why in faults(text, Asked(row), vocabulary) if not why.startswith(NOT_COUNTED)]
            others[why[0] if why else ""] += 1
            passed += [] if why else [{"for": row["prompt"], "passed": text}]
    print(json.dumps({"own": own, "others": others, "passed": passed}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
