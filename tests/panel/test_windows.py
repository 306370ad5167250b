# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in real windows of Blender 4.3 and 5.2: clicked, looked at, closed and killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from build_tools import archive
from build_tools.environments import requirements
from tests.dataset_builder import small_dataset
from tests.fine_tuning.told import row
from tests.panel import prepared_models
from tests.peers.peer import Peer
from tests.providers.openai_server import Server, serving
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.locks import probe
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.report import page

pytestmark = pytest.mark.blender

HERE = Path(__file__).parent
VERSIONS = ("4.3", "5.2")
SMALL = (
    "black-h0bB1T__material_node_wizard/materials.blend",
    "black-h0bB1T__material_node_wizard/nodes.blend",
    "KhronosGroup__glTF-Blender-IO/tests__scenes__39_iridescence.blend",
    "KhronosGroup__glTF-Blender-IO/tests__scenes__04_lights.blend",
    "facebookresearch__clevr-dataset-gen/image_generation__data__base_scene.blend",
    "Moo-Ack-Productions__MCprep/test_files__test_resource_pack__materials.blend",
    "saturday06__VRM-Addon-for-Blender/tests__blend_mode.blend",
)


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    """A few real files, one cut off, one whose name wants to do harm."""
    place = tmp_path / "my work"
    place.mkdir()
    for name in SMALL:
        shutil.copyfile(corpus / name, place / Path(name).name)
    whole = place / "image_generation__data__base_scene.blend"
    (place / "椅子.blend").write_bytes(whole.read_bytes()[:30000])
    shutil.copyfile(place / "tests__blend_mode.blend", place / "<script>alert(1).blend")
    return place


def environment(tmp_path: Path, folder: Path, **more: str) -> dict[str, str]:
    """What the window scripts are told. The training environment is one that is there; its HOME is new each time."""
    named = os.environ.get("VOXEL_TRAINER_TRAIN_ENV", "")
    told = {"DATA": str(tmp_path / "data"), "FOLDER": str(folder), "TRAIN_ENV": named, "FOLDER_ALONE": "1", **more}
    return {**os.environ, **{f"VOXEL_TEST_{key}": value for key, value in told.items()}}


def window(tool: Path, version: str, script: str, archived: Path, tmp_path: Path, folder: Path) -> dict[str, Any]:
    """Run a window script; what it found. Pictures lie in `tmp_path/out`."""
    out = tmp_path / "out"
    where = ["--install", archived, "--script", HERE / script, "--out", out, "--limit", "1200"]
    command = [sys.executable, tool, "gui", version, *where]
    done = subprocess.run(command, env=environment(tmp_path, folder), capture_output=True, text=True)
    assert (out / "result.json").is_file(), done.stdout + done.stderr
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    assert result["ok"], f"{result['error']}\n{(out / 'blender.log').read_text()[-3000:]}"
    assert "Traceback" not in (out / "blender.log").read_text()
    return result


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_persons_whole_way(version: str, blender_tool: Path, archived: Path, tmp_path: Path, folder: Path) -> None:
    if not os.environ.get("VOXEL_TRAINER_TRAIN_ENV"):
        pytest.skip("needs a training environment: VOXEL_TRAINER_TRAIN_ENV names its Python")
    result = window(blender_tool, version, "drive_run.py", archived, tmp_path, folder)
    assert result["exit"] == 3
    assert result["left_over"] == []
    assert any("椅子.blend" in aside["item"] + aside["words"] for aside in result["asides"])
    assert Path(result["report"]).is_file()


