# SPDX-License-Identifier: GPL-3.0-or-later
"""What only real files hold comes back too: groups of missing libraries, subtypes without a name, data from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.worker.inside import empty

from .test_roundtrip import geometry, proven, socket

pytestmark = pytest.mark.bpy
V5 = bpy.app.version >= (5, 0)


def test_a_group_whose_library_is_gone_comes_back_by_its_name_and_sockets(tmp_path: Path) -> None:
    library, user = tmp_path / "library.blend", tmp_path / "user.blend"
    empty()
    group = bpy.data.node_groups.new("Lost", "ShaderNodeTree")
    group.use_fake_user = True
    for name, kind in (("Amount", "Float"), ("Tint", "Color"), ("Way", "Vector"), ("On", "Bool"), ("In", "Shader")):
        socket(group, name, kind=f"NodeSocket{kind}")
    socket(group, "Out", "OUTPUT", "NodeSocketShader")
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    empty()
    with bpy.data.libraries.load(str(library), link=True) as (_, here):
        here.node_groups = ["Lost"]
    tree = bpy.data.node_groups.new("User", "ShaderNodeTree")
    tree.use_fake_user = True
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = bpy.data.node_groups["Lost"]
    node.inputs["Amount"].default_value = 0.3
    tree.links.new(node.outputs[0], tree.nodes.new("ShaderNodeAddShader").inputs[1])
    bpy.ops.wm.save_as_mainfile(filepath=str(user))
    library.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(user), load_ui=False)
    graphs, _ = read_graphs(bpy.data)
    lost = graphs["node_groups/Lost"]
    assert lost.missing and lost.linked and len(lost.interface) == 6 and not graphs["node_groups/User"].linked
    answers = proven(graphs, tmp_path)
    assert answers["node_groups/User"]["proven"], answers["node_groups/User"]["reason"]
    assert "library of this group is missing" in answers["node_groups/User"]["code"]
    assert answers["node_groups/Lost"]["reason"] == "refused: its library is missing"


@pytest.mark.parametrize("kind", ["GeometryNodeTree", "ShaderNodeTree"])
def test_a_subtype_that_interfaces_have_no_name_for(kind: str, tmp_path: Path) -> None:
    empty()
    tree = bpy.data.node_groups.new("Unsigned", kind)
    item = socket(tree, "Resolution", kind="NodeSocketInt")
    item.default_value = 32
    arc = geometry("Source").nodes.new("GeometryNodeCurveArc")
    item.from_socket(arc, arc.inputs["Resolution"])
    assert item.subtype == ""
    item.max_value = 1000
    answer = proven(read_graphs(bpy.data)[0], tmp_path)["node_groups/Unsigned"]
    assert answer["proven"], answer["reason"]
    assert "from_socket" in answer["code"]


def file() -> str:
    return str(bpy.utils.system_resource("DATAFILES", path="fonts")) + "/Inter.woff2"


def compositor() -> Any:
    scene: Any = bpy.data.scenes["Scene"]
    if V5:
        scene.compositing_node_group = bpy.data.node_groups.new("Tree", "CompositorNodeTree")
        return scene.compositing_node_group
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree


def test_a_layer_of_cryptomatte_is_read_right_the_first_time(tmp_path: Path) -> None:
    empty()
    node = compositor().nodes.new("CompositorNodeCryptomatteV2")
    node.scene = bpy.data.scenes["Scene"]
    node.layer_name = "ViewLayer.CryptoMaterial"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "matte.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "matte.blend"), load_ui=False)
    (graph,) = read_graphs(bpy.data)[0].values()
    assert graph.nodes[0].settings["layer_name"] == "ViewLayer.CryptoMaterial"


@pytest.mark.skipif(V5, reason="sockets of files have types of their own since 5.0")
def test_a_node_that_was_muted_after_it_was_linked_to_a_file(tmp_path: Path) -> None:
    empty()
    nodes = compositor().nodes
    value, file = nodes.new("CompositorNodeMath"), nodes.new("CompositorNodeOutputFile")
    file.id_data.links.new(value.outputs[0], file.inputs[0])
    value.mute = True
    graphs, _ = read_graphs(bpy.data)
    (answer,) = proven(graphs, tmp_path).values()
    assert answer["proven"], f"{answer['reason']}\n{answer['code']}"


def keying_screen() -> Any:
    tree = bpy.data.node_groups.new("Tree", "CompositorNodeTree")
    node = tree.nodes.new("CompositorNodeKeyingScreen")
    node.clip = bpy.data.movieclips.load(file())
    node.clip.name = "Shot 1"
    return node.clip


def masked() -> Any:
    tree = bpy.data.node_groups.new("Tree", "CompositorNodeTree")
    node = tree.nodes.new("CompositorNodeMask")
    mask = bpy.data.masks.new("Face")
    if hasattr(node, "mask"):
        node.mask = mask
    return mask


def text_font() -> Any:
    node = geometry("Tree").nodes.new("GeometryNodeStringToCurves")
    font = bpy.data.fonts.load(file())
    font.name = "House font"
    if hasattr(node, "font"):
        node.font = font
    else:
        node.inputs["Font"].default_value = font
    return font


def sound_socket() -> Any:
    item = socket(geometry("Tree"), "Sound", kind="NodeSocketSound")
    item.default_value = bpy.data.sounds.load(file())
    item.default_value.name = "Bell"
    return item.default_value


@pytest.mark.parametrize("make", [keying_screen, masked, text_font, sound_socket], ids=lambda f: f.__name__)
def test_what_a_tree_refers_to_is_there_by_name_and_kind(make: Callable[[], Any], tmp_path: Path) -> None:
    empty()
    if make is sound_socket and not hasattr(bpy.types, "NodeTreeInterfaceSocketSound"):
        pytest.skip("this Blender has no sound sockets")
    name = make().name
    graphs, _ = read_graphs(bpy.data)
    answer = proven(graphs, tmp_path)["node_groups/Tree"]
    assert answer["proven"], answer["reason"]
    assert f'"{name}"' in answer["code"]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("kind", "name"), [("BsdfPrincipled", "subsurface_method"), ("SubsurfaceScattering", "falloff")]
)
def test_a_value_that_only_a_later_version_has_a_name_for(kind: str, name: str, count: int, tmp_path: Path) -> None:
    empty()
    tree = bpy.data.node_groups.new("Tree", "ShaderNodeTree")
    nodes = [tree.nodes.new(f"ShaderNode{kind}") for _ in range(count)]
    tree.nodes.foreach_set(name, [6] * count)
    tree.links.new(nodes[-1].outputs[0], tree.nodes.new("ShaderNodeAddShader").inputs[0])
    answer = proven(read_graphs(bpy.data)[0], tmp_path)["node_groups/Tree"]
    assert answer["proven"], answer["reason"]
    assert ("foreach_set" in answer["code"]) == (bpy.app.version < (5, 2))
