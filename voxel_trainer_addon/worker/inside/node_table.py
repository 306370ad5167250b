# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `node_table`: every node type of this Blender as it is when freshly made, so that words can tell what was set.

Body: `{"types": [[tree type, node type], …]}`. Answer: `{"graph": Graph JSON}`, a graph of these nodes without those
that this Blender cannot make by themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.read import read_graph
from ...graph.model import Graph, Node
from . import empty


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    nodes: dict[str, Node] = {}
    for tree_type, node_type in body["types"]:
        tree = bpy.data.node_groups.new("Table", tree_type)
        try:
            tree.nodes.new(node_type)
            (nodes[node_type],) = read_graph(tree, "node_groups/Table").nodes
        except RuntimeError:
            continue
        finally:
            bpy.data.node_groups.remove(tree)
    return {"graph": Graph("node_groups/Table", "", tuple(nodes.values())).as_json()}
