# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with one row taken by itself: form, id, licence, an answer that is no code, a secret."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from ..licences.classes import NO_USE, class_of_sources
from ..providers.makers import terms
from ..worker.private import ASSIGNED, KEY, KEY_PARTS, LOGIN, PATH
from . import form
from .parts import RowFile, part

MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b(?!\s*[(\[=])", re.IGNORECASE)
"""An address as people write it; `matrix@vector.xyz(…)` is none."""

Told = tuple[str, str]
"""A code and a sentence."""


def look(row: Any, file: RowFile) -> Iterator[Told]:
    """The findings of a row; of one whose form is wrong, only that."""
    wrong = form.faults(row)
    if wrong:
        yield from (("field", sentence) for sentence in wrong)
        return
    if row["id"] != form.id_of(row):
        yield "id", "The id is not the digest of kind, task, prompt, completion and Blender's version."
    yield from _licence(row, file)
    if "author" in row and row["author"]["terms"] not in terms():
        yield "terms", f"Nobody knows the terms {row['author']['terms']} of the model that wrote the request."
    yield from _answer(row)
    yield from _private(row)


def _licence(row: dict[str, Any], file: RowFile) -> Iterator[Told]:
    if class_of_sources(row["sources"]) in NO_USE:
        told = ", ".join(sorted({source["licence"] or "none" for source in row["sources"]}))
        yield "licence", f"No source has a licence that lets the row be used ({told})."
    elif (wanted := part(row["sources"])) != file.part:
        yield (
            "part",
            f"By its licences the row belongs to the {wanted or 'open'} part, not to the {file.part or 'open'}.",
        )


def _answer(row: dict[str, Any]) -> Iterator[Told]:
    try:
        if row["form"] == "code":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(row["completion"], "row", "exec", dont_inherit=True)
        elif row["form"] == "json":
            json.loads(row["completion"])
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield row["form"], f"The completion is no {'Python' if row['form'] == 'code' else 'JSON'}: {error}."


def _private(row: dict[str, Any]) -> Iterator[Told]:
    texts = {name: row[name] for name in ("prompt", "completion", "key")}
    if row["kind"] == "preference":
        texts["rejected.completion"] = row["rejected"]["completion"]
    for name, text in texts.items():
        yield from ((code, f"The {name} holds {what}.") for code, what in private(text))
    for source in row["sources"]:
        if PATH.match(source["path"]):
            yield "private", "The path of a source is a place on somebody's disk."


def private(text: str) -> Iterator[Told]:
    """What in a text is nobody's business: kind of finding, and what it is."""
    if ("/" in text or "\\" in text) and PATH.search(text):
        yield "private", "a path of somebody's disk"
    if "@" in text and MAIL.search(text):
        yield "private", "an e-mail address"
    keyed = any(word in text for word in KEY_PARTS) and KEY.search(text)
    given = any("[secret]" not in found[0] for found in ASSIGNED.finditer(text))
    if keyed or given or ("@" in text and LOGIN.search(text)):
        yield "secret", "what looks like a key or a password"
