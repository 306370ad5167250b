# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in the format for tuning Claude on Amazon Bedrock, and what its published rules say against a file of them.

Rules of a line: Anthropic's cookbook, "Finetuning Claude 3 Haiku on Bedrock"
(https://platform.claude.com/cookbook/finetuning-finetuning-on-bedrock): an optional `system`, then at least two
`messages` that alternate, the user first, the assistant last, and no other fields. Numbers of rows: the
quotas of Amazon Bedrock for that model as they were in 2025 (its user guide, "Quotas for Amazon Bedrock").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .. import prompts

TRAINING = (32, 10_000)
VALIDATION = (32, 1_000)
FIELDS = {"system", "messages"}


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset row as one example."""
    system, *messages = prompts.messages(row)
    answer = {"role": "assistant", "content": prompts.answer_of(row)}
    return {"system": system["content"], "messages": [*messages, answer]}


def check(lines: Iterable[str], *, training: bool = True) -> list[str]:
    """What is wrong with a file's lines, as sentences; empty where nothing is. `training` False: a validation file."""
    found, count = [], 0
    for count, text in enumerate(lines, 1):
        found += [f"Line {count}: {words}" for words in faults(text)]
    fewest, most = TRAINING if training else VALIDATION
    if not fewest <= count <= most:
        what = "training" if training else "validation"
        found.append(f"Bedrock wants {fewest} to {most:,} {what} rows for Claude; there are {count:,}.")
    return found


def faults(text: str) -> list[str]:
    """What is wrong with one line, as sentences; empty where nothing is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ["not JSON."]
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list) or not value["messages"]:
        return ["no messages."]
    faults = []
    if set(value) - FIELDS:
        faults.append(f"unknown fields {', '.join(sorted(set(value) - FIELDS))}.")
    if not isinstance(value.get("system", ""), str):
        faults.append("the system prompt is not text.")
    for number, message in enumerate(value["messages"]):
        wanted = ("user", "assistant")[number % 2]
        if not isinstance(message, dict) or message.get("role") != wanted:
            faults.append(f"message {number + 1} is not the {wanted}'s; the roles must alternate, the user first.")
        elif not isinstance(message.get("content"), str) or not message["content"].strip():
            faults.append(f"message {number + 1} is without text.")
    if len(value["messages"]) % 2:
        faults.append("the last message is not the assistant's.")
    return faults
