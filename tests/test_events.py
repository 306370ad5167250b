# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: a strict writer, a reader that no torn line stops, and the state folded from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel_trainer_addon.events import KINDS, EventLog, Follower, RunState, event
from voxel_trainer_addon.words import duration, harmless, size

pytestmark = pytest.mark.plain


def test_writer_is_strict() -> None:
    with pytest.raises(ValueError, match="wants"):
        event("note", words="no stage")
    with pytest.raises(KeyError):
        event("gossip")


def test_reader_survives_lines_torn_at_every_place(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    whole = b"".join(
        json.dumps(event("note", stage="parse", words=words), ensure_ascii=False).encode() + b"\n"
        for words in ("岩", "é" * 9, "last")
    )
    follower, seen = Follower(path), list[str]()
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        seen += [line["words"] for line in follower.read()]
    assert seen == ["岩", "é" * 9, "last"]


def test_reader_skips_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind": "gossip"}\nnot json\n[1]\n' + json.dumps(event("paused", stage="parse")) + "\n")
    assert [line["kind"] for line in Follower(path).read()] == ["paused"]
    assert not list(Follower(tmp_path / "missing").read())


def test_state_goes_through_a_file_unchanged(tmp_path: Path) -> None:
    log, state = EventLog(tmp_path / "events.jsonl"), RunState()
    for line in (
        event("run", id="1", version="0", blender="5.2.3", stages=["harvest", "parse"], data="training_data"),
        event("stage", stage="parse", state="started", words=""),
        event("progress", stage="parse", done=3, total=9, aside=1, item="a.blend", left_s=None),
        event("loss", stage="train", step=1, loss=2.5, held_out=None, seconds=4.0),
        event("paused", stage="parse"),
    ):
        log.write(line)
        state.fold(line)
    log.close()
    assert (state.stage, state.stages["parse"].done, state.paused) == ("parse", 3, True)
    again = RunState.from_json(json.loads(json.dumps(state.as_json())))
    assert again == state


def test_strangers_names_are_harmless() -> None:
    assert harmless("\x1b[31mred\x07\u202egpj.exe") == " [31mred gpj.exe"
    assert harmless("岩石" * 40, 10) == "岩石岩石岩石岩石岩…"
    assert harmless("\ud800x") == "x"


def test_numbers_as_people_read_them() -> None:
    assert [size(n) for n in (0, 812, 4_230_000, 1_500_000_000)] == ["0 B", "812 B", "4.2 MB", "1.5 GB"]
    assert [duration(n) for n in (8.2, 200, 7500)] == ["8 s", "3 min 20 s", "2 h 5 min"]


def test_every_kind_and_field_is_documented(root: Path) -> None:
    text = (root / "docs" / "formats.md").read_text(encoding="utf-8")
    for kind, fields in KINDS.items():
        assert f"| `{kind}` |" in text
        for name, meaning in fields.items():
            assert f"`{name}` | {meaning} |" in text, f"{kind}.{name} is not in docs/formats.md as events.py has it"
