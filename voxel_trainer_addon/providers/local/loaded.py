# SPDX-License-Identifier: GPL-3.0-or-later
"""Models held in memory under names: weights once, however many names and adapters they have, as many as there is room
for."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors
import torch

from . import devices, models, probe
from .channel import Refused
from .decoding import TRIED, Answer, Decoder, fits_together

PROBED = 4
"""Steps that are timed to choose the number of threads."""
CONTEXT = 1 << 30
"""For a model that does not say how long a text it can read."""


@dataclass
class Weights:
    """A whole model with the adapters laid over it (folder → name within `model`), of which `on` is on or none."""

    model: Any
    tokenizer: Any
    adapters: dict[str, str] = field(default_factory=dict)
    on: str = ""

    @cached_property
    def together(self) -> bool:
        """Whether it can work on several answers at once."""
        with torch.inference_mode():
            return fits_together(self.model, self.tokenizer)

    @property
    def context(self) -> int:
        """Tokens that a prompt and its answer may have together."""
        config = self.model.config.get_text_config(decoder=True)
        return int(getattr(config, "max_position_embeddings", 0) or CONTEXT)


class Loaded:
    """Models by name. They are loaded when they are first used; above `limit` bytes of weights (0: none) those that
    were not used for longest go first."""

    def __init__(self, dtype: torch.dtype, limit: int = 0) -> None:
        self.dtype, self._limit = dtype, limit
        self._weights: dict[str, Weights] = {}
        """The least used first."""
        self._places: dict[str, tuple[str, str]] = {}
        self._sizes: dict[str, int] = {}

    def name(self, name: str, folder: str, below: str = "") -> None:
        """Give a folder a name for good. An adapter is laid over the model in the folder `below`, or in the one that it
        names itself. Raises ValueError where the name is another's, or an adapter's folder cannot be read."""
        if models.is_adapter(folder):
            place = (_key(below or models.adapter_base(folder)), _key(folder))
        else:
            place = (_key(folder), "")
        if self._places.setdefault(name, place) != place:
            raise ValueError(f"There is another model of the name {name}.")

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._places))

    def held(self) -> dict[str, bool]:
        """Name → whether its weights are in memory."""
        return {name: self._places[name][0] in self._weights for name in self}

    def has_room(self, name: str, busy: Collection[str]) -> bool:
        """Whether a model is in memory, or may be loaded beside those that are busy."""
        key = self._places[name][0]
        held = {self._places[other][0] for other in busy} & set(self._weights)
        if key in self._weights or not self._limit or not held:
            return True
        return self._size(key) + sum(map(self._size, held)) <= self._limit

    def weights(self, name: str, busy: Collection[str] = ()) -> Weights:
        """The weights under a name, loaded where they are not in memory; those of `busy` names stay. Raises Refused."""
        key = self._places[name][0]
        if key not in self._weights:
            self._make_room(self._size(key) if self._limit else 0, {self._places[other][0] for other in busy})
            self._weights[key] = Weights(models.load(key, self.dtype).eval(), models.tokenizer_of(key))
        self._weights[key] = found = self._weights.pop(key)
        return found

    def _make_room(self, size: int, busy: Collection[str]) -> None:
        for key in [key for key in self._weights if key not in busy]:
            if not self._limit or size + sum(map(self._size, self._weights)) <= self._limit:
                return
            del self._weights[key]
            devices.let_go()

    def _size(self, key: str) -> int:
        """Bytes of the weights in a folder; 0 for what is no model, which is said when it is loaded."""
        if key not in self._sizes:
            with contextlib.suppress(Refused, ValueError):
                self._sizes[key] = models.parameters_of(key) * int(self.dtype.itemsize)
        return self._sizes.get(key, 0)

    @contextlib.contextmanager
    def use(self, name: str, busy: Collection[str] = ()) -> Iterator[Any]:
        """The model of that name: its weights with its adapter on and all others off."""
        weights, adapter = self.weights(name, busy), self._places[name][1]
        if adapter and adapter not in weights.adapters:
            self._lay(weights, self._places[name][0], adapter)
        if adapter and weights.on != adapter:
            weights.model.set_adapter(weights.adapters[adapter])
            weights.on = adapter
        off = weights.model.disable_adapter() if weights.adapters and not adapter else contextlib.nullcontext()
        with torch.inference_mode(), off:
            yield weights.model

    def _lay(self, weights: Weights, key: str, adapter: str) -> None:
        own = f"adapter_{len(weights.adapters)}"
        try:
            weights.model = models.with_adapter(weights.model, adapter, own).eval()
        except (KeyError, OSError, RuntimeError, TypeError, ValueError, safetensors.SafetensorError) as error:
            del self._weights[key]  # half an adapter may lie over it
            if devices.is_out_of_memory(error):
                raise
            words = "is damaged, or was trained on another model"
            raise Refused("adapter", f"The adapter of {Path(adapter).parent.name} {words}.") from error
        weights.adapters[adapter], weights.on = own, ""

    def choose_threads(self, name: str, slots: int, most: int) -> int:
        """Use the number of threads, at most `most`, that some steps are fastest with: where cores are busy that are
        fewer. The number."""
        if most == 1 or models.device() != "cpu":
            return devices.set_threads(most)
        prompt = list(self.weights(name).tokenizer(TRIED[0], add_special_tokens=False).input_ids)
        with self.decoding(name, slots) as decoder:

            def some_steps(_: bool) -> None:
                list(decoder.all(Answer(0, prompt, PROBED) for _ in range(slots)))

            return probe.probe(some_steps, devices.found(), most, "float32").threads

    @contextlib.contextmanager
    def decoding(self, name: str, slots: int) -> Iterator[Decoder]:
        """A new decoder of the model of that name."""
        weights = self.weights(name)
        with self.use(name) as model:
            yield Decoder(model, weights.tokenizer, slots, weights.together)


def _key(folder: str) -> str:
    return str(Path(folder).resolve())
