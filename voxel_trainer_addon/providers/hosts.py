# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that tunes models is to the stage train: one form for all of them, whatever their own looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Tunable:
    """A model that the host says can be tuned now. `objectives` are sft, dpo; `ends` is the day on which the host shuts
    it down, as YYYY-MM-DD, '' where it names none: what is tuned from it ends with it."""

    id: str
    objectives: tuple[str, ...] = ("sft",)
    ends: str = ""


@dataclass(frozen=True)
class Limits:
    """What a host takes: rows of the training and of the validation file, bytes of a file, tokens of a row; 0 where it
    says nothing."""

    rows: tuple[int, int] = (1, 0)
    validation_rows: tuple[int, int] = (0, 0)
    file_bytes: int = 0
    row_tokens: int = 0


@dataclass(frozen=True)
class Wanted:
    """A job to be made. `id` is ours: the same rows, model and settings give the same one. `training` and `validation`
    are files in the host's format; `suffix` becomes part of the tuned model's name; `parameters` are the host's own
    (epochs, rate …) as texts."""

    id: str
    dataset_hash: str
    model: str
    objective: str
    training: Path
    validation: Path | None
    suffix: str
    seed: int
    parameters: Mapping[str, str] = field(default_factory=dict)


def value_of(text: str) -> Any:
    """A parameter as JSON where it is a number, a truth value or an object, else as it stands (`auto`)."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Standing:
    """How a job stands, as the host tells it. `status` is the host's word, `end` is '' while it goes on, else done,
    failed or cancelled; `model` is the tuned model's name once there is one; `words` is the host's own reason; `tokens`
    are those that it trained on and asks money for, 0 where it does not say."""

    id: str
    status: str
    end: str = ""
    model: str = ""
    words: str = ""
    tokens: int = 0


@dataclass(frozen=True)
class Said:
    """One thing that a job told on its way. `id` orders and names it, `at` is seconds since 1970, `step` and the losses
    (nats a token) are None where it is only words."""

    id: str
    at: float
    words: str
    step: int | None = None
    loss: float | None = None
    held_out: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A model that a job kept on its way, to be asked like the tuned one."""

    model: str
    step: int
    held_out: float | None = None


@dataclass(frozen=True)
class Quote:
    """What a host itself says that a job costs: US dollars, and the tokens that it counts; `allowed` is False where the
    account has not so much."""

    dollars: float
    tokens: int
    allowed: bool = True


class TuningHost(Protocol):
    """One host and who asks it. Nothing is asked before a method is called; every method raises Refusal. `format` names
    the folder of platform files that it is sent (openai, claude …), `may_train_as` the platform of `makers.may_train`,
    `abilities` those of quote, pause, resume, cancel and checkpoints that it has."""

    provider: str
    url: str
    format: str
    may_train_as: str
    abilities: frozenset[str]
    limits: Limits

    def models(self) -> Sequence[Tunable]:
        """What can be tuned now, asked live. Raises Refusal, with the code closed where nothing can be."""
        ...

    def quote(self, wanted: Wanted) -> Quote | None:
        """What the host itself says that the job costs, None where it cannot tell. The files go up for that."""
        ...

    def submit(self, wanted: Wanted) -> Standing:
        """The job that carries our id: found, or its files uploaded once and the job created. However often it is
        called, and whatever answer got lost, there is one job."""
        ...

    def ask(self, id: str) -> Standing: ...

    def said(self, id: str, after: str = "") -> Sequence[Said]:
        """What the job told after the one of the id `after`, oldest first."""
        ...

    def checkpoints(self, id: str) -> Sequence[Checkpoint]: ...

    def pause(self, id: str) -> Standing: ...

    def resume(self, id: str) -> Standing: ...

    def cancel(self, id: str) -> Standing: ...

    def close(self) -> None: ...
