# SPDX-License-Identifier: GPL-3.0-or-later
"""The live pointer: what may take it, what takes it back, and what cannot hurt it."""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import small_models
from voxel_trainer_addon.deployment import pointer, promotion, registry
from voxel_trainer_addon.deployment.promotion import Refused
from voxel_trainer_addon.errors import Exit, FolderInUse, UserError
from voxel_trainer_addon.files import read_json, write_json
from voxel_trainer_addon.locks import FolderLock
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain

ROOT = Path(registry.__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder with three evaluated models, v3 an adapter."""
    data, base = DataFolder(tmp_path / "data"), small_models.base(tmp_path / "base")
    for version, kind in (("v1", "model"), ("v2", "model"), ("v3", "adapter")):
        small_models.evaluated(small_models.tuned(data, version, base, kind))
    return data


def states(folder: DataFolder) -> dict[str, str]:
    return {model.version: model.state for model in registry.models(folder)}


def test_promotions_are_undone_one_by_one(folder: DataFolder) -> None:
    assert set(states(folder).values()) == {"candidate"}
    for version in ("v1", "v2", "v3"):
        promotion.promote(folder, f"voxel/{version}")
    assert states(folder) == {"v1": "retired", "v2": "retired", "v3": "live"}
    assert promotion.rollback(folder, "answers got worse").model == "voxel/v2"
    assert promotion.rollback(folder).model == "voxel/v1"
    assert states(folder) == {"v1": "live", "v2": "retired", "v3": "retired"}
    with pytest.raises(UserError, match="No model was live before voxel/v1"):
        promotion.rollback(folder)
    promotion.promote(folder, "voxel")  # the newest version
    assert states(folder)["v3"] == "live"
    told = [(entry["done"], entry["model"], entry["why"]) for entry in pointer.history(folder)]
    assert told[3:5] == [("rolled back to", "voxel/v2", "answers got worse"), ("rolled back to", "voxel/v1", "")]
    assert promotion.promote(folder, "voxel/v3").notes == ("voxel/v3 is live already.",)
    assert len(pointer.history(folder)) == 6


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"schema": 1}, "form of another Voxel Trainer"),
        ({"id": "voxel/v1"}, "is that of voxel/v1"),
        ({"dataset": {"name": "rocks", "split": "test"}}, "on rocks:test, not on the test split of its own dataset"),
        ({"dataset": {"name": "voxel", "split": "val"}}, "on voxel:val, not on the test split of its own dataset"),
        ({"prompts": {"compared": 0}}, "No prompt was compared"),
    ],
)
def test_no_evaluation_of_its_own_no_promotion(folder: DataFolder, changed: dict[str, Any], sentence: str) -> None:
    small_models.evaluated(folder.model("voxel", "v2"), **changed)
    with pytest.raises(Refused, match=sentence) as refused:
        promotion.promote(folder, "voxel/v2")
    assert refused.value.exit == Exit.ANSWER_IS_NO and not folder.live.exists()


def test_a_shown_loss_on_a_guardrail_is_overruled_by_a_reason_that_is_kept(folder: DataFolder) -> None:
    small_models.evaluated(folder.model("voxel", "v2"), worse={"runs": "base", "node_f1": "base"})
    with pytest.raises(Refused, match=r"voxel/v2 runs less often than its base. 0.20 against 0.50.*--force") as refused:
        promotion.promote(folder, "voxel/v2", force=" ")
    assert [one.code for one in refused.value.against] == ["worse"]  # node_f1 is no guardrail
    moved = promotion.promote(folder, "voxel/v2", force="the base was asked with other settings")
    assert "runs less often" in moved.forced[0]
    entry = pointer.history(folder)[-1]
    assert entry["why"] == "the base was asked with other settings" and entry["forced"] == list(moved.forced)


@pytest.mark.parametrize("label", ["voxel/v1", "the live one"])
def test_a_loss_against_the_live_model_counts_by_name_or_content(folder: DataFolder, label: str) -> None:
    place = folder.model("voxel", "v2")
    contestants = [
        {"who": "tuned", "label": "the tuned model", "hash": "hash of voxel/v2"},
        {"who": "other", "label": label, "hash": "hash of voxel/v1" if label != "voxel/v1" else "x"},
    ]
    small_models.evaluated(place, worse={"safe": "other"}, contestants=contestants)
    assert not promotion.promote(folder, "voxel/v3").forced  # nothing is live: nothing to be worse than
    promotion.promote(folder, "voxel/v2")
    promotion.rollback(folder)
    promotion.promote(folder, "voxel/v1")
    with pytest.raises(Refused, match="voxel/v2 is refused more often than voxel/v1, which is live"):
        promotion.promote(folder, "voxel/v2")


def test_weights_that_are_cut_short_are_never_taken_and_gone_past_in_a_rollback(folder: DataFolder) -> None:
    for version in ("v1", "v2", "v3"):
        promotion.promote(folder, f"voxel/{version}")
    weights = folder.model("voxel", "v2") / "model" / "model.safetensors"
    os.truncate(weights, 5)
    moved = promotion.rollback(folder)
    assert moved.model == "voxel/v1" and "voxel/v2 are not those that were trained" in moved.notes[0]
    with pytest.raises(Refused, match="cut short") as refused:
        promotion.promote(folder, "voxel/v2", force="I want it")
    assert "--force" not in str(refused.value)


def test_an_adapter_is_held_to_its_base(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "base" / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(Refused, match="has changed since the model was tuned"):
        promotion.promote(folder, "voxel/v3", force="I want it")
    promotion.promote(folder, "voxel/v2")  # a whole model needs no base
    small_models.tuned(folder, "v4", tmp_path / "base", "adapter")
    small_models.evaluated(folder.model("voxel", "v4"))
    stolen = (folder.model("voxel", "v3") / "adapter" / "adapter.safetensors").read_bytes()
    (folder.model("voxel", "v4") / "adapter" / "adapter.safetensors").write_bytes(stolen)
    with pytest.raises(Refused, match="changed or swapped"):
        promotion.promote(folder, "voxel/v4")


PROMOTE = """
import sys
from pathlib import Path
from voxel_trainer_addon.deployment import gate, promotion
from voxel_trainer_addon.paths import DataFolder
check = gate.check
def slow(*args):
    print("looked", flush=True)
    sys.stdin.readline()
    return check(*args)
gate.check = slow
print(promotion.promote(DataFolder(Path(sys.argv[1])), sys.argv[2]).pointer.live, flush=True)
"""


def test_of_two_that_promote_at_once_one_wins_and_the_other_is_told(folder: DataFolder) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTE, str(folder.root), model],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for model in ("voxel/v1", "voxel/v2")
    ]
    for child in both:
        assert child.stdout and child.stdout.readline() == "looked\n"  # both have seen the same registry
    done = [child.communicate("\n", timeout=30) for child in both]
    live = pointer.read(folder).pointer.live
    won = [out.strip() for out, _ in done if out.strip()]
    (told,) = [err for out, err in done if not out.strip()]
    assert won == [live] and f"Somebody else changed the registry in the meantime: promoted {live}" in told
    assert len(pointer.history(folder)) == 1


FOR_EVER = """
import itertools, sys
from pathlib import Path
from voxel_trainer_addon.deployment import promotion
from voxel_trainer_addon.paths import DataFolder
for version in itertools.cycle(["v1", "v2"]):
    promotion.promote(DataFolder(Path(sys.argv[1])), f"voxel/{version}")
    print("moved", flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_pointer(folder: DataFolder) -> None:
    moves = 0
    for seed in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", FOR_EVER, str(folder.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout and child.stdout.readline() == "moved\n"
        time.sleep(random.Random(seed).random() / 5)
        child.kill()
        child.communicate(timeout=10)
        standing = pointer.read(folder)
        ahead = pointer.history(folder)[-1]["number"] - standing.pointer.number
        assert standing.problem == "" and ahead in (0, 1)
        assert standing.pointer.number > moves
        moves = promotion.promote(folder, "voxel/v3").pointer.number
        assert [entry["number"] for entry in pointer.history(folder)] == list(range(1, moves + 1))


def test_a_move_that_never_came_to_be_is_written_over(folder: DataFolder) -> None:
    promotion.promote(folder, "voxel/v1")
    before = folder.live.read_bytes()
    promotion.promote(folder, "voxel/v2")
    folder.live.write_bytes(before)  # killed between history and pointer
    promotion.promote(folder, "voxel/v3")
    assert [(entry["number"], entry["model"]) for entry in pointer.history(folder)] == [
        (1, "voxel/v1"),
        (2, "voxel/v3"),
    ]
    assert promotion.rollback(folder).model == "voxel/v1"


def test_a_token_in_a_reason_is_not_kept(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-12345678-secret")
    promotion.promote(folder, "voxel/v1", why="works with sk-12345678-secret")
    assert pointer.history(folder)[0]["why"] == "works with [OPENAI_API_KEY]"


def test_a_run_that_holds_the_data_folder_holds_up_no_promotion_but_another_one_does(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FolderLock(folder.lock, "run 7") as run:
        assert run.acquire(0)
        promotion.promote(folder, "voxel/v1")
    monkeypatch.setattr(pointer, "WAIT_S", 0.1)
    with FolderLock(folder.models / ".live.lock", "promoted voxel/v3, process 7") as other:
        assert other.acquire(0)
        with pytest.raises(FolderInUse, match="promoted voxel/v3, process 7"):
            promotion.promote(folder, "voxel/v2")
    assert pointer.read(folder).pointer.live == "voxel/v1"


@pytest.mark.parametrize("full", ["logs.append", "write_json"])
def test_a_full_disk_leaves_pointer_and_history_as_they_were(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    promotion.promote(folder, "voxel/v1")
    before = folder.live.read_bytes(), folder.promotions.read_bytes()

    def no_room(path: Path, value: Any) -> None:
        with open(path.with_name(f".{path.name}.part") if full == "write_json" else path, "ab") as out:
            out.write(b'{"number": 2, "at"')
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"voxel_trainer_addon.deployment.pointer.{full}", no_room)
    with pytest.raises(UserError, match=r"No space left on device. voxel/v1 stays live"):
        promotion.promote(folder, "voxel/v2")
    assert (folder.live.read_bytes(), folder.promotions.read_bytes()) == before


FULL = """
import resource, sys
from pathlib import Path
from voxel_trainer_addon.deployment import promotion
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.paths import DataFolder
folder = DataFolder(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (folder.promotions.stat().st_size + 40,) * 2)
try:
    promotion.promote(folder, "voxel/v2")
except UserError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes there")
def test_a_line_that_the_system_cuts_off_is_taken_out_again(folder: DataFolder) -> None:
    promotion.promote(folder, "voxel/v1")
    before = folder.live.read_bytes(), folder.promotions.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, folder.root], cwd=ROOT, capture_output=True, text=True)
    assert "could not be written" in done.stdout and "voxel/v1 stays live" in done.stdout, done.stderr
    assert (folder.live.read_bytes(), folder.promotions.read_bytes()) == before


@pytest.mark.parametrize("damage", [b"", b'{"number": 2, "li', b"[]", b'{"number": 2, "live": 7}', None])
def test_a_damaged_pointer_is_read_from_the_history(folder: DataFolder, damage: bytes | None) -> None:
    promotion.promote(folder, "voxel/v1")
    promotion.promote(folder, "voxel/v2")
    folder.live.unlink() if damage is None else folder.live.write_bytes(damage)
    with open(folder.promotions, "ab") as history:
        history.write(b'{"number": 3, "at": "20')  # a line that a crash cut off
    standing = pointer.read(folder)
    assert standing.pointer.live == "voxel/v2" and standing.pointer.before == ("voxel/v1",)
    assert "models/live.json" in standing.problem and "live is voxel/v2" in standing.problem
    moved = promotion.rollback(folder)
    assert moved.notes == (standing.problem,)
    again = pointer.read(folder)
    assert again.problem == "" and again.pointer.live == "voxel/v1" and again.pointer.number == 3
    assert [entry["number"] for entry in pointer.history(folder)] == [1, 2, 3]


def test_without_history_damage_is_said_and_nothing_is_live(folder: DataFolder) -> None:
    folder.live.write_bytes(b"\x00\x00")
    assert "no model is live" in pointer.read(folder).problem
    assert promotion.promote(folder, "voxel/v1").pointer.live == "voxel/v1"


def test_a_clock_that_was_set_back_changes_nothing(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(["2026-11-20T10:00:00Z", "2019-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
    monkeypatch.setattr(pointer, "now", lambda: next(times))
    promotion.promote(folder, "voxel/v1")
    promotion.promote(folder, "voxel/v2")
    folder.live.unlink()
    assert pointer.read(folder).pointer.live == "voxel/v2"
    assert promotion.rollback(folder).pointer.live == "voxel/v1"


def test_a_canary_has_a_share_and_goes_as_it_came(folder: DataFolder) -> None:
    with pytest.raises(UserError, match="No model is live"):
        promotion.canary(folder, "voxel/v2", 0.1)
    promotion.promote(folder, "voxel/v1")
    with pytest.raises(UserError, match=r"at most 0.25, not 0.5"):
        promotion.canary(folder, "voxel/v2", 0.5)
    with pytest.raises(UserError, match="cannot be its own canary"):
        promotion.canary(folder, "voxel/v1", 0.1)
    first = promotion.canary(folder, "voxel/v2", 0.1).pointer
    assert states(folder) == {"v1": "live", "v2": "canary", "v3": "candidate"}
    promotion.withdraw(folder, first, "fewer of its answers run", by="guardrail")
    assert states(folder)["v2"] == "retired"
    second = promotion.canary(folder, "voxel/v2", 0.1).pointer
    assert first.canary and second.canary and first.canary.salt != second.canary.salt
    with pytest.raises(UserError, match="Somebody else changed the registry"):
        promotion.withdraw(folder, first, "late")
    assert promotion.promote(folder, "voxel/v2").pointer.canary is None
    third = promotion.canary(folder, "voxel/v1", 0.1).pointer
    assert promotion.withdraw(folder, third, "no better").pointer.retired == ("voxel/v1",)
    assert promotion.rollback(folder).pointer.retired == ("voxel/v2",)  # what is live is not retired too


def test_a_host_s_model_is_added_without_a_token_and_held_to_the_same_gate(folder: DataFolder) -> None:
    with pytest.raises(UserError, match="There is no dataset voxel"):
        registry.add(folder, "voxel", "openai:ft-1")
    folder.dataset("voxel").mkdir(parents=True)
    model = registry.add(folder, "voxel", "openai:ft-1", "http://localhost:8000/v1")
    place = folder.asked("voxel", "openai-ft-1")
    assert model.id == "voxel/asked-openai-ft-1"
    assert set(read_json(place / registry.ASKED)) == {"provider", "model", "url", "tuned", "added_at"}
    assert (model.state, model.path, model.asked["url"]) == ("candidate", "", "http://localhost:8000/v1")
    with pytest.raises(
        Refused, match=r"Run `evaluate --name voxel --model openai:ft-1 --base-url http://localhost:8000/v1`"
    ):
        promotion.promote(folder, model.id)
    small_models.evaluated(place)
    assert promotion.promote(folder, model.id).pointer.live == model.id
    assert registry.named(folder, "voxel").id == "voxel/v3"  # the newest that was tuned
    for who, url, sentence in (
        ("openai:ft-1", "", "is there already"),
        ("local:x", "", "is tuned here, not added"),
        ("openai:x", "http://me:secret@host/v1", "hold no password"),
    ):
        with pytest.raises(UserError, match=sentence):
            registry.add(folder, "voxel", who, url)


def test_states_are_told_by_the_list(folder: DataFolder) -> None:
    promotion.promote(folder, "voxel/v1")
    write_json(folder.model("voxel", "v2") / "job.json", {"state": "running"})
    (folder.model("voxel", "v3") / "evaluation.json").write_text("{")
    shown = {model.id: model for model in registry.models(folder)}
    assert set(shown) == {"voxel/v1", "voxel/v3"}
    assert shown["voxel/v1"].honest == "runs in 40% of 60 held-out prompts"
    assert shown["voxel/v3"].honest == "not evaluated"
    assert json.loads(json.dumps(shown["voxel/v1"].as_json()))["state"] == "live"
