# SPDX-License-Identifier: GPL-3.0-or-later
"""What models answered, kept by content: the same model asked the same with the same settings is not asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..files import digest, read_jsonl, sha256_of

GREEDY = "greedy/2"
"""How answers are made, the likeliest token each time, and the version of that; a change asks every model anew."""

WEIGHTS = (
    "*.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "chat_template*",
    "adapter_config.json",
)
"""Files of a model's folder that decide what it answers."""


def model_hash(folder: Path) -> str:
    """The identity of a model: its weights and tokenizer by content. Raises OSError where a file cannot be read."""
    files = sorted({path for pattern in WEIGHTS for path in folder.glob(pattern) if path.is_file()})
    return digest([(path.name, sha256_of(path)) for path in files])


@dataclass(frozen=True)
class Ask:
    """One question to one model: `messages` before the answer, the wanted `completion`, tokens the answer may take, and
    how it is made (`GREEDY`, or `drawn`)."""

    model: str
    messages: list[dict[str, str]]
    completion: str
    new_tokens: int
    decoding: str = GREEDY

    @cached_property
    def answer_key(self) -> str:
        return digest(["answer", self.decoding, self.model, self.messages, self.new_tokens])

    @cached_property
    def loss_key(self) -> str:
        return digest(["loss", self.model, self.messages, self.completion])


def drawn(temperature: float, seed: int, sample: int) -> str:
    """How answer number `sample` of several is drawn by chance."""
    return f"drawn/1 {temperature:g} {seed} {sample}"


class Answers:
    """A folder's answers and losses: one JSON line each, as they came. A line that was cut off is forgotten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, Mapping[str, Any]] = {}
        if path.is_file():
            _drop_unfinished(path)
            self._lines = {line["key"]: line for line in read_jsonl(path)}

    def __contains__(self, key: object) -> bool:
        return key in self._lines

    def get(self, key: str) -> Mapping[str, Any] | None:
        return self._lines.get(key)

    def add(self, key: str, line: Mapping[str, Any]) -> None:
        """Keep a line; it is on disk when this returns."""
        kept = {"key": key, **line}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps(kept, ensure_ascii=False) + "\n")
        self._lines[key] = kept


def _drop_unfinished(path: Path) -> None:
    """Cut what stands after the last line's end: a run was killed while writing it."""
    with open(path, "r+b") as data:
        content = data.read()
        data.truncate(content.rfind(b"\n") + 1)
