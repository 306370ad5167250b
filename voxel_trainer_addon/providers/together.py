# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `together`: tuning of open-weight models by Together, whose form is its own, over plain HTTP.

Its description is public (https://github.com/togethercomputer/openapi). A job carries no metadata, so ours is known by
the end of its suffix, and the host's jobs are looked through for it before one is created.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from .. import tokens
from ..errors import Unavailable
from ..files import sha256_of
from ..http import Client, NetworkError
from ..words import harmless, slug
from .hosts import Checkpoint, Limits, Quote, Said, Standing, Tunable, TuningHost, Wanted, value_of
from .refusals import PASSING, Refusal, odd, refusal

OWN_URL = "https://api.together.ai/v1"
TOKEN = "TOGETHER_API_KEY"
SUFFIX_MAX = 40
EVALUATIONS = 5
"""So often the loss on the validation file is measured, where there is one."""
SETTLED = {"completed": "done", "error": "failed", "cancelled": "cancelled"}
"""Their word for an end → ours. Any other status, also one that is not known here, means that it still goes on."""
TRAINED = "training_complete"
"""The event after which no more losses come."""
FAULTS = ("job_error", "billing_limit")
METHODS = {"sft": {"method": "sft", "train_on_inputs": False}, "dpo": {"method": "dpo"}}
ESTIMATED = ("model", "training_file", "validation_file", "training_method", "training_type", "n_epochs", "n_evals")
T = TypeVar("T")


def host(url: str = "") -> TuningHost:
    """The host at an address, Together's own where it is empty. Raises Unavailable without a token."""
    key = tokens.find().get(TOKEN)
    if not key:
        raise Unavailable(
            f"Training by {url or OWN_URL} needs a token: set {TOKEN} in the environment or in a .env file."
        )
    return TogetherHost(url, key)


class TogetherHost:
    """See hosts.TuningHost."""

    provider, format, may_train_as = "together", "openai", "local"
    abilities = frozenset({"quote", "cancel", "checkpoints"})
    limits = Limits(file_bytes=512_000_000)
    """Ours: a file goes up in one piece, from memory."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key, self._client = (url or OWN_URL).rstrip("/"), key, Client(online=True)

    def close(self) -> None:
        self._client.close()

    def models(self) -> Sequence[Tunable]:
        names = self._get("/fine-tunes/models/supported", "ask what can be tuned", lambda told: list(told["models"]))
        if not names:
            raise Refusal("closed", f"{self.url} lists no model that can be tuned now.")
        return [Tunable(str(name), ("sft", "dpo")) for name in names]

    def quote(self, wanted: Wanted) -> Quote | None:
        asked = {name: value for name, value in self._job(wanted).items() if name in ESTIMATED}
        return self._post("/fine-tunes/estimate-price", "ask for the price", _quote, asked)

    def submit(self, wanted: Wanted) -> Standing:
        if found := self._found(wanted):
            return found
        job = self._job(wanted)
        try:
            return self._post("/fine-tunes", "create the job", _standing, job)
        except Refusal as refusal:
            if refusal.code in PASSING and (found := self._found(wanted)):
                return found
            raise

    def ask(self, id: str) -> Standing:
        return self._get(f"/fine-tunes/{id}", "ask for the job", _standing)

    def said(self, id: str, after: str = "") -> Sequence[Said]:
        """Events, and the losses of steps among them. An id counts both up to there: neither list ever loses its
        beginning. A loss has the time of the event before it."""
        events = self._get(f"/fine-tunes/{id}/events", "ask what the job told", _events)
        steps = accumulate((event.step for event in events), max)
        told = merge(
            ((step, 0, event) for step, event in zip(steps, events, strict=True)),
            ((row.step, 1, row) for row in self._losses(id)),
            key=lambda one: one[:2],
        )
        known = tuple(map(int, after.split("."))) if after else (0, 0)
        counts, found, at = [0, 0], list[Said](), 0.0
        for _, which, one in told:
            counts[which] += 1
            at = one.at or at
            if counts[which] > known[which]:
                place = ".".join(str(max(pair)) for pair in zip(counts, known, strict=True))
                step = int(one.step) if which else None
                found.append(Said(place, at, one.words, step, one.loss, one.held_out))
        return found

    def checkpoints(self, id: str) -> Sequence[Checkpoint]:
        held_out = {row.step: row.held_out for row in self._losses(id) if row.held_out is not None}

        def read(told: Any) -> list[Checkpoint]:
            return [
                Checkpoint(str(one.get("object_name") or one["path"]), int(one["step"]), held_out.get(one["step"]))
                for one in told["data"]
            ]

        return self._get(f"/fine-tunes/{id}/checkpoints", "ask for the checkpoints", read)

    def pause(self, id: str) -> Standing:
        raise Refusal("unable", f"{self.url} cannot pause a job; it can cancel one.")

    resume = pause

    def cancel(self, id: str) -> Standing:
        self._post(f"/fine-tunes/{id}/cancel", "cancel the job", _standing)
        return self.ask(id)

    # how it is asked

    def _found(self, wanted: Wanted) -> Standing | None:
        """The job that is ours, or None."""
        jobs = self._get("/fine-tunes", "look for the job", lambda told: list(map(dict, told["data"])))
        ours = (job for job in jobs if wanted.id in f"{job.get('suffix')} {job.get('model_output_name')}")
        found = next(ours, None)
        return self.ask(str(found["id"])) if found else None

    def _job(self, wanted: Wanted) -> dict[str, Any]:
        """What a job is created by. The files go up where the host has not got them."""
        there = self._get("/files", "look for the files", _files)
        held_out = wanted.validation
        more = {"validation_file": self._file(held_out, there), "n_evals": EVALUATIONS} if held_out else {}
        return {
            "model": wanted.model,
            "training_file": self._file(wanted.training, there),
            **more,
            "training_method": METHODS[wanted.objective],
            "suffix": f"{slug(wanted.suffix)[: SUFFIX_MAX - 1 - len(wanted.id)]}-{wanted.id}",
            "random_seed": wanted.seed,
            **{name: value_of(text) for name, text in wanted.parameters.items()},
        }

    def _file(self, path: Path, there: Mapping[tuple[str, int], str]) -> str:
        """The id of a file, which goes up where nothing of its content's name is there."""
        from urllib3 import encode_multipart_formdata

        name = f"voxel-{sha256_of(path)[:32]}.jsonl"
        if id := there.get((name, path.stat().st_size)):
            return id
        fields = {"purpose": "fine-tune", "file_name": name, "file_type": "jsonl", "file": (name, path.read_bytes())}
        body, form = encode_multipart_formdata(fields)
        return self._post("/files/upload", "upload", lambda told: str(told["id"]), body, form)

    def _losses(self, id: str) -> list[_Told]:
        return self._get(f"/fine-tunes/{id}/metrics", "ask for the losses", _losses)

    def _get(self, path: str, what: str, read: Callable[[Any], T]) -> T:
        return self._asked("GET", path, what, read, None, "application/json")

    def _post(
        self, path: str, what: str, read: Callable[[Any], T], body: object = None, form: str = "application/json"
    ) -> T:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self._asked("POST", path, what, read, data, form)

    def _asked(self, method: str, path: str, what: str, read: Callable[[Any], T], body: bytes | None, form: str) -> T:
        """What `read` makes of the host's answer. Raises Refusal."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": form}
        try:
            answer = self._client.ask(method, self.url + path, headers, body=body)
        except NetworkError as error:
            sentence = f"{self.url} could not be reached ({what}). Nothing is lost: start the same command again."
            raise Refusal("unreachable", sentence, str(error)) from error
        if answer.status >= 400:
            raise refusal(answer.status, what, self.url, TOKEN, answer.body.decode(errors="replace"), answer.headers)
        try:
            return read(json.loads(answer.body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise odd(what, self.url, repr(error)) from error


@dataclass(frozen=True)
class _Told:
    """An event or the losses of a step; an event belongs to the step that it names, the last one to none."""

    step: float
    at: float = 0.0
    words: str = ""
    loss: float | None = None
    held_out: float | None = None


def _files(told: Any) -> dict[tuple[str, int], str]:
    return {(str(file["filename"]), int(file["bytes"])): str(file["id"]) for file in told["data"]}


def _events(told: Any) -> list[_Told]:
    return [
        _Told(
            math.inf if event["type"] == TRAINED else event.get("step") or 0,
            datetime.fromisoformat(event["created_at"].replace("Z", "+00:00")).timestamp(),
            harmless(event["message"], 300),
        )
        for event in told["data"]
    ]


def _losses(told: Any) -> list[_Told]:
    return [
        _Told(row["train/global_step"], loss=row.get("train/loss"), held_out=row.get("eval/loss"))
        for row in told.get("metrics") or ()
        if "train/loss" in row or "eval/loss" in row
    ]


def _quote(told: Any) -> Quote | None:
    if told.get("estimated_total_price") is None:
        return None
    tokens_ = sum(told.get(f"estimated_{part}_token_count") or 0 for part in ("train", "eval"))
    return Quote(float(told["estimated_total_price"]), round(tokens_), told.get("allowed_to_proceed") is not False)


def _standing(job: Any) -> Standing:
    status = str(job["status"])
    end = SETTLED.get(status, "")
    faults = [str(event["message"]) for event in job.get("events") or () if event["type"] in FAULTS]
    return Standing(
        str(job["id"]),
        status,
        end,
        str(job["model_output_name"]) if end == "done" else "",
        harmless(" ".join(faults[-1:]), 300),
        int(job.get("token_count") or 0),
    )
