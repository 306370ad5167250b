# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of datasets that are there: `dataset verify`, `dataset diff` and `dataset --preview`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ..dataset_builder.comparing import Change, compared
from ..dataset_builder.preview import chosen, lines
from ..dataset_builder.published import facts_of
from ..errors import Exit
from ..examples import tokens_told
from ..paths import DataFolder
from ..pipeline.verify import verified
from ..stage import Options
from ..words import counted, harmless
from . import skills

NAMED = 10
"""So many rows of each sort are named where words are asked for."""
SIGNS = {"moved": "→", "changed": "~", "added": "+", "removed": "-"}


def verify(found: argparse.Namespace) -> int:
    """Everything that is wrong with a dataset; status 4 where there is anything."""
    told = verified(found.folder, Path(found.decontaminate) if found.decontaminate else None)
    if found.json:
        for one in told.first:
            _line(one.as_json())
        _line({"rows": told.rows, "files": told.files, "findings": told.counts.total(), "codes": dict(told.counts)})
    else:
        shown: Counter[str] = Counter()
        for one in told.first:
            shown[one.code] += 1
            if shown[one.code] <= NAMED:
                print(f"{harmless(one.place)}: {one.code}: {harmless(one.sentence, 300)}")
        for code, count in told.counts.items():
            if count > NAMED:
                print(f"… {count - NAMED:,} more: {code}")
        looked = f"{counted(told.rows, 'row')} in {counted(told.files, 'file')}"
        print(f"{looked}: {counted(told.counts.total(), 'finding')}.")
    return Exit.ANSWER_IS_NO if told.counts else Exit.DONE


def diff(found: argparse.Namespace) -> int:
    """How the second dataset differs from the first."""
    with compared(found.old, found.new) as both:
        kinds, facts = both.by_kind(), both.facts()
        if found.json:
            for change in both.changes():
                _line(change.as_json())
            _line({"rows": kinds, **facts})
            return Exit.DONE
        shown: Counter[str] = Counter()
        for change in both.changes():
            shown[change.what] += 1
            if shown[change.what] <= NAMED:
                print(_words(change))
            elif shown[change.what] == NAMED + 1:
                print(f"{SIGNS[change.what]} … {kinds[change.what].total() - NAMED:,} more {change.what}")
    for what, counts in kinds.items():
        print(f"{what}: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())))
    for name, pairs in facts.items():
        for key, (before, after) in pairs.items():
            print(f"{name}: {harmless(key)}: {_value(before)} → {_value(after)}")
    if not kinds and not facts:
        print("The datasets hold the same.")
    return Exit.DONE


def preview(folder: DataFolder, options: Options, count: int) -> int:
    """Some rows of the dataset that is there. Raises UserError where there is none."""
    rows = chosen(folder.dataset(options.name), max(0, count), options.seed)
    width = max(40, min(120, shutil.get_terminal_size().columns))
    for split, row in rows:
        print("─" * width)
        print("\n".join(lines(split, row, width)))
    print("─" * width)
    print(tokens_told(facts_of(folder.dataset(options.name)).get("tokens_estimated", {})))
    return Exit.DONE


ACTIONS = {"verify": verify, "diff": diff, "skill": skills.write}


def _words(change: Change) -> str:
    """A row that differs, in a line."""
    row = f"{SIGNS[change.what]} {change.kind} {change.id[:12]}"
    if change.what == "moved":
        return f"{row} moved from {change.old} to {change.split} ({change.old_place} → {change.place})"
    if change.what == "changed":
        return f"{row} has the same answer as {change.old[:12]} in other words or code ({change.place})"
    return f"{row} ({change.place})"


def _value(value: Any) -> str:
    return "none" if value is None else harmless(json.dumps(value, ensure_ascii=False), 80)


def _line(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
