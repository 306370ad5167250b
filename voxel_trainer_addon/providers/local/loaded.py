# SPDX-License-Identifier: GPL-3.0-or-later
"""Models held in memory under names: weights once, however many names and adapters they have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from . import models
from .decoding import Decoder

CONTEXT = 1 << 30
"""For a model that does not say how long a text it can read."""


@dataclass
class Weights:
    """A whole model with the adapters laid over it (folder → name within `model`); one decoder serves them all."""

    model: Any
    tokenizer: Any
    adapters: dict[str, str]
    decoder: Decoder | None = None

    @property
    def context(self) -> int:
        """Tokens that a prompt and its answer may have together."""
        config = self.model.config.get_text_config(decoder=True)
        return int(getattr(config, "max_position_embeddings", 0) or CONTEXT)


class Loaded:
    """Names for models. `folders` has each name's folder; `over` says over which other name an adapter is laid: `base`
    where it says nothing, or the folder that the adapter itself names where there is no `base`. Raises Refused."""

    def __init__(self, folders: Mapping[str, str], over: Mapping[str, str], dtype: torch.dtype, slots: int) -> None:
        self._dtype, self._slots = dtype, slots
        self._weights: dict[str, Weights] = {}
        self._places: dict[str, tuple[str, str]] = {}
        for name, folder in folders.items():
            if models.is_adapter(folder):
                below = folders.get(over.get(name, "base")) or models.adapter_base(folder)
                self._places[name] = (_key(below), folder)
            else:
                self._places[name] = (_key(folder), "")
        for key, adapter in self._places.values():
            weights = self._weights.get(key) or self._load(key)
            if adapter and adapter not in weights.adapters:
                weights.adapters[adapter] = f"adapter_{len(weights.adapters)}"
                weights.model = models.with_adapter(weights.model, adapter, weights.adapters[adapter]).eval()

    def _load(self, folder: str) -> Weights:
        self._weights[folder] = found = Weights(
            models.load(folder, self._dtype).eval(), models.tokenizer_of(folder), {}
        )
        return found

    def weights(self, name: str) -> Weights:
        return self._weights[self._places[name][0]]

    @contextlib.contextmanager
    def use(self, name: str) -> Iterator[Any]:
        """The model of that name: its weights with its adapter on and all others off."""
        key, adapter = self._places[name]
        weights = self._weights[key]
        if adapter:
            weights.model.set_adapter(weights.adapters[adapter])
        off = weights.model.disable_adapter() if weights.adapters and not adapter else contextlib.nullcontext()
        with torch.inference_mode(), off:
            yield weights.model

    @contextlib.contextmanager
    def decoding(self, name: str) -> Iterator[Decoder]:
        """What draws answers of the model of that name."""
        weights = self.weights(name)
        with self.use(name) as model:
            weights.decoder = weights.decoder or Decoder(model, weights.tokenizer, self._slots)
            yield weights.decoder


def _key(folder: str) -> str:
    return str(Path(folder).resolve())
