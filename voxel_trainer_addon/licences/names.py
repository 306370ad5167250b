# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and links of licences in a sentence → SPDX ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from .expressions import normal, table


@dataclass(frozen=True)
class Named:
    """A licence that a sentence names, and where. `loose`: without its version, or one of a family."""

    start: int
    end: int
    spdx: str
    loose: bool = False


def named(sentence: str) -> list[Named]:
    """The licences that one sentence names, in order; where two readings overlap, the longer one."""
    found = [*_links(sentence), *_commons(sentence), *_gnu(sentence), *_by_pattern(sentence), *_listed(sentence)]
    kept: list[Named] = []
    for each in sorted(found, key=lambda one: (one.start - one.end, one.start, one.loose)):
        if all(each.end <= other.start or each.start >= other.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda one: one.start)


# Links.

ADDRESS = re.compile(
    r"(?:https?:)?(?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,8}/[^\s<>\"'`)\]},]{0,300})", re.IGNORECASE
)

ALIASES = {
    "apache2.0": "Apache-2.0",
    "apache-license-2.0": "Apache-2.0",
    "bsd-license": "BSD-2-Clause",
    "mit-license": "MIT",
    "isc-license": "ISC",
    "zlib-license": "Zlib",
    "artistic-license-2.0": "Artistic-2.0",
    "gpl-license": "GPL-1.0-or-later",
    "lgpl-license": "LGPL-2.0-or-later",
    "cpl1.0": "CPL-1.0",
    "mozilla1.1": "MPL-1.1",
    "agpl": "AGPL-3.0-only",
    "fdl": "GFDL-1.1-or-later",
    "gpl": "GPL-1.0-or-later",
    "lgpl": "LGPL-2.0-or-later",
}
"""Names in addresses of licences → SPDX ids."""

PLACES: tuple[tuple[str, str], ...] = (
    (r"creativecommons\.org/publicdomain/zero", "CC0-1.0"),
    (r"creativecommons\.org/publicdomain/mark", "CC-PDM-1.0"),
    (r"creativecommons\.org/licenses/publicdomain", "CC-PDDC"),
    (r"creativecommons\.org/licen[cs]es/(?:nc-)?sampling", "LicenseRef-CC-sampling-non-commercial"),
    (r"(?:opensource|spdx)\.org/licen[cs]es?/([\w.+-]+)", ""),
    (r"choosealicense\.com/licenses/([\w.+-]+)", ""),
    (r"apache\.org/licenses/LICENSE-(\d\.\d)", "Apache-{}"),
    (r"apache\.org/licenses/?$", "Apache-2.0"),
    (r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?((?:[al]?gpl|lesser|fdl)(?:-\d\.\d)?)", ""),
    (r"mozilla\.org/(?:[\w-]+/)?MPL/(\d\.\d)", "MPL-{}"),
    (r"unlicense\.org/?", "Unlicense"),
    (r"wtfpl\.net/", "WTFPL"),
    (r"opendatacommons\.org/licenses/odbl", "ODbL-1.0"),
    (r"opendatacommons\.org/licenses/by", "ODC-By-1.0"),
    (r"opendatacommons\.org/licenses/pddl", "PDDL-1.0"),
    (r"artlibre\.org/", "LAL-1.3"),
    (r"(?:scripts\.sil\.org/OFL|openfontlicense\.org)", "OFL-1.1"),
    (r"boost\.org/LICENSE_1_0", "BSL-1.0"),
    (r"eclipse\.org/legal/epl-(?:v)?(\d)\.?0", "EPL-{}.0"),
    (r"polyformproject\.org/licenses/([\w-]+)/(\d\.\d\.\d)", "PolyForm-{}-{}"),
    (r"static\.opengameart\.org/OGA-BY-(\d\.\d)", "LicenseRef-OGA-BY-{}"),
    (r"mariadb\.com/bsl", "BUSL-1.1"),
)
"""Address → SPDX id; `{}` stands for what the address names, an empty id is that name itself."""

COMPILED_PLACES = tuple((re.compile(pattern, re.IGNORECASE), id) for pattern, id in PLACES)
COMMONS_LINK = re.compile(
    r"creativecommons\.org/licen[cs]es/((?:by|nc|nd|sa)(?:-(?:nc|nd|sa))*)(?:/(\d\.\d))?(?:/([a-z]{2,3}))?",
    re.IGNORECASE,
)
BADGE = re.compile(
    r"(?:img\.)?shields\.io/(?:badge|static/v1\?label=)/?[^/\s]*?licen[cs]e(?:-|&message=)([^/\s?&]{2,120})",
    re.IGNORECASE,
)


def _links(text: str) -> Iterator[Named]:
    for place in ADDRESS.finditer(text):
        address = place[1].rstrip(".;:")
        if found := COMMONS_LINK.match(address):
            yield Named(*place.span(), _commons_id(found[1].lower().split("-"), found[2], found[3]), not found[2])
        elif found := BADGE.match(address):
            words = unquote(found[1]).replace("--", "\0").replace("_", " ").replace("-", " ").replace("\0", "-")
            inner = [*_commons(words), *_gnu(words), *_by_pattern(words), *_listed("licence " + words)]
            yield from (Named(*place.span(), each.spdx, each.loose) for each in inner[:1])
        else:
            for pattern, id in COMPILED_PLACES:
                if found := pattern.match(address):
                    spdx, loose = _from_address(found, id)
                    if spdx:
                        yield Named(*place.span(), spdx, loose)
                    break


def _from_address(found: re.Match[str], id: str) -> tuple[str, bool]:
    parts = [
        part.removesuffix(".html").removesuffix(".php").removesuffix(".txt").rstrip(".") for part in found.groups()
    ]
    if id:
        return normal(id.format(*parts)), False
    name = parts[0].lower().removesuffix("-license.php").replace("lesser", "lgpl")
    name = name.removesuffix(".en")
    alias = ALIASES.get(name)
    spdx = normal(alias or name)
    return (
        (spdx, alias is not None and "GPL" in alias)
        if alias or spdx.lower() != name or name in table()
        else ("", False)
    )


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
    "igo": "IGO", "us": "US", "united states": "US", "germany": "DE", "de": "DE", "france": "FR", "fr": "FR", "uk": "UK",
    "austria": "AT", "at": "AT", "australia": "AU", "au": "AU", "netherlands": "NL", "nl": "NL", "japan": "JP", "jp": "JP",
}  # fmt: skip
ZERO = re.compile(
    r"(?<![a-z])(?:cc[\s_-]?(?:0|zero)|creative[\s-]*commons[\s-]*(?:0|zero))(?![\w.]*\w)(?:[\s-]*v?1\.0)?(?:[\s-]*universal)?",
    re.IGNORECASE,
)


