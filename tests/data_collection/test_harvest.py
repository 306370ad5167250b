# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvest over real folders: what is found, what is set aside, what a second run costs, going on from JSON."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.data_collection.blender_scraper import BlenderFileScraper
from voxel_trainer_addon.data_collection.sources import bundled, open_sources
from voxel_trainer_addon.errors import SetAside, UserError
from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.protocol import Host

pytestmark = pytest.mark.plain


class Hooks:
    """The plainest work: keeps what it is told."""

    def __init__(self, data: DataFolder, catalog: Catalog) -> None:
        self.data, self.catalog, self.asides = data, catalog, list[SetAside]()

    def wait_while_paused(self) -> None: ...

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None: ...

    def note(self, words: str) -> None: ...

    def waiting(self, until: float, words: str) -> None: ...

    def plan(self, plan: dict[str, Any], words: list[str]) -> None: ...

    def set_aside(self, aside: SetAside) -> None:
        self.asides.append(aside)
        self.catalog.add_aside(aside)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        checkpoints.write(self.data, self.catalog, "harvest", status, progress, state)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    root = tmp_path / "rocks"
    (root / "deep").mkdir(parents=True)
    (root / "a.blend").write_bytes(b"BLENDER-v402 first")
    (root / "deep" / "same.blend").write_bytes(b"BLENDER-v402 first")
    (root / "deep" / "b.BLEND").write_bytes(b"BLENDER-v402 second")
    (root / "old.blend1").write_bytes(b"BLENDER-v402 third")
    (root / "notes.txt").write_text("no")
    (root / "link.blend").symlink_to(root / "a.blend")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "c.blend").write_bytes(b"BLENDER-v402 outside")
    (root / "away").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.blend")
    return root


def harvest(data: DataFolder, root: Path, **options: Any) -> tuple[BlenderFileScraper, Hooks, Catalog]:
    catalog, chosen = Catalog(data.catalog), Options(**options)
    scraper = BlenderFileScraper(data, catalog, open_sources([f"folder:{root}"], chosen, None), chosen)
    hooks = Hooks(data, catalog)
    scraper.harvest(hooks)
    return scraper, hooks, catalog


def test_folder_is_read_where_it_lies(files: Path, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "training_data")
    _, hooks, catalog = harvest(data, files)
    found = list(catalog.origins())
    assert [origin.path for origin in found] == ["a.blend", "deep/b.BLEND", "deep/same.blend"]
    assert len({origin.sha256 for origin in found}) == 2, "equal content is one file with two origins"
    assert {origin.licence for origin in found} == {"own"}
    assert sorted((aside.code, aside.item.rpartition("/")[2]) for aside in hooks.asides) == [
        ("link", "link.blend"),
        ("not a file", "pipe.blend"),
    ]
    assert str(tmp_path) not in data.metadata.read_text() + data.checkpoint("harvest").read_text()


def test_blend1_only_on_request_and_patterns(files: Path, tmp_path: Path) -> None:
    _, _, catalog = harvest(DataFolder(tmp_path / "1"), files, blend1=True, exclude=("deep/*",))
    assert [origin.path for origin in catalog.origins()] == ["a.blend", "old.blend1"]
    _, _, catalog = harvest(DataFolder(tmp_path / "2"), files, include=("deep/*",), limit=1)
    assert [origin.path for origin in catalog.origins()] == ["deep/b.BLEND"]


def test_python_that_uses_bpy_on_request_under_the_licence_of_its_head(files: Path, tmp_path: Path) -> None:
    (files / "grow.py").write_text("# SPDX-License-Identifier: MIT\nimport bpy\n")
    (files / "plain.py").write_text("import bpy.types\n")
    (files / "sums.py").write_text("import math\n")
    _, _, catalog = harvest(DataFolder(tmp_path / "1"), files, code=True, licence="CC0-1.0", include=("*.py",))
    found = [(origin.path, origin.kind, origin.licence) for origin in catalog.origins()]
    assert found == [("grow.py", "code", "MIT"), ("plain.py", "code", "CC0-1.0")]
    assert catalog.counts()["files"] == 0, "what is parsed is .blend files"
    _, _, catalog = harvest(DataFolder(tmp_path / "2"), files, code=True, include=("grow.py",))
    assert [origin.licence for origin in catalog.origins()] == ["own"], "one's own work is what one says that it is"


def test_second_run_hashes_only_what_changed(files: Path, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "training_data")
    first, _, _ = harvest(data, files)
    (files / "a.blend").write_bytes(b"BLENDER-v402 changed!")
    (files / "deep" / "same.blend").unlink()
    second, _, catalog = harvest(data, files)
    assert (first.hashed, second.hashed) == (3, 1)
    assert [origin.path for origin in catalog.origins()] == ["a.blend", "deep/b.BLEND"]


def test_licences_of_each_path(files: Path, tmp_path: Path) -> None:
    listed = tmp_path / "licences.json"
    write_json(listed, {"files": [{"path": "a.blend", "licence": "MIT", "repository": "https://example.org/r"}]})
    _, _, catalog = harvest(DataFolder(tmp_path / "1"), files, licences=str(listed), licence="CC0-1.0")
    assert {origin.path: origin.licence for origin in catalog.origins()}["a.blend"] == "MIT"
    assert {origin.licence for origin in catalog.origins()} == {"MIT", "CC0-1.0"}
    with pytest.raises(UserError, match="not an SPDX"):
        open_sources([f"folder:{files}"], Options(licence="free as in <beer>"), None)


def test_bundled_says_when_there_is_nothing() -> None:
    with pytest.raises(bundled.NoLibraries, match="no bundled asset libraries"):
        open_sources(["bundled:"], Options(), Host("blender", False, (4, 3, 2)))
    with pytest.raises(UserError, match="is no source"):
        open_sources(["https://example.org"], Options(), None)


def test_checkpoint_in_the_users_shape_and_resume_from_it(files: Path, tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "training_data")
    _, _, catalog = harvest(data, files)
    catalog.close()
    point = json.loads(data.checkpoint("harvest").read_text())
    assert list(point) == ["task", "status", "started_at", "last_updated", "progress", "state", "next_steps"]
    assert set(point["progress"]) == {
        "total_queries",
        "completed_queries",
        "current_query",
        "files_found",
        "files_downloaded",
        "errors",
    }
    assert set(point["state"]) == {
        "scraped_hashes",
        "current_repo_index",
        "rate_limit_reset_at",
        "queries",
        "filters",
    }
    (files / "new.blend").write_bytes(b"BLENDER-v402 new")
    scraper = BlenderFileScraper.from_checkpoint(data.checkpoint("harvest"))
    stats = asyncio.run(scraper.resume_scraping())
    assert stats["files_found"] == 4 and stats["completed_queries"] == 1
