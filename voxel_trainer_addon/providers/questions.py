# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a model that nobody asks twice: told what they cost, sent after a yes, each answer kept as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Unavailable
from ..files import digest, now, read_jsonl
from ..words import counted
from .answering import Answer, Answerer, Chat, LocalAnswers, let_out
from .local import Asker
from .makers import OWN, Makers
from .refusals import Refusal

ALL_REFUSED = 3
"""When so many are refused and none is answered, it is not the questions that are wrong."""


class Kept:
    """Answers by the digest of what was asked, in a file that only grows; an unfinished last line is cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, dict[str, Any]] = {}
        if path.is_file():
            self._held = {line["asked"]: line for line in read_jsonl(path)}
            whole = path.read_bytes()
            if whole and not whole.endswith(b"\n"):
                os.truncate(path, whole.rfind(b"\n") + 1)

    def get(self, asked: str) -> dict[str, Any] | None:
        return self._held.get(asked)

    def add(self, asked: str, told: Mapping[str, Any]) -> None:
        """Keep an answer, on disk before this returns."""
        self._held[asked] = line = {"asked": asked, **told}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "a", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())


class Questions:
    """Questions to `who`, whose answers are kept in `folder`. `makers` knows the price; `characters` are those that a
    token takes with that provider, to estimate by."""

    def __init__(self, who: Answerer, folder: Path, makers: Makers, characters: float) -> None:
        self.who = who
        self._price, self._characters = makers.price(who.model), characters
        files = who.hash if isinstance(who, LocalAnswers) else ""
        self._kept = Kept(folder / f"{digest([self.name, self.host, files])[:16]}.jsonl")

    @property
    def name(self) -> str:
        """`openai:gpt-…`; of a local model only the folder's name."""
        return f"{self.who.provider}:{self.who.model}"

    @property
    def host(self) -> str:
        """The host's name, without port and path."""
        return "this computer" if self.who.near else str(urlsplit(self.who.host).hostname)

    def answer(self, asked: str) -> dict[str, Any] | None:
        """What was answered, as a line of the file: the fields of Answer, `date`, `files`."""
        return self._kept.get(asked)

    def cost(self, questions: int, there: int, back: int, basis: str) -> str:
        """What asking will cost, by characters there and back, for a person to read before the first byte of it;
        `basis` says how long answers are taken to be."""
        sent, told = round(there / self._characters), round(back / self._characters)
        words = (
            f"{counted(questions, 'request')} for {self.who.model} at {self.host}: about {sent:,} tokens there and "
            f"{told:,} back (estimated: {self._characters} characters a token, {basis})"
        )
        if self.who.near:
            return f"{words}. It runs on this computer and costs nothing but time."
        if self._price is None:
            return f"{words}. The price is not known: {OWN} in the data folder can tell it."
        dollars = self._price.of(sent, told)
        return f"{words}, about ${dollars:.2f} at the price of {self._price.date} ({self._price.source})."

    def agreed(self, questions: int, own: int, *, yes: bool, online: bool) -> None:
        """Raises Unavailable where a person must agree before anything leaves this computer, or Blender is offline;
        `own` of the questions are made of that person's files."""
        let_out(self.who.host, online)
        if not self.who.near and not yes:
            mine = f", {own:,} of them made of your own files" if own else ""
            raise Unavailable(
                f"{counted(questions, 'request')} would be sent to {self.who.host}{mine}: --yes allows that."
            )

    def ask(
        self,
        chats: Iterable[Chat],
        most: int,
        files: Mapping[str, Sequence[str]],
        work: Asker,
        came: Callable[[int], None],
    ) -> None:
        """Ask, with at most `most` tokens an answer, and keep every answer. `files`: question → hashes of the files
        that it is made of, by which the removal list finds its answer; `came` hears how many are done. Raises Refusal
        where the host answers nobody."""
        if isinstance(self.who, LocalAnswers):
            self.who.work = work
        answered = refused = sent = told = 0

        def take(asked: str, heard: Answer | Refusal) -> None:
            nonlocal answered, refused, sent, told
            if isinstance(heard, Refusal):
                refused += 1
                if not answered and refused >= ALL_REFUSED:
                    raise heard
                return
            answered, sent, told = answered + 1, sent + heard.prompt_tokens, told + heard.answer_tokens
            self._kept.add(asked, {**vars(heard), "date": now()[:10], "files": list(files[asked])})
            came(answered + refused)

        try:
            self.who.ask(chats, most, take, work.tick)
        finally:
            if answered:
                spent = f"{sent:,} tokens there, {told:,} back"
                work.note(f"{counted(answered, 'answer')} of {self.who.model}: {spent}.")
