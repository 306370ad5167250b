# SPDX-License-Identifier: GPL-3.0-or-later
"""Text as people write it (Markdown, comments, HTML) cut into sentences, each with the heading that it stands under."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 3000
"""Characters of a sentence at most; a longer one is cut."""

LICENCE_HEADING = re.compile(
    r"licen[cs]|copyright|copying|terms|legal|usage\s+rights|permission|credits?\b|attribution|lizenz|licencia",
    re.IGNORECASE,
)
OTHERS_HEADING = re.compile(
    r"third[\s-]?party|dependenc|credits?|acknowledge?ments?|thanks|built\s+with|libraries|resources|references|related|similar",
    re.IGNORECASE,
)

HEADING = re.compile(r"(#{1,6})\s*(.{1,120}?)\s*#*$")
UNDERLINE = re.compile(r"([=~^-])\1{2,}$")
BOLD = re.compile(r"(?:\*\*|__)([^*_]{2,60})(?:\*\*|__):?$")
LEADER = re.compile(r"^(?:[#*;!%|~>]{1,3}|//+[!/]?|/\*+|--+|\.\.|dnl\b|rem\b)+(?:\s|$)|\s*\*+/$", re.IGNORECASE)
BULLET = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")
FENCE = re.compile(r"^(?:```|~~~)")
TAG = re.compile(r"<[^<>]{1,600}>")
TARGET = re.compile(r"(?:href|src|content|resource)\s*=\s*[\"']?(https?:[^\"'\s>]{1,400})", re.IGNORECASE)
MARKS = re.compile(r"[*`]{1,3}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)|\]\(|\[|\](?!\()|[{}]{2}")
END = re.compile(
    r"(?<=[.!?。！？])(?<!\bv\.)(?<!\bver\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\binc\.)(?<!\bno\.)[)\"']?\s+(?=[A-Z(\"'\[\d])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, where its lines begin in the text, and the heading above it."""

    text: str
    start: int
    heading: str


def sentences(text: str, *, fences: bool) -> Iterator[Sentence]:
    """The sentences of a text; with `fences` blocks of code in Markdown are left out."""
    heading, level, began = "", 0, 0
    held: list[str] = []
    fenced = False
    lines = text.split("\n")
    at = 0
    for number, raw in enumerate(lines):
        start, at = at, at + len(raw) + 1
        line = raw.strip()
        if fences and FENCE.match(line):
            fenced = not fenced
            yield from _cut(held, began, heading)
            held = []
            continue
        if fenced:
            continue
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        title, depth = _heading(line, following) if fences else ("", 0)
        if title or UNDERLINE.fullmatch(line):
            yield from _cut(held, began, heading)
            held = []
            if title and (depth <= level or not LICENCE_HEADING.search(heading) or LICENCE_HEADING.search(title)):
                heading, level = title, depth
            if title:
                yield Sentence(_clean(title), start, heading)
            continue
        bare = LEADER.sub("", line).strip() if not line.startswith("**") else line
        if not bare or BULLET.match(bare):
            yield from _cut(held, began, heading)
            held = []
        if bare:
            began = began if held else start
            held.append(BULLET.sub("", bare))
    yield from _cut(held, began, heading)


def _heading(line: str, following: str) -> tuple[str, int]:
    if found := HEADING.match(line):
        return found[2], len(found[1])
    if (
        line
        and len(line) < 80
        and UNDERLINE.fullmatch(following)
        and len(following) >= min(len(line), 4)
        and line[0].isalnum()
    ):
        return line, 1 if following[0] == "=" else 2
    if found := BOLD.match(line):
        return found[1], 6
    return "", 0


def _cut(lines: list[str], start: int, heading: str) -> Iterator[Sentence]:
    whole = _clean(" ".join(lines))
    for piece in END.split(whole) if whole else ():
        for at in range(0, len(piece), LONGEST):
            yield Sentence(piece[at : at + LONGEST], start, heading)


def _clean(text: str) -> str:
    """Without markup; addresses in it stay."""
    text = TAG.sub(
        lambda tag: (
            f" {target[1]} " if (target := TARGET.search(tag[0])) else (f" {tag[0][1:-1]} " if "://" in tag[0] else " ")
        ),
        text,
    )
    text = MARKS.sub(" ", html.unescape(text))
    return re.sub(r"\s+", " ", text).strip()
