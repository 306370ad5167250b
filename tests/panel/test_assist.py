# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ask Voxel asks, shows and keeps, without Blender."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon import feedback
from voxel_trainer_addon.deployment import duels, requests
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.panel import draw_assist, sketch
from voxel_trainer_addon.panel.assist import NEW_MATERIAL, THIS_SHADER, Asked, Assist
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Answer, Helper, new_id

pytestmark = pytest.mark.plain

spec = importlib.util.spec_from_file_location("recorder", Path(__file__).with_name("recorder.py"))
assert spec and spec.loader
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)

RUST = Graph(
    "materials/Rust",
    "ShaderNodeTree",
    (
        Node("Emission", "ShaderNodeEmission", outputs=(Socket("Emission", "Emission", "SHADER"),)),
        Node("Out", "ShaderNodeOutputMaterial", inputs=(Socket("Surface", "Surface", "SHADER"),)),
    ),
    (Link("Emission", 0, "Out", 0),),
)
FIELDS = ("text", "model", "own", "url", "to_view", "to_shader")


class Scripted(Helper):
    """Stands in for the asking end: what was asked is kept, answers are given by the test."""

    def __init__(self, data: DataFolder) -> None:
        self.data, self.dropped = data, list[str]()
        self.asks: Any = {}
        self.late = False

    @property
    def starting(self) -> bool:
        return self.late

    def ask(self, job: str, body: Mapping[str, Any], reply: Any, heard: Any = None) -> str:
        self.body, self.reply, self.heard = body, reply, heard
        self.replies = [*getattr(self, "replies", ()), reply]
        return job

    def drop(self, name: str) -> None:
        self.dropped.append(name)


def answered(**more: Any) -> Answer:
    told = {
        "kind": "new",
        "key": RUST.key,
        "graphs": {RUST.key: RUST.as_json()},
        "edits": [],
        "code": "import bpy\n\tx\u202e = 1",
        "checks": [{"ok": True, "words": "passes the allow-list"}, {"ok": False, "words": "it has no effect"}],
        "label": "voxel/v3, tuned 2026-11-28",
        "honest": "runs in 40% of 60 held-out prompts",
        "picture": "",
    }
    return Answer(True, {**told, **more})


@pytest.fixture
def helper(tmp_path: Path) -> Scripted:
    return Scripted(DataFolder(tmp_path))


def asking(helper: Scripted, asked: Asked | None = None) -> Assist:
    assist = Assist()
    assist.ask(helper, asked or Asked(new_id(), "rust", NEW_MATERIAL, ob="Cube"), deadline_s=20, online=False)
    return assist


def drawn(assist: Assist) -> Any:
    layout = recorder.Recorder()
    fields = type("Fields", (), dict.fromkeys(FIELDS, ""))
    draw_assist.question(layout, assist.view, fields, "shader", 40, own=True)
    if assist.view.offer:
        draw_assist.answer(layout, assist.view.offer, (1,), 40)
    if assist.view.duel:
        draw_assist.duel(layout, assist.view.duel, ((1, 2), (3,)), 40)
    return layout


def kept(helper: Scripted, request: str) -> requests.Request:
    """What became of a request."""
    written()
    return next(one for one in requests.watched(helper.data).requests if one.id == request)


def written() -> None:
    """Wait until the threads have written all that was told."""
    for thread in threading.enumerate():
        if thread != threading.main_thread() and not thread.daemon:
            thread.join(5)


def test_a_new_tree_is_asked_for_thought_about_and_offered(helper: Scripted) -> None:
    assist = asking(helper)
    assert helper.body["tree"] is None and helper.body["target"] == "material" and helper.body["deadline_s"] == 20
    assert drawn(assist).of("operator") == ["voxel.stop_asking"]
    helper.heard("Asking voxel/v3\x1b")
    assert assist.step() is False and assist.view.thinking == "Asking voxel/v3 "
    helper.reply(answered())
    assert assist.undrawn == [("sketch", 0), ("render", 0)] and assist.answers[0].sketched()
    offer = assist.view.offer
    assert offer and offer.heading == "New Material: 2 nodes" and not assist.thinking
    assert [line.text for line in offer.lines] == ["1  Emission", "2  Material Output"]
    assert offer.checks == ((True, "passes the allow-list"), (False, "it has no effect"))
    assert offer.code == ("import bpy", "    x = 1"), "what turns text around is not shown"
    layout = drawn(assist)
    words = " ".join(layout.of("label"))
    assert "runs in 40% of 60 held-out prompts" in words and "Small models err" in words
    assert layout.of("operator")[-4:] == [
        "voxel.apply_answer",
        "voxel.edit_answer",
        "voxel.another_answer",
        "voxel.answer_code",
    ]
    assert "VOXEL_MT_why_not" in layout.of("menu") and layout.of("picture") == ["1"]


