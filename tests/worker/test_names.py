# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `names` in a real worker: the running Blender's own names, and code that is right or wrong in it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bpy

import bpy  # noqa: E402

from tests.dataset_builder.look_up_again import faults  # noqa: E402
from voxel_trainer_addon.bpy_code.lookup import look_up  # noqa: E402
from voxel_trainer_addon.bpy_code.names import Found, Names  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host, Request  # noqa: E402

VERSION = (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2])


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    host = Host(sys.executable, True, VERSION)
    with Pool(host, workers=1, memory_mb=4000, scratch=tmp_path_factory.mktemp("pool"), readable=[]) as pool:
        (answer,) = pool.run([Request("names", {}, "names", limit_s=120)], lambda: True)
    assert answer.ok, answer.sentence
    return Names(answer.body["table"])


def found(code: str, names: Names) -> Found:
    return look_up(ast.parse("import bpy\n" + code), names)


def test_the_table_has_what_this_blender_has(names: Names) -> None:
    assert names.blender == ".".join(map(str, VERSION))
    assert {name for name in dir(bpy.types) if hasattr(getattr(bpy.types, name), "bl_rna")} <= set(names.types)
    assert {f"{module}.{name}" for module in dir(bpy.ops) for name in dir(getattr(bpy.ops, module))} <= set(
        names.operators
    )
    assert len(names.nodes) > 300 and names.has_socket("ShaderNodeBsdfPrincipled", "inputs", "Roughness")
    assert {"CompositorNodeRLayers", "GeometryNodeMeshCube", "TextureNodeOutput", "NodeReroute"} <= set(names.nodes)
    assert {"selected_objects", "material", "active_node", "space_data"} <= set(names.context)
    assert "bpy_extras.io_utils" in names.modules and ("bgl" in names.modules) == (VERSION < (5, 0))


RIGHT = """
import bmesh
from bpy_extras.io_utils import ImportHelper
from mathutils import Matrix, Vector
def make(context, name: str):
    mesh = bpy.data.meshes.new(name)
    bm = bmesh.new()
    for v in bm.verts:
        v.co.x += v.link_edges[0].calc_length()
    bm.to_mesh(mesh)
    ob = bpy.data.objects.new(name, mesh)
    context.collection.objects.link(ob)
    modifier = ob.modifiers.new("Smooth", type='SUBSURF')
    modifier.levels = 2
    ob.matrix_world = Matrix.Translation(Vector((1, 2, 3)))
    material = bpy.data.materials.new(name)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise = nodes.new("ShaderNodeTexNoise")
    noise.noise_dimensions = '4D'
    links.new(noise.outputs[0], nodes["Principled BSDF"].inputs["Roughness"])
    for obj in context.selected_objects:
        if obj.type == 'MESH' and obj.data.polygons:
            obj.data.polygons[0].use_smooth = True
    context.scene.render.engine = 'CYCLES'
    bpy.ops.object.shade_smooth()
    ob.keyframe_insert("location", frame=1)
    bpy.app.handlers.load_post.append(make)
"""


def test_right_code_is_right(names: Names) -> None:
    said = found(RIGHT, names)
    assert not said.missing
    assert {"Mesh.polygons", "node ShaderNodeTexNoise", "BMVert.link_edges"} <= set(said.checked)
    assert faults("import bpy\n" + RIGHT) == []


@pytest.mark.parametrize(
    "code",
    [
        "bpy.context.scene.objects.link",
        "bpy.context.scene.render.engine = 'BLENDER_RENDER'",
        "bpy.context.object.select",
        "bpy.data.lamps.new('a', 'SUN')",
        "bpy.ops.mesh.primitive_cube_add(radius=1)",
        "bpy.data.materials[0].node_tree.nodes.new('ShaderNodeMusgrave')",
        "bpy.data.node_groups[0].inputs",
        "n = bpy.data.materials[0].node_tree.nodes.new('ShaderNodeTexNoise')\nn.inputs['Size']",
    ],
)
def test_names_of_another_time_are_missing(code: str, names: Names) -> None:
    assert found(code, names).missing


def test_names_change_between_versions(names: Names) -> None:
    curves = found("bpy.data.actions[0].fcurves", names).missing
    tree = found("bpy.context.scene.node_tree", names).missing
    assert (bool(curves), bool(tree)) == (VERSION >= (5, 0), VERSION >= (5, 0))


def test_blenders_own_operators_have_few_names_that_it_lacks(names: Names) -> None:
    """Blender's scripts are the largest proof that right names are not called missing; what is left are faults of
    theirs and members that their interface adds to the context."""
    files = sorted((Path(bpy.utils.system_resource("SCRIPTS")) / "startup" / "bl_operators").glob("*.py"))
    said = [look_up(ast.parse(path.read_text(encoding="utf-8")), names) for path in files]
    checked, missing = (sum(len(getattr(one, side)) for one in said) for side in ("checked", "missing"))
    assert checked > 1500 and missing < 0.01 * checked
