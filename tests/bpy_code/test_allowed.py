# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-list lets through what makes node trees, and nothing that reaches out of Blender's data."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.bpy_code.allowed import unsafe

pytestmark = pytest.mark.plain

FONTS = "import bpy\nf = bpy.utils.system_resource('DATAFILES', path='fonts')\n"
GOOD = [
    "import bpy\nt = bpy.data.node_groups.new('A', 'GeometryNodeTree')\nnew, link = t.nodes.new, t.links.new\n",
    "import bpy, math\nfrom mathutils import Vector, noise\nv = Vector((1, 2, math.pi))\n",
    "import bpy\nm = bpy.data.materials.new('M')\nm.use_nodes = True\nm.node_tree.nodes.clear()\n",
    "import bpy\nbpy.ops.mesh.primitive_uv_sphere_add(radius=2)\nbpy.context.object.active_material = None\n",
    "import bpy\nfor n in bpy.data.materials:\n    if isinstance(n, bpy.types.ID):\n        setattr(n, 'name', '')\n",
    "import bpy\nf = bpy.data.fonts.load('<builtin>')\nx = float('inf')\n",
    "from bpy import data as D\nD.worlds.new('W')\n",
    "import bpy\ninput = 3\nid = input\n",
    "undefined_name.attribute = 3\n",
    "import bmesh\nb = bmesh.new()\nbmesh.ops.create_cube(b)\n",
    "import bpy\nbpy.ops.object.mode_set(mode='EDIT')\n",
    "d = s.driver_add('default_value').driver\nv = d.variables.new()\nv.name = 'a'\nd.expression = 'sin(a / 2) + pi'\n",
    "print('{} and {name:>{0}.2f}'.format(1, name=2))\n",
    FONTS + "bpy.data.fonts.load(f + '/Inter.woff2')\n",
    "import bpy\nx = [n for n in y if isinstance(n, (bpy.types.ID, bpy.types.Node | int))]\ntype(1) == int\n",
    "import bpy\nbpy.context.scene.view_settings.curve_mapping\n",
]

BAD = {
    "import os": "imports os",
    "import bpy.utils": "imports bpy.utils",
    "from bpy import app": "imports bpy.app",
    "from bpy import *": "imports bpy.*",
    "from random import _os": "imports _os",
    "import random\nrandom._os.system('x')": "_os",
    "import bpy\nbpy.app.timers.register(print)": "uses bpy.app",
    "import bpy\nbpy.utils.register_class(3)": "uses bpy.utils",
    "import bpy\nbpy.ops.wm.save_as_mainfile(filepath='x')": "uses bpy.ops.wm.save_as_mainfile",
    "import bpy\no = bpy.ops\no.wm": "uses bpy.ops",
    "import bpy as b\nb.ops.wm.quit_blender()": "ops.wm.quit_blender",
    "import bpy\nb = bpy\nb.ops": "hands bpy on",
    "open('x')": "uses open",
    "f = open": "uses open",
    "open = open\nopen('x')": "uses open",
    "exec('1')": "uses exec",
    "__import__('os')": "uses __import__",
    "().__class__": "attribute __class__",
    "x = 1\nf'{x.__class__}'": "attribute __class__",
    "(i for i in ()).gi_frame": "gi_frame",
    "getattr(1, 'a' + 'b')": "computed name",
    "getattr(1, '__class__')": "attribute __class__",
    "g = getattr": "hands getattr on",
    "type('X', (), {})": "makes a class",
    "class A:\n    pass": "defines a class",
    "match 1:\n    case int(__class__=c):\n        pass": "uses match",
    "import bpy\nbpy.data.images.load('/etc/passwd')": "uses .load",
    "import bpy\nf = bpy.data.fonts.load\nf('x')": "uses .load",
    "import bpy\nbpy.data.libraries.load('x')": "uses .libraries",
    "import bpy\nbpy.data.images['a'].save()": "uses .save",
    "import bpy\nbpy.data.texts.new('a').as_module()": "uses .as_module",
    "import bpy\nbpy.data.texts.new('a').use_module = True": "uses .use_module",
    "import bpy\nbpy.data.objects[0].driver_add('location').driver.expression = 'x.y'": "a driver that needs Python",
    "d.expression = 'bpy'": "a driver that needs Python",
    "d.expression = 'sin(sin)'": "a driver that needs Python",
    "d.expression = '2 ** 99999'": "a driver that needs Python",
    "d.expression = 'a' + 'b'": "a driver that needs Python",
    "d.expression += '()'": "uses .expression",
    "(d.expression,) = ['x()']": "uses .expression",
    "for d.expression in ['x()']:\n    pass": "uses .expression",
    "setattr(d, 'expression', 'x()')": "uses .expression",
    "d.use_self = True": "uses .use_self",
    "'{0.__class__}'.format(1)": "uses .format",
    "'{0:{1.__class__}}'.format(1, 2)": "uses .format",
    "f = '{}'.format": "uses .format",
    "x.format(1)": "uses .format",
    "import bpy\nsetattr(bpy.types.Material, 'x', 3)": "bpy.types",
    "import bpy\nT = bpy.types.Material\nT.x = 3": "bpy.types",
    "type(1).x = 3": "hands the type",
    FONTS + "bpy.data.fonts.load(f + '/../a.ttf')": ".load",
    FONTS + "f = '/x'\nbpy.data.fonts.load(f + '/a.ttf')": ".load",
    "import bpy\nbpy.utils.system_resource('SCRIPTS')": "uses bpy.utils",
    FONTS + "def g(f):\n    bpy.data.fonts.load(f + '/a.ttf')": ".load",
    FONTS.replace("bpy.utils", "x.utils") + "bpy.data.fonts.load(f + '/a.ttf')": ".load",
    "import bpy\ndef isinstance(a, b):\n    b.x = a\nisinstance(1, bpy.types.Material)": "bpy.types",
    "def f(a=open):\n    pass": "uses open",
    "@exec\ndef f():\n    pass": "uses exec",
    "(lambda: 0).__globals__": "attribute __globals__",
    "import bpy\nbpy.types.WM_OT_path_open.execute": "bpy.types",
    "from bpy import types\nisinstance(1, types.WM_OT_path_open)": "WM_OT_path_open",
    "import bpy\nbpy.types.Material.x = 3": "bpy.types",
    "import bpy\nbpy.data = 3": "assigns to bpy.data",
    "import math\nmath.sin = 3": "assigns to math.sin",
    "import bpy\nbpy.context.preferences.filepaths": "uses .preferences",
    "import bpy (": "does not parse",
}


@pytest.mark.parametrize("code", GOOD)
def test_code_that_makes_things_is_let_through(code: str) -> None:
    assert unsafe(code) == []


@pytest.mark.parametrize("code", BAD)
def test_code_that_reaches_out_is_refused_with_its_reason(code: str) -> None:
    found = unsafe(code)
    assert any(BAD[code] in sentence for sentence in found), found


def test_each_finding_names_its_line() -> None:
    assert unsafe("import bpy\nimport os\n") == ["line 2: imports os"]


def test_code_nested_too_deeply_is_refused_not_crashed_on() -> None:
    assert unsafe("x = " + "-" * 5000 + "1")
