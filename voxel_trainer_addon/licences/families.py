# SPDX-License-Identifier: GPL-3.0-or-later
"""The two families of licences that people name in the most ways: Creative Commons and GNU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .expressions import normal, table


@dataclass(frozen=True)
class Named:
    """A licence that a sentence names, and where. `loose`: without its version, or one of a family."""

    start: int
    end: int
    spdx: str
    loose: bool = False


# Creative Commons.

ELEMENT = (
    r"(?:(?P<by{0}>by|attribution)|(?P<nc{0}>nc|non[\s-]?commercial(?:[\s-]use)?)|(?P<sa{0}>sa|share[\s-]?alike)|"
    r"(?P<nd{0}>nd|no[\s-]?deriv(?:ative|ate)?s?(?:[\s-]works?)?))"
)
GAP = r"[\s,_/|()+–—:-]{0,3}"
VERSION = r"(?:(?:version|ver\.?|v\.?)?[\s-]{0,2}(?P<%s>[1-4])(?:[.\s](?P<%s>\d))?(?![\d.]\d))"
COMMONS = re.compile(
    r"(?<![a-z])(?P<head>creative[\s-]*commons|cc)?(?:[\s-]+licen[cs]es?)?"
    + GAP
    + rf"(?:{VERSION % ('v0', 'w0')}{GAP})?"
    + ELEMENT.format(0)
    + "".join(rf"(?:{GAP}(?:and{GAP})?{ELEMENT.format(n)})?" for n in (1, 2, 3))
    + r"(?![a-rt-z])(?:[\s-]+(?:public[\s-]+)?licen[cs]e)?"
    + rf"(?:[\s,(-]{{0,3}}{VERSION % ('v1', 'w1')})?"
    + r"(?:[\s(-]{1,2}(?P<port>international|unported|generic|igo|us|united states|germany|de|france|fr|uk|austria|at|"
    r"australia|au|netherlands|nl|japan|jp)\b)?",
    re.IGNORECASE,
)
PORTS = {
    **{port: port.upper() for port in ("igo", "us", "de", "fr", "uk", "at", "au", "nl", "jp")},
    **{"united states": "US", "germany": "DE", "france": "FR", "austria": "AT", "australia": "AU"},
    **{"netherlands": "NL", "japan": "JP"},
}
ZERO = re.compile(
    r"(?<![a-z])(?:cc[\s_-]?(?:0|zero)|creative[\s-]*commons[\s-]*(?:0|"
    r"zero))(?![\w.]*\w)(?:[\s-]*v?1\.0)?(?:[\s-]*universal)?",
    re.IGNORECASE,
)


MAYBE = re.compile(r"commons|cc|attribution|by[\s_-]?(?:nc|sa|nd)", re.IGNORECASE)
"""What a sentence has in it at least where it names one of these; looked for first, for the whole pattern is slow."""


def commons(text: str) -> Iterator[Named]:
    if not MAYBE.search(text):
        return
    for found in ZERO.finditer(text):
        yield Named(*found.span(), "CC0-1.0")
    for found in COMMONS.finditer(text):
        parts = {name for name in ("by", "nc", "sa", "nd") for n in range(4) if found[f"{name}{n}"]}
        spelled_out = any(len(found[f"{name}{n}"] or "") > 2 for name in ("by", "nc", "sa", "nd") for n in range(4))
        version = found["v1"] or found["v0"]
        if not found["head"] and not (
            found["by0"] and (len(parts) > 1 or (spelled_out and version and _begins(text, found.start())))
        ):
            continue
        minor = (found["w1"] if found["v1"] else found["w0"]) or "0"
        port = PORTS.get((found["port"] or "").lower())
        yield Named(
            *found.span(), commons_id(sorted(parts), f"{version}.{minor}" if version else None, port), not version
        )


def _begins(text: str, at: int) -> bool:
    """Whether nothing stands before: "Attribution 4.0" is Creative Commons', "X Attribution License 1.0" is not."""
    return not text[:at].strip() or text[:at].rstrip()[-1] in "(:[\"'-–|>/"


