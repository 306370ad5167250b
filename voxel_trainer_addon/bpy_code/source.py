# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script's text tells before it runs: does it parse, does it import bpy, which statements does it have."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

MENTION = re.compile(r"^[ \t]*(?:import|from)[ \t]+(?:[\w., \t]*,[ \t]*)?bpy\b", re.MULTILINE)
SIZE_MAX = 1_000_000
"""Characters beyond which a script is not read: no answer of a model is that long, and parsing takes memory."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement: its source text and its first line, from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class Statements:
    """A script's top-level statements in order, and how many lines no parser would take."""

    kept: tuple[Statement, ...]
    dropped: int


def tree(code: str) -> ast.Module | None:
    """The syntax tree of `code`; None where it does not parse."""
    if len(code) > SIZE_MAX:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parses(code: str) -> bool:
    """Whether `code` is Python with at least one statement: prose and emptiness are failures."""
    module = tree(code)
    return module is not None and bool(module.body)


def imports_bpy(code: str) -> bool:
    """Whether a statement of `code` imports bpy or something from it; False where it does not parse."""
    module = tree(code)
    if module is None:
        return False
    return any(
        (isinstance(node, ast.Import) and any(name.name.partition(".")[0] == "bpy" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "bpy")
        for node in ast.walk(module)
    )


def mentions_bpy(text: str) -> bool:
    """Whether a line of the text imports bpy, whether it parses or not: quick, for whatever comes from a disk."""
    return MENTION.search(text) is not None


def mended(code: str) -> tuple[str, int]:
    """`code` with the lines blanked that keep it from parsing, and how many these are.

    An answer that was cut off mostly has one such line, its last. The text is empty where nothing is left.
    """
    if len(code) > SIZE_MAX:
        return "", code.count("\n") + 1
    lines = code.replace("\x00", " ").splitlines()
    blanked: set[int] = set()
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
            while at in blanked or not lines[at].strip():
                at -= 1
                if at < 0:
                    return "", sum(1 for line in code.splitlines() if line.strip())
            lines[at] = ""
            blanked.add(at)
        except (ValueError, RecursionError, MemoryError):
            return "", len(lines)
        else:
            return "\n".join(lines), len(blanked)


def statements(code: str) -> Statements:
    """The top-level statements of `code`, lines that do not parse left out and counted."""
    text, dropped = mended(code)
    module = tree(text)
    if module is None:
        return Statements((), dropped)
    kept = tuple(Statement(ast.get_source_segment(text, node) or "", node.lineno) for node in module.body)
    return Statements(kept, dropped)
