# SPDX-License-Identifier: GPL-3.0-or-later
"""REUSE: licences of files stated beside them, in `REUSE.toml` and in `.reuse/dep5` (reuse.software, specification 3.3)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache

from .expressions import Expression, joined, parsed, spelled

UNREADABLE = "LicenseRef-unreadable-tag"


@dataclass(frozen=True)
class Annotation:
    """What one entry says of the paths that it fits. `precedence`: closest, aggregate or override."""

    paths: tuple[re.Pattern[str], ...]
    spdx: str
    precedence: str

    def fits(self, path: str) -> bool:
        """`path` is relative to the folder that the entry stands in."""
        return any(pattern.fullmatch(path) for pattern in self.paths)


@lru_cache(maxsize=256)
def toml_annotations(text: str) -> tuple[Annotation, ...] | None:
    """The entries of a REUSE.toml in order (the last that fits counts); None where it cannot be read."""
    try:
        tables = tomllib.loads(text).get("annotations", [])
    except (ValueError, RecursionError):
        return None
    found = []
    for table in tables if isinstance(tables, list) else ():
        if not isinstance(table, dict):
            return None
        licences = _strings(table.get("SPDX-License-Identifier"))
        if paths := _strings(table.get("path")):
            precedence = str(table.get("precedence", "closest"))
            found.append(Annotation(tuple(_pattern(path) for path in paths), _all(licences), precedence))
    return tuple(found)


@lru_cache(maxsize=64)
def dep5_annotations(text: str) -> tuple[Annotation, ...]:
    """The stanzas of a `.reuse/dep5` in order (the last that fits counts)."""
    found = []
    for stanza in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*((?:.*\n?)(?:[ \t]+.*\n?)*)", stanza, re.MULTILINE))
        if "Files" in fields and "License" in fields:
            licence = fields["License"].strip().split("\n")[0]
            patterns = tuple(_pattern(path, everywhere=True) for path in fields["Files"].split())
            found.append(Annotation(patterns, _all([licence]), "aggregate"))
    return tuple(found)


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _all(licences: list[str]) -> str:
    """The licences of one entry, which all apply; one that is no expression makes the whole unknown."""
    parts: list[Expression] = [parsed(licence) or UNREADABLE for licence in licences]
    return spelled(joined("AND", parts)) if parts else ""


def _pattern(glob: str, *, everywhere: bool = False) -> re.Pattern[str]:
    """A path pattern: `*` within a folder, `**` across folders (with `everywhere` both across), `\\` before a character
    as it stands."""
    made, at = "", 0
    while at < len(glob):
        if glob[at] == "\\" and at + 1 < len(glob):
            made += re.escape(glob[at + 1])
            at += 2
        elif glob[at] == "*":
            stars = len(glob[at:]) - len(glob[at:].lstrip("*"))
            made += ".*" if everywhere or stars > 1 else "[^/]*"
            at += stars
        else:
            made += "." if everywhere and glob[at] == "?" else re.escape(glob[at])
            at += 1
    return re.compile(made, re.DOTALL)
