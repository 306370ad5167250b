# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements about a tree as a whole: what it is, what it takes and gives, what it uses, what is of no use in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..menu import type_words
from ..model import Graph, Item, Node
from .phrases import KINDS, article, counted, listed, measured, noun
from .statement import Statement
from .view import ENDS, VIEWERS, View

UNITS = {
    "ANGLE": "°",
    "EULER": "°",
    "DISTANCE": "m",
    "TRANSLATION": "m",
    "WAVELENGTH": "nm",
    "COLOR_TEMPERATURE": "K",
    "TIME_ABSOLUTE": "s",
    "PIXEL": "px",
}
"""Subtype of an interface socket → its unit."""
HOLDS = {
    "Float": "number",
    "Int": "whole number",
    "Bool": "yes or no",
    "String": "text",
    "Geometry": "geometry",
    "Image": "image",
}
SHARES = ("PERCENTAGE", "FACTOR")
MANY = 12


def socket_items(graph: Graph, way: str) -> list[Item]:
    """The sockets of the interface on one side, `INPUT` or `OUTPUT`."""
    return [item for item in graph.interface if item.kind.startswith(f"{way} ")]


def doing(view: View) -> list[Node]:
    """The nodes that do something: all but the group's own ends."""
    return [node for node in view.nodes.values() if node.type not in ("NodeGroupInput", "NodeGroupOutput")]


def size(view: View) -> Statement:
    """What it is and how large."""
    graph = view.graph
    what, number_of, groups = noun(graph.key, graph.type), len(doing(view)), set(graph.groups)
    inside = f", {counted(len(groups), 'group')} used" if groups else ""
    text = f"This {what} has {counted(number_of, 'node')}{inside}."

    def check(view: View) -> bool:
        now = view.graph
        same = noun(now.key, now.type) == what and set(now.groups) == groups
        return same and len(doing(view)) == number_of

    return Statement(text, (), check)


def interface(view: View) -> Iterator[Statement]:
    """What a group takes and gives, by name."""
    parts: list[str] = []
    names: dict[str, list[str]] = {}
    for way, verb in (("INPUT", "takes"), ("OUTPUT", "gives")):
        names[way] = [item.name for item in socket_items(view.graph, way)]
        if names[way]:
            more = len(names[way]) - MANY
            told = names[way][:MANY] + ([f"{more} more"] if more > 0 else [])
            parts.append(f"{verb} {listed(told)}")
    if parts:
        yield Statement(
            f"It {listed(parts)}.",
            (),
            lambda view: all([i.name for i in socket_items(view.graph, way)] == names[way] for way in names),
        )


def socket_words(item: Item) -> str:
    """One input of a group: its kind, what it is unless set, its range and unit."""
    kind = item.kind.split(" ", 1)[1].removeprefix("NodeSocket")
    holds = HOLDS.get(kind, kind.lower())
    settings = item.settings
    subtype = str(settings.get("subtype", "NONE"))
    unit = UNITS.get(subtype, "")
    parts = [holds if kind in ("Bool", "String", "Geometry") else article(holds)]
    if unit and unit != "°":
        parts[0] += f" in {unit}"
    default = settings.get("default_value")
    usual = measured(default, unit) if default is not None else None
    if usual is not None and kind != "Geometry":
        parts.append(f"{usual} unless set")
    low, high = settings.get("min_value"), settings.get("max_value")
    if isinstance(low, int | float) and isinstance(high, int | float):
        bounded = (low > -1e9 and f"from {measured(low, unit)}"), (high < 1e9 and f"up to {measured(high, unit)}")
        parts += [" ".join(words for words in bounded if words)] if any(bounded) else []
    if settings.get("description"):
        parts.append(f'told as "{settings["description"]}"')
    return f"{item.name}: {', '.join(parts)}"


def sockets(view: View) -> Iterator[Statement]:
    """Each input of a group in a sentence."""
    for n, item in enumerate(view.graph.interface):
        if item.kind.startswith("INPUT "):

            def check(view: View, n: int = n, item: Item = item) -> bool:
                there = view.graph.interface
                return n < len(there) and there[n] == item

            yield Statement(f"Input {socket_words(item)}.", (), check)


def kinds_used(view: View, limit: int) -> list[str]:
    """The most frequent node kinds, by name where they are equally frequent."""
    count = Counter(f'the group "{node.group}"' if node.group else type_words(node.type) for node in doing(view))
    told = [f"{n} × {words}" if n > 1 else words for words, n in count.most_common(limit)]
    rest = len(count) - limit
    return told + ([f"{rest} more kind{'s' if rest > 1 else ''}"] if rest > 0 else [])


