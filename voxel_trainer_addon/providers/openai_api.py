# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `openai`: tuning by any host that speaks OpenAI's protocol. Uploads, creates a job once, asks how it stands.

No idempotency key is documented for jobs, so each carries ours in its metadata and in its suffix, and before one is
created those that exist are looked through for it: an answer that got lost costs no second job. For the same reason
the package sends nothing a second time by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, takewhile
from math import isfinite
from pathlib import Path
from typing import Any

from .. import tokens
from ..errors import Unavailable
from ..files import sha256_of
from ..words import harmless, slug
from .hosts import Checkpoint, Limits, Said, Standing, Tunable, Wanted, value_of
from .refusals import PASSING, Refusal, asking, odd, wrong_clock

__all__ = ["OWN_URL", "TOKEN", "OpenAIHost", "Refusal", "host"]

OWN_URL = "https://api.openai.com/v1"
TOKEN = "OPENAI_API_KEY"
TIMEOUT_S = 60.0
FILE_BYTES, PART_BYTES = 512_000_000, 64_000_000
"""A larger file goes up in parts of this size (https://platform.openai.com/docs/api-reference/uploads)."""
LIMITS = Limits(rows=(10, 0), file_bytes=8_000_000_000)
LOOKED_THROUGH = 200
"""How many of the host's newest jobs are looked through for ours."""
SUFFIX = 64
SETTLED = {"succeeded": "done", "failed": "failed", "cancelled": "cancelled"}
"""Their word for an end → ours. Any other status, also one that is not known here, means that it still goes on."""
CREATE = "create the job"
CLOSED = (
    ("2026-05-07", "to organisations that had never tuned a model"),
    ("2026-07-02", "to those that had asked no tuned model for 60 days"),
    ("2027-01-06", "to everyone"),
)
"""Since when OpenAI itself takes no new jobs from whom (https://platform.openai.com/docs/deprecations, 2026-11)."""
OTHERWISE = re.compile(
    "(?<![a-z])(embedding|whisper|tts|dall-e|moderation|image|audio|realtime|transcribe|sora|search)(?![a-z])"
)
"""In the names of models that do something else than to answer chats; the protocol's list does not say what they do."""
MODERATED = re.compile("moderation|usage polic|content_policy|unsafe", re.IGNORECASE)


def host(url: str) -> OpenAIHost:
    """See `tuning`."""
    url = url or OWN_URL
    key = tokens.find().get(TOKEN)
    if not key and url == OWN_URL:
        raise Unavailable(f"Training by {url} needs a token: set {TOKEN} in the environment or in a .env file.")
    return OpenAIHost(url, key or "none")


