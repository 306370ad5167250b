# SPDX-License-Identifier: GPL-3.0-or-later
"""Good models for code, with their licences and the memory that tuning takes, and which of them fit a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import EMBEDDED
from .memory import Room

GB = 10**9
WITHOUT_CARD = 1.6
"""Billions of parameters that a processor can be asked to tune: more takes days (an estimate)."""
MEASURED = "measured on two cores, batches of 1,024 tokens, 2026-11-23"
ESTIMATED = "estimated from reports of 2026, not measured"


@dataclass(frozen=True)
class Offered:
    """`name` is what `--model` takes. Gigabytes for LoRA and QLoRA as the source tells them, 0 where a method is none
    for the model; full tuning takes 16 bytes a parameter and a quarter more, unless it was measured."""

    name: str
    licence: str
    billions: float
    lora: float
    qlora: float
    for_whom: str
    source: str = ESTIMATED
    measured_full: float = 0

    @property
    def full(self) -> float:
        return self.measured_full or 20 * self.billions

    def need(self, method: str) -> float:
        """Bytes for `full`, `lora` or `qlora`; 0 where the method is none for it."""
        return GB * float(getattr(self, method))

    def methods(self, room: Room, cards: bool) -> list[str]:
        """The methods that fit, the most thorough first; QLoRA needs a card."""
        usable = ("full", "lora", "qlora") if cards else ("full", "lora")
        return [method for method in usable if self.need(method) and room.holds(self.need(method))]

    def as_json(self, room: Room, cards: bool) -> dict[str, Any]:
        return {
            "name": self.name,
            "licence": self.licence,
            "parameters": round(self.billions * GB),
            "memory": {method: round(self.need(method)) for method in ("full", "lora", "qlora") if self.need(method)},
            "figures": self.source,
            "for": self.for_whom,
            "fits": self.methods(room, cards),
        }


OFFERED = (
    Offered(EMBEDDED, "Apache-2.0", 0.135, 3.9, 0, "the start: no hub is needed", MEASURED, 5.9),
    Offered("Qwen/Qwen2.5-Coder-0.5B-Instruct", "Apache-2.0", 0.49, 3, 2, "laptops"),
    Offered("Qwen/Qwen2.5-Coder-1.5B-Instruct", "Apache-2.0", 1.54, 6, 3, "laptops"),
    Offered("Qwen/Qwen3.5-4B", "Apache-2.0", 4, 12, 6, "cards of 8 GB"),
    Offered("Qwen/Qwen2.5-Coder-7B-Instruct", "Apache-2.0", 7.6, 19, 8, "cards of 8 to 12 GB"),
    Offered("Qwen/Qwen3-8B", "Apache-2.0", 8.2, 22, 16, "cards of 16 to 24 GB"),
    Offered("openai/gpt-oss-20b", "Apache-2.0", 21, 44, 14, "cards of 16 to 24 GB"),
    Offered("Qwen/Qwen3.6-27B", "Apache-2.0", 27, 60, 24, "cards of more than 24 GB"),
)
"""Models under licences that are no one's research licence: Qwen2.5-Coder-3B is not among them."""


def offered(name: str) -> Offered | None:
    """The entry of a name."""
    return next((one for one in OFFERED if one.name == name), None)


def best(room: Room, cards: bool) -> Offered:
    """The largest model that can be tuned here in a sensible time; the embedded one where none is sure to fit."""
    fitting = [one for one in OFFERED if one.methods(room, cards) and (cards or one.billions <= WITHOUT_CARD)]
    return fitting[-1] if fitting else OFFERED[0]
