# SPDX-License-Identifier: GPL-3.0-or-later
"""What a graph meets on its way to another Blender, by the table; and the table itself."""

from __future__ import annotations

import json

import pytest

from voxel_trainer_addon.graph import travel
from voxel_trainer_addon.graph.model import Graph, Node, Socket

pytestmark = pytest.mark.plain
KINDS = {"type", "setting", "superseded", "item", "new setting", "new input", "tree setting", "interface setting"}
KINDS |= {
    "interface",
    "tree",
    "default",
    *(f"{side}{what}" for side in ("input", "output") for what in ("", " name", " type")),
}


def socket(identifier: str, available: bool = True) -> Socket:
    return Socket(identifier, identifier, "VALUE", available)


def graph(*nodes: Node, tree: str = "CompositorNodeTree") -> Graph:
    return Graph("scenes/Scene", tree, nodes)


def met(*nodes: Node, since: str = "4.2.23", to: str = "5.2", tree: str = "CompositorNodeTree") -> set[tuple[str, ...]]:
    found = travel.replacements(graph(*nodes, tree=tree), since=since, to=to)
    return {(r.node, r.change.kind, r.change.name, str(r.change.becomes)) for r in found}


GLARE = Node("Glare", "CompositorNodeGlare", {"glare_type": "GHOSTS", "mix": 0.0}, (socket("Image"),))
SKY = Node("Sky", "ShaderNodeTexSky", {"sky_type": "NISHITA", "sun_elevation": 0.2})


def test_a_setting_that_became_an_input_is_told_with_its_values() -> None:
    found = travel.replacements(graph(GLARE), since="4.2.23", to="5.2")
    kind = next(r for r in found if r.change.name == "glare_type")
    assert (kind.node, kind.change.becomes) == ("Glare", "input:Type")
    assert kind.change.values["GHOSTS"] == "Ghosts"
    assert kind.words.startswith("Glare: the setting glare_type is now the input Type (")


def test_what_is_gone_is_told() -> None:
    assert ("Glare", "setting", "mix", "None") in met(GLARE)
    points = Node("P", "ShaderNodeTexPointDensity")
    assert met(points, tree="ShaderNodeTree") == {("P", "type", "", "None")}


def test_only_the_item_in_use_is_told() -> None:
    assert ("Sky", "item", "sky_type=NISHITA", "SINGLE_SCATTERING") in met(SKY, tree="ShaderNodeTree")
    hosek = Node("Sky", "ShaderNodeTexSky", {"sky_type": "HOSEK_WILKIE"})
    assert met(hosek, tree="ShaderNodeTree") == set()


def test_a_node_type_of_the_compositor_became_the_shader_one() -> None:
    math = Node("M", "CompositorNodeMath")
    assert ("M", "type", "", "ShaderNodeMath") in met(math)
    assert met(math, tree="ShaderNodeTree") == set()


def test_sockets_out_of_use_are_not_told() -> None:
    used = Node("C", "FunctionNodeCompare", {}, (socket("A_INT"), socket("B_INT", available=False)))
    found = met(used, tree="GeometryNodeTree")
    assert ("C", "input", "A_INT", "A") in found
    assert not any(name == "B_INT" for _, _, name, _ in found)


def test_the_way_begins_at_the_newest_measured_version_that_is_not_newer() -> None:
    assert travel.part("4.3.2", "5.2") is travel.part("4.2.23", "5.2.3")
    assert travel.part("5.1.0", "5.2") is travel.part("5.0.1", "5.2")
    assert travel.part("5.2.2", "5.2.3") is None
    assert travel.replacements(graph(GLARE), since="5.2.2", to="5.2") == []
    with pytest.raises(ValueError, match="was not measured"):
        travel.part("5.2.3", "4.2")
    with pytest.raises(ValueError, match="no version"):
        travel.part("five", "5.2")


def test_the_table_is_well_formed() -> None:
    ways = [(travel.minor(p.old), travel.minor(p.new)) for p in travel.parts()]
    assert {((4, 2), (5, 2)), ((4, 5), (5, 2)), ((5, 0), (5, 2)), ((4, 2), (4, 5))} == set(ways)
    for part in travel.parts():
        assert part.files > 50 and part.trees > 500 and part.sample > 500 and part.date
        keys = [(c.kind, c.tree, c.type, c.name, c.becomes) for c in part.changes]
        assert len(keys) == len(set(keys))
        single = [key[:4] for key in keys if key[0] != "tree"]
        assert len(single) == len(set(single)), "one answer to what becomes of one thing"
        for change in part.changes:
            nodes, trees, files, sample = change.seen
            assert change.kind in KINDS
            assert nodes >= trees >= files >= 0, change
            assert nodes + sample > 0 and (change.kind == "default") == (set(change.values) == {"now"}), change
            assert travel.sentence(change).endswith(".") and " None" not in travel.sentence(change).split(" (")[0]
            if change.kind == "item":
                assert "=" in change.name
            if change.kind in ("setting", "superseded") and change.becomes:
                assert all(":" in place for place in change.becomes.split(" + "))


def test_a_change_is_a_line_of_the_table() -> None:
    text = travel.TABLE.read_text(encoding="utf-8")
    rows = sum(len(part["changes"]) + len(part["unexplained"]) for part in json.loads(text))
    assert rows <= len(text.splitlines()) < rows + 80