def _commons(text: str) -> Iterator[Named]:
    for found in ZERO.finditer(text):
        yield Named(*found.span(), "CC0-1.0")
    for found in COMMONS.finditer(text):
        parts = {name for name in ("by", "nc", "sa", "nd") for n in range(4) if found[f"{name}{n}"]}
        spelled_out = any(len(found[f"{name}{n}"] or "") > 2 for name in ("by", "nc", "sa", "nd") for n in range(4))
        version = found["v1"] or found["v0"]
        if not found["head"] and not (found["by0"] and (len(parts) > 1 or (spelled_out and version))):
            continue
        minor = (found["w1"] if found["v1"] else found["w0"]) or "0"
        port = PORTS.get((found["port"] or "").lower())
        yield Named(
            *found.span(), _commons_id(sorted(parts), f"{version}.{minor}" if version else None, port), not version
        )


def _commons_id(parts: list[str], version: str | None, port: str | None) -> str:
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
    r"(?P<lesser>\b(?:Lesser|Library|Lesser\s*(?:/|\(?or\)?)?\s*(?:\(?Library\)?))\s+(?:General\s+)?(?:GNU\s+)?Public\s+Licen[cs]e|\b(?:gnu)?L-?GPL)|"
    r"(?P<doc>\bFree\s+Documentation\s+Licen[cs]e|\bG?FDL\b)|"
    r"(?P<plain>\b(?:General|GNU)\s+Public\s+Licen[cs]e|\b(?:gnu)?GPL)"
    r")(?P<tight>(?![a-z]{2})v?[\s._-]{0,2}v?(?:ersion|er\.?)?\s?(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?![\d])(?P<plus>\s?\+|-or-later)?)?",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"\b(?:version|ver\.?|v\.?)\s*(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?P<plus>\s?\+)?(?!\d)", re.IGNORECASE
)
BEFORE = re.compile(
    r"\b(?:version|v\.?)\s*(?P<major>[123])(?:\.(?P<minor>[0-3]))?(?P<later>[^.]{0,50}?\b(?:later|newer)\b[^.]{0,20})?\s+of\s+the\s*$",
    re.IGNORECASE,
)
LATER = re.compile(
    r"\b(?:or|and)\b\W{0,3}(?:\(?at your (?:option|choice|discretion)\)?\W{0,3})?(?:\w+\s+){0,2}?(?:later|newer|above|greater|higher|subsequent|upwards?)\b|\bany later\b|\bor any version\b",
    re.IGNORECASE,
)
ONLY = re.compile(r"^\W{0,3}(?:only|of the licen[cs]e only)\b", re.IGNORECASE)
FAMILIES = {"affero": ("AGPL", "3.0"), "lesser": ("LGPL", "2.0"), "doc": ("GFDL", "1.1"), "plain": ("GPL", "1.0")}
"""Part of the pattern → prefix of the id, and the first version, of which "or later" stands for any."""


