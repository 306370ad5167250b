# SPDX-License-Identifier: GPL-3.0-or-later
"""The node editors in real windows of Blender 4.3 and 5.2: clicked, faulted, and a tree taken from one to the other."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.blender

VERSIONS = ("4.3", "5.2")
OPENED = ("node_tool_idname", "is_strip_modifier")
"""What Blender gives a tree when it opens an older file, and no fresh tree has."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_button_does_what_it_says(window: Any, version: str) -> None:
    found = window(version, "drive_editor")
    assert found["explained"][0] == "This shader node group has 19 nodes, one group used."
    assert "Noise Texture" in found["selected"]
    assert found["python"].startswith("import bpy") and "NW_Leak" in found["python"]
    assert found["pasted"][0] == found["pasted"][1] and found["pasted"][2] == [] and found["equal"]
    assert sorted(words.split(" ")[0] for words in found["changes"]) == [
        "Add",
        "Link",
        "Link",
        "Remove",
        "Set",
        "Unmute",
    ]
    assert found["left"] == [], "every change was taken, and nothing was left to change"


@pytest.mark.parametrize("version", VERSIONS)
def test_faults_get_a_sentence_and_the_next_click_works(window: Any, version: str) -> None:
    assert len(window(version, "drive_faults")["passed"]) == 13


@pytest.mark.slow
def test_trees_go_from_4_3_to_5_2(window: Any) -> None:
    assert len(window("4.3", "drive_walk")["copied"]) == 10
    pasted = window("5.2", "drive_walk")["pasted"]
    assert {row["type"] for row in pasted} == {"ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree"}
    for row in pasted:
        rest = [line for line in row["differs"] if not any(name in line for name in OPENED)]
        assert all("“UV Vector”" in line for line in rest), "5.2 itself reads that socket's limits wrongly"
    assert sum(row["equal"] for row in pasted) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_fifty_pastes_and_undos_leave_nothing(window: Any, version: str) -> None:
    assert window(version, "drive_rounds", 900)["rounds"] == [50, 0]
