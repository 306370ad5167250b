# SPDX-License-Identifier: GPL-3.0-or-later
"""`train --setup` makes what training needs, or removes it; `train --models` tells which models fit this machine."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Exit, UserError
from ..paths import cache_home
from ..providers.local import MODEL_MB, Local, base, builds, environment, memory, offered
from ..stage import Options
from ..words import size
from .terminal import Terminal, json_lines


@dataclass
class Work:
    """Who wants the environment; what it is told goes to a terminal or out as JSON lines."""

    options: Options
    tick: Callable[[], bool]
    json: bool
    say: Callable[[str], None] = field(default_factory=lambda: Terminal(sys.stdout).say)

    def note(self, words: str) -> None:
        self.tell("note", words)

    def tell(self, kind: str, words: str, **facts: Any) -> None:
        """One sentence, or one object with its facts."""
        if self.json:
            json_lines(sys.stdout)({"kind": kind, "words": words, **facts})
        else:
            self.say(words)


def asked(found: argparse.Namespace, options: Options, tick: Callable[[], bool]) -> int:
    """Do what was asked of the environment. Raises Unavailable and UserError."""
    work = Work(options, tick, found.json)
    if found.models:
        return _models(work)
    if found.remove:
        return _remove(work, found.with_model, found.dry_run)
    if found.wheels:
        _only_from(found.wheels)
    return _set_up(work, found.dry_run)


def _only_from(folder: Path) -> None:
    """Let pip take everything from a folder of wheels, and nothing from a network."""
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=folder.as_uri())


def _set_up(work: Work, dry: bool) -> int:
    local, python = Local(), environment.made(work.options.yes)
    if work.options.train_env:
        python = environment.checked(work.options.train_env)
    model = base.named(base.EMBEDDED)
    if python:
        work.tell("there", f"The training environment is there: {python.parent.parent}", python=str(python))
    else:
        choice = environment.find(work.note, work.options.yes)
        work.tell("plan", environment.cost(choice), **choice.as_json())
    if model.folder is None:
        download, disk = (megabytes * 1_000_000 for megabytes in MODEL_MB)
        place = str(cache_home() / "models" / base.EMBEDDED)
        words = (
            f"The model {model.name} is made ready once: {size(download)} to download, {size(disk)} on disk in {place}."
        )
        work.tell("plan", words, what=base.EMBEDDED, download=download, disk=disk, place=place)
    if dry:
        work.tell("dry", "Nothing was downloaded or written.")
        return Exit.DONE
    if python is None:
        python = environment.make(choice, work.note, work.tick)
        work.tell("made", f"Made: {python.parent.parent}", python=str(python), **environment.provenance(python))
    if model.folder is None:
        folder = local.base(base.EMBEDDED, work).folder
        work.tell("made", f"Made: {folder}", model=str(folder))
    return Exit.DONE


def _remove(work: Work, with_model: bool, dry: bool) -> int:
    models = [cache_home() / "models" / base.EMBEDDED, cache_home() / "downloads" / Path(base.GGUF).name]
    kept = sum(environment.bytes_in(path) for path in models)
    if dry:
        freed = environment.bytes_made() + (kept if with_model else 0)
        work.tell("dry", f"{size(freed)} would be removed. Nothing was.", bytes=freed)
        return Exit.DONE
    for path in models:
        if with_model:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
    freed = environment.remove() + (kept if with_model else 0)
    words = f"{size(freed)} removed." if freed else "There was no training environment here."
    if kept and not with_model:
        words += f" The model {base.EMBEDDED} is kept ({size(kept)}); --with-model removes it too."
    work.tell("removed", words, bytes=freed, model_bytes=0 if with_model else kept)
    return Exit.DONE


def _models(work: Work) -> int:
    room, machine = memory.room(), builds.this_machine()
    cards = machine.nvidia or machine.rocm
    here = f"{size(room.card)} on the card" if room.card else f"{size(room.machine)} of memory"
    best = offered.best(room, cards).name
    if not work.json:
        work.say(f"This machine has {here}. Memory that tuning takes, by method; a star marks what fits here:\n")
    for one in offered.OFFERED:
        fits = one.methods(room, cards)
        needs = [
            f"{method} {size(one.need(method))}{' *' if method in fits else ''}"
            for method in ("full", "lora", "qlora")
            if one.need(method)
        ]
        words = f"{one.name}\n  {one.licence}, for {one.for_whom}; {', '.join(needs)} ({one.source})"
        work.tell("model", words, best=one.name == best, **one.as_json(room, cards))
    if not work.json:
        work.say(f"\nA good choice here: {best}. Any folder with config.json and safetensors can be named too.")
    return Exit.DONE
