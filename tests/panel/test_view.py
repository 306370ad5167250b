# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read: each state of a run as view and layout, without Blender."""

from __future__ import annotations

import importlib.util
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.events import event
from voxel_trainer_addon.examples import SAMPLE
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.panel import curve, draw, draw_examples, draw_training
from voxel_trainer_addon.panel.remote import Remote
from voxel_trainer_addon.panel.view import View
from voxel_trainer_addon.runs import Choices, Phase, Program

pytestmark = pytest.mark.plain

spec = importlib.util.spec_from_file_location("recorder", Path(__file__).with_name("recorder.py"))
assert spec and spec.loader
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)

RUN = event("run", id="r", version="0.1.0", blender="5.2.3", stages=["harvest", "parse", "train"], data="d")
HARVESTED = event("stage", stage="harvest", state="done", words="Found 9 files.")
PARSING = event("stage", stage="parse", state="started", words="")


def parsed(done: int, item: str = "chair.blend", left_s: float | None = None, aside: int = 0) -> dict[str, Any]:
    return event("progress", stage="parse", done=done, total=40, aside=aside, item=item, left_s=left_s)


def looking_at(data: Path, *events: dict[str, Any], alive: bool = True) -> Remote:
    """A remote control after a run has written `events`, while its lock is held or (not `alive`) free."""
    folder = data / "runs" / "20260101-000000-0000"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in events))
    remote = Remote()
    with FolderLock(data / ".lock") as lock:
        assert not alive or lock.acquire()
        remote.open(data / "choices.json", str(data))
        for _ in range(2):
            remote.tick()
        remote.session._looked = 0.0
        remote.tick()
    remote.refresh()
    return remote


def drawn(view: View, columns: int = 34) -> Any:
    layout = recorder.Recorder()
    draw.main(layout, view, Choices(), columns)
    return layout


def test_idle_offers_one_thing(tmp_path: Path) -> None:
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path / "data"))
    layout = drawn(remote.view)
    assert layout.of("prop") == ["folder", "licence", "data"]
    assert layout.of("operator") == ["voxel.start", "voxel.copy_command"]
    assert not layout.of("label")
    remote.choices.bundled = False
    assert remote.refresh()
    assert "folder to harvest" in remote.view.lacking


def test_a_chosen_folder_tells_what_it_holds_once_the_panel_was_seen(tmp_path: Path) -> None:
    (tmp_path / "a.blend").write_bytes(b"BLENDER-v402")
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path / "data"))
    remote.choices.folder = str(tmp_path)
    remote.tick()
    assert not remote.view.holds and remote.interval == 1.0
    remote.seen = True
    while not remote.view.holds:
        remote.tick()
    assert "1 .blend file, 12 B, saved by Blender 4.2" in drawn(remote.view, 80).of("label")
    assert remote.interval == 1.0 and not remote.tick()


def test_running_shows_where_it_is(tmp_path: Path) -> None:
    beat = event("beat", rss_mb=812, workers=2)
    view = looking_at(tmp_path, RUN, HARVESTED, PARSING, parsed(12, left_s=83.0, aside=2), beat).view
    layout = drawn(view)
    assert view.phase is Phase.RUNNING
    assert ("progress", "12 of 40", "0.30") in layout.drawn
    assert [words for words in layout.of("operator")] == ["voxel.pause", "voxel.cancel"]
    for words in ("chair.blend", "About 1 min 25 s left in this stage", "2 workers, 0.8 GB of memory", "Train"):
        assert words in layout.of("label")


def test_training_counts_time(tmp_path: Path) -> None:
    train = event("progress", stage="train", done=90, total=300, aside=0, item="step 12", left_s=210.0)
    view = looking_at(tmp_path, RUN, event("stage", stage="train", state="started", words=""), train).view
    assert ("progress", "1 min 30 s of 5 min", "0.30") in drawn(view).drawn


TRAIN = event("stage", stage="train", state="started", words="")


def job(**fields: Any) -> dict[str, Any]:
    told = {"job": "ab12", "words": "tiny on 9 rows of rocks", "resumed": False, "losses": [], "held_out": []}
    return event("job", **{"stage": "train", "log": "models/rocks/.training-ab12/log.jsonl", **told, **fields})


def loss(step: int, value: float | None, held_out: float | None = None, **figures: float) -> dict[str, Any]:
    none = dict.fromkeys(("rate", "tokens_s", "answer_tokens_s", "memory_mb", "left_s"))
    told = {"steps": 40, "loss": value, "held_out": held_out, "seconds": 2.0 * step}
    return event("loss", stage="train", step=step, **{**none, **told, **figures})


