# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a Blender lacks: those of another version and those that never were are told apart."""

from __future__ import annotations

import copy

import pytest

from tests.bpy_code.small_table import NAMES, TABLE
from voxel_trainer_addon.bpy_code.names import Names
from voxel_trainer_addon.bpy_code.valid import Finding, names_valid

pytestmark = pytest.mark.plain


def newer() -> Names:
    """A version in which Math has gone and Voronoi has come."""
    table = copy.deepcopy(TABLE)
    table["blender"] = "6.0.0"
    table["nodes"]["ShaderNodeTexVoronoi"] = table["nodes"].pop("ShaderNodeMath")
    return Names(table)


NODE = "import bpy\nbpy.data.materials['a'].node_tree.nodes.new('{}')\n"


def test_what_exists_has_no_finding() -> None:
    assert names_valid(NODE.format("ShaderNodeMath"), NAMES, [newer()]) == []


def test_a_name_of_another_version_is_told_with_it() -> None:
    (found,) = names_valid(NODE.format("ShaderNodeTexVoronoi"), NAMES, [newer()])
    assert found == Finding("node ShaderNodeTexVoronoi", ("6.0.0",)) and found.kind == "wrong version"


def test_a_name_that_never_was_is_told_so() -> None:
    (found,) = names_valid(NODE.format("ShaderNodeMagic"), NAMES, [newer()])
    assert found.kind == "unknown anywhere"


@pytest.mark.parametrize("code", ["", "x = (", "x = " + "-" * 5000 + "1"])
def test_what_cannot_be_read_has_none(code: str) -> None:
    assert names_valid(code, NAMES, [newer()]) == []
