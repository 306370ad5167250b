# SPDX-License-Identifier: GPL-3.0-or-later
"""`serve` and its asking end: answers, what cannot be answered, a process that dies, one that has nothing to do."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon import locks
from voxel_trainer_addon.graph.blender.read import read_graph
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline.serve import Serve
from voxel_trainer_addon.runs import Answer, Helper, Program
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.protocol import Host

pytestmark = pytest.mark.bpy

BLENDER = ".".join(map(str, bpy.app.version))
WAIT_S = 60.0


def tree(operation: str = "SINE", name: str = "Wave") -> Any:
    """A group whose one node is set, with a loose one beside it."""
    group: Any = bpy.data.node_groups.new(name, "ShaderNodeTree")
    group.interface.new_socket("Value", in_out="OUTPUT", socket_type="NodeSocketFloat")
    math, out, loose = (group.nodes.new(kind) for kind in ("ShaderNodeMath", "NodeGroupOutput", "ShaderNodeTexNoise"))
    math.operation, loose.name = operation, "Loose"
    group.links.new(math.outputs[0], out.inputs[0])
    return group


@pytest.fixture
def graph() -> Any:
    empty()
    return read_graph(tree(), "node_groups/Wave").as_json()


class Asker:
    """A helper with a loop around it, as the panel's timer is."""

    def __init__(self, data: DataFolder) -> None:
        self.helper = Helper(data, BLENDER, Program(sys.executable, is_module=True))
        self.data = data

    def ask(self, job: str, body: Any, meanwhile: Callable[[], None] = lambda: None) -> Answer:
        told: list[Answer] = []
        self.helper.ask(job, body, told.append)
        meanwhile()
        end = time.monotonic() + WAIT_S
        while not told and time.monotonic() < end:
            self.helper.step()
            time.sleep(0.02)
        assert told, f"no answer to {job}; {(self.data.root / 'serve' / 'log.txt').read_text()[-2000:]}"
        return told[0]

    @property
    def place(self) -> Path:
        return self.data.serve(BLENDER)

    def stop(self) -> None:
        if locks.probe(self.data.serve_lock(BLENDER)):
            os.kill(self.pid(), signal.SIGTERM)
        if self.helper._child:
            self.helper._child.wait(10)

    def pid(self) -> int:
        return int(locks.holder(self.data.serve_lock(BLENDER)).rsplit(" ", 1)[1])


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    asker = Asker(DataFolder(tmp_path_factory.mktemp("data")))
    yield asker
    asker.stop()


def about(graph: Any, **more: Any) -> dict[str, Any]:
    return {"graphs": {graph["key"]: graph}, "root": graph["key"], **more}


def proof(graph: Any, **more: Any) -> dict[str, Any]:
    key = graph["key"]
    return {"view": "prove", "graphs": {key: graph}, "key": key, "layout": False, **more}


def test_code_comes_back_proven_and_the_form_too(asker: Asker, graph: Any) -> None:
    told = asker.ask("proven", proof(graph))
    assert told.ok and told.body["proven"], told
    assert '.operation = "SINE"' in told.body["code"]
    form = asker.ask("proven", proof(graph, view="compact"))
    assert form.body["proven"] and '"voxel-graph/1"' in form.body["code"]


def test_a_copy_of_the_file_is_read_and_deleted(asker: Asker, graph: Any) -> None:
    place = asker.data.serve_copies / "copy.blend"
    place.parent.mkdir(parents=True, exist_ok=True)
    bpy.data.libraries.write(str(place), {bpy.data.node_groups["Wave"]})
    told = asker.ask("proven", {"view": "prove", "copy": str(place), "key": "node_groups/Wave", "layout": True})
    assert told.ok and told.body["proven"] and not place.exists()


def test_words_findings_and_edits(asker: Asker, graph: Any, tmp_path: Path) -> None:
    told = asker.ask("explain", about(graph))
    assert set(told.body) == {"line", "paragraph", "full"}
    assert ["Loose"] in [one["nodes"] for one in told.body["full"]]
    found = asker.ask("check", about(graph, to="", pictures=[])).body["findings"]
    assert [one["kind"] for one in found] == ["no effect"] and found[0]["nodes"] == ["Loose"]
    other = read_graph(tree("COSINE", "Other"), "node_groups/Wave").as_json()
    (edit,) = asker.ask("diff", about(graph, other=about(other))).body["edits"]
    assert edit["words"] == "Set operation of “Math” from SINE to COSINE."
    file = tmp_path / "other.blend"
    bpy.data.libraries.write(str(file), {bpy.data.node_groups["Other"]})
    assert asker.ask("keys", {"file": str(file)}).body["keys"] == [["node_groups/Other", "ShaderNodeTree"]]
    (edit,) = asker.ask("diff", about(graph, file=str(file), key="node_groups/Other")).body["edits"]
    assert edit["new"] == "COSINE"


def test_what_cannot_be_answered_gets_a_sentence_and_the_next_ask_an_answer(asker: Asker, graph: Any) -> None:
    told = asker.ask("keys", {"file": "/nowhere/at/all.blend"})
    assert not told.ok and told.sentence == "/nowhere/at/all.blend is no file."
    assert not asker.ask("proven", {"view": "prove"}).ok
    assert not asker.ask("dance", {}).ok
    unknown = {**graph, "refused": "refused: The node “Magic” is of a type that this Blender does not know."}
    told = asker.ask("proven", proof(unknown))
    assert told.ok and not told.body["proven"] and "Magic" in told.body["reason"]
    assert asker.ask("explain", about(graph)).ok


def test_a_killed_process_is_started_anew(asker: Asker, graph: Any) -> None:
    asker.ask("explain", about(graph))
    before = asker.pid()
    told = asker.ask("explain", about(graph), meanwhile=lambda: os.kill(before, signal.SIGKILL))
    assert told.ok and asker.pid() != before


def test_a_second_one_is_attached_to_the_first(asker: Asker, graph: Any) -> None:
    asker.ask("explain", about(graph))
    other = Asker(asker.data)
    assert other.ask("explain", about(graph)).ok and other.helper._child is None


def test_it_leaves_when_nothing_is_asked(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    began = time.monotonic()
    host = Host(sys.executable, True, tuple(bpy.app.version))
    assert Serve(data, host, idle_s=0.2).go() == 0 and time.monotonic() - began < 5
    assert not locks.probe(data.serve_lock(BLENDER)) and not (data.serve(BLENDER) / "asks").exists()


def test_a_program_that_does_not_start_is_said(tmp_path: Path, graph: Any) -> None:
    broken = Asker(DataFolder(tmp_path))
    broken.helper.program = Program(shutil.which("false") or "/bin/false", is_module=True)
    told = broken.ask("explain", about(graph))
    assert not told.ok and "ended without an answer" in told.sentence
