# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind `code`: functions, operators, panels and short scripts from harvested Python and from texts inside .blend files.

Code is read and compiled, never run. What becomes a row stands alone and uses no name that its Blender lacks.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..bpy_code import source
from ..bpy_code.lookup import look_up
from ..bpy_code.names import Found, Names
from ..bpy_code.patterns import patterns
from ..bpy_code.units import Lost, Unit, units
from ..errors import SetAside
from ..files import digest, read_json
from ..stage import Work
from ..worker.private import scrubbed
from ..worker.protocol import Request
from .code_private import without_private
from .code_request import CodeRequest, request

PROOF = "compiles, names exist"
FEWEST_CHECKED = 2
"""Names of Blender, `bpy` itself left out, that must have been found for code to teach anything about it."""
NO_NAMES = frozenset({"bpy", "bpy.data", "bpy.ops", "bpy.types", "bpy.context", "bpy.props", "bpy.utils"})


@dataclass(frozen=True)
class Place:
    """Where a text was found: the content that it stands in (a Python file or a .blend), and its name there."""

    sha256: str
    name: str


@dataclass(frozen=True)
class Function:
    """Code that may become a row. `task` is function, operator, panel, menu, class or script; `identity` is equal for
    code that differs in comments, docstrings and layout alone; `found` has the names that were looked up."""

    task: str
    name: str
    request: CodeRequest
    code: str
    identity: str
    lines: int
    patterns: tuple[str, ...]
    found: Found
    score: float
    place: Place

    def proof(self, blender: str) -> dict[str, Any]:
        """The proof of a row of it."""
        told: dict[str, Any] = {
            "name": PROOF,
            "graph": "",
            "blender": blender,
            "names_checked": len(self.found.checked),
            "names_not_checked": len(self.found.unchecked),
            "names_of_its_own": len(self.found.own),
        }
        return told | ({"deprecated": sorted(self.found.deprecated)} if self.found.deprecated else {})


def names_of(work: Work) -> Names | None:
    """The names that this build's Blender has, asked of a worker; None, and a note, where it cannot tell."""
    for answer in work.answers([Request("names", {}, "names of this Blender", limit_s=120)]):
        if answer.ok:
            return Names(answer.body["table"])
        work.note(f"There are no code rows: {answer.sentence}")
    return None


def texts(work: Work, blender: str) -> Iterator[tuple[Place, str]]:
    """Every harvested Python file and every text of Python in a record of this Blender, ordered, each content once."""
    roots = work.catalog.roots()
    last = ""
    for origin in sorted((o for o in work.catalog.origins() if o.kind == "code"), key=lambda o: o.sha256):
        if origin.sha256 == last:
            continue
        stored = work.folder.blob(origin.sha256, "code")
        path = stored if stored.is_file() else roots.get(origin.source, Path()) / origin.path
        text = _read(path)
        if text is None:
            sentence = "This script is gone, or its text is not UTF-8."
            work.set_aside(SetAside("dataset", f"{origin.source}/{origin.path}", "no text", sentence))
            continue
        last = origin.sha256
        yield Place(origin.sha256, origin.path), text
    for record in work.catalog.records(blender):
        if not record["counts"].get("texts"):
            continue
        value = read_json(work.folder.root / record["path"], {})
        for row in value.get("texts", ()):
            text = _read(work.folder.parsed / row["kept"]) if row.get("kept") else None
            if text is not None and "bpy" in text:
                yield Place(record["sha256"], row["name"]), text


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def functions(place: Place, text: str, names: Names) -> Iterator[Function | Lost]:
    """What a text gives, and what of it cannot be used, with the reason."""
    for unit in units(text, names):
        if isinstance(unit, Lost):
            yield unit
        else:
            yield _function(place, unit, names)


def _function(place: Place, unit: Unit, names: Names) -> Function | Lost:
    try:
        code = without_private(unit.text).strip("\n") + "\n"
    except (SyntaxError, RecursionError):
        return Lost(unit.name, "does not parse")
    module = source.tree(code)
    if module is None or not compiles(code):
        return Lost(unit.name, "does not compile")
    try:
        found = look_up(module, names)
    except RecursionError:
        return Lost(unit.name, "is nested too deeply")
    if found.missing:
        return Lost(unit.name, "uses names that this Blender lacks")
    if len(set(found.checked) - NO_NAMES) < FEWEST_CHECKED:
        return Lost(unit.name, "uses too few names of Blender that can be looked up")
    asked = request(_scrubbed(unit, module), found, names)
    if not asked.says_enough:
        return Lost(unit.name, "says too little about itself")
    score = _score(asked, found, module)
    lines = code.count("\n")
    identity = digest(shape(module))
    return Function(unit.kind, unit.name, asked, code, identity, lines, patterns(module), found, score, place)


def _scrubbed(unit: Unit, module: ast.Module) -> Unit:
    """The unit as it stands in the text without private things."""
    inner = next((n for n in module.body if getattr(n, "name", None) == unit.name), module)
    assert isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
    return replace(unit, node=inner, comment=scrubbed(unit.comment), module=module)


def compiles(code: str) -> bool:
    """Whether Python makes byte code of it, which is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(code, "<row>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def shape(node: Any) -> Any:
    """A syntax tree as JSON without places, comments and docstrings, the same in every Python."""
    if isinstance(node, list):
        return [shape(inner) for inner in node]
    if not isinstance(node, ast.AST):
        return node if node is None or isinstance(node, str | int | bool) else repr(node)
    told: list[Any] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "kind", "type_comment", "type_ignores", "type_params") or value in (None, []):
            continue
        if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            value = [one for place, one in enumerate(value) if place or not _is_text(one)]
        told.append([name, shape(value)])
    return told


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _score(asked: CodeRequest, found: Found, module: ast.Module) -> float:
    """0 to 1: half of it for the share of names that could be looked up, the rest for a person's words and length."""
    looked_up = len(found.checked) / (len(found.checked) + len(found.unchecked))
    statements = sum(isinstance(node, ast.stmt) for node in ast.walk(module))
    return round(0.5 * looked_up + 0.3 * bool(asked.told) + 0.2 * min(1.0, statements / 15), 3)
