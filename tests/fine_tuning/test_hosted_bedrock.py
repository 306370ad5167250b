# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage train at Amazon Bedrock: from rows to a model that can be asked, and where there is none to tune."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tests.fine_tuning.told import Told, row
from tests.providers.aws_server import CUSTOM, JOBS, SECRET, account, serving
from voxel_trainer_addon.files import read_json, write_jsonl
from voxel_trainer_addon.fine_tuning import training_orchestrator
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain

NOVA = "amazon.nova-lite-v1:0:300k"


def test_rows_go_to_amazon_and_a_model_comes_back_but_no_claude(tmp_path: Path) -> None:
    with account(tmp_path), serving() as server:
        server.models = [{"modelArn": f"arn:aws:bedrock:::{NOVA}", "modelId": NOVA}]
        work = Told(tmp_path / "data", Options(provider="claude", model=NOVA, base_url=server.url, yes=True))
        write_jsonl(work.folder.dataset("voxel") / "train.jsonl", [row(number, "own") for number in range(40)])

        closed = training_orchestrator.run(work)
        assert closed.aside and work.asides[0].code == "closed" and "Claude 3 Haiku" in closed.words
        assert not server.objects and not server.jobs

        work.options = dataclasses.replace(work.options, provider="bedrock", hyper=("epochCount=2",))
        assert "stands at InProgress" in training_orchestrator.run(work).words
        (rows,) = server.objects.values()
        assert rows.count(b"\n") == 40 and json.loads(rows.splitlines()[0])["schemaVersion"].startswith("bedrock-")
        assert server.jobs[0]["hyperParameters"] == {"epochCount": "2"}
        server.jobs[0] |= {"status": "Completed", "outputModelArn": CUSTOM}
        name = server.jobs[0]["jobName"]
        server.objects[f"voxel-trainer/{name}/x/training_artifacts/step_wise_training_metrics.csv"] = (
            b"step_number,epoch_number,training_loss,perplexity\n0,0,2.5,12\n1,0,1.5,4\n"
        )
        done = training_orchestrator.run(work).words
        assert f"evaluate --name voxel --model bedrock:{CUSTOM} --base-url {server.url}" in done
        assert [event["loss"] for event in work.kinds("loss")] == [2.5, 1.5]
        assert server.asked.count(f"POST {JOBS}") == 1 and read_json(work.folder.jobs)[0]["result"] == CUSTOM
        kept = [path for path in work.folder.root.rglob("*") if path.is_file()]
        assert all(SECRET.encode() not in path.read_bytes() for path in kept)
        work.catalog.close()
