# SPDX-License-Identifier: GPL-3.0-or-later
"""Which training environment is chosen, without making one: by what pip here would find."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from voxel_trainer_addon import pythons
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.files import write_json
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.providers.local import base, builds, environment
from voxel_trainer_addon.providers.local.builds import Machine

pytestmark = pytest.mark.plain
LINUX = Machine("linux", "x86_64")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, no index but what a test lays out, and this Python as the only one."""
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setattr(builds, "VERSIONS", ("{}.{}".format(*sys.version_info),))
    (tmp_path / "wheels").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "this_machine", lambda: LINUX)


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
    lay_wheel(alone / "wheels", builds.TORCH)
    with pytest.raises(Unavailable, match="neither the package index and wheel folders"):
        environment.find(lambda words: None)
    lay_wheel(alone / "wheels", f"{builds.TORCH}+cpu")
    choice = environment.find(lambda words: None)
    assert choice.build is builds.CPU and choice.build.torch == f"torch=={builds.TORCH}+cpu" and not choice.from_index
    said = environment.cost(choice)
    assert "250 MB to download, 1.2 GB on disk" in said and "free" in said


def test_without_a_python_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "VERSIONS", ("3.99",))
    with pytest.raises(Unavailable, match=r"Python 3\.11, 3\.12 or 3\.13"):
        environment.find(lambda words: None)


