# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: which of them a suite collects, and where the corpus and the tools lie."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "") not in ("", "0", "false")
KINDS = ("plain", "bpy", "torch", "blender", "outputs", "peer")
HAS_BPY = importlib.util.find_spec("bpy") is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that hold nothing for this suite: they may import what this environment lacks."""
    if not (collection_path.name.startswith("test_") and collection_path.suffix == ".py"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    if not HAS_BPY and re.search(r"^(import|from) bpy\b", text, re.MULTILINE):
        return True
    kinds = set(re.findall(rf"\bmark\.({'|'.join(KINDS)})\b", text)) or {"plain"}
    suite = set(re.findall(r"\w+", config.getoption("markexpr"))) & set(KINDS)
    return True if suite and not suite & kinds else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test without a kind is a plain one; a bpy test where bpy is missing says so."""
    for item in items:
        if not any(item.get_closest_marker(kind) for kind in KINDS):
            item.add_marker(pytest.mark.plain)
        if item.get_closest_marker("bpy") and not HAS_BPY:
            item.add_marker(pytest.mark.skip(reason="needs the bpy module: build.py test --suite bpy-5.2"))


def lacking(reason: str) -> None:
    """Skip on a laptop; fail in this project's own CI, where nothing may be lacking."""
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with corpus, judge and Blender tools: VOXEL_TRAINER_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("VOXEL_TRAINER_SHARED") or ROOT.parent / "shared").resolve()
    if not folder.is_dir():
        lacking(f"{folder} is not here; VOXEL_TRAINER_SHARED names another place")
    return folder


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """The folder of real .blend files, with MANIFEST.json."""
    folder = shared / "corpus" / "blend"
    if not folder.is_dir():
        lacking(f"{folder} is not here")
    return folder


@pytest.fixture(scope="session")
def blender_tool(shared: Path) -> Path:
    """The program that runs real Blenders: `blender_tool run 5.2 -- -b …`, `blender_tool gui 5.2 --script …`."""
    tool = shared / "tools" / "blender" / "blender"
    if not tool.is_file():
        lacking(f"{tool} is not here")
    for version in ("4.3", "5.2"):
        tried = subprocess.run([sys.executable, tool, "exec", version, "--", "true"], capture_output=True, text=True)
        if tried.returncode:
            lacking(f"Blender {version} does not run: {tried.stderr.strip()}")
    return tool


@pytest.fixture(scope="session")
def training_python() -> Path:
    """The Python of the training environment, whose programs tests start as children."""
    named = os.environ.get("VOXEL_TRAINER_TRAIN_ENV")
    if not named:
        pytest.skip("no training environment: VOXEL_TRAINER_TRAIN_ENV names its Python")
    return Path(named)
