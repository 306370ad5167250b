# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `openai`: tuning by any host that speaks OpenAI's protocol. Uploads, creates a job once, asks how it stands.

No idempotency key is documented for jobs, so each carries ours in its metadata, and before one is created those that
exist are looked through for it: an answer that got lost costs no second job.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..packages import wanted
from ..words import harmless
from .refusals import Refusal, asking

__all__ = ["OWN_URL", "TOKEN", "Hosted", "OpenAIHost", "Refusal"]

OWN_URL = "https://api.openai.com/v1"
TOKEN = "OPENAI_API_KEY"
TIMEOUT_S = 60.0
LOOKED_THROUGH = 200
"""How many of the host's newest jobs are looked through for ours."""
SETTLED = {"succeeded": "done", "failed": "failed", "cancelled": "cancelled"}
"""Their word for an end → ours. Any other status, also one that is not known here, means that it still goes on."""


@dataclass(frozen=True)
class Hosted:
    """A job as the host tells of it. `status` is the host's word, `end` is '' while it goes on, else done, failed or
    cancelled; `model` is the tuned model's name once there is one; `words` is the host's own reason; `tokens` are those
    that it trained on and asks money for, 0 where it does not say."""

    id: str
    status: str
    end: str
    model: str
    words: str
    tokens: int = 0


class OpenAIHost:
    """One host, one token. Every method raises Refusal."""

    def __init__(self, base_url: str, token: str) -> None:
        self.url = base_url or OWN_URL
        self._openai = wanted("openai")
        self._client = self._openai.OpenAI(api_key=token, base_url=self.url, timeout=TIMEOUT_S)

    def close(self) -> None:
        self._client.close()

    def upload(self, path: Path, name: str) -> str:
        """The id of a training file, uploaded under `name` if the host has none of that name and size yet."""
        with self._asking("upload"):
            for file in self._client.files.list(purpose="fine-tune"):
                if file.filename == name and file.bytes == path.stat().st_size:
                    return str(file.id)
            with open(path, "rb") as content:
                return str(self._client.files.create(file=(name, content), purpose="fine-tune").id)

    def find(self, own_id: str) -> Hosted | None:
        """The job that carries our id, among the host's newest, or None."""
        with self._asking("look for the job"):
            for number, job in enumerate(self._client.fine_tuning.jobs.list(limit=100)):
                if (job.metadata or {}).get("vt_job") == own_id:
                    return _told(job)
                if number >= LOOKED_THROUGH:
                    break
        return None

    def create(
        self, own_id: str, dataset_hash: str, model: str, training: str, validation: str | None, suffix: str, seed: int
    ) -> Hosted:
        """The job that carries our id: found, or created. `training` and `validation` are ids of uploaded files."""
        if found := self.find(own_id):
            return found
        more: dict[str, Any] = {"validation_file": validation} if validation else {}
        with self._asking("create the job"):
            job = self._client.fine_tuning.jobs.create(
                model=model,
                training_file=training,
                method={"type": "supervised"},
                metadata={"vt_job": own_id, "vt_dataset": dataset_hash},
                suffix=suffix[:64],
                seed=seed % 2**31,
                **more,
            )
        return _told(job)

    def ask(self, id: str) -> Hosted:
        """How a job stands."""
        with self._asking("ask for the job"):
            return _told(self._client.fine_tuning.jobs.retrieve(id))

    def _asking(self, what: str) -> AbstractContextManager[None]:
        return asking(self._openai, what, self.url, TOKEN)


def _told(job: Any) -> Hosted:
    words = harmless(getattr(job.error, "message", "") or "", 300) if job.error else ""
    end, trained = SETTLED.get(str(job.status), ""), int(getattr(job, "trained_tokens", 0) or 0)
    return Hosted(str(job.id), str(job.status), end, str(job.fine_tuned_model or ""), words, trained)
