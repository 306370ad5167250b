# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts are taken apart without running them."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.bpy_code import source

pytestmark = pytest.mark.plain


def test_prose_and_emptiness_do_not_parse() -> None:
    assert source.parses("import bpy\n")
    assert not source.parses("")
    assert not source.parses("# only a comment\n")
    assert not source.parses("Here is the material you asked for:")
    assert not source.parses("x = 1\x00")


@pytest.mark.parametrize("code", ["import bpy", "import math, bpy", "from bpy import data", "if 1:\n import bpy.types"])
def test_imports_of_bpy_are_seen(code: str) -> None:
    assert source.imports_bpy(code)


@pytest.mark.parametrize("code", ["", "import bpyx", "from .bpy import x", "bpy.data", "'import bpy'", "import bpy ("])
def test_other_text_is_no_import_of_bpy(code: str) -> None:
    assert not source.imports_bpy(code)


def test_statements_keep_their_text_and_lines() -> None:
    found = source.statements("import bpy\n\nfor i in range(2):\n    print(i)\nx = (1,\n     2)")
    assert [(s.line, s.text) for s in found.kept] == [
        (1, "import bpy"),
        (3, "for i in range(2):\n    print(i)"),
        (5, "x = (1,\n     2)"),
    ]
    assert found.dropped == 0


def test_a_cut_answer_loses_only_its_last_line() -> None:
    found = source.statements("import bpy\na = 1\nt.links.new(a.outputs['Val")
    assert [s.text for s in found.kept] == ["import bpy", "a = 1"]
    assert found.dropped == 1


def test_an_open_bracket_costs_its_lines_only() -> None:
    found = source.statements("a = 1\nb = (2,\nc = 3\nd = 4")
    assert "a = 1" in [s.text for s in found.kept]
    assert "d = 4" in [s.text for s in found.kept]
    assert found.dropped


def test_prose_has_no_statements() -> None:
    found = source.statements("This is prose.\nNothing here is Python, sorry.")
    assert found.kept == ()
    assert found.dropped == 2
