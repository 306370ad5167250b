# SPDX-License-Identifier: GPL-3.0-or-later
"""Files taken apart: what a function needs comes with it, and what cannot stand alone says why."""

from __future__ import annotations

import pytest

from tests.bpy_code.small_table import NAMES
from voxel_trainer_addon.bpy_code.patterns import patterns
from voxel_trainer_addon.bpy_code.units import Lost, Unit, units

pytestmark = pytest.mark.plain

FILE = """# SPDX-License-Identifier: MIT
import os, sys
from math import pi as PI, sin
import bpy

SIZE = 2.0
UNUSED = 3


def helper(o):
    return o.location * SIZE


# Turns everything.
@staticmethod
def turn(objects):
    for o in objects:
        helper(o)
        o.name = os.path.join("a", str(PI))


def alone(o):
    o.x = 1
    o.y = 2
    return o
"""


def parts(text: str) -> dict[str, Unit | str]:
    return {one.name: one if isinstance(one, Unit) else one.reason for one in units(text, NAMES)}


def test_a_function_brings_what_it_needs_and_no_more() -> None:
    unit = parts(FILE)["turn"]
    assert isinstance(unit, Unit)
    assert unit.kind == "function" and unit.comment == "# Turns everything."
    assert unit.text == (
        "import os\nfrom math import pi as PI\n\nSIZE = 2.0\n\n\ndef helper(o):\n    return o.location * SIZE\n\n\n"
        "@staticmethod\ndef turn(objects):\n    for o in objects:\n        helper(o)\n"
        '        o.name = os.path.join("a", str(PI))\n'
    )


def test_what_needs_nothing_stands_alone() -> None:
    unit = parts(FILE)["alone"]
    assert isinstance(unit, Unit) and unit.text.startswith("def alone(o):")


@pytest.mark.parametrize(
    ("head", "body", "reason"),
    [
        ("from . import other", "other.f()", "needs another file of its own"),
        ("import cv2", "cv2.f()", "needs a package that Blender does not have"),
        ("from math import *", "sin(1)", "uses a name that its file does not define"),
        ("", "nowhere()", "uses a name that its file does not define"),
        ("", "x = 'a'\n    " + "\n    ".join(["x += 'a'"] * 200), "is too long"),
    ],
)
def test_what_cannot_stand_alone_says_why(head: str, body: str, reason: str) -> None:
    assert parts(f"{head}\ndef f():\n    {body}\n    a = 1\n    return a\n") == {"f": reason}


def test_a_panel_brings_the_operator_whose_button_it_has() -> None:
    text = """
import bpy
class Grow(bpy.types.Operator):
    bl_idname = "object.grow"
    bl_label = "Grow"

class View(bpy.types.Panel):
    bl_label = "View"
    def draw(self, context):
        self.layout.operator("object.grow")
"""
    unit = parts(text)["View"]
    assert isinstance(unit, Unit) and unit.kind == "panel" and "class Grow" in unit.text


def test_a_short_file_that_acts_is_one_script() -> None:
    text = "#!/usr/bin/env python\n# Makes a cube.\n\nimport bpy\n\nbpy.ops.mesh.primitive_cube_add()\n"
    (unit,) = units(text, NAMES)
    assert isinstance(unit, Unit)
    assert (unit.kind, unit.text) == ("script", "import bpy\n\nbpy.ops.mesh.primitive_cube_add()\n")
    assert unit.comment.endswith("# Makes a cube.\n")


def test_what_python_warns_of_is_no_fault() -> None:
    unit = parts("def f():\n    a = '\\.'\n    b = a\n    return b\n")["f"]
    assert isinstance(unit, Unit)


def test_what_does_not_parse_is_lost() -> None:
    assert list(units("def f(:\n", NAMES)) == [Lost("", "does not parse")]


def test_patterns_are_named() -> None:
    import ast

    module = ast.parse(
        "import bpy, bmesh\n"
        "def register():\n    bpy.utils.register_class(A)\n"
        "def f(m, t):\n    bm = bmesh.new()\n    for v in bm.verts:\n        pass\n"
        "    t.nodes.new('a')\n    m.from_pydata([], [], [])\n    m.keyframe_insert('x')\n"
    )
    assert patterns(module) == (
        *("bmesh", "bmesh loop", "keyframes", "mesh building", "node building", "register and unregister"),
    )
