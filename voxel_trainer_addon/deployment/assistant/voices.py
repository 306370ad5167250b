# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers a request: the live model or its canary, the one that a person named, or the nearest proven example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import Unavailable
from ...files import read_json
from ...paths import DataFolder
from ...providers.answering import Answerer, Host, OpenAIAnswers, let_out, named
from .. import canary, pointer, registry, server
from ..registry import Model
from .wish import Wish

RETRIEVAL = "retrieval"
NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True)
class Voice:
    """Who answers: its name for the watch log, and for a person which model that is and how good it was. `host` is
    asked with `key`; without one the nearest proven answer is given as it stands. `tuned`: it is asked as it was
    trained and evaluated, without examples. `salt` is that of a canary it was drawn beside."""

    id: str
    label: str
    honest: str
    host: Host | None = None
    key: str = field(default="", repr=False)
    tuned: bool = False
    salt: str = ""


Start = Callable[[Mapping[str, Path], Mapping[str, Path]], server.Running]
"""Gives the server of these models (name → weights; adapter → folder of its base)."""


def chosen(folder: DataFolder, wish: Wish, start: Start) -> Voice:
    """Who answers a wish. Raises UserError where nobody can, or where the prompt must not go there."""
    if ":" in wish.model:
        host = _hosted(named(wish.model, wish.url))
        called = f"{wish.model} at {urlsplit(host.host).hostname}, {registry.UNTUNED}"
        return Voice(wish.model, called, NOT_EVALUATED, _allowed(host, wish))
    model, salt = _of_registry(folder, wish)
    if model is None:
        label = "the proven example whose request is nearest, as it stands: no model has been tuned here yet"
        return Voice(RETRIEVAL, label, NOT_EVALUATED)
    if model.asked:
        host = _allowed(_hosted(named(f"{model.asked['provider']}:{model.asked['model']}", model.asked["url"])), wish)
        return Voice(model.id, model.label, model.honest, host, tuned=model.asked["tuned"], salt=salt)
    weights = folder.root / model.path
    base = Path(str(read_json(weights.parent / "job.json", {}).get("base", "")))
    over = {model.id: base} if weights.name == "adapter" and base.is_dir() else {}
    running = start({model.id: weights}, over)
    own = OpenAIAnswers(model.id, running.url)
    return Voice(model.id, model.label, model.honest, own, running.token, tuned=True, salt=salt)


def _of_registry(folder: DataFolder, wish: Wish) -> tuple[Model | None, str]:
    """The model that a wish is for, and the salt of the canary where it was drawn."""
    if wish.model:
        return (None, "") if wish.model == RETRIEVAL else (registry.named(folder, wish.model), "")
    stands = pointer.read(folder).pointer
    if not stands.live:
        return next((model for model in registry.models(folder) if model.path), None), ""
    if stands.canary is None:
        return registry.named(folder, stands.live), ""
    answers = stands.canary.model if canary.drawn(stands.canary, wish.id) else stands.live
    return registry.named(folder, answers), stands.canary.salt


def _hosted(who: Answerer) -> Host:
    if not isinstance(who, Host):
        raise Unavailable(
            "A model of this computer is asked by the name that it has here (`deploy list`), or through a server of "
            "your own: openai:NAME with its address."
        )
    return who


def _allowed(host: Host, wish: Wish) -> Host:
    """The host, where a prompt may go there. Raises Unavailable."""
    let_out(host.host, wish.online)
    if not host.near and not wish.yes:
        what = "Your request and the tree" if wish.tree else "Your request"
        raise Unavailable(f"{what} would be sent to {host.host}: --yes allows that.")
    return host
