# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistant between scripted models and a stand-in for the worker: who is asked, what is told, what goes wrong."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import small_models
from tests.providers.answer_server import MODEL, Server, answering
from voxel_trainer_addon import feedback, prompts
from voxel_trainer_addon.deployment import canary, pointer, promotion, registry, requests
from voxel_trainer_addon.deployment.assistant import wording
from voxel_trainer_addon.deployment.assistant.answering import Stopped
from voxel_trainer_addon.deployment.assistant.wish import Wish
from voxel_trainer_addon.deployment.server import Running
from voxel_trainer_addon.errors import Unavailable, UserError
from voxel_trainer_addon.files import write_jsonl
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline import assistant
from voxel_trainer_addon.pipeline.assistant import Assistant, Unanswered
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = pytest.mark.plain

RIGHT = 'import bpy\n\nmaterial = bpy.data.materials.new("Rust")\n'
WRONG = RIGHT + "material.wrong\n"
HOSTILE = "import os\n\nos.system('true')\n"
ERROR = "AttributeError: 'Material' object has no attribute 'wrong'"
RUST = Graph(
    "materials/Rust",
    "ShaderNodeTree",
    (
        Node("Emission", "ShaderNodeEmission", outputs=(Socket("Emission", "Emission", "SHADER"),)),
        Node("Out", "ShaderNodeOutputMaterial", inputs=(Socket("Surface", "Surface", "SHADER"),)),
    ),
    (Link("Emission", 0, "Out", 0),),
)


Started = list[Mapping[str, Path]]


def worker(request: Request) -> Answer:
    """A worker that never sees what is hostile, and in which `wrong` raises."""
    if request.job == "node_table":
        return Answer(request, True)
    assert request.job == "run_answer" and "import os" not in request.body["code"]
    ran = "wrong" not in request.body["code"]
    told = {"ran": ran, "error": "" if ran else ERROR, "line": 0 if ran else 4, "dropped": 0}
    return Answer(request, True, {**told, "graphs": {RUST.key: RUST.as_json()} if ran else {}})


def row(id: str, prompt: str, completion: str = RIGHT, **more: Any) -> dict[str, Any]:
    of = {"kind": "tree", "form": "code", "key": "materials/Rust", "blender_version": "5.2.3"}
    return {"id": id, "prompt": prompt, "completion": completion, "answer": id, **of, "sources": [], **more}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return DataFolder(tmp_path / "data")


@pytest.fixture
def server() -> Iterator[Server]:
    with answering(lambda text: prompts.answer(RIGHT)) as server:
        yield server


