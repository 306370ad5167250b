# SPDX-License-Identifier: GPL-3.0-or-later
"""Claude asked many chats in one batch: for half the price, within a day.

A batch is made once. What is known of it stands in a file, so whoever starts the same command again asks after it;
where the answer to its creation got lost, it is looked for among the newest, as batches carry no id of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ..files import read_json, write_json
from ..words import counted
from .answering import Answer, Chat, ClaudeAnswers, Take
from .refusals import Refusal

MOST = 100_000
"""Questions of a batch, and for how long it may take
(https://platform.claude.com/docs/en/build-with-claude/batch-processing, 2026-11)."""
HOURS = 24
HALF = "In a batch Anthropic asks half of that."
LOOKED_THROUGH = 20


class ClaudeBatch(ClaudeAnswers):
    """One batch at a time; `place` is the file that says which."""

    def __init__(self, model: str, url: str, place: Path) -> None:
        super().__init__(model, url)
        self._place = place

    def _made(self, sdk: Any, key: str) -> Any:
        return super()._made(sdk, key).with_options(max_retries=0)  # or the package would make a second batch

    def ask(self, chats: Iterable[Chat], most: int, take: Take, tick: Callable[[], bool]) -> None:
        """See Answerer. Raises Refusal with the code wait while the batch is under way; a later call takes it in."""
        sdk, client = self.client()
        due = {chat.id: chat for chat in islice(chats, MOST)}
        with closing(client), self.asking(sdk):
            batches = client.messages.batches
            batch = self._known(batches, sdk.NotFoundError) or self._created(batches, due, most)
            if batch.processing_status != "ended":
                questions = counted(batch.request_counts.processing, "question")
                raise Refusal(
                    "wait",
                    f"{questions} of the batch {batch.id} are not answered yet at {self.host}; it may take {HOURS} "
                    "hours. Start the same command later: it asks after this batch and makes no second one.",
                )
            for one in batches.results(batch.id):
                if one.custom_id in due and (told := self._heard(one.result)):
                    take(one.custom_id, told)
        self._place.unlink()

    def _known(self, batches: Any, gone: type[Exception]) -> Any:
        """The batch that is under way, None where there is none, or where the host has it no more."""
        kept = read_json(self._place, {})
        if not kept:
            return None
        if "id" in kept:
            with suppress(gone):
                return batches.retrieve(kept["id"])
            return None
        for batch in islice(batches.list(limit=LOOKED_THROUGH), LOOKED_THROUGH):
            counts = batch.request_counts
            whole = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
            if batch.created_at.timestamp() >= kept["asked_at"] and whole == kept["questions"]:
                write_json(self._place, {"id": batch.id})
                return batch
        return None

    def _created(self, batches: Any, due: dict[str, Chat], most: int) -> Any:
        write_json(self._place, {"asked_at": int(datetime.now(UTC).timestamp()), "questions": len(due)})
        requests = [{"custom_id": id, "params": self.request(chat, most)} for id, chat in due.items()]
        batch = batches.create(requests=requests)
        write_json(self._place, {"id": batch.id})
        return batch

    def _heard(self, result: Any) -> Answer | Refusal | None:
        """What came of one question; nothing where the batch ended before its turn."""
        if result.type == "succeeded":
            return self.answer(result.message)
        if result.type == "errored":
            return Refusal("refused", f"{self.host} refused a question.", str(result.error))
        return None
