# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage parse: each due file becomes a record or a reason, a stop costs what is in hand, nothing is parsed twice."""

from __future__ import annotations

import base64
import json
import os
import signal
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.data_collection.blend_bytes import Bytes
from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.data_collection import blend_parser
from voxel_trainer_addon.errors import Cancelled, SetAside, Unavailable
from voxel_trainer_addon.files import read_json, sha256_of, write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options, Outcome
from voxel_trainer_addon.worker import record
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.process import PROGRAM
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

FAKE = Path(__file__).parent.parent / "worker" / "fake_worker.py"


class Stage:
    """A run's side of the stage, with a pool of its own."""

    run_id = "test"

    def __init__(self, tmp_path: Path, host: Host | None, program: Path = PROGRAM) -> None:
        self.folder = DataFolder(tmp_path / "training_data")
        self.catalog, self.host, self.options = Catalog(self.folder.catalog), host, Options()
        self.program = program
        self.asides: list[SetAside] = []
        self.shown: list[tuple[int, int, str]] = []
        self.states: list[dict[str, Any]] = []
        self.pids: set[int] = set()
        self.on_progress: Callable[[], None] = lambda: None

    def harvest(self, root: Path) -> None:
        self.catalog.add_source("folder:test", "folder", root)
        files = [path for path in sorted(root.rglob("*.blend*")) if path.is_file()]
        self.catalog.add_origins(
            Origin(
                "folder:test",
                path.relative_to(root).as_posix(),
                sha256_of(path),
                found.st_size,
                found.st_mtime_ns,
                "own",
                {},
            )
            for path in files
            for found in [path.stat()]
        )

    def parse(self) -> Outcome:
        return blend_parser.run(self)

    def close(self) -> None:
        self.catalog.close()

    def emit(self, kind: str, **fields: Any) -> None: ...

    def note(self, words: str) -> None: ...

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        self.shown.append((done, total, item))
        self.on_progress()

    def set_aside(self, aside: SetAside) -> None:
        self.asides.append(aside)
        self.catalog.add_aside(aside, self.host.name if self.host else "")

    def tick(self) -> bool:
        return True

    def wait_while_paused(self) -> None: ...

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        assert self.host
        scratch = self.folder.scratch
        given: dict[str, Any] = {"workers": 2, "memory_mb": 4000, "scratch": scratch, "readable": tuple(readable)}
        with Pool(self.host, program=self.program, **given) as pool:
            self.pool = pool
            yield from pool.run(requests, self.tick)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        self.states.append({"status": status, **progress})
        checkpoints.write(self.folder, self.catalog, "parse", status, progress, state)


def blend(number: int) -> bytes:
    """A file that looks like a .blend from outside."""
    return Bytes().facts().add("MA", f"Rust {number}").made()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    root = tmp_path / "files"
    root.mkdir()
    for number in range(25):
        (root / f"{number:02}.blend").write_bytes(blend(number))
    return root


@pytest.fixture
def stage(tmp_path: Path, files: Path) -> Iterator[Stage]:
    """A stage whose Blender writes small records, and does to a file what `<its name>.do` says."""
    reader = tmp_path / "reader.py"
    lines = FAKE.read_text(encoding="utf-8").replace(
        'do, once = body.get("do", "echo"), body.get("once")',
        'do, once = open(body["path"] + ".do").read() if os.path.exists(body["path"] + ".do") else "echo", None',
    )
    reader.write_text(
        lines.replace(
            'answer["body"]["seen"] = body',
            """place = start["scratch"] + "/" + body["sha256"] + ".json"
    with open(place, "w") as out:
        json.dump({"schema": "SCHEMA", "sha256": body["sha256"], "thumbnail": body.get("thumbnail")}, out)
    if do == "point elsewhere":
        place = body["path"]
    import hashlib
    os.makedirs(start["scratch"] + "/beside/texts", exist_ok=True)
    name = "texts/" + hashlib.sha256(b"a text").hexdigest() + ".txt"
    with open(start["scratch"] + "/beside/" + name, "w") as out:
        out.write("another text" if do == "lie about a text" else "a text")
    beside = ["../../catalog.sqlite"] if do == "name another file" else [name]
    answer["body"] |= {"record": place, "state": "read", "counts": {"materials": 1}, "beside": beside}
    if do == "say half":
        del answer["body"]["state"]""".replace("SCHEMA", record.SCHEMA),
        ),
        encoding="utf-8",
    )
    with closing(Stage(tmp_path, Host(sys.executable, True, (5, 2, 3)), reader)) as made:
        made.harvest(files)
        yield made


