# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of a tree at three lengths: a line, a paragraph, everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..describe import Plain
from ..model import Graph
from . import about_nodes, about_tree
from .clauses import Cast
from .compositing import COMPOSITING
from .phrases import listed, noun
from .shading import SHADING
from .shaping import SHAPING
from .statement import Statement
from .technique import MOST, Technique
from .view import View

TECHNIQUES: tuple[Technique, ...] = (*SHADING, *SHAPING, *COMPOSITING)
LENGTHS = ("line", "paragraph", "full")
IN_A_LINE = 3
IN_A_PARAGRAPH = 12


@dataclass(frozen=True)
class Found:
    """A technique and its castings in one tree, each with the nodes that it rests on."""

    technique: Technique
    castings: tuple[tuple[Cast, frozenset[str]], ...]


def recognised(graph: Graph) -> list[Found]:
    """The techniques of a tree, most particular first."""
    return _recognised(View(graph))


def _recognised(view: View) -> list[Found]:
    found = [Found(each, tuple(each.castings(view))) for each in TECHNIQUES if each.suits(view)]
    return sorted((f for f in found if f.castings), key=lambda f: -len(f.technique.roles))


def description(graph: Graph, length: str = "paragraph", plain: Plain | None = None) -> list[Statement]:
    """The statements of a description, in order. `plain`: node type → that node as Blender makes it; where it is known
    only what differs is told. Raises ValueError for an unknown length."""
    if length not in LENGTHS:
        raise ValueError(f"length is one of {', '.join(LENGTHS)}, not {length!r}")
    view = View(graph)
    return list({"line": _line, "paragraph": _paragraph, "full": _full}[length](view, plain or {}))


def text(statements: list[Statement], *, lines: bool = False) -> str:
    """The sentences as one text, or one a line."""
    return ("\n" if lines else " ").join(statement.text for statement in statements)


def _line(view: View, plain: Plain) -> Iterator[Statement]:
    found = _recognised(view)
    names = list(dict.fromkeys(f.technique.name for f in found))[:IN_A_LINE]
    what = noun(view.graph.key, view.graph.type)
    if names:
        nodes = {name for f in found if f.technique.name in names for _, rests in f.castings for name in rests}
        told = [f for f in found if f.technique.name in names]

        def check(view: View) -> bool:
            there = {name: any(f.technique.name == name and _still(f, view) for f in told) for name in names}
            return noun(view.graph.key, view.graph.type) == what and all(there.values())

        ordered = tuple(name for name in view.nodes if name in nodes)
        yield Statement(f"{what.capitalize()} with {listed(names)}.", ordered, check)
        return
    if "Undefined" in view.graph.type:
        unknown = "Node tree of a type that this Blender does not know."
        yield Statement(unknown, (), lambda view: "Undefined" in view.graph.type)
        return
    kinds = about_tree.kinds_used(view, IN_A_LINE)
    of = f" made of {listed(kinds)}" if kinds else " without nodes"
    yield Statement(
        f"{what.capitalize()}{of}.",
        (),
        lambda view: noun(view.graph.key, view.graph.type) == what and about_tree.kinds_used(view, IN_A_LINE) == kinds,
    )


def _still(found: Found, view: View) -> bool:
    """Whether one of the castings still makes the technique's sentence true."""
    return any(_true(found.technique, view, cast) for cast, _ in found.castings)


def _true(technique: Technique, view: View, cast: Cast) -> bool:
    return next(technique.found(view, cast), None) is not None


def _paragraph(view: View, plain: Plain) -> Iterator[Statement]:
    yield about_tree.size(view)
    yield from about_tree.refused(view)
    yield from about_tree.interface(view)
    yield from about_nodes.main_way(view)
    for found in _recognised(view)[:IN_A_PARAGRAPH]:
        yield _of_technique(view, found, 0)
    yield about_tree.made_of(view)
    yield from about_tree.data_used(view)
    yield from about_tree.without_effect(view)


def _full(view: View, plain: Plain) -> Iterator[Statement]:
    yield about_tree.size(view)
    yield from about_tree.refused(view)
    yield from about_tree.interface(view)
    yield from about_tree.sockets(view)
    yield from about_nodes.main_way(view)
    for found in _recognised(view):
        sentences = [found.technique.sentence(view, cast) for cast, _ in found.castings]
        for words in dict.fromkeys(sentences):
            yield _of_technique(view, found, sentences.index(words))
    yield from about_tree.groups_used(view)
    yield from about_tree.data_used(view)
    yield from about_nodes.nodes(view, plain)
    yield from about_tree.without_effect(view)


def _of_technique(view: View, found: Found, at: int) -> Statement:
    """One casting of a technique in words, with the number of places where the same words are true."""
    technique = found.technique
    words = technique.sentence(view, found.castings[at][0])
    alike = [(cast, rests) for cast, rests in found.castings if technique.sentence(view, cast) == words]
    once = len(alike) == 1 or words.startswith("It ")
    places = "" if once else f", in {'more than ' if len(alike) >= MOST else ''}{len(alike)} places"
    nodes = {name for _, rests in alike for name in rests}

    def check(view: View) -> bool:
        return all(
            all(name in view.nodes for name in cast.values())
            and _true(technique, view, cast)
            and technique.sentence(view, cast) == words
            for cast, _ in alike
        )

    return Statement(f"{words}{places}.", tuple(name for name in view.nodes if name in nodes), check)
