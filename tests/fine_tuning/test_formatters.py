# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in the platforms' formats pass their rules, and each rule that is broken is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon import prompts
from voxel_trainer_addon.files import read_jsonl, write_jsonl
from voxel_trainer_addon.fine_tuning import claude_formatter, openai_formatter, platform_files

pytestmark = pytest.mark.plain

ROW = {"kind": "tree", "prompt": "Make a bump.", "completion": "import bpy\n"}
ANSWER = {"role": "assistant", "content": prompts.answer("import bpy\n")}


def lines(value: dict[str, Any], count: int = 40) -> list[str]:
    return [json.dumps(value)] * count


def test_openai_rows_are_chats() -> None:
    value = openai_formatter.line(ROW)
    assert value == {"messages": [*prompts.messages(ROW), ANSWER]}
    assert openai_formatter.check(lines(value)) == []
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}}
    seen = openai_formatter.line({**ROW, "prompt": [{"type": "text", "text": "Make this."}, picture]})
    assert openai_formatter.check(lines(seen)) == []


def test_claude_rows_hold_the_system_message_apart() -> None:
    value = claude_formatter.line(ROW)
    assert value == {"system": prompts.SYSTEM, "messages": [{"role": "user", "content": "Make a bump."}, ANSWER]}
    assert claude_formatter.check(lines(value)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v["messages"].pop(), "not the assistant's"),
        (lambda v: v["messages"].pop(1), "no user message"),
        (lambda v: v["messages"][1].update(role="human"), "role is none of"),
        (lambda v: v["messages"][1].update(content=" "), "without text"),
        (lambda v: v["messages"][1].update(content=[{"type": "image_url"}]), "without text"),
        (lambda v: v.clear(), "no messages"),
    ],
)
def test_openai_names_what_is_wrong(change: Callable[[Any], Any], words: str) -> None:
    value = openai_formatter.line(ROW)
    change(value)
    assert words in " ".join(openai_formatter.check(lines(value)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v["messages"].pop(), "last message is not the assistant's"),
        (lambda v: v["messages"].reverse(), "user first"),
        (lambda v: v["messages"].insert(0, {"role": "system", "content": "x"}), "roles must alternate"),
        (lambda v: v["messages"][0].update(content=None), "without text"),
        (lambda v: v.update(extra=1), "unknown fields extra"),
        (lambda v: v.update(system=3), "system prompt is not text"),
        (lambda v: v.update(messages=[]), "no messages"),
    ],
)
def test_claude_names_what_is_wrong(change: Callable[[Any], Any], words: str) -> None:
    value = claude_formatter.line(ROW)
    change(value)
    assert words in " ".join(claude_formatter.check(lines(value)))


def test_numbers_of_rows_have_limits() -> None:
    chat, claude = openai_formatter.line(ROW), claude_formatter.line(ROW)
    assert "at least 10" in openai_formatter.check(lines(chat, 9))[0]
    assert openai_formatter.check(lines(chat, 9), training=False) == []
    assert "32 to 10,000" in claude_formatter.check(lines(claude, 31))[0]
    assert "32 to 1,000" in claude_formatter.check(lines(claude, 1001), training=False)[0]


def test_text_that_is_not_json_is_named_with_its_line() -> None:
    assert openai_formatter.check(["{"], training=False) == ["Line 1: not JSON."]
    assert claude_formatter.check([*lines(claude_formatter.line(ROW)), "{"]) == ["Line 41: not JSON."]


def test_files_for_every_platform(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [ROW] * 12)
    write_jsonl(tmp_path / "val.jsonl", [])
    findings = platform_files.write_platform_files(tmp_path)
    assert findings == ["claude/train.jsonl: Bedrock wants 32 to 10,000 training rows for Claude; there are 12."]
    assert list(read_jsonl(tmp_path / "openai" / "train.jsonl")) == [openai_formatter.line(ROW)] * 12
    assert (tmp_path / "claude" / "val.jsonl").read_text() == ""
    assert not (tmp_path / "openai" / "test.jsonl").exists()
