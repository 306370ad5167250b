# SPDX-License-Identifier: GPL-3.0-or-later
"""How a request is worded and an answer framed: one place for dataset, train, evaluate and deploy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .words import harmless

SYSTEM = "You write short bpy scripts for Blender. Answer with the code only."

WORDED = (
    'Make the {noun} "{name}". {description}',
    'Write a bpy script for the {noun} "{name}". {description}',
    'I need a {noun} called "{name}". {description}',
    '{description} Build this as the {noun} "{name}".',
)
"""Requests in an artist's words."""

EXACT = (
    'Make the {noun} "{name}" with exactly these nodes. {description}',
    'bpy script for the {noun} "{name}". {description}',
    '{description} Name the {noun} "{name}".',
)
"""Requests that give the identifiers of nodes and sockets as bpy has them."""

CODE = (
    "Write {what} in Python for Blender. {description}",
    "I need {what} with bpy. {description}",
    "{description} Write this as {what}.",
    "bpy: {what}. {description}",
)
"""Requests for code that is no data-block: functions, operators, panels, scripts."""

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
CODE_LINE = re.compile(r"^(import |from \w|def |class |for .*:|if .*:|with .*:|#|@|[\w.\[\]'\"]+(, ?\w+)* *=|[\w.]+\()")


@dataclass(frozen=True)
class Request:
    """What is asked for, before it is worded. `noun` is the kind of thing ("material"), `name` the exact name that the
    answer must give it, `description` whole sentences that are true of it; `exact`: in bpy's own identifiers."""

    noun: str
    name: str
    description: str
    exact: bool = False

    def text(self, choice: str) -> str:
        """The request as a person would type it. `choice` is a hash in hexadecimal; it picks the wording."""
        wordings = EXACT if self.exact else WORDED
        wording = wordings[int(choice[:8], 16) % len(wordings)]
        return wording.format(noun=self.noun, name=harmless(self.name), description=self.description)


def code_request(what: str, told: str, facts: Sequence[str], choice: str) -> str:
    """A request for code as a person would type it: `what` in a noun phrase, `told` in whole sentences, `facts` as
    predicates of it. Facts are told where nobody told anything else, else in half of the requests."""
    number = int(choice[:8], 16)
    said = []
    if facts and (not told or number // len(CODE) % 2):
        said.append(f"It {', '.join(facts[:-1])} and {facts[-1]}." if len(facts) > 1 else f"It {facts[0]}.")
    return CODE[number % len(CODE)].format(what=what, description=" ".join([told, *said] if told else said))


def messages(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The chat before the answer: system and user, from a dataset row (or anything with a `prompt`)."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": row["prompt"]}]


def answer(code: str) -> str:
    """`code` framed as the assistant's answer."""
    return f"```python\n{code.strip()}\n```"


def code_of(answer: str) -> str:
    """The code in an answer: its longest fenced block (the last may lack its end), or the bare lines from the first
    that looks like Python on; empty where there is none. Ends with a newline where it is not empty."""
    fenced = FENCE.findall(answer)
    blocks = [block for _, language, block in fenced if language.lower() in ("", "python", "py", "python3")]
    if not blocks and "```" not in answer:
        lines = answer.splitlines()
        start = next((i for i, line in enumerate(lines) if CODE_LINE.match(line)), len(lines))
        blocks = ["\n".join(lines[start:])]
    code = max(blocks, key=len, default="").strip("\n")
    return code + "\n" if code.strip() else ""
