# SPDX-License-Identifier: GPL-3.0-or-later
"""A request in a model's words held against the request by rules and the answer: it may claim nothing that neither has,
must keep what the answer needs, and give nothing of the answer away."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..bpy_code.names import Names
from ..graph.menu import TYPE_NAMES, type_words
from ..graph.words.description import TECHNIQUES
from ..graph.words.said import SAID
from ..graph.words.stacks import MENU
from .asking import NOUNS
from .kinds import Json
from .looks import private
from .piece_dataset import NOUNS as PIECES
from .stack_dataset import BODIES

NODE_TYPE = re.compile(r"\b(?:Shader|Geometry|Function|Compositor|Texture)?Node[A-Z]\w+")
QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|«([^»]*)»|(?<!\w)\'([^\']*)\'(?!\w)|‘([^’]*)’')
WORD = re.compile(r"[^\W\d_]+|(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e-?\d+)?|[.;!?]")
NUMBER = re.compile(r"[-−]?\d")
CODE = re.compile(
    r"`|\bbpy\.\w+|\w+\(\)|\b\w+_\w*\b|\b[a-z]+[A-Z]\w*|\b\w*Node[A-Z]\w+|[=<>{}\[\]\\]|->|\b(?:import|def|lambda)\b"
)
TALK = re.compile(
    r"(?:sure|certainly|of course|okay|here(?:'s| is| are)|as an ai|request:|rewritten|i'm sorry)\b", re.I
)
SAME = {"colour": "color", "colours": "color", "grey": "gray", "centre": "center"}
LISTS = ("node ", "it is made of ", "it use ")
"""How sentences begin that name nodes and no links."""
THINGS = frozenset({"material", "shader", "group", "geometry", "object", "world", "scene", "light"})
SHORTEST, LONGER, TWICE = 12, 200, 2


def words_of(text: str) -> list[str]:
    """Small words in one spelling, numbers, and ends of sentences; plurals lose their s."""
    return [_word(found[0].lower()) for found in WORD.finditer(text)]


def quoted(text: str) -> Iterator[str]:
    """What stands in quotes in a text."""
    return ("".join(found) for found in QUOTED.findall(text))


def _word(word: str) -> str:
    word = SAME.get(word, word)
    if word[:1].isdigit() or word[:1] in "-−":
        return f"{float(word.replace('−', '-')):g}"
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("author_words.toml").read_text(encoding="utf-8"))
EVERYDAY, HEADS, BEFORE, FLOW, NEAR_VALUE = (
    frozenset(map(_word, TABLE[key].split())) for key in ("everyday", "heads", "before", "flow", "near_value")
)
CLAIMS: Mapping[str, frozenset[str]] = {
    **{_word(word): frozenset() for word in TABLE["claims"].split()},
    **{_word(word): frozenset(map(_word, others)) for word, others in TABLE["alike"].items()},
}
COUNTS = {word: str(number) for number, word in enumerate(TABLE["counts"].split(), 2)}


class Vocabulary:
    """What Blender has names for: words in a row, those that are only everyday words left out."""

    def __init__(self, names: Names | None, sockets: Iterable[str]) -> None:
        labels = (
            set(TYPE_NAMES.values())
            | {technique.name for technique in TECHNIQUES}
            | set(MENU.values())
            | set(SAID.values())
        )
        if names:
            labels |= set(names.by_label) | {type_words(name) for name, told in names.nodes.items() if "is" not in told}
        self.sockets = {term for name in sockets if (term := tuple(words_of(name)))}
        terms = {term for label in labels if (term := tuple(words_of(label)))} | self.sockets
        telling = {t for t in terms if len(t) > 1 or (t[0] not in EVERYDAY and len(t[0]) > 2)}
        self._telling = _by_first(telling)
        self._ends = _by_first(telling | {t for t in self.sockets if len(t[0]) > 2 and t[0] not in THINGS})

    def found(self, words: Sequence[str], *, ends: bool = False) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(place, term) of the longest terms in a text; with `ends` also sockets with everyday names."""
        terms, at = self._ends if ends else self._telling, 0
        while at < len(words):
            term = next((t for t in terms.get(words[at], ()) if tuple(words[at : at + len(t)]) == t), None)
            if term:
                yield at, term
            at += len(term) if term else 1


