# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: a strict writer, a reader that no torn line stops, and the state folded from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.events import KINDS, EventLog, Follower, RunState, event
from voxel_trainer_addon.words import duration, harmless, size

pytestmark = pytest.mark.plain


def loss(step: int, value: float | None, held_out: float | None) -> dict[str, Any]:
    figures = dict.fromkeys(("rate", "answer_tokens_s", "memory_mb", "left_s"))
    return event(
        "loss", stage="train", step=step, steps=9, loss=value, held_out=held_out, seconds=4.0 * step, tokens_s=90.0,
        **figures,
    )  # fmt: skip


def job(**fields: Any) -> dict[str, Any]:
    return event("job", **{"stage": "train", "job": "1", "words": "", "log": "", "resumed": True, **fields})


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
        loss(1, 2.5, None),
        loss(2, 2.25, 2.5),
        event("warning", stage="train", code="rising", words="The loss on held-out rows rises."),
        event("paused", stage="parse"),
    ):
        log.write(line)
        state.fold(line)
    log.close()
    assert (state.stage, state.stages["parse"].done, state.paused) == ("parse", 3, True)
    assert state.losses == [(4.0, 2.5), (8.0, 2.25)] and state.held_out == [(8.0, 2.5)]
    assert state.training == {"step": 2, "steps": 9, "loss": 2.25, "seconds": 8.0, "tokens_s": 90.0}
    again = RunState.from_json(json.loads(json.dumps(state.as_json())))
    assert again == state


def test_a_job_that_goes_on_brings_its_curve_and_the_next_begins_its_own() -> None:
    state = RunState()
    state.fold(job(losses=[[1.0, 3.0], [2.0, 2.0]], held_out=[[0.0, 3.5]]))
    state.fold(loss(3, 1.5, None))
    assert state.losses == [(1.0, 3.0), (2.0, 2.0), (12.0, 1.5)] and state.held_out == [(0.0, 3.5)] and state.resumed
    state.fold(job(losses=[], held_out=[], resumed=False))
    assert not state.losses and not state.training


def test_a_long_curve_keeps_its_ends_and_a_bounded_number_of_points() -> None:
    state = RunState()
    for step in range(5000):
        state.fold(loss(step, 1.0, None))
        assert len(state.losses) <= RunState.LOSSES_KEPT
    assert state.losses[0][0] == 0.0 and state.losses[-1][0] == 4.0 * 4999


def test_a_loss_of_an_older_version_is_taken() -> None:
    state = RunState()
    state.fold({"v": 1, "t": 1.0, "kind": "loss", "step": 1, "loss": 2.0, "held_out": None, "seconds": 3.0})
    assert state.losses == [(3.0, 2.0)] and state.training == {"step": 1, "loss": 2.0, "seconds": 3.0}


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
