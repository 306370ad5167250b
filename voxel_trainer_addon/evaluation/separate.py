# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a test worthless before it is run: groups that were trained on, references that no longer hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import UserError
from ..words import counted
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


def stale(row: Mapping[str, Any], ran: Ran, blender: str) -> str:
    """Why a row's wanted answer no longer proves, in a sentence, or nothing."""
    proven = f"It was proven in Blender {row.get('proof', {}).get('blender', '')} and run in {blender}."
    key = str(row.get("key", ""))
    if not ran.ran:
        return f"The wanted answer does not run to its end any more ({ran.error or 'no reason given'}). {proven}"
    if key and key not in (ran.graphs or {}):
        return f"The wanted answer runs, but makes no {key} any more. {proven}"
    return ""
