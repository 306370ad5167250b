# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten trees copied as graphs by clicks in one Blender, and pasted by clicks in another: what is in `VOXEL_TEST_WALK`
decides which half this is. A form is a file there; the second half says what differs from the tree as this Blender
opens it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import editor_steps as steps

WALK = Path(os.environ["VOXEL_TEST_WALK"])
CORPUS = Path(os.environ["VOXEL_TEST_CORPUS"])
WIZARD, VRM = "black-h0bB1T__material_node_wizard", "saturday06__VRM-Addon-for-Blender"
CABINETS = "CreativeDesigner3D__home_builder_4/python_libs__pc_lib__assets__Machine_Tokens"
TREES = (
    ("riouxr__Render-Manager/node_groups.blend", "Combine_Passes"),
    ("riouxr__Render-Manager/node_groups.blend", "Vector"),
    ("riouxr__Render-Manager/node_groups.blend", "Y-Up"),
    (f"{WIZARD}/nodes.blend", "NW_Leak"),
    (f"{WIZARD}/nodes.blend", "NW_Top"),
    (f"{VRM}/tests__resources__blend__multi_uv_vrm1.blend", "VRM Add-on MToon 1.0 UV Revision 1"),
    ("ucupumar__ucupaint/lib.blend", "~TL Straight Over Mix"),
    ("IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend", "Branch"),
    ("princeton-vl__procfunc/examples__transpile_simple_chair__simple_chair.blend", "simple_chair"),
    (f"{CABINETS}__PCMT_Line_Bore.blend", "PCMT_Line_Bore"),
)


def opened(file: str) -> Iterator[float]:
    bpy.ops.wm.open_mainfile(filepath=str(CORPUS / file), load_ui=False)
    yield 0.5
    steps.prepare()


def copied() -> Iterator[float]:
    WALK.mkdir(parents=True, exist_ok=True)
    for n, (file, name) in enumerate(TREES):
        yield from opened(file)
        yield from steps.editor(bpy.data.node_groups[name])
        yield from steps.clicked("voxel.copy_graph(", steps.noted)
        form = bpy.context.window_manager.clipboard
        g.facts.setdefault("copied", []).append([name, steps.desk().view.note[1]])
        (WALK / f"{n}.json").write_text(form, encoding="utf-8")


def pasted() -> Iterator[float]:
    canonical, reading = steps.module("graph.canonical"), steps.module("graph.blender.read")
    for n, (file, name) in enumerate(TREES):
        yield from opened(file)
        key = f"node_groups/{name}"
        wanted = reading.read_with_groups(bpy.data.node_groups[name], key)
        bpy.ops.wm.read_homefile(use_empty=True)
        yield 0.5
        steps.prepare()
        new = bpy.data.node_groups.new(name, wanted[key].type)
        yield from steps.editor(new)
        yield from steps.press("voxel.paste_graph(", clipboard=(WALK / f"{n}.json").read_text(encoding="utf-8"))
        yield 0.3
        made = reading.read_with_groups(new, key)
        same = canonical.graph_hash(key, made) == canonical.graph_hash(key, wanted)
        differs = []
        for other in wanted:
            lines = canonical.differences(wanted[other], made[other], {}, {}) if other in made else ["is missing"]
            differs += [line if other == key else f"{other}: {line}" for line in lines]
        row = {"tree": name, "type": wanted[key].type, "nodes": len(new.nodes), "equal": same, "differs": differs}
        g.facts.setdefault("pasted", []).append({**row, "told": list(steps.desk().view.told)})
        with steps.over_nodes():
            bpy.ops.node.view_all()
        if name in ("Vector", "NW_Leak", "Branch"):
            yield from steps.shot(f"walk-{name}")


g.run(pasted() if (WALK / "9.json").exists() else copied())