@pytest.mark.plain
def test_each_file_becomes_a_record(stage: Stage) -> None:
    outcome = stage.parse()
    assert outcome.words == "25 files parsed." and outcome.counts == {"parsed": 25, "parsed_now": 25, "aside": 0}
    rows = stage.catalog.records("5.2.3")
    assert len(rows) == 25 and all(record.load(stage.folder.root / row["path"]) for row in rows)
    assert stage.shown[-1][:2] == (25, 25) and not list(stage.folder.scratch.rglob("*.json"))
    assert [state["parsed_files"] for state in stage.states] == [10, 20, 25, 25]
    saved = read_json(stage.folder.checkpoint("parse"))
    assert saved["status"] == "done" and len(saved["state"]["parsed_hashes"]) == 25
    assert saved["progress"] == {
        "total_files": 25,
        "parsed_files": 25,
        "failed_files": 0,
        "current_file": stage.shown[-1][2],
    }


@pytest.mark.plain
def test_nothing_is_parsed_twice(stage: Stage) -> None:
    stage.parse()
    stage.shown.clear()
    assert stage.parse().counts == {"parsed": 25, "parsed_now": 0, "aside": 0}
    assert stage.shown == []


@pytest.mark.plain
def test_what_is_no_file_for_blender_never_reaches_it(stage: Stage, files: Path, tmp_path: Path) -> None:
    (files / "00.blend").write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 12\n")
    (files / "01.blend").unlink()
    (files / "02.blend").write_bytes(blend(99))
    (files / "bad\x1b[31m.blend").write_bytes(b"")
    stage.harvest(files)
    (files / "02.blend").write_bytes(blend(77))
    (files / "03.blend").unlink()
    os.mkfifo(files / "03.blend")
    stage.parse()
    assert Counter(aside.code for aside in stage.asides) == Counter(
        {"git-lfs": 1, "gone": 1, "changed": 1, "empty": 1, "not-a-file": 1}
    )
    assert not any("\x1b" in aside.sentence for aside in stage.asides)
    assert "00.blend: It is a pointer to a file of 12 B in Git LFS; fetch it with git lfs pull." in {
        aside.sentence for aside in stage.asides
    }


@pytest.mark.plain
def test_a_touched_file_with_the_same_content_is_read(stage: Stage, files: Path) -> None:
    os.utime(files / "00.blend", ns=(1, 1))
    assert stage.parse().counts["aside"] == 0


@pytest.mark.plain
def test_a_crash_is_set_aside_and_the_run_goes_on(stage: Stage, files: Path) -> None:
    (files / "07.blend.do").write_text("crash")
    (files / "08.blend.do").write_text("lie")
    outcome = stage.parse()
    assert outcome.words == "23 files parsed, 2 set aside."
    assert Counter(aside.code for aside in stage.asides) == Counter({"crashed": 1, "protocol": 1})
    assert {aside.item for aside in stage.asides} == {sha256_of(files / "07.blend"), sha256_of(files / "08.blend")}


@pytest.mark.plain
def test_a_worker_cannot_make_the_stage_move_other_files(stage: Stage, files: Path) -> None:
    (files / "07.blend.do").write_text("point elsewhere")
    stage.parse()
    assert [aside.code for aside in stage.asides] == ["no-record"] and (files / "07.blend").is_file()


@pytest.mark.plain
def test_what_lies_beside_records_is_kept_once(stage: Stage) -> None:
    stage.parse()
    (text,) = (stage.folder.parsed / "texts").iterdir()
    assert text.read_text() == "a text" and text.stem == sha256_of(text)


@pytest.mark.plain
def test_a_worker_is_handed_the_files_thumbnail_as_png(stage: Stage, files: Path) -> None:
    pixels = struct.pack("<ii", 3, 2) + bytes(4 * 3 * 2)
    (files / "00.blend").write_bytes(Bytes().facts().add("MA", "Rust").add("TEST", data=pixels).made())
    stage.harvest(files)
    stage.parse()
    with_one, without = (record.load(stage.folder.record(sha256_of(files / f"0{number}.blend"))) for number in (0, 1))
    assert with_one and without and without["thumbnail"] is None
    picture = base64.b64decode(with_one["thumbnail"])
    assert picture.startswith(b"\x89PNG") and struct.unpack_from(">II", picture, 16) == (3, 2)


@pytest.mark.plain
@pytest.mark.parametrize("do", ["lie about a text", "name another file"])
def test_what_lies_beside_a_record_is_checked(stage: Stage, files: Path, do: str) -> None:
    for path in files.iterdir():
        path.with_name(path.name + ".do").write_text(do)
    stage.parse()
    assert {aside.code for aside in stage.asides} == {"no-record"} and stage.catalog.records() == []
    assert not stage.folder.parsed.exists() or not any(path.is_file() for path in stage.folder.parsed.rglob("*"))


@pytest.mark.plain
def test_half_an_answer_costs_its_file_alone(stage: Stage, files: Path) -> None:
    (files / "07.blend.do").write_text("say half")
    stage.parse()
    assert [(aside.code, aside.item) for aside in stage.asides] == [("no-record", sha256_of(files / "07.blend"))]


