# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts tune models, by the name of their provider; each module is loaded when it is first asked for.

A module of a provider has `host(url) -> TuningHost`, where an empty `url` is the provider's own address. It asks
nothing yet. It raises Unavailable where a package or a token is missing, UserError where the address is none.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..errors import UserError
from . import custom
from .hosts import TuningHost

MODULES = {"openai": "openai_api", "together": "together"}
"""Provider → module of this package."""


def named(provider: str, url: str = "") -> TuningHost:
    """The host of a provider, or of a person's own file (`path/to/my_host.py`, afterwards by the name that it gives
    itself). Raises UserError and Unavailable."""
    own = custom.known()
    if provider.endswith(".py") or provider in own:
        return custom.loaded(Path(own.get(provider, provider)), url, ("local", *MODULES))
    if provider not in MODULES:
        raise UserError(f"{provider} tunes no models; those that do are {', '.join(('local', *MODULES, *own))}.")
    found: TuningHost = import_module(f".{MODULES[provider]}", __package__).host(url)
    return found
