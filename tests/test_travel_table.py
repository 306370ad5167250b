# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring of what changes between two Blenders, on small made-up readings."""

from __future__ import annotations

from typing import Any

import pytest

from build_tools import travel_table

pytestmark = pytest.mark.plain


def socket(identifier: str, name: str = "", type: str = "VALUE", value: Any = 0.0, available: bool = True) -> Any:
    return {"identifier": identifier, "name": name or identifier, "type": type, "available": available, "value": value}


def node(type: str, inputs: tuple[Any, ...] = (), name: str = "N", **settings: Any) -> Any:
    return {"name": name, "type": type, "settings": settings, "inputs": list(inputs), "outputs": []}


def tree(*nodes: Any, kind: str = "CompositorNodeTree", key: str = "node_groups/T") -> Any:
    return {"key": key, "type": kind, "nodes": list(nodes), "settings": {}, "interface": []}


def file(*trees: Any, written: str = "4.2.0", **compositors: str) -> Any:
    return {"written": written, "trees": {t["key"]: t for t in trees}, "compositors": compositors}


def changes(before: Any, after: Any, sample: Any = None, name: str = "a.blend") -> dict[Any, Any]:
    return dict(travel_table.compare({name: before}, {name: after}, "4.2", sample or {}).changes)


def test_equal_readings_have_no_changes() -> None:
    same = file(tree(node("ShaderNodeMath", (socket("Value"),), operation="ADD")))
    assert changes(same, same) == {}


def test_a_file_of_a_newer_version_and_one_that_does_not_open_do_not_count() -> None:
    before, after = tree(node("A")), tree(node("B"))
    assert changes(file(before, written="4.3.0"), file(after)) == {}
    assert changes({"error": "damaged"}, file(after)) == {}
    assert changes(file(before), file(after)).keys() == {("type", "CompositorNodeTree", "A", "", "B")}


def test_settings_items_and_sockets_are_told_apart() -> None:
    before = node("X", (socket("Fac"), socket("Old", "Size"), socket("Lost", "Lost", "RGBA")), mode="A", gone=1, kept=2)
    after = node(
        "X", (socket("Fac", "Factor"), socket("New", "Size"), socket("Fresh", "Fresh", "INT")), mode="B", kept=2
    )
    found = changes(file(tree(before)), file(tree(after)))
    where = ("CompositorNodeTree", "X")
    assert found.keys() == {
        ("setting", *where, "gone", None),
        ("item", *where, "mode=A", "B"),
        ("input name", *where, "Fac", "Factor"),
        ("input", *where, "Old", "New"),
        ("input", *where, "Lost", None),
        ("new input", *where, "Fresh", None),
    }
    assert all(len(evidence.trees) == evidence.nodes == 1 for evidence in found.values())


def test_sockets_out_of_use_are_no_change() -> None:
    before = node("X", (socket("A", available=False),))
    assert changes(file(tree(before)), file(tree(node("X")))) == {}


def test_the_compositor_of_a_scene_is_found_as_its_group() -> None:
    before = tree(node("CompositorNodeMath"), key="scenes/Scene")
    after = tree(node("ShaderNodeMath"), key="node_groups/Compositing Nodetree")
    found = changes(file(before), file(after, Scene="Compositing Nodetree"))
    assert found.keys() == {("type", "CompositorNodeTree", "CompositorNodeMath", "", "ShaderNodeMath")}


def test_trees_that_appear_and_nodes_that_come_are_told() -> None:
    light = tree(node("ShaderNodeEmission"), kind="ShaderNodeTree", key="lights/Lamp")
    assert changes(file(), file(light)).keys() == {("tree", "ShaderNodeTree", "lights", "", "appears")}
    empty = tree(kind="ShaderNodeTree", key="lights/Lamp")
    more = "more nodes: ShaderNodeEmission"
    assert changes(file(empty), file(light)).keys() == {("tree", "ShaderNodeTree", "lights", "", more)}


def sampled(value: Any, **settings: Any) -> Any:
    """A sample file: one tree with the node as it is made, one with its setting changed."""
    trees = [
        tree(node("G", (socket("Type", value=v),) if v else (), **settings), key=f"node_groups/S{n}") for n, v in value
    ]
    return file(*trees)


def test_a_setting_that_became_an_input_is_found_by_changing_it() -> None:
    sample = {"S0": ["G", None, None], "S1": ["G", "kind", "GHOSTS"]}
    before = file(
        tree(node("G", kind="STREAKS"), key="node_groups/S0"), tree(node("G", kind="GHOSTS"), key="node_groups/S1")
    )
    after = sampled([(0, "Streaks"), (1, "Ghosts")])
    found = changes(before, after, sample, "sample-x.blend")
    moved = found["setting", "CompositorNodeTree", "G", "kind", "input:Type"]
    assert moved.values == {"GHOSTS": "Ghosts", "STREAKS": "Streaks"}
    assert moved.nodes == 0 and moved.sample == {"S0", "S1"}
    assert len(found) == 1, "the input that it became is no new input besides"


def test_an_input_that_counts_instead_of_a_setting_is_told() -> None:
    sample = {"S0": ["G", None, None], "S1": ["G", "kind", "GHOSTS"]}
    before = file(
        tree(node("G", kind="STREAKS"), key="node_groups/S0"), tree(node("G", kind="GHOSTS"), key="node_groups/S1")
    )
    after = file(
        tree(node("G", (socket("Type", value="Streaks"),), kind="STREAKS"), key="node_groups/S0"),
        tree(node("G", (socket("Type", value="Ghosts"),), kind="GHOSTS"), key="node_groups/S1"),
    )
    found = changes(before, after, sample, "sample-x.blend")
    assert found.keys() == {("superseded", "CompositorNodeTree", "G", "kind", "input:Type")}


def test_what_no_change_explains_is_counted() -> None:
    before, after = node("X", (socket("A", value=1.0),)), node("X", (socket("A", value=2.0),))
    found = travel_table.compare({"a": file(tree(before))}, {"a": file(tree(after))}, "4.2", {})
    assert travel_table.as_json(found)["unexplained"] == [["an input with another value", "X", "A", 1]]


def test_what_an_older_node_has_otherwise_than_a_new_one_is_told() -> None:
    made = tree(node("X", (socket("Size", value=1.0), socket("A")), mode="SLOW"), key="node_groups/S1")
    opened = tree(node("X", (socket("Size", value=1.0), socket("A")), mode="LEGACY", kept=1), key="node_groups/S1")
    fresh = {"CompositorNodeTree": tree(node("X", (socket("Size", value=2.0), socket("A")), mode="SLOW", kept=1))}
    files = [{"sample-a.blend": file(one)} for one in (made, opened)]
    found = travel_table.defaults(*files, {"S1": ["X", None, None]}, fresh)
    assert {row[3]: row[6]["now"] for row in found} == {"input:Size": 1.0, "setting:mode": "LEGACY"}
    assert travel_table.defaults(*files, {"S1": ["X", "mode", "SLOW"]}, fresh) == [], "a changed one says nothing"
