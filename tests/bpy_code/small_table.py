# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of names as the worker's job makes it, small enough to be read."""

from __future__ import annotations

from typing import Any

from voxel_trainer_addon.bpy_code.names import Names


def struct(base: str = "bpy_struct", **members: str) -> dict[str, Any]:
    return {"base": base, "members": members}


TYPES: dict[str, Any] = {
    "bpy_struct": struct("", keyframe_insert="()?"),
    "bpy_prop_collection": struct("", get="()?", values="()?", items="()?", foreach_get="()?"),
    "ID": struct(name="", users=""),
    "Object": struct(
        "ID", data="ID", location="Vector", modifiers="ObjectModifiers<Modifier>", parent="Object", type=""
    )
    | {"enums": {"type": ["MESH", "LIGHT"]}},
    "Mesh": struct("ID", vertices="MeshVertices<MeshVertex>", from_pydata="()?"),
    "Light": struct("ID", energy=""),
    "MeshVertex": struct(co="Vector"),
    "MeshVertices": struct(add="()"),
    "Modifier": struct(name=""),
    "SubsurfModifier": struct("Modifier", levels=""),
    "ObjectModifiers": struct(new="()Modifier") | {"functions": {"new": {"name": None, "type": ["SUBSURF", "BEVEL"]}}},
    "BlendData": struct(objects="BlendDataObjects<Object>", materials="BlendDataMaterials<Material>"),
    "BlendDataObjects": struct(new="()Object"),
    "BlendDataMaterials": struct(new="()Material") | {"functions": {"new": {"name": None}}},
    "Material": struct("ID", node_tree="NodeTree", use_nodes="") | {"deprecated": {"use_nodes": "always on"}},
    "NodeTree": struct("ID", nodes="Nodes<Node>", links="NodeLinks<NodeLink>"),
    "Nodes": struct(new="()Node") | {"functions": {"new": {"type": None}}},
    "NodeLinks": struct(new="()NodeLink") | {"functions": {"new": {"input": None, "output": None}}},
    "Node": struct(inputs="NodeInputs<NodeSocket>", outputs="NodeOutputs<NodeSocket>", label=""),
    "NodeLink": struct(),
    "NodeInputs": struct(),
    "NodeOutputs": struct(),
    "NodeSocket": struct(name=""),
    "NodeSocketFloat": struct("NodeSocket", default_value=""),
    "ShaderNodeMath": struct("Node", operation="") | {"enums": {"operation": ["ADD", "MULTIPLY"]}},
    "Context": struct(scene="Scene"),
    "Scene": struct("ID", frame_current=""),
    "Operator": struct(bl_idname="", bl_label="", report="()?", layout="UILayout"),
    "Panel": struct(layout="UILayout", bl_space_type="") | {"enums": {"bl_space_type": ["VIEW_3D", "PROPERTIES"]}},
    "UILayout": struct(prop="()?", operator="()OperatorProperties")
    | {"functions": {"prop": {"data": None, "property": None}, "operator": {"operator": None}}},
    "OperatorProperties": struct(),
    "PropertyGroup": struct(name=""),
    "Vector": struct("", x="", y="", length="", normalize="()?"),
}
TABLE: dict[str, Any] = {
    "blender": "5.2.3",
    "types": TYPES,
    "operators": {"mesh.primitive_cube_add": {"label": "Add Cube", "properties": {"size": None, "align": ["WORLD"]}}},
    "nodes": {
        "ShaderNodeMath": {
            "label": "Math",
            "trees": ["ShaderNodeTree"],
            "inputs": {"count": 3, "keys": ["Value", "Value_001"]},
            "outputs": {"count": 1, "keys": ["Value"]},
        }
    },
    "context": {"scene": "Scene", "object": "Object", "selected_objects": "[Object]"},
    "modules": {
        "mathutils": ["Vector"],
        "bpy.props": ["FloatProperty", "PointerProperty"],
        "bpy.utils": ["register_class"],
    },
    "python": ["math", "os", "sys"],
    "blender_modules": ["bpy", "mathutils", "bgl"],
}
NAMES = Names(TABLE)
