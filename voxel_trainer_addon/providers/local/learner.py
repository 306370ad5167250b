# SPDX-License-Identifier: GPL-3.0-or-later
"""The model that learns, with its optimizer and objective: passes over rows, steps, state, and weights on disk."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from . import devices, models
from .channel import Refused
from .objective import BETA, Preference, Supervised
from .recipe import CLIP, FULL_UP_TO, RANK


class Learner:
    """A model from disk. `method` is what it is trained by in the end, `parameters` how many the model has."""

    def __init__(self, body: Mapping[str, Any], method: str, kind: str) -> None:
        start = body.get("start") or ""
        adapter = start if start and models.is_adapter(start) else ""
        folder = body["model"] if adapter else start or body["model"]
        self.parameters = models.parameters_of(folder)
        self.tokenizer = models.tokenizer_of(folder)
        if method == "auto":
            method = "full" if self.parameters <= FULL_UP_TO and not adapter else "lora"
        self.device = devices.found()
        weights = devices.weights_for(method, self.parameters, self.device)
        self.method = "qlora" if weights.four_bit else method
        self._held_as = "4-bit" if weights.four_bit else str(weights.dtype).removeprefix("torch.")
        self._stored_as = getattr(models.config_of(folder), "dtype", None) or torch.float32
        torch.manual_seed(body["seed"])
        self.model = models.load(folder, weights.dtype, four_bit=weights.four_bit)
        if self.method != "full":
            self.model = (
                models.with_adapter_to_train(self.model, adapter)
                if adapter
                else models.with_new_adapter(self.model, int(body.get("rank") or RANK))
            )
        elif adapter:
            self.model = models.with_adapter(self.model, adapter).merge_and_unload().requires_grad_(True)
        self.model.train()
        self.trained = {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}
        self._optimizer = torch.optim.AdamW(self.trained.values(), weight_decay=0.0, fused=True)
        pad = self.tokenizer.pad_token_id
        self.objective: Supervised | Preference = (
            Preference(self.model, pad, float(body.get("beta") or BETA))
            if kind == "dpo"
            else Supervised(self.model, pad)
        )

    def dtype(self, mixed: bool) -> str:
        """The number formats, for people."""
        return f"{self._held_as} weights, bfloat16 autocast" if mixed else self._held_as

    def _numbers(self, mixed: bool) -> contextlib.AbstractContextManager[Any]:
        return torch.autocast(self.device.kind, torch.bfloat16) if mixed else contextlib.nullcontext()

    def learn(self, pieces: Iterable[Sequence[Any]], weight: int, mixed: bool) -> dict[str, float]:
        """One pass forth and back over a batch in pieces, whose total is divided by `weight`: mean loss and figures."""
        self.forget()
        sums: dict[str, float] = {}
        for piece in pieces:
            with self._numbers(mixed):
                total, figures = self.objective.total(piece)
            (total / weight).backward()
            _add(sums, float(total.detach()), figures)
        return {name: value / weight for name, value in sums.items()}

    def look(self, pieces: Iterable[Sequence[Any]], weight: int, mixed: bool) -> dict[str, float]:
        """The same without learning."""
        sums: dict[str, float] = {}
        self.model.eval()
        for piece in pieces:
            with torch.no_grad(), self._numbers(mixed):
                total, figures = self.objective.total(piece)
            _add(sums, float(total), figures)
        self.model.train()
        return {name: value / weight for name, value in sums.items()}

    def refer(self, pieces: Iterable[Sequence[Any]], mixed: bool) -> None:
        """Take the model as it is now for the reference of these rows, where the objective needs one."""
        if isinstance(self.objective, Preference):
            with self._numbers(mixed):
                self.objective.refer(pieces)

    def step(self, rate: float) -> None:
        """Change the weights by what was learnt. Raises Refused where that is no number any more."""
        steepness = torch.nn.utils.clip_grad_norm_(self.trained.values(), CLIP)
        if not math.isfinite(float(steepness)):
            raise Refused("diverged", "The loss became infinite: train with a lower rate or by method lora.")
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.forget()

    def forget(self) -> None:
        """Let go of what was learnt since the last step."""
        self._optimizer.zero_grad()

    def state(self) -> dict[str, Any]:
        """All that another process needs to go on with the same numbers."""
        return {
            "weights": {name: weight.detach() for name, weight in self.trained.items()},
            "optimizer": self._optimizer.state_dict(),
            "reference": self.objective.reference if isinstance(self.objective, Preference) else {},
            "chance": torch.get_rng_state(),
        }

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        with torch.no_grad():
            for name, weight in self.trained.items():
                weight.copy_(state["weights"][name])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["chance"])
        if isinstance(self.objective, Preference):
            self.objective.reference = state["reference"]

    def write(self, folder: Path) -> None:
        """The weights as they are now, with the tokenizer. A whole model is stored in the format that it came in."""
        model = self.model
        if self.method == "full":  # copied around weights that are stored already: no second model in float32
            stored = {id(weight): _stored(weight, self._stored_as) for weight in model.parameters()}
            model = copy.deepcopy(model, stored)
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _stored(weight: torch.nn.Parameter, dtype: torch.dtype) -> torch.nn.Parameter:
    return torch.nn.Parameter(weight.detach().to(dtype), requires_grad=False)


def _add(sums: dict[str, float], loss: float, figures: Mapping[str, float]) -> None:
    for name, value in {"loss": loss, **figures}.items():
        sums[name] = sums.get(name, 0.0) + value