def test_one_made_before_is_found_at_once_and_another_set_is_not_it(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.made() is None
    place = environment.home() / "train-py3x-abc"
    program = pythons.program(place)
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    write_json(place / pythons.MARKER, {"python": "3", "lock": "another"})
    assert environment.made() is None
    installed = [{"name": "torch", "version": builds.TORCH, "url": "file:///torch.whl", "sha256": "ab" * 32}]
    facts = {"python": "3", "build": "cpu", "lock": builds.CPU.lock_hash, "installed": installed}
    write_json(place / pythons.MARKER, facts)
    assert environment.made() == environment.made(consent=True) == program
    monkeypatch.setattr(builds, "this_machine", lambda: NVIDIA)
    assert environment.made() == program and environment.made(consent=True) is None
    told = environment.provenance(program)
    assert (told["build"], told["lock"]) == ("cpu", builds.CPU.lock_hash)
    installed[0]["sha256"] = "cd" * 32
    write_json(place / pythons.MARKER, facts)
    assert environment.provenance(program)["packages"] != told["packages"]
    assert environment.provenance(Path(sys.executable)) == {}


MAC, WINDOWS = Machine("darwin", "arm64"), Machine("win32", "AMD64", nvidia=True)
NVIDIA, AMD = Machine("linux", "x86_64", nvidia=True), Machine("linux", "x86_64", rocm=True)


@pytest.mark.parametrize(
    ("machine", "consent", "names"),
    [
        (LINUX, True, ["cpu"]),
        (NVIDIA, False, ["cpu"]),
        (NVIDIA, True, ["cuda", "cpu"]),
        (AMD, False, ["cpu"]),
        (AMD, True, ["rocm", "cpu"]),
        (MAC, True, ["apple"]),
        (WINDOWS, True, ["plain"]),
    ],
)
def test_a_build_for_a_card_only_where_the_card_is_and_the_person_said_yes(
    machine: Machine, consent: bool, names: list[str]
) -> None:
    assert [build.name for build in builds.fitting(machine, consent)] == names
    assert bool(builds.unused_card(machine, builds.CPU)) == (machine in (NVIDIA, AMD))


OLD, NEW = Path("/python3.11"), Path("/python3.13")


def test_the_nearest_source_comes_first_then_the_first_python_that_it_serves() -> None:
    asked = []

    def offers(python: Path, requirement: str, *words: str) -> bool:
        asked.append((python, *words))
        return python == NEW

    assert environment.chosen(LINUX, False, [OLD, NEW], offers) == environment.Choice(NEW, builds.CPU)
    assert asked == [(OLD,), (NEW,)]

    def only_own_index(python: Path, requirement: str, *words: str) -> bool:
        return words == ("--index-url", builds.CPU_INDEX)

    assert environment.chosen(LINUX, False, [OLD, NEW], only_own_index) == environment.Choice(OLD, builds.CPU, True)


def test_where_a_cards_build_is_not_to_be_had_the_processors_is_taken_and_else_it_is_said() -> None:
    def offers(python: Path, requirement: str, *words: str) -> bool:
        return requirement.endswith("+cpu")

    assert environment.chosen(AMD, True, [OLD], offers).build is builds.CPU
    assert environment.chosen(NVIDIA, True, [OLD], offers).build is builds.CUDA
    assert environment.chosen(MAC, False, [OLD], offers).build is builds.METAL
    with pytest.raises(Unavailable, match="--train-env"):
        environment.chosen(LINUX, False, [OLD], lambda *words: False)


def test_everything_is_installed_by_hash_from_one_index_a_call() -> None:
    for build in builds.BUILDS.values():
        for version in builds.VERSIONS:
            calls = builds.installs(build, version, "x86_64", from_index=True)
            assert calls[-1] == ["check"]
            for words in calls[:-1]:
                assert words.count("--index-url") <= 1 and "--extra-index-url" not in words
                assert "--require-hashes" in words or build.torch in words
            assert any(str(builds.PACKAGES) in words for words in calls)
    known = builds.installs(builds.CPU, "3.11", "x86_64", from_index=False)[0]
    assert "--require-hashes" in known and str(builds.CPU_TORCH) in known
    assert builds.CPU.torch in builds.installs(builds.CPU, "3.13", "riscv64", from_index=False)[0]


def pinned(path: Path) -> dict[str, list[str]]:
    """`name==version` → hashes, of a lock file."""
    blocks = re.split(r"\n(?=[a-z])", path.read_text(encoding="utf-8"))
    return {block.split()[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})", block) for block in blocks[1:]}


def test_the_lock_files_hold_what_is_asked_for_each_with_a_hash() -> None:
    packages, torch = pinned(builds.PACKAGES), pinned(builds.INDEX_TORCH)
    assert set(builds.REST) | set(builds.APPLE) <= packages.keys()
    assert {f"torch=={builds.TORCH}", *builds.CARD} <= torch.keys()
    assert all({**packages, **torch}.values())
    assert not packages.keys() & torch.keys()
    assert not [name for name in packages if name.startswith(("nvidia", "cuda", "triton", "torch"))]
    assert ("3.11", "x86_64") in builds.cpu_hashes()
    assert pinned(builds.CPU_TORCH).keys() == {builds.CPU.torch}


def test_removing_takes_whole_and_half_environments_and_nothing_else(alone: Path) -> None:
    home = environment.home()
    for name in ("train-py311-abc", ".train-py311-abc.123.part", ".train-py313-def.9.part", "dev-1"):
        (home / name).mkdir(parents=True)
        (home / name / "file").write_bytes(b"x" * 1000)
    (home / "train-py311-abc.log").write_text("words")
    (home / "train-py311-abc" / "link").symlink_to("/")
    assert environment.bytes_made() == 3006
    assert environment.remove() == 3006
    assert [path.name for path in home.iterdir()] == ["dev-1"]
    assert environment.remove() == 0
    shutil.rmtree(home / "dev-1")
    environment.remove()
    assert not home.exists()


def test_one_that_is_being_made_is_not_removed(alone: Path) -> None:
    (environment.home() / ".train-py311-abc.1.part").mkdir(parents=True)
    with FolderLock(environment.home() / ".train-py311-abc.lock") as lock:
        assert lock.acquire()
        with pytest.raises(Unavailable, match="being made"):
            environment.remove()
    assert (environment.home() / ".train-py311-abc.1.part").is_dir()


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
    with pytest.raises(Unavailable, match=r"safetensors.*can run code"):
        base.named(str(folder))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "modeling.Own"}}')
    with pytest.raises(Unavailable, match="Python code of its own"):
        base.named(str(folder))
    (folder / "config.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    found = base.named(str(folder))
    assert found.licence == "mit" and found.folder == folder
    (folder / "model.safetensors").write_bytes(b"others!")
    assert base.named(str(folder)).hash != found.hash
    assert base.named("maker/some-model").folder is None
    assert base.named(base.EMBEDDED).folder is None and base.named(base.EMBEDDED).licence == "Apache-2.0"
    with pytest.raises(Unavailable, match="no folder here"):
        base.named("no such thing")