@pytest.mark.plain
def test_a_library_that_is_no_file_keeps_its_file_from_blender(stage: Stage, files: Path) -> None:
    """Blender would wait for a FIFO for ever."""
    linking = Bytes().facts().add("MA", "Rust").add("LI", "pipe", "//props\\pipe.blend").made()
    (files / "00.blend").write_bytes(linking)
    (files / "props").mkdir()
    os.mkfifo(files / "props" / "pipe.blend")
    (files / "01.blend").write_bytes(linking.replace(b"//props\\", b"//none/\0"))
    stage.harvest(files)
    stage.parse()
    assert [(aside.code, aside.item) for aside in stage.asides] == [("not-a-file", sha256_of(files / "00.blend"))]


@pytest.mark.plain
def test_network_libraries_stay_closed_where_no_lock_keeps_them_so(
    stage: Stage, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(("\\\\server\\share\\a.blend", "/\\server/a.blend", "//server/share/a.blend")):
        (files / f"{number:02}.blend").write_bytes(Bytes().facts().add("OB", "Box").add("LI", "a", path).made())
    stage.harvest(files)
    monkeypatch.setattr(blend_parser, "sys", SimpleNamespace(platform="win32"))
    stage.parse()
    assert Counter(aside.code for aside in stage.asides) == {"network-library": 2}


@pytest.mark.plain
def test_what_assets_forbid_counts_after_every_harvest(stage: Stage) -> None:
    stage.parse()
    origin = replace(next(iter(stage.catalog.origins())), licence="MIT")
    place = stage.folder.record(origin.sha256)
    write_json(place, {"schema": record.SCHEMA, "assets": [{"license": "CC-BY-NC-4.0", "copyright": ""}]})
    stage.catalog.add_record(origin.sha256, "5.2.3", record.VERSION, "read", place.name, {"assets": 1})
    for _ in range(2):
        stage.catalog.add_origins([origin])  # as a harvest does, which has not opened the file
        stage.parse()
        (found,) = stage.catalog.origins(origin.sha256)
        assert found.licence == "CC-BY-NC-4.0" and found.provenance["evidence"][0][0] == "asset"


@pytest.mark.plain
def test_workers_killed_in_mid_run_lose_nothing(stage: Stage) -> None:
    def kill() -> None:
        if len(stage.shown) in (4, 12):
            for worker, unit in stage.pool._busy.items():
                if unit.tries == 1:  # a file that costs two workers is set aside, and rightly so
                    os.kill(worker.pid, signal.SIGKILL)

    stage.on_progress = kill
    assert stage.parse().counts["parsed"] == 25 and not stage.asides


@pytest.mark.plain
def test_a_stop_keeps_what_is_done_and_the_rest_is_done_later(stage: Stage) -> None:
    def stop() -> None:
        if len(stage.shown) == 13:
            raise Cancelled

    stage.on_progress = stop
    before = threading.active_count()
    with pytest.raises(Cancelled):
        stage.parse()
    assert threading.active_count() <= before
    saved = read_json(stage.folder.checkpoint("parse"))
    assert saved["status"] == "running" and saved["progress"]["parsed_files"] == 13
    assert len(stage.catalog.records()) == 13 == len(list(stage.folder.parsed.glob("*.json")))
    stage.on_progress = lambda: None
    assert stage.parse().counts == {"parsed": 25, "parsed_now": 12, "aside": 0}


@pytest.mark.plain
def test_without_blender_the_stage_says_so(tmp_path: Path) -> None:
    with closing(Stage(tmp_path, None)) as stage, pytest.raises(Unavailable, match="--blender PATH"):
        stage.parse()


@pytest.mark.bpy
def test_the_corpus(tmp_path: Path, corpus: Path) -> None:
    """Every file of the corpus that this Blender can open, node for node as the manifest counted them by another way
    of loading; every other with a reason."""
    import bpy

    version = (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2])
    host = Host(sys.executable, True, version)
    with closing(Stage(tmp_path, host)) as stage:
        stage.harvest(corpus)
        outcome = stage.parse()
        rows = {row["sha256"]: row for row in stage.catalog.records()}
    named = {
        file["sha256"]: file["tested"].get(host.name)
        for file in json.loads((corpus / "MANIFEST.json").read_text())["files"]
    }
    assert outcome.counts["parsed"] + outcome.counts["aside"] == len(named) == 152
    assert {sha256 for sha256, tested in named.items() if tested["opens"]} <= set(rows)
    assert all(len(aside.sentence) > 20 for aside in stage.asides)
    for sha256, row in rows.items():
        read, expected = record.load(stage.folder.root / row["path"]), named[sha256]
        assert read and read["blender"] == host.name and read["file"]["version"] > "2"
        assert str(corpus) not in json.dumps(read)
        if not expected["opens"]:  # the fast way reads a file more than opening does
            continue
        assert sum(len(graph["nodes"]) for graph in read["graphs"].values()) == expected["nodes"]
        assert sum(len(stack["modifiers"]) for stack in read["stacks"].values()) == expected["modifiers"]
        for kind in ("objects", "materials", "texts", "images", "actions", "libraries"):
            assert len(read[kind]) == expected.get(kind, len(read[kind])), kind
