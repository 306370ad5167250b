# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows drawn at random and checked, statement by statement: what the scripts that check prompts share."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Verdict = bool | None
"""Whether a statement holds; None where it cannot be read."""


def main(checked: Callable[[Row], Iterator[tuple[Verdict, str]]], kinds: Collection[str], about: str | None) -> int:
    """Check rows of some kinds, in files that the command line names; status 1 where a statement is false."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("rows", nargs="+", type=Path)
    parser.add_argument("--rows", dest="most", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    lines = (line for path in given.rows for line in path.read_text(encoding="utf-8").split("\n") if line)
    rows = [row for row in map(json.loads, lines) if row["kind"] in kinds]
    random.Random(given.seed).shuffle(rows)
    count: Counter[str] = Counter()
    for row in rows[: given.most]:
        count["prompts"] += 1
        for verdict, text in checked(row):
            word = {True: "true", False: "false", None: "not read"}[verdict]
            count[word] += 1
            if verdict is not True:
                print(f"{word}: {row['key']}: {text}", file=sys.stderr)
    print(json.dumps(dict(count)))
    return int(bool(count["false"]))
