# SPDX-License-Identifier: GPL-3.0-or-later
"""How a job is set where nobody says otherwise: by objective, method and how many rows there are (see docs/train.md,
"Defaults", for where each figure comes from)."""

from __future__ import annotations

from typing import Any

from ..stage import Options

DPO_RATE = 1e-6
"""Full tuning by DPO: that of SmolLM2's own small models."""
DPO_LORA_RATE = 5e-6
RANKS = ((30_000, 16), (60_000, 32), (0, 64))
"""LoRA's rank for at most so many rows: the adapter has about as many parameters as the answers have tokens."""
DPO_BUDGETS = 2
"""A preference is asked in long prompts and answered twice: its budget of tokens is so many times the preset's."""
SFT_RATES = {"full": 2e-4, "lora": 1e-3}


def parameters(options: Options, rows: int) -> dict[str, Any]:
    """What the identity of a local job is made of, besides rows and base. A rate of 0 is the trainer's own choice
    for the method, which it makes where the method is `auto`."""
    dpo = options.objective == "dpo"
    return {
        "objective": options.objective,
        "method": options.method,
        "rate": options.rate or _rate(options.objective, options.method),
        "rank": options.rank or rank(rows),
        "seconds": float(options.preset_value("train_s")),
        "rows": int(options.preset_value("rows")),
        "tokens": int(options.preset_value("tokens")) * (DPO_BUDGETS if dpo else 1),
        "seed": options.seed,
        "start": options.start_from,
    }


def _rate(objective: str, method: str) -> float:
    if objective == "dpo":
        return DPO_RATE if method == "full" else DPO_LORA_RATE
    return SFT_RATES.get(method, 0.0)


def rank(rows: int) -> int:
    """LoRA's rank for a number of rows."""
    return next(rank for most, rank in RANKS if rows <= most or not most)