@pytest.fixture
def tuned(folder: DataFolder, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    """Three tuned models behind our own server, which the scripted one plays; those that were asked for."""
    base = small_models.base(tmp_path / "base")
    for version in ("v1", "v2", "v3"):
        small_models.evaluated(small_models.tuned(folder, version, base))
    started = []

    def start(folder: DataFolder, models: Mapping[str, Path], over: Any, tick: Any) -> Running:
        started.append(models)
        (server.model,) = models
        return Running(server.url, "the own token")

    monkeypatch.setattr(assistant, "model_server", start)
    return started


def wish(text: str = "rusty metal", **more: Any) -> Wish:
    told = {"request": requests.new_id(), "text": text, "target": "material", "tree": None, "model": "", "url": ""}
    settings = {"yes": False, "deadline_s": 20.0, "candidates": 3, "seed": 0, "online": True, "instead_of": []}
    return Wish.of({**told, **settings, **more})


def asked(folder: DataFolder, wish: Wish, told: list[str] | None = None, tick: Any = lambda: None) -> dict[str, Any]:
    tell = (told if told is not None else []).append
    return Assistant(folder, Host("python", True, (5, 2, 3)), worker).answer(wish, tell, tick)


def own(server: Server, **more: Any) -> Wish:
    return wish(model="openai:some-model", url=server.url, **more)


def test_with_nothing_tuned_the_nearest_proven_example_answers(folder: DataFolder) -> None:
    other = RIGHT.replace("Rust", "Moss")
    rows = [row("a", "Make the material moss", other), row("b", "Make the rusty material"), row("c", "x", kind="piece")]
    write_jsonl(folder.dataset("voxel") / "train.jsonl", rows)
    found = asked(folder, wish())
    assert (found["model"], found["code"], found["kind"], found["key"]) == ("retrieval", RIGHT, "new", "materials/Rust")
    assert all(check["ok"] for check in found["checks"]) and found["times"]["whole_s"] < 5
    another = asked(folder, wish(instead_of=[hashlib.sha256(RIGHT.encode()).hexdigest()]))
    assert another["code"] == other
    with pytest.raises(Unanswered, match="no dataset has an example"):
        asked(folder, wish(target="geometry"))
    (first, second) = requests.watched(folder).requests
    assert first.runs and first.model == "retrieval" and second.kind == "new-material"


def test_who_answers_is_live_or_the_canary_that_was_drawn(folder: DataFolder, server: Server, tuned: Started) -> None:
    assert asked(folder, wish())["model"] == "voxel/v3", "the newest"
    promotion.promote(folder, "voxel/v1")
    promotion.canary(folder, "voxel/v2", 0.25)
    drawn = pointer.read(folder).pointer.canary
    assert drawn
    wishes = [wish() for _ in range(24)]
    for one in wishes:
        assert asked(folder, one)["model"] == ("voxel/v2" if canary.drawn(drawn, one.id) else "voxel/v1")
    assert asked(folder, wish(model="voxel/v3"))["honest"] == "runs in 40% of 60 held-out prompts"
    assert asked(folder, wish(model="voxel/v3"))["label"] == "voxel/v3, tuned 2026-11-20 on the dataset voxel"
    kept = requests.watched(folder).requests
    assert [one.canary for one in kept] == ["", *[drawn.salt] * 24, "", ""]
    assert all(one.tokens == 9 and one.first_s is not None and one.finished for one in kept)
    system, user = server.asked[0]["messages"]
    assert system["content"] == prompts.SYSTEM and user["content"] == "Make a material. rusty metal"


def test_a_chat_model_is_shown_the_nearest_examples_and_not_what_is_ones_own(
    folder: DataFolder, server: Server
) -> None:
    private = row("b", "Make the rusty private material", RIGHT + "# own\n", sources=[{"licence": "own"}])
    write_jsonl(folder.dataset("voxel") / "train.jsonl", [row("a", "Make the material rust"), private])
    found = asked(folder, own(server))
    assert (found["model"], found["honest"]) == ("openai:some-model", "not evaluated") and MODEL in found["label"]
    system, *shown, _ = server.asked[0]["messages"]
    assert len(shown) == 4 and "# own" in shown[3]["content"] and "Blender 5.2.3" in system["content"]
    assert wording.examples([private], wish(), "5.2.3", own=False).rows == []


def test_a_host_s_model_is_shown_examples_unless_it_was_tuned(folder: DataFolder, server: Server) -> None:
    write_jsonl(folder.dataset("voxel") / "train.jsonl", [row("a", "Make the material rust")])
    registry.add(folder, "voxel", "openai:chat", server.url)
    registry.add(folder, "voxel", "openai:tuned", server.url, tuned=True)
    found = [asked(folder, wish(model=f"voxel/asked-openai-{name}")) for name in ("chat", "tuned")]
    assert [registry.UNTUNED in one["label"] for one in found] == [True, False]
    chat, tuned = (body["messages"] for body in server.asked)
    assert len(chat) == 4 and chat[2]["content"] == prompts.answer(RIGHT)
    assert len(tuned) == 2 and tuned[0]["content"] == prompts.SYSTEM


def test_a_compositor_is_not_pictured(folder: DataFolder, server: Server) -> None:
    glare = replace(RUST, key="node_groups/Glare", type="CompositorNodeTree")

    def work(request: Request) -> Answer:
        told = worker(request)  # which makes no pictures
        return replace(told, body={**told.body, "graphs": {glare.key: glare.as_json()}})

    assistant = Assistant(folder, Host("python", True, (5, 2, 3)), work, pictures=folder.root)
    told = assistant.answer(own(server, target="compositor", candidates=1), lambda words: None, lambda: None)
    assert (told["key"], told["picture"]) == (glare.key, "")


def test_what_fails_is_mended_with_blenders_own_error(folder: DataFolder, server: Server) -> None:
    server.say = lambda text: prompts.answer(RIGHT if ERROR in text else WRONG)
    feedback.switch(folder, True)
    words: list[str] = []
    found = asked(folder, own(server, candidates=2), words)
    assert (found["repairs"], found["candidates"], found["code"]) == (1, 3, RIGHT)
    assert words[0] == "Asking openai:some-model" and words[-2] == "Repairing, round 1"
    assert [body.get("temperature") for body in server.asked] == [0.0, 0.8, 0.0]
    (kept,) = feedback.read(folder).feedback
    assert (kept.code, kept.failed) == (RIGHT, (feedback.Failed(WRONG, ERROR),) * 2) and kept.answer.graph == RUST
    assert "Line 4: " + ERROR in server.asked[-1]["messages"][-1]["content"]


def test_what_cannot_be_mended_is_said_with_its_checks(folder: DataFolder, server: Server) -> None:
    server.say = lambda text: prompts.answer(WRONG)
    with pytest.raises(Unanswered) as failed:
        asked(folder, own(server, candidates=1))
    assert ERROR in failed.value.told["sentence"] and failed.value.told["code"] == WRONG
    assert [check["ok"] for check in failed.value.told["checks"]] == [True, True, False]
    assert len(server.asked) == 4, "once, and three rounds of repair"
    (kept,) = requests.watched(folder).requests
    assert kept.safe and not kept.runs and kept.repairs == 3


def test_hostile_answers_never_reach_a_worker(folder: DataFolder, server: Server) -> None:
    server.say = lambda text: prompts.answer(HOSTILE)
    with pytest.raises(Unanswered, match="refused by the allow-list: line 1: imports os"):
        asked(folder, own(server))
    (kept,) = requests.watched(folder).requests
    assert kept.parses and not kept.safe


def test_a_prompt_goes_nowhere_without_online_access_and_a_yes(folder: DataFolder, server: Server) -> None:
    far = {"model": "openai:gpt", "url": "http://203.0.113.1/v1"}
    with pytest.raises(Unavailable, match="online access is off"):
        asked(folder, wish(**far, online=False, yes=True))
    with pytest.raises(Unavailable, match="would be sent to http://203"):
        asked(folder, wish(**far))
    with pytest.raises(Unavailable, match="online access is off"):
        asked(folder, wish(model="claude:some", online=False, yes=True))
    assert asked(folder, own(server, online=False))["code"] == RIGHT, "a loopback address may be asked"
    near = {"model": "openai:gpt", "url": "http://127.0.0.1.example.org/v1"}
    with pytest.raises(Unavailable, match="online access is off"):
        asked(folder, wish(**near, online=False))


def test_a_host_that_hangs_ends_at_the_deadline(folder: DataFolder, server: Server) -> None:
    server.pause_s = 30.0
    began = time.monotonic()
    with pytest.raises(Unanswered, match="gave no answer within 2"):
        asked(folder, own(server, deadline_s=2.2))
    assert time.monotonic() - began < 4


def test_what_came_before_a_fault_is_shown(folder: DataFolder, server: Server) -> None:
    server.say, server.most, server.fault = lambda text: prompts.answer(WRONG), 1, 429
    with pytest.raises(Unanswered, match="asks to wait") as failed:
        asked(folder, own(server, candidates=1))
    assert ERROR in failed.value.told["sentence"] and failed.value.told["code"] == WRONG


@pytest.mark.parametrize(
    ("fault", "sentence"), [("half", "broke off in the middle"), ("raw", "none of its protocol"), ("fault", "429|wait")]
)
def test_faults_of_a_host_have_words(folder: DataFolder, server: Server, fault: str, sentence: str) -> None:
    server.half, server.raw = fault == "half", b"{oops" if fault == "raw" else b""
    server.most, server.fault = (0, 429) if fault == "fault" else (9, 0)
    with pytest.raises(Unanswered, match=sentence):
        asked(folder, own(server))


def test_another_model_than_the_one_that_was_asked_is_not_taken_for_it(
    folder: DataFolder, server: Server, tuned: Started
) -> None:
    assert asked(folder, wish())["model"] == server.model
    server.say = lambda text: setattr(server, "model", "voxel/v1") or prompts.answer(RIGHT)  # type: ignore[func-returns-value]
    with pytest.raises(Unanswered, match="answered as voxel/v1, though voxel/v3 was asked"):
        asked(folder, wish())


def test_an_ask_that_nobody_waits_for_ends(folder: DataFolder, server: Server) -> None:
    server.pause_s = 1.0

    def tick() -> None:
        if server.asked:
            raise Stopped

    with pytest.raises(Stopped, match="Stopped"):
        asked(folder, own(server), tick=tick)


@pytest.mark.parametrize(("wrong", "words"), [({"text": " "}, "Say what"), ({"request": "../x"}, "no id")])
def test_a_wish_that_is_none(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        wish(**wrong)
