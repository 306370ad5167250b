# SPDX-License-Identifier: GPL-3.0-or-later
"""What asking leaves behind and sends: words, names and paths of the artist's, looked for in every file and socket."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, slow_but_in
from tests.pipeline.test_assist import CHANGE
from tests.providers.answer_server import answering
from voxel_trainer_addon import feedback, prompts
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.graph.blender.read import read_graph
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline.serve import Serve
from voxel_trainer_addon.runs import Answer, Helper, Program, became, new_id
from voxel_trainer_addon.runs.session import control_line
from voxel_trainer_addon.worker.inside import empty
from voxel_trainer_addon.worker.process import PROGRAM
from voxel_trainer_addon.worker.protocol import Host

pytestmark = [pytest.mark.bpy, *slow_but_in(NEWEST)]

HOST = Host(sys.executable, True, tuple(bpy.app.version))
PROMPT, NODE, OBJECT, FILE, PLACE = "zanzibarite", "Quokkagrain", "Wombatframe", "bilbyscene", "numbatlane"
WORDS = (PROMPT, NODE, OBJECT, FILE, PLACE)
WAIT_S = 60.0

heard: list[tuple[str, Any]] | None = None
"""What this process reaches for while it is a list."""


def hear(event: str, arguments: Any) -> None:
    if heard is not None and event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen"):
        heard.append((event, arguments[1] if event.startswith("socket.c") else arguments[0:2]))


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []
    sys.addaudithook(hear)
    monkeypatch.setattr(sys.modules[__name__], "heard", found)
    yield found


def scene(place: Path) -> Any:
    """A file with a material that names what is the artist's."""
    empty()
    material: Any = bpy.data.materials.new("Rust")
    if material.node_tree is None:
        material.use_nodes = True
    noise = material.node_tree.nodes.new("ShaderNodeTexNoise")
    noise.name = noise.label = NODE
    material.node_tree.links.new(noise.outputs[0], material.node_tree.nodes["Principled BSDF"].inputs["Roughness"])
    bpy.data.objects.new(OBJECT, bpy.data.meshes.new(OBJECT)).data.materials.append(material)
    place.parent.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(place))
    return read_graph(material.node_tree, "materials/Rust").as_json()


def asked(folder: DataFolder, *bodies: Any) -> list[Answer]:
    """What `serve` in this process answers to the panel's end in a thread."""
    told: list[Answer] = []
    helper = Helper(folder, HOST.name, Program(sys.executable, is_module=True))

    def ask() -> None:
        try:
            while not (helper.place / "events.jsonl").is_file():
                time.sleep(0.02)
            for count, body in enumerate(bodies, 1):
                helper.ask("assist", body, told.append)
                end = time.monotonic() + WAIT_S
                while len(told) < count and time.monotonic() < end:
                    helper.step()
                    time.sleep(0.02)
        finally:
            control_line(helper.place, {"command": "cancel"})

    thread = threading.Thread(target=ask)
    thread.start()
    Serve(folder, HOST).go()
    thread.join()
    return told


def body(url: str, graph: Any) -> Any:
    tree = {"key": graph["key"], "graphs": {graph["key"]: graph}}
    about = {"request": new_id(), "text": f"finer {PROMPT}", "target": "material", "tree": tree}
    settings = {"yes": False, "deadline_s": 60.0, "candidates": 1, "seed": 0, "online": True, "instead_of": []}
    return {**about, "model": "openai:scripted", "url": url, **settings}


def command(folder: DataFolder, *words: str) -> int:
    facts = {"program": HOST.program, "is_module": True, "version": HOST.version, "assets": [], "online": True}
    script = Path(__file__).parents[2] / "scripts" / "run_headless.py"
    return main([*words, "--data", str(folder.root)], lambda: facts, script)


def found(root: Path) -> dict[str, list[str]]:
    """File → words that are in it."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    told = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    hits = {path: [word for word in WORDS if word.encode() in data] for path, data in told.items()}
    return {path: words for path, words in hits.items() if words}


def test_what_is_written_and_sent(
    tmp_path: Path, reached: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"VOXEL_TRAINER_{name}", str(tmp_path / name.lower()))
    theirs, folder = tmp_path / PLACE / f"{FILE}.blend", DataFolder(tmp_path / "data")
    graph = scene(theirs)
    capfd.readouterr()
    with answering(lambda text: prompts.answer(CHANGE)) as server:
        good, lost = body(server.url, graph), body("http://127.0.0.1:9/v1", graph)
        answers = asked(folder, good, {**lost, "text": f"{PROMPT} for {OBJECT} of {theirs}"})
        assert [answer.ok for answer in answers] == [True, False], [answer.sentence for answer in answers]
        became(folder, good["request"], shown=True, applied=True, kept=True, edited=False)
        figures = tmp_path / "figures.prom"
        assert command(folder, "deploy", "watch", "--prometheus", str(figures)) == 0
        assert figures.read_text() and (folder.root / "watched" / "report.html").is_file()
        assert found(tmp_path) == {} and not [word for word in WORDS if word in capfd.readouterr().out]

        feedback.switch(folder, True)
        words = ["--edit", str(theirs), "--key", "materials/Rust", "--out", str(tmp_path / "new.py")]
        who = ["--model", "openai:scripted", "--base-url", server.url, "--candidates", "1"]
        assert command(folder, "ask", f"{PROMPT} of {OBJECT}", *words, *who) == 0
    (kept,) = feedback.read(folder).feedback
    assert found(tmp_path) == {f"data/feedback/{kept.id}.json": [PROMPT, NODE, OBJECT]}
    assert {address[0] for event, address in reached if event == "socket.connect"} == {"127.0.0.1"}
    started = [list(map(str, words)) for event, (_, words) in reached if event == "subprocess.Popen"]
    assert all(str(PROGRAM) in words or words[-1] == "true" for words in started), started
    assert {event for event, _ in reached} <= {"socket.connect", "socket.getaddrinfo", "subprocess.Popen"}
    hosts = {told[0] for event, told in reached if event == "socket.getaddrinfo"}
    assert hosts <= {"127.0.0.1"}, hosts