def trained(view: View, *, alive: bool) -> Any:
    layout = recorder.Recorder()
    assert view.training
    draw_training.training(layout, view.training, 7, 60, alive=alive)
    return layout


def test_a_training_shows_its_curve_and_figures(tmp_path: Path) -> None:
    figures = {"rate": 1.5e-4, "tokens_s": 210.4, "answer_tokens_s": 88.0, "memory_mb": 3900.0, "left_s": 95.0}
    warned = event("warning", stage="train", code="rising", words="The loss on held-out rows rises.")
    told = (loss(0, None, 2.5), loss(1, 2.4), loss(2, 2.0, 1.9, **figures), warned)
    remote = looking_at(tmp_path, RUN, TRAIN, job(), *told)
    shown = remote.view.training
    assert shown and shown.train == ((2.0, 2.4), (4.0, 2.0)) and shown.held == ((0.0, 2.5), (4.0, 1.9))
    layout = trained(remote.view, alive=True)
    for words in (
        "tiny on 9 rows of rocks",
        "Loss 2.40 to 2.00, held-out 2.50 to 1.90",
        "Step 2 of 40, rate 0.00015",
        "210 tokens/s, 88 of answers",
        "3.9 GB of memory, about 1 min 35 s left",
        "The loss on held-out rows rises.",
    ):
        assert words in layout.of("label")
    assert layout.of("picture") == ["7"] and layout.of("operator") == ["voxel.open_log"]


def test_a_resumed_job_says_so_and_an_ended_one_is_done_again(tmp_path: Path) -> None:
    before = {"losses": [[1.0, 3.0], [2.0, 2.5]], "held_out": [[0.0, 3.1]]}
    ended = event("ended", exit=0, words="", report="", next=[])
    remote = looking_at(tmp_path, RUN, TRAIN, job(resumed=True, **before), loss(3, 2.0), ended, alive=False)
    shown = remote.view.training
    assert shown and len(shown.train) == 3
    layout = trained(remote.view, alive=False)
    assert "Resumed from its checkpoint" in layout.of("label")
    assert layout.of("operator") == ["voxel.open_log", "voxel.train_again", "voxel.train_with_changes"]


def test_a_run_that_trains_nothing_shows_no_training(tmp_path: Path) -> None:
    assert looking_at(tmp_path, RUN, PARSING).view.training is None


def test_the_log_is_found_where_the_finished_job_took_it(tmp_path: Path) -> None:
    remote = looking_at(tmp_path, RUN, TRAIN, job())
    assert remote.log() is None
    made = tmp_path / "models" / "rocks" / "v1"
    made.mkdir(parents=True)
    (made / "job.json").write_text('{"id": "ab12"}')
    (made / "log.jsonl").touch()
    assert remote.log() == made / "log.jsonl"


