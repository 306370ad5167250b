# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `bedrock`: models that Amazon Bedrock tunes, which are asked for live. Rows go to a bucket of the account.

A job has our id in its name and as its request token, so it is looked for before it is created, and a host that still
made it twice would be told that it is the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from .. import tokens
from ..errors import Unavailable
from ..words import harmless
from .aws import Account, place
from .bedrock_families import files
from .hosts import Checkpoint, Limits, Said, Standing, Tunable, Wanted
from .refusals import Refusal

ROLE, BUCKET = "VOXEL_TRAINER_AWS_ROLE", "VOXEL_TRAINER_AWS_BUCKET"
A_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
A_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
FOLDER = "voxel-trainer"
"""Everything of ours in the bucket begins so."""
ENDS = {"Completed": "done", "Failed": "failed", "Stopped": "cancelled"}
"""Their word for an end → ours. Any other status means that it still goes on."""
GOES_ON = "InProgress"
PHASES = {
    "validationDetails": "looking at the rows",
    "dataProcessingDetails": "preparing the rows",
    "trainingDetails": "training",
}
METRICS = {"step_wise_training_metrics.csv": "training_loss", "validation_metrics.csv": "validation_loss"}
"""Files that a job leaves in the bucket → the column of their loss
(https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-analyze.html)."""
METRICS_MAX = 16 << 20


class BedrockHost:
    """Bedrock in one region of one account. Every method raises Refusal."""

    provider, format, may_train_as = "bedrock", "local", "local"
    abilities = frozenset({"cancel"})
    limits = Limits()

    def __init__(self, url: str) -> None:
        self._account = Account(place(url))
        self.url = self._account.place.url
        self._bedrock, self._s3 = self._account.client("bedrock"), self._account.client("s3")

    def models(self) -> Sequence[Tunable]:
        with self._account.asking("ask what can be tuned"):
            told = self._bedrock.list_foundation_models(byCustomizationType="FINE_TUNING", byOutputModality="TEXT")
            found = [_tunable(model) for model in told["modelSummaries"]]
        today = date.today().isoformat()
        there = [one for one in found if self.takes(one.id) and not (one.ends and one.ends <= today)]
        if not there:
            raise Refusal("closed", self.closed())
        return there

    def takes(self, model: str) -> bool:
        """Whether a model is one of those that this provider is for."""
        return bool(model)

    def closed(self) -> str:
        """What is said where nothing can be tuned."""
        return (
            f"{self.url} offers no language model for tuning. us-east-1 and us-west-2 have had most: name another "
            "region by --base-url https://bedrock.REGION.amazonaws.com, or train with --provider local."
        )

    def submit(self, wanted: Wanted) -> Standing:
        name = f"voxel-{wanted.id}"
        if self._is_there(name):
            return self.ask(name)
        if not self.takes(wanted.model):
            raise Refusal("refused", f"{wanted.model} is none of the models that --provider {self.provider} is for.")
        if wanted.objective != "sft":
            raise Refusal("refused", "Bedrock tunes on answers alone (--objective sft), not on pairs of them.")
        role, bucket = _settings(self.url)
        training, validation = files(wanted.model, wanted.training, wanted.validation)
        request: dict[str, Any] = {
            "jobName": name,
            "customModelName": _named(wanted),
            "roleArn": role,
            "clientRequestToken": name,
            "baseModelIdentifier": wanted.model,
            "customizationType": "FINE_TUNING",
            "trainingDataConfig": {"s3Uri": self._uploaded(bucket, training)},
            "outputDataConfig": {"s3Uri": f"s3://{bucket}/{FOLDER}/{name}/"},
        }
        if validation:
            request["validationDataConfig"] = {"validators": [{"s3Uri": self._uploaded(bucket, validation)}]}
        if wanted.parameters:
            request["hyperParameters"] = dict(wanted.parameters)
        try:
            with self._account.asking("create the job"):
                self._bedrock.create_model_customization_job(**request)
        except Refusal as refusal:
            if refusal.code != "conflict" or not self._is_there(name):
                raise
        return Standing(name, GOES_ON)

    def ask(self, id: str) -> Standing:
        job = self._job(id)
        status = str(job["status"])
        end = ENDS.get(status, "")
        phase = "" if end else next((words for words, told in _phases(job) if told["status"] == GOES_ON), "")
        return Standing(
            id,
            f"{status}, {phase}" if phase else status,
            end,
            str(job.get("outputModelArn", "")) if end == "done" else "",
            harmless(job.get("failureMessage", ""), 300) if end == "failed" else "",
        )

    def said(self, id: str, after: str = "") -> Sequence[Said]:
        """What is told between two questions is told by phases; losses come with the end, when the job leaves them in
        the bucket."""
        job = self._job(id)
        with self._account.asking("ask for the job"):
            told = [
                Said(f"{number}-{phase['status'] != GOES_ON:d}", _seconds(phase), _worded(words, phase))
                for number, (words, phase) in enumerate(_phases(job), 1)
                if phase["status"] != "NotStarted"
            ]
        if job["status"] in ENDS:
            try:
                with self._account.asking("read the losses in the bucket"):
                    told += self._losses(job)
            except Refusal as refusal:  # the model is there all the same
                told.append(Said("9", told[-1].at if told else 0.0, refusal.sentence))
        return [one for one in told if one.id > after]

    def checkpoints(self, id: str) -> Sequence[Checkpoint]:
        return ()

    def pause(self, id: str) -> Standing:
        raise self._unable("pause")

    def resume(self, id: str) -> Standing:
        raise self._unable("resume")

    def cancel(self, id: str) -> Standing:
        try:
            with self._account.asking("stop the job"):
                self._bedrock.stop_model_customization_job(jobIdentifier=id)
        except Refusal as refusal:
            if refusal.code != "conflict":  # it has ended meanwhile
                raise
        return self.ask(id)

    def close(self) -> None:
        self._bedrock.close()
        self._s3.close()

    def _unable(self, what: str) -> Refusal:
        return Refusal("refused", f"{self.url} cannot {what} a job.")

    def _job(self, id: str) -> Mapping[str, Any]:
        with self._account.asking("ask for the job"):
            job: Mapping[str, Any] = self._bedrock.get_model_customization_job(jobIdentifier=id)
        return job

    def _is_there(self, name: str) -> bool:
        with self._account.asking("look for the job"):
            told = self._bedrock.list_model_customization_jobs(nameContains=name)
            return any(job["jobName"] == name for job in told["modelCustomizationJobSummaries"])

    def _uploaded(self, bucket: str, content: bytes) -> str:
        """The address of a file in the bucket, uploaded where it is not there yet: its name is that of its content."""
        key = f"{FOLDER}/{sha256(content).hexdigest()}.jsonl"
        try:
            with self._account.asking("look for the rows"):
                self._s3.head_object(Bucket=bucket, Key=key)
        except Refusal as refusal:
            if refusal.code not in ("missing", "forbidden"):  # who may not list a bucket hears 403 of what is not there
                raise
            with self._account.asking("upload the rows"):
                self._s3.put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"

    def _losses(self, job: Mapping[str, Any]) -> Iterator[Said]:
        """A job's steps with their losses, out of the files in its folder of the bucket."""
        bucket, _, prefix = str(job["outputDataConfig"]["s3Uri"]).removeprefix("s3://").partition("/")
        steps: dict[int, dict[str, float]] = {}
        at = 0.0
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for object in page.get("Contents", ()):
                column = METRICS.get(object["Key"].rpartition("/")[2])
                if column and object["Size"] <= METRICS_MAX:
                    text = self._s3.get_object(Bucket=bucket, Key=object["Key"])["Body"].read().decode()
                    at = max(at, object["LastModified"].timestamp())
                    for row in csv.DictReader(io.StringIO(text)):
                        steps.setdefault(int(row["step_number"]), {})[column] = float(row[column])
        for step, losses in sorted(steps.items()):
            loss, held_out = (losses.get(column) for column in METRICS.values())
            yield Said(f"9-{step:09}", at, f"step {step}", step, loss, held_out)


