# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: runs of the trainer, each in a process of its own that may be killed.

A line on stdin is a run, `{"body": …, "faults": {…}}`; its answer is a line: all that it said, and how it ended.
Faults: `kill_after` a step; `kill_in` the n-th file that is written to its end, half of which is there; `memory`,
the most tokens at once that the allocator has room for; `disk`, [bytes, from step, to step], the largest file.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import tempfile
from typing import Any

sys.path.insert(0, sys.argv[1])

import peft
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from voxel_trainer_addon.providers.local import channel, models, train

LOADED = (peft.LoraModel, LlamaForCausalLM, PreTrainedTokenizerFast)
"""Imported before the first run, or each would import them anew."""


class Faulty(channel.Channel):
    """A channel whose lines go to a file, and that knows when a fault is due."""

    def __init__(self, lines: Any, faults: dict[str, Any]) -> None:
        super().__init__(io.BytesIO(), lines)
        self._faults = faults

    def say(self, kind: str, **fields: Any) -> None:
        super().say(kind, **fields)
        if kind != "loss" or fields["loss"] is None:
            return
        if fields["step"] == self._faults.get("kill_after"):
            os.kill(os.getpid(), signal.SIGKILL)
        largest, since, until = self._faults.get("disk", (0, -1, -1))
        if fields["step"] in (since, until):
            soft = largest if fields["step"] == since else resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def inject(faults: dict[str, Any]) -> None:
    if "kill_in" in faults:
        whole, count = os.fsync, 0

        def torn(file: int) -> None:
            nonlocal count
            count += 1
            if count == faults["kill_in"]:
                os.ftruncate(file, os.fstat(file).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            whole(file)

        os.fsync = torn
    if "memory" in faults:
        losses = models.answer_losses

        def starved(model: Any, rows: Any, pad: int) -> torch.Tensor:
            if len(rows) * max(len(row.tokens) for row in rows) > faults["memory"]:
                torch.empty(1 << 60, dtype=torch.uint8)
            return losses(model, rows, pad)

        models.answer_losses = starved


def one(body: dict[str, Any], faults: dict[str, Any], lines: Any) -> None:
    talk = Faulty(lines, faults)
    inject(faults)
    try:
        talk.say("done", **train.run(body, talk))
    except channel.Refused as refused:
        talk.say("refused", code=refused.code, sentence=refused.sentence)


def main() -> None:
    for line in sys.stdin:
        case = json.loads(line)
        with tempfile.NamedTemporaryFile() as lines:
            child = os.fork()
            if child == 0:
                try:
                    one(case["body"], case["faults"], lines)
                    os._exit(0)
                except BaseException:
                    sys.excepthook(*sys.exc_info())
                    os._exit(1)
            status = os.waitpid(child, 0)[1]
            lines.seek(0)
            found = {"said": [json.loads(line) for line in lines], "ended": os.waitstatus_to_exitcode(status)}
        print(json.dumps(found), flush=True)


main()