def test_a_curve_is_drawn_from_left_to_right_and_any_number_fits() -> None:
    falling = [(float(x), 4.0 - x / 30) for x in range(100)]
    drawn = curve.picture(falling, [(0.0, 4.0), (99.0, 1.0)], 0.0)
    inked = [at for at, pixel in enumerate(drawn) if pixel == curve.TRAIN]
    first = [at // curve.WIDTH for at in inked if at % curve.WIDTH < 40]
    last = [at // curve.WIDTH for at in inked if at % curve.WIDTH > 220]
    assert first and last and min(first) > max(last)
    assert curve.HELD in drawn and len(drawn) == curve.WIDTH * curve.HEIGHT
    nothing = curve.picture([], [])
    assert set(nothing) == {0, curve.GRID}
    for odd in ([(0.0, math.inf)], [(0.0, 0.0)], [(5.0, math.nan), (6.0, 1.0)], [(1.0, 2.0)] * 3):
        assert len(curve.picture(odd, odd)) == curve.WIDTH * curve.HEIGHT


def test_a_note_stands_where_there_is_no_item_yet_and_goes_with_its_stage(tmp_path: Path) -> None:
    train = event("stage", stage="train", state="started", words="")
    note = event("note", stage="train", words="The training environment is made once: about 260 MB to download.")
    remote = looking_at(tmp_path, RUN, HARVESTED, train, note)
    layout = drawn(remote.view, 80)
    assert "The training environment is made once: about 260 MB to download." in layout.of("label")
    assert ("progress", "…", "0.00") in layout.drawn
    remote.session.run.fold(event("stage", stage="evaluate", state="started", words=""))
    remote.refresh()
    assert not remote.view.note


def test_a_row_says_the_first_clause_of_its_outcome(tmp_path: Path) -> None:
    words = {"harvest": "34 files from 2 sources.", "parse": "189 rows (169 train, 6 val), each proven."}
    ends = [event("stage", stage=stage, state="done", words=text) for stage, text in words.items()]
    rows = looking_at(tmp_path, RUN, *ends).view.rows
    assert [row.text for row in rows] == ["34 files from 2 sources", "189 rows", ""]


def test_an_event_that_changes_nothing_shown_redraws_nothing(tmp_path: Path) -> None:
    remote = looking_at(tmp_path, RUN, PARSING, parsed(12))
    before = remote.view
    remote.session.run.fold(event("beat", rss_mb=0, workers=0))
    assert not remote.refresh()
    remote.session.run.fold(parsed(13))
    assert remote.refresh() and remote.view != before


def test_silence_is_told_and_takes_the_place_of_the_time_left(tmp_path: Path) -> None:
    remote = looking_at(tmp_path, RUN, PARSING, parsed(12, left_s=5.0))
    remote.session.run.heard = time.time() - 41
    remote.refresh()
    assert "No news for 41 s" in drawn(remote.view).of("label")
    assert not any("left" in words for words in drawn(remote.view).of("label"))


def test_what_was_asked_is_said_until_it_is_obeyed(tmp_path: Path) -> None:
    remote = looking_at(tmp_path, RUN, PARSING, parsed(12))
    remote.steer("pause")
    assert "Pausing after the work in hand…" in drawn(remote.view, 60).of("label")
    remote.session.run.fold(event("paused", stage="parse"))
    remote.tick()
    remote.refresh()
    layout = drawn(remote.view)
    assert "Paused" in layout.of("label")
    assert layout.of("operator") == ["voxel.resume", "voxel.cancel"]


def test_the_end_is_shown_at_once_however_short_ago_figures_were_drawn(tmp_path: Path) -> None:
    remote = looking_at(tmp_path, RUN, PARSING, parsed(12))
    remote._drawn = time.monotonic()
    remote.session.run.fold(event("ended", exit=int(Exit.INTERRUPTED), words="", report="", next=[]))
    assert remote.tick()
    assert remote.view.resumable


@pytest.mark.parametrize(
    ("status", "headline", "button"),
    [
        (0, "Done", "voxel.start"),
        (3, "Done, with something set aside", "voxel.start"),
        (4, "Done, and the tuned model is worse", "voxel.start"),
        (130, "Cancelled; what is done is kept", "voxel.resume"),
        (70, "The run could not go on", "voxel.resume"),
        (99, "The run could not go on", "voxel.resume"),
    ],
)
def test_the_end_is_told_with_its_exit_state(tmp_path: Path, status: int, headline: str, button: str) -> None:
    end = event("ended", exit=status, words="9 files parsed.", report="datasets/voxel/report.html", next=[])
    remote = looking_at(tmp_path, RUN, PARSING, parsed(9), end)
    layout = drawn(remote.view, 60)
    assert headline in layout.of("label") and ("9 files parsed." in layout.of("label")) == (status != 130)
    assert layout.of("operator")[0] == button
    assert layout.of("operator")[-2:] == ["voxel.open_report", "voxel.open_folder"]
    assert remote.view.report == str(tmp_path / "datasets/voxel/report.html")
    assert not layout.of("progress")


def test_a_dead_run_is_stopped_and_can_go_on(tmp_path: Path) -> None:
    old = {**parsed(9), "t": time.time() - 60}
    view = looking_at(tmp_path, RUN, PARSING, old, alive=False).view
    assert view.phase is Phase.STOPPED
    assert drawn(view).of("operator")[:2] == ["voxel.resume", "voxel.start"]


def test_names_from_strangers_are_harmless_and_long_ones_cut(tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e<script>" + "椅" * 200
    aside = event("aside", stage="parse", item=evil, code="broken", words=evil)
    view = looking_at(tmp_path, RUN, PARSING, parsed(1, item=evil), aside).view
    layout = recorder.Recorder()
    draw.asides(layout, view, 34)
    draw.main(layout, view, Choices(), 34)
    assert any("<script>椅" in words for words in layout.of("label"))
    assert all(len(words) <= 60 and words.isprintable() for words in layout.of("label"))


def sample(data: Path, *more: dict[str, Any]) -> Path:
    """A sample of a dataset as the report leaves it."""
    row = {"split": "train", "kind": "edit", "task": "material", "form": "code", "blender_version": "5.2.3"}
    row |= {"prompt": "Make it finer.\n\n```python\na = 1\nb = 2\n```", "completion": "\n".join(map(str, range(14)))}
    row |= {"lines": 14, "proof": "applied", "source": "a/b.blend", "licence": "CC0-1.0"}
    place = data / "datasets" / "voxel"
    place.mkdir(parents=True, exist_ok=True)
    told = [row, *({**row, **other} for other in more), {"kind": "edit"}]
    (place / SAMPLE).write_text("".join(json.dumps(line) + "\n" for line in told))
    (place / "report.html").write_text("")
    return place


def test_examples_are_shown_one_at_a_time(tmp_path: Path) -> None:
    place = sample(tmp_path, {"kind": "explain", "form": "words", "completion": "It adds two noises. " * 9, "lines": 1})
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path))
    layout = recorder.Recorder()
    assert remote.view.example is not None
    draw_examples.example(layout, remote.view.example, 34)
    told = layout.of("label")
    assert told[0] == "1 of 2: Edits, material" and "… and 4 more lines" in told and "a = 1" not in told
    assert "Make it finer." in told and "(and code of 2 lines)" in told
    assert layout.of("operator")[-1] == "voxel.open_report" and remote.view.report == str(place / "report.html")
    remote.preview.step(1)
    assert remote.refresh() and remote.view.example.title == "Explanations, material"
    layout = recorder.Recorder()
    draw_examples.example(layout, remote.view.example, 34)
    assert max(map(len, layout.of("label"))) <= 34
    remote.preview.step(1)
    assert remote.refresh() and remote.view.example.at == 0


def test_another_dataset_has_its_own_examples_or_none(tmp_path: Path) -> None:
    sample(tmp_path)
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path))
    assert remote.view.example is not None
    remote.choices.name = "other"
    assert remote.refresh() and remote.view.example is None and not remote.view.report


