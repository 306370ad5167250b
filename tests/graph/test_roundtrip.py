# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees come back: made or loaded in Blender, read, built, written, run in an empty Blender, compared."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graph, read_graphs, tree_of
from voxel_trainer_addon.graph.canonical import differences
from voxel_trainer_addon.graph.model import Graph, Node
from voxel_trainer_addon.worker.inside import empty, prove

pytestmark = pytest.mark.bpy
V5 = bpy.app.version >= (5, 0)


def geometry(name: str) -> Any:
    return bpy.data.node_groups.new(name, "GeometryNodeTree")


def socket(tree: Any, name: str, in_out: str = "INPUT", kind: str = "NodeSocketFloat", **more: Any) -> Any:
    return tree.interface.new_socket(name, in_out=in_out, socket_type=kind, **more)


def ramp_and_curves() -> None:
    material = bpy.data.materials.new("Käse ü")
    if material.node_tree is None:
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    ramp, curves, image = (nodes.new(f"ShaderNode{t}") for t in ("ValToRGB", "RGBCurve", "TexImage"))
    ramp.color_ramp.interpolation = "B_SPLINE"
    ramp.color_ramp.elements.new(0.3).color = (0.1, 0.2, 0.3, 1.0)
    ramp.color_ramp.elements[0].position = 0.05
    points = curves.mapping.curves[3].points
    points.new(0.4, 0.7).handle_type = "VECTOR"
    curves.mapping.update()
    image.image = bpy.data.images.new("Foto", 4, 4)
    image.texture_mapping.scale = (2.0, 3.0, 4.0)
    links.new(image.outputs[0], ramp.inputs[0]).is_muted = True
    links.new(ramp.outputs[0], curves.inputs["Color"])
    curves.mute = True


def repeat_zone() -> None:
    tree = geometry("Zone")
    socket(tree, "Geometry", kind="NodeSocketGeometry")
    socket(tree, "Geometry", "OUTPUT", "NodeSocketGeometry")
    nodes, links = tree.nodes, tree.links
    start, end = nodes.new("GeometryNodeRepeatInput"), nodes.new("GeometryNodeRepeatOutput")
    start.pair_with_output(end)
    end.repeat_items.new("FLOAT", "Height")
    end.repeat_items.new("VECTOR", "Offset")
    join, add = nodes.new("GeometryNodeJoinGeometry"), nodes.new("ShaderNodeMath")
    start.inputs["Iterations"].default_value = 5
    group_in, group_out = nodes.new("NodeGroupInput"), nodes.new("NodeGroupOutput")
    cube = nodes.new("GeometryNodeMeshCube")
    links.new(group_in.outputs[0], start.inputs[1])
    links.new(start.outputs["Geometry"], join.inputs[0])
    links.new(cube.outputs[0], join.inputs[0])
    links.new(join.outputs[0], end.inputs["Geometry"])
    links.new(start.outputs["Height"], add.inputs[0])
    links.new(add.outputs[0], end.inputs["Height"])
    links.new(end.outputs["Geometry"], group_out.inputs[0])


def menus_and_captures() -> None:
    tree = geometry("Menus")
    socket(tree, "Shape", kind="NodeSocketMenu")
    socket(tree, "Value", "OUTPUT")
    nodes, links = tree.nodes, tree.links
    switch, capture = nodes.new("GeometryNodeMenuSwitch"), nodes.new("GeometryNodeCaptureAttribute")
    switch.data_type = "FLOAT"
    switch.enum_items.clear()
    for name in ("Round", "Square", "Star"):
        switch.enum_items.new(name).description = f"A {name} thing"
    links.new(nodes.new("NodeGroupInput").outputs[0], switch.inputs[0])
    links.new(switch.outputs[0], nodes.new("NodeGroupOutput").inputs[0])
    next(i for i in tree.interface.items_tree if i.name == "Shape").default_value = "Star"
    capture.capture_items.new("VECTOR", "Normal")
    capture.capture_items.new("RGBA", "Value")
    user = geometry("User").nodes.new("GeometryNodeGroup")
    user.node_tree = tree
    user.inputs[0].default_value = "Square"


