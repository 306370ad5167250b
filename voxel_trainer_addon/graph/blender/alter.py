# SPDX-License-Identifier: GPL-3.0-or-later
"""A live tree brought to what another graph says, in the builder's closed loop: only what differs is done and told.

Nodes and interface items that stay keep their things. A node that goes is `gone/<name>`, an item `lost/<place>`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..canonical import interface_form
from ..diff import called_alike, kept_items, paired
from ..flow import FRAME
from ..frames import by_frame
from ..model import Graph, Link
from ..steps import TREE, At, Call, Place, Set, Step
from . import items
from .build import Builder
from .interface import INTERFACE, Interface

Told = tuple[str, int, bool]
"""A link at its input: base of the node that it comes from, the output's place, whether it is muted."""


@dataclass(frozen=True)
class Altered:
    """The steps that changed a tree; `found`: base of a thing that was there before → what finds it: the name of a
    node, the name of an interface item or its place. `new`: node of the graph → the live one that was made for it."""

    steps: tuple[Step, ...]
    found: Mapping[str, str | int]
    new: Mapping[str, Any]


def alter(
    live: Any, names: Mapping[str, str], before: Graph, after: Graph, pairs: Mapping[str, str] | None = None
) -> Altered:
    """Bring the live tree, which means what `before` does, to `after`, whose groups and data are there.

    `names`: node of `before` → its name in the live tree; `pairs`: node of `before` → the one of `after` that it is, by
    their likeness where that is not told. What Blender refuses is left out, and shows when the result
    is compared. Raises what Blender raises, and NotTaken.
    """
    return _Alterer(live, names, before, after, paired(before, after)[0] if pairs is None else pairs).altered()


class _Alterer(Builder):
    """Builds what is not there yet, and takes away what should not be."""

    def __init__(
        self, live: Any, names: Mapping[str, str], before: Graph, after: Graph, pairs: Mapping[str, str]
    ) -> None:
        super().__init__(called_alike(before, after, pairs), layout=False, limit_s=float("inf"))
        self.tree = self.stage.things[TREE.base] = live
        self.before = before
        self.names = {name: f"node/{pairs[name]}" if name in pairs else f"gone/{name}" for name in names}
        self.found: dict[str, str | int] = {}
        for name, base in self.names.items():
            self.stage.things[base] = live.nodes[names[name]]
            self.found[base] = names[name]
            if base.startswith("node/"):
                self.made[base.removeprefix("node/")] = -1
        self.ends = float("inf")

    def altered(self) -> Altered:
        self.order = by_frame(self.graph)
        self.first = [node for node in self.order if node.type != FRAME]
        for base in self.names.values():
            if base.startswith("gone/"):
                self.do(Call(TREE / "nodes", "remove", (Place(base),)))
                del self.stage.things[base]
        self.fit(TREE, self.tree, self.graph.settings)
        self.alter_interface()
        for phase in ("make", "first_settings"):
            self.work(phase)
        self.unlink()
        for phase in ("links_into", "socket_values"):
            self.work(phase)
        self.finish()
        new = {name: self.stage.things[f"node/{name}"] for name, turn in self.made.items() if turn >= 0}
        return Altered(tuple(self.steps), self.found, new)

    def animate(self) -> None:
        """What moves the tree stays as it is."""

    # Links

    def unlink(self) -> None:
        """Remove links that should not be there, and see which of the wanted ones are. One that another will take the
        place of goes by itself; those of an input for several come again from the first that is out of its place."""
        wanted: dict[tuple[str, int], list[Link]] = defaultdict(list)
        for link in sorted(self.graph.links, key=lambda link: link.order):
            wanted[f"node/{link.target}", link.input].append(link)
        for place, found in self.live_links().items():
            links = wanted[place]
            if links and not self.stage.things[place[0]].inputs[place[1]].is_multi_input:
                self.linked.update(link for link in links if self.start_of(link) == found[0])
                continue
            stay = [told for told in found if told in map(self.start_of, links)]
            after = [self.start_of(link) for link in links]
            while stay != after[: len(stay)]:
                stay.pop()
            self.linked.update(links[: len(stay)])
            for told in found:
                if told in stay:
                    stay.remove(told)
                else:
                    self.remove_link(place, told)

    def start_of(self, link: Link) -> Told:
        """The start of a wanted link and whether it is muted."""
        source, base = self.nodes[link.source], f"node/{link.source}"
        outputs = self.stage.things[base].outputs if base in self.stage.things else ()
        return base, items.output_index(source, link.output, outputs), link.muted

    def live_links(self) -> dict[tuple[str, int], list[Told]]:
        """What is linked into each input (base of a node, place) now, in its order."""
        bases = {thing.as_pointer(): base for base, thing in self.stage.things.items() if base.startswith("node/")}
        into: dict[tuple[str, int], list[tuple[int, Told]]] = defaultdict(list)
        for link in self.tree.links:
            source, target = (bases.get(node.as_pointer()) for node in (link.from_node, link.to_node))
            if source and target:
                output, entry = list(link.from_node.outputs), list(link.to_node.inputs)
                told = source, output.index(link.from_socket), link.is_muted
                into[target, entry.index(link.to_socket)].append((link.multi_input_sort_id, told))
        return {place: [told for _, told in sorted(found)] for place, found in into.items()}

    def remove_link(self, place: tuple[str, int], told: Told) -> None:
        base, entry = place
        source, output, muted = told
        sockets, start = self.stage.things[base].inputs, self.stage.things[source].outputs[output]
        for n, link in enumerate(sockets[entry].links):
            if link.from_socket == start and link.is_muted == muted:
                where = Place(base) / "inputs" / items.key(sockets, entry)
                self.do(Call(TREE / "links", "remove", (where / "links" / At(n),)))
                return

    # The interface

    def alter_interface(self) -> None:
        """Bring the interface to what it should be; items that stay are known by kind and name, or by their place."""
        wanted, live = self.graph.interface, self.tree.interface.items_tree
        self.interface = Interface(self, self.graph, False)
        kept = kept_items(self.before.interface, wanted)
        things = list(live)
        bases = {n: f"item/{kept[n]}" if n in kept else f"lost/{n}" for n in range(len(things))}
        for n, base in bases.items():
            self.stage.things[base] = things[n]
            name = things[n].name if things[n].item_type == "SOCKET" else ""
            alone = name and sum(other.name == name for other in things) == 1
            self.found[base] = name if alone else n
        for n in reversed(range(len(things))):
            if n not in kept:
                self.do(Call(INTERFACE, "remove", (Place(bases[n]),)))
        there = set(kept.values())
        for n, item in enumerate(wanted):
            if n not in there:
                self.interface.make_item(n)
            elif self.stage.things[f"item/{n}"].name != item.name:
                self.do(Set(Place(f"item/{n}"), "name", item.name))
        for n in sorted(there):
            self.interface.settle(n)
        if shape(wanted) != shape(self.before.interface) or len(there) < len(wanted):
            self.interface.move()


def shape(wanted: Sequence[Any]) -> list[tuple[str, str, Any]]:
    """What stands where in an interface."""
    return [(item["kind"], item["name"], item["panel"]) for item in interface_form(wanted)]
