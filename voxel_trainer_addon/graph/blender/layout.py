# SPDX-License-Identifier: GPL-3.0-or-later
"""How a tree looks, and what is kept without an effect: names, places, frames, custom properties, stored values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..flow import REROUTE
from ..model import Graph, Node, Socket, Value
from ..steps import TREE, At, Place, Set
from . import items
from .read import SOCKET_LAYOUT, socket_value
from .rna import NODE_LAYOUT, short
from .stage import Loop


def lay_out(loop: Loop, graph: Graph, made: Sequence[Node]) -> None:
    """Give the tree and those of its nodes that were made the layout of the graph."""
    live = {node.name: loop.stage.things[f"node/{node.name}"] for node in made}
    loop.fit(TREE, loop.stage.things[TREE.base], graph.layout)
    loop.custom(TREE, loop.stage.things[TREE.base], graph.layout)
    usual: Looks = ({}, {}) if graph.sparse else (NODE_LAYOUT, SOCKET_LAYOUT)
    for node in made:
        place = Place(f"node/{node.name}")
        for side, wanted in (("inputs", node.inputs), ("outputs", node.outputs)):
            sockets = getattr(live[node.name], side)
            for n, want in enumerate(wanted):
                if graph.sparse:
                    if want.value is None and not want.layout:
                        continue
                    n = items.index_of(sockets, want.identifier)
                if n < len(sockets):
                    at = place / side / items.key(sockets, n)
                    _socket(loop, at, sockets[n], want, node.type != REROUTE, usual[1])
        _look(loop, place, live[node.name], node, usual[0])
    for node in made:  # a place is told from the frame's, so all frames are set before
        if "location" in node.layout:
            loop.set(Place(f"node/{node.name}"), live[node.name], "location", node.layout["location"], _plain)
    give_names(loop, {n.name: live[n.name] for n in made if "name" in n.layout or not graph.sparse})


Looks = tuple[Mapping[str, Value], Mapping[str, Value]]
"""What nodes and sockets look like where a graph says nothing of it; what a sparse one doesn't tell stays as it is."""


def _socket(loop: Loop, place: Place, socket: Any, want: Socket, holds: bool, usual: Mapping[str, Value]) -> None:
    if holds and want.value is not None and socket_value(socket) != want.value:
        loop.set(place, socket, "default_value", want.value, lambda _: socket_value(socket))
    looks = {**usual, **want.layout}
    for name in SOCKET_LAYOUT:
        if name in looks and hasattr(socket, name):
            loop.set(place, socket, name, looks[name], bool)
    loop.custom(place, socket, want.layout)


def _look(loop: Loop, place: Place, live: Any, node: Node, usual: Mapping[str, Value]) -> None:
    if "parent" in node.layout:
        loop.do(Set(place, "parent", Place(f"node/{node.layout['parent']}")))
    looks = {**usual, **node.layout}
    for name in NODE_LAYOUT:
        want = looks.get(name)
        if want is not None and hasattr(live, name):
            loop.set(place, live, name, want, _plain)
    _narrow(loop, place, live, node)
    if node.layout.keys() & {"color", "use_custom_color"}:
        loop.do(Set(place, "use_custom_color", True))
    if "color" in node.layout:
        loop.set(place, live, "color", node.layout["color"], _plain)
    panels = getattr(live, "panel_states", ())
    for n, (panel, closed) in enumerate(zip(panels, node.layout.get("panels", ()), strict=False)):
        if closed is not None:
            loop.set(place / "panel_states" / At(n), panel, "is_collapsed", closed, bool)
    loop.custom(place, live, node.layout)


def _narrow(loop: Loop, place: Place, live: Any, node: Node) -> None:
    """Older versions let nodes be narrower than the smallest width of their type, which can be moved meanwhile."""
    width, least = node.layout.get("width"), short(live.bl_width_min)
    if width is not None and width < least and node.type != REROUTE:
        loop.do(Set(place, "bl_width_min", width))
        loop.set(place, live, "width", width, _plain)
        loop.do(Set(place, "bl_width_min", least))


def give_names(loop: Loop, live: Mapping[str, Any]) -> None:
    """Give each of these nodes its name; one that another node still has waits, and a ring of them is broken open. What
    a node beside these has already cannot be given: Blender puts a number behind it."""
    ours = {node.as_pointer() for node in live.values()}
    others = {node.name for node in loop.stage.things[TREE.base].nodes if node.as_pointer() not in ours}
    lost = [name for name in live if name in others]
    for name in lost:  # out of the way of the others
        loop.set(Place(f"node/{name}"), live[name], "name", "swap", str)
    todo = [name for name, node in live.items() if node.name != name and name not in others]
    while todo:
        held = {node.name for node in live.values()}
        ready = [name for name in todo if name not in held]
        if not ready:
            loop.set(Place(f"node/{todo[0]}"), live[todo[0]], "name", "swap", str)
        for name in ready:
            if not loop.set(Place(f"node/{name}"), live[name], "name", name, str):
                todo.remove(name)
        todo = [name for name in todo if live[name].name != name]
    for name in lost:
        loop.set(Place(f"node/{name}"), live[name], "name", name, str)


def _plain(value: Any) -> Value:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
