# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths are pointers into Git LFS: the attribute `filter` of .gitattributes files, by git's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NAME = ".gitattributes"
FILES_MAX, RULES_MAX = 1_000, 500
LINE_MAX = 2_048
MACRO = "[attr]"

Words = tuple[tuple[str, str], ...]
"""Attributes of a line with their values: `set`, `unset`, `unspecified`, or what stands behind the `=`."""


@dataclass(frozen=True)
class Rule:
    """A pattern, and the attributes of what fits it."""

    pattern: re.Pattern[str]
    words: Words


class Attributes:
    """The rules of all .gitattributes files of a commit: text by path. The deepest file wins, in it the last line."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._macros: dict[str, Words] = {}
        rules: list[Rule] = []
        for path in sorted(texts, key=lambda path: path.count("/")):
            for line in texts[path].splitlines():
                rules += self._read(line[:LINE_MAX].strip(), path.removesuffix(NAME))
        named = {"filter", *self._macros}
        self._rules = [rule for rule in reversed(rules) if any(name in named for name, _ in rule.words)][:RULES_MAX]

    def is_lfs(self, path: str) -> bool:
        values: dict[str, str] = {}
        for rule in self._rules:
            if rule.pattern.fullmatch(path):
                self._fill(values, rule.words)
        return values.get("filter") == "lfs"

    def _fill(self, values: dict[str, str], words: Words) -> None:
        """Take what is not decided yet; a macro that is set brings its own."""
        for name, value in reversed(words):
            if name not in values:
                values[name] = value
                if value == "set" and name in self._macros:
                    self._fill(values, self._macros[name])

    def _read(self, line: str, folder: str) -> Iterator[Rule]:
        found = re.match(r'("(?:[^"\\]|\\.)*"|\S+)\s+(.*)', line)
        if not found or line.startswith("#"):
            return
        name, words = found[1].strip('"'), tuple(_word(word) for word in found[2].split())
        if name.startswith(MACRO):
            if not folder:
                self._macros[name.removeprefix(MACRO)] = words
        elif not name.endswith("/"):
            yield Rule(_pattern(name, folder), words)


def _word(word: str) -> tuple[str, str]:
    if word.startswith("-"):
        return word[1:], "unset"
    if word.startswith("!"):
        return word[1:], "unspecified"
    name, equals, value = word.partition("=")
    return name, value if equals else "set"


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
