# SPDX-License-Identifier: GPL-3.0-or-later
"""Set aside, tried again, and told to Blender's developers: commands over what could not be read."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.data_collection.blend_bytes import Bytes
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.cli.terminal import asides_text
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline import bug_report, status
from voxel_trainer_addon.pipeline import run as pipeline_run
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker import record
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Host

pytestmark = [pytest.mark.plain, pytest.mark.skipif(os.name != "posix", reason="the fake worker dies of signals")]

FAKE = Path(__file__).parent.parent / "worker" / "fake_worker.py"
HOST = Host(sys.executable, True, (5, 2, 3))


class Desk:
    """A data folder, its files, and a Blender that dies of objects called Boom until it is mended."""

    def __init__(self, place: Path) -> None:
        self.files, self.mended = place / "Jane Doe", place / "mended"
        self.folder = DataFolder(place / "training_data")
        self.files.mkdir()
        for name in ("Boom", "Box"):
            made = Bytes().facts().add("OB", "Other").add("OB", name).add("DATA", data=b"7" * 5000).add("MA", "Rust")
            (self.files / f"{name}.blend").write_bytes(made.made())
        (self.files / "pointer.blend").write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 12\n")
        lines = FAKE.read_text(encoding="utf-8").replace(
            'do, once = body.get("do", "echo"), body.get("once")',
            f'bad = b"OBBoom" in open(body["path"], "rb").read() and not os.path.exists({str(self.mended)!r})\n'
            '    do, once = "crash" if bad else "echo", None',
        )
        lines = lines.replace('print("about', 'print(body["path"], "of jane@example.org is about')
        lines = lines.replace(
            'answer["body"]["seen"] = body',
            'place = start["scratch"] + "/" + body["sha256"] + ".json"\n'
            f'    json.dump({{"schema": {record.SCHEMA!r}, "sha256": body["sha256"]}}, open(place, "w"))\n'
            '    answer["body"] |= {"record": place, "state": "read with errors", "counts": {}}',
        )
        self.program = place / "reader.py"
        self.program.write_text(lines, encoding="utf-8")
        self.heard: list[dict[str, Any]] = []

    def run(self, *stages: str, **options: Any) -> str:
        self.heard.clear()
        given = Options(source=(f"folder:{self.files}",), workers=1, **options)
        pipeline_run.Run(self.folder, given, HOST, stages, [self.heard.append]).go()
        return " ".join(line["words"] for line in self.heard if line["kind"] == "note")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)
    for module in (pipeline_run, bug_report):
        monkeypatch.setattr(module, "Pool", functools.partial(Pool, program=made.program))
    made.run("harvest", "parse")
    return made


def test_what_was_set_aside_is_listed_in_groups(desk: Desk) -> None:
    with Catalog(desk.folder.catalog) as catalog:
        groups = status.set_aside(catalog)
        assert [(group["code"], group["count"]) for group in groups] == [("crashed", 1), ("git-lfs", 1)]
        assert [group["code"] for group in status.set_aside(catalog, "git-lfs")] == ["git-lfs"]
        words = asides_text(groups)
    assert "parse: 1 × crashed" in words and sha256_of(desk.files / "Boom.blend")[:12] in words


def test_read_with_errors_is_a_state_and_fails_the_goal(desk: Desk) -> None:
    with Catalog(desk.folder.catalog) as catalog:
        assert catalog.counts()["with_errors"] == catalog.counts()["parsed"] == 1
        goal = next(goal for goal in status.goals(desk.folder, catalog) if goal["goal"] == "no errors on parse")
    assert not goal["reached"] and goal["have"] == "2 set aside, 1 read with errors"


def test_set_aside_files_are_tried_again_by_choice(desk: Desk) -> None:
    desk.mended.touch()
    assert "tried again" not in desk.run("parse")
    assert "No file is set aside as “time”" in desk.run("parse", retry="time")
    assert "1 file that was set aside: tried again." in desk.run("parse", retry="crashed")
    with Catalog(desk.folder.catalog) as catalog:
        assert [aside.code for aside in catalog.asides("parse")] == ["git-lfs"] and len(catalog.records()) == 2
    assert "1 file that was" in desk.run("parse", retry="all")


def test_the_run_says_that_workers_are_not_locked_in(desk: Desk) -> None:
    desk.mended.touch()
    assert desk.run("parse", retry="all").count("cannot lock workers in") == 1


def test_a_bug_report_holds_what_is_needed_and_no_private_path(desk: Desk, tmp_path: Path) -> None:
    sha256, out = sha256_of(desk.files / "Boom.blend"), tmp_path / "out"
    with Catalog(desk.folder.catalog) as catalog:
        write = functools.partial(bug_report.write, desk.folder, catalog, HOST)
        text = write(sha256[:8], out, False, lambda: True).read_text(encoding="utf-8")
        assert [path.name for path in out.iterdir()] == [f"{sha256[:12]}.md"]
        write(sha256, out, True, lambda: True)
        with pytest.raises(UserError, match="does not crash"):
            write(sha256_of(desk.files / "Box.blend"), out, False, lambda: True)
        with pytest.raises(UserError, match="0 files"):
            write("0" * 64, out, False, lambda: True)
    assert all(words in text for words in ("5.2.3", "SIGSEGV", sha256, "is about to crash", "Smallest form"))
    assert not any(private in text for private in (str(tmp_path), "Doe", "jane"))
    assert (out / f"{sha256[:12]}.blend").read_bytes() == (desk.files / "Boom.blend").read_bytes()
    smallest = (out / f"{sha256[:12]}-smallest.blend").read_bytes()
    assert b"OBBoom" in smallest and b"OBOther" not in smallest and b"7777" not in smallest and b"jane" not in smallest
