# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that Amazon tuned answer there, and no more: `deploy host ARN`, `deploy hosted`, `deploy unhost ARN`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from ..errors import Exit, Unavailable, UserError
from ..http import OFFLINE
from ..paths import DataFolder
from ..providers import aws, bedrock_serving
from ..providers.refusals import Refusal
from ..words import counted, harmless

T = TypeVar("T")


def host(found: argparse.Namespace, folder: DataFolder) -> int:
    """Let a tuned model answer, where the person agrees to what that costs."""
    if bedrock_serving.CUSTOM not in found.tuned or (found.units or 0) < 0:
        raise UserError(
            "Say which of the models that Amazon tuned for you, by the ARN that `train` tells: "
            "deploy host arn:aws:bedrock:…:custom-model/…, with --units N for throughput of its own."
        )
    if not found.yes:
        cost = (
            f"{counted(found.units, 'unit')} of throughput cost by the hour, whether anybody asks or not"
            if found.units
            else "A deployment costs by the token, and is there for some models alone (else: --units 1, by the hour)"
        )
        raise Unavailable(
            f"{cost}, until `deploy unhost`. https://aws.amazon.com/bedrock/pricing tells how much. --yes agrees."
        )
    arn = _asked(found, lambda account: bedrock_serving.begin(account, found.tuned, found.units or 0))
    words = f"Amazon makes {arn} ready; `deploy hosted` tells how far it is. Then it answers as bedrock:{found.tuned}."
    print(json.dumps({"arn": arn}) if found.json else words)
    return Exit.DONE


def hosted(found: argparse.Namespace, folder: DataFolder) -> int:
    """List what is there, and costs."""
    there = _asked(found, bedrock_serving.all_of)
    if found.json:
        print(json.dumps([asdict(one) for one in there]))
        return Exit.DONE
    for one in there:
        paid = "by the hour" if one.hourly else "by the token"
        print(f"{harmless(one.status):<12}{paid:<14}{one.arn}\n{'':<26}answers with {one.model}")
    if not there:
        print("Nothing of ours answers there.")
    return Exit.DONE


def unhost(found: argparse.Namespace, folder: DataFolder) -> int:
    """End what a model answers through."""
    if not found.tuned.startswith("arn:"):
        raise UserError("Say what is to be ended, by its ARN in `deploy hosted`.")
    _asked(found, lambda account: bedrock_serving.end(account, found.tuned))
    print(json.dumps({"ended": found.tuned}) if found.json else f"{found.tuned} is ended, and costs no more.")
    return Exit.DONE


def _asked(found: argparse.Namespace, ask: Callable[[aws.Account], T]) -> T:
    """What Amazon answers. Raises Unavailable."""
    if not found.online:
        raise Unavailable(OFFLINE)
    try:
        return ask(aws.Account(aws.place(found.base_url, found.tuned)))
    except Refusal as refusal:
        raise Unavailable(refusal.sentence) from refusal
