# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts changed by chance, as models and strangers might change them."""

from __future__ import annotations

import re
from random import Random

TOKEN = re.compile(r"\w+|\"[^\"\n]*\"|[^\w\s]")
FOREIGN = (
    *(
        "__import__('os').system('true')",
        "exec('1')",
        "eval('1')",
        "lambda: 0",
        "tree.__class__",
        "open('x', 'w').write",
    ),
    *("bpy.ops.wm.quit_blender()", "bpy.app.handlers", "print(tree)", "[x for x in (1, 2)]", "f'{tree}'", "import os"),
    *("0", "-1", "1e999", "10 ** 9", "9" * 30, "None", "True", "...", "b'\\x00'", "'\\ud800'", "''", "1j", "()", "{}"),
    *("set()", "{1}", "{'a': tree}", "range(3)", "range(10 ** 12)", "zip((1,), (2,))", "enumerate(5)", "float('nan')"),
    *("tree", "bpy", "bpy.data", "curve", "node", "tree.nodes", "tree.links.new", "tree.interface", "(1, 2) * 3"),
    *(
        ".nodes",
        ".new",
        ".path_from_id()",
        "[0]",
        "['x']",
        "(",
        ")",
        "=",
        "==",
        ":=",
        "*",
        "**",
        ",",
        ";",
        ":",
        "@",
        "\\",
    ),
)
"""What is put in place of a token: foreign, hostile, or ours where it does not belong."""


def changed(code: str, dice: Random) -> str:
    """The code after one to three changes."""
    for _ in range(dice.randint(1, 3)):
        code = dice.choice((_token, _token, _token, _lines, _span))(code, dice)
    return code


def _token(code: str, dice: Random) -> str:
    """Another token, of the same script or a foreign one, in place of one, behind it, or none."""
    tokens = list(TOKEN.finditer(code))
    if not tokens:
        return code
    old = dice.choice(tokens)
    new = dice.choice((dice.choice(FOREIGN), dice.choice(tokens)[0], ""))
    return code[: dice.choice((old.start(), old.end()))] + new + code[old.end() :]


def _lines(code: str, dice: Random) -> str:
    """Lines that are gone, stand twice, or stand elsewhere."""
    lines = code.splitlines(keepends=True)
    start = dice.randrange(len(lines) or 1)
    taken = lines[start : start + dice.randint(1, 4)]
    rest = lines[:start] + lines[start + len(taken) * dice.randint(0, 1) :]
    place = dice.randrange(len(rest) + 1)
    return "".join(rest[:place] + taken * dice.randint(0, 2) + rest[place:])


def _span(code: str, dice: Random) -> str:
    """A few characters that are gone."""
    start = dice.randrange(len(code) or 1)
    return code[:start] + code[start + dice.randint(1, 20) :]
