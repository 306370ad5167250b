# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and links of licences in a sentence → SPDX ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from .expressions import normal, table
from .families import Named, commons, commons_id, gnu


def named(sentence: str) -> list[Named]:
    """The licences that one sentence names, in order; where two readings overlap, the longer one."""
    found = [*_links(sentence), *commons(sentence), *gnu(sentence), *_worded(sentence), *_listed(sentence)]
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
    "bsd-license": "BSD-3-Clause",
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
            yield Named(*place.span(), commons_id(found[1].lower().split("-"), found[2], found[3]), not found[2])
        elif found := BADGE.match(address):
            words = unquote(found[1]).replace("--", "\0").replace("_", " ").replace("-", " ").replace("\0", "-")
            inner = [*commons(words), *gnu(words), *_worded(words), *_listed("licence " + words)]
            yield from (Named(*place.span(), each.spdx, each.loose) for each in inner[:1])
        else:
            for pattern, id in COMPILED_PLACES:
                if found := pattern.match(address):
                    spdx, loose = _from_address(found, id)
                    loose = loose or spdx in ("OFL-1.1", "LAL-1.3") or "bsd-license" in address
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
        (spdx, alias is not None and alias.startswith(("GPL", "LGPL", "AGPL", "GFDL")))
        if alias or spdx.lower() != name or name in table()
        else ("", False)
    )


# Names with wordings of their own, in `names.txt`.

CLAUSES = {
    "0": "0BSD",
    "zero": "0BSD",
    "1": "BSD-1-Clause",
    "2": "BSD-2-Clause",
    "two": "BSD-2-Clause",
    "simplified": "BSD-2-Clause",
    "3": "BSD-3-Clause",
    "three": "BSD-3-Clause",
    "new": "BSD-3-Clause",
    "modified": "BSD-3-Clause",
    "revised": "BSD-3-Clause",
    "4": "BSD-4-Clause",
    "four": "BSD-4-Clause",
    "original": "BSD-4-Clause",
    "old": "BSD-4-Clause",
}


@cache
def _wordings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """SPDX id and pattern of each wording. In the id `<1.1>` is the version that the words tell, or else that one; an
    id that begins with @ is found out by what the words say. `word` names a part that stands in others as `<NAME>`.
    """
    lines = (Path(__file__).parent / "names.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    words = {row[1]: row[2] for row in rows if row[0] == "word"}
    return tuple((id, re.compile(whole(pattern, words), re.IGNORECASE)) for id, pattern, *_ in rows if id != "word")


def whole(pattern: str, words: dict[str, str]) -> str:
    """A pattern with its named parts put in."""
    return re.sub(r"(?<!\(\?P)<([A-Z]+)>", lambda name: words[name[1]], pattern)


def _worded(text: str) -> Iterator[Named]:
    for id, pattern in _wordings():
        for found in pattern.finditer(text):
            spdx, loose = _worded_id(id, found)
            if spdx:
                yield Named(*found.span(), spdx, loose)


def _worded_id(id: str, found: re.Match[str]) -> tuple[str, bool]:
    if id == "@bsd":
        told = (found["before"] or found["after"] or "").lower()
        return CLAUSES.get(told, "BSD-3-Clause"), told not in CLAUSES
    if id == "@same":
        known = table().get(found["program"].lower())
        return (known.id if known else ""), False
    if id == "@spelled":
        return normal(found[0]), False
    name, _, usual = id.rstrip(">").partition("<")
    version = (found["version"] or "") if usual else ""
    return name + (version if not version or "." in version else f"{version}.0") + ("" if version else usual), bool(
        usual
    ) and not version


# Every other licence of the SPDX list, by its name or its id.

TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)*", re.IGNORECASE)
FILLING = frozenset(
    ["the", "licence", "license", "licenses", "agreement", "version", "ver", "v", "of", "for", "and", "a", "an"]
)


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """The words that tell licences apart, with their places; `v2.0`, `2.0` and `2` are one."""
    text = re.sub(r"(?<=[A-Za-z])v(?=\d)", " ", text)
    found = ((match[0].lower(), *match.span()) for match in TOKEN.finditer(text))
    return [(re.sub(r"(\.0)+$", "", word), start, end) for word, start, end in found if word not in FILLING]


@cache
def _by_first_word() -> dict[str, list[tuple[tuple[str, ...], str, bool]]]:
    """First word of a name or id → all its words, the SPDX id, and whether its version is left out; longest first."""
    found: dict[str, dict[tuple[str, ...], tuple[str, bool]]] = {}
    rows = list(table().values())
    exact = [(name, row.id) for row in rows for name in (row.id, row.name)]
    for name, id in [*exact, *((re.sub(r"\([^)]*\)", "", row.name), row.id) for row in rows)]:
        if words := tuple(word for word, _, _ in _tokens(name)):
            found.setdefault(words[0], {}).setdefault(words, (id, False))
    for name, id in exact:
        words = tuple(word for word, _, _ in _tokens(name))
        if len(words) > 1 and VERSION_WORD.fullmatch(words[-1]) and (name != id or len(words[0]) > 2):
            found[words[0]].setdefault(words[:-1], (id, True))
    return {
        first: [(words, *names[words]) for words in sorted(names, key=len, reverse=True)]
        for first, names in found.items()
    }


VERSION_WORD = re.compile(r"\d(?:\.\d+)*")
"""A version; a year tells one licence from another."""

BEFORE_IT = re.compile(r"licen[cs]e\s?[:=(]?\s?[\"'(]?$|\bunder\s+(?:the\s+)?$", re.IGNORECASE)
AFTER_IT = re.compile(r"[\s-]+licen[cs]e", re.IGNORECASE)


TOLD = re.compile(r"[^.;]{0,30}?\b(?:version|v)\s?(\d+(?:\.\d+)*[a-c]?)\b", re.IGNORECASE)


def _told_version(spdx: str, after: str) -> str:
    """The id in the version that the words behind a name tell; empty where there is none."""
    found = TOLD.match(after)
    base = spdx.rpartition("-")[0]
    versions = (f"{base}-{found[1]}", f"{base}-{found[1]}.0") if found else ()
    return next((table()[id.lower()].id for id in versions if id.lower() in table()), "")


SEVERAL = re.compile(r"[\s-]|v\d|\d\.\d", re.IGNORECASE)
"""What a name has in it that is more than one word; a single word is a licence only beside the word licence."""


def _listed(text: str) -> Iterator[Named]:
    tokens = _tokens(text)
    words = [word for word, _, _ in tokens]
    at = 0
    while at < len(tokens):
        for name, spdx, loose in _by_first_word().get(words[at], ()):
            if tuple(words[at : at + len(name)]) == name:
                start, end = tokens[at][1], tokens[at + len(name) - 1][2]
                after = AFTER_IT.match(text, end)
                if SEVERAL.search(text[start:end]) or after or BEFORE_IT.search(text[max(0, start - 12) : start]):
                    end = after.end() if after else end
                    told = _told_version(spdx, text[end : end + 60]) if loose else ""
                    yield Named(start, end, told or spdx, loose and not told)
                    at += len(name) - 1
                    break
        at += 1
