# SPDX-License-Identifier: GPL-3.0-or-later
"""Tuning at Amazon Bedrock, against a server on loopback: one job whatever happens, refusals in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws_server import BUCKET, CUSTOM, JOBS, KEY, ROLE, SECRET, Server, account, serving
from voxel_trainer_addon.errors import Unavailable, UserError
from voxel_trainer_addon.providers import aws, bedrock_families, tuning
from voxel_trainer_addon.providers.answering import asks
from voxel_trainer_addon.providers.bedrock import BedrockHost
from voxel_trainer_addon.providers.bedrock_claude import ClaudeHost
from voxel_trainer_addon.providers.hosts import Said, Standing, Tunable, Wanted
from voxel_trainer_addon.providers.refusals import Refusal

pytestmark = pytest.mark.plain

NOVA = "amazon.nova-lite-v1:0:300k"
TITAN = "amazon.titan-text-lite-v1:0:4k"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
CREATE = f"POST {JOBS}"
NAME = f"voxel-{'a' * 16}"
CHAT = [{"role": "system", "content": "Write code."}, {"role": "user", "content": "rust"}]
ROW = {"messages": [*CHAT, {"role": "assistant", "content": "import bpy"}]}


PAIR = {"prompt": "Write code.\n\nrust", "completion": "import bpy"}
TEXTS = [{"role": one["role"], "content": [{"text": one["content"]}]} for one in ROW["messages"][1:]]


@pytest.fixture(scope="module")
def serves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, BedrockHost, ClaudeHost]]:
    """One server and its hosts for all tests: boto3 takes a third of a second for each client."""
    with account(tmp_path_factory.mktemp("account")), serving() as server:
        hosts = BedrockHost(server.url), ClaudeHost(server.url)
        yield server, *hosts
        for host in hosts:
            host.close()


@pytest.fixture
def server(serves: tuple[Server, BedrockHost, ClaudeHost]) -> Server:
    serves[0].forget()
    return serves[0]


@pytest.fixture
def host(server: Server, serves: tuple[Server, BedrockHost, ClaudeHost]) -> BedrockHost:
    return serves[1]


@pytest.fixture
def claude(server: Server, serves: tuple[Server, BedrockHost, ClaudeHost]) -> ClaudeHost:
    return serves[2]


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    training, validation = tmp_path / "train.jsonl", tmp_path / "val.jsonl"
    training.write_text(f"{json.dumps(ROW)}\n" * 120)
    validation.write_text(f"{json.dumps(ROW)}\n" * 10)
    return Wanted("a" * 16, "d" * 64, NOVA, "sft", training, validation, "my voxels", 7, {"epochCount": "2"})


def refused(ask: Callable[..., Any], *given: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        ask(*given)
    assert SECRET not in refusal.value.sentence + refusal.value.detail
    return refusal.value


def model(id: str, ends: str = "") -> dict[str, Any]:
    life = {"status": "LEGACY", "endOfLifeTime": f"{ends}T00:00:00Z"} if ends else {"status": "ACTIVE"}
    return {"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{id}", "modelId": id, "modelLifecycle": life}


def test_what_can_be_tuned_is_asked_live(host: BedrockHost, server: Server) -> None:
    server.models = [
        model(NOVA),
        model(HAIKU, "2026-09-10"),
        model("meta.llama3-2-3b-instruct-v1:0:128k", "2999-01-02"),
    ]
    assert host.models() == [Tunable(NOVA), Tunable("meta.llama3-2-3b-instruct-v1:0:128k", ends="2999-01-02")]
    server.models = []
    none = refused(host.models)
    assert none.code == "closed" and "name another region by --base-url" in none.sentence


def test_claude_asks_for_anthropics_models_alone_and_says_what_works_where_there_is_none(
    claude: ClaudeHost, server: Server
) -> None:
    server.models = [model(NOVA), model(HAIKU, "2026-09-10")]
    none = refused(claude.models)
    assert none.code == "closed" and "Claude 3 Haiku, ended on Bedrock on 2026-09-10" in none.sentence
    assert all(words in none.sentence for words in ("claude/", "Agent Skill", "--provider local"))
    server.models += [model("anthropic.claude-next-v1:0")]
    assert claude.models() == [Tunable("anthropic.claude-next-v1:0")]


def test_a_job_is_made_once_of_rows_that_go_up_once(host: BedrockHost, server: Server, wanted: Wanted) -> None:
    assert host.submit(wanted) == Standing(NAME, "InProgress") == host.submit(wanted)
    (job,) = server.jobs
    assert job["customModelName"] == f"my-voxels-{'a' * 16}" and job["roleArn"] == ROLE
    assert job["hyperParameters"] == {"epochCount": "2"} and job["customizationType"] == "FINE_TUNING"
    assert job["clientRequestToken"] == NAME and job["baseModelIdentifier"] == NOVA
    assert job["outputDataConfig"]["s3Uri"] == f"s3://{BUCKET}/voxel-trainer/{NAME}/"
    uploaded = server.objects[job["trainingDataConfig"]["s3Uri"].removeprefix(f"s3://{BUCKET}/")]
    rows = [json.loads(line) for line in uploaded.splitlines()]
    assert len(rows) == 120 and rows[0]["schemaVersion"] == "bedrock-conversation-2024"
    (validator,) = job["validationDataConfig"]["validators"]
    assert len(server.objects) == 2 and validator["s3Uri"].endswith(".jsonl")
    host.submit(replace(wanted, id="b" * 16))
    assert len(server.jobs) == 2 and sum(asked.startswith("PUT") for asked in server.asked) == 2


@pytest.mark.parametrize("trials", [12, pytest.param(600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("knows_tokens", [True, False])
def test_an_answer_that_gets_lost_at_any_time_costs_no_second_job(
    host: BedrockHost, server: Server, wanted: Wanted, knows_tokens: bool, trials: int
) -> None:
    after_creating = 0
    for trial in range(trials):
        server.forget()
        server.knows_tokens = knows_tokens
        server.loses, server.cuts = (trial // 2 % 6, -1) if trial % 2 else (-1, trial // 2 % 6)
        for _ in range(2):
            try:
                told = host.submit(wanted)
            except Refusal as refusal:
                assert refusal.code == "unreachable" and "Nothing is lost" in refusal.sentence
                after_creating += len(server.jobs)
        assert told == Standing(NAME, "InProgress") and len(server.jobs) == 1
    assert after_creating == trials // 12  # so often it was the answer to the creation that got lost


def test_a_creation_that_is_tried_again_by_boto3_makes_no_second_job(
    server: Server, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "TRIES", 2)
    host = BedrockHost(server.url)
    for server.knows_tokens in (True, False):
        server.forget()
        server.loses = 5  # two files looked for and uploaded, and then the creation
        assert host.submit(wanted).id == NAME and len(server.jobs) == 1
        assert server.asked.count(CREATE) == 2
    host.close()


def test_a_whole_life_with_phases_and_the_losses_in_the_bucket(
    host: BedrockHost, server: Server, wanted: Wanted
) -> None:
    host.submit(wanted)
    (job,) = server.jobs
    done = {"status": "Completed", "lastModifiedTime": "2026-11-29T10:00:00Z"}
    begun = {"status": "InProgress", "lastModifiedTime": "2026-11-29T10:05:00Z"}
    assert host.ask(NAME).status == "InProgress" and not host.said(NAME)
    job["statusDetails"] = {"validationDetails": begun, "trainingDetails": {"status": "NotStarted"}}
    (first,) = host.said(NAME)
    assert first.words == "looking at the rows"
    job["statusDetails"] = {"validationDetails": done, "dataProcessingDetails": done, "trainingDetails": begun}
    assert host.ask(NAME) == Standing(NAME, "InProgress, training")
    more = host.said(NAME, first.id)
    assert [one.words for one in more] == [
        "looking at the rows: Completed",
        "preparing the rows: Completed",
        "training",
    ]
    job |= {"status": "Completed", "outputModelArn": CUSTOM}
    job["statusDetails"] = dict.fromkeys(job["statusDetails"], done)
    folder = f"voxel-trainer/{NAME}/model-customization-job-abc"
    server.objects[f"{folder}/training_artifacts/step_wise_training_metrics.csv"] = (
        b"step_number,epoch_number,training_loss,perplexity\n0,0,2.5,12.2\n1,0,1.5,4.5\n"
    )
    server.objects[f"{folder}/validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"] = (
        b"step_number,epoch_number,validation_loss,validation_perplexity\n1,0,1.75,5.8\n"
    )
    assert host.ask(NAME) == Standing(NAME, "Completed", "done", CUSTOM)
    assert host.said(NAME, more[-1].id)[0].words == "training: Completed"
    losses = [(one.step, one.loss, one.held_out) for one in host.said(NAME, "4")]
    assert losses == [(0, 2.5, None), (1, 1.5, 1.75)]
    assert asks("bedrock", CUSTOM, "https://bedrock.us-east-1.amazonaws.com") == (f"bedrock:{CUSTOM}", "")
    assert asks("claude", CUSTOM, server.url) == (f"bedrock:{CUSTOM}", server.url)


@pytest.mark.parametrize("content", [b"step_number,training_loss\n1\n", b"\xff\xfe", b"loss\n1\n"])
def test_losses_that_cannot_be_read_take_nothing_from_the_model(
    host: BedrockHost, server: Server, wanted: Wanted, content: bytes
) -> None:
    host.submit(wanted)
    server.jobs[0]["status"] = "Completed"
    server.objects[f"voxel-trainer/{NAME}/x/step_wise_training_metrics.csv"] = content
    (said,) = host.said(NAME)
    assert isinstance(said, Said) and "read the losses in the bucket" in said.words and said.loss is None
    server.faults[f"GET /{BUCKET}"] = 403, "AccessDenied", "no"
    assert "does not allow this" in host.said(NAME)[0].words


def test_a_job_fails_with_its_reason_and_is_stopped_here_or_elsewhere(
    host: BedrockHost, server: Server, wanted: Wanted
) -> None:
    host.submit(wanted)
    assert host.cancel(NAME) == Standing(NAME, "Stopping")
    server.jobs[0] |= {"status": "Stopped", "failureMessage": "Failure Message"}
    assert host.cancel(NAME) == host.ask(NAME) == Standing(NAME, "Stopped", "cancelled")
    server.jobs[0] |= {"status": "Failed", "failureMessage": "Could not validate\nthe rows"}
    assert host.ask(NAME) == Standing(NAME, "Failed", "failed", "", "Could not validate the rows")
    server.jobs[0]["status"] = "Odd"
    assert host.ask(NAME).end == "" and not host.checkpoints(NAME)
    assert refused(host.ask, "voxel-none").code == "missing"
    assert "pause" not in host.abilities and refused(host.pause, NAME).code == refused(host.resume, NAME).code


@pytest.mark.parametrize(
    ("status", "word", "said", "code", "words"),
    [
        (403, "UnrecognizedClientException", "it is invalid", "token", "set AWS_ACCESS_KEY_ID"),
        (403, "InvalidSignatureException", "does not match", "token", "the secret is not the key's"),
        (403, "InvalidSignatureException", "Signature expired: 2026", "clock", "set this computer's clock"),
        (403, "RequestTimeTooSkewed", "The difference is too large", "clock", "set this computer's clock"),
        (403, "ExpiredTokenException", "The security token is expired", "token", "sign in again"),
        (403, "AccessDeniedException", "not authorized", "forbidden", "docs/providers.md has"),
        (429, "ThrottlingException", "Too many requests", "wait", "asks to wait"),
        (400, "ServiceQuotaExceededException", "2 jobs", "quota", "have it raised"),
        (400, "ValidationException", "Could not assume provided IAM role", "refused", "Could not assume"),
        (409, "ConflictException", "another of this name", "conflict", "how things stand there"),
        (500, "InternalServerException", "oh", "host", "fault of its own"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_words_and_no_secret(
    host: BedrockHost, server: Server, wanted: Wanted, status: int, word: str, said: str, code: str, words: str
) -> None:
    server.faults[CREATE] = status, word, f"{said} {SECRET}"
    refusal = refused(host.submit, wanted)
    assert refusal.code == code and words in refusal.sentence
    assert not server.jobs


def test_a_bucket_that_is_missing_is_named(host: BedrockHost, server: Server, wanted: Wanted) -> None:
    server.s3_fault = 404, "NoSuchBucket", ""
    assert "There is no such bucket" in refused(host.submit, wanted).sentence
    assert not server.jobs


def test_what_is_missing_here_is_named(
    host: BedrockHost, server: Server, wanted: Wanted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOXEL_TRAINER_AWS_ROLE")
    monkeypatch.setenv("VOXEL_TRAINER_AWS_BUCKET", "Not A Bucket")
    with pytest.raises(
        Unavailable, match=r"a bucket .* in VOXEL_TRAINER_AWS_BUCKET and a role .* VOXEL_TRAINER_AWS_ROLE"
    ):
        host.submit(wanted)
    (tmp_path / ".env").write_text(f"VOXEL_TRAINER_AWS_ROLE={ROLE}\nVOXEL_TRAINER_AWS_BUCKET={BUCKET}\n")
    monkeypatch.delenv("VOXEL_TRAINER_AWS_BUCKET")
    host.submit(wanted)
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(UserError, match="set AWS_REGION"):
        tuning.named("bedrock")
    near = tuning.named("claude", "https://bedrock.us-west-2.amazonaws.com/")
    assert (near.url, near.provider, near.format) == ("https://bedrock.us-west-2.amazonaws.com", "claude", "claude")
    near.close()
    assert aws.place("", "arn:aws:bedrock:eu-west-1:123456789012:custom-model-deployment/a").region == "eu-west-1"
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Unavailable, match=r"nobody.* AWS_PROFILE"):
        tuning.named("bedrock", server.url)
    monkeypatch.delenv("AWS_PROFILE")
    far = tuning.named("bedrock", "https://bedrock.us-east-1.amazonaws.com")
    assert refused(far.models).code == "token" and KEY not in refused(far.models).sentence
    far.close()


def test_what_is_no_answer_of_the_protocol_is_said(host: BedrockHost, server: Server) -> None:
    server.says = False
    for ask in (host.models, lambda: host.ask("x"), lambda: host.said("x")):
        assert refused(ask).code == "odd"
    server.cuts = 0
    assert refused(host.models).code == "unreachable"


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (HAIKU, {"system": "Write code.", "messages": ROW["messages"][1:]}),
        ("meta.llama3-1-8b-instruct-v1:0:128k", PAIR),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN}", PAIR),
        (NOVA, {"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "Write code."}], "messages": TEXTS}),
    ],
)
def test_each_family_has_its_form(tmp_path: Path, model: str, line: dict[str, Any]) -> None:
    of_claude = {"system": "Write code.", "messages": ROW["messages"][1:]}
    for row in (ROW, of_claude):
        (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 100)
        training, validation = bedrock_families.files(model, tmp_path / "rows.jsonl", None)
        assert json.loads(training.splitlines()[0]) == line and not validation


def test_numbers_of_rows_are_those_of_the_family(tmp_path: Path) -> None:
    def files(model: str, train: int, val: int, words: str = "x") -> tuple[int, int]:
        for name, count in (("train", train), ("val", val)):
            row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": words}]}
            (tmp_path / f"{name}.jsonl").write_text(f"{json.dumps(row)}\n" * count)
        made = bedrock_families.files(model, tmp_path / "train.jsonl", tmp_path / "val.jsonl")
        return len(made[0].splitlines()), len(made[1].splitlines())

    assert files(HAIKU, 32, 31) == (32, 0) and files(HAIKU, 32, 32) == (32, 32)
    assert files("amazon.titan-text-lite-v1", 1, 1_200) == (1, 1_000)
    assert files("meta.llama3-2-1b-instruct-v1:0", 95, 5) == (95, 5) and files(NOVA, 1, 0) == (1, 0)
    told = [
        refused(files, HAIKU, 31, 0).sentence,
        refused(files, "meta.llama3-1-70b", 95, 4).sentence,
        refused(files, HAIKU, 33, 0, "long " * 40_000).sentence,
        refused(files, NOVA, 0, 0).sentence,
    ]
    assert [words.partition(";")[0] for words in told[:2]] == [
        f"Bedrock wants 32 to 10,000 rows to train on for {HAIKU}",
        "Bedrock wants 100 to 10,000 rows in all for meta.llama3-1-70b",
    ]
    assert told[2].startswith("33 rows are longer than the 32,000 tokens") and "at least 1 row to" in told[3]


def test_preferences_and_models_of_others_are_refused_before_anything_is_sent(
    claude: ClaudeHost, server: Server, wanted: Wanted
) -> None:
    assert "none of the models that --provider claude is for" in refused(claude.submit, wanted).sentence
    assert "--objective sft" in refused(claude.submit, replace(wanted, model=HAIKU, objective="dpo")).sentence
    assert not server.objects and not server.jobs
