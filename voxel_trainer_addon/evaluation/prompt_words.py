# SPDX-License-Identifier: GPL-3.0-or-later
"""What a prompt says of a tree, taken apart: nodes with what is told of each, links, counted kinds, sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

COUNTED = re.compile(r"(?:\bmade of|\bIt uses|\bgoes (?:on )?through|\bIt begins with) ")
"""Behind these words stand kinds of nodes."""
ITEM = re.compile(r"(?:(\d+) [×x] )?(?:the )?(.+)")
NUMBER = re.compile(r" \d+$")
WIRE = re.compile(r"(?P<input>.+?) from (?P<source>.+?)(?: \((?P<output>[^()]+)\))?")
ASSIGNED = re.compile(r"(\w+) = (\w+)(?:\((.*)\))?", re.DOTALL)
ARROW = re.compile(r"(\w+)\.(.+) -> (\w+)\.(.+)")
EXACTLY = "with exactly these nodes"


@dataclass(frozen=True)
class Said:
    """`form`: `listed` (nodes in words, then links), `identifiers` (as bpy has them), `sentences` (node by node) or
    `counted` (kinds at most). `nodes` are (kind, what is told of it), a kind by its menu words, a group as
    `group "name"`, in identifiers by type; `links` are texts without the numbers of nodes, but for those of a list.
    `kinds` tells how many of a kind are counted up."""

    form: str
    nodes: tuple[tuple[str, frozenset[str]], ...]
    links: tuple[str, ...]
    kinds: Counter[str]
    sentences: frozenset[str]
    exactly: bool


def said(prompt: str) -> Said:
    """Take a prompt apart; what is worded in none of the known ways is left out."""
    sentences = list(_split(prompt, ". "))
    sentences[-1] = sentences[-1].removesuffix(".")
    form, nodes, links = _by_sentences(sentences)
    start = next((text for text in sentences if text.startswith("Nodes: ")), "")
    if start:
        ends = next((text for text in sentences if re.match(r"(Connect|Links:) ", text)), "").partition(" ")[2]
        exact = ASSIGNED.match(start.removeprefix("Nodes: ")) is not None
        form = "identifiers" if exact else "listed"
        nodes, links = (_identifiers if exact else _listed)(start.removeprefix("Nodes: "), ends)
    kinds: Counter[str] = Counter()
    for text in sentences:
        for found in COUNTED.finditer(text):
            kinds |= _counted(text[found.end() :])
    return Said(form, tuple(nodes), tuple(links), kinds, frozenset(sentences), EXACTLY in prompt)


def kind_said(call: str) -> str:
    """A node's kind from what a text calls it: `Math "fine" 2 (muted)` → `Math`, `Group "Rust" 2` → `group "Rust"`."""
    words = NUMBER.sub("", call.removesuffix(" (muted)"))
    if words.startswith(('Group "', 'group "')):
        return f'group "{words.split(chr(34))[1]}"'
    return words.partition(' "')[0]


Parts = tuple[list[tuple[str, frozenset[str]]], list[str]]


def _listed(nodes: str, links: str) -> Parts:
    """`Noise Texture 1 (Scale 3, Detail 2), Mix`; `Noise Texture 1 Factor to Mix Factor`."""
    found = []
    for item in _split(nodes, ", "):
        call, bracket, inner = item.partition(" (")
        told = list(_split(inner.removesuffix(")"), ", ")) if bracket else []
        kind = NUMBER.sub("", call)
        if kind == "Group" and told and told[0].startswith('"'):
            kind = f"group {told[0]}"
        found.append((kind, frozenset(told)))
    return found, [link for link in _split(links, "; ") if link]


def _identifiers(nodes: str, links: str) -> Parts:
    """`noise = ShaderNodeTexNoise(Scale=3)`; `noise.Fac -> mix.[0]`, which becomes types and sockets."""
    types, found, ends = {}, [], []
    for item in _split(nodes, "; "):
        if match := ASSIGNED.fullmatch(item):
            types[match[1]] = match[2]
            found.append((match[2], frozenset(filter(None, _split(match[3] or "", ", ")))))
    for link in _split(links, "; "):
        match = ARROW.fullmatch(link)
        if match and match[1] in types and match[3] in types:
            ends.append(f"{types[match[1]]}.{match[2]} -> {types[match[3]]}.{match[4]}")
    return found, ends


def _by_sentences(sentences: list[str]) -> tuple[str, list[tuple[str, frozenset[str]]], list[str]]:
    """`Bump: Distance 0.2 m; Height from Noise Texture (Factor)`; nodes that are only named as sources count too."""
    told: dict[str, frozenset[str]] = {}
    links = []
    for text in sentences:
        call, colon, rest = text.partition(": ")
        if not colon or call in ("Nodes", "Links") or call.startswith(('"', "Input ")):
            continue
        call = call[:1].lower() + call[1:] if call.startswith('Group "') else call
        parts = [item for part in _split(rest, "; ") for item in _split(part, ", ")]
        told[call] = frozenset(parts)
        for match in filter(None, map(WIRE.fullmatch, parts)):
            told.setdefault(match["source"], frozenset())
            output = f" ({match['output']})" if match["output"] else ""
            links.append(f"{kind_said(call)}: {match['input']} from {kind_said(match['source'])}{output}")
    nodes = [(kind_said(call), parts) for call, parts in told.items()]
    return ("sentences" if links else "counted"), nodes if links else [], links


def _counted(text: str) -> Counter[str]:
    """`2 × Mix, the group "Rust" and Bump`, with whatever stands behind it."""
    kinds: Counter[str] = Counter()
    for item in (last for part in _split(text, ", ") for last in _split(part, " and ")):
        if match := ITEM.fullmatch(item):
            kinds[kind_said(match[2])] += int(match[1] or 1)
    return kinds


def _split(text: str, mark: str) -> Iterator[str]:
    """Parts of a text between marks that stand neither in brackets nor in quotes."""
    start = depth = 0
    quote = ""
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[at - 1] != "\\" else quote
        elif sign == '"' or (sign == "'" and text[at - 1 : at] in ("=", "(")):
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth = max(0, depth - 1)
        elif not depth and text.startswith(mark, at):
            yield text[start:at]
            start = at + len(mark)
    yield text[start:]
