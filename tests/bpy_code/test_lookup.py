# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a script's names: that they exist, that they do not, that nobody can know."""

from __future__ import annotations

import ast

import pytest

from tests.bpy_code.small_table import NAMES
from voxel_trainer_addon.bpy_code.lookup import look_up
from voxel_trainer_addon.bpy_code.names import Found

pytestmark = pytest.mark.plain


def found(code: str) -> Found:
    return look_up(ast.parse("import bpy\n" + code), NAMES)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("bpy.ops.mesh.primitive_cube_add(size=2)", "bpy.ops.mesh.primitive_cube_add(size=)"),
        ("for o in bpy.context.selected_objects:\n    o.location.x = 1", "Vector.x"),
        ("def f(context):\n    return context.object.location", "Object.location"),
        ("def f(o: bpy.types.Object):\n    return o.parent.parent.name", "ID.name"),
        ('def f(o):\n    """:type o: :class:`bpy.types.Object`"""\n    o.parent', "Object.parent"),
        ("bpy.data.objects['a'].data.vertices[0].co", "MeshVertex.co"),
        ("bpy.data.objects.get('a').location", "Object.location"),
        ("[o for o in bpy.data.objects if o.parent][0].location", "Object.location"),
        ("for i, o in enumerate(bpy.data.objects):\n    o.location", "Object.location"),
        ("for n, o in bpy.data.objects.items():\n    o.location", "Object.location"),
        ("bpy.data.objects[0].modifiers.new('a', 'SUBSURF').levels", "SubsurfModifier.levels"),
        (
            "n = bpy.data.materials.new('m').node_tree.nodes.new('ShaderNodeMath')\nn.inputs['Value'].name",
            "NodeSocket.name",
        ),
        ("from mathutils import Vector\nVector().normalize()", "Vector.normalize"),
        ("def g():\n    return bpy.data.objects[0]\ng().location", "Object.location"),
        (
            "t = bpy.data.materials[0].node_tree.nodes\nn = t.new('ShaderNodeMath') if t else t['Math']\nn.outputs[0]",
            "ShaderNodeMath.outputs[0]",
        ),
        ("def f(o):\n    o.location\nf(bpy.context.object)", "Object.location"),
        ("def f(o, n=1):\n    o.location\n    f(o.parent)\nfor x in bpy.data.objects:\n    f(o=x)", "Object.location"),
        ("x = None\nif x:\n    x.location\nx = bpy.context.object", "Object.location"),
    ],
)
def test_what_exists_was_looked_up(code: str, name: str) -> None:
    said = found(code)
    assert name in said.checked and not said.missing


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("bpy.ops.mesh.cube_add()", "bpy.ops.mesh.cube_add"),
        ("bpy.ops.mesh.primitive_cube_add(radius=2)", "bpy.ops.mesh.primitive_cube_add(radius=)"),
        ("bpy.ops.mesh.primitive_cube_add(align='VIEW')", "bpy.ops.mesh.primitive_cube_add(align=) = 'VIEW'"),
        ("bpy.types.Lamp", "bpy.types.Lamp"),
        ("from bpy.types import Lamp", "bpy.types.Lamp"),
        ("import bgl", "bgl"),
        ("bpy.data.lamps", "BlendData.lamps"),
        ("bpy.context.selected_meshes", "Context.selected_meshes"),
        ("bpy.data.objects[0].select", "Object.select"),
        ("bpy.data.objects[0].data.energy_of", "ID.energy_of"),
        ("if bpy.context.object.type == 'LAMP':\n    pass", "Object.type = 'LAMP'"),
        ("bpy.data.objects[0].modifiers.new('a', type='SUBDIVISION')", "ObjectModifiers.new(type=) = 'SUBDIVISION'"),
        ("def f(nodes):\n    nodes.new('ShaderNodeMaths')", "node ShaderNodeMaths"),
        (
            "n = bpy.data.materials[0].node_tree.nodes.new('ShaderNodeMath')\nn.inputs['Fac']",
            "ShaderNodeMath.inputs['Fac']",
        ),
        ("n = bpy.data.materials[0].node_tree.nodes.new('ShaderNodeMath')\nn.inputs[3]", "ShaderNodeMath.inputs[3]"),
        (
            "n = bpy.data.materials[0].node_tree.nodes.new('ShaderNodeMath')\nn.operation = 'PLUS'",
            "ShaderNodeMath.operation = 'PLUS'",
        ),
        ("bpy.data.materials[0].node_tree.nodes['Math'].inputs['Fac']", "ShaderNodeMath.inputs['Fac']"),
        ("bpy.data.materials[0].node_tree.nodes.get('Math').inputs['Fac']", "ShaderNodeMath.inputs['Fac']"),
        ("class P(bpy.types.Panel):\n    bl_space_type = 'VIEW3D'", "Panel.bl_space_type = 'VIEW3D'"),
        ("class P(bpy.types.Panel):\n    def draw(self, context):\n        self.layout.operator('a.b')", "bpy.ops.a.b"),
        (
            "class P(bpy.types.Panel):\n def draw(self, context):\n  self.layout.prop(context.object, 'place')",
            "Object.place",
        ),
        ("class O(bpy.types.Operator):\n    def execute(self, context):\n        self.depth", "O.depth"),
    ],
)
def test_what_does_not_exist_is_named(code: str, name: str) -> None:
    assert name in found(code).missing