def test_examples_of_strangers_are_harmless(tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e<script>" + "椅" * 2000
    sample(tmp_path, {"kind": evil, "task": evil, "prompt": evil, "completion": evil, "source": evil, "proof": evil})
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path))
    remote.preview.step(1)
    remote.refresh()
    layout = recorder.Recorder()
    assert remote.view.example is not None
    draw_examples.example(layout, remote.view.example, 34)
    assert all(words.isprintable() for words in layout.of("label")) and len(layout.drawn) < 60


def test_the_end_tells_what_the_rows_have_no_room_for(tmp_path: Path) -> None:
    told = [
        event("stage", stage="parse", state="done", words="9 files parsed."),
        event("stage", stage="train", state="aside", words="No CPU build."),
    ]
    end = event("ended", exit=3, words="parse: 9 files parsed. train: No CPU build.", report="", next=[])
    assert looking_at(tmp_path, RUN, HARVESTED, *told, end).view.words == "No CPU build."


def test_a_hash_is_no_name(tmp_path: Path) -> None:
    aside = event(
        "aside", stage="parse", item="0f" * 32, code="too-new", words="a/b.blend: It was saved by Blender 5.0."
    )
    view = looking_at(tmp_path, RUN, PARSING, aside).view
    assert view.asides == (("a/b.blend", "It was saved by Blender 5.0."),)


def test_texts_wrap_to_the_width(tmp_path: Path) -> None:
    words = "This is a sentence that is much longer than the sidebar is wide. " * 3
    view = looking_at(tmp_path, RUN, event("ended", exit=0, words=words, report="", next=[])).view
    for columns in (20, 34, 80):
        assert max(map(len, drawn(view, columns).of("label"))) <= columns
    told = " ".join(drawn(view).of("label"))
    assert words.strip() in told


def test_a_tick_that_fails_is_shown_and_gets_over_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remote = looking_at(tmp_path, RUN, PARSING, parsed(1))
    assert remote.failed(ValueError("a line of another kind"))
    assert not remote.failed(ValueError("a line of another kind"))
    assert "ValueError: a line of another kind" in remote.view.words
    assert capsys.readouterr().err.count("ValueError") == 1
    remote.tick()
    remote.refresh()
    assert not remote.view.words


def test_the_next_blender_finds_the_folder_of_the_last_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path / "by preference"), "/env")
    started: list[list[str]] = []
    monkeypatch.setattr(remote.session, "start", lambda program, words: started.append(words))
    remote.start(Program("blender"), train=False)
    assert started[0][:3] == ["run", "--data", str(tmp_path / "by preference")]
    later = Remote()
    later.open(tmp_path / "choices.json", str(tmp_path / "another"))
    assert later.folder == tmp_path / "by preference"