def _gnu(text: str) -> Iterator[Named]:
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
                end += told.end() if version is found else told.end()
        if not version:
            yield Named(start, found.end(), normal(f"{family}-{first}-or-later"), True)
            continue
        spdx = normal(f"{family}-{version['major']}.{version['minor'] or 0}{'-or-later' if later else '-only'}")
        if spdx.lower() in table():
            yield Named(start, min(end, until), spdx)


# Others that have a way of their own to be named.

Maker = Callable[[re.Match[str]], tuple[str, bool]]

CLAUSES = {
    "0": "0BSD", "zero": "0BSD", "1": "BSD-1-Clause", "2": "BSD-2-Clause", "two": "BSD-2-Clause", "simplified": "BSD-2-Clause",
    "3": "BSD-3-Clause", "three": "BSD-3-Clause", "new": "BSD-3-Clause", "modified": "BSD-3-Clause", "revised": "BSD-3-Clause",
    "4": "BSD-4-Clause", "four": "BSD-4-Clause", "original": "BSD-4-Clause", "old": "BSD-4-Clause",
}  # fmt: skip
WORD = r"\d|zero|two|three|four|new|modified|revised|simplified|original|old"


def _bsd(found: re.Match[str]) -> tuple[str, bool]:
    told = (found["before"] or found["after"] or "").lower()
    return CLAUSES.get(told, "BSD-3-Clause"), told not in CLAUSES


def _apache(found: re.Match[str]) -> tuple[str, bool]:
    version = found["version"] or "2"
    return f"Apache-{version if '.' in version else version + '.0'}", False


def _versioned(name: str, usual: str) -> Maker:
    """A licence of that name in the version that is told, or in the usual one."""
    return lambda found: (f"{name}-{found['version'] or usual}", not found["version"])


def _mozilla(found: re.Match[str]) -> tuple[str, bool]:
    version = found["version"] or ""
    return f"MPL-{(version if '.' in version else version + '.0') if version else '2.0'}", not version


