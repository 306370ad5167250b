# SPDX-License-Identifier: GPL-3.0-or-later
"""A git host on loopback, the two tools, and the four histories of the corpus."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.data_collection.git.server import Host, serving

BUNDLES = ("armory-examples", "gltf-blender-io", "ucupaint", "vrm-addon")


@pytest.fixture(params=["git", "dulwich"])
def tool(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it runs with both."""
    return str(request.param)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A server of the repositories in `tmp_path/served`."""
    root = tmp_path / "served"
    root.mkdir()
    with serving(root) as host:
        yield host


@pytest.fixture(scope="session")
def histories(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four histories as bare repositories."""
    bundles = shared / "corpus" / "history"
    if not bundles.is_dir():
        lacking(f"{bundles} is not here")
    folder = tmp_path_factory.mktemp("histories")
    for name in BUNDLES:
        clone = ["git", "clone", "--quiet", "--bare", str(bundles / f"{name}.bundle"), str(folder / f"{name}.git")]
        subprocess.run(clone, check=True, capture_output=True)
    return folder
