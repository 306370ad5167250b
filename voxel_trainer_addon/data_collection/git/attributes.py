# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths are pointers into Git LFS: the attribute `filter` of .gitattributes files, by git's rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = ".gitattributes"
LINES_MAX = 2_000
LINE_MAX = 2_048


@dataclass(frozen=True)
class Rule:
    """A pattern, and whether what fits it is kept in LFS."""

    pattern: re.Pattern[str]
    lfs: bool


class Attributes:
    """The rules of all .gitattributes files of a commit: text by path. The deepest file wins, in it the last line."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._rules: list[Rule] = []
        macros: dict[str, bool] = {}
        for path in sorted(texts, key=lambda path: path.count("/")):
            folder = path.removesuffix(NAME)
            for line in texts[path].splitlines()[:LINES_MAX]:
                self._read(line[:LINE_MAX].strip(), folder, macros)

    def is_lfs(self, path: str) -> bool:
        return next((rule.lfs for rule in reversed(self._rules) if rule.pattern.fullmatch(path)), False)

    def _read(self, line: str, folder: str, macros: dict[str, bool]) -> None:
        words = re.match(r'("(?:[^"\\]|\\.)*"|\S+)\s+(.*)', line)
        if not words or line.startswith("#"):
            return
        lfs = _filter(words[2].split(), macros)
        if lfs is None:
            return
        name = words[1].strip('"')
        if name.startswith("[attr]"):
            macros[name.removeprefix("[attr]")] = lfs
        elif not name.endswith("/"):
            self._rules.append(Rule(_pattern(name, folder), lfs))


def _filter(attributes: list[str], macros: Mapping[str, bool]) -> bool | None:
    """What the attributes of a line make of `filter`; None where they leave it as it is."""
    found = None
    for attribute in attributes:
        if attribute.startswith("filter="):
            found = attribute == "filter=lfs"
        elif attribute in ("-filter", "!filter", "filter"):
            found = False
        elif attribute in macros:
            found = macros[attribute]
    return found


def _pattern(name: str, folder: str) -> re.Pattern[str]:
    """Without a slash a pattern fits the name in any folder below; with one it fits the path from the file's folder."""
    anchored = "/" in name
    told = "" if anchored else "(?:.*/)?"
    parts = re.split(
        r"(\A/?\*\*/|/\*\*/|/\*\*\Z|\[[!^]?\]?[^]/]*\]|\\.|[*?])", name.removeprefix("/") if anchored else name
    )
    for number, part in enumerate(parts):
        if number % 2 == 0:
            told += re.escape(part)
        elif part == "/**/":
            told += "/(?:.*/)?"
        elif part == "/**":
            told += "/.*"
        elif part.endswith("**/"):
            told += "(?:.*/)?"
        elif part.startswith("["):
            told += _set(part)
        else:
            told += {"*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part[-1]))
    return re.compile(re.escape(folder) + told, re.DOTALL)


def _set(part: str) -> str:
    inside = (
        part[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("&", "\\&").replace("~", "\\~").replace("|", "\\|")
    )
    told = f"[^{inside[1:]}]" if inside[:1] in ("!", "^") else f"[{inside}]"
    try:
        re.compile(told)
    except re.error:
        return re.escape(part)
    return told