PATTERNS: tuple[tuple[str, str | Maker], ...] = (
    (
        rf"\b(?:(?P<before>{WORD})[\s-]+(?:clause[\s-]+)?)?(?:free|net)?BSD\b(?:[\s-]*(?:style|licen[cs]e|lisence)?[\s,(\"-]{{0,3}}(?P<after>{WORD})\b(?:[\s-]*clause)?)?",
        _bsd,
    ),
    (
        r"\bApache(?:[\s-]+(?:software|public|open[\s-]source))?(?:[\s-]+(?:foundation\s+)?licen[cs]e)(?:[\s,(-]{0,3}(?:version|ver\.?|v\.?)?[\s-]{0,2}(?P<version>[12](?:\.[01])?)(?!\d))?",
        _apache,
    ),
    (
        r"\b(?:Apache|ASL|APL|APACHE)[\s,(-]{0,3}(?:version|ver\.?|v\.?)?[\s-]{0,2}(?P<version>[12](?:\.[01])?)\b",
        _apache,
    ),
    (
        r"\b(?:Mozilla\s+Public\s+Licen[cs]e|MPL)(?:\W{0,3}(?:version|ver\.?|v\.?)?[\s-]{0,2}(?P<version>[12](?:\.[01])?)(?!\d))?\b",
        _mozilla,
    ),
    (r"\bMIT[\s-]+no[\s-]+attribution\b|\bMIT-?0\b", "MIT-0"),
    (r"\bMIT(?:\s?/\s?X11|\s?/\s?expat)?\b(?![-\w/])|\bexpat(?=[\s-]+licen[cs]e)", "MIT"),
    (r"\bISCL?\b(?!-)", "ISC"),
    (r"\bdo what the f\W?\w*\W*\w* you want(?: to)?(?: public)?(?: licen[cs]e)?|\bWTFPL\b(?:[\s-]*v?2)?", "WTFPL"),
    (r"\bthe unlicense\b|\bunlicense\b", "Unlicense"),
    (r"\bbeer-?ware\b", "Beerware"),
    (
        r"\b(?:(?:SIL\s+)?open\s+font\s+licen[cs]e|OFL)(?:[\s,(-]{0,3}(?:version|v)?[\s-]?(?P<version>1\.[01]))?\b",
        _versioned("OFL", "1.1"),
    ),
    (
        r"\b(?:free\s+art\s+licen[cs]e|licence\s+art\s+libre)\b(?:[\s,(-]{0,3}(?:version|v)?[\s-]?(?P<version>1\.[23])\b)?",
        _versioned("LAL", "1.3"),
    ),
    (r"\bMPL 1\.1\s?/\s?GPL 2\.0\s?/\s?LGPL 2\.1\b", "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later"),
    (r"\bperl\s+artistic\s+licen[cs]e\b", "Artistic-1.0-Perl"),
    (r"\bcopyright-only\s+dedication\b", "CC-PDDC"),
    (r"\bBSD\b[^.]{0,30}\bnuclear\b(?:\s+(?:disclaimer|warranty))", "BSD-3-Clause-No-Nuclear-Warranty"),
    (r"\bopen\s+(?:data\s+commons\s+)?(?:open\s+)?database\s+licen[cs]e\b|\bODbL\b", "ODbL-1.0"),
    (r"\bOGA[\s-]?BY(?:[\s-]?3(?:\.0)?)?\b|\bopengameart\.?(?:org)?\s+(?:by|attribution)\b", "LicenseRef-OGA-BY-3.0"),
    (r"\bboost\s+software\s+licen[cs]e\b(?:[\s,-]{0,3}(?:version|v)?\s?1\.0)?", "BSL-1.0"),
    (r"\bz?lib\s?/\s?libpng\b(?:\s+licen[cs]e)?|\bzlib[\s-]+(?=licen[cs]e)", "Zlib"),
    (r"\b(?:creative\s+commons\s+)?public[\s-]domain\s+mark\b", "CC-PDM-1.0"),
    (
        r"\bcreative\s+commons\s+(?:copyright-only\s+)?(?:licen[cs]e\s+)?public[\s-]domain\b(?:\s+dedication)?",
        "CC-PDDC",
    ),
    (r"\bsame\s+(?:terms|licen[cs]e)\s+as\s+(?:the\s+)?perl\b", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
    (r"\bsame\s+(?:terms|licen[cs]e)\s+as\s+(?:the\s+)?ruby\b", "Ruby OR BSD-2-Clause"),
    (r"\bpython\s+software\s+foundation(?:\s+licen[cs]e)?\b|\bPSF(?:[\s-]?2(?:\.0)?)?(?=[\s-]+licen[cs]e)", "PSF-2.0"),
)
"""Pattern → SPDX id, or what makes it of the match."""

COMPILED = tuple((re.compile(pattern, re.IGNORECASE), made) for pattern, made in PATTERNS)


def _by_pattern(text: str) -> Iterator[Named]:
    for pattern, made in COMPILED:
        for found in pattern.finditer(text):
            spdx, loose = (made, False) if isinstance(made, str) else made(found)
            yield Named(*found.span(), spdx, loose)


# Every other licence of the SPDX list, by its name or its id.

TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)*", re.IGNORECASE)
FILLING = frozenset("the licence license licenses agreement software version ver v of for and public a an".split())


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """The words that tell licences apart, with their places; `v2.0`, `2.0` and `2` are one."""
    text = re.sub(r"(?<=[A-Za-z])v(?=\d)", " ", text)
    found = ((match[0].lower(), *match.span()) for match in TOKEN.finditer(text))
    return [(re.sub(r"(\.0)+$", "", word), start, end) for word, start, end in found if word not in FILLING]


@cache
def _by_first_word() -> dict[str, list[tuple[tuple[str, ...], str, bool]]]:
    """First word of a name or id → all its words, the SPDX id, and whether its version is left out; longest first."""
    found: dict[str, dict[tuple[str, ...], tuple[str, bool]]] = {}
    for row in table().values():
        for name in (row.id, re.sub(r"\([^)]*\)", "", row.name), row.name):
            words = tuple(word for word, _, _ in _tokens(name))
            if words:
                found.setdefault(words[0], {})[words] = (row.id, False)
            if len(words) > 1 and words[-1][0].isdigit() and name != row.id:
                found.setdefault(words[0], {}).setdefault(words[:-1], (row.id, True))
    return {
        first: [(words, *names[words]) for words in sorted(names, key=len, reverse=True)]
        for first, names in found.items()
    }


BEFORE_IT = re.compile(r"licen[cs]e\W{1,3}$", re.IGNORECASE)
AFTER_IT = re.compile(r"(?:[\s-]+(?:public|open|software|free)){0,2}[\s-]+licen[cs]e", re.IGNORECASE)


def _listed(text: str) -> Iterator[Named]:
    tokens = _tokens(text)
    words = [word for word, _, _ in tokens]
    at = 0
    while at < len(tokens):
        for name, spdx, loose in _by_first_word().get(words[at], ()):
            if tuple(words[at : at + len(name)]) == name:
                start, end = tokens[at][1], tokens[at + len(name) - 1][2]
                after = AFTER_IT.match(text, end)
                if len(name) > 1 + loose or after or BEFORE_IT.search(text[max(0, start - 12) : start]):
                    yield Named(start, after.end() if after else end, spdx, loose)
                    at += len(name) - 1
                    break
        at += 1
