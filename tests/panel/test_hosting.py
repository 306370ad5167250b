# SPDX-License-Identifier: GPL-3.0-or-later
"""Train at a Host in the panel: what people read before anything is sent, and how jobs stand, without Blender."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fine_tuning.told import row
from tests.providers.openai_server import JOBS, TOKEN, Server, serving
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.errors import Exit
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.panel import draw_hosting
from voxel_trainer_addon.panel.remote import Remote
from voxel_trainer_addon.panel.view_hosting import HostingView
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Answer, Program, Question

pytestmark = pytest.mark.plain

spec = importlib.util.spec_from_file_location("recorder", Path(__file__).with_name("recorder.py"))
assert spec and spec.loader
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)

BLENDER = {"program": "blender", "is_module": False, "version": [5, 2, 0], "assets": [], "online": False}
FIELDS = SimpleNamespace(host="", host_url="", host_model="", name="", budget=0, host_agreed=False)


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("openai")
    with serving() as server:
        yield server


class Panel:
    """A remote control, and the headless command in the place of its short processes."""

    def __init__(self, root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        self.remote, self.capsys = Remote(), capsys
        self.data, self.server = DataFolder(root), server
        self.remote.open(root / "choices.json", str(root))
        self.choices = self.remote.choices
        assert self.remote.hosting
        self.hosting = self.remote.hosting

    def command(self, *words: str) -> Answer:
        self.capsys.readouterr()
        status = main([*words, "--json"], lambda: None, Path("none"))
        out, err = self.capsys.readouterr()
        body = json.loads(out.splitlines()[-1]) if out else {}
        return Answer(status == 0, body, err.strip().rpartition("\n")[2])

    def choose(self, **chosen: Any) -> HostingView:
        for name, value in chosen.items():
            setattr(self.choices, name, value)
        return self.look()

    def look(self) -> HostingView:
        asked = self.remote.asked()
        said(self.hosting.models, self.command("train", "--models", *asked.host_words()))
        if asked.host_model:
            said(self.hosting.plan, self.command("train", "--plan", *asked.hosted_words()))
        self.hosting.look_at_jobs()
        self.remote.refresh()
        return self.remote.view.hosting

    def drawn(self) -> Any:
        layout = recorder.Recorder()
        draw_hosting.hosting(layout, self.remote.view, FIELDS, 60)
        return layout


def said(question: Question, answer: Answer) -> None:
    """As if the answer had come to what is wanted."""
    question.answer, question._asked = answer, question._wanted


@pytest.fixture
def panel(tmp_path: Path, server: Server, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Panel:
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    return Panel(tmp_path / "data", server, capsys)


def lay(data: DataFolder, count: int = 10) -> None:
    write_jsonl(data.dataset("voxel") / "train.jsonl", [row(number, "own") for number in range(count)])
    write_json(data.dataset("voxel") / "dataset.json", {"licences": {"own": count}})


def test_this_computer_asks_nobody(panel: Panel, server: Server) -> None:
    panel.remote.refresh()
    drawn = panel.drawn()
    assert drawn.of("prop") == ["host"] and "nothing leaves it" in " ".join(drawn.of("label"))
    assert not drawn.of("operator") and not server.connections


def test_a_tick_agrees_to_exactly_what_is_shown(panel: Panel, server: Server) -> None:
    assert panel.choose(host="openai", host_url=server.url).why.startswith("There is no dataset yet")
    lay(panel.data)
    shown = panel.look()
    assert shown.models == ("open-8b",) and shown.why == "Choose the host's model first"
    shown = panel.choose(host_model="open-8b")
    assert "Made of your own files: 10 rows." in shown.lines and shown.why.endswith("tick the box below it")
    drawn = panel.drawn()
    assert drawn.of("prop") == ["host", "host_url", "host_model", "name", "budget", "host_agreed"]
    assert drawn.of("operator") == ["voxel.train_at_host"] and server.heard == 0
    shown = panel.choose(host_agreed=shown.mark)
    assert shown.agreed and not shown.why
    lay(panel.data, 11)
    assert not panel.look().agreed
    lay(panel.data)
    panel.look()
    words = panel.remote.hosted_words()
    assert "--yes" not in words and words[-3:] == ["--agreed", shown.mark, "--follow"]
    assert panel.command(*words[:-1]).ok and server.heard > 0
    shown = panel.look()
    assert shown.goes_on and shown.jobs[0].title == "open-8b at 127.0.0.1: validating_files"
    assert "voxel.ask_hosts" in panel.drawn().of("operator")


def test_a_closed_host_says_since_when_and_why_nothing_can_be_pressed(panel: Panel, server: Server) -> None:
    lay(panel.data)
    server.faults[f"POST {JOBS}"] = 403
    shown = panel.choose(host="openai", host_url=server.url, host_model="open-8b")
    assert panel.command("train", *panel.remote.asked().hosted_words(), "--agreed", shown.mark).body
    assert "has closed tuning to your organisation" in panel.look().jobs[0].words
    server.models.clear()
    shown = panel.look()
    assert shown.closed and "names no model that could be tuned" in shown.why
    assert "names no model" in " ".join(panel.drawn().of("label"))
    server.models.append({"id": "open-8b", "shutdown_date": "2026-10-23"})
    shown = panel.look()
    assert shown.closed and "has shut open-8b down on 2026-10-23" in shown.why


def test_offline_asks_nobody_and_says_so(panel: Panel, server: Server) -> None:
    panel.choices.host, panel.choices.host_url = "openai", server.url
    panel.remote.offline = "Nothing can be downloaded before Allow Online Access is on."
    panel.remote.blender, panel.remote.hosting_seen = Program(sys.executable, is_module=True), True
    for _ in range(3):
        panel.remote.tick()
    shown = panel.remote.view.hosting
    assert shown.closed and shown.why == panel.remote.offline and not panel.hosting.waiting
    lay(panel.data)
    host = ["train", "--data", str(panel.data.root), "--provider", "openai", "--base-url", server.url]
    for words in (["--models"], ["--model", "open-8b", "--plan"], ["--model", "open-8b", "--yes"]):
        assert main([*host, *words], lambda: BLENDER, Path("none")) == Exit.SET_ASIDE
    assert not server.connections


def test_a_new_blender_asks_after_jobs_once_then_for_the_list_of_models(panel: Panel, server: Server) -> None:
    panel.choices.host, panel.choices.host_url = "openai", server.url
    panel.remote.blender, panel.remote.hosting_seen = Program(sys.executable, is_module=True), True
    job = {"id": "a", "status": "submitted", "host": server.url, "host_id": "ftjob-0", "model": "open-8b"}
    write_json(panel.data.jobs, [job])
    started: list[list[str]] = []
    panel.remote.session.start = lambda program, words: started.append(list(words))  # type: ignore[method-assign]
    until = time.monotonic() + 60
    while not panel.remote.view.hosting.models and time.monotonic() < until:
        panel.remote.tick()
        time.sleep(0.05)
    assert started == [["train", "--ask-hosts", "--data", str(panel.data.root)]]
    assert panel.remote.view.hosting.models == ("open-8b",) and server.asked == ["GET /models"]


def test_a_host_of_ones_own_is_the_file_of_the_preferences(tmp_path: Path) -> None:
    remote = Remote()
    remote.open(tmp_path / "choices.json", str(tmp_path))
    remote.choices.host = "OWN"
    remote.refresh()
    assert "preferences" in remote.view.hosting.why and remote.view.hosting.closed
    remote.own_host = str(tmp_path / "my_host.py")
    remote.refresh()
    assert remote.asked().host_words()[2:] == ["--provider", remote.own_host] and remote.choices.host == "OWN"
    assert not remote.view.hosting.closed
