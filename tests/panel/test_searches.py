# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist reads of the searches: the list, how each stands, a plan, and why nothing can be asked now."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from voxel_trainer_addon import tokens
from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.events import event
from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.panel import draw, draw_searches
from voxel_trainer_addon.panel.remote import Remote
from voxel_trainer_addon.panel.view import View
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Choices, Phase, Program, Queue

pytestmark = pytest.mark.plain

spec = importlib.util.spec_from_file_location("recorder", Path(__file__).with_name("recorder.py"))
assert spec and spec.loader
recorder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorder)

FIELDS = SimpleNamespace(
    searches=[], search_at=0, stars=10, file_mb=100.0, share_alike=False, copyleft=False, archived=False
)
PLAN = ["To fetch: 92 files, 20.6 MB from 7 repositories.", "Licences: permissive 92."]
GIT = "https://example.org/rocks.git"
RUN = event("run", id="r", version="0.1.0", blender="", stages=["harvest"], data="d")


@pytest.fixture(autouse=True)
def _two_hours_east_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path / "config"))
        patch.setenv("TZ", "UTC-02:00")
        for name in tokens.NAMES:
            patch.delenv(name, raising=False)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    Queue(folder.queue).add(["rocks", "https://example.org/rocks.git", "trees"])
    return folder