def _by_first(terms: Iterable[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    """First word → terms, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for term in sorted(terms, key=lambda term: (-len(term), term)):
        found.setdefault(term[0], []).append(term)
    return found


@dataclass(frozen=True)
class Asked:
    """A row whose request was made by rules."""

    row: Json

    @property
    def text(self) -> str:
        return str(self.row["prompt"])

    @property
    def name(self) -> str:
        """The data-block's name, where the request tells it."""
        name = str(self.row["key"]).partition("/")[2]
        return name if f'"{name}"' in self.text else ""

    @cached_property
    def names(self) -> frozenset[str]:
        """What stands in quotes."""
        return frozenset({self.name, *quoted(self.text)}) - {""}

    @cached_property
    def clauses(self) -> list[frozenset[str]]:
        """The words of each clause that may tell a link, those that only list nodes apart."""
        told = re.split(r" [.;!?] ", f" {' '.join(self.words)} ")
        return [frozenset(clause.split()) for clause in told if not clause.strip().startswith(LISTS)]

    def without_names(self, text: str) -> str:
        """A text without what is in quotes in it or in the request."""
        text = QUOTED.sub(' "" ', text)
        for name in sorted((name for name in self.names if len(name) > 2), key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", ' "" ', text)
        return text

    @cached_property
    def words(self) -> list[str]:
        """Of the request without names, of the whole, and of the names' parts."""
        split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.text)
        return [*words_of(self.without_names(self.text)), ".", *words_of(self.text), ".", *words_of(split)]

    @cached_property
    def known(self) -> frozenset[str]:
        """Words of the request, and of the node types in the answer."""
        return frozenset(self.words).union(*(words_of(label) for label in self.labels))

    @cached_property
    def labels(self) -> frozenset[str]:
        return frozenset(map(type_words, NODE_TYPE.findall(self.row["completion"])))

    @cached_property
    def runs(self) -> str:
        """Request and node types as one text to look for words in a row in."""
        return " ".join(["", *self.words, "|", *(f" {' '.join(words_of(label))} |" for label in self.labels), ""])

    def has(self, term: Sequence[str]) -> bool:
        return f" {' '.join(term)} " in self.runs

    @property
    def nouns(self) -> tuple[str, ...]:
        """What the thing may be called; nothing where the request does not say it."""
        told = NOUNS.get(self.row["task"]) or (*PIECES.values(), *BODIES.values(), "object", "scene")
        return tuple(noun for noun in dict.fromkeys(map(str.lower, told)) if noun in self.text.lower())


def suits(row: Json) -> bool:
    """Whether a row's request can be told again: in words, with nothing given, and short enough."""
    words = "given" not in row and row["kind"] in ("tree", "json", "piece", "stack", "scene")
    return words and len(row["prompt"]) <= 1500 and not NODE_TYPE.search(row["prompt"]) and "->" not in row["prompt"]


def fault(text: str, asked: Asked, vocabulary: Vocabulary) -> str:
    """Why a request in a model's words may not be used, in a few words; '' where it may."""
    return next(faults(text, asked, vocabulary), "")


def faults(text: str, asked: Asked, vocabulary: Vocabulary) -> Iterator[str]:
    """All reasons why it may not be used."""
    if not SHORTEST <= len(text) <= TWICE * len(asked.text) + LONGER:
        yield "too short or too long"
    if TALK.match(text):
        yield "talks about the task"
    if asked.name and asked.name not in text:
        yield "the name is missing"
    if asked.row["form"] == "json" and "json" not in text.lower():
        yield "the form of the answer is missing"
    if asked.nouns and not any(noun in text.lower() for noun in asked.nouns):
        yield "what kind of thing it is is missing"
    if next(private(text), None):
        yield "holds what is private"
    if any(name and name not in asked.names for name in quoted(text)):
        yield "names what was not named"
    rest = asked.without_names(text)
    if any(found[0] not in asked.text for found in CODE.finditer(rest)):
        yield "gives code away"
    if any(not letter.isascii() and letter.isalpha() and letter not in asked.text for letter in rest):
        yield "in another language"
    yield from _claims(words_of(rest), asked, vocabulary)


def _claims(words: list[str], asked: Asked, vocabulary: Vocabulary) -> Iterator[str]:
    if any(not asked.has(term) for _, term in vocabulary.found(words)):
        yield "claims a node, socket or technique that is not there"
    for word in words:
        if word in CLAIMS and word not in asked.known and not asked.known.intersection(CLAIMS[word]):
            yield "claims a look that is not there"
    for before, head in pairwise(words):
        told = before in asked.known or before in BEFORE or before in COUNTS or NUMBER.match(before) or before in ".;!?"
        if head in HEADS and not told:
            yield "claims a node, socket or technique that is not there"
    yield from _numbers(words, asked, vocabulary)
    for (at, one), (then, other) in pairwise(vocabulary.found(words, ends=True)):
        between = words[at + len(one) : then]
        joined = FLOW.intersection(between) and not set(".;!?").intersection(between)
        if joined and not any(clause.issuperset(one) and clause.issuperset(other) for clause in asked.clauses):
            yield "joins what is not joined"


def _numbers(words: list[str], asked: Asked, vocabulary: Vocabulary) -> Iterator[str]:
    plain = [COUNTS.get(word, word) for word in words]
    there = [COUNTS.get(word, word) for word in asked.words]
    if any(NUMBER.match(word) and word not in there for word in plain):
        yield "a number that is not there"
    ends = {term[-1] for term in vocabulary.sockets if term[-1] not in ("x", "y", "z")}
    begins = {term[0] for _, term in vocabulary.found(words)}
    if any(pair[0] in ends and pair not in _before(there) for pair in _before(plain)):
        yield "a number at another place"
    if any(pair[1] in begins and pair not in _after(there) for pair in _after(plain)):
        yield "another count"


def _before(words: list[str]) -> set[tuple[str, str]]:
    """(word, number) of numbers and what they are the value of: the word before, little words apart."""
    found = set()
    for at, word in enumerate(words):
        if NUMBER.match(word):
            before = next((w for w in reversed(words[max(0, at - 5) : at]) if w not in NEAR_VALUE), "")
            found.add((before, word))
    return found


def _after(words: list[str]) -> set[tuple[str, str]]:
    """(number, word) of numbers and what they count."""
    found = set()
    for at, word in enumerate(words[:-1]):
        if NUMBER.match(word):
            after = next((w for w in words[at + 1 : at + 4] if w not in ("x", "different", "separate", "of")), "")
            found.add((word, after))
    return found
