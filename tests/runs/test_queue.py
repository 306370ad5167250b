# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of searches: what people write becomes sources, and no file is lost or written over in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel_trainer_addon.cli import command
from voxel_trainer_addon.data_collection.sources import open_sources
from voxel_trainer_addon.errors import Exit, UserError
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs.queue import Queue, Search, spelled
from voxel_trainer_addon.searches import DEFAULTS
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    made = Queue(DataFolder(tmp_path).queue)
    made.add(["rocks", "https://example.org/rocks.git", "topic:blender"])
    return made


def sources(queue: Queue) -> list[str]:
    return [search.source for search in queue.searches]


@pytest.mark.parametrize(
    ("written", "source"),
    [
        (" blender   rocks ", "github:blender rocks"),
        ('github:"blender rocks"', "github:blender rocks"),
        ("topic:blender", "github:topic:blender"),
        ("license:cc0-1.0 stars:>50", "github:license:cc0-1.0 stars:>50"),
        ("https://example.org/rocks.git", "git:https://example.org/rocks.git"),
        ("git:https://example.org/rocks", "git:https://example.org/rocks"),
    ],
)
def test_words_are_a_search_and_an_address_is_a_repository(written: str, source: str) -> None:
    assert spelled(written) == source
    assert spelled(Search(source).text) == source, "what is shown can be written back"


@pytest.mark.parametrize(
    "written",
    [
        *("", "git:", "git:rocks", "x" * 257),
        *("/home/jane/rocks", "~/rocks", "C:\\rocks", "folder:/home/jane", "list:mine.json", "git:/home/jane/rocks"),
        *("https://jane:secret@example.org/rocks", "git@example.org:jane/rocks", "file:///home/jane/rocks"),
        *(
            "http://example.org/rocks",
            "https://example.org/rocks?token=1",
            "ghp_" + "a1" * 18,
            "rocks sk-proj-" + "b2" * 9,
        ),
    ],
)
def test_no_place_of_ones_own_and_no_secret_gets_in(written: str, queue: Queue) -> None:
    before = queue.path.read_bytes()
    with pytest.raises(UserError):
        queue.add([written])
    assert queue.path.read_bytes() == before


def test_every_default_is_added_once(queue: Queue) -> None:
    queue.add([DEFAULTS["Models"]])
    assert queue.add(["github:"]) == len(DEFAULTS) - 2
    assert {f"github:{words}" for words in DEFAULTS.values()} < set(sources(queue))
    assert len(set(sources(queue))) == len(sources(queue))


def test_changes_are_kept_and_in_order(queue: Queue) -> None:
    queue.move(2, 0)
    queue.switch(1, False)
    queue.rename(0, "topic:b3d")
    again = Queue(queue.path)
    assert again.searches == queue.searches
    assert again.sources == ("github:topic:b3d", "git:https://example.org/rocks.git")
    queue.remove(0)
    assert sources(queue) == ["github:rocks", "git:https://example.org/rocks.git"]
    with pytest.raises(UserError, match="already"):
        queue.rename(0, "https://example.org/rocks.git")
    for at in (-1, 2):
        queue.remove(at)
        queue.move(at, 0)
        queue.switch(at, False)
    assert sources(queue) == ["github:rocks", "git:https://example.org/rocks.git"]


def test_what_others_write_is_taken_in_first(queue: Queue) -> None:
    other = Queue(queue.path)
    other.add(["trees"])
    queue.switch(0, False)
    assert other.look() and not other.look()
    assert other.searches == queue.searches == Queue(queue.path).searches
    assert len(queue.searches) == 4 and not queue.searches[0].on


@pytest.mark.parametrize("text", ["", "{", "[]", '{"searches": 7}', "\x00" * 9, "[" * 100_000])
def test_a_damaged_file_is_told_and_kept_aside(tmp_path: Path, text: str) -> None:
    path = DataFolder(tmp_path).queue
    path.write_text(text)
    queue = Queue(path)
    assert not queue.searches and queue.problem.startswith("harvest_queue.json is damaged")
    assert path.read_text() == text, "reading changes nothing"
    queue.add(["rocks"])
    assert not queue.problem
    (aside,) = tmp_path.glob("harvest_queue.damaged-*.json")
    assert aside.read_text() == text and Queue(path).sources == ("github:rocks",)


def test_entries_that_can_be_read_are_taken(tmp_path: Path) -> None:
    path = DataFolder(tmp_path).queue
    entries = [{"source": "github:rocks", "on": False, "later": 1}, 7, {"source": "folder:/home"}, {"source": "trees"}]
    path.write_text(json.dumps({"schema": "voxel-queue/9", "searches": entries}))
    queue = Queue(path)
    assert queue.searches == (Search("github:rocks", False), Search("github:trees"))
    assert queue.problem == "2 of 4 entries in harvest_queue.json could not be read."


def test_github_alone_is_every_default_search() -> None:
    opened = open_sources(["github:", "github:blender materials", "github:rocks"], Options(), None)
    assert [source.id for source in opened] == [*(f"github:{words}" for words in DEFAULTS.values()), "github:rocks"]


def test_the_command_takes_the_queue_and_resume_keeps_it(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    class NoRun:
        """Stands in for the run: what it is asked to do is all that is looked at."""

        def __init__(self, folder: DataFolder, options: Options, *_: object) -> None:
            asked.append(options.source)
            path = folder.runs / f"{len(asked)}" / "options.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({**options.as_json(), "stages": ["harvest"]}))

        def go(self) -> Exit:
            return Exit.DONE

    def run(*words: str) -> int:
        return command.main([words[0], "--data", str(tmp_path), *words[1:]], lambda: None, Path("script"))

    monkeypatch.setattr(command, "Run", NoRun)
    queue.switch(0, False)
    assert run("harvest", "--queue", "--source", "bundled:") == Exit.DONE
    assert asked[-1] == ("bundled:", "git:https://example.org/rocks.git", "github:topic:blender")
    queue.remove(1)
    assert run("resume") == Exit.DONE
    assert asked[-1] == asked[0]
    queue.switch(1, False)
    assert run("run", "--queue") == Exit.USAGE
    assert "No search is on" in capsys.readouterr().err
    queue.path.write_text("{")
    assert run("run", "--queue", "--source", "bundled:") == Exit.USAGE
    assert "damaged" in capsys.readouterr().err
