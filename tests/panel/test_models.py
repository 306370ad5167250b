# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate and Models in the panel: what people read, and the words of the commands behind it, without Blender."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.deployment import small_models
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.events import event
from voxel_trainer_addon.panel import draw_evaluating, draw_models
from voxel_trainer_addon.panel.remote import Remote
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Answer, Program, code_copy

pytestmark = pytest.mark.plain

spec = importlib.util.spec_from_file_location("recorder", Path(__file__).with_name("recorder.py"))
assert spec and spec.loader
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)

NAMES = ("evaluated", "against_base", "against_few_shot", "against_retrieval", "against_live", "preset", "evaluate_min")
FIELDS = SimpleNamespace(**dict.fromkeys(NAMES))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return small_models.three(tmp_path)


class Panel:
    """A remote control, and the headless command in the place of its short processes."""

    def __init__(self, folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.remote = folder, capsys, Remote()
        self.remote.open(folder.root / "choices.json", str(folder.root))
        assert self.remote.models
        self.models = self.remote.models
        self.list()

    def answer(self, *words: str) -> Answer:
        self.capsys.readouterr()
        status = main([*self.models.command(*words), "--json"], lambda: None, Path("none"))
        body = json.loads(self.capsys.readouterr().out)
        return Answer(status == 0, body, body.get("error", ""))

    def list(self) -> None:
        self.models.told = self.answer("list").body
        self.remote.refresh()

    def move(self, *words: str) -> None:
        self.models.moving, self.models.moved = words, self.answer(*words)
        self.list()

    def drawn(self, part: str) -> Any:
        layout = recorder.Recorder()
        if part == "models":
            draw_models.models(layout, self.remote.view.models, 34)
        else:
            draw_evaluating.evaluating(layout, self.remote.view, FIELDS, 34)
        return layout


@pytest.fixture
def panel(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> Panel:
    return Panel(folder, capsys)


def test_the_list_has_states_and_one_honest_line_each(panel: Panel) -> None:
    panel.move("promote", "voxel/v1")
    told = panel.drawn("models").of("label")
    assert told[0] == "voxel/v1: live" and "voxel/v2: candidate" in told and "not evaluated" in told
    assert " ".join(told[1:3]) == "runs in 40% of 60 held-out prompts" and told[-1] == "voxel/v1 is live"
    operators = panel.drawn("models").of("operator")
    assert operators.count("voxel.promote") == 2 and "voxel.promote_anyway" not in operators


def test_what_the_gate_refuses_is_told_and_a_reason_overrules_it(panel: Panel) -> None:
    panel.move("promote", "voxel/v1")
    panel.move("promote", "voxel/v3")
    shown = panel.remote.view.models
    assert shown.note == (
        "ERROR",
        ("voxel/v3 was not taken", "voxel/v3 was not evaluated. Run `evaluate --name voxel --model voxel/v3`."),
    )
    assert shown.force == "voxel/v3" and panel.drawn("models").of("operator")[-2:] == [
        "voxel.promote_anyway",
        "voxel.roll_back",
    ]
    panel.move("promote", "voxel/v3", "--force=a trial")
    shown = panel.remote.view.models
    assert (shown.live, shown.back, shown.force) == ("voxel/v3", "voxel/v1", "")
    assert shown.note and shown.note[1][-1].startswith("Overruled: voxel/v3 was not evaluated.")
    panel.move("rollback")
    assert panel.remote.view.models.note == ("CHECKMARK", ("voxel/v1 is live",))
    assert [(row.id, row.state) for row in panel.remote.view.models.rows][-1] == ("voxel/v3", "retired")


def test_nothing_overrules_weights_that_are_not_whole(panel: Panel) -> None:
    (panel.folder.model("voxel", "v2") / "model" / "model.safetensors").write_bytes(b"cut")
    panel.move("promote", "voxel/v2")
    shown = panel.remote.view.models
    assert shown.note and "not those that were trained" in shown.note[1][1] and not shown.force
    panel.move("rollback")
    assert panel.remote.view.models.note == (
        "ERROR",
        ("No model was live before this that could be gone back to.",),
    )


def test_the_newest_model_is_evaluated_unless_another_is_chosen(panel: Panel) -> None:
    remote = panel.remote
    data = str(panel.folder.root)
    assert remote.evaluate_words() == ["evaluate", "--data", data, "--name", "voxel", "--model", "voxel/v3"]
    assert "voxel.evaluate" in panel.drawn("evaluate").of("operator")
    panel.move("promote", "voxel/v1")
    remote.choices.evaluated, remote.choices.against = "voxel/v2", ["base"]
    remote.choices.against_live, remote.choices.evaluate_min, remote.choices.preset = True, 2.5, "full"
    remote.refresh()
    assert "against_live" in panel.drawn("evaluate").of("prop")
    told = "--name voxel --model voxel/v2 --preset full --budget 2.5m --against base --against voxel/v1"
    assert " ".join(remote.evaluate_words()[3:]) == told
    assert remote.choices.minutes == 2.5 and remote.choices.opponents == ("base",)


def test_the_result_is_one_sentence_and_the_main_figures(panel: Panel) -> None:
    assert "Result of" not in " ".join(panel.drawn("evaluate").of("label")), "the newest was not evaluated"
    panel.remote.choices.evaluated = "voxel/v1"
    panel.remote.refresh()
    told = panel.drawn("evaluate").of("label")
    start = told.index("Result of voxel/v1")
    assert " ".join(told[start + 1 :]).startswith(
        "The tuned model is not shown to be better or worse than the base model. has the nodes wanted"
    )
    assert told[-5:] == ["runs in Blender", "  base model", "10 % (5 to 20 %)", "  tuned model", "40 % (29 to 53 %)"]
    assert "0.40 (0.29 to 0.53)" in told
    assert panel.remote.view.evaluating.report.endswith("report.html")
    small_models.evaluated(panel.folder.model("voxel", "v2"), finished_at="2026-11-22T10:00:00Z")
    panel.list()
    assert not panel.remote.view.evaluating.report, "the report is about the model that was evaluated last"


def test_what_the_part_tells_is_not_told_twice(panel: Panel) -> None:
    remote, words = panel.remote, "12 prompts of 12 compared. Better than the base model: 0.92 against 0.08."
    told = {"version": "0.1.0", "blender": "5.2.3", "data": "d", "stages": ["evaluate"]}
    remote.session.id = "r"
    for line in (event("run", id="r", **told), event("ended", exit=0, words=words, report="", next=[])):
        remote.session.run.fold(line)
    remote.refresh()
    assert remote.view.words == words and not remote.view.harvested
    remote.choices.evaluated = "voxel/v2"
    remote.refresh()
    assert not remote.view.words


def test_short_commands_are_asked_again_where_something_changed(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "print('Blender 5.2.3')\n"
        "if 'list' not in sys.argv: sys.exit(' '.join(sys.argv[1:3]) + ' cannot be told')\n"
        "with open('asked', 'a') as asked: asked.write('x')\n"
        "told = dict(live='', before=[], canary=None, problem='')\n"
        "model = dict(id='voxel/v1', name='voxel', method='full', state='candidate', honest='', lately='')\n"
        "print(json.dumps({**told, 'models': [{**model, 'finished_at': '', 'evaluated': None}]}))\n"
        "print('Blender quit')\n"
    )
    monkeypatch.setattr(code_copy, "script", lambda: script)
    remote = Remote()
    remote.quick = Program(sys.executable, is_module=True)
    remote.open(folder.root / "choices.json", str(folder.root))
    remote.tick()
    assert not remote.view.models.rows, "nothing is asked before the part was seen"
    remote.models_seen = True
    end = time.monotonic() + 20
    while "cannot be told" not in remote.view.evaluating.plan and time.monotonic() < end:
        remote.tick()
        remote.refresh()
        time.sleep(0.02)
    assert remote.view.models.rows[0].id == "voxel/v1"
    assert remote.view.evaluating.plan == "evaluate --data cannot be told"
    remote.tick()
    assert (folder.root / "asked").read_text() == "x" and remote.interval == 1.0
