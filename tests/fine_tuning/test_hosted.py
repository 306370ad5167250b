# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host: asked first, submitted once, asked after, ended, all from the stage's side."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fine_tuning.told import Told
from tests.providers.openai_server import TOKEN, Server, serving
from voxel_trainer_addon.errors import Cancelled, Unavailable, UserError
from voxel_trainer_addon.files import read_json, write_json, write_jsonl
from voxel_trainer_addon.fine_tuning import hosted, training_orchestrator
from voxel_trainer_addon.fine_tuning import rows as training_rows
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain

TERMS = ((0, "openai"), (1, "open-weights"), (2, "anthropic"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def work(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    pytest.importorskip("openai")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    told = Told(tmp_path / "data", Options(provider="openai", model="open-8b", base_url=server.url, yes=True))
    place = told.folder.dataset("voxel")
    write_jsonl(place / "train.jsonl", [{"id": "1", "kind": "tree", "prompt": "a", "completion": "b"}])
    write_jsonl(place / "openai" / "train.jsonl", [{"messages": []}] * 10)
    write_json(place / "dataset.json", {"licences": {"own": 1}})
    yield told
    told.catalog.close()


def test_one_job_from_the_first_call_to_its_end(work: Told, server: Server) -> None:
    first = training_orchestrator.run(work)
    assert not first.aside and "stands at validating_files" in first.words
    server.jobs[0]["status"] = "running"
    assert "stands at running" in training_orchestrator.run(work).words
    server.jobs[0] |= {"status": "succeeded", "fine_tuned_model": "ft:open-8b:voxel"}
    assert "has tuned ft:open-8b:voxel" in training_orchestrator.run(work).words
    assert training_orchestrator.run(work).words.startswith("Trained already")
    assert len(server.jobs) == 1 and len(server.files) == 1
    (job,) = json.loads(work.folder.jobs.read_text(encoding="utf-8"))
    assert [entry["status"] for entry in job["history"]] == ["submitting", "submitted", "done"]
    kept = [path for path in work.folder.root.rglob("*") if path.is_file()]
    assert all(TOKEN.encode() not in path.read_bytes() for path in kept)


def test_own_rows_do_not_leave_without_a_yes(work: Told, server: Server) -> None:
    work.options = dataclasses.replace(work.options, yes=False)
    with pytest.raises(Unavailable, match="made of your own files"):
        training_orchestrator.run(work)
    assert not server.files and not server.jobs


def test_a_refusal_is_kept_with_its_reason(work: Told, server: Server) -> None:
    server.fault = 403
    outcome = training_orchestrator.run(work)
    assert outcome.aside and work.asides[0].code == "closed"
    server.fault = 0
    assert not training_orchestrator.run(work).aside
    assert read_json(work.folder.jobs)[0]["status"] == "submitted"


def test_what_is_missing_is_named(work: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(Unavailable, match=r"set OPENAI_API_KEY in the environment or in a \.env file"):
        training_orchestrator.run(work)
    work.options = dataclasses.replace(work.options, model="smollm2-135m")
    with pytest.raises(UserError, match="Name the host's model"):
        training_orchestrator.run(work)


def test_what_openais_models_worded_goes_to_no_other_host(work: Told, server: Server) -> None:
    rows = [{"id": str(n), "kind": "tree", "prompt": "a", "completion": "b", "author": {"terms": t}} for n, t in TERMS]
    write_jsonl(work.folder.dataset("voxel") / "train.jsonl", rows)
    with pytest.raises(Unavailable, match="OpenAI's models wrote the requests of 1 row"):
        training_orchestrator.run(work)
    assert not server.files and not server.jobs


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (Options(provider="openai", preset="full"), ["0", "1"]),
        (Options(provider="openai", base_url="https://other.example/v1"), ["1"]),
        (Options(provider="local"), ["1"]),
    ],
)
def test_training_reads_only_the_rows_that_terms_allow(work: Told, options: Options, kept: list[str]) -> None:
    rows = [{"id": str(n), "kind": "tree", "prompt": "a", "completion": "b", "author": {"terms": t}} for n, t in TERMS]
    write_jsonl(work.folder.dataset("voxel") / "train.jsonl", rows)
    work.options = options
    dataset = training_rows.read(work.folder, options)
    assert [row["id"] for row in dataset.train] == kept and dataset.withheld == len(TERMS) - len(kept)


def test_a_job_is_waited_for_with_longer_and_longer_breaks(
    work: Told, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def pause(seconds: float, tick: object) -> None:
        waited.append(seconds)
        if len(waited) == 12:
            server.jobs[0] |= {"status": "succeeded", "fine_tuned_model": "ft:open-8b:voxel", "trained_tokens": 1200}

    monkeypatch.setattr(hosted, "pause", pause)
    work.options = dataclasses.replace(work.options, wait=True)
    assert "has tuned ft:open-8b:voxel" in training_orchestrator.run(work).words
    assert waited[:3] == [5.0, 7.5, 11.25] and waited[-1] == 60.0 and len(waited) == 12
    (job,) = read_json(work.folder.jobs)
    assert job["cost"]["real"] == {"tokens": 1200} and job["cost"]["estimated"]["tokens_a_pass"] > 0


def test_a_break_ends_at_once_when_the_run_is_cancelled() -> None:
    def cancel() -> bool:
        raise Cancelled

    with pytest.raises(Cancelled):
        hosted.pause(60.0, cancel)