def commons_id(parts: list[str], version: str | None, port: str | None) -> str:
    """The id of a Creative Commons licence by its parts; a LicenseRef where no version is told."""
    ordered = [part for part in ("by", "nc", "nd", "sa") if part in parts]
    if "nd" in ordered and "sa" in ordered:
        ordered.remove("sa")
    name = "CC-" + "-".join(ordered).upper()
    if not version:
        return f"LicenseRef-{name}"
    ported = f"{name}-{version}-{port.upper()}" if port else ""
    return normal(ported if ported.lower() in table() or (port or "").upper() == "US" else f"{name}-{version}")


# GNU.

GNU = re.compile(
    r"(?:\bGNU[\s']*s?\s*)?(?:"
    r"(?P<affero>\bAffero\s+(?:GNU\s+)?General\s+Public\s+Licen[cs]e|\bA-?GPL)|"
    r"(?P<lesser>\b(?:Lesser|Library|Lesser\s*(?:/|"
    r"\(?or\)?)?\s*(?:\(?Library\)?))\s+(?:General\s+)?(?:GNU\s+)?Public\s+Licen[cs]e|\b(?:gnu)?L-?GPL|"
    r"\bLesser\s+GPL)|"
    r"(?P<doc>\bFree\s+Documentation\s+Licen[cs]e|\bG?FDL\b)|"
    r"(?P<plain>\b(?:General|GNU)\s+Public\s+Licen[cs]e|\b(?:gnu)?GPL)"
    r")(?P<tight>(?![a-z]{2})v?[\s._-]{0,2}v?(?:ersion|"
    r"er\.?)?\s?(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?![\d])(?P<plus>\s?\+|\s+plus\b|-or-later)?)?",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"\b(?:version|ver\.?|v\.?)\s*(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?P<plus>\s?\+)?(?!\d)", re.IGNORECASE
)
BEFORE = re.compile(
    r"\b(?:version|v\.?)\s*(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?P<later>[^.]{0,50}?\b(?:later|"
    r"newer)\b[^.]{0,20})?\s+of\s+the\s*$",
    re.IGNORECASE,
)
LATER = re.compile(
    r"\b(?:or|and)\b\W{0,3}(?:\(?at your (?:option|choice|discretion)\)?\W{0,3})?(?:\w+\s+){0,2}?(?:later|newer|"
    r"above|greater|higher|subsequent|upwards?)\b|\bany later\b|\bor any version\b",
    re.IGNORECASE,
)
ONLY = re.compile(r"^\W{0,3}(?:only|of the licen[cs]e only)\b", re.IGNORECASE)
FAMILIES = {"affero": ("AGPL", "3.0"), "lesser": ("LGPL", "2.0"), "doc": ("GFDL", "1.1"), "plain": ("GPL", "1.0")}
"""Part of the pattern → prefix of the id, and the first version, of which "or later" stands for any."""


def gnu(text: str) -> Iterator[Named]:
    heads = list(GNU.finditer(text))
    for found, following in zip(heads, [*heads[1:], None], strict=False):
        family, first = next(value for name, value in FAMILIES.items() if found[name])
        until = min(following.start() if following else len(text), found.end() + 220)
        rest = text[found.end() : until]
        version = found if found["major"] else AFTER.search(rest)
        later = bool(version and version["plus"])
        start, end = found.span()
        if not version and (version := BEFORE.search(text[max(0, start - 120) : start])):
            later = bool(version["later"])
        elif version:
            after = rest if version is found else rest[version.end() :]
            told = LATER.search(after[:120])
            later = later or (told is not None and not ONLY.match(after))
            if version is not found:
                end = found.end() + version.end()
            if told and later:
                end += told.end()
        if not version:
            yield Named(start, found.end(), normal(f"{family}-{first}-or-later"), True)
            continue
        spdx = normal(f"{family}-{version['major']}.{version['minor'] or 0}{'-or-later' if later else '-only'}")
        if spdx.lower() in table():
            yield Named(start, min(end, until), spdx)
