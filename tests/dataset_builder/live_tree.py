# SPDX-License-Identifier: GPL-3.0-or-later
"""A node tree in the running Blender, asked by the words that people use for nodes, sockets and values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

COUNTED = re.compile(r"(?:(\d+) [×x] )?(.+)")
VERBS = re.compile(
    r"\b(?:drives?|goes into|comes? from|is made from|are made from|colors? the|gives? the|lights|cuts out|through)\b"
)


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


class Live:
    """A tree in Blender, asked by words."""

    def __init__(self, tree: Any, code: str) -> None:
        self.tree = tree
        self.variables = {plain(name) for name in re.findall(r"^\s*(\w+) = ", code, re.MULTILINE)}
        self.nodes = [n for n in tree.nodes if n.bl_idname not in ("NodeReroute", "NodeFrame")]
        self.words = {node.name: self.called(node) for node in self.nodes}
        self.out: dict[str, set[str]] = {}
        for link in tree.links:
            self.out.setdefault(link.from_node.name, set()).add(link.to_node.name)

    @staticmethod
    def called(node: Any) -> set[str]:
        """The names under which a node may be spoken of, plain."""
        names = {node.bl_label, node.bl_rna.name, getattr(node, "label", "")}
        names |= {re.sub(r"^\w+Node(?:Tex|Bsdf|Output|Input)?", "", node.bl_idname)}
        if group := getattr(node, "node_tree", None):
            names |= {group.name, f"group {group.name}", f"the group {group.name}"}
        names |= {re.sub(r" \((?:legacy|deprecated)\)", "", name, flags=re.IGNORECASE) for name in names}
        camel = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name) for name in names}
        return {plain(name) for name in names | camel if name} | {plain(OTHER.get(node.bl_idname, node.bl_label))}

    def named(self, words: str) -> list[Any]:
        """The nodes that `words` may mean, a number or a label behind the name apart."""
        spoken = re.sub(r"^(?:the|an?) ", "", words.strip(), flags=re.IGNORECASE)
        bare = re.sub(r"\s+\d+$", "", spoken)
        unlabelled = re.sub(r'\s*"[^"]*".*$', "", bare)
        for wanted in (spoken, bare, unlabelled):
            if found := [node for node in self.nodes if plain(wanted) in self.words[node.name]]:
                return found
        return []

    def after(self, node: Any) -> set[str]:
        found, waiting = {node.name}, [node.name]
        while waiting:
            for name in self.out.get(waiting.pop(), ()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def way(self, source: str, target: str) -> bool:
        ends = {node.name for node in self.named(target)}
        return any(self.after(node) & ends for node in self.named(source))

    def linked(self, source: str, target: str) -> bool:
        """`Noise Texture Color to Mix 1 A`: such a link, seen through reroutes."""
        for node in self.nodes:
            for entry in node.inputs:
                for link in entry.links:
                    at = link
                    while at.from_node.bl_idname == "NodeReroute" and at.from_node.inputs[0].links:
                        at = at.from_node.inputs[0].links[0]
                    if self.is_socket(source, at.from_node, at.from_socket) and self.is_socket(target, node, entry):
                        return True
        return False

    def is_socket(self, words: str, node: Any, socket: Any) -> bool:
        if not plain(words).endswith(plain(socket.name)):
            return False
        start = plain(words)[: len(plain(words)) - len(plain(socket.name))].strip()
        start = re.sub(r" (?:first|second|third|fourth|fifth)$", "", start)
        return any(
            start == name or re.fullmatch(rf"{re.escape(name)}(?: .*)?(?: \d+)?", start)
            for name in self.words.get(node.name, self.called(node))
        )

    def is_label(self, words: str) -> bool:
        """Whether the answer calls something like the label: labels name its variables and are not set."""
        wanted = re.sub(r"[^a-z0-9 ]", "", plain(words)).strip()
        wanted = f"n {wanted}" if wanted[:1].isdigit() else wanted  # no variable begins with a digit
        return any(name.startswith(wanted[:20]) or wanted.startswith(name) for name in self.variables) or not wanted

    def holds_value(self, nodes: list[Any], told: str) -> bool:
        """Whether one of the nodes has the setting or value that is told: `Scale 5`, `blend type multiply`."""
        told = told.strip()
        for node in nodes:
            for name, value in values_of(node):
                if plain(told).startswith(plain(name)) and said(value, told[len(name) :].strip() or told):
                    return True
        return False


OTHER = {
    "ShaderNodeRGB": "Color",
    "ShaderNodeTexCoord": "Texture Coordinate",
    "ShaderNodeNewGeometry": "Geometry",
    "ShaderNodeMixRGB": "Mix (Legacy)",
    "ShaderNodeInvert": "Invert Color",
    "ShaderNodeVertexColor": "Color Attribute",
    "ShaderNodeBsdfAnisotropic": "Glossy BSDF",
    "CompositorNodeRGB": "Color",
    "CompositorNodeInvert": "Invert Color",
    "FunctionNodeInputBool": "Boolean",
    "FunctionNodeInputInt": "Integer",
    "GeometryNodeSetCurveHandlePositions": "Set Handle Positions",
    "NodeGroupInput": "Group Input",
    "NodeGroupOutput": "Group Output",
    "NodeClosureInput": "Closure Input",
}
"""What the menu of Blender 5.2 says where a node's own label says something else."""


def values_of(node: Any) -> Iterator[tuple[str, Any]]:
    ordinals = ("first", "second", "third", "fourth", "fifth")
    for p in node.bl_rna.properties:
        if p.identifier not in ("rna_type", "inputs", "outputs"):
            value = getattr(node, p.identifier, None)
            yield p.identifier, value
            if hasattr(value, "elements"):
                yield f"{p.identifier} stops", len(value.elements)
    for socket in node.inputs:
        if hasattr(socket, "default_value"):
            yield socket.name, socket.default_value
            alike = [other for other in node.inputs if other.name == socket.name and other.enabled]
            if len(alike) > 1 and socket in alike and alike.index(socket) < 5:
                yield f"{ordinals[alike.index(socket)]} {socket.name}", socket.default_value


def said(value: Any, words: str) -> bool:
    """Whether words tell a value: numbers to four digits, angles in degrees."""
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", words)]
    if isinstance(value, bool):
        return words.strip() == ("on" if value else "off")
    if isinstance(value, int | float):
        return len(numbers) == 1 and (near(value, numbers[0]) or near(math.degrees(value), numbers[0]))
    if isinstance(value, str):
        return plain(value) == plain(words) or value == words.strip('"')
    if hasattr(value, "name"):
        return value.name in words
    if hasattr(value, "__len__"):
        flat = [float(x) for x in value]
        turned = [math.degrees(x) for x in flat]
        return len(flat) == len(numbers) and (all(map(near, flat, numbers)) or all(map(near, turned, numbers)))
    return False


def near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-3 * max(abs(a), abs(b)) + 1e-6


def split(text: str, at: str) -> list[str]:
    """Parts between `at`, but for what is in quotes or brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    n = 0
    while n < len(text):
        c = text[n]
        if c == '"':
            quoted = not quoted
        elif not quoted and c in "([":
            depth += 1
        elif not quoted and c in ")]":
            depth -= 1
        elif not quoted and depth == 0 and text.startswith(at, n):
            parts.append(text[start:n])
            n += len(at)
            start = n
            continue
        n += 1
    return [part for part in (*parts, text[start:]) if part.strip()]


def items(text: str) -> list[str]:
    """`a, b and c` → its parts."""
    parts = split(text, ", ")
    return [*parts[:-1], *split(parts[-1], " and ")] if parts else []
