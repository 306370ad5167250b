# SPDX-License-Identifier: GPL-3.0-or-later
"""Compact forms of one Blender in the words of another."""

from __future__ import annotations

from typing import Any

import pytest

from voxel_trainer_addon.graph.translate import translated

pytestmark = pytest.mark.plain


def form(*links: list[str], type: str = "CompositorNodeTree", **nodes: dict[str, Any]) -> dict[str, Any]:
    tree = {"key": "scenes/Scene", "type": type, "nodes": nodes, "links": list(links)}
    return {"format": "voxel-graph/1", "blender": "4.3.2", "trees": [tree]}


def in_52(value: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    made, said = translated(value, "5.2.3")
    return made["trees"][0], said


def test_a_setting_becomes_an_input_with_its_value() -> None:
    before = form(glare={"type": "CompositorNodeGlare", "settings": {"glare_type": "GHOSTS"}})
    tree, said = in_52(before)
    glare = tree["nodes"]["glare"]
    assert glare["settings"] == {} and glare["inputs"]['["Type"]'] == "Ghosts"
    assert glare["inputs"]["Clamp Highlights"] is True, "which older ones do, and new ones do not"
    assert len(said) == 1 and said[0].startswith("Glare: the setting glare_type is now the input Type")
    assert before["trees"][0]["nodes"]["glare"]["settings"], "the form that was given stays as it is"


def test_types_and_sockets_get_their_new_names() -> None:
    tree, _ = in_52(
        form(
            ["split", "R", "math", "Value"],
            type="ShaderNodeTree",
            split={"type": "ShaderNodeSeparateRGB", "inputs": {"Image": [1, 0, 0, 1]}},
            math={"type": "ShaderNodeMath"},
        )
    )
    split = tree["nodes"]["split"]
    assert (split["type"], split["inputs"]) == ("ShaderNodeSeparateColor", {"Color": [1, 0, 0, 1]})
    assert tree["links"] == [["split", "Red", "math", "Value"]]


def test_what_is_gone_leaves_with_its_links_and_is_told() -> None:
    tree, said = in_52(
        form(
            ["points", "Density", "math", "Value"],
            type="ShaderNodeTree",
            points={"type": "ShaderNodeTexPointDensity"},
            math={"type": "ShaderNodeMath", "layout": {"parent": "points"}},
        )
    )
    assert list(tree["nodes"]) == ["math"] and tree["links"] == [] and tree["nodes"]["math"]["layout"] == {}
    assert said == ["Point Density (ShaderNodeTexPointDensity): no longer there."]


def test_a_way_that_nobody_measured_is_said_and_changes_nothing() -> None:
    before = {**form(math={"type": "ShaderNodeMath"}), "blender": "5.2.3"}
    made, said = translated(before, "4.3.2")
    assert made == before and said == [
        "It was copied in Blender 5.2.3, and nobody measured what became of that in 4.3.2."
    ]
    assert translated(before, "5.2.3") == (before, [])


def test_what_was_usual_then_is_said_where_it_is_not_now() -> None:
    tree, said = in_52(form(type="ShaderNodeTree", skin={"type": "ShaderNodeBsdfPrincipled"}))
    assert tree["nodes"]["skin"]["inputs"]["Subsurface Scale"] == 0.05
    assert tree["nodes"]["skin"]["settings"]["subsurface_method"] == "RANDOM_WALK_LEGACY"
    assert said == []
    told = form(type="ShaderNodeTree", skin={"type": "ShaderNodeBsdfPrincipled", "inputs": {"Subsurface Scale": 0.2}})
    assert in_52(told)[0]["nodes"]["skin"]["inputs"]["Subsurface Scale"] == 0.2
