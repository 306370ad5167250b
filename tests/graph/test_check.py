# SPDX-License-Identifier: GPL-3.0-or-later
"""What `check` finds in a tree: each kind where it is so, and not where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voxel_trainer_addon.graph.check import KINDS, STOPS, Finding, check
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket, Value

pytestmark = pytest.mark.plain


def node(name: str, type: str, inputs: dict[str, Value] | None = None, outputs: str = "", **settings: Value) -> Node:
    told = tuple(Socket(key, key, "VALUE", value=value) for key, value in (inputs or {}).items())
    return Node(name, type, settings, told, tuple(Socket(key, key, "VALUE") for key in outputs))


def tree(*nodes: Node, links: tuple[Link, ...] = (), type: str = "CompositorNodeTree", **more: Value) -> Graph:
    return Graph("node_groups/Tree", type, nodes, links, **more)


def kinds(found: list[Finding]) -> list[str]:
    return [finding.kind for finding in found]


def test_a_tree_with_nothing_wrong_has_no_findings() -> None:
    out = node("Out", "NodeGroupOutput", {"Image": None})
    blur = node("Blur", "CompositorNodeBlur", outputs="x")
    assert check(tree(blur, out, links=(Link("Blur", 0, "Out", 0),))) == []


def test_nodes_without_effect_and_links_that_do_not_fit_are_named() -> None:
    out = node("Out", "NodeGroupOutput", {"Image": None})
    loose = node("Loose", "CompositorNodeBlur", outputs="x")
    found = check(tree(loose, out))
    assert kinds(found) == ["no effect"] and found[0].nodes == ("Loose",)
    found = check(tree(loose, out, links=(Link("Loose", 0, "Out", 0, valid=False),)))
    assert kinds(found) == ["dead link", "no effect"] and found[0].nodes == ("Out",)
    assert found[0].sentence == "One link does not fit and can bring nothing."


def test_pictures_are_missing_where_their_names_are_given() -> None:
    image: Value = {"id": "IMAGE", "name": "Rust"}
    graph = tree(node("One", "CompositorNodeImage", image=image), node("Two", "CompositorNodeImage", image=image))
    assert check(graph, pictures=["Other"]) == []
    (found,) = check(graph, pictures=["Rust"])
    assert (found.kind, found.nodes) == ("missing", ("One", "Two")) and "“Rust”" in found.sentence


def test_what_this_blender_does_not_know_stops() -> None:
    said = "refused: The node “Magic” is of a type that this Blender does not know"
    (found,) = check(tree(node("Magic", "NodeUndefined"), refused=said))
    assert found.kind in STOPS and found.nodes == ("Magic",) and found.sentence.endswith("does not know.")


def test_a_tree_as_blender_makes_it_is_told_until_something_is_set() -> None:
    fresh = tree(node("Math", "ShaderNodeMath", {"A": 0.5}, "x", operation="ADD"))
    same = tree(node("Sum", "ShaderNodeMath", {"A": 0.5}, "x", operation="ADD"))
    assert kinds(check(same, fresh=fresh)) == ["defaults"]
    for changed in (
        tree(node("Sum", "ShaderNodeMath", {"A": 0.5}, "x", operation="SINE")),
        tree(node("Sum", "ShaderNodeMath", {"A": 0.6}, "x", operation="ADD")),
        tree(*(replace(same.nodes[0], name=name) for name in "abcd")),
    ):
        assert check(changed, fresh=fresh) == []


def test_a_setting_that_is_gone_breaks_only_where_it_was_set() -> None:
    fresh = tree(node("Blur", "CompositorNodeBlur", use_gamma_correction=False))
    ways = {"since": "4.2.23", "to": "5.2", "fresh": fresh}
    unset = tree(node("Blur", "CompositorNodeBlur", use_gamma_correction=False))
    found = check(replace(unset, nodes=(replace(unset.nodes[0], settings={"use_gamma_correction": True}),)), **ways)
    assert "breaks" in kinds(found)
    (broken,) = [finding for finding in found if finding.kind == "breaks"]
    assert broken.sentence == "Blur: the setting use_gamma_correction is gone." and broken.nodes == ("Blur",)
    assert "breaks" not in kinds(check(unset, **ways))


def test_what_is_only_renamed_changes_and_does_not_stop() -> None:
    glare = node("Glare", "CompositorNodeGlare", glare_type="STREAKS")
    found = check(tree(glare), since="4.2.23", to="5.2")
    assert set(kinds(found)) == {"changes"} and not STOPS & set(kinds(found))
    assert any("glare_type" in finding.sentence for finding in found)
    assert check(tree(glare), since="5.2.3", to="5.2") == []


def test_a_font_that_became_an_input_breaks_nothing() -> None:
    text = node("Text", "GeometryNodeStringToCurves", font={"id": "VFONT", "name": "Bfont"})
    found = check(tree(text, type="GeometryNodeTree"), since="4.2.23", to="5.2")
    assert kinds(found) == ["changes"] and "now the input Font" in found[0].sentence


def test_a_way_that_nobody_measured_is_no_answer() -> None:
    with pytest.raises(ValueError, match="was not measured"):
        check(tree(), since="5.2.3", to="9.1")


def test_findings_come_worst_first() -> None:
    graph = tree(
        node("Magic", "NodeUndefined", outputs="x"),
        node("Blur", "CompositorNodeBlur", outputs="x", use_gamma_correction=True, filter_type="GAUSS"),
        node("Out", "NodeGroupOutput", {"Image": None}),
        refused="refused: unknown",
    )
    found = kinds(check(graph, since="4.2.23", to="5.2"))
    assert found == sorted(found, key=list(KINDS).index) and {"breaks", "unknown", "no effect"} <= set(found)
