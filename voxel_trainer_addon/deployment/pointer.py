# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model is live: one small file, moved whole under a lock of its own, with a history of every move."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from .. import tokens
from ..errors import FolderInUse, UserError
from ..files import now, read_json, write_json
from ..locks import FolderLock, holder
from ..paths import DataFolder
from ..words import harmless
from . import logs

WAIT_S = 5.0
REASON_MAX = 500
STATES = ("live", "canary", "candidate", "retired")


@dataclass(frozen=True)
class Canary:
    """A model that answers a share of the requests, chosen by hash with `salt`, which no other canary has."""

    model: str
    share: float
    salt: str


@dataclass(frozen=True)
class Pointer:
    """Where the registry stands after `number` moves. Models are named like `voxel/v3`; `before` are those that were
    live earlier and can be gone back to, the last one last; `retired` those that were taken back."""

    number: int = 0
    live: str = ""
    before: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    canary: Canary | None = None

    def state_of(self, model: str) -> str:
        """One of `STATES`."""
        if model == self.live:
            return "live"
        if self.canary and model == self.canary.model:
            return "canary"
        return "retired" if model in self.before or model in self.retired else "candidate"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(body: Any) -> Pointer:
        """Raises ValueError where `body` is no pointer."""
        try:
            canary = body["canary"]
            return Pointer(
                int(body["number"]),
                _model(body["live"]),
                _models(body["before"]),
                _models(body["retired"]),
                Canary(_model(canary["model"]), float(canary["share"]), str(canary["salt"])) if canary else None,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no pointer: {error}") from error


def _model(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no model")
    return name


def _models(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise TypeError(f"{names!r} are no models")
    return tuple(map(_model, names))


@dataclass(frozen=True)
class Standing:
    """A pointer as it was read, and what was wrong with its file: a sentence, or ''."""

    pointer: Pointer
    problem: str = ""


def read(folder: DataFolder) -> Standing:
    """Where the registry stands: what the pointer file says, or after damage the last move of the history."""
    try:
        return Standing(Pointer.from_json(read_json(folder.live)))
    except ValueError:
        pass
    last = next(reversed(history(folder)), None)
    if last is None and not folder.live.exists():
        return Standing(Pointer())
    what = "is damaged" if folder.live.exists() else "is gone"
    where = folder.live.relative_to(folder.root).as_posix()
    if last is None:
        return Standing(Pointer(), f"{where} {what}, and there is no history to read it from: no model is live.")
    pointer = Pointer.from_json(last["pointer"])
    told = f"{where} {what}. The last move in {folder.promotions.name} counts: live is {pointer.live or 'none'}."
    return Standing(pointer, f"{told} The next promotion or rollback writes the file anew.")


def history(folder: DataFolder) -> list[dict[str, Any]]:
    """Every move that can still be read, oldest first: `number`, `at`, `by`, `done`, `model`, `why`, `forced`, and the
    `pointer` after it. Of several with one number the last was made; the others never came to be."""
    moves = {entry["number"]: entry for entry in logs.read(folder.promotions).values if _is_move(entry)}
    return list(moves.values())


def _is_move(entry: dict[str, Any]) -> bool:
    try:
        return Pointer.from_json(entry.get("pointer")).number == entry.get("number")
    except ValueError:
        return False


def move(
    folder: DataFolder,
    seen: Pointer,
    to: Pointer,
    *,
    done: str,
    model: str,
    why: str,
    by: str,
    forced: Iterable[str] = (),
) -> Pointer:
    """Put `to` in the place of the pointer that was `seen`; as it now stands. It is in the history with what was
    `done` and why, or nothing has changed.

    Raises FolderInUse where another process is moving it, and UserError where another one moved it since it was seen,
    or the disk is full.
    """
    moved = replace(to, number=seen.number + 1)
    path = folder.models / ".live.lock"
    with FolderLock(path, f"{done} {model}, process {os.getpid()}") as lock:
        try:
            held = not lock.acquire(WAIT_S)
        except OSError as error:
            raise UserError(f"{folder.root} cannot be written to: {error.strerror}. Nothing has changed.") from error
        if held:
            raise FolderInUse(f"Another process is at it ({holder(path) or 'unknown'}). Try again in a moment.")
        now_at = read(folder).pointer
        if now_at.number != seen.number:
            raise UserError(_overtaken(folder, now_at))
        entry = {
            "number": moved.number,
            "at": now(),
            "by": by,
            "done": done,
            "model": model,
            "why": harmless(tokens.redact(why), REASON_MAX),
            "forced": list(forced),
            "pointer": moved.as_json(),
        }
        size = folder.promotions.stat().st_size if folder.promotions.exists() else 0
        try:
            logs.append(folder.promotions, entry)
            write_json(folder.live, moved.as_json())
        except OSError as error:
            if folder.promotions.exists():
                os.truncate(folder.promotions, size)
            live = f"{seen.live} stays live" if seen.live else "no model is live, as before"
            raise UserError(f"The registry could not be written: {error.strerror}. {live}.") from error
    return moved


def _overtaken(folder: DataFolder, pointer: Pointer) -> str:
    moves = [entry for entry in history(folder) if entry["number"] == pointer.number]
    what = f": {moves[-1]['done']} {moves[-1]['model']}" if moves else ""
    return (
        f"Somebody else changed the registry in the meantime{what}. Nothing was done. Look at `deploy list`, and ask "
        "again if it still is what you want."
    )