def made_of(view: View, limit: int = 6) -> Statement:
    """Which nodes it is made of."""
    told = kinds_used(view, limit)
    text = f"It is made of {listed(told)}." if told else "It is empty."
    return Statement(text, (), lambda view: kinds_used(view, limit) == told)


def referred(node: Node) -> Iterator[tuple[str, str]]:
    """(kind, name) of the data-blocks that a node names, groups apart."""

    def inside(value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping):
            if "id" in value and "name" in value:
                yield str(value["id"]), str(value["name"])
            else:
                for part in value.values():
                    yield from inside(part)
        elif isinstance(value, list):
            for part in value:
                yield from inside(part)

    for value in (*node.settings.values(), *(socket.value for socket in node.inputs if socket.available)):
        yield from ((kind, name) for kind, name in inside(value) if kind != "NODETREE")


def data_used(view: View) -> Iterator[Statement]:
    """Images, objects, collections … that it names, a statement for each kind."""
    found: dict[str, dict[str, list[str]]] = {}
    for node in view.nodes.values():
        for kind, name in referred(node):
            found.setdefault(kind, {}).setdefault(name, []).append(node.name)
    for kind, by_name in found.items():
        names = list(by_name)
        noun_of = KINDS.get(kind, kind.lower().replace("_", " "))
        told = [f'"{name}"' for name in names[:MANY]]
        told += [f"{len(names) - MANY} more"] if len(names) > MANY else []
        nodes = tuple(name for name in view.nodes if any(name in users for users in by_name.values()))

        def check(view: View, kind: str = kind, names: list[str] = names) -> bool:
            there = [pair for node in view.nodes.values() for pair in referred(node)]
            return list(dict.fromkeys(name for k, name in there if k == kind)) == names

        yield Statement(f"It uses the {noun_of}{'s' if len(names) > 1 else ''} {listed(told)}.", nodes, check)


def groups_used(view: View) -> Iterator[Statement]:
    """The groups that it uses, with how often."""
    count = Counter(node.group for node in view.nodes.values() if node.group)
    if count:
        told = [f'"{name}"' + (f" {n} times" if n > 1 else "") for name, n in count.items()]
        told = told[:MANY] + ([f"{len(told) - MANY} more"] if len(told) > MANY else [])
        nodes = tuple(node.name for node in view.nodes.values() if node.group)
        text = f"It uses the group{'s' if len(count) > 1 else ''} {listed(told)}."
        yield Statement(text, nodes, lambda view: Counter(n.group for n in view.nodes.values() if n.group) == count)


def idle(view: View) -> list[str]:
    """Nodes that lead neither to an output nor to a viewer; empty in a tree without ends."""
    if not any(node.type.startswith(ENDS) for node in view.nodes.values()):
        return []
    ends = tuple((*ENDS, *VIEWERS))
    return [
        name
        for name, node in view.nodes.items()
        if name not in view.live and name not in view.shown and not node.type.startswith(ends) and node.outputs
    ]


def without_effect(view: View) -> Iterator[Statement]:
    """What is there and does nothing: loose nodes, muted nodes, links that do not fit."""
    yield from loose(view)
    yield from muted(view)
    yield from misfits(view)


def loose(view: View) -> Iterator[Statement]:
    """The nodes that lead to no output."""
    names = idle(view)
    if names:
        verb = "leads" if len(names) == 1 else "lead"
        text = f"{counted(len(names), 'node').capitalize()} {verb} to no output."
        yield Statement(text, tuple(names), lambda view: idle(view) == names)


def muted(view: View) -> Iterator[Statement]:
    """The nodes that are muted."""
    names = _muted(view)
    if names:
        text = f"{counted(len(names), 'node').capitalize()} {'is' if len(names) == 1 else 'are'} muted."
        yield Statement(text, tuple(names), lambda view: _muted(view) == names)


def _muted(view: View) -> list[str]:
    return [name for name, node in view.nodes.items() if not view.works(node) and node.outputs]


def misfits(view: View) -> Iterator[Statement]:
    """The links that do not fit."""
    wrong = _misfits(view)
    if wrong:
        text = f"{counted(wrong, 'link').capitalize()} {'does' if wrong == 1 else 'do'} not fit and can bring nothing."
        yield Statement(text, (), lambda view: _misfits(view) == wrong)


def _misfits(view: View) -> int:
    return sum(not link.valid for link in view.graph.links)


def refused(view: View) -> Iterator[Statement]:
    """What this Blender does not know."""
    words = view.graph.refused
    if words:
        said = words.removeprefix("refused: ")
        yield Statement(
            f"No script can make it: {said}.".replace("..", "."), (), lambda view: view.graph.refused == words
        )
    if view.graph.missing:
        yield Statement("Its library is missing, so that its inside is not known.", (), lambda v: v.graph.missing)
