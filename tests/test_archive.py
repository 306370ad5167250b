# SPDX-License-Identifier: GPL-3.0-or-later
"""The zips: their names, the same bytes from every clone, one wheel for each Python, and the manifest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from build_tools import archive, environments, wheels
from tests.test_build import wheel
from voxel_trainer_addon.files import sha256_of


@pytest.fixture
def clones(root: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of the checkout with other times and modes, as two clones have."""
    made = []
    for name, when, mode in (("one", 1_000_000_000, 0o600), ("two", 1_500_000_000, 0o664)):
        copy = tmp_path / name
        copy.mkdir()
        for word in ("voxel_trainer_addon", "scripts"):
            shutil.copytree(root / word, copy / word)
        for word in ("blender_manifest.toml", "LICENSE"):
            shutil.copy(root / word, copy / word)
        for path in copy.rglob("*"):
            os.utime(path, (when, when))
            if path.is_file():
                path.chmod(mode)
        made.append(copy)
    return made[0], made[1]


def test_two_clones_give_the_same_bytes(clones: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = clones
    (two / "voxel_trainer_addon" / "__pycache__").mkdir(exist_ok=True)
    (two / "voxel_trainer_addon" / "__pycache__" / "errors.cpython-311.pyc").write_bytes(b"other bytes")
    (two / "voxel_trainer_addon" / ".swap.py").write_text("")
    (two / "tests").mkdir()
    archive.write(one, one / "a.zip")
    archive.write(two, two / "b.zip")
    assert (one / "a.zip").read_bytes() == (two / "b.zip").read_bytes()

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    archive.write(one, one / "dated.zip")
    with zipfile.ZipFile(one / "dated.zip") as dated:
        assert {entry.date_time[:3] for entry in dated.infolist()} == {(2023, 11, 14)}


def test_the_zip_holds_exactly_the_package_and_what_stands_beside_it(root: Path, tmp_path: Path) -> None:
    listing = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    inside = "voxel_trainer_addon/"
    expected = {name.removeprefix(inside) for name in tracked if name.startswith(inside) and (root / name).exists()}
    names = archive.write(root, tmp_path / "x.zip")
    beside = {"blender_manifest.toml", "LICENSE", "scripts/run_headless.py", f"wheels/{LICENCES}"}
    assert set(names) == expected | beside
    assert names == sorted(names)
    with zipfile.ZipFile(tmp_path / "x.zip") as made:
        assert made.namelist() == names and made.testzip() is None
        assert b"def register" in made.read("__init__.py")


LICENCES = next(name for name in wheels.locked() if name.startswith("licenseclassifier-"))


@pytest.mark.parametrize("platform", wheels.PLATFORMS)
@pytest.mark.parametrize("version", [(3, 11), (3, 13), (3, 14)])
def test_each_python_of_a_platform_gets_one_wheel_of_each_package(platform: str, version: tuple[int, int]) -> None:
    tags = pytest.importorskip("packaging.tags")
    newest, machine = {"macos-arm64": ((14, 0), "arm64"), "macos-x64": ((14, 0), "x86_64")}.get(platform, (None, ""))
    systems = list(tags.mac_platforms(newest, machine)) if machine else wheels.PLATFORMS[platform][1]
    takes = {*tags.cpython_tags(version, platforms=systems), *tags.compatible_tags(version, platforms=systems)}
    read = pytest.importorskip("packaging.utils").parse_wheel_filename
    found = [read(name) for name in wheels.fitting(platform)]
    fit = [package for package, _, _, of_wheel in found if of_wheel & takes]
    assert len(fit) == len(set(fit)) and set(fit) == {package for package, *_ in found}
    assert {"openai", "anthropic", "boto3", "pydantic-core", "licenseclassifier"} <= set(fit)
    assert not {"urllib3", "requests", "numpy"} & set(fit), "each Blender brings its own, which ours would hide"


@pytest.mark.parametrize("platform", wheels.PLATFORMS)
def test_a_platforms_manifest_differs_in_platform_and_wheels_alone(root: Path, platform: str) -> None:
    plain, written = (tomllib.loads(archive.manifest(root, name)) for name in ("", platform))
    assert written.pop("platforms") == [platform]
    assert written.pop("wheels") == [f"./wheels/{name}" for name in wheels.fitting(platform)]
    assert plain.pop("wheels") and written == plain


def test_the_locked_wheels_are_those_that_are_pinned() -> None:
    locked = {"==".join(name.split("-")[:2]) for name in wheels.locked()}
    assert set(environments.requirements("wheels")) <= locked


def test_a_wheel_with_other_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    line, pip = f"tiny==1.0 --hash=sha256:{'0' * 64}", [sys.executable, "-m", "pip"]
    (tmp_path / "home").mkdir()
    with pytest.raises(environments.Missing, match=r"Expected sha256 0{64}"):
        wheels.download(pip, [line], "linux-x64", "3.11", tmp_path / "home")
    line = f"tiny==1.0 --hash=sha256:{sha256_of(tmp_path / 'tiny-1.0-py3-none-any.whl')}"
    (came,) = wheels.download(pip, [line], "windows-x64", "3.14", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == [came]


MANIFEST_KEYS = {
    "schema_version", "id", "version", "name", "tagline", "maintainer", "type", "license", "blender_version_min",
    "blender_version_max", "website", "copyright", "tags", "permissions", "platforms", "wheels",
}  # fmt: skip


def test_the_manifest_says_what_the_package_says(root: Path) -> None:
    manifest = tomllib.loads((root / "blender_manifest.toml").read_text())
    assert manifest["wheels"] == [f"./wheels/{LICENCES}"]
    assert set(manifest) <= MANIFEST_KEYS, "Blender's validator lets a misspelt key pass in silence"
    assert (
        manifest["version"]
        == re.search(r'__version__ = "(.+)"', (root / archive.PACKAGE / "__init__.py").read_text())[1]
    )
    assert manifest["id"] == "voxel_trainer"
