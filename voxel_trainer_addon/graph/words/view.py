# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree as statements look at it: what is at work, what feeds what, and through which nodes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..model import Graph, Node, Socket, Value
from ..wires import real_nodes, wires

ENDS = (
    "NodeGroupOutput",
    "ShaderNodeOutput",
    "CompositorNodeComposite",
    "CompositorNodeOutputFile",
    "TextureNodeOutput",
)
VIEWERS = ("GeometryNodeViewer", "CompositorNodeViewer", "CompositorNodeSplitViewer", "TextureNodeViewer")
CARRIERS = frozenset(
    {
        "ShaderNodeBrightContrast",
        "ShaderNodeClamp",
        "ShaderNodeFloatCurve",
        "ShaderNodeGamma",
        "ShaderNodeHueSaturation",
        "ShaderNodeInvert",
        "ShaderNodeMapRange",
        "ShaderNodeMath",
        "ShaderNodeMix",
        "ShaderNodeMixRGB",
        "ShaderNodeRGBCurve",
        "ShaderNodeRGBToBW",
        "ShaderNodeValToRGB",
        "ShaderNodeVectorCurve",
        "ShaderNodeVectorMath",
        "FunctionNodeBooleanMath",
        "FunctionNodeCompare",
        "FunctionNodeFloatToInt",
        "FunctionNodeIntegerMath",
        "GeometryNodeSwitch",
        "CompositorNodeCurveRGB",
        "CompositorNodeGamma",
        "CompositorNodeInvert",
        "CompositorNodeMapRange",
        "CompositorNodeMapValue",
        "CompositorNodeMath",
        "CompositorNodeMixRGB",
        "CompositorNodeNormalize",
        "CompositorNodeRGBToBW",
        "CompositorNodeValToRGB",
    }
    | {
        f"{room}Node{way}{kind}"
        for room in ("Shader", "Compositor")
        for way in ("Separate", "Combine")
        for kind in ("Color", "RGB", "XYZ", "HSV")
    }
    | {"FunctionNodeSeparateColor", "FunctionNodeCombineColor"}
)
"""Nodes that shape a number, vector or colour on its way: what goes in at one side comes out of the other, changed."""


@dataclass(frozen=True)
class Wire:
    """A living connection, seen through reroutes."""

    source: str
    output: int
    target: str
    input: int


class View:
    """One tree, prepared for questions. Nothing that is muted, invalid or out of use counts as connected."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: Mapping[str, Node] = {node.name: node for node in real_nodes(graph)}
        self.into: dict[str, list[Wire]] = defaultdict(list)
        self.out_of: dict[str, list[Wire]] = defaultdict(list)
        self.touched: dict[str, set[int]] = defaultdict(set)
        self.above: dict[str, set[str]] = defaultdict(set)
        at = {name: n for n, name in enumerate(self.nodes)}
        for link in sorted(wires(graph), key=lambda w: (at[w.target], w.input, w.order)):
            a, b = self.nodes[link.source], self.nodes[link.target]
            if not (a.outputs[link.output].available and b.inputs[link.input].available):
                continue
            self.touched[link.target].add(link.input)
            self.above[link.target].add(link.source)
            if self.works(a) and self.works(b):
                wire = Wire(link.source, link.output, link.target, link.input)
                self.into[wire.target].append(wire)
                self.out_of[wire.source].append(wire)
        for node in self.nodes.values():
            if node.pair is not None:
                self.above[node.pair].add(node.name)
        self._reach: dict[tuple[str, str], dict[tuple[str, str], tuple[str, ...]]] = {}

    @staticmethod
    def works(node: Node) -> bool:
        return not node.settings.get("mute")

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """The outputs of the tree that are in force; its viewers where it has none."""
        active = [
            name
            for name, node in self.nodes.items()
            if node.type.startswith(ENDS) and self.works(node) and node.settings.get("is_active_output", True)
        ]
        return tuple(active) or tuple(name for name, node in self.nodes.items() if node.type in VIEWERS)

    @cached_property
    def live(self) -> frozenset[str]:
        """The nodes from which a way leads to an output; all of them in a tree without outputs."""
        return self.before(self.ends) if self.ends else frozenset(self.nodes)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The nodes from which a way leads to a viewer."""
        return self.before(name for name, node in self.nodes.items() if node.type in VIEWERS)

    def before(self, starts: Iterable[str]) -> frozenset[str]:
        """`starts` and every node from which a way leads to one of them, through zones and muted nodes too."""
        todo, found = list(starts), set()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.above[name]
        return frozenset(found)

    def of(self, types: frozenset[str]) -> Iterator[str]:
        """Live working nodes of these types, in the order of the flow."""
        return (n for n, node in self.nodes.items() if node.type in types and n in self.live and self.works(node))

    def inputs(self, name: str, sockets: str) -> list[int]:
        """Places of the available inputs called by one of the names in `sockets` (`Base Color|Color`; `*` is any)."""
        wanted = sockets.split("|")
        node = self.nodes[name]
        return [i for i, s in enumerate(node.inputs) if s.available and (sockets == "*" or s.name in wanted)]

    def sources(self, name: str, sockets: str) -> list[Wire]:
        """The wires into these inputs."""
        places = self.inputs(name, sockets)
        return [wire for wire in self.into[name] if wire.input in places]

    def reach(self, name: str, sockets: str) -> dict[tuple[str, str], tuple[str, ...]]:
        """(node, output name) of all that comes into these inputs, directly or through carriers → those carriers."""
        key = name, sockets
        if key not in self._reach:
            found: dict[tuple[str, str], tuple[str, ...]] = {}
            todo: deque[tuple[Wire, tuple[str, ...]]] = deque((wire, ()) for wire in self.sources(name, sockets))
            passed: set[str] = set()
            while todo:
                wire, path = todo.popleft()
                source = self.nodes[wire.source]
                place = wire.source, source.outputs[wire.output].name
                if place not in found:
                    found[place] = path
                if source.type in CARRIERS and wire.source not in passed:
                    passed.add(wire.source)
                    todo.extend((above, (*path, wire.source)) for above in self.into[wire.source])
            self._reach[key] = found
        return self._reach[key]

    def free(self, name: str, socket: str) -> Socket | None:
        """The first input of that name that nothing is linked to, so that its stored value counts."""
        places = [i for i in self.inputs(name, socket) if i not in self.touched[name]]
        return self.nodes[name].inputs[places[0]] if places else None

    def value(self, name: str, socket: str) -> Value:
        """The stored value of an input that counts, else None."""
        found = self.free(name, socket)
        return found.value if found else None


def has_effect(graph: Graph) -> bool:
    """Whether something comes into an output that is in force."""
    view = View(graph)
    return any(view.nodes[name].type.startswith(ENDS) and view.into[name] for name in view.ends)
