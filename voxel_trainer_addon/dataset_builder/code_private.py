# SPDX-License-Identifier: GPL-3.0-or-later
"""What is nobody's business, taken out of Python: e-mail addresses, keys, folders of a disk and who wrote a line.

Only texts and comments are looked at: in code, `matrix@vector.co` is no address.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

from ..bpy_code import source
from ..worker.private import ASSIGNED, KEY, LOGIN, without_paths

AUTHOR = re.compile(
    r"^[ \t]*(?:[#*@:\-\"']|r?\"{3})*[ \t]*(?:@|:)?(?:authors?|maintainers?|contact|copyright|\(c\)|created by"
    r"|written by|coded by|made by|modified by|contributors?|credits?|e-?mail)\b[ \t]*(?:[:=(©]|by\b|\d).*$",
    re.IGNORECASE,
)
EMAIL = re.compile(r"<?\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[A-Za-z]{2,12}\b>?")
"""An address with nothing of the quotes around it."""
AUTHOR_KEYS = frozenset({"author", "authors", "maintainer", "email", "__author__", "__email__", "__credits__"})


def without_private(code: str) -> str:
    """`code` without private things. Raises SyntaxError where it does not parse; what comes out may not either."""
    module = source.tree(code)
    if module is None:
        raise SyntaxError
    lines = code.split("\n")
    authors = set(_authors(module))
    for (row, start), (last, end) in sorted({*_texts(module), *authors}, reverse=True):
        before, after = _bytes(lines[row - 1])[:start], _bytes(lines[last - 1])[end:]
        whole = "\n".join(lines[row - 1 : last])
        inner = _bytes(whole)[len(before) : len(_bytes(whole)) - len(after)].decode()
        changed = '""' if ((row, start), (last, end)) in authors else scrubbed(inner)
        if changed != inner:
            lines[row - 1 : last] = (before.decode() + changed + after.decode()).split("\n")
    text = ASSIGNED.sub(r"\1\2[secret]\2", "\n".join(lines))
    return _comments(text)


def scrubbed(text: str) -> str:
    """A text or comment, quotes and all, without private things."""
    return without_paths(EMAIL.sub("[address]", LOGIN.sub("", KEY.sub("[secret]", text))))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8")


Place = tuple[int, int]


def _texts(module: ast.Module) -> list[tuple[Place, Place]]:
    """Where texts stand; a formatted one as a whole."""
    found: list[tuple[Place, Place]] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            found.append(((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)))
            return
        for inner in ast.iter_child_nodes(node):
            walk(inner)

    walk(module)
    return found


def _authors(module: ast.Module) -> list[tuple[Place, Place]]:
    """Where a text names who wrote the script: `"author": "…"` and `__author__ = "…"`."""
    values: list[ast.expr] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values += [value for key, value in pairs if isinstance(key, ast.Constant) and key.value in AUTHOR_KEYS]
        elif isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            values += [node.value] if names & AUTHOR_KEYS else []
    texts = [value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return [((t.lineno, t.col_offset), (t.end_lineno or 0, t.end_col_offset or 0)) for t in texts]


def _comments(code: str) -> str:
    """`code` with its comments scrubbed, and lines in comments and docstrings that name who wrote it left out."""
    lines = code.split("\n")
    gone: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        row = token.start[0] - 1
        if token.type == tokenize.COMMENT:
            alone = not lines[row][: token.start[1]].strip()
            if alone and AUTHOR.match(token.string):
                gone.add(row)
            else:
                kept = "" if AUTHOR.match(token.string) else scrubbed(token.string)
                lines[row] = (lines[row][: token.start[1]] + kept).rstrip()
        elif token.type == tokenize.STRING and token.end[0] > token.start[0]:
            inner = range(row + 1, token.end[0] - 1)
            gone |= {place for place in inner if AUTHOR.match(lines[place])}
    return "\n".join(line for place, line in enumerate(lines) if place not in gone)
