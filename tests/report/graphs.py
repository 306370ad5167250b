# SPDX-License-Identifier: GPL-3.0-or-later
"""Small graphs to draw and compare, with names that strangers might give."""

from __future__ import annotations

from dataclasses import replace

from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def sockets(*named: tuple[str, str]) -> tuple[Socket, ...]:
    return tuple(Socket(name, name, type) for name, type in named)


def brick(name: str) -> Graph:
    """A material of six nodes."""
    nodes = (
        Node("Texture Coordinate", "ShaderNodeTexCoord", outputs=sockets(("Generated", "VECTOR"), ("UV", "VECTOR"))),
        Node(
            "Brick Texture",
            "ShaderNodeTexBrick",
            {},
            sockets(("Vector", "VECTOR")),
            sockets(("Color", "RGBA"), ("Fac", "VALUE")),
        ),
        Node("Noise", "ShaderNodeTexNoise", {}, sockets(("Vector", "VECTOR")), sockets(("Fac", "VALUE"))),
        Node(
            "Math",
            "ShaderNodeMath",
            {"operation": "MULTIPLY_ADD"},
            sockets(("Value", "VALUE"), ("Value", "VALUE")),
            sockets(("Value", "VALUE")),
        ),
        Node("Bump", "ShaderNodeBump", {}, sockets(("Height", "VALUE")), sockets(("Normal", "VECTOR"))),
        Node(
            "BSDF",
            "ShaderNodeBsdfPrincipled",
            {},
            sockets(("Base Color", "RGBA"), ("Normal", "VECTOR")),
            sockets(("BSDF", "SHADER")),
        ),
        Node("Output", "ShaderNodeOutputMaterial", {}, sockets(("Surface", "SHADER")), layout={"label": EVIL}),
    )
    links = (
        Link("Texture Coordinate", 1, "Brick Texture", 0),
        Link("Texture Coordinate", 1, "Noise", 0),
        Link("Brick Texture", 0, "BSDF", 0),
        Link("Brick Texture", 1, "Math", 0),
        Link("Noise", 0, "Math", 1),
        Link("Math", 0, "Bump", 0),
        Link("Bump", 0, "BSDF", 1),
        Link("BSDF", 0, "Output", 0),
    )
    return Graph(f"materials/{name}", "ShaderNodeTree", nodes, links)


def with_value(graph: Graph, value: float) -> Graph:
    """`graph` with this value in an input of its Bump node."""
    nodes = []
    for node in graph.nodes:
        if node.name == "Bump":
            strength = Socket("Strength", "Strength", "VALUE", value=value)
            node = replace(node, inputs=(*node.inputs, strength))
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def without(graph: Graph, name: str) -> Graph:
    """`graph` without a node and its links."""
    return replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.name != name),
        links=tuple(link for link in graph.links if name not in (link.source, link.target)),
    )
