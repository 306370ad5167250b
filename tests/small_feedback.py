# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers as the assistant would keep them, about trees of a few nodes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from voxel_trainer_addon.feedback import Feedback, Tree
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket


def tree(*values: float, key: str = "materials/Rust") -> Tree:
    """A material whose values are added up, one node for each."""

    def node(number: int, value: float) -> Node:
        sockets = (Socket("Value", "Value", "VALUE", value=value), Socket("Value_001", "Value", "VALUE", value=value))
        return Node(f"n{number}", "ShaderNodeMath", {"operation": "ADD"}, sockets, (replace(sockets[0], value=None),))

    nodes = [node(number, value) for number, value in enumerate(values)]
    end = Node("end", "ShaderNodeOutputMaterial", inputs=(Socket("Surface", "Surface", "SHADER"),))
    names = [each.name for each in (*nodes, end)]
    links = tuple(Link(one, 0, other, 0) for one, other in itertools.pairwise(names))
    return Tree(key, {key: Graph(key, "ShaderNodeTree", (*nodes, end), links)})


def request(number: int, answer: Tree | None = None, **more: Any) -> Feedback:
    """One that nothing was done with yet."""
    about = {
        "prompt": "make the rust follow the edges",
        "target": "material",
        "blender": "5.2.3",
        "model": "voxel/v1",
        "code": "import bpy\n",
        "at": f"2026-11-{10 + number:02}T10:00:00Z",
        **more,
    }
    return Feedback(f"{number:016x}", answer=answer or tree(0.1, 0.2, 0.3), **about)
