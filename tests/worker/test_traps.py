# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile files in a real worker: no script runs, nothing is opened that they name, and each is read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker import traps
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Host, Request

pytestmark = [pytest.mark.bpy, pytest.mark.skipif(sys.platform != "linux", reason="inotify and Landlock are Linux's")]

SCRIPTED = [name for name in traps.NAMES if name.startswith(("text", "handler", "driver_namespace", "driver_that_o"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("traps")
    subprocess.run([sys.executable, "-I", traps.__file__, "make", place], check=True, capture_output=True, timeout=120)
    return place


@pytest.fixture(scope="module")
def pool(folder: Path) -> Iterator[Pool]:
    import bpy

    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    with Pool(host, workers=1, memory_mb=4000, scratch=folder / "scratch", readable=[folder / "files"]) as made:
        yield made


def read(pool: Pool, folder: Path, name: str, way: str) -> tuple[traps.Seen, dict[str, Any]]:
    body = {"path": str(folder / "files" / f"{name}.blend"), "sha256": "0" * 64, "way": way, "blocks": 1}
    request = Request("read", body, name, "0" * 64, 20, retry={**body, "way": "open"})
    with traps.watched(folder, name) as seen:
        (answer,) = pool.run([request], lambda: True)
    assert answer.ok, (answer.sentence, answer.detail)
    return seen, json.loads(Path(answer.body["record"]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", traps.NAMES)
def test_nothing_runs_and_nothing_is_opened(pool: Pool, folder: Path, name: str) -> None:
    seen, record = read(pool, folder, name, "fast")
    assert not seen.ran and record["way"] == "fast"
    if "files" in (pool.locked or ()) and name not in traps.IN_ITS_FOLDER:
        assert not seen.opened
    if name.startswith("library"):
        assert record["materials"] == [] and record["libraries"]


def test_what_is_nested_without_end_costs_its_tree_alone(pool: Pool, folder: Path) -> None:
    _, record = read(pool, folder, "nested_properties", "fast")
    assert [(aside["item"], aside["code"]) for aside in record["set_aside"]] == [("node_groups/Deep", "unreadable")]


@pytest.mark.parametrize("name", SCRIPTED)
def test_no_script_runs_by_the_other_way_either(pool: Pool, folder: Path, name: str) -> None:
    assert not read(pool, folder, name, "open")[0].ran


@pytest.mark.parametrize("name", ["text_block", "driver_namespace"])
def test_these_traps_are_some(folder: Path, name: str) -> None:
    assert traps.plain(sys.executable, folder, name, scripts=True).ran


def test_a_name_that_is_not_text_costs_its_data_block_alone(pool: Pool, folder: Path) -> None:
    _, record = read(pool, folder, traps.NOT_UTF_8, "fast")
    assert [row["name"] for row in record["objects"]] == ["Thing"]
    assert "name-not-text" in {aside["code"] for aside in record["set_aside"]}
