# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider bedrock against moto, which others wrote: S3, and jobs from their creation to their stop. It has no
other end for them, and neither lists of models nor answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import lacking
from tests.providers.aws_server import BUCKET, account
from voxel_trainer_addon.providers.bedrock import BedrockHost
from voxel_trainer_addon.providers.hosts import Standing, Wanted
from voxel_trainer_addon.providers.refusals import Refusal

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TRIALS = 100


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedrockHost]:
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        lacking("moto is not here")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with account(tmp_path_factory.mktemp("account")):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host = BedrockHost("http://{}:{}".format(*server.get_host_and_port()))
        yield host
        host.close()
        server.stop()


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    row = {"messages": [{"role": "user", "content": "rust"}, {"role": "assistant", "content": "import bpy"}]}
    training = tmp_path / "train.jsonl"
    training.write_text(f"{json.dumps(row)}\n" * 100)
    model = "meta.llama3-2-1b-instruct-v1:0:128k"
    return Wanted("a" * 16, "d" * 64, model, "sft", training, None, "voxel", 0, {"epochCount": "2"})


def jobs(host: BedrockHost) -> list[str]:
    pages = host._bedrock.get_paginator("list_model_customization_jobs").paginate()
    return [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]


def test_rows_go_up_once_and_one_job_is_made_asked_after_and_stopped(host: BedrockHost, wanted: Wanted) -> None:
    with pytest.raises(Refusal, match="There is no such bucket"):
        host.submit(wanted)
    host._s3.create_bucket(Bucket=BUCKET)
    name = f"voxel-{'a' * 16}"
    assert host.submit(wanted).id == host.submit(wanted).id == name and jobs(host) == [name]
    (kept,) = host._s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    job = host._bedrock.get_model_customization_job(jobIdentifier=name)
    assert job["trainingDataConfig"]["s3Uri"] == f"s3://{BUCKET}/{kept['Key']}"
    assert job["outputModelName"].startswith(f"Llama-voxel-{'a' * 16}")  # as its licence wants it
    assert job["hyperParameters"] == {"epochCount": "2"} and job["customizationType"] == "FINE_TUNING"
    assert host.ask(name) == Standing(name, "InProgress")
    assert host.cancel(name) == Standing(name, "Stopped", "cancelled") and not host.said(name)


def test_of_lost_answers_to_the_creation_none_costs_a_second_job(
    host: BedrockHost, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ConnectionClosedError

    create, before = host._bedrock.create_model_customization_job, len(jobs(host))

    def lost(**asked: Any) -> None:
        create(**asked)
        raise ConnectionClosedError(endpoint_url=host.url)

    for trial in range(TRIALS):
        this = replace(wanted, id=f"{trial:016x}")
        with monkeypatch.context() as patch, pytest.raises(Refusal, match="Nothing is lost"):
            patch.setattr(host._bedrock, "create_model_customization_job", lost)
            host.submit(this)
        assert host.submit(this).status == "InProgress"
    answers = iter((False, True))
    monkeypatch.setattr(host, "_is_there", lambda _: next(answers))  # a list that is not up to date yet
    assert host.submit(this).status == "InProgress"
    assert len(jobs(host)) == before + TRIALS
