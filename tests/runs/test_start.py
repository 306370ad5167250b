# SPDX-License-Identifier: GPL-3.0-or-later
"""What the button starts: the words, the program's command line, and the copy of the code that it runs from."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from voxel_trainer_addon.cli.arguments import options_of, parsed
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.runs import Choices, Program, code_copy
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain


def test_only_what_differs_from_the_defaults_is_said() -> None:
    choices = Choices(data="/data", folder="/my work", licence="CC-BY-4.0", preset="tiny")
    assert choices.words() == [
        *("--data", "/data"),
        *("--source", "folder:/my work", "--licence", "CC-BY-4.0"),
        *("--source", "bundled:"),
        *("--preset", "tiny"),
        "--yes",
    ]


def test_without_consent_nothing_is_downloaded() -> None:
    words = Choices(data="/data").words(train=False)
    assert "--yes" not in words
    assert words[-2:] == ["--stages", "harvest,parse,dataset"]


def test_the_queue_comes_with_its_filters_and_a_plan_without_anything_else() -> None:
    choices = Choices(data="/data", folder="/rocks", stars=3, file_mb=7.5, archived=True, allow=["copyleft", "no such"])
    network = ["--queue", "--wait", "--stars", "3", "--file-mb", "7.5", "--archived", "--allow", "copyleft"]
    assert choices.words(searches=True)[-len(network) - 1 : -1] == network
    assert choices.plan_words() == ["--data", "/data", *network, "--plan"]
    assert not {"--wait", "--stars"} & set(choices.words())
    found = parsed(["harvest", *choices.plan_words()])
    assert found.queue and options_of(found) == Options(
        plan=True, wait=True, stars=3, file_mb=7.5, archived=True, allow=("copyleft",)
    )


def test_one_search_is_enough_to_start_where_it_may_be_gone_through() -> None:
    choices = Choices(data="/data", bundled=False)
    assert not choices.lacking(searches=True)
    assert choices.lacking(searches=True, offline="It is off.") == "It is off"
    assert not Choices(data="/data").lacking(searches=True, offline="It is off.")


def test_what_is_lacking_is_said() -> None:
    assert "data folder" in Choices().lacking()
    assert "folder to harvest" in Choices(data="/data", bundled=False).lacking()
    assert not Choices(data="/data").lacking()


def test_choices_are_kept_and_read_without_trust(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    Choices(folder="/a", bundled=False).save(path)
    assert Choices.load(path) == Choices(folder="/a", bundled=False)
    path.write_text(json.dumps({"folder": 7, "bundled": "yes", "name": "mine", "later": 1}))
    assert Choices.load(path) == Choices(name="mine")
    path.write_text("[")
    assert Choices.load(path) == Choices.load(tmp_path / "missing") == Choices()


def test_the_command_keeps_what_factory_settings_would_forget() -> None:
    script = Path("/copy/run_headless.py")
    assert Program("blender", online=True).command(script, ["run"]) == [
        *("blender", "-b", "--factory-startup", "--online-mode", "--python-exit-code", "70"),
        *("--python", str(script), "--", "run"),
    ]
    assert "--online-mode" not in Program("blender").command(script, ["run"])
    assert Program("python", is_module=True).command(script, ["run"]) == ["python", "-I", str(script), "run"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small package with its script beside it; the package's folder."""
    root = tmp_path / "checkout"
    for name in ("pack/__init__.py", "pack/room/a.py", "pack/room/table.json", "pack/__pycache__/a.pyc", "pack/.git/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "scripts").mkdir()
    (root / "scripts" / "run_headless.py").write_text("print()")
    return root / "pack"


def test_a_copy_has_the_layout_of_the_zip_and_is_made_once(checkout: Path, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    script = code_copy.ensure(data, checkout)
    copy = script.parent.parent
    names = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file())
    assert names == ["__init__.py", "room/a.py", "room/table.json", "scripts/run_headless.py"]
    made = script.stat().st_mtime_ns
    assert code_copy.ensure(data, checkout) == script
    assert script.stat().st_mtime_ns == made
    assert code_copy.contents(copy).keys() == code_copy.contents(checkout).keys()
    assert code_copy.ensure(data, copy) == script

    (checkout / "room" / "a.py").write_text("changed")
    assert code_copy.ensure(data, checkout) != script
    assert script.is_file()


def test_old_copies_go_unless_a_run_is_at_work(checkout: Path, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    old = code_copy.ensure(data, checkout)
    os.utime(old.parent.parent, (time.time() - 1e6,) * 2)
    (checkout / "room" / "a.py").write_text("changed")
    with FolderLock(data.lock) as lock:
        assert lock.acquire()
        new = code_copy.ensure(data, checkout)
        assert old.is_file()
    assert code_copy.ensure(data, checkout) == new
    assert not old.exists()
