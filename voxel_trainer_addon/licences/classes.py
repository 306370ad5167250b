# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of licences, what each obliges to, and which a harvest takes. Not legal advice: see docs/licences.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .expressions import OWN, Expression, normal, parsed, same, spelled, table

__all__ = ["CLASSES", "OBLIGATIONS", "OWN", "Policy", "class_of", "normal", "obligations", "same", "usable", "why"]

CLASSES = {
    "own": "Your own work: used here, never uploaded without asking.",
    "public-domain": "Given to everyone, without conditions.",
    "permissive": "Free for any use; its notice is kept.",
    "attribution": "Free for any use; the author is named.",
    "share-alike": "Free for any use; what is made from it comes under the same licence.",
    "copyleft": "Free for any use; what is passed on comes under the same licence, with its source.",
    "unknown": "No licence was found, or one that is not known here.",
    "forbidden": "Some use is forbidden: selling, changing, passing on, or training.",
}
"""Class → what it means, from the freest to the strictest."""

RANK = {word: rank for rank, word in enumerate(CLASSES)}

BY_DEFAULT = ("own", "public-domain", "permissive", "attribution")
BY_CHOICE = ("share-alike", "copyleft")
NO_USE = frozenset({"unknown", "forbidden"})
"""Classes of licences under which nothing may be trained on."""

OBLIGATIONS = {
    "attribution": "Name the author, the source and the licence.",
    "notice": "Keep the copyright notice and the text of the licence.",
    "changes": "Say what was changed.",
    "share-alike": "Pass on what is made from it under the same licence only.",
    "source": "Give the source along with what is passed on.",
    "network-source": "Give the source to those who use it over a network.",
}
"""Short word → what it asks for."""

OF_CLASS = {
    "permissive": ("notice",),
    "attribution": ("attribution", "changes"),
    "share-alike": ("attribution", "changes", "share-alike"),
    "copyleft": ("notice", "changes", "share-alike", "source"),
}
OF_LICENCE = {
    **dict.fromkeys(("0BSD", "MIT-0", "WTFPL", "FSFUL", "NLPL", "Symlinks", "DL-DE-ZERO-2.0", "BOLA-1.1"), ()),
    "Apache-2.0": ("notice", "changes"),
    "OFL-1.0": ("notice", "share-alike"),
    "OFL-1.1": ("notice", "share-alike"),
    **dict.fromkeys(
        ("AGPL-1.0-only", "AGPL-1.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later"),
        (*OF_CLASS["copyleft"], "network-source"),
    ),
}
"""What differs from the rest of its class."""

REFS = {
    "LicenseRef-OGA-BY-3.0": "attribution",
    "LicenseRef-OGA-BY-4.0": "attribution",
    "LicenseRef-CC-BY": "attribution",
    "LicenseRef-CC-BY-SA": "share-alike",
    "LicenseRef-public-domain": "public-domain",
    "LicenseRef-scancode-public-domain": "public-domain",
}
"""Names outside SPDX's list that are not unknown: Creative Commons where no version is told, and a few more."""

PATTERNS = (
    (re.compile(r"CC-BY-\d\.\d(-[A-Z]+)?"), "attribution"),
    (re.compile(r"CC-BY-SA-\d\.\d(-[A-Z]+)?"), "share-alike"),
    (re.compile(r"(LicenseRef-)?CC-(BY-)?(NC|ND)\b.*"), "forbidden"),
    (
        re.compile(
            r"LicenseRef-.*(non-?commercial|personal|no-?deriv|no-?ai\b|no-?ai-|proprietary|reserved|commons-clause|"
            r"polyform|\brail|busl|sspl|elastic|educational|academic|research|evaluation|editorial|no-?redistribution|"
            r"limited-purpose|use-restrict|eula|commercial|marketplace|source-available).*",
            re.IGNORECASE,
        ),
        "forbidden",
    ),
)
"""Spelling → class of ids that are in no list: ports of Creative Commons, and names that say what they restrict."""

