# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model is told. A wish is worded as in the datasets; names and scripts of the artist's are data in fences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ... import prompts
from ...errors import UserError
from ...nearest import Nearest
from ...words import harmless
from .wish import Wish

Messages = list[dict[str, str]]
SHOTS = 4
SHOTS_CHARACTERS = 16_000
"""Examples that a chat model is shown, and characters of them: about 5,000 tokens."""
SCRIPT_MAX = {True: 12_000, False: 60_000}
"""Characters of a tree's script that a tuned model was trained to read, and that any other is handed."""
NEW = (
    "The script runs in an empty file and makes one {noun} with all its nodes, links and values, and its output linked."
)
CHANGE = (
    "The script that is given has run already; what you write runs after it and changes the {noun} that is there. "
    "Leave alone what was not asked for."
)


def examples(rows: Iterable[Mapping[str, Any]], wish: Wish, blender: str, *, own: bool) -> Nearest:
    """The rows that answer wishes of this kind, of this Blender where there are any; `own`: those made of the person's
    own files too, which must not leave this computer."""
    kind = "edit" if wish.tree else "tree"
    fitting = [
        row
        for row in rows
        if row["kind"] == kind
        and row.get("form", "code") == "code"
        and _is_of(wish, row)
        and (own or not any(source["licence"] == "own" for source in row.get("sources", ())))
    ]
    minor = blender.rpartition(".")[0] + "."
    return Nearest([row for row in fitting if str(row["blender_version"]).startswith(minor)] or fitting)


def _is_of(wish: Wish, row: Mapping[str, Any]) -> bool:
    owner = str(row["key"]).partition("/")[0]
    if wish.tree:
        return owner == wish.tree.partition("/")[0]
    return owner in wish.target.owners and (owner != "node_groups" or wish.target.type in row["completion"])


def first(wish: Wish, script: str, blender: str, *, tuned: bool, shown: Sequence[Mapping[str, Any]]) -> Messages:
    """The chat that asks for an answer. `script` makes the tree that is to be changed; `shown` are examples. Raises
    UserError where the script is too long."""
    if len(script) > SCRIPT_MAX[tuned]:
        raise UserError(f"This tree is too large to be changed by words: {len(script):,} characters as code.")
    if wish.tree:
        graph = wish.graphs[wish.tree]
        words = prompts.EDIT[0].format(name=f'{wish.noun} "{harmless(graph.name)}"', changes=wish.text)
        prompt = prompts.with_code(prompts.with_rule(words, 0), script)
    else:
        prompt = prompts.wished(wish.noun, wish.text)
    system, user = prompts.messages({"prompt": prompt})
    if not tuned:
        kind = (CHANGE if wish.tree else NEW).format(noun=wish.noun)
        system = {**system, "content": prompts.UNTUNED.format(blender=blender, kind=kind)}
    return [system, *(turn for row in shown for turn in prompts.turns(row)), user]


def repair(chat: Messages, code: str, wish: Wish, blender: str, line: int, error: str) -> Messages:
    """The chat, its answer, and what Blender said of that."""
    words = prompts.FAILED[0].format(name=wish.noun, blender=blender, line=line, error=harmless(error, 500))
    return [*chat, {"role": "assistant", "content": prompts.answer(code)}, {"role": "user", "content": words}]