def test_a_change_is_shown_with_its_signs(helper: Scripted) -> None:
    asked = Asked(new_id(), "green", THIS_SHADER, key=RUST.key, before={RUST.key: RUST})
    assist = asking(helper, asked)
    assert helper.body["tree"] == {"key": RUST.key, "graphs": {RUST.key: RUST.as_json()}}
    node = {**vars(Node("Mix", "ShaderNodeMixShader")), "inputs": [], "outputs": []}
    edits = [
        {"do": "remove node", "node": "Emission", "type": "ShaderNodeEmission"},
        {"do": "add node", **node},
        {"do": "set", "node": "Out", "path": ["target"], "old": "ALL", "new": "CYCLES"},
    ]
    helper.reply(answered(kind="edit", edits=edits))
    drawing = assist.answers[0].sketched()
    offer = assist.view.offer
    assert offer and offer.heading == "3 changes to “Rust”" and [line.sign for line in offer.lines] == ["−", "+", "~"]
    assert assist.marks == (RUST.key, {"Emission": "−", "Out": "~"})
    assert drawing and {sketch.FRAMES[sign] for sign in "+−~"} <= set(drawing)
    assist.applied(RUST.key, {RUST.key: replace(RUST, nodes=RUST.nodes[1:], links=())}, [])
    assert assist.marks == ("", {}) and assist.view.offer and assist.view.offer.state == "applied"


@pytest.mark.parametrize(
    "wrong", [{"kind": "edit"}, {"graphs": {}}, {"checks": [3]}, {"graphs": {RUST.key: {"nodes": 7}}}, {"code": None}]
)
def test_an_answer_that_is_none_gets_a_sentence(helper: Scripted, wrong: Mapping[str, Any]) -> None:
    assist = asking(helper)
    helper.reply(Answer(True, {**answered().body, **wrong}))
    assert not assist.thinking
    if wrong != {"code": None}:
        assert assist.view.note == ("ERROR", "The answer is damaged and cannot be shown.") and not assist.answer


def test_what_is_waited_for_ends(helper: Scripted) -> None:
    assist = asking(helper)
    helper.reply(Answer(False, {}, "No model is tuned here."))
    assert assist.view.note == ("ERROR", "No model is tuned here.")
    assist = asking(helper)
    assist._ready -= 49
    assert assist.thinking and not assist.step(), "the other end has a while longer than its deadline"
    helper.late = True
    assist._ready -= 9
    assert assist.step() is False and assist.thinking, "a Blender that starts is waited for"
    helper.late = False
    assist._ready -= 60
    assist.step()
    assert not assist.thinking and assist.view.note == ("ERROR", "No answer came within 50 seconds.")
    assist = asking(helper)
    assist.stop()
    assert helper.dropped == ["assist", "assist"] and assist.view.note == ("INFO", "Stopped. Nothing was changed.")
    assist.forget()
    assert assist.view.note is None


def test_another_answer_is_told_which_were_refused(helper: Scripted) -> None:
    assist = asking(helper)
    first = assist.asked
    assert first
    requests.answered(helper.data, requests.Request(first.id, "voxel/v3", "5.2.3"))
    helper.reply(answered())
    sha = hashlib.sha256(answered().body["code"].encode()).hexdigest()
    again = Asked(new_id(), "rust", NEW_MATERIAL)
    assert assist.following(again).refused == (sha,) and assist.following(again).replaces == first.id
    assert assist.following(replace(again, text="moss")).refused == ()
    assist.refuse("wrong look")
    assert assist.view.offer is None and assist.following(again).refused == (sha,)
    assert kept(helper, first.id).reason == "wrong look"


