# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in OpenAI's chat format for supervised fine-tuning, and what its published rules say against a file of them.

Rules: https://developers.openai.com/docs/guides/supervised-fine-tuning (one JSON object a line with `messages`, each
with a role and content, a text or parts of text and pictures), and the limits of `providers.openai_api`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .. import prompts
from ..providers.openai_api import LIMITS
from ..words import size

ROLES = ("system", "developer", "user", "assistant")


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset row as one training example."""
    return {
        "messages": [
            *prompts.messages(row),
            {"role": "assistant", "content": prompts.answer_of(row)},
        ]
    }


def preference(row: Mapping[str, Any]) -> dict[str, Any]:
    """A pair of answers as one example for direct preference optimisation
    (https://developers.openai.com/docs/guides/direct-preference-optimization)."""
    better, worse = prompts.answer_of(row), prompts.answer(row["rejected"]["completion"], row["form"])
    return {
        "input": {"messages": prompts.messages(row)},
        "preferred_output": [{"role": "assistant", "content": better}],
        "non_preferred_output": [{"role": "assistant", "content": worse}],
    }


def check(lines: Iterable[str], *, training: bool = True) -> list[str]:
    """What is wrong with a file's lines, as sentences; empty where nothing is. `training` False: how many is free."""
    found, count, size_ = [], 0, 0
    for count, text in enumerate(lines, 1):
        size_ += len(text.encode())
        found += [f"Line {count}: {words}" for words in faults(text)]
    if training and count < LIMITS.rows[0]:
        found.append(f"OpenAI wants at least {LIMITS.rows[0]} training rows; there are {count}.")
    if size_ > LIMITS.file_bytes:
        found.append(f"OpenAI takes files of at most {size(LIMITS.file_bytes)}; this one has {size(size_)}.")
    return found


def faults(text: str) -> list[str]:
    """What is wrong with one line, as sentences; empty where nothing is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ["not JSON."]
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not messages:
        return ["no messages."]
    faults = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            faults.append(f"a message whose role is none of {', '.join(ROLES)}.")
        elif not _says(message.get("content")):
            faults.append(f"a message of role {message['role']} without text.")
    roles = [message.get("role") for message in messages if isinstance(message, dict)]
    if "user" not in roles:
        faults.append("no user message.")
    if roles[-1:] != ["assistant"]:
        faults.append("the last message is not the assistant's.")
    return faults


def _says(content: Any) -> bool:
    """Whether there is something in a message: text, or parts each of which is a text or a picture's address."""
    if not isinstance(content, list):
        return isinstance(content, str) and bool(content.strip())
    return bool(content) and all(isinstance(part, dict) and part.get(part.get("type")) for part in content)