@contextmanager
def opened(data: DataFolder, *lines: dict[str, Any], plan: bool = False) -> Iterator[Remote]:
    """A remote control over `data`, whose newest run wrote `lines` and still holds its lock."""
    if lines:
        folder = data.runs / "20260101-000000-0000"
        write_json(folder / "run.json", {})
        write_json(folder / "options.json", {"plan": plan})
        (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    remote = Remote()
    with FolderLock(data.lock) as lock:
        assert lock.acquire()
        remote.open(data.root.parent / "choices.json", str(data.root))
        for _ in range(3):
            remote.session._looked = 0.0
            remote.tick()
        remote.refresh()
        yield remote


def drawn(remote: Remote, columns: int = 60) -> Any:
    layout = recorder.Recorder()
    draw_searches.searches(layout, remote.view, FIELDS, columns)
    return layout


def in_main(remote: Remote) -> Any:
    layout = recorder.Recorder()
    draw.main(layout, remote.view, Choices(), 60)
    return layout


def rows(remote: Remote) -> Sequence[Any]:
    return remote.view.searches.rows


def test_an_empty_list_says_what_to_do(tmp_path: Path) -> None:
    with opened(DataFolder(tmp_path / "data")) as remote:
        assert drawn(remote).of("label")[0].startswith("Add a search of your own")
        assert drawn(remote).of("operator")[-1] == "voxel.plan"


def test_the_list_is_that_of_the_file(data: DataFolder) -> None:
    with opened(data) as remote:
        assert [(row.text, row.icon, row.on, row.mark) for row in rows(remote)] == [
            ("rocks", "VIEWZOOM", True, ""),
            ("https://example.org/rocks.git", "URL", True, ""),
            ("trees", "VIEWZOOM", True, ""),
        ]
        Queue(data.queue).switch(0, False)
        remote.tick()
        remote.refresh()
        assert [row.on for row in rows(remote)] == [False, True, True] and remote.view.searches.on == 2


def test_a_token_is_asked_for_where_one_is_needed(data: DataFolder) -> None:
    with opened(data) as remote:
        assert "voxel.enter_token" in drawn(remote).of("operator")
        assert any("token" in words for words in drawn(remote).of("label"))
        tokens.keep("GITHUB_TOKEN", "ghp_alice_0123456789")
        assert remote.harvested
        remote.harvested.look_for_tokens()
        remote.refresh()
        assert "voxel.enter_token" not in drawn(remote).of("operator") and not remote.view.searches.lacking


def test_git_alone_needs_no_token(data: DataFolder) -> None:
    with opened(data) as remote:
        for at in (0, 2):
            remote.change(lambda queue, at=at: queue.switch(at, False))  # type: ignore[misc]
        assert not remote.view.searches.lacking


def test_offline_is_said_before_a_token_is_asked_for(data: DataFolder) -> None:
    with opened(data) as remote:
        remote.offline = "Nothing can be downloaded before Allow Online Access is on, in Preferences, System."
        remote.choices.bundled = False
        remote.refresh()
        assert remote.view.searches.lacking == remote.view.lacking == remote.offline.rstrip(".")


def test_each_search_says_how_it_stood_last(data: DataFolder) -> None:
    told = {
        "github:rocks": ("12 repositories", "done"),
        f"git:{GIT}": ("The host's name could not be found.", "broken"),
        "github:trees": ("GitHub's limit is reached until 14:30:05 UTC.", "waiting"),
    }
    with Catalog(data.catalog) as catalog:
        for id, (words, state) in told.items():
            catalog.add_source(id, "search", None)
            catalog.end_source(id, words, state)
        catalog.add_source("github", "github", None)
        origins = [Origin(source, "a.blend", "0" * 64, 7, 0, "MIT", {}) for source in ("github", f"git:{GIT}")]
        catalog.add_origins(origins)
        with opened(data) as remote:  # while another process has it open
            assert drawn(remote).of("label")[-1] == "1 file from GitHub"
            assert [(row.mark, row.told, row.broken) for row in rows(remote)] == [
                ("CHECKMARK", "12 repositories", False),
                ("ERROR", "The host's name could not be found. (1 file here)", True),
                ("TIME", "GitHub's limit is reached until 16:30:05.", False),
            ]
            layout = recorder.Recorder()
            draw_searches.search(layout, rows(remote)[1], SimpleNamespace(on=True, name="rocks"), 1)
            assert layout.drawn == [("prop", "on", ""), ("prop", "name", ""), ("operator", "voxel.search_told", "")]
            remote.at = 1
            remote.refresh()
            assert "The host's name could not be found. (1 file here)" in drawn(remote).of("label")


def test_a_plan_is_read_before_the_first_byte(data: DataFolder) -> None:
    lines = [
        RUN,
        event("stage", stage="harvest", state="started", words=""),
        event("plan", stage="harvest", plan={}, words=PLAN),
        event("stage", stage="harvest", state="done", words="Planned; nothing was fetched. " + " ".join(PLAN)),
        event("ended", exit=0, words="Planned", report="", next=[]),
    ]
    with opened(data, *lines, plan=True) as remote:
        assert remote.view.headline == ("CHECKMARK", "Planned; nothing is fetched yet") and not remote.view.words
        assert drawn(remote).of("label")[-2:] == PLAN
        assert ("operator", "voxel.start", "Harvest & Train") in in_main(remote).drawn
        assert "voxel.open_report" not in in_main(remote).of("operator")


def test_the_plan_of_a_run_that_fetched_is_no_news(data: DataFolder) -> None:
    lines = [RUN, event("plan", stage="harvest", plan={}, words=PLAN)]
    with opened(data, *lines) as remote:
        assert remote.view.searches.plan == tuple(PLAN)
        remote.session.run.fold(event("ended", exit=0, words="92 files", report="", next=[]))
        remote.refresh()
        assert not remote.view.searches.plan


def test_a_hosts_limit_is_told_in_local_time_and_can_be_cancelled(data: DataFolder) -> None:
    words = "GitHub's limit is reached; going on at 23:15:00 UTC"
    lines = [
        RUN,
        event("stage", stage="harvest", state="started", words=""),
        event("waiting", stage="harvest", until=time.time() + 900, words=words),
    ]
    with opened(data, *lines) as remote:
        assert remote.view.phase is Phase.RUNNING
        assert remote.view.headline == ("TIME", "GitHub's limit is reached; going on at 01:15:00")
        assert "voxel.cancel" in in_main(remote).of("operator")
        remote.session.run.fold(event("waiting", stage="harvest", until=0, words=""))
        remote.refresh()
        assert remote.view.headline[0] == "PLAY"


def test_changes_are_kept_and_what_cannot_be_is_said(data: DataFolder) -> None:
    with opened(data) as remote:
        remote.change(lambda queue: queue.move(2, 0), at=0)
        assert rows(remote)[0].text == "trees" and remote.view.searches.chosen == rows(remote)[0]
        remote.change(lambda queue: queue.rename(0, "/home/jane/rocks"))
        assert "Write words to search GitHub for" in " ".join(drawn(remote).of("label"))
        remote.change(lambda queue: queue.switch(0, False))
        assert not remote.view.searches.trouble
        data.queue.write_text("{")
        remote.tick()
        remote.refresh()
        assert "damaged" in remote.view.searches.trouble and "another name" in remote.view.searches.trouble


def test_what_is_started_is_what_is_chosen(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    with opened(data) as remote:
        monkeypatch.setattr(remote.session, "start", lambda program, words: started.append(words))
        remote.contact, remote.choices.stars = "jane@example.org", 3
        remote.plan(Program("blender"))
        remote.start(Program("blender"), train=False)
        network = ["--queue", "--wait", "--stars", "3", "--contact", "jane@example.org"]
        assert started[0] == ["harvest", "--data", str(data.root), *network, "--plan"]
        assert started[1][-len(network) - 2 : -2] == network
        for at in range(3):
            remote.change(lambda queue, at=at: queue.switch(at, False))  # type: ignore[misc]
        remote.start(Program("blender"), train=False)
    assert "--queue" not in started[2]
    assert Choices.load(data.root.parent / "choices.json").stars == 3


def test_filters_and_tokens_are_drawn() -> None:
    layout = recorder.Recorder()
    draw_searches.filters(layout, View(), FIELDS)
    assert layout.of("prop") == ["stars", "file_mb", "share_alike", "copyleft", "archived"]
    fields = SimpleNamespace(github_token="", contact="")
    draw_searches.tokens(layout, fields, ["github_token"], ["Told."], "The terms.", 60)
    assert layout.of("prop")[-2:] == ["github_token", "contact"]
    assert layout.of("label") == ["Told.", "The terms."]
