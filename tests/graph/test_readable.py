# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that make code readable hold for the code of real trees."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.graph.names import LETTERS, LONGEST, snake, wishes
from voxel_trainer_addon.graph.write import script, variables
from voxel_trainer_addon.worker.inside import prove

pytestmark = pytest.mark.bpy
FILES = (
    "IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend",
    "KhronosGroup__glTF-Blender-Exporter/pbr_node__glTF2_PBR_Lights.blend",
)


def comes_from(variable: str, wish: str) -> bool:
    """Whether a variable is the wish's beginning, with what makes it a name and the only one of its kind."""
    stem = re.sub(r"_?\d+$", "", variable)
    return any(
        f"{before}{snake(wish)}".startswith(said)
        for said in (stem, stem.removesuffix("_node"))
        for before in ("", "n_")
    ) or variable.startswith(snake(wish)[:LONGEST])


@pytest.mark.parametrize("name", FILES)
def test_names_say_what_things_are_and_lines_fit(name: str, corpus: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(corpus / name), load_ui=False, use_scripts=False)
    graphs, _ = read_graphs(bpy.data)
    closures: list[list[Graph]] = [closure(graph, graphs) for graph in graphs.values()]
    blocks, failures = prove._build_all(closures, False)
    assert not failures
    for trees in closures:
        used = [blocks[tree.key] for tree in trees]
        code = script(used, arrange=True)
        assert max(map(len, code.splitlines())) <= 100
        assert not any(line.count(" = new(") > 1 for line in code.splitlines())
        parsed = ast.parse(code, feature_version=(3, 11))
        names = {n.id for n in ast.walk(parsed) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert all(3 <= len(name) <= 40 or name in LETTERS for name in names - {"x", "y"})
        for block, given in zip(used, variables(used), strict=True):
            wanted = wishes(block.graph)
            nodes = {node.name: node.type for node in block.graph.nodes}
            for base, variable in given.items():
                if base.removeprefix("node/") in nodes and base.startswith("node/"):
                    wish = wanted[base.removeprefix("node/")]
                    assert comes_from(variable, wish), f"{variable} for {wish}"
