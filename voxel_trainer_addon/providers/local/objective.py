# SPDX-License-Identifier: GPL-3.0-or-later
"""What is trained for: the answers themselves (SFT), or the better of two answers (DPO).

DPO is the loss of "Direct Preference Optimization" (Rafailov et al. 2023, equation 7), sigmoid form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from . import models
from .chat import Encoded, Pair, counted_of

BETA = 0.1

Sums = dict[str, float]


class Supervised:
    """The mean loss at answer tokens."""

    name = "sft"

    def __init__(self, model: Any, pad: int) -> None:
        self._model, self._pad = model, pad

    def weight(self, rows: Sequence[Encoded]) -> int:
        """What a batch's total is divided by."""
        return counted_of(rows)

    def total(self, rows: Sequence[Encoded]) -> tuple[torch.Tensor, Sums]:
        """The sum of losses, and of figures to tell with them."""
        return models.answer_losses(self._model, rows, self._pad).sum(), {}


class Preference:
    """The mean loss of pairs. `reference` has the log-probabilities of both answers before training, by the pair's id:
    they are worked out once, so that no second model is held in memory."""

    name = "dpo"

    def __init__(self, model: Any, pad: int, beta: float) -> None:
        self._model, self._pad, self._beta = model, pad, beta
        self.reference: dict[str, list[float]] = {}

    def weight(self, pairs: Sequence[Pair]) -> int:
        """What a batch's total is divided by."""
        return len(pairs)

    def total(self, pairs: Sequence[Pair]) -> tuple[torch.Tensor, Sums]:
        """The sum of losses, of margins (beta times how much more the better answer gained than the worse one), and of
        pairs in which it gained more."""
        now = self._logs(pairs)
        before = torch.tensor([self.reference[pair.id] for pair in pairs], device=now.device).T
        gained = now - before
        margins = self._beta * (gained[0] - gained[1])
        loss = -torch.nn.functional.logsigmoid(margins).sum()
        return loss, {"margin": float(margins.detach().sum()), "accuracy": float((margins > 0).sum())}

    def refer(self, pieces: Iterable[Sequence[Pair]]) -> None:
        """Take the model as it is now for the reference of these pairs."""
        for pairs in pieces:
            with torch.no_grad():
                found = self._logs(pairs).T.tolist()
            self.reference.update(zip((pair.id for pair in pairs), found, strict=True))

    def _logs(self, pairs: Sequence[Pair]) -> torch.Tensor:
        """Log-probabilities of whole answers, shape (2, pairs): the better ones, the worse ones."""
        parts = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
        losses = models.answer_losses(self._model, parts, self._pad)
        each = losses.split([len(part.counted) for part in parts])
        return -torch.stack([one.sum() for one in each]).view(2, len(pairs))