def host(url: str) -> BedrockHost:
    """See `tuning`."""
    return BedrockHost(url)


def _named(wanted: Wanted) -> str:
    """The tuned model's name. That of a Llama has to begin so, by its licence."""
    name = re.sub("[^0-9a-zA-Z]+", "-", wanted.suffix).strip("-")[:40] or "voxel"
    begins = "Llama-" if wanted.model.rpartition("/")[2].startswith("meta.") else ""
    return f"{begins}{name}-{wanted.id}"


def _tunable(model: Mapping[str, Any]) -> Tunable:
    ends = model.get("modelLifecycle", {}).get("endOfLifeTime")
    return Tunable(str(model["modelId"]), ends=ends.date().isoformat() if ends else "")


def _phases(job: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Words for each phase that a job tells of, and what it tells."""
    told = job.get("statusDetails", {})
    return [(words, told[key]) for key, words in PHASES.items() if told.get(key, {}).get("status")]


def _seconds(phase: Mapping[str, Any]) -> float:
    return float(phase["lastModifiedTime"].timestamp())


def _worded(words: str, told: Mapping[str, Any]) -> str:
    return words if told["status"] == GOES_ON else f"{words}: {harmless(told['status'], 40)}"


def _settings(url: str) -> tuple[str, str]:
    """The role that Bedrock takes on to reach the bucket, and the bucket. Raises Unavailable."""
    found = tokens.find()
    role, bucket = found.get(ROLE), found.get(BUCKET)
    lacks = []
    if not A_BUCKET.fullmatch(bucket):
        lacks.append(f"a bucket of S3 in the same region, by its name in {BUCKET}")
    if not A_ROLE.fullmatch(role):
        lacks.append(f"a role that Bedrock may take on to reach it, by its ARN (arn:aws:iam::…:role/…) in {ROLE}")
    if lacks:
        raise Unavailable(
            f"Tuning by {url} needs {' and '.join(lacks)}, in the environment or in a .env file. docs/providers.md "
            "says how to make them, with the texts to paste."
        )
    return role, bucket