class OpenAIHost:
    """See TuningHost. A file of more than `file_bytes` goes up in parts of `part_bytes`."""

    provider = format = "openai"
    abilities = frozenset({"pause", "resume", "cancel", "checkpoints"})
    limits = LIMITS

    def __init__(self, url: str, token: str, *, file_bytes: int = FILE_BYTES, part_bytes: int = PART_BYTES) -> None:
        try:
            import openai
        except ImportError as error:
            raise Unavailable("Training by a host needs the openai package: python -m pip install openai") from error
        self.url, self._file_bytes, self._part_bytes = url, file_bytes, part_bytes
        self.may_train_as = "openai" if url == OWN_URL else "local"
        self._openai = openai
        self._client = openai.OpenAI(api_key=token, base_url=url, timeout=TIMEOUT_S, max_retries=0)

    def close(self) -> None:
        self._client.close()

    def models(self) -> Sequence[Tunable]:
        """Those that answer chats: the protocol does not tell which of them can be tuned. A wrong clock is refused
        here, as their last days are compared with today."""
        with self._asking("list the models"):
            answer = self._client.models.with_raw_response.list()
            found = [
                Tunable(str(model.id), ("sft", "dpo"), str(_told(model, "shutdown_date") or ""))
                for model in answer.parse()
                if not OTHERWISE.search(model.id)
            ]
        if words := wrong_clock(answer.headers):
            raise Refusal("clock", f"{words}Set it right and start the same command again; nothing was sent.")
        if not found:
            raise Refusal("closed", f"{self.url} names no model that could be tuned.")
        return found

    def submit(self, wanted: Wanted) -> Standing:
        """See TuningHost."""
        training = self._uploaded(wanted.training)
        validation = self._uploaded(wanted.validation) if wanted.validation else None
        if found := self._find(wanted, training):
            return found
        metadata = {"vt_job": wanted.id, "vt_dataset": wanted.dataset_hash}
        try:
            return self._create(wanted, training, validation, metadata=metadata)
        except Refusal as refusal:
            if refusal.code == "refused" and "metadata" in refusal.detail:
                return self._create(wanted, training, validation)
            if refusal.code in PASSING and (found := self._find(wanted, training)):
                return found
            raise

    def ask(self, id: str) -> Standing:
        return self._heard("ask for the job", lambda: self._client.fine_tuning.jobs.retrieve(id))

    def said(self, id: str, after: str = "") -> Sequence[Said]:
        """See TuningHost. A loss on held-out rows that the events leave out is taken from the checkpoint."""
        with self._asking("read what the job tells"):
            events = _each(self._client.fine_tuning.jobs.list_events(id, limit=100))  # the newest first
            found = [_said(event) for event in takewhile(lambda event: event.id != after, events)]
        kept: Mapping[int | None, float | None] = {}
        if any(one.step is not None and one.held_out is None for one in found):
            kept = {one.step: one.held_out for one in self.checkpoints(id) if one.held_out is not None}
        return [one if one.step not in kept else replace(one, held_out=kept[one.step]) for one in reversed(found)]

    def checkpoints(self, id: str) -> Sequence[Checkpoint]:
        """See TuningHost; none at a host that does not know the word."""
        try:
            with self._asking("list the checkpoints"):
                return [
                    Checkpoint(
                        str(one.fine_tuned_model_checkpoint),
                        int(one.step_number),
                        _held_out(dict(_told(one, "metrics") or {})),
                    )
                    for one in _each(self._client.fine_tuning.jobs.checkpoints.list(id))
                ]
        except Refusal as refusal:
            if refusal.code == "missing":
                return []
            raise

    def pause(self, id: str) -> Standing:
        return self._heard("pause the job", lambda: self._client.fine_tuning.jobs.pause(id))

    def resume(self, id: str) -> Standing:
        return self._heard("resume the job", lambda: self._client.fine_tuning.jobs.resume(id))

    def cancel(self, id: str) -> Standing:
        return self._heard("cancel the job", lambda: self._client.fine_tuning.jobs.cancel(id))

    def _uploaded(self, path: Path) -> str:
        """The id of a file, uploaded if the host has none of its content yet."""
        name, size = f"voxel-{sha256_of(path)}.jsonl", path.stat().st_size
        with self._asking("upload"):
            for file in _each(self._client.files.list(purpose="fine-tune")):
                if file.filename == name and file.bytes == size and _told(file, "status") != "error":
                    return str(file.id)
            with open(path, "rb") as content:
                if size <= self._file_bytes:
                    return str(self._client.files.create(file=(name, content), purpose="fine-tune").id)
                uploads = self._client.uploads
                upload = uploads.create(bytes=size, filename=name, mime_type="text/jsonl", purpose="fine-tune")
                pieces = iter(lambda: content.read(self._part_bytes), b"")
                parts = [uploads.parts.create(upload.id, data=piece).id for piece in pieces]
                whole = uploads.complete(upload.id, part_ids=parts)
                return str(whole.file.id)  # type: ignore[union-attr]  # without it: no answer of the protocol

    def _find(self, wanted: Wanted, training: str) -> Standing | None:
        """The job that is ours, among the host's newest, or None."""
        with self._asking("look for the job"):
            jobs = islice(_each(self._client.fine_tuning.jobs.list(limit=100)), LOOKED_THROUGH)
            return next((_standing(job) for job in jobs if _is_ours(job, wanted, training)), None)

    def _create(self, wanted: Wanted, training: str, validation: str | None, **more: Any) -> Standing:
        if validation:
            more["validation_file"] = validation
        try:
            return self._heard(
                CREATE,
                lambda: self._client.fine_tuning.jobs.create(
                    model=wanted.model,
                    training_file=training,
                    suffix=_suffix(wanted),
                    seed=wanted.seed % 2**31,
                    **self._method(wanted),
                    **more,
                ),
            )
        except Refusal as refusal:
            if refusal.code != "forbidden":
                raise
            since = ", ".join(f"from {day} {whom}" for day, whom in CLOSED)
            words = f" OpenAI closes it {since}." if self.url == OWN_URL else ""
            sentence = (
                f"{self.url} has closed tuning to your organisation.{words} Train with --provider local, or name "
                f"another host with --base-url. {refusal.detail}"
            )
            raise Refusal("closed", harmless(sentence, 700), refusal.detail) from refusal

    def _method(self, wanted: Wanted) -> dict[str, Any]:
        """Objective and parameters. Hosts other than OpenAI know these for `sft` by the form that it had first."""
        set_ = {name: value_of(text) for name, text in wanted.parameters.items()}
        if wanted.objective == "sft" and self.url != OWN_URL:
            return {"hyperparameters": set_} if set_ else {}
        kind = {"sft": "supervised"}.get(wanted.objective, wanted.objective)
        return {"method": {"type": kind, kind: {"hyperparameters": set_}} if set_ else {"type": kind}}

    def _heard(self, what: str, ask: Callable[[], Any]) -> Standing:
        with self._asking(what):
            return _standing(ask())

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            with asking(self._openai, what, self.url, TOKEN):
                yield
        except (AttributeError, TypeError, ValueError) as error:  # the package hands on what it cannot read
            raise odd(what, self.url, repr(error)) from error


