# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against a real server on loopback: one job whatever happens, each refusal in its own words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.providers.openai_server import JOBS, LIFE, TOKEN, Server, serving
from voxel_trainer_addon.errors import Unavailable, UserError
from voxel_trainer_addon.files import sha256_of
from voxel_trainer_addon.providers import openai_api, tuning
from voxel_trainer_addon.providers.hosts import Standing, Tunable, Wanted
from voxel_trainer_addon.providers.openai_api import OpenAIHost, Refusal

pytestmark = pytest.mark.plain
CREATE = f"POST {JOBS}"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def host(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIHost]:
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host = OpenAIHost(server.url, TOKEN)
    yield host
    host.close()


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": []}\n' * 10)
    return Wanted("0123456789abcdef", "d" * 64, "open-8b", "sft", path, None, "My Rust", 7)


def refused(ask: object, *args: object) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        ask(*args)  # type: ignore[operator]
    return refusal.value


def test_a_job_carries_our_id_and_is_created_once(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    wanted = replace(wanted, validation=wanted.training)
    first = host.submit(wanted)
    assert (first.status, first.end) == ("validating_files", "")
    assert host.submit(wanted) == first and len(server.jobs) == len(server.files) == 1
    sent = server.jobs[0]
    assert sent["metadata"] == {"vt_job": wanted.id, "vt_dataset": "d" * 64}
    assert sent["user_provided_suffix"] == "my-rust-01234567" and sent["seed"] == 7
    assert sent["training_file"] == sent["validation_file"] == "file-0"
    assert server.files[0]["filename"] == f"voxel-{sha256_of(wanted.training)}.jsonl"
    other = replace(wanted, id="fedcba9876543210", seed=8)
    assert host.submit(other).id == "ftjob-1" and len(server.files) == 1


def test_parameters_and_preferences_go_in_the_form_that_hosts_know(
    host: OpenAIHost, server: Server, wanted: Wanted
) -> None:
    set_ = {"n_epochs": "3", "lora": "true", "batch_size": "auto"}
    told = {"n_epochs": 3, "lora": True, "batch_size": "auto"}
    host.submit(replace(wanted, parameters=set_))
    host.submit(replace(wanted, id="b" * 16, objective="dpo", parameters=set_))
    host.url = openai_api.OWN_URL  # the client's own address stays
    host.submit(replace(wanted, id="c" * 16, parameters=set_))
    sft, dpo, own = server.jobs
    assert sft["hyperparameters"] == told and "method" not in sft
    assert dpo["method"] == {"type": "dpo", "dpo": {"hyperparameters": told}}
    assert own["method"] == {"type": "supervised", "supervised": {"hyperparameters": told}}


def test_a_large_file_goes_up_in_parts(server: Server, host: OpenAIHost, wanted: Wanted) -> None:
    small = OpenAIHost(server.url, TOKEN, file_bytes=100, part_bytes=64)
    server.cuts = 3  # the list, the upload, a part, and then no more
    assert refused(small.submit, wanted).code == "unreachable" and not server.files
    small.submit(wanted)
    content = wanted.training.read_bytes()
    assert server.contents["file-0"] == content and max(map(len, server.parts)) == 64
    assert small.submit(wanted).id == host.submit(wanted).id == "ftjob-0" and len(server.files) == 1
    small.close()


@pytest.mark.parametrize("keeps", [("metadata", "suffix"), ("suffix",), ()])
def test_an_answer_that_gets_lost_at_any_time_costs_no_second_job(
    host: OpenAIHost, server: Server, wanted: Wanted, keeps: tuple[str, ...]
) -> None:
    random_, trials = random.Random(5), 100 if len(keeps) == 2 else 10
    server.keeps = keeps
    after_creating = 0
    for _ in range(trials):
        server.forget()
        server.loses, server.cuts = random.Random.choice(
            random_, [(random_.randrange(6), -1), (-1, random_.randrange(6))]
        )
        for _ in range(3):
            try:
                told = host.submit(wanted)
            except Refusal as refusal:
                assert refusal.code == "unreachable" and "Nothing is lost" in refusal.sentence
                after_creating += len(server.jobs)
        assert told.id == "ftjob-0" and len(server.jobs) == 1
        created = server.asked.index(CREATE)
        after_creating += server.asked[created + 1 : created + 2] == [f"GET {JOBS}"]
    assert after_creating > trials / 20  # so often it was the answer to the creation that got lost


def test_a_host_that_refuses_metadata_gets_none(
    host: OpenAIHost, server: Server, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = server._create

    def picky(body: dict[str, object]) -> dict[str, object]:
        from tests.providers.openai_server import Fault

        if "metadata" in body:
            raise Fault(422, "extra field: metadata")
        return create(body)

    monkeypatch.setattr(server, "_create", picky)
    assert host.submit(wanted).id == host.submit(wanted).id == "ftjob-0" and len(server.jobs) == 1


def test_a_whole_life_with_its_losses_and_checkpoints(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    server.life = LIFE
    id = host.submit(wanted).id
    assert [host.ask(id).status for _ in LIFE] == list(LIFE)
    told = host.ask(id)
    assert told == Standing(id, "succeeded", "done", "ft:open-8b:voxel", "", 1200)
    server.tell("The job has begun")
    for step in range(1, 8):
        server.step(step, 3.0 / step, 2.5 if step == 4 else None, in_event=False)
    server.tell("odd", step=None, train_loss=float("inf"))
    said = host.said(id)
    assert [one.step for one in said] == [None, *range(1, 8), None] and said[0].words == "The job has begun"
    assert said[1].loss == 3.0 and [one.held_out for one in said if one.held_out] == [2.5]
    assert [one.step for one in host.said(id, said[5].id)] == [6, 7, None] and not host.said(id, said[-1].id)
    server.turns_pages = False
    assert [one.step for one in host.said(id)] == [6, 7, None]
    (kept,) = host.checkpoints(id)
    assert kept.step == 4 and kept.model.endswith("step-4") and kept.held_out == 2.5
    server.faults[f"GET {JOBS}/{id}/checkpoints"] = 404
    assert not host.checkpoints(id)


def test_a_job_is_paused_goes_on_and_is_cancelled(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    id = host.submit(wanted).id
    assert (host.pause(id).status, host.pause(id).end) == ("paused", "")
    assert host.resume(id).status == "running"
    assert host.cancel(id).end == "cancelled"
    again = refused(host.cancel, id)
    assert again.code == "conflict" and "has cancelled cannot cancel" in again.sentence
    assert refused(host.ask, "ftjob-none").code == "missing"


@pytest.mark.parametrize(
    ("status", "end"), [("succeeded", "done"), ("failed", "failed"), ("pausing", ""), ("brand_new_word", "")]
)
def test_a_status_that_nobody_knows_still_goes_on(
    host: OpenAIHost, server: Server, wanted: Wanted, status: str, end: str
) -> None:
    id = host.submit(wanted).id
    server.jobs[0] |= {"status": status, "error": {"code": "c", "message": "m", "param": None}}
    told = host.ask(id)
    assert (told.status, told.end, told.words) == (status, end, "m")


def test_moderation_is_told_with_what_to_do(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    id = host.submit(wanted).id
    words = "This training file was blocked by our moderation system"
    server.jobs[0] |= {"status": "failed", "error": {"code": "unsafe_file", "message": words, "param": None}}
    told = host.ask(id)
    assert told.end == "failed" and told.words.startswith(words) and "--provider local" in told.words


def test_models_are_those_that_answer_and_have_their_last_day(host: OpenAIHost, server: Server) -> None:
    server.models += [{"id": "NousResearch/Hermes", "shutdown_date": None}, {"id": "a", "shutdown_date": "2027-01-14"}]
    both = ("sft", "dpo")
    assert host.models() == [
        Tunable("open-8b", both),
        Tunable("NousResearch/Hermes", both),
        Tunable("a", both, "2027-01-14"),
    ]
    server.models = []
    assert refused(host.models).code == "closed"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "token", "does not know the token"),
        (403, "forbidden", "does not allow"),
        (404, "missing", "/v1"),
        (409, "conflict", "does not go with how things stand"),
        (429, "wait", "in 2 min"),
        (500, "host", "fault of its own"),
        (400, "refused", "refused it"),
    ],
)
def test_each_refusal_has_its_words_and_no_token(
    host: OpenAIHost, server: Server, wanted: Wanted, status: int, code: str, words: str
) -> None:
    server.faults[""], server.headers["Retry-After"] = status, "120"
    refusal = refused(host.submit, wanted)
    assert refusal.code == code and words in refusal.sentence
    assert refusal.after_s == (120.0 if status == 429 else None)
    assert TOKEN not in refusal.sentence + refusal.detail and len(server.asked) == 1


def test_a_used_up_quota_does_not_come_back_by_waiting(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    server.faults[CREATE], server.code = 429, "insufficient_quota"
    assert refused(host.submit, wanted).code == "quota"


def test_closed_to_an_organisation_is_not_a_wrong_token(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    server.faults[CREATE] = 403
    elsewhere = refused(host.submit, wanted)
    assert elsewhere.code == "closed" and "--base-url" in elsewhere.sentence and "2026" not in elsewhere.sentence
    host.url = openai_api.OWN_URL
    own = refused(host.submit, wanted).sentence
    assert "from 2026-05-07 to organisations that had never tuned" in own and "from 2027-01-06 to everyone" in own


def test_a_wrong_clock_is_named(host: OpenAIHost, server: Server) -> None:
    server.ahead_s = 2 * 86_400.0
    assert refused(host.models).code == "clock" and "48 h behind" in refused(host.models).sentence
    server.ahead_s, server.faults[""] = -86_400.0, 401
    assert "24 h ahead of the host's" in refused(host.models).sentence


def test_fields_that_a_host_leaves_out_are_not_missed(host: OpenAIHost, server: Server, wanted: Wanted) -> None:
    id = host.submit(wanted).id
    server.jobs[0] = {"id": id, "status": "succeeded", "model": "open-8b", "fine_tuned_model": "m"}
    server.events = [{"id": "e", "created_at": 5, "message": "Begun"}]
    server.checkpoints = [{"id": "c", "fine_tuned_model_checkpoint": "m", "step_number": 3}]
    told = host.ask(id)
    assert (told.end, told.model, told.words) == ("done", "m", "")
    assert host.said(id)[0].words == "Begun" and host.checkpoints(id)[0].held_out is None
    server.files = [{"id": "f", "filename": file["filename"], "bytes": file["bytes"]} for file in server.files]
    assert host.submit(replace(wanted, id="f" * 16)).id == "ftjob-1" and len(server.files) == 1


def test_what_is_no_answer_of_the_protocol_is_said(
    host: OpenAIHost, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "get", lambda path, query: "hello")
    for ask in (host.models, lambda: host.ask("x"), lambda: host.said("x")):
        assert refused(ask).code == "odd"


def test_a_host_is_named_by_its_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    with pytest.raises(Unavailable, match=r"set OPENAI_API_KEY in the environment or in a \.env file"):
        tuning.named("openai")
    with pytest.raises(UserError, match="those that do are local, openai"):
        tuning.named("nobody")
    other = tuning.named("openai", "http://127.0.0.1:9/v1")
    assert other.may_train_as == "local" and other.url.endswith(":9/v1")
    other.close()
