# SPDX-License-Identifier: GPL-3.0-or-later
"""Around a stranger's script: what Python is watched for while it runs, no byte to any file, and what it left behind.

The allow-list refuses such scripts before; this is for the one that walks past it. A worker that was touched is not
used again, so the next script has a fresh one.
"""

from __future__ import annotations

import builtins
import contextlib
import math
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy

REFUSED = (
    "subprocess.", "os.", "socket.", "ctypes.", "shutil.", "pty.", "resource.", "signal.", "syslog.", "winreg.",
    "msvcrt.", "fcntl.", "mmap.", "sqlite3.", "tempfile.", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.",
    "_thread.",
    "gc.", "sys.addaudithook", "sys.setprofile", "sys.settrace", "sys._current", "sys.excepthook", "code.__new__",
    "function.__new__", "pathlib.", "glob.", "builtins.input", "builtins.breakpoint", "cpython.run_",
)  # fmt: skip
"""How the names of Python's audit events begin (`os.fork`, `socket.connect`) that no answer has a reason for."""
HARMLESS = frozenset({"os.listdir", "os.scandir", "os.walk", "os.fwalk"})
"""Those of them that an import makes when it looks for its file."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PACKAGE = __name__.partition(".")[0]

_watching = False
_seen: list[str] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        if not (isinstance(mode, str) and set(mode) & set("wax+")) and not (isinstance(flags, int) and flags & WRITING):
            return
    elif event in HARMLESS or not event.startswith(REFUSED):
        return
    _seen.append(event)
    raise PermissionError(f"{event} is not allowed here")


_hooked = False


@contextlib.contextmanager
def guarded(scratch: Path) -> Iterator[list[str]]:
    """Watch over a script. What it reached for or left is in the list that is given, when the block is over: events of
    Python, `handlers`, `modules`, `types`, `files`. What was made in `scratch` is removed."""
    global _watching, _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    before, handlers, files = _state(), _handlers(), set(scratch.rglob("*"))
    _seen.clear()
    touched: list[str] = []
    random.seed(0)
    with _no_bytes():
        _watching = True
        try:
            yield touched
        finally:
            _watching = False
    changed = [name for name, held in _handlers().items() if held != handlers[name]]
    touched += [*dict.fromkeys(_seen), *(["handlers"] if changed else [])]
    for name in changed:
        getattr(bpy.app.handlers, name)[:] = handlers[name]
    after = _state()
    touched += sorted({key[0] for key, held in before.items() if after.get(key) != held})
    left = sorted(set(scratch.rglob("*")) - files, reverse=True)
    for place in left:
        with contextlib.suppress(OSError):
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
    touched += ["files"] if left else []


@contextlib.contextmanager
def _no_bytes() -> Iterator[None]:
    """No byte can be written to any file meanwhile, also not by Blender itself: a full disk needs more than names."""
    try:
        import resource
    except ImportError:
        yield
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _handlers() -> dict[str, list[Any]]:
    held = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    return {name: list(value) for name, value in held.items() if isinstance(value, list)}


def _state() -> dict[tuple[str, str], Any]:
    """What of Python and bpy a script could have patched, by identity."""
    blenders = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] in ("bpy", "mathutils", "bmesh")]
    modules = [builtins, math, random, sys, os, *(m for m in blenders if isinstance(m, ModuleType))]
    found: dict[tuple[str, str], Any] = {("modules", m.__name__): _held(m) for m in modules}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == PACKAGE and name != __name__:
            found |= {("modules", f"{name}.{key}"): id(value) for key, value in vars(module).items() if key != "_worn"}
    found |= {("types", kind.__name__): _held(kind) for kind in _types()}
    found["types", ""] = len(dir(bpy.types))
    return found


def _held(owner: Any) -> frozenset[tuple[str, int]]:
    return frozenset((name, id(value)) for name, value in vars(owner).items() if name != "_")


_all_types: list[type] = []


def _types() -> list[type]:
    """The classes of bpy.types, each made once, as they come into being when first asked for."""
    if not _all_types:
        held = (getattr(bpy.types, name, None) for name in dir(bpy.types))
        _all_types.extend(kind for kind in held if isinstance(kind, type))
    return _all_types