@pytest.mark.parametrize("version", VERSIONS)
def test_cancel_and_switching_off(
    version: str, blender_tool: Path, archived: Path, tmp_path: Path, folder: Path
) -> None:
    result = window(blender_tool, version, "drive_trace.py", archived, tmp_path, folder)
    assert result["left_over"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_searches_are_queued_planned_and_no_token_is_left_in_blender(
    version: str, blender_tool: Path, archived: Path, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "ghp_alice_0123456789abcdefghijklmn"
    with Peer(corpus=corpus.parent) as peer:
        monkeypatch.setenv("GITHUB_API_URL", peer.api)
        monkeypatch.setenv("GITHUB_GRAPHQL_URL", f"{peer.api}/graphql")
        monkeypatch.setenv("GITHUB_RAW_URL", peer.raw)
        monkeypatch.setenv("VOXEL_TEST_TOKEN", secret)
        monkeypatch.delenv("GITHUB_TOKEN", raising=False)
        result = window(blender_tool, version, "drive_searches.py", archived, tmp_path, corpus)
        assert peer.seen("api") and not peer.seen("raw", r"\.blend"), "a plan fetches no file"
        assert all("jane@example.org" in seen["agent"] for seen in peer.seen("api"))
    assert result["plan"][0].startswith("To fetch: ") and result["fetched"] == 0
    assert [mark for _, mark, _ in result["marks"]] == ["CHECKMARK", "CHECKMARK", ""]
    assert [Path(path).name for path in result["secret in"]] == ["tokens.env"]
    assert result["contact in"] == ["userpref.blend"] and result["saved as"] == "BLENDER"
    assert secret not in result["told"] and "topic:nowhere" in result["told"]
    held = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert held == []


@pytest.mark.parametrize("version", VERSIONS)
def test_examples_of_a_dataset_are_looked_through_and_a_platforms_zip_brings_its_packages(
    version: str, blender_tool: Path, archived_with_hosts: Path, tmp_path: Path, corpus: Path
) -> None:
    data = DataFolder(tmp_path / "data")
    small_dataset.write(data.dataset("voxel"), small_dataset.rows())
    with Catalog(data.catalog) as catalog:
        report = page.write(data, catalog, "voxel")
    result = window(blender_tool, version, "drive_examples.py", archived_with_hosts, tmp_path, corpus)
    assert (result["first"], result["count"]) == ("Whole trees, material", 20)
    assert result["then"] == [1, "Trees as JSON, material"] and result["back"] == 0
    assert result["report"] == str(report)
    for place in ("in the window", "headless")[: 2 if version == VERSIONS[-1] else 1]:
        found = {name: (number, ".local" in Path(file).parts) for name, (number, file, _) in result[place].items()}
        assert not found.pop("urllib3")[1], "our wheels hide Blender's own"
        assert {f"{name}=={number}" for name, (number, _) in found.items()} <= set(requirements("wheels"))
        assert len(found) == 3 and all(ours for _, ours in found.values())


@pytest.mark.parametrize("version", [pytest.param(VERSIONS[0], marks=pytest.mark.slow), *VERSIONS[1:]])
def test_a_model_is_evaluated_promoted_and_taken_back(
    version: str, blender_tool: Path, archived: Path, tmp_path: Path, corpus: Path, training_python: Path
) -> None:
    prepared_models.write(DataFolder(tmp_path / "data"))
    result = window(blender_tool, version, "drive_models.py", archived, tmp_path, corpus)
    assert "12 prompts of 12 independent groups can prove" in result["plan"]
    assert result["sentence"].startswith("The tuned model is better than the base model")
    assert result["figures"]["runs in Blender to its end"]["tuned model"].startswith("92 % (")
    assert Path(result["report"]).is_file()
    assert [state for state in result["states"] if "runs in 92% of 12 held-out prompts" in state]
    assert result["against"] == ["voxel/v3 was not evaluated. Run `evaluate --name voxel --model voxel/v3`."]
    assert [tuple(state) for state in result["then"]] == [
        ("voxel/v3", "live"),
        ("voxel/v2", "retired"),
        ("voxel/v1", "retired"),
    ]
    assert result["left_over"] == []


def step_by_step(server: Server) -> None:
    """Let the host's jobs tell of some steps each time that it is asked after them, and end after thirty."""
    goes_on = server.goes_on

    def go_on(job: dict[str, Any]) -> None:
        at = len(server.events)
        server.life = ("running",) if at < 30 else ("running", "succeeded")
        for step in range(at + 1, at + 11 if at < 30 else at):
            server.step(step, 0.4 + 2 / step, 0.5 + 1.5 / step if step % 5 == 0 else None)
        goes_on(job)

    server.life, server.goes_on = ("running",), go_on  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_host_tunes_what_was_agreed_to(
    version: str, blender_tool: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("build_tools.wheels", reason="the zip needs the package openai")
    archive.write(root, tmp_path / "host.zip", "linux-x64")
    data = DataFolder(tmp_path / "data")
    licences = ["CC0-1.0"] * 9 + ["own"] * 3
    write_jsonl(data.dataset("voxel") / "train.jsonl", map(row, range(12), licences))
    write_json(data.dataset("voxel") / "dataset.json", {})
    with serving() as open_, serving() as closed:
        step_by_step(open_)
        closed.models.clear()
        for name, server in (("OPEN", open_), ("CLOSED", closed)):
            monkeypatch.setenv(f"VOXEL_TEST_{name}", server.url)
        result = window(blender_tool, version, "drive_hosting.py", tmp_path / "host.zip", tmp_path, tmp_path)
    assert "Made of your own files: 3 rows." in result["lines"] and "tick the box" in result["why"]
    assert result["job"] == ["open-8b at 127.0.0.1: succeeded", "Tuned: ft:open-8b:voxel"]
    assert "It trained on 1,200 tokens" in result["words"] and "names no model that could be tuned" in result["closed"]
    assert closed.heard == 0 and closed.asked == ["GET /models"] and len(open_.jobs) == 1
    assert result["left_over"] == []


@contextlib.contextmanager
def screen(tool: Path, version: str) -> Iterator[str]:
    """A virtual screen; its DISPLAY."""
    command = [sys.executable, tool, "exec", version, "--", "Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.kill()
        server.communicate()


@contextlib.contextmanager
def blender(tool: Path, version: str, user: Path, display: str, env: dict[str, str]) -> Iterator[None]:
    """Blender with a window, in settings that are kept, and killed at the end."""
    script = ["blender", "--gpu-backend", "opengl", "--python", HERE / "drive_outlive.py"]
    command = [sys.executable, tool, "exec", version, "--user", user, "--", "env", f"DISPLAY={display}", *script]
    quiet = subprocess.DEVNULL
    program = subprocess.Popen(command, env=env, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        program.kill()  # the tool becomes Blender: this pid is Blender's
        program.wait()


@contextlib.contextmanager
def ended(data: Path) -> Iterator[None]:
    """Every run in `data` is cancelled afterwards."""
    try:
        yield
    finally:
        for run in data.glob("runs/*"):
            with open(run / "control.jsonl", "a") as control:
                control.write('{"v": 1, "t": 0, "command": "cancel"}\n')
        end = time.monotonic() + 60
        while probe(data / ".lock") and time.monotonic() < end:
            time.sleep(0.2)


def until(path: Path, wanted: Callable[[dict[str, Any]], bool], limit_s: float = 300) -> dict[str, Any]:
    """What the script of `blender` wrote, as soon as it is `wanted`."""
    end, seen = time.monotonic() + limit_s, {}
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            seen = json.loads(path.read_text())
        assert "error" not in seen, seen["error"]
        if seen and wanted(seen):
            return seen
        time.sleep(0.2)
    raise TimeoutError(f"saw only {seen} in {limit_s} s")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_outlives_a_killed_blender_and_the_next_one_shows_it(
    version: str, blender_tool: Path, archived: Path, tmp_path: Path, corpus: Path
) -> None:
    user, data, out = tmp_path / "user", tmp_path / "data", tmp_path / "seen.json"
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", archived]
    command = [sys.executable, blender_tool, "run", version, "--user", user, "--", *install]
    told = subprocess.run(command, capture_output=True, text=True)
    assert "Installed" in told.stdout, told.stdout + told.stderr
    env = environment(tmp_path, corpus, OUT=str(out))
    with screen(blender_tool, version) as display, ended(data):
        with blender(blender_tool, version, user, display, {**env, "VOXEL_TEST_START": "1"}):
            seen = until(out, lambda state: state["parsed"] > 0)
        out.unlink()
        assert probe(data / ".lock"), "the run ended with Blender"
        with blender(blender_tool, version, user, display, env):
            again = until(out, lambda state: state["parsed"] > seen["parsed"])
            assert (again["id"], again["phase"]) == (seen["id"], "running")
    assert not probe(data / ".lock"), "the run did not take the cancel"


def trainable(tmp_path: Path, train_env: str) -> DataFolder:
    """A data folder with a small dataset and a tiny model beside it."""
    program = HERE.parent / "providers" / "tiny_model.py"
    subprocess.run([train_env, "-I", program, tmp_path / "tiny", "good"], check=True, capture_output=True)
    data = DataFolder(tmp_path / "data")
    small_dataset.write(data.dataset("voxel"), small_dataset.rows())
    return data


def pipeline(data: DataFolder, tmp_path: Path, train_env: str, *words: str) -> subprocess.Popen[bytes]:
    """The headless command, training on it."""
    script = HERE.parents[1] / "scripts" / "run_headless.py"
    model = ["--model", str(tmp_path / "tiny"), "--train-env", train_env, "--preset", "full"]
    return subprocess.Popen([sys.executable, script, "train", "--data", data.root, *model, *words])


@pytest.mark.parametrize("version", [pytest.param(VERSIONS[0], marks=pytest.mark.slow), *VERSIONS[1:]])
def test_a_training_is_watched_and_one_that_died_is_resumed_by_the_next_blender(
    version: str, blender_tool: Path, archived: Path, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_env = os.environ.get("VOXEL_TRAINER_TRAIN_ENV")
    if not train_env:
        pytest.skip("needs a training environment: VOXEL_TRAINER_TRAIN_ENV names its Python")
    data = trainable(tmp_path, train_env)
    run = pipeline(data, tmp_path, train_env, "--train-time", "150s")
    try:
        seen = window(blender_tool, version, "drive_training.py", archived, tmp_path, corpus)
        end = time.monotonic() + 120
        while not any(data.models.glob("*/.training-*/checkpoint*")):
            assert run.poll() is None and time.monotonic() < end, "no checkpoint"
            time.sleep(0.2)
    finally:
        run.kill()
        run.wait()
    assert seen["live"]["points"] > seen["first"]["points"] and seen["live"]["icon"] and seen["live"]["held"]
    assert seen["live"]["phase"] == "running" and "held-out" in seen["live"]["lines"][0]
    (tmp_path / "out").rename(tmp_path / "watched")
    monkeypatch.setenv("VOXEL_TEST_RESUME", "1")
    seen = window(blender_tool, version, "drive_training.py", archived, tmp_path, corpus)
    assert seen["taken up"]["resumed"] and seen["ended"]["phase"] == "finished"
    assert seen["ended"]["until"] > seen["taken up"]["until"] and seen["log"].endswith("v1/log.jsonl")
    assert "models/voxel/v2" in seen["words"]
    assert [json.loads((data.model("voxel", v) / "job.json").read_text())["state"] for v in ("v1", "v2")] == [
        "done"
    ] * 2
