# SPDX-License-Identifier: GPL-3.0-or-later
"""A form for a person's own verdicts: a table to fill in, whose pairs are known by number, and what comes back of it.

Which of two answers stands first is drawn by their content, so no file tells it, and a form fits no other answers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..errors import UserError
from ..files import digest
from ..words import harmless
from .judging import result
from .pairs import Pair
from .verdicts import Verdict

FILE = "verdicts.csv"
COLUMNS = ("number", "pair", "better")
BETTER = {"a": "A", "b": "B", "tie": "tie"}
PAIRS = 30


def formed(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """The pairs of a form: the first that leave something to compare."""
    return [pair for pair in pairs if not pair.same][:count]


def mark(pair: Pair) -> str:
    """By which a pair is known again; it begins with a letter, for spreadsheets take `12e4567` for a number."""
    return "p" + digest(["form", pair.id, pair.subject, pair.other])[:11]


def subject_first(pair: Pair) -> bool:
    return int(digest(["first", pair.id, pair.subject, pair.other])[0], 16) % 2 == 0


def table(pairs: Sequence[Pair]) -> str:
    """`verdicts.csv`, to be filled in."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    rows.writerows((number, mark(pair), "") for number, pair in enumerate(pairs, 1))
    return out.getvalue()


def read(content: bytes, pairs: Sequence[Pair]) -> list[Verdict]:
    """The verdicts that were filled in, as any spreadsheet may have saved them; rows left empty are left out. Raises
    UserError where a row is none of a form over these pairs."""
    text = content.decode("utf-8-sig", "replace")
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    known = {mark(pair): pair for pair in pairs}
    found: dict[str, Verdict] = {}
    for row in rows:
        said, pair = (row.get("better") or "").strip(), known.get((row.get("pair") or "").strip())
        if not said:
            continue
        place = f"Line {rows.line_num} of the verdicts"
        if pair is None:
            raise UserError(f"{place} is of no pair here. Was the model evaluated again, or is --against another?")
        if said.lower() not in BETTER:
            raise UserError(f"{place} says “{harmless(said, 20)}”; write A, B or tie.")
        found[pair.id] = Verdict(pair.id, pair.group, result(BETTER[said.lower()], subject_first(pair)))
    return list(found.values())
