# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tree is asked for: in a line, shortly, or in full, in words that are read off it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..graph.describe import Plain, in_words, kinds_words
from ..graph.model import Graph
from ..graph.names import COPY
from ..graph.wires import real_nodes
from ..graph.words.about_tree import idle
from ..graph.words.description import IN_A_LINE, description, recognised
from ..graph.words.phrases import listed, node_words
from ..graph.words.said import said
from ..graph.words.statement import Statement
from ..graph.words.view import View
from ..prompts import Request
from .quality import is_given_by_a_person

LENGTHS = ("line", "short", "full")
TOLD_IN_FULL = 40
"""Up to so many nodes a request may tell all."""
NOUNS = {
    "material": ("material", "material", "shader"),
    "world": ("world", "world", "world shader"),
    "light": ("light", "light shader"),
    "line style": ("line style",),
    "shader": ("shader node group", "shader node group", "shader group"),
    "geometry": ("geometry node group", "geometry nodes group", "geometry nodes setup"),
    "compositor": ("compositor node tree", "compositing setup", "compositor setup"),
    "texture": ("texture node tree",),
}
"""Task → what artists call such a tree."""
KIND_WORDS = r"\b(?:material|shader|node|group|tree|world|light)"
"""What a name says that the noun says already."""
CLEARER = {"emission": "light by emission"}
"""Name → another that says the same and more."""


def telling(graph: Graph) -> bool:
    """Whether there is something to tell: two nodes, and not only the ends of a group."""
    nodes = real_nodes(graph)
    return len(nodes) > 1 and any(node.type not in ("NodeGroupInput", "NodeGroupOutput") for node in nodes)


def has_rivals(graph: Graph) -> bool:
    """Whether it has several outputs, one for each renderer say: words tell the way to one of them alone."""
    return sum(node.type.startswith("ShaderNodeOutput") for node in graph.nodes) > 1


def purpose(name: str) -> str:
    """What a name says as words in a sentence, `rusty iron` of `RustyIron_02.001`; empty where it says nothing."""
    plain = COPY.sub("", name)
    spaced = plain if " " in plain else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    words = re.sub(r"[_\-\s]+", " ", spaced)
    words = re.sub(r"\s*\b\d+\b", "", words).strip().lower()
    fit = re.fullmatch(r"[\w ]{3,40}", words) and not re.search(KIND_WORDS, words)
    return words if fit and is_given_by_a_person(name) else ""


def lengths(choice: str, each: int) -> tuple[str, ...]:
    """`each` different lengths, by a hash in hexadecimal."""
    first, turn = int(choice[8:12], 16) % 3, 1 + int(choice[12:16], 16) % 2
    return tuple(LENGTHS[(first + n * turn) % 3] for n in range(min(each, 3)))


def turned(choice: str, variant: int) -> str:
    """Another hash for each variant of one thing."""
    n = 7 * variant % len(choice)
    return choice[n:] + choice[:n]


def ways(graph: Graph, choice: str, each: int) -> tuple[str, ...]:
    """At most `each` different lengths for a whole tree: a large one is not told in full."""
    drawn = lengths(choice, each)
    large = len(real_nodes(graph)) > TOLD_IN_FULL
    return tuple(dict.fromkeys("short" if large and length == "full" else length for length in drawn))


def prompt_of(task: str, graph: Graph, plain: Plain, choice: str, variant: int, length: str, form: str = "code") -> str:
    """The prompt for one of `ways`, as a person would type it; `variant` is its place among them."""
    drawn = turned(choice, variant)
    return tree_request(task, graph, plain, drawn, length, form).text(drawn)


def tree_request(task: str, graph: Graph, plain: Plain, choice: str, length: str, form: str = "code") -> Request:
    """One request; `choice` draws its noun and style."""
    nouns = NOUNS[task]
    noun = nouns[int(choice[16:20], 16) % len(nouns)]
    if length == "line":
        use = purpose(graph.name) if int(choice[24:28], 16) % 2 else ""
        told = f"for {use}, {brief(graph)}" if use else brief(graph)
        return Request(noun, graph.name, told, brief=True, form=form)
    told = short(graph) if length == "short" else full(graph, plain, choice)
    return Request(noun, graph.name, told, form=form)


def brief(graph: Graph) -> str:
    """`with noise-driven roughness and bump`, `made of 2 × Math and Mix`: what goes on behind a noun."""
    if has_rivals(graph):
        return f"made of {kinds_words(graph)}"
    names = list(dict.fromkeys(found.technique.name for found in recognised(graph)))
    names = [name for name in names if CLEARER.get(name) not in names][:IN_A_LINE]
    if names:
        return f"with {listed([said(name) for name in names])}"
    return f"made of {kinds_words(graph)}"


def short(graph: Graph) -> str:
    """What it takes and gives, its main way, its techniques, its kinds of nodes."""
    if has_rivals(graph):
        return " ".join([in_words(graph, {}, "short"), *animated(graph)])
    return " ".join([*(statement.text for statement in _telling(graph)), *animated(graph)])


def animated(graph: Graph) -> Iterator[str]:
    """What keyframes and drivers move, node by node."""
    for words, curves in (("Keyframes", graph.animation.keys), ("Drivers", graph.animation.drivers)):
        by_name = {node.name: node_words(node) for node in graph.nodes}
        moved = dict.fromkeys(by_name[curve.node] for curve in curves if curve.node in by_name)
        if moved:
            yield f"{words} move values of {listed([f'the {name}' for name in moved])}."


def _telling(graph: Graph) -> Iterator[Statement]:
    """The statements of a paragraph that say what to build: the first counts nodes, the last ones what is of no use."""
    for statement in description(graph, "paragraph")[1:]:
        if not re.match(r"(?:\w+ nodes? (?:leads?|is|are) |\w+ links? )", statement.text):
            yield statement


def full(graph: Graph, plain: Plain, choice: str) -> str:
    """Every node with what is set, and every link: as lists, or node by node where all nodes lead to an output."""
    if idle(View(graph)) or has_rivals(graph) or int(choice[20:24], 16) % 2:
        return " ".join([in_words(graph, plain), *animated(graph)])
    told = [statement.text for statement in description(graph, "full", plain)[1:]]
    return " ".join([*without_bare(told), *animated(graph)])


def without_bare(told: list[str]) -> list[str]:
    """Sentences without those that only name a node of which another says where it leads."""

    def bare(text: str) -> bool:
        words = text.removesuffix(".")
        froms = (f"from {words}", f"from {words[:1].lower()}{words[1:]}")
        return any(words in other for words in froms for other in told)

    return [text for text in told if not bare(text)]
