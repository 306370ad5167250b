# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `local`: trains and answers on this machine, in an environment of its own, by child processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ...errors import Unavailable
from ...paths import cache_home
from ...words import size
from . import base, child, environment, memory, mlx_choice, offered
from .base import Base
from .child import Ended

__all__ = ["Asker", "Base", "Ended", "Local"]

SAVING_S = 30.0
"""How long a trainer that is told to stop may take to finish its step and write its checkpoint."""
BATCH = 16
"""Answers under way at once: with the embedded model a step for 16 takes 1.3 times as long as one for 8, and
1.7 times as long as one for one."""
METHODS = {"full": "all parameters", "lora": "LoRA", "qlora": "QLoRA"}
MODEL_MB = (93, 375)
"""The embedded model: MB to download, MB on disk (4-bit file, and the same as safetensors)."""

Lines = Callable[[dict[str, Any]], None]
Tick = Callable[[], bool]


class Chosen(Protocol):
    """Of the options: `train_env` names an environment or is '', `yes` is consent to large downloads, `method` is how
    to train, `anyway` says to train what is not expected to fit."""

    @property
    def train_env(self) -> str: ...

    @property
    def yes(self) -> bool: ...

    @property
    def method(self) -> str: ...

    @property
    def anyway(self) -> bool: ...


class Asker(Protocol):
    """Who wants something made: told sentences, asked again and again whether to go on."""

    @property
    def options(self) -> Chosen: ...

    def note(self, words: str) -> None: ...

    def tick(self) -> bool: ...


class Local:
    """One use of this machine's training environment. What it lacks raises Unavailable; a job that fails is a value."""

    def __init__(self) -> None:
        self._python: Path | None = None

    def environment(self, work: Asker) -> Path:
        """The environment's Python: the one named, the one made before, or made now, after a note of its cost."""
        if self._python is None:
            if work.options.train_env:
                self._python = environment.checked(work.options.train_env)
            else:
                self._python = environment.made(work.options.yes) or self._make(work)
        return self._python

    def _make(self, work: Asker) -> Path:
        choice = environment.find(work.note, work.options.yes)
        work.note(environment.cost(choice))
        return environment.make(choice, work.note, work.tick)

    def provenance(self) -> dict[str, str]:
        """`build`, `lock` and `packages` of the environment, for a job's facts; empty for one that the person named."""
        return environment.provenance(self._ready())

    def known(self, model: str) -> Base:
        """The model that a person named, as far as it is known without fetching anything."""
        return base.named(model)

    def base(self, model: str, work: Asker) -> Base:
        """The model to tune, as a folder that training can read; fetched and made ready where it is not there yet."""
        known = base.named(model)
        if known.folder:
            self._refuse_large(known.name, known.folder, work.options)
            return known
        self._refuse_offered(model, work.options)
        python = self.environment(work)
        request: dict[str, Any] = {"name": model}
        if model == base.EMBEDDED:
            download, disk = (size(megabytes * 1e6) for megabytes in MODEL_MB)
            place = cache_home() / "models" / model
            work.note(f"The model {known.name} is made ready once: {download} to download, {disk} on disk in {place}.")
            gguf = base.fetch_embedded(python, work.tick)
            request = {"gguf": str(gguf), "out": str(place), "facts": base.RECORDED}
        online = model != base.EMBEDDED
        if online:
            work.note(f"Fetching the model {model} from the model hub.")
        ended = child.run(python, "prepare", request, lambda line: None, work.tick, online=online)
        if not ended.ok:
            raise Unavailable(f"The model could not be made ready. {ended.sentence}")
        folder = Path(ended.body["folder"])
        if model == base.EMBEDDED:
            return base.named(model)
        self._refuse_large(model, folder, work.options)
        return Base(model, known.hash, base.of_folder(folder).licence, folder)

    def _refuse_large(self, name: str, folder: Path, options: Chosen) -> None:
        """Raises Unavailable where training the model in a folder is not expected to fit, and nobody said `anyway`."""
        shape = memory.shape_of(folder)
        if shape is not None and not options.anyway:
            room = memory.room()
            method = memory.method_for(options.method, shape, bool(room.card))
            _refuse(name, method, memory.needed(shape, method), room)

    def _refuse_offered(self, name: str, options: Chosen) -> None:
        """The same for a model of the table, before it is downloaded."""
        one = offered.offered(name)
        if one is None or name == base.EMBEDDED or options.anyway:
            return
        room = memory.room()
        method = options.method if options.method != "auto" else "qlora" if room.card else "lora"
        _refuse(name, method, one.need(method), room)

    def train(self, request: dict[str, Any], on_line: Lines, tick: Tick) -> Ended:
        """Run `train.py` (see there for keys and lines), or `mlx_train.py` on an Apple. What `tick` raises stops it
        after a checkpoint."""
        defaults = {"threads": cores(), "batch_tokens": 1024, "checkpoint_s": 60.0}
        job = mlx_choice.trainer(self._ready(), request)
        return child.run(self._ready(), job, {**defaults, **request}, on_line, tick, grace_s=SAVING_S)

    def answer(self, request: dict[str, Any], on_line: Lines, tick: Tick) -> Ended:
        """Run `generate.py` (see there for keys and lines)."""
        defaults = {"threads": cores(), "batch": BATCH}
        return child.run(self._ready(), "generate", {**defaults, **request}, on_line, tick)

    def serve(self, request: dict[str, Any], log: Path) -> child.Apart:
        """Start `serving.py` (see there for keys), which outlives this process; what it says goes into a file."""
        return child.Apart(self._ready(), "serving", {"threads": cores(), "outlives": True, **request}, log)

    def export(self, request: dict[str, Any], on_line: Lines, tick: Tick) -> Ended:
        """Run `export.py` (see there for keys and lines)."""
        return child.run(self._ready(), "export", {"threads": cores(), **request}, on_line, tick)

    def _ready(self) -> Path:
        self._python = self._python or environment.made()
        if self._python is None:
            raise Unavailable("There is no training environment here: `train` makes it, or --train-env names one.")
        return self._python


def _refuse(name: str, method: str, need: float, room: memory.Room) -> None:
    if not room.holds(need):
        where = "the card" if room.card else "this machine"
        raise Unavailable(
            f"Training {name} ({METHODS[method]}) needs about {size(need)} of memory, by an estimate, and {where} has "
            f"{size(room.bytes)}. Choose a smaller one (`train --models` lists them), or train it anyway with --anyway."
        )


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
