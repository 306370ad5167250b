# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that tune models by a person's own Python file. It runs as that person's program does, so it is loaded only
where they name it, and never out of a data folder, which may be somebody else's."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from .. import tokens
from ..errors import Cancelled, UserError
from ..files import read_json, write_json
from ..paths import DataFolder, config_home
from ..words import slug
from . import hosts
from .hosts import TuningHost
from .makers import PLATFORMS
from .refusals import Refusal

LENT = "voxel_hosts"
"""The name under which a file imports what it is lent, whatever name our package has there."""
NAMED = ("provider", "url", "format", "may_train_as", "abilities", "limits")
ASKED = ("models", "submit", "ask", "said", "close")
ABLE = ("quote", "pause", "resume", "cancel", "checkpoints")
EXAMPLE = "docs/examples/my_host.py is one that is whole."


def loaded(path: Path, url: str, taken: Collection[str]) -> TuningHost:
    """What the file's `host(url, token)` gives, under another name than those that are `taken`. Raises UserError where
    it gives none, or one that lacks something."""
    path = path.expanduser().absolute()
    module = _run(path)
    if not callable(getattr(module, "host", None)):
        raise UserError(f"{path} has no function host(url, token). {EXAMPLE}")
    found = _told(path, module.host)(url, _token)
    lacks = [name for name in NAMED if not hasattr(found, name)]
    able = getattr(found, "abilities", ())
    lacks += [f"{name}()" for name in (*ASKED, *able) if not callable(getattr(found, name, None))]
    if lacks:
        raise UserError(f"The host of {path} lacks {', '.join(lacks)}. {EXAMPLE}")
    if unknown := set(able) - set(ABLE):
        raise UserError(f"The host of {path} is able to {', '.join(sorted(unknown))}; known are {', '.join(ABLE)}.")
    for name in ("format", "may_train_as"):
        if getattr(found, name) not in PLATFORMS:
            raise UserError(f"{name} of the host of {path} is none of {', '.join(PLATFORMS)}.")
    if found.provider in taken or slug(found.provider) != found.provider:
        raise UserError(f"{path} calls itself {found.provider}: another name, please, of small letters and hyphens.")
    _keep(found.provider, path)
    return cast(TuningHost, _Own(path, found))


def known() -> dict[str, str]:
    """The name that a host gave itself when its file was last loaded → the file."""
    kept = read_json(_list(), {})
    return kept if isinstance(kept, dict) else {}


def _keep(name: str, path: Path) -> None:
    """So that its jobs are asked after by its name: what is written about them holds no place of this computer."""
    if known().get(name) != str(path):
        write_json(_list(), {**known(), name: str(path)})


def _list() -> Path:
    return config_home() / "hosts.json"


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"There is no file {path} with a host of your own.")
    if any(DataFolder(parent).catalog.is_file() for parent in path.resolve().parents):
        raise UserError(f"{path} lies in a data folder, which may come from others: it is not run. Move it elsewhere.")
    lent = ModuleType(LENT)
    vars(lent).update({name: held for name, held in vars(hosts).items() if isinstance(held, type)}, Refusal=Refusal)
    sys.modules[LENT] = lent
    spec = importlib.util.spec_from_file_location(f"voxel_own_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(_fault(path, error)) from error
    return module


def _token(name: str) -> str:
    """A token by its name, '' where there is none; texts that we write are without it from now on."""
    tokens.know(name)
    return tokens.find().get(name)


class _Own:
    """A person's host. What goes wrong in its methods is told as a fault of the file."""

    def __init__(self, path: Path, host: object) -> None:
        self._path, self._host = path, host

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._host, name)
        return _told(self._path, held) if callable(held) else held


def _told(path: Path, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a person's file; anything but a Refusal that it raises becomes one."""

    @wraps(function)
    def asked(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except (Refusal, UserError, Cancelled):
            raise
        except Exception as error:
            raise Refusal("own host", _fault(path, error), traceback.format_exc()) from error

    return asked


def _fault(path: Path, error: BaseException) -> str:
    """What went wrong in a person's file, and in which line of it."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == path.name
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    place = f"{path}, line {line}" if line else f"{path}"
    return f"{place}: {type(error).__name__}: {tokens.redact(str(error))}"
