# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `run_answer`: run a model's script in an empty Blender and read the node trees that it made.

Body: `{"code": str, "drop_failing": bool}`. Answer: `{"ran": bool, "error": str, "line": int, "dropped": int,
"graphs": {key: Graph JSON}}`. `ran` tells that the whole script came to its end. With `drop_failing` its top-level
statements run one by one, those that raise are left out and counted in `dropped` (lines that do not parse too), and
`error` is the first of them. Refused with code `unsafe` before anything runs where the allow-list says so, and after it
where the script reached for what it must not (`guard`); the worker is not used again then.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...bpy_code import allowed, source
from ...graph.blender import read
from . import Refused, empty, guard, wear_out

FILENAME = "<answer>"


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused(`unsafe`)."""
    outcome = carried_out(body, scratch)
    graphs, _ = read.read_graphs(bpy.data)
    return {**outcome, "graphs": {key: graph.as_json() for key, graph in graphs.items()}}


def carried_out(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Run the script behind allow-list and guard: the answer but for the graphs. Raises Refused(`unsafe`)."""
    code, drop = str(body["code"]), bool(body.get("drop_failing"))
    parts = source.statements(code)
    whole = source.parses(code)
    judged = code if whole else "\n".join(part.text for part in parts.kept)
    if parts.kept and (findings := allowed.unsafe(judged)):
        raise Refused("unsafe", "The script was not run, for it contains what is not allowed.", "; ".join(findings[:5]))
    empty()
    with guard.guarded(scratch) as touched:
        outcome = _by_statement(parts) if drop else _whole(code)
    if touched:
        wear_out()
        raise Refused("unsafe", "The script was stopped, for it reached out of Blender’s data.", "; ".join(touched[:5]))
    return outcome


def _whole(code: str) -> dict[str, Any]:
    try:
        program = compile(code, FILENAME, "exec")
    except (SyntaxError, ValueError) as error:
        return {"ran": False, "error": _words(error), "line": getattr(error, "lineno", 0) or 0, "dropped": 0}
    failed = _attempt(lambda: exec(program, _namespace()))
    return {
        "ran": failed is None,
        "error": failed[0] if failed else "",
        "line": failed[1] if failed else 0,
        "dropped": 0,
    }


def _by_statement(parts: source.Statements) -> dict[str, Any]:
    names = _namespace()
    dropped, first, line = parts.dropped, "", 0
    for part in parts.kept:
        program = compile("\n" * (part.line - 1) + part.text, FILENAME, "exec")
        if failed := _attempt(partial(exec, program, names)):
            dropped += 1
            first, line = (first, line) if first else failed
    return {"ran": bool(parts.kept) and not dropped, "error": first, "line": line, "dropped": dropped}


def _attempt(step: Callable[[], None]) -> tuple[str, int] | None:
    """What a step raised and in which line of the script; None where it came to its end."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            step()
    except MemoryError:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: no answer ends the worker
        lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILENAME]
        return _words(error), lines[-1] if lines else 0
    return None


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _namespace() -> dict[str, Any]:
    """A fresh module's names, with the built-ins that the allow-list knows and an import that asks it again."""
    real = vars(builtins)
    known = {name: real[name] for name in allowed.BUILTINS | allowed.BY_NAME | {"type"} if name in real}
    return {"__name__": "__main__", "__builtins__": {**known, "print": _silent, "__import__": _import}}


def _silent(*_values: object, **_words: object) -> None:
    """A script's `print`: nothing of it is wanted, and an endless one must not fill the memory."""


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    if level or name not in allowed.MODULES:
        raise ImportError(f"{name} is not allowed")
    return __import__(name, globals, locals, fromlist, level)