def _each(listed: Iterable[Any]) -> Iterator[Any]:
    """All of a list, page by page. One that begins again is at its end: not every host turns pages."""
    seen = set()
    for one in listed:
        if one.id in seen:
            return
        seen.add(one.id)
        yield one


def _told(thing: Any, name: str) -> Any:
    """A field, None where the host leaves it out."""
    return getattr(thing, name, None)


def _suffix(wanted: Wanted) -> str:
    """Part of the tuned model's name, with the beginning of our id: hosts that keep no metadata keep this."""
    return f"{slug(wanted.suffix)[: SUFFIX - 9]}-{wanted.id[:8]}"


def _is_ours(job: Any, wanted: Wanted, training: str) -> bool:
    """By our id; at a host without metadata by its suffix, and without that too by the rest. The file is one that we
    uploaded, so the job is not older than that."""
    if own := (_told(job, "metadata") or {}).get("vt_job"):
        return bool(own == wanted.id)
    if _told(job, "training_file") != training:
        return False
    if suffix := _told(job, "user_provided_suffix") or _told(job, "suffix"):
        return bool(suffix == _suffix(wanted))
    return bool(_told(job, "seed") == wanted.seed % 2**31 and str(_told(job, "model")).startswith(wanted.model))


def _standing(job: Any) -> Standing:
    error = _told(job, "error")
    words = harmless(_told(error, "message") or "", 300)
    if MODERATED.search(f"{_told(error, 'code')} {words}"):
        what = "take the rows out that it may mean, or train with --provider local."
        words = f"{words.rstrip('.')}. The host's moderation stopped it: {what}"
    status, model, trained = str(job.status), _told(job, "fine_tuned_model"), _told(job, "trained_tokens")
    return Standing(str(job.id), status, SETTLED.get(status, ""), str(model or ""), words, int(trained or 0))


def _said(event: Any) -> Said:
    data = _told(event, "data")
    data = data if isinstance(data, dict) else {}
    step, loss = data.get("step"), _figure(data.get("train_loss"))
    told = Said(str(event.id), float(event.created_at), harmless(event.message or "", 300))
    if loss is None or not isinstance(step, int | float):
        return told
    return replace(told, step=int(step), loss=loss, held_out=_held_out(data))


def _held_out(metrics: Mapping[str, Any]) -> float | None:
    """The loss on all held-out rows, else that on the few of one step."""
    told = (_figure(metrics.get(name)) for name in ("full_valid_loss", "valid_loss"))
    return next((loss for loss in told if loss is not None), None)


def _figure(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None
