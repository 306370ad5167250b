# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `node_table`: every node type of this Blender as it is when freshly made, so that words can tell what was set.

Body: `{"types": {tree type: [node type, …]}}`. Answer: `{"trees": {tree type: Graph JSON}}`, each a fresh node group
with one node of each type, without links and without the types that this Blender cannot make by themselves.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.read import read_graph
from ...graph.model import Graph, Node
from . import empty


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    return {"trees": {tree_type: _fresh(tree_type, types).as_json() for tree_type, types in body["types"].items()}}


def _fresh(tree_type: str, types: list[str]) -> Graph:
    """A node is read from a tree of its own: others beside it might change it."""
    groups: Any = bpy.data.node_groups
    nodes: list[Node] = []
    for node_type in types:
        tree = groups.new("Table", tree_type)
        try:
            tree.nodes.new(node_type)
            nodes += read_graph(tree, "node_groups/Table").nodes
        except RuntimeError:
            continue
        finally:
            groups.remove(tree)
    tree = groups.new("Table", tree_type)
    return replace(read_graph(tree, "node_groups/Table"), nodes=tuple(nodes))
