# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of this Python's standard library, to measure the loss on code that is not Blender's."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from functools import cache

from ... import prompts
from ...files import digest
from ..choice import in_order
from ..contestants import Row

MODULES = (
    *("argparse", "base64", "bisect", "calendar", "collections", "colorsys", "configparser", "copy", "csv", "datetime"),
    *("difflib", "fileinput", "fnmatch", "fractions", "functools", "glob", "gzip", "heapq", "html", "inspect"),
    *("ipaddress", "json.decoder", "keyword", "linecache", "locale", "mimetypes", "ntpath", "numbers", "operator"),
    *("pathlib", "posixpath", "pprint", "queue", "quopri", "random", "reprlib", "sched", "shlex", "shutil"),
    *("statistics", "string", "tempfile", "textwrap", "timeit", "tokenize", "traceback", "types", "urllib.parse"),
    *("uuid", "warnings", "weakref", "zipfile"),
)
SHORTEST, LONGEST = 120, 1200
"""Characters of a function without its docstring."""


def rows(seed: int, count: int) -> list[Row]:
    """At most `count` rows, one of each module (`group`) in turn: name, signature and docstring ask for the function,
    without the message that stands before requests for bpy. They are of this Python; what another version has differs,
    so `digest_of` them is told with the figures."""
    return in_order([row for module in MODULES for row in _of_module(module)], seed)[:count]


def digest_of(rows: list[Row]) -> str:
    """The identity of rows by content."""
    return digest(sorted([row["prompt"], row["completion"]] for row in rows))


@cache
def _of_module(name: str) -> tuple[Row, ...]:
    """A module's functions with a docstring; none where this Python has no source of it."""
    try:
        module = importlib.import_module(name)
        code = inspect.getsource(module)
    except (ImportError, OSError, TypeError):
        return ()
    functions = (node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef))
    return tuple(row for row in (_row(name, code, node) for node in functions) if row)


def _row(module: str, code: str, function: ast.FunctionDef) -> Row | None:
    doc = ast.get_docstring(function)
    if not doc or len(function.body) < 2 or function.body[0].lineno == function.lineno:
        return None
    lines = code.splitlines()
    assert function.body[0].end_lineno is not None
    head = lines[function.lineno - 1 : function.body[0].lineno - 1]
    body = "\n".join([*head, *lines[function.body[0].end_lineno : function.end_lineno]])
    if not SHORTEST <= len(body) <= LONGEST:
        return None
    asked = f"Write the Python function {function.name}({ast.unparse(function.args)}).\n\n{textwrap.dedent(doc)}"
    return {
        "id": f"python/{module}.{function.name}",
        "group": module,
        "prompt": asked,
        "messages": [{"role": "user", "content": asked}],
        "completion": body + "\n",
        "form": "code",
        "bytes": len(prompts.answer(body).encode()),
    }
