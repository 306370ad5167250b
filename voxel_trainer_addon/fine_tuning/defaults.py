# SPDX-License-Identifier: GPL-3.0-or-later
"""How a job is set where nobody says otherwise: by objective, method and how many rows there are (see docs/train.md,
"Defaults", for where each figure comes from)."""

from __future__ import annotations

from typing import Any

from ..stage import Options

RANKS = ((30_000, 16), (60_000, 32), (0, 64))
"""LoRA's rank for at most so many rows: the adapter has about as many parameters as the answers have tokens."""
DPO_BUDGETS = 2
"""A preference is asked in long prompts and answered twice: its budget of tokens is so many times the preset's."""


def parameters(options: Options, rows: int) -> dict[str, Any]:
    """What the identity of a local job is made of, besides rows and base. A rate of 0 is the trainer's own
    for objective and method."""
    return {
        "objective": options.objective,
        "method": options.method,
        "rate": options.rate,
        "rank": options.rank or rank(rows),
        "seconds": float(options.preset_value("train_s")),
        "rows": int(options.preset_value("rows")),
        "tokens": int(options.preset_value("tokens")) * (DPO_BUDGETS if options.objective == "dpo" else 1),
        "seed": options.seed,
        "start": options.start_from,
        "keep": options.keep,
    }


def rank(rows: int) -> int:
    """LoRA's rank for a number of rows."""
    return next(rank for most, rank in RANKS if rows <= most or not most)
