# SPDX-License-Identifier: GPL-3.0-or-later
"""SPDX licence expressions: read, brought into one spelling, compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

OWN = "own"
"""The user's own work: used here, never uploaded without asking. The one word beside SPDX ids."""

LONGEST = 1000
"""Characters of an expression at most; a longer one is not read."""

GNU = re.compile(r"(A?GPL|LGPL|GFDL)-?v?(\d)(\.\d)?((?:-no)?-invariants)?", re.IGNORECASE)

COMMONS = re.compile(r"cc-by(-nc)?(-sa|-nd)?-\d\.\d-[a-z]{2,3}")
"""Ports of Creative Commons, of which SPDX lists but some."""

OLD = {
    "BSD-2-Clause-FreeBSD": "BSD-2-Clause-Views",
    "BSD-2-Clause-NetBSD": "BSD-2-Clause",
    "bzip2-1.0.5": "bzip2-1.0.6",
    "eCos-2.0": "GPL-2.0-or-later WITH eCos-exception-2.0",
    "GPL-2.0-or-3.0": "GPL-2.0-only OR GPL-3.0-only",
    "GPL-2.0-with-autoconf-exception": "GPL-2.0-only WITH Autoconf-exception-2.0",
    "GPL-2.0-with-bison-exception": "GPL-2.0-only WITH Bison-exception-2.2",
    "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "GPL-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
    "GPL-2.0-with-GCC-exception": "GPL-2.0-only WITH GCC-exception-2.0",
    "GPL-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
    "GPL-3.0-with-GCC-exception": "GPL-3.0-only WITH GCC-exception-3.1",
    "Nunit": "zlib-acknowledgement",
    "OGA-BY-3.0": "LicenseRef-OGA-BY-3.0",
    "StandardML-NJ": "SMLNJ",
    "wxWindows": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
}
"""Ids that SPDX gave up (and one that it never had) → what they are called now; those of GNU follow a rule."""

OLD_BY_LOWER = {old.lower(): new for old, new in OLD.items()}


@dataclass(frozen=True)
class Known:
    """A row of the table: the id in SPDX's spelling, our class, SPDX's name."""

    id: str
    cls: str
    name: str


@dataclass(frozen=True)
class Both:
    """Parts joined by AND (all apply), or by OR (whoever uses it chooses)."""

    word: str
    parts: tuple[Expression, ...]


Expression = str | Both
"""A licence id (with its exception, `X WITH Y`), or several joined."""


@cache
def table() -> dict[str, Known]:
    """Lower-case id → row of `spdx.txt`: the ids and names of SPDX's list 3.29, classed by us (docs/licences.md)."""
    lines = (Path(__file__).parent / "spdx.txt").read_text(encoding="utf-8").splitlines()
    rows = (Known(*line.split("\t")) for line in lines)
    return {row.id.lower(): row for row in rows}


@lru_cache(maxsize=4096)
def parsed(text: str) -> Expression | None:
    """The expression in `text`, ids in SPDX's newest spelling, doubles left out; None where it is none."""
    words = re.findall(r"[()]|[^\s()/]+|/", text) if len(text) <= LONGEST else []
    if not words:
        return None
    try:
        found, rest = _joined(words, 0)
    except (IndexError, RecursionError):
        return None
    return found if rest == len(words) else None


def normal(text: str) -> str:
    """The expression in one spelling (`gpl-2.0+ or mit` → `GPL-2.0-or-later OR MIT`); empty where it is none."""
    found = parsed(text)
    return "" if found is None else spelled(found)


def same(one: str, other: str) -> bool:
    """Whether two texts are the same expression, whatever the spelling and the order."""
    first, second = parsed(one), parsed(other)
    return first is not None and second is not None and _unordered(first) == _unordered(second)


def spelled(value: Expression, inside: str = "") -> str:
    """The expression as text."""
    if isinstance(value, str):
        return value
    text = f" {value.word} ".join(spelled(part, value.word) for part in value.parts)
    return f"({text})" if inside else text


def joined(word: str, parts: list[Expression]) -> Expression:
    """`parts` joined by AND or OR, flat and without doubles."""
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, Both) and part.word == word else (part,)
    once = tuple(dict.fromkeys(flat))
    return once[0] if len(once) == 1 else Both(word, once)


def _joined(words: list[str], at: int) -> tuple[Expression, int]:
    """Alternatives, of which each is a list of parts that all apply."""
    either: list[Expression] = []
    while True:
        every: list[Expression] = []
        while True:
            part, at = _part(words, at)
            every.append(part)
            if at == len(words) or words[at].upper() != "AND":
                break
            at += 1
        either.append(joined("AND", every))
        if at == len(words) or words[at].upper() not in ("OR", "/"):
            return joined("OR", either), at
        at += 1


def _part(words: list[str], at: int) -> tuple[Expression, int]:
    if words[at] == "(":
        inner, at = _joined(words, at + 1)
        if words[at] != ")":
            raise IndexError
        return inner, at + 1
    if not re.fullmatch(r"(DocumentRef-[\w.-]+:)?[A-Za-z0-9][\w.+-]*", words[at]) or _is_operator(words[at]):
        raise IndexError
    id = _id(words[at])
    if at + 2 < len(words) and words[at + 1].upper() == "WITH":
        return f"{id} WITH {words[at + 2]}", at + 3
    return (parsed(id) or id) if " " in id else id, at + 1


def _is_operator(word: str) -> bool:
    return word.upper() in ("AND", "OR", "WITH")


def _id(word: str) -> str:
    """One id in SPDX's spelling of today."""
    lower = word.lower()
    if lower in OLD_BY_LOWER:
        return OLD_BY_LOWER[lower]
    if known := table().get(lower):
        return known.id
    if COMMONS.fullmatch(lower):
        return word.upper()
    base = lower.removesuffix("+")
    if found := GNU.fullmatch(base):
        later = f"{found[1]}-{found[2]}{found[3] or '.0'}{found[4] or ''}-{'only' if base == lower else 'or-later'}"
        return table()[later].id if later in table() else word
    return f"{table()[base].id}+" if base in table() else word


def _unordered(value: Expression) -> object:
    return value if isinstance(value, str) else (value.word, frozenset(_unordered(part) for part in value.parts))