def nested_groups() -> None:
    below = None
    for name in ("Low", "Middle", "High"):
        tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
        amount = socket(tree, "Amount")
        amount.subtype, amount.min_value, amount.max_value, amount.default_value = "FACTOR", 0.0, 1.0, 0.25
        socket(tree, "Out", "OUTPUT")
        if below is not None:
            node = tree.nodes.new("ShaderNodeGroup")
            node.node_tree = below
            node.inputs["Amount"].default_value = 0.75
            tree.links.new(node.outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
        below = tree


def interface_panels() -> None:
    tree = geometry("Panels")
    panel = tree.interface.new_panel("Shape", default_closed=True)
    socket(tree, "Out", "OUTPUT", "NodeSocketVector")
    socket(tree, "Angle", parent=panel).subtype = "ANGLE"
    vector = socket(tree, "Size", kind="NodeSocketVector", parent=panel)
    if V5:
        vector.dimensions = 2
        vector = next(i for i in tree.interface.items_tree if i.name == "Size")
    vector.default_value = (1.0, 2.0) if V5 else (1.0, 2.0, 3.0)
    text = socket(tree, "Text", kind="NodeSocketString")
    text.default_value = 'two\nlines and "quotes" \\ é 噪 ' * 9
    socket(tree, "Thing", kind="NodeSocketObject").default_value = bpy.data.objects.new("Thing", None)
    value = tree.nodes.new("ShaderNodeValue")
    value.outputs[0].default_value = 1.0 / 3.0


def dead_ends() -> None:
    tree = bpy.data.node_groups.new("Dead", "ShaderNodeTree")
    nodes, links = tree.nodes, tree.links
    add, loose = nodes.new("ShaderNodeMath"), nodes.new("NodeReroute")
    links.new(loose.outputs[0], add.inputs[0])
    add.inputs[0].default_value = 7.0
    muted = nodes.new("NodeReroute")
    muted.mute = True
    links.new(nodes.new("ShaderNodeValue").outputs[0], muted.inputs[0])
    links.new(muted.outputs[0], add.inputs[1])
    nodes.new("NodeFrame").label = "left out"


MADE = [ramp_and_curves, repeat_zone, menus_and_captures, nested_groups, interface_panels, dead_ends]


def proven(graphs: dict[str, Graph], tmp_path: Path, **more: Any) -> dict[str, Any]:
    body = json.loads(
        json.dumps({"graphs": {k: g.as_json() for k, g in graphs.items()}, "roots": list(graphs), **more})
    )
    scripts: dict[str, Any] = prove.run(body, tmp_path)["scripts"]
    return scripts


@pytest.mark.parametrize("make", MADE, ids=lambda f: f.__name__)
def test_made_trees_come_back(make: Callable[[], None], tmp_path: Path) -> None:
    empty()
    make()
    graphs, aside = read_graphs(bpy.data)
    assert graphs and not aside
    for key, answer in proven(graphs, tmp_path).items():
        assert answer["proven"], f"{key}: {answer['reason']}\n{answer['code']}"
        assert max(map(len, answer["code"].splitlines())) <= 100


def test_a_reading_goes_through_json_unchanged() -> None:
    empty()
    for make in MADE:
        make()
    for graph in read_graphs(bpy.data)[0].values():
        assert Graph.from_json(json.loads(json.dumps(graph.as_json()))) == graph


def test_what_was_changed_is_not_proven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The proof must not share the writer's blind spots: code with one line less is caught."""
    empty()
    repeat_zone()
    graphs, _ = read_graphs(bpy.data)
    write = prove.script
    code = write_of(graphs, tmp_path)
    unneeded = []
    for n, line in enumerate(code.splitlines()):
        if line.startswith(("links.new(", "start", "repeat")) or "default_value" in line or "items.new" in line:
            shorter = "\n".join(code.splitlines()[:n] + code.splitlines()[n + 1 :])
            monkeypatch.setattr(prove, "script", lambda blocks, arrange, text=shorter: text)
            if proven(graphs, tmp_path)["node_groups/Zone"]["proven"]:
                unneeded.append(line)
    monkeypatch.setattr(prove, "script", write)
    assert not unneeded


def write_of(graphs: dict[str, Graph], tmp_path: Path) -> str:
    return next(str(answer["code"]) for answer in proven(graphs, tmp_path).values())


def test_a_code_that_fails_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty()
    dead_ends()
    graphs, _ = read_graphs(bpy.data)
    monkeypatch.setattr(prove, "script", lambda blocks, arrange: "import bpy\nbpy.nothing\n")
    answer = proven(graphs, tmp_path)["node_groups/Dead"]
    assert not answer["proven"] and answer["reason"].startswith("failed at line 2: AttributeError")


def test_unknown_types_are_refused_by_name(tmp_path: Path) -> None:
    empty()
    dead_ends()
    graphs, _ = read_graphs(bpy.data)
    graph = graphs["node_groups/Dead"]
    bad = replace(graph, refused="refused: the node “X” is of a type that this Blender does not know")
    answer = proven({graph.key: bad}, tmp_path)[graph.key]
    assert answer["code"] is None and not answer["proven"] and "“X”" in answer["reason"]


def test_layout_comes_back_too(tmp_path: Path) -> None:
    empty()
    repeat_zone()
    tree = bpy.data.node_groups["Zone"]
    frame = tree.nodes.new("NodeFrame")
    frame.label, frame.location = "Loop", (100.0, 50.0)
    for node in list(tree.nodes)[:2]:
        node.parent = frame
        node.location = (10.0, 20.0)
    tree.nodes["Math"].label = "Grow"
    want = read_graph(tree, "node_groups/Zone")
    code = proven({want.key: want}, tmp_path, layout=True)[want.key]["code"]
    empty()
    exec(compile(code, "code", "exec"), {"__name__": "__main__"})
    made = read_graph(tree_of(bpy.data, want.key), want.key)
    assert {n.name: n.layout for n in made.nodes} == {n.name: n.layout for n in want.nodes}


CORPUS = [
    "chsh2__nijiGPen/res__library.blend",
    "IRCSS__Trees-With-Geometry-Nodes-Blender/LowpolyGeometrynodeTree.blend",
    "KhronosGroup__glTF-Blender-IO/tests__pbr_node__glTF2.blend",
]


@pytest.mark.parametrize("name", CORPUS)
def test_real_files_come_back(name: str, corpus: Path, tmp_path: Path) -> None:
    """Opened and linked, a file holds the same trees; each one's code is proven."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    linked = linked_graphs(corpus / name)
    bpy.ops.wm.open_mainfile(filepath=str(corpus / name), load_ui=False, use_scripts=False)
    opened, _ = read_graphs(bpy.data)
    assert linked.keys() == opened.keys()
    assert [words for key in opened for words in differences(opened[key], linked[key], opened, linked)] == []
    answers = proven(linked, tmp_path)
    assert {key: answer["reason"] for key, answer in answers.items() if not answer["proven"]} == {}


def test_linked_groups_are_read_as_local_unless_a_name_stands_for_two(tmp_path: Path) -> None:
    library, user = str(tmp_path / "library.blend"), str(tmp_path / "user.blend")

    def group(name: str, uses: Any = None) -> Any:
        tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
        tree.use_fake_user = True
        if uses is not None:
            tree.nodes.new("ShaderNodeGroup").node_tree = uses
        return tree

    empty()
    group("Dirt").nodes.new("ShaderNodeMath")
    group("Only")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    empty()
    with bpy.data.libraries.load(library, link=True) as (_, here):
        here.node_groups = ["Dirt", "Only"]
    dirt, only = bpy.data.node_groups["Dirt"], bpy.data.node_groups["Only"]
    group("Doubtful", uses=dirt)
    group("Sure", uses=only)
    group("Dirt")
    bpy.ops.wm.save_as_mainfile(filepath=user)
    empty()
    refused = {graph.name: bool(graph.refused) for graph in linked_graphs(Path(user)).values()}
    assert refused == {"Dirt": False, "Doubtful": True, "Only": False, "Sure": False}


def linked_graphs(path: Path) -> dict[str, Graph]:
    wanted = ("node_groups", "materials", "worlds", "lights", "scenes", "linestyles", "textures")
    with bpy.data.temp_data() as data:
        with data.libraries.load(str(path), link=True) as (there, here):
            for kind in wanted:
                setattr(here, kind, getattr(there, kind))
        own = next(library for library in data.libraries if Path(library.filepath) == path)
        return read_graphs(data, own)[0]


def test_a_fresh_process_agrees(tmp_path: Path) -> None:
    """Each script run alone in a new process makes the tree that the job proved in its emptied one."""
    empty()
    for make in MADE:
        make()
    graphs, _ = read_graphs(bpy.data)
    for key, answer in proven(graphs, tmp_path).items():
        assert answer["proven"], key
        (tmp_path / "code.py").write_text(answer["code"], encoding="utf-8")
        (tmp_path / "key.txt").write_text(key, encoding="utf-8")
        subprocess.run([sys.executable, "-c", FRESH, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])
        made = Graph.from_json(json.loads((tmp_path / "made.json").read_text(encoding="utf-8")))
        assert differences(graphs[key], made, {}, {}) == []


def test_a_node_that_its_tree_does_not_take_is_refused_with_blenders_words(tmp_path: Path) -> None:
    """As render layers in a group before 5.0: a file of a later version may hold them."""
    empty()
    graph = Graph("node_groups/Odd", "ShaderNodeTree", (Node("Layers", "CompositorNodeRLayers"),))
    answer = proven({graph.key: graph}, tmp_path)[graph.key]
    assert not answer["proven"] and answer["reason"].startswith(
        "refused: no CompositorNodeRLayers can be in this tree:"
    )


FRESH = """
import json, os, runpy, sys
from pathlib import Path
import bpy
folder = Path(sys.argv[1])
bpy.ops.wm.read_factory_settings(use_empty=True)
runpy.run_path(str(folder / "code.py"), run_name="__main__")
from voxel_trainer_addon.graph.blender.read import read_graph, tree_of
key = (folder / "key.txt").read_text(encoding="utf-8")
made = read_graph(tree_of(bpy.data, key), key).as_json()
(folder / "made.json").write_text(json.dumps(made), encoding="utf-8")
os._exit(0)
"""
