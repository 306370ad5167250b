# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a test worthless before it is run: groups that were trained on, references that no longer hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import UserError
from ..row_files import TRAINED_ON
from ..words import counted
from .choice import Test
from .contestants import Tuned
from .quality_metrics import Ran


def refuse_shared(train: Iterable[Mapping[str, Any]], test: Iterable[Mapping[str, Any]]) -> None:
    """Raises UserError where rows of one group are in both: the model was shown what it would be asked."""
    known = {str(row["group"]) for row in train}
    shared = sorted({str(row["group"]) for row in test} & known)
    if shared:
        raise UserError(
            f"Training and test rows share {counted(len(shared), 'group')} ({', '.join(shared[:3])}), so the test "
            "would ask for what was learnt. Build the dataset again; its own splits never do that."
        )


def without_known(test: Test, tuned: Tuned | None) -> tuple[Test, int]:
    """The test without rows whose answer or group the model was trained on, by what it took along from its training;
    how many those are. A dataset that was built anew may have moved them."""
    path = tuned.folder / TRAINED_ON if tuned else None
    known = set(path.read_text(encoding="utf-8").splitlines()) if path and path.is_file() else set()
    rows = [row for row in test.rows if not known & {str(row.get("answer", "")), str(row["group"])}]
    return replace(test, rows=rows), len(test.rows) - len(rows)


def stale(row: Mapping[str, Any], ran: Ran, blender: str) -> str:
    """Why a row's wanted answer no longer proves, in a sentence, or nothing."""
    proven = f"It was proven in Blender {row.get('proof', {}).get('blender', '')} and run in {blender}."
    key = str(row.get("key", ""))
    if not ran.ran:
        return f"The wanted answer does not run to its end any more ({ran.error or 'no reason given'}). {proven}"
    if key and key not in (ran.graphs or {}):
        return f"The wanted answer runs, but makes no {key} any more. {proven}"
    return ""
