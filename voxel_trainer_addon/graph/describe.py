# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree told in words: each statement is read off the graph, and a value is told only where it is not the default."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .flow import fed_inputs
from .menu import type_words
from .model import Graph, Node, Socket
from .names import Names, wish
from .wires import real_nodes, wires

Plain = Mapping[str, Node]
"""Node type → that node as Blender makes it. What differs from it is worth telling."""

NOT_TOLD = {"node_tree", "color_mapping", "texture_mapping", "image_user", "mute", "use_custom_color"}
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def number(value: float) -> str:
    """A number as Blender stores it (32 bits), in as few digits as tell it apart; `about …` where four do not."""
    short = f"{value:.4g}"
    if struct.pack("f", float(short)) == struct.pack("f", value):
        return short if "e" in short or "." not in short else short.rstrip("0").rstrip(".")
    return f"about {short}"


def value_words(value: Any) -> str | None:
    """A stored value in words, or None where there are no short ones."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return value.lower().replace("_", " ") if value.isupper() else f'"{value}"' if value else None
    if isinstance(value, list) and 0 < len(value) <= 4 and all(isinstance(v, (int, float)) for v in value):
        numbers = [number(float(v)) for v in value]
        about = "about " if any(n.startswith("about ") for n in numbers) else ""
        return f"{about}({', '.join(n.removeprefix('about ') for n in numbers)})"
    return None


def literal(value: Any) -> str:
    """A value as code writes it, numbers as in words."""
    return repr(value) if isinstance(value, (bool, str)) else value_words(value) or repr(value)


def settings_told(node: Node, plain: Plain) -> Iterator[tuple[str, Any]]:
    """(property, value) of the settings that are not as Blender makes them and can be told shortly."""
    fresh = plain.get(node.type)
    for name, value in node.settings.items():
        if fresh is not None and name not in NOT_TOLD and fresh.settings.get(name) != value:
            stops = value.get("elements") if isinstance(value, Mapping) else None
            if isinstance(stops, list):
                yield f"{name} stops", len(stops)
            elif value_words(value) is not None:
                yield name, value


def values_told(node: Node, plain: Plain, fed: set[tuple[str, int]]) -> Iterator[tuple[int, Socket]]:
    """(index, socket) of the available inputs that no link feeds and whose value is not as Blender makes it."""
    fresh = plain.get(node.type)
    if fresh is None:
        return
    usual = {socket.identifier: socket.value for socket in fresh.inputs}
    for index, socket in enumerate(node.inputs):
        told = socket.available and (node.name, index) not in fed and socket.value != usual.get(socket.identifier)
        if told and value_words(socket.value) is not None:
            yield index, socket


def numbered(graph: Graph) -> dict[str, str]:
    """Node name → how the text calls it: its type in words, with a number where there are several."""
    nodes = real_nodes(graph)
    total = Counter(type_words(node.type) for node in nodes)
    seen: Counter[str] = Counter()
    called = {}
    for node in nodes:
        words = type_words(node.type)
        seen[words] += 1
        called[node.name] = f"{words} {seen[words]}" if total[words] > 1 else words
    return called


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def interface_words(graph: Graph) -> str:
    """What a group takes and gives, as a sentence; empty where it has no sockets."""
    takes, gives = (
        [item.name for item in graph.interface if item.settings.get("in_out") == side] for side in ("INPUT", "OUTPUT")
    )
    parts = [f"takes {listed(takes)}"] if takes else []
    parts += [f"gives {listed(gives)}"] if gives else []
    return f"It {listed(parts)}." if parts else ""


def kinds_words(graph: Graph) -> str:
    """Which nodes there are, the group's own ends apart: `2 x Math, Mix and the group "Rust"`."""
    nodes = [node for node in real_nodes(graph) if node.type not in ("NodeGroupInput", "NodeGroupOutput")]
    count = Counter(f'the group "{node.group}"' if node.group else type_words(node.type) for node in nodes)
    return listed([f"{n} x {words}" if n > 1 else words for words, n in count.items()]) or "no nodes"


def place(sockets: tuple[Socket, ...], index: int) -> str:
    """A socket as code addresses it: by name where that is unique among those in use, else by index."""
    name = sockets[index].name
    unique = sum(socket.name == name and socket.available for socket in sockets) == 1
    return name if unique and name else f"[{index}]"


def place_words(sockets: tuple[Socket, ...], index: int) -> str:
    """A socket as a person tells it from others of its name: `second Value`."""
    alike = [i for i, socket in enumerate(sockets) if socket.name == sockets[index].name and socket.available]
    ordinal = f"{ORDINALS[alike.index(index)]} " if 1 < len(alike) <= len(ORDINALS) and index in alike else ""
    return f"{ordinal}{sockets[index].name}"


def in_words(graph: Graph, plain: Plain, length: str = "long") -> str:
    """The tree in plain words: `short` names the nodes, `medium` adds the links, `long` adds what was set."""
    interface = interface_words(graph)
    if length == "short":
        return " ".join(filter(None, [interface, f"It uses {kinds_words(graph)}."]))
    called, fed = numbered(graph), fed_inputs(graph)
    nodes = []
    for node in real_nodes(graph):
        told = [f'"{name}"' for name in (node.group, node.layout.get("label")) if name]
        if length == "long":
            told += [f"{name.replace('_', ' ')} {value_words(value)}" for name, value in settings_told(node, plain)]
            values = values_told(node, plain, fed)
            told += [f"{place_words(node.inputs, i)} {value_words(socket.value)}" for i, socket in values]
        nodes.append(called[node.name] + (f" ({', '.join(told)})" if told else ""))
    links = [
        f"{called[a.name]} {place_words(a.outputs, output)} to {called[b.name]} {place_words(b.inputs, entry)}"
        for a, output, b, entry in ends(graph)
    ]
    parts = [interface, f"Nodes: {', '.join(nodes)}."]
    parts += [f"Connect {'; '.join(links)}."] if links else []
    return " ".join(filter(None, parts))


def in_identifiers(graph: Graph, plain: Plain) -> str:
    """The tree in bpy's own identifiers: variables with node types, properties, and sockets by name (by `[index]` where
    several are alike)."""
    fed, names = fed_inputs(graph), Names()
    names.give(graph.name)
    called = {node.name: names.give(wish(node)) for node in real_nodes(graph)}
    parts = []
    for node in real_nodes(graph):
        told = [f"{name}={literal(value)}" for name, value in settings_told(node, plain) if name in node.settings]
        told += [f"{place(node.inputs, i)}={literal(s.value)}" for i, s in values_told(node, plain, fed)]
        parts.append(f"{called[node.name]} = {node.type}" + (f"({', '.join(told)})" if told else ""))
    links = [
        f"{called[a.name]}.{place(a.outputs, output)} -> {called[b.name]}.{place(b.inputs, entry)}"
        for a, output, b, entry in ends(graph)
    ]
    text = f"Nodes: {'; '.join(parts)}."
    return f"{text} Links: {'; '.join(links)}." if links else text


def ends(graph: Graph) -> list[tuple[Node, int, Node, int]]:
    """(from node, output, to node, input) of each wire, in the order of the nodes that they enter."""
    nodes = {node.name: node for node in graph.nodes}
    at = {node.name: number for number, node in enumerate(real_nodes(graph))}
    ordered = sorted(wires(graph), key=lambda wire: (at[wire.target], wire.input, wire.order))
    return [(nodes[wire.source], wire.output, nodes[wire.target], wire.input) for wire in ordered]
