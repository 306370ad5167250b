# SPDX-License-Identifier: GPL-3.0-or-later
"""The example of the dataset that is shown, as a frozen value with harmless texts. No bpy."""

from __future__ import annotations

from dataclasses import dataclass

from ..examples import called
from ..prompts import FENCE
from ..runs import Preview
from ..words import counted, harmless

LINES_SHOWN = 10
PROMPT_CHARS, TITLE_CHARS = 900, 60


@dataclass(frozen=True)
class Example:
    """One of `count` examples, from 0. `asked` and `answer` are lines, `more` says how many the answer has besides;
    `wraps`: the answer is in words."""

    at: int
    count: int
    title: str
    asked: tuple[str, ...]
    answer: tuple[str, ...]
    more: str
    about: str
    wraps: bool


def example_of(preview: Preview) -> Example | None:
    """The example that is shown now, None where there is none."""
    if not preview.rows:
        return None
    row = preview.rows[preview.at]
    lines = [harmless(line.expandtabs(4)).rstrip() for line in row["completion"].strip("\n").splitlines()]
    shown = tuple(lines[:LINES_SHOWN])
    rest = max(row["lines"], len(lines)) - len(shown)
    task = f", {row['task']}" if row["task"] != row["kind"] else ""
    proof = f"Proof: {row['proof']}, Blender {row['blender_version']}. From {row['source']} ({row['licence']})."
    return Example(
        at=preview.at,
        count=len(preview.rows),
        title=harmless(f"{called(row['kind'])}{task}", TITLE_CHARS),
        asked=_asked(row["prompt"]),
        answer=shown,
        more=f"… and {counted(rest, 'more line')}" if rest > 0 else "",
        about=harmless(proof),
        wraps=row["form"] == "words",
    )


def _asked(prompt: str) -> tuple[str, ...]:
    """The request in words; given code is counted."""

    words = FENCE.sub(lambda fence: f"(and code of {counted(len(fence[3].splitlines()), 'line')})", prompt)
    lines = words[:PROMPT_CHARS].splitlines()
    return tuple(harmless(" ".join(line.split())) for line in lines if line.strip())
