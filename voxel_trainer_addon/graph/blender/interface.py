# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of a tree, built in the closed loop; with layout, identifiers and raw order are as in the file too."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..model import Graph, Item
from ..steps import DATA, TREE, At, Call, Fetch, Note, Place, Set, Waste
from . import items
from .read import interface_item
from .stage import Loop

INTERFACE = TREE / "interface"
NUMBERED = re.compile(r"(?:Socket_)?(\d+)")


class Interface:
    """Makes the items that a graph wants, in the loop of its tree."""

    def __init__(self, loop: Loop, graph: Graph, layout: bool) -> None:
        self.loop, self.wanted, self.layout = loop, graph.interface, layout
        self.told_moves = graph.layout.get("moves", ()) if graph.sparse else None

    def make(self) -> None:
        if self.layout:
            for n in creation_order(self.wanted):
                if isinstance(n, Waste):
                    self.loop.do(n)
                else:
                    self.make_item(n)
            self.move()
            for n in range(len(self.wanted)):
                self.settle(n)
            self.tell_mapped()
        else:
            for n in range(len(self.wanted)):
                self.make_item(n)

    def make_item(self, n: int) -> None:
        item, base = self.wanted[n], f"item/{n}"
        parent = None if item.parent is None else Place(f"item/{item.parent}")
        there = parent is not None and parent.base in self.loop.stage.things
        if item.kind == "PANEL":
            closed = {"default_closed": True} if item.settings.get("default_closed") else {}
            self.loop.do(Call(INTERFACE, "new_panel", (item.name,), closed, base))
            if there:
                self.loop.do(Call(INTERFACE, "move_to_parent", (Place(base), parent, len(self.wanted))))
        else:
            in_out, kind = item.kind.split(" ", 1)
            named = {"in_out": in_out, "socket_type": kind, **({"parent": parent} if there else {})}
            self.loop.do(Call(INTERFACE, "new_socket", (item.name,), named, base))
        self.settle(n)

    def settle(self, n: int) -> None:
        item, base = self.wanted[n], f"item/{n}"
        made = self.loop.stage.things[base]
        if "dimensions" in item.settings and made.dimensions != item.settings["dimensions"]:
            index = made.index
            self.loop.do(Set(Place(base), "dimensions", item.settings["dimensions"]))
            made = self.loop.do(Fetch(base, INTERFACE / "items_tree" / At(index)))
        if item.settings.get("subtype") == "" and made.subtype:
            self.unsigned(Place(base))
        self.loop.fit(Place(base), made, item.settings)
        if self.layout:
            self.loop.custom(Place(base), made, item.layout)

    def unsigned(self, item: Place) -> None:
        """Give an item the subtype UNSIGNED, which has no name in interfaces: taken over from a node that has it."""
        kind, socket = items.UNSIGNED
        helper, node = Place("helper"), Place("unsigned")
        self.loop.do(Call(DATA / "node_groups", "new", (helper.base, "GeometryNodeTree"), result=helper.base))
        self.loop.do(Call(helper / "nodes", "new", (kind,), result=node.base))
        self.loop.do(Call(item, "from_socket", (node, node / "inputs" / At(socket))))
        self.loop.do(Call(DATA / "node_groups", "remove", (helper,)))

    def values(self) -> None:
        """Defaults again: a menu has its items only after the links."""
        for n, item in enumerate(self.wanted):
            if "default_value" in item.settings:
                self.loop.fit(Place(f"item/{n}"), self.loop.stage.things[f"item/{n}"], item.settings)

    def move(self) -> None:
        """Bring every item under its panel, then to its place there: sockets that still stand where others belong would
        count in the places of panels, which come after all sockets. A sparse graph tells how."""
        if self.told_moves is not None:
            for n, place, *panel in self.told_moves:
                args = (Place(f"item/{n}"), *(Place(f"item/{above}") for above in panel), place)
                self.loop.tried(Call(INTERFACE, "move_to_parent" if panel else "move", args))
            return
        for parent, children in _by_parent(self.wanted).items():
            for n in children if parent is not None else ():
                if n not in self.children(parent):
                    args = (Place(f"item/{n}"), Place(f"item/{parent}"), len(self.wanted))
                    self.loop.do(Call(INTERFACE, "move_to_parent", args))
        for parent, children in _by_parent(self.wanted).items():
            for position, n in enumerate(children):
                if self.children(parent)[position : position + 1] != [n]:
                    self.loop.do(Call(INTERFACE, "move", (Place(f"item/{n}"), position)))

    def children(self, parent: int | None) -> list[int]:
        """The items that a panel (None: the tree) has now, in order, by their index in the graph."""
        things = self.loop.stage.things
        made = {things[f"item/{n}"].as_pointer(): n for n in range(len(self.wanted))}
        above = None if parent is None else things[f"item/{parent}"].as_pointer()
        found = []
        for item in self.loop.stage.live(INTERFACE).items_tree:
            holder = item.parent if item.parent is not None and item.parent.index >= 0 else None
            if (None if holder is None else holder.as_pointer()) == above and item.as_pointer() in made:
                found.append(made[item.as_pointer()])
        return found

    def tell_mapped(self) -> None:
        """Say which identifiers Blender could not be given."""
        pairs = []
        for n, item in enumerate(self.wanted):
            there = interface_item(self.loop.stage.things[f"item/{n}"]).identifier
            if item.identifier and there and there != item.identifier:
                pairs.append(f"{item.identifier} is {there}")
        if pairs:
            self.loop.do(Note("Identifiers that no script can set: " + ", ".join(pairs) + "."))


def number(item: Item) -> int | None:
    """The number that an identifier of today counts; None for those of files from 3.x (`Input_3`) and unknown ones."""
    found = NUMBERED.fullmatch(item.identifier)
    return int(found[1]) if found else None


def creation_order(wanted: Sequence[Item]) -> Iterator[int | Waste]:
    """In which order to make the items, with others made and removed between, so that Blender, which counts from 0,
    gives each the number it should have. Items without a number fill the gaps, in their order."""
    numbered = {number(item): n for n, item in enumerate(wanted)}
    free = [n for n, item in enumerate(wanted) if number(item) is None or numbered[number(item)] != n]
    numbered.pop(None, None)
    gap = 0
    for place in range(max((n for n in numbered if n is not None), default=-1) + 1):
        n = numbered.get(place, free.pop(0) if place not in numbered and free else None)
        if n is None:
            gap += 1
            continue
        if gap:
            yield waste(gap)
            gap = 0
        yield n
    yield from free


def waste(count: int) -> Waste:
    return Waste(INTERFACE, "new_socket", ("unused",), {"socket_type": "NodeSocketFloat"}, count)


def _by_parent(wanted: Sequence[Item]) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = defaultdict(list)
    for n, item in enumerate(wanted):
        found[item.parent].append(n)
    return found
