# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact form back to sparse graphs, which the builder makes: only what differs from a fresh tree is mentioned."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from .compact import FORMAT, SIDES
from .model import Animation, Curve, Found, Graph, Item, Link, Node, Socket, Value
from .steps import At, Call, Place, Step, Waste


def graphs(form: Mapping[str, Value]) -> list[Graph]:
    """The trees of a compact form as sparse graphs, groups before their users; the builder takes them.

    Raises ValueError with a sentence where it is no such form or names a node that is not there.
    """
    if form.get("format") != FORMAT:
        raise ValueError(f"It says format {form.get('format')!r}, not {FORMAT!r}.")
    return [_Tree(tree).graph() for tree in form["trees"]]


def collection_calls(place: Place, told: Mapping[str, Value]) -> list[tuple[str, tuple[Value, ...]]]:
    """The calls that a collection's edits stand for, as (method, arguments), in order."""
    calls: list[tuple[str, tuple[Value, ...]]] = [("clear", ())] if told.get("clear") else []
    calls += [("remove", (place / At(index),)) for index in told.get("remove", ())]
    return calls + [(name, tuple(args)) for name in ("new", "insert", "add") for args in told.get(name, ())]


def item_step(node: Place, collection: str, what: str, *args: Value) -> Step:
    """The step that one row of a node's `items` stands for."""
    place = node / collection
    if what not in ITEM_CALLS:
        raise ValueError(f"“{what}” is nothing that is done to items.")
    if what == "skip":
        count, *given = args
        return Waste(place, "new", tuple(given), {}, count)
    return Call(place, what, (place / At(args[0]),) if what == "remove" else args)


ITEM_CALLS = frozenset({"new", "skip", "remove", "move"})


class _Tree:
    """One tree of a form. Nodes are called by their own names where these are told, else as in the form."""

    def __init__(self, tree: Mapping[str, Value]) -> None:
        self.tree = tree
        self.nodes: Mapping[str, Mapping[str, Value]] = tree.get("nodes", {})
        self.called: dict[str, str] = {name: node["name"] for name, node in self.nodes.items() if "name" in node}
        for name in self.nodes:
            self.called.setdefault(name, _free(name, set(self.called.values())))
        self.sockets = {name: {side: _sockets(node, side) for side in SIDES} for name, node in self.nodes.items()}

    def graph(self) -> Graph:
        links = self.links()
        moves = {"moves": self.tree["moves"]} if "moves" in self.tree else {}
        return Graph(
            self.tree["key"],
            self.tree["type"],
            tuple(self.node(name, node) for name, node in self.nodes.items()),
            links,
            tuple(_item(n, item) for n, item in enumerate(self.tree.get("interface", ()))),
            self.tree.get("settings", {}),
            {**self.tree.get("layout", {}), **moves},
            sparse=True,
            animation=self.animation(),
        )

    def name(self, node: str, what: str) -> str:
        if node not in self.called:
            raise ValueError(f"{self.tree['key']}: {what} names “{node}”, and no node is called so.")
        return self.called[node]

    def links(self) -> tuple[Link, ...]:
        """The links; sockets that nothing else tells of join those of their nodes."""
        links: list[Link] = []
        orders: Counter[tuple[str, str]] = Counter()
        for source, output, target, entry, *muted in self.tree.get("links", ()):
            start, end = self.name(source, "a link"), self.name(target, "a link")
            outputs, inputs = self.sockets[source]["outputs"], self.sockets[target]["inputs"]
            outputs.setdefault(output, Socket(output, socket_name(output), ""))
            inputs.setdefault(entry, Socket(entry, socket_name(entry), ""))
            order = orders[target, entry]
            orders[target, entry] += 1
            ends = start, list(outputs).index(output), end, list(inputs).index(entry)
            links.append(Link(*ends, "muted" in muted, order))
        return tuple(links)

    def node(self, name: str, told: Mapping[str, Value]) -> Node:
        looks = {key: value for key, value in told.get("layout", {}).items() if key not in SIDES}
        if "parent" in looks:
            looks["parent"] = self.name(looks["parent"], "a node")
        if "panels" in looks:
            told_panels = looks["panels"]
            looks["panels"] = [told_panels.get(str(n)) for n in range(max(map(int, told_panels)) + 1)]
        looks |= {key: told[key] for key in ("name", "items") if key in told}
        inputs, outputs = (tuple(self.sockets[name][side].values()) for side in SIDES)
        pair = self.name(told["pair"], "a pair") if "pair" in told else None
        return Node(self.called[name], told["type"], told.get("settings", {}), inputs, outputs, pair, looks)

    def animation(self) -> Animation:
        told = self.tree.get("animation", {})
        settings = told.get("settings", {})
        if told.get("keys") and not settings.get("action"):
            raise ValueError(f"{self.tree['key']}: there are keyframes, and no action that holds them.")
        drivers, keys = (tuple(map(self.curve, told.get(kind, ()))) for kind in ("drivers", "keys"))
        return Animation(drivers, keys, settings)

    def curve(self, told: Mapping[str, Value]) -> Curve:
        node = self.name(told["node"], "a curve") if "node" in told else None
        rest = told.get("index", 0), told.get("settings", {}), node
        return Found(told["property"], *rest) if "property" in told else Curve(told["path"], *rest)


def _sockets(node: Mapping[str, Value], side: str) -> dict[str, Socket]:
    values, looks = node.get(side, {}), node.get("layout", {}).get(side, {})
    return {
        key: Socket(key, socket_name(key), "", value=values.get(key), layout=looks.get(key, {}))
        for key in {**values, **looks}
    }


def socket_name(key: str) -> str:
    """What a socket is called, as far as the form knows: forms that were read from code have names, others
    identifiers."""
    (name,) = json.loads(key) if key.startswith("[") else (key,)
    return str(name)


def _item(n: int, told: Mapping[str, Value]) -> Item:
    """An item of the interface; Blender counts those that are told no identifier."""
    identifier = told.get("identifier", str(n) if told["kind"] == "PANEL" else f"Socket_{n}")
    looks = {"custom": told["custom"]} if "custom" in told else {}
    return Item(told["kind"], told["name"], told.get("settings", {}), told.get("parent"), identifier, looks)


def _free(name: str, taken: set[str]) -> str:
    free, n = name, 1
    while free in taken:
        n += 1
        free = f"{name}_{n}"
    return free
