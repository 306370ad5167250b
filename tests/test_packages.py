# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that are missing, of another version, or met by a clash: one sentence each, and the rest goes on."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon import packages
from voxel_trainer_addon.errors import Unavailable

NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
BOUNDS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), NUMBERS),
    st.builds("~={}.{}".format, NUMBERS, st.integers(0, 3)),
)


@given(NUMBERS, st.lists(BOUNDS, max_size=3).map(",".join))
def test_versions_fit_as_the_packaging_library_says(version: str, specifiers: str) -> None:
    specifier = pytest.importorskip("packaging.specifiers").SpecifierSet(specifiers)
    assert packages.fits(version, specifiers) == specifier.contains(version)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages before all others, as Blender's for extensions is. What it changes is undone."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(packages, "WANTED", {"hosted": ">=3,<4"})
    monkeypatch.setattr(sys, "modules", {name: module for name, module in sys.modules.items() if name != "hosted"})
    return tmp_path


def install(folder: Path, name: str, version: str, text: str = "", needs: tuple[str, ...] = ()) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {need}" for need in needs)]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines, ""]))
    (folder / f"{name}.py").write_text(text)


def refusal() -> str:
    with pytest.raises(Unavailable) as refused:
        packages.wanted("hosted")
    return str(refused.value)


NEEDS = ('other>=2,!=2.1.*,<3; python_version >= "3.8"', 'typed>=9; extra == "more"', 'old>=9; python_version < "3.8"')


def test_a_package_that_is_there_is_the_module(folder: Path) -> None:
    install(folder, "hosted", "3.7.1", "ANSWER = 42", NEEDS)
    install(folder, "other", "2.4.0")
    install(folder, "typed", "1.0")
    install(folder, "old", "1.0")
    assert packages.wanted("hosted").ANSWER == 42


def test_a_missing_package_is_named_with_what_brings_it(folder: Path) -> None:
    told = refusal()
    assert told.startswith(f"The package hosted (>=3,<4) is not in {sys.executable}: ") and "zip" in told


@pytest.mark.parametrize("version", ["2.99", "4.0"])
def test_another_version_is_named_with_its_place(folder: Path, version: str) -> None:
    install(folder, "hosted", version)
    assert refusal().startswith(f"Voxel Trainer needs hosted >=3,<4; {version} was found in {folder}. ")


def test_what_clashes_further_down_is_named_before_anything_is_imported(folder: Path) -> None:
    install(folder, "hosted", "3.1", "raise SystemError", ("between",))
    install(folder, "between", "1.0", needs=("hosted", *NEEDS))
    install(folder, "other", "2.1.9")
    assert refusal().startswith(f"between 1.0 needs other >=2,!=2.1.*,<3; 2.1.9 was found in {folder}. ")


def test_what_a_package_raises_becomes_a_sentence(folder: Path) -> None:
    install(folder, "hosted", "3.1", "import not_here_at_all")
    assert refusal() == f"hosted 3.1 in {folder} cannot be imported: No module named 'not_here_at_all'"


def test_what_is_pinned_is_what_is_wanted(root: Path) -> None:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    pinned = dict(line.split("==") for line in groups["wheels"])
    assert all(packages.fits(pinned[name], versions) for name, versions in packages.WANTED.items())
