# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a Blender for `build_tools.travel`: makes sample files of this version, and reads files as this version
sees them.

    python -m build_tools.travel_inside sample FOLDER
    python -m build_tools.travel_inside fresh OUT.json
    python -m build_tools.travel_inside read OUT.jsonl FILE.blend …
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.worker.inside import empty, node_table

TREES = ("ShaderNodeTree", "GeometryNodeTree", "TextureNodeTree", "CompositorNodeTree")
A_FILE = 12
"""So many node types in one sample file."""
UNTRIED = frozenset({"node_tree", "mute", "hide", "use_custom_color", "parent", "name", "label", "warning_propagation"})


def node_types() -> list[str]:
    """Every node type that this Blender knows, sorted."""
    kinds: list[Any] = [getattr(bpy.types, name) for name in dir(bpy.types) if "Node" in name]
    return sorted(kind.bl_rna.identifier for kind in kinds if issubclass(kind, bpy.types.Node))


def new_tree(kind: str, name: str) -> Any:
    """An empty tree that is kept when the file is saved. Before 5.0 a compositor tree must be a scene's."""
    if kind == "CompositorNodeTree" and bpy.app.version < (5, 0):
        scene = bpy.data.scenes.new(name)
        scene.use_nodes = True
        tree: Any = scene.node_tree  # type: ignore[attr-defined]
        tree.nodes.clear()
        return tree
    tree = bpy.data.node_groups.new(name, kind)  # type: ignore[arg-type]
    tree.use_fake_user = True
    return tree


def variations(node: Any) -> Iterator[tuple[str, Any]]:
    """(property, value) for each setting of its own that a fresh node can have otherwise."""
    base = set(bpy.types.Node.bl_rna.properties.keys())
    for p in node.bl_rna.properties:
        if p.is_readonly or p.identifier in base | UNTRIED or p.identifier.startswith(("bl_", "active_")):
            continue
        now: Any = getattr(node, p.identifier, None)
        if p.type == "ENUM" and not p.is_enum_flag:
            yield from ((p.identifier, item.identifier) for item in p.enum_items if item.identifier != now)
        elif p.type == "BOOLEAN" and not getattr(p, "is_array", False):
            yield p.identifier, not now
        elif p.type in ("INT", "FLOAT") and not p.is_array:
            other = min(p.hard_max, max(p.hard_min, now * 2 + 1))
            yield p.identifier, other if other != now else p.hard_min
        elif p.type == "FLOAT" and p.array_length <= 4:
            yield p.identifier, [min(p.hard_max, max(p.hard_min, part / 2 + 0.2)) for part in now]


def sample(folder: str) -> None:
    """Save small files with a tree for each node type as it is made, and for each of its settings changed;
    `told.json` says tree name → [node type, property or None, value]. Small, so that one that Blender cannot open
    again costs little."""
    told: dict[str, list[Any]] = {}
    types = node_types()
    for kind in TREES:
        for start in range(0, len(types), A_FILE):
            empty()
            before = len(told)
            for node_type in types[start : start + A_FILE]:
                plain = make(kind, node_type, told, None, None)
                if plain is not None:
                    for name, value in list(variations(plain)):
                        make(kind, node_type, told, name, value)
            if len(told) > before:
                bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, f"sample-{kind}-{start:03}.blend"))
    Path(folder, "told.json").write_text(json.dumps(told), encoding="utf-8")


def make(kind: str, node_type: str, told: dict[str, list[Any]], setting: str | None, value: Any) -> Any:
    """A tree with that one node in it, or None where this Blender does not make one."""
    name = f"S{len(told):05}"
    tree = new_tree(kind, name)
    try:
        node = tree.nodes.new(node_type)
        node.name = "N"
        if setting is not None:
            setattr(node, setting, value)
    except (RuntimeError, TypeError, ValueError, AttributeError):
        owner: Any = bpy.data.scenes.get(name)
        if owner is None:
            bpy.data.node_groups.remove(tree)
        else:
            bpy.data.scenes.remove(owner)
        return None
    told[name] = [node_type, setting, value]
    return node


def fresh(out: str) -> None:
    """Write tree type → a tree with a node of each type as this Blender makes it."""
    made = node_table.run({"types": dict.fromkeys(TREES, node_types())}, Path(out).parent)["trees"]
    Path(out).write_text(json.dumps(made, default=vars), encoding="utf-8")


def read(out: str, paths: list[str]) -> None:
    """Append a line for each file: `file`, `written` (version), `trees` (key → graph), `compositors` (scene → group);
    a file that this Blender cannot open has `error`."""
    with open(out, "a", encoding="utf-8") as rows:
        for path in paths:
            rows.write(json.dumps({"file": path, **seen(path)}, ensure_ascii=False, default=vars) + "\n")
            rows.flush()


def seen(path: str) -> dict[str, Any]:
    """What this Blender makes of one file."""
    empty()
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError as error:
        if bpy.data.filepath != path:
            return {"error": str(error).strip()}
    version: Any = bpy.data.version
    graphs, _ = read_graphs(bpy.data)
    groups = {s.name: getattr(s, "compositing_node_group", None) for s in bpy.data.scenes}
    return {
        "written": ".".join(map(str, version)),
        "trees": {key: graph.as_json() for key, graph in graphs.items()},
        "compositors": {scene: group.name for scene, group in groups.items() if group},
    }


if __name__ == "__main__":
    if sys.argv[1] == "sample":
        sample(os.path.abspath(sys.argv[2]))
    elif sys.argv[1] == "fresh":
        fresh(os.path.abspath(sys.argv[2]))
    else:
        read(sys.argv[2], sys.argv[3:])
    sys.stdout.flush()
    os._exit(0)  # Blender's own exit can crash