RESTRICTIONS = {
    "non-commercial": "it may not be used commercially",
    "no-derivatives": "it may not be changed",
    "personal-use": "it is for personal use alone",
    "no-ai-training": "it may not be used for training",
    "no-redistribution": "it may not be passed on",
    "all-rights-reserved": "all rights are reserved",
    "limited-purpose": "it is for study, research or trial alone",
    "use-restricted": "some uses are forbidden",
    "proprietary": "it is not open",
    "source-available": "it may be read but not used freely",
}
"""Restriction → half a sentence; `LicenseRef-<restriction>` is the id of a licence that says no more than that."""


@lru_cache(maxsize=4096)
def class_of(expression: str) -> str:
    """The class of an SPDX expression: with AND the strictest, with OR the freest of its parts."""
    found = parsed(expression)
    return "unknown" if found is None else _class(found)


def class_of_sources(sources: Iterable[Mapping[str, Any]]) -> str:
    """The class of licence that a row is under. Sources of the same thing are alternatives, so the freest counts; where
    the row needs several things (`of`), the strictest of these."""
    needed: dict[str, list[str]] = {}
    for source in sources:
        needed.setdefault(str(source.get("of", "")), []).append(class_of(source["licence"]))
    freest = [min(classes, key=RANK.__getitem__) for classes in needed.values()]
    return max(freest, key=RANK.__getitem__, default="unknown")


def usable(expression: str) -> str:
    """What is left of the expression when, wherever one may choose, the freest is chosen."""
    found = parsed(expression)
    return "" if found is None else spelled(_chosen(found))


def obligations(expression: str) -> tuple[str, ...]:
    """What a licence obliges to, as words of OBLIGATIONS; of alternatives, what the freest obliges to."""
    found = parsed(expression)
    asked = set() if found is None else {word for id in _ids(_chosen(found)) for word in _asked(id)}
    return tuple(word for word in OBLIGATIONS if word in asked)


def why(expression: str) -> str:
    """Why a harvest leaves the file alone: half a sentence; empty where it does not have to."""
    cls = class_of(expression)
    if cls == "unknown":
        return "its licence is not known" if not expression else f"{expression} is not known here"
    if cls != "forbidden":
        return ""
    told = [RESTRICTIONS[word] for word in RESTRICTIONS if _restricts(expression, word)]
    return " and ".join(told) or f"{expression} forbids some uses"


@dataclass(frozen=True)
class Policy:
    """Which classes a harvest takes. `chosen`: those of BY_CHOICE that the user wants as well."""

    chosen: tuple[str, ...] = ()

    def takes(self, expression: str) -> bool:
        """Whether a file under this licence is taken; unknown and forbidden ones never are."""
        cls = class_of(expression)
        return cls in BY_DEFAULT or (cls in BY_CHOICE and cls in self.chosen)


def strictest(expressions: Iterable[str]) -> str:
    """The expression of the strictest class; the first of equals, empty where there is none."""
    return max(expressions, key=lambda each: RANK[class_of(each)], default="")


def _class(value: Expression) -> str:
    if isinstance(value, str):
        return _class_of_id(value.partition(" WITH ")[0])
    choose = max if value.word == "AND" else min
    return choose((_class(part) for part in value.parts), key=RANK.__getitem__)


def _class_of_id(id: str) -> str:
    if id == OWN:
        return "own"
    if found := table().get(id.lower().removesuffix("+")):
        return found.cls
    return REFS.get(id) or next((cls for pattern, cls in PATTERNS if pattern.fullmatch(id)), "unknown")


def _chosen(value: Expression) -> Expression:
    if isinstance(value, str):
        return value
    if value.word == "OR":
        return _chosen(min(value.parts, key=lambda part: RANK[_class(part)]))
    return type(value)(value.word, tuple(map(_chosen, value.parts)))


def _ids(value: Expression) -> list[str]:
    return (
        [value.partition(" WITH ")[0]] if isinstance(value, str) else [id for part in value.parts for id in _ids(part)]
    )


def _asked(id: str) -> tuple[str, ...]:
    return OF_LICENCE.get(id, OF_CLASS.get(_class_of_id(id), ()))


def _restricts(expression: str, word: str) -> bool:
    short = {"non-commercial": "-NC", "no-derivatives": "-ND"}.get(word)
    return f"LicenseRef-{word}" in expression or (short is not None and bool(re.search(rf"{short}\b", expression)))
