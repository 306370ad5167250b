# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving the live pointer: promote behind the gate, give a share to a canary, take either back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import Exit, UserError
from ..paths import DataFolder
from . import gate, pointer, registry
from .pointer import Canary, Pointer
from .registry import Model

PERSON = "person"
SHARE_MAX = 0.25
"""Of the requests, the most that a canary may have: with more the guardrails see a bad one too late."""


class Refused(UserError):
    """The gate said no. `against` are the reasons."""

    exit = Exit.ANSWER_IS_NO

    def __init__(self, model: Model, against: Sequence[gate.Against]) -> None:
        self.against = tuple(against)
        how = " `--force REASON` does it anyway, and keeps the reason." if all(one.forcible for one in against) else ""
        super().__init__(f"{model.id} was not taken: {' '.join(one.sentence for one in against)}{how}")


@dataclass(frozen=True)
class Moved:
    """What a move came to: the `model` that it was about, the pointer now, what was overruled, and what a person should
    know of it."""

    model: str
    pointer: Pointer
    forced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def promote(folder: DataFolder, name: str, force: str = "", why: str = "", by: str = PERSON) -> Moved:
    """Make a model live. With `force`, a reason, whatever may be overruled is. A canary ends: what its answers were
    compared with is live no more. Raises Refused, UserError."""
    seen = pointer.read(folder)
    model, stands = registry.named(folder, name), seen.pointer
    notes = _told(seen)
    if model.id == stands.live:
        return Moved(model.id, stands, notes=(*notes, f"{model.id} is live already."))
    forced = _gate(folder, model, stands, force)
    live = _live(folder, stands)
    if live and model.evaluation and not gate.compared(model, live):
        notes += (f"It was not compared with {live.id}, which was live: `evaluate --against {live.id}`, or a duel.",)
    before = tuple(one for one in stands.before if one != model.id)
    to = replace(
        stands,
        live=model.id,
        before=(*before, stands.live) if stands.live else before,
        retired=tuple(one for one in stands.retired if one != model.id),
        canary=None,
    )
    done = pointer.move(folder, stands, to, done="promoted", model=model.id, why=force or why, by=by, forced=forced)
    return Moved(model.id, done, forced, notes)


def rollback(folder: DataFolder, why: str = "", by: str = PERSON) -> Moved:
    """Make the model live again that was so before, the nearest whose files are whole. Raises UserError."""
    seen = pointer.read(folder)
    stands, notes = seen.pointer, _told(seen)
    gone: tuple[str, ...] = ()
    for id in reversed(stands.before):
        try:
            model = registry.named(folder, id)
            broken = gate.unsound(folder, model)
        except UserError as error:
            broken = str(error)
        if not broken:
            break
        gone += (id,)
        notes += (broken,)
    else:
        raise UserError(
            " ".join([*notes, f"No model was live before {stands.live or 'this'} that could be gone back to."])
        )
    taken = (stands.live, *gone)
    to = replace(
        stands,
        live=id,
        before=tuple(one for one in stands.before if one != id and one not in gone),
        retired=(*(one for one in stands.retired if one not in (id, *taken)), *taken),
        canary=None,
    )
    return Moved(id, pointer.move(folder, stands, to, done="rolled back to", model=id, why=why, by=by), notes=notes)


def canary(folder: DataFolder, name: str, share: float, force: str = "", by: str = PERSON) -> Moved:
    """Let a model answer a share of the requests beside the live one. Raises Refused, UserError."""
    if not 0 < share <= SHARE_MAX:
        raise UserError(f"A canary's share of the requests is above 0 and at most {SHARE_MAX}, not {share:g}.")
    seen = pointer.read(folder)
    model, stands = registry.named(folder, name), seen.pointer
    if not stands.live:
        raise UserError("No model is live, so there is nothing to compare a canary with: `deploy promote MODEL`.")
    if model.id == stands.live:
        raise UserError(f"{model.id} is live and cannot be its own canary.")
    forced = _gate(folder, model, stands, force)
    to = replace(
        stands,
        canary=Canary(model.id, share, secrets.token_hex(8)),
        retired=tuple(one for one in stands.retired if one != model.id),
    )
    done = pointer.move(folder, stands, to, done="made canary", model=model.id, why=force, by=by, forced=forced)
    return Moved(model.id, done, forced, _told(seen))


def withdraw(folder: DataFolder, seen: Pointer, why: str, by: str = PERSON) -> Moved:
    """Take the canary that was `seen` back: all requests go to the live model again. Raises UserError."""
    if seen.canary is None:
        raise UserError("No model is a canary.")
    id = seen.canary.model
    to = replace(seen, canary=None, retired=(*(one for one in seen.retired if one != id), id))
    return Moved(id, pointer.move(folder, seen, to, done="took back canary", model=id, why=why, by=by))


def _gate(folder: DataFolder, model: Model, stands: Pointer, force: str) -> tuple[str, ...]:
    """What was overruled by `force`. Raises Refused."""
    against = gate.check(folder, model, _live(folder, stands))
    if against and not (force.strip() and all(one.forcible for one in against)):
        raise Refused(model, against)
    return tuple(one.sentence for one in against)


def _live(folder: DataFolder, stands: Pointer) -> Model | None:
    return next((model for model in registry.models(folder) if model.id == stands.live), None)


def _told(seen: pointer.Standing) -> tuple[str, ...]:
    return (seen.problem,) if seen.problem else ()
