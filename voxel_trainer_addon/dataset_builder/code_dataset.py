# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind `code`: functions, operators, panels and short scripts from harvested Python and from texts inside .blend files.

Code is read and compiled, never run. What becomes a row stands alone and uses no name that its Blender lacks.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..bpy_code import source
from ..bpy_code.lookup import look_up
from ..bpy_code.names import Found, Names
from ..bpy_code.patterns import patterns
from ..bpy_code.units import Lost, Unit, units
from ..files import digest
from ..graph.features import code_features
from ..graph.minhash import packed
from ..prompts import code_request
from .code_private import scrubbed, without_private
from .code_request import CodeRequest, request
from .kinds import Ask, Draft, Library, Place, Settings

PROOF = "compiles, names exist"
FEWEST_CHECKED = 2
"""Names of Blender, `bpy` itself left out, that must have been found for code to teach anything about it."""
NO_NAMES = frozenset({"bpy", "bpy.data", "bpy.ops", "bpy.types", "bpy.context", "bpy.props", "bpy.utils"})


@dataclass(frozen=True)
class Function:
    """Code that may become a row. `task` is function, operator, panel, menu, class or script; `identity` is equal
    for code that differs in comments, docstrings and layout alone, `family` for code that differs in names and values
    too; `found` has the names that were looked up."""

    task: str
    name: str
    request: CodeRequest
    code: str
    identity: str
    family: str
    lines: int
    patterns: tuple[str, ...]
    found: Found
    score: float

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


def asks(library: Library, settings: Settings) -> Iterator[Ask]:
    """Nothing: code is never run."""
    return iter(())


def drafts(library: Library, settings: Settings) -> Iterator[Draft]:
    """Drafts of all code that stands alone; why other code does not is counted."""
    if settings.names is None:
        return
    for place, text in library.texts():
        for found in functions(text, settings.names):
            if isinstance(found, Lost):
                library.leave_out(f"code that {found.reason}")
            else:
                yield draft(found, place, settings)


def draft(found: Function, place: Place, settings: Settings) -> Draft:
    """The draft of one function, class or script."""
    asked = found.request

    def prompt() -> str:
        return code_request(asked.what, asked.told, asked.facts, found.identity)

    return Draft(
        kind="code",
        task=found.task,
        answer=found.identity,
        prompt=prompt,
        completion=found.code,
        proof=found.proof(settings.blender_name),
        places=(place,),
        nodes=found.lines,
        family=found.family,
        score=found.score,
        rank=[not asked.told, found.name],
        among="code",
        features=packed(code_features(found.code)),
        more={"patterns": list(found.patterns)},
    )


def functions(text: str, names: Names) -> Iterator[Function | Lost]:
    """What a text gives, and what of it cannot be used, with the reason."""
    for unit in units(text, names):
        if isinstance(unit, Lost):
            yield unit
        else:
            yield _function(unit, names)


def _function(unit: Unit, names: Names) -> Function | Lost:
    try:
        code = without_private(unit.text).strip("\n") + "\n"
    except (SyntaxError, tokenize.TokenError, RecursionError):
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
    identity, family = digest(shape(module)), digest(shape(module, names=False))
    return Function(unit.kind, unit.name, asked, code, identity, family, lines, patterns(module), found, score)


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


def shape(node: Any, names: bool = True) -> Any:
    """A syntax tree as JSON without places, comments and docstrings (and without `names` of its own and values), the
    same in every Python."""
    if isinstance(node, list):
        return [shape(inner, names) for inner in node]
    if not isinstance(node, ast.AST):
        return node if isinstance(node, str | int | bool | None) else repr(node)
    told: list[Any] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "kind", "type_comment", "type_ignores", "type_params") or value is None or value == []:
            continue
        if not names and (name in ("id", "name") or isinstance(node, ast.Constant | ast.arg)):
            continue
        if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            value = [one for place, one in enumerate(value) if place or not _is_text(one)]
        told.append([name, shape(value, names)])
    return told


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _score(asked: CodeRequest, found: Found, module: ast.Module) -> float:
    """0 to 1: half of it for the share of names that could be looked up, the rest for a person's words and length."""
    looked_up = len(found.checked) / (len(found.checked) + len(found.unchecked))
    statements = sum(isinstance(node, ast.stmt) for node in ast.walk(module))
    return round(0.5 * looked_up + 0.3 * bool(asked.told) + 0.2 * min(1.0, statements / 15), 3)
