# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvests from the test GitHub, in this process or by the real command, and what two of them must have in common."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.peer import Peer
from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.data_collection.blender_scraper import BlenderFileScraper
from voxel_trainer_addon.data_collection.sources import open_sources
from voxel_trainer_addon.errors import Cancelled, SetAside
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "run_headless.py"
TOKEN = "ghp_alice_0123456789abcdef"
TABLES = {
    "source": "SELECT id, kind, state, words FROM source ORDER BY 1",
    "file": "SELECT sha256, bytes, kind, oid, stored FROM file ORDER BY 1",
    "origin": "SELECT source, path, sha256, licence, body FROM origin JOIN provenance ON id = provenance ORDER BY 1, 2",
    "listed": "SELECT repository, path, kind, oid, bytes, licence, body FROM listed JOIN provenance "
    "ON id = provenance ORDER BY 1, 2",
    "repository": "SELECT id, name, tree, listed FROM repository ORDER BY 1",
    "aside": "SELECT item, code FROM aside WHERE stage = 'harvest' ORDER BY 1",
}
"""What two harvests must have in common: everything but times and what GitHub answered when."""


def contents(data: DataFolder) -> dict[str, Any]:
    """Catalog and blobs of a data folder, comparable; whatever lies among the blobs is checked against its name."""
    with sqlite3.connect(data.catalog) as catalog:
        assert catalog.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found: dict[str, Any] = {name: catalog.execute(sql).fetchall() for name, sql in TABLES.items()}
    catalog.close()
    blobs = sorted(path for path in data.blobs.rglob("*") if path.is_file())
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in blobs)
    assert [path.stem for path in blobs] == [row[0] for row in found["file"] if row[4]]
    return found


def environment(peer: Peer, token: str = TOKEN) -> dict[str, str]:
    """What leads a harvest to the test GitHub."""
    return {
        "GITHUB_API_URL": peer.api,
        "GITHUB_GRAPHQL_URL": f"{peer.api}/graphql",
        "GITHUB_RAW_URL": peer.raw,
        "GITHUB_SERVER_URL": peer.git,
        "GITHUB_TOKEN": token,
    }


@dataclass
class Hooks:
    """The plainest work. `at` is called at every tick and may raise."""

    data: DataFolder
    catalog: Catalog
    at: Callable[[Hooks], None] = lambda hooks: None
    notes: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    steps: int = 0
    points: list[str] = field(default_factory=list)

    def wait_while_paused(self) -> None:
        self.at(self)

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        self.steps += 1

    def note(self, words: str) -> None:
        self.notes.append(words)

    def waiting(self, until: float, words: str) -> None:
        self.waits += [words] if words else []

    def plan(self, plan: dict[str, Any], words: list[str]) -> None: ...

    def set_aside(self, aside: SetAside) -> None:
        self.catalog.add_aside(aside)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        self.points.append(status)
        checkpoints.write(self.data, self.catalog, "harvest", status, progress, state)


def harvest(data: DataFolder, *specs: str, at: Callable[[Hooks], None] = lambda hooks: None, **options: Any) -> Hooks:
    """One harvest in this process. Raises what it raises."""
    chosen = Options(source=specs, **options)
    with Catalog(data.catalog) as catalog:
        hooks = Hooks(data, catalog, at)
        BlenderFileScraper(data, catalog, open_sources(specs, chosen, None), chosen).harvest(hooks)
    return hooks


def calmly(data: DataFolder, *specs: str, **options: Any) -> dict[str, Any]:
    """What an undisturbed harvest beside `data` has."""
    beside = DataFolder(data.root.with_name("calm"))
    harvest(beside, *specs, **options)
    return contents(beside)


def cancel_after(steps: int) -> Callable[[Hooks], None]:
    """Cancel once so many steps were told."""

    def at(hooks: Hooks) -> None:
        if hooks.steps >= steps:
            raise Cancelled

    return at


def command(*words: str, data: DataFolder) -> list[str]:
    return [sys.executable, str(SCRIPT), *words, "--data", str(data.root)]


def run(peer: Peer, data: DataFolder, *words: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """The real command, to its end."""
    env = {**os.environ, **environment(peer, token)}
    return subprocess.run(
        command(*words, data=data), env=env, cwd=data.root.parent, capture_output=True, text=True, timeout=120
    )


def stock(peer: Peer, word: str) -> str:
    """Repositories that a search for `word` finds: with folders and without, equal contents, licences of several
    kinds, nothing to take; the search."""
    equal = {"text": f"BLENDER-v402 {word} " * 50}
    owner = f"{word}-artist"
    for at in range(6):
        peer.change(
            add=f"{owner}/flat-{at}",
            description=f"{word} models",
            created=f"202{at % 4}-03-0{at + 1}T10:00:00+00:00",
            files={"one.blend": {"size": 40_000 + at}, "same.blend": equal, "LICENSE": {"text": CC0}},
        )
    for at, licence in enumerate(("mit", "gpl-3.0", "", "cc-by-4.0")):
        peer.change(
            add=f"{owner}/deep-{at}",
            description=f"{word} scenes",
            created=f"2021-0{at + 2}-01T10:00:00+00:00",
            licence=licence,
            files={
                "README.md": {"text": "# Scenes\n\nLicence: CC0 1.0 for all files.\n"},
                "assets/rock.blend": {"size": 30_000 + at},
                "assets/more/same.blend": equal,
                f"assets/more/Größe {at}.blend": {"size": 700_000},
            },
        )
    peer.change(add=f"{owner}/empty", description=f"{word} plans")
    return f"github:{word}"


CC0 = "SPDX-License-Identifier: CC0-1.0\n\nCC0 1.0 Universal\n"