def duelling(helper: Scripted) -> Assist:
    assist = Assist()
    both = (Asked(new_id(), "rust", NEW_MATERIAL, model=model) for model in ("voxel/v3", "voxel/v2"))
    assist.ask(helper, *both, deadline_s=20, online=False)
    return assist


@pytest.mark.parametrize(("chosen", "kept"), [("A", "voxel/v3"), ("B", "voxel/v2"), ("both alike", "voxel/v3")])
def test_two_answers_are_shown_without_names_until_one_is_chosen(helper: Scripted, chosen: str, kept: str) -> None:
    assist = duelling(helper)
    helper.heard("Asking voxel/v2")
    assert assist.view.thinking == "Asking"
    second, first = helper.replies[1], helper.replies[0]
    second(answered(label="voxel/v2", code="second"))
    assert assist.thinking and not assist.view.duel
    first(answered(label="voxel/v3", code="first"))
    assert not assist.thinking and len(assist.view.duel) == 2 and not assist.answer and len(assist.undrawn) == 4
    layout = drawn(assist)
    assert "voxel" not in " ".join(words for kind, words, _ in layout.drawn if kind == "label")
    assert layout.of("operator").count("voxel.judge_duel") == 4 and "voxel.apply_answer" not in layout.of("operator")
    assist.judge(chosen)
    assert assist.asked and assist.asked.model == kept and assist.answer["label"] == kept
    assert assist.view.note and "voxel/v2" in assist.view.note[1] and "voxel/v3" in assist.view.note[1]
    assert drawn(assist).of("operator")[2] == "voxel.apply_answer"
    written()
    (duel,) = duels.kept(helper.data)
    assert (duel.a, duel.b, duel.chosen) == ("voxel/v3", "voxel/v2", chosen)


def test_a_duel_without_two_answers_is_none(helper: Scripted) -> None:
    assist = duelling(helper)
    helper.replies[0](Answer(False, {}, "It broke off."))
    helper.replies[1](answered())
    assert assist.view.offer and assist.asked and assist.asked.model == "voxel/v2"
    assert assist.view.note and assist.view.note[1].endswith("so there is no duel. It broke off.")
    for reply in duelling(helper) and helper.replies[-2:]:
        reply(Answer(False, {}, "No."))
    assist = duelling(helper)
    for reply, code in zip(helper.replies[-2:], ("first", "second"), strict=True):
        reply(answered(code=code))
    assist.judge("both bad")
    assert assist.asked and len(assist.asked.refused) == 2 and not assist.view.duel and not assist.view.offer
    written()
    assert [duel.chosen for duel in duels.kept(helper.data)] == ["both bad"]


def test_what_becomes_of_an_answer_is_kept_as_figures_alone(helper: Scripted) -> None:
    assist = asking(helper)
    assert assist.asked
    id = assist.asked.id
    requests.answered(helper.data, requests.Request(id, "voxel/v3", "5.2.3"))
    feedback.switch(helper.data, True)
    tree = feedback.Tree(RUST.key, {RUST.key: RUST})
    feedback.asked(helper.data, feedback.Feedback(id, "rust", "material", "5.2.3", "voxel/v3", "import bpy", tree))
    helper.reply(answered())
    assist.applied(RUST.key, {RUST.key: RUST}, ["The image “Rust” is not in this file."])
    assert assist.view.note == ("CHECKMARK", "Applied. The image “Rust” is not in this file.")
    assist.undone(True)
    assert assist.view.offer and assist.view.offer.state == "undone"
    found = kept(helper, id)
    assert found.shown and found.applied and found.undone
    assist.undone(False)
    mine = {RUST.key: replace(RUST, nodes=RUST.nodes[:1], links=())}
    assist.kept(mine, edited=True)
    found = kept(helper, id)
    assert found.kept and found.edited and not found.undone
    (asked,) = feedback.read(helper.data).feedback
    assert asked.done == "kept" and asked.kept and asked.kept.graphs == mine
    assert "rust" not in (helper.data.watched / requests.LOG).read_text().lower()