@pytest.mark.parametrize(
    "code",
    [
        "def f(o):\n    o.location",
        "def f(o):\n    o.location\n    f(o)",
        "def f(o):\n    o.location\nf(bpy.context.object)\nf(x)",
        "def f(o):\n    o.location\nf(bpy.context.object)\nmap(f, g())",
        "def f(o):\n    o.location\nf(*bpy.context.selected_objects)",
        "a = [1, bpy.data.objects[0]]\na[0].location",
        "import random\nrandom.choice(bpy.data.objects).location",
        "x = bpy.data.objects[0] if f else g()\nx.location",
        "from somewhere import make\nmake(bpy).location",
        "getattr(bpy.context.object, n).location",
        "x = {}\nif x:\n    x = bpy.data.materials[0]\nx.location",
        "with g() as x:\n    x.location",
        "lambda o: o.location",
    ],
)
def test_nobody_knows_what_has_an_unknown_owner(code: str) -> None:
    """Never "exists" by leaving it out."""
    said = found(code)
    assert ".location" in said.unchecked and "Object.location" not in said.checked and not said.missing


def test_a_socket_of_an_unknown_node_is_not_checked() -> None:
    said = found("bpy.data.materials[0].node_tree.nodes['Mine'].inputs['Fac'].name")
    assert "['Fac']" in said.unchecked and not said.missing


def test_what_python_has_is_no_name_of_blender() -> None:
    said = found("import math, os\nos.path.join('a', str(math.pi)).upper()\n'a'.join(['b']).strip()\n")
    assert said == Found(checked=("bpy",), deprecated={})


def test_what_a_script_adds_is_its_own() -> None:
    said = found(
        """
class Settings(bpy.types.PropertyGroup):
    size: bpy.props.FloatProperty()
class Grow(bpy.types.Operator):
    bl_idname = "object.grow"
    factor: bpy.props.FloatProperty()
    def execute(self, context):
        self.report({'INFO'}, str(self.factor))
        return context.scene.growing.size
bpy.types.Scene.growing = bpy.props.PointerProperty(type=Settings)
bpy.ops.object.grow(factor=2)
"""
    )
    assert not said.missing and not said.unchecked
    assert {"Grow", "factor", "growing", "size"} <= set(said.own)
    assert "Operator.report" in said.checked


def test_deprecated_names_are_told() -> None:
    assert found("bpy.data.materials[0].use_nodes = True").deprecated == {"Material.use_nodes": "always on"}
