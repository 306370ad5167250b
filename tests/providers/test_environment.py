# SPDX-License-Identifier: GPL-3.0-or-later
"""Which training environment is chosen, without making one: by what pip here would find."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from voxel_trainer_addon import pythons
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.providers.local import base, environment

pytestmark = pytest.mark.plain


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, no index but what a test lays out, and this Python as the only one."""
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setattr(environment, "VERSIONS", ("{}.{}".format(*sys.version_info),))
    (tmp_path / "wheels").mkdir()
    return tmp_path


def lay_wheel(folder: Path, version: str) -> None:
    """A wheel that pip would take for torch of that version."""
    name = f"torch-{version}"
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        info = f"{name}.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the plain build is the one for the processor")
def test_a_wheel_folder_with_the_processor_build_is_taken_and_the_plain_build_never(alone: Path) -> None:
    lay_wheel(alone / "wheels", environment.TORCH)
    with pytest.raises(Unavailable, match="neither the package index and wheel folders"):
        environment.find(lambda words: None)
    lay_wheel(alone / "wheels", f"{environment.TORCH}+cpu")
    choice = environment.find(lambda words: None)
    assert choice.build == "cpu" and choice.requirements[0] == f"torch=={environment.TORCH}+cpu" and not choice.pip
    said = environment.cost(choice)
    assert "260 MB to download, 1.2 GB on disk" in said and "free" in said


def test_without_a_python_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "VERSIONS", ("3.99",))
    with pytest.raises(Unavailable, match=r"Python 3\.11, 3\.12 or 3\.13"):
        environment.find(lambda words: None)


def test_one_made_before_is_found_at_once_and_another_set_is_not_it(alone: Path) -> None:
    assert environment.made() is None
    place = environment.home() / "train-py3x-abc"
    program = pythons.program(place)
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    write_json(place / pythons.MARKER, {"python": "3", "requirements": ["torch==1.0"]})
    assert environment.made() is None
    requirements = environment.Choice(Path(), "cpu").requirements
    write_json(place / pythons.MARKER, {"python": "3", "requirements": list(requirements)})
    assert environment.made() == program


def test_a_named_environment_must_import_what_training_needs(alone: Path) -> None:
    with pytest.raises(Unavailable, match="no Python environment"):
        environment.checked(str(alone / "none"))
    if not pythons.has(Path(sys.executable), "torch"):
        with pytest.raises(Unavailable, match=r"lacks torch.*pip install torch"):
            environment.checked(sys.executable)


def test_a_base_is_a_folder_with_safetensors_or_a_name(alone: Path) -> None:
    folder = alone / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(Unavailable, match="safetensors"):
        base.named(str(folder))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    found = base.named(str(folder))
    assert found.licence == "mit" and found.folder == folder
    (folder / "model.safetensors").write_bytes(b"others!")
    assert base.named(str(folder)).hash != found.hash
    assert base.named("maker/some-model").folder is None
    assert base.named(base.EMBEDDED).folder is None and base.named(base.EMBEDDED).licence == "Apache-2.0"
    with pytest.raises(Unavailable, match="no folder here"):
        base.named("no such thing")
