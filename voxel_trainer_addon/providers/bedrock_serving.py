# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that Bedrock tuned answer through something that is made for them and ended again: a deployment, paid by the
token, or provisioned throughput, paid by the hour whether anybody asks or not.

Both are found by the model's ARN, so a model stays asked by that, whatever it answers through at the time.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from ..errors import Unavailable
from .aws import Account

CUSTOM = ":custom-model/"
"""Stands in the ARN of every tuned model."""
PREFIX = "voxel-"


@dataclass(frozen=True)
class Kind:
    """One of the two, as the API words it: its calls, and the names of what they take and tell."""

    call: str
    told: str
    arn: str
    name: str
    new_name: str
    model: str
    id: str
    ready: str
    hourly: bool


DEPLOYMENT = Kind(
    "custom_model_deployment",
    "modelDeploymentSummaries",
    "customModelDeploymentArn",
    "customModelDeploymentName",
    "modelDeploymentName",
    "modelArn",
    "customModelDeploymentIdentifier",
    "Active",
    hourly=False,
)
THROUGHPUT = Kind(
    "provisioned_model_throughput",
    "provisionedModelSummaries",
    "provisionedModelArn",
    "provisionedModelName",
    "provisionedModelName",
    "modelId",
    "provisionedModelId",
    "InService",
    hourly=True,
)


@dataclass(frozen=True)
class Serving:
    """What a model answers through. `status` is the host's word."""

    arn: str
    model: str
    status: str
    ready: bool
    hourly: bool


def all_of(account: Account, model: str = "") -> list[Serving]:
    """What we made in an account's region, or all that one model answers through. Raises Refusal."""
    only = {"modelArnEquals": model} if model else {"nameContains": PREFIX}
    with closing(account.client("bedrock")) as client, account.asking("ask what answers"):
        return [
            Serving(told[kind.arn], told["modelArn"], told["status"], told["status"] == kind.ready, kind.hourly)
            for kind in (DEPLOYMENT, THROUGHPUT)
            for told in getattr(client, f"list_{kind.call}s")(**only)[kind.told]
        ]


def begin(account: Account, model: str, units: int = 0) -> str:
    """The ARN of what a model answers through from soon on: one that is there, or a new one, a deployment or, with
    `units`, so many units of throughput. Raises Refusal."""
    kind = THROUGHPUT if units else DEPLOYMENT
    if there := next((one for one in all_of(account, model) if one.hourly == kind.hourly), None):
        return there.arn
    name = PREFIX + sha256(model.encode()).hexdigest()[:16]
    asked = {kind.new_name: name, kind.model: model, "clientRequestToken": name}
    with closing(account.client("bedrock")) as client, account.asking("let the model answer"):
        told = getattr(client, f"create_{kind.call}")(**asked, **({"modelUnits": units} if units else {}))
        return str(told[kind.arn])


def end(account: Account, arn: str) -> None:
    """Let it answer no more, and cost nothing more. Raises Refusal."""
    kind = THROUGHPUT if ":provisioned-model/" in arn else DEPLOYMENT
    with closing(account.client("bedrock")) as client, account.asking("end what answers"):
        getattr(client, f"delete_{kind.call}")(**{kind.id: arn})


def address(account: Account, model: str) -> str:
    """By which ARN a tuned model is asked. Raises Refusal, and Unavailable where it does not answer."""
    there = all_of(account, model)
    if ready := next((one for one in there if one.ready), None):
        return ready.arn
    if there:
        raise Unavailable(f"{model} does not answer yet: what it answers through stands at {there[0].status}.")
    raise Unavailable(
        f"Amazon does not answer with {model} until it is told to: `deploy host {model}` does that, and says what it "
        "costs."
    )
