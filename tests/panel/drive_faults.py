# SPDX-License-Identifier: GPL-3.0-or-later
"""What may go wrong at a node editor: each gets a sentence or changes nothing, and the next click works."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import editor_steps as steps

CORPUS = Path(os.environ["VOXEL_TEST_CORPUS"])
FILE = CORPUS / "black-h0bB1T__material_node_wizard" / "nodes.blend"


def asked(operator: str, **words: Any) -> Iterator[float]:
    """Call an operator as a click would, and wait for the answer."""
    with steps.over_nodes():
        getattr(bpy.ops.voxel, operator)("EXEC_DEFAULT", **words)
    yield from steps.wait(lambda: not steps.desk().waiting, 120, operator)


def can(operator: str) -> bool:
    with steps.over_nodes():
        return bool(getattr(bpy.ops.voxel, operator).poll())


def waves(name: str, kind: str = "ShaderNodeTree") -> Any:
    tree = bpy.data.node_groups.new(name, kind)
    math, noise = tree.nodes.new("ShaderNodeMath"), tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(noise.outputs[0], math.inputs[0])
    return tree


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def serving() -> int:
    """The process that answers."""
    helper = steps.desk().helper
    return int(steps.module("locks").holder(helper.data.serve_lock(helper.blender)).rsplit(" ", 1)[1])


def unknown_nodes() -> Iterator[float]:
    class Magic(bpy.types.Node):
        bl_idname = "MagicNodeOfAnAddon"
        bl_label = "Magic"

    bpy.utils.register_class(Magic)
    tree = waves("Magic")
    tree.nodes.new("MagicNodeOfAnAddon")
    bpy.utils.unregister_class(Magic)
    yield from steps.editor(tree)
    yield from asked("copy_python")
    assert "does not know" in steps.desk().view.note[1], steps.desk().view
    yield from asked("check")
    assert steps.desk().view.lines[0].icon == "QUESTION"


def linked_and_overridden() -> Iterator[float]:
    with bpy.data.libraries.load(str(FILE), link=True) as (_, wanted):
        wanted.node_groups = ["NW_Leak"]
    tree = wanted.node_groups[0]
    yield from steps.editor(tree)
    yield from asked("copy_graph")
    assert steps.desk().view.note[0] == "CHECKMARK", steps.desk().view
    form = bpy.context.window_manager.clipboard
    assert not can("paste_graph") and not can("take_change") and can("explain")
    mine = tree.override_create()
    if mine is not None:
        yield from steps.editor(mine)
        assert not can("paste_graph")
    bpy.context.window_manager.clipboard = form


def used_by_many() -> Iterator[float]:
    form = bpy.context.window_manager.clipboard
    tree = waves("Shared")
    for n in range(50):
        material = bpy.data.materials.new(f"User {n}")
        if bpy.app.version < (5, 0):
            material.use_nodes = True
        material.node_tree.nodes.new("ShaderNodeGroup").node_tree = tree
    yield from steps.editor(tree)
    yield from steps.press("voxel.paste_graph(", clipboard=form)
    yield 0.6
    assert len(tree.nodes) == 2, "it asks first"
    g.shot("many-users.png")
    g.xdo("key", "Escape")
    yield 0.4
    groups = len(bpy.data.node_groups)
    bpy.context.window_manager.clipboard = (
        '{"format": "voxel-graph/1", "trees": [{"key": "materials/x", "type": "Other"}]}'
    )
    try:
        yield from asked("paste_graph", where="THIS")
    except RuntimeError as error:
        assert "another kind of nodes" in str(error), error
    assert len(bpy.data.node_groups) == groups and steps.area().spaces.active.edit_tree == tree
    bpy.context.window_manager.clipboard = form
    yield from asked("paste_graph", where="THIS")
    assert len(tree.nodes) == 2 and tree.users == 50, tree.users
    shown = steps.area().spaces.active.edit_tree
    assert shown != tree and len(shown.nodes) == 3


def changed_and_deleted() -> Iterator[float]:
    tree = waves("Short")
    yield from steps.editor(tree)
    with steps.over_nodes():
        bpy.ops.voxel.explain("EXEC_DEFAULT")
    bpy.data.node_groups.remove(tree)
    yield from steps.wait(lambda: not steps.desk().waiting, 60, "explain")
    assert steps.desk().view.lines
    other = waves("Other")
    yield from steps.editor(other)
    try:
        with steps.over_nodes():
            bpy.ops.voxel.select_nodes("EXEC_DEFAULT", at=0)
    except RuntimeError as error:
        assert "another tree" in str(error)
    else:
        raise AssertionError("it selected nodes of another tree")


def undone() -> Iterator[float]:
    tree = waves("Undone")
    yield from steps.editor(tree)
    with steps.over_nodes():
        bpy.ops.ed.undo_push(message="made")
        tree.nodes[0].mute = True
        bpy.ops.ed.undo_push(message="muted")
        bpy.ops.voxel.copy_python("EXEC_DEFAULT")
        bpy.ops.ed.undo()
        bpy.ops.ed.redo()
    yield from steps.wait(lambda: not steps.desk().waiting, 60, "copy")
    assert "mute = True" in bpy.context.window_manager.clipboard


def two_windows() -> Iterator[float]:
    with bpy.context.temp_override(window=g.window(), area=steps.area()):
        bpy.ops.wm.window_new()
    yield 1.0
    yield from steps.editor(bpy.data.node_groups["Undone"])
    yield from asked("explain")
    assert steps.desk().view.lines
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
        bpy.ops.wm.window_close()
    yield 0.5


def six_thousand() -> Iterator[float]:
    tree = bpy.data.node_groups.new("Six Thousand", "ShaderNodeTree")

    def make() -> None:
        new = steps.module("graph.blender.held").NewNodes()
        for n in range(6000):
            new(tree.nodes.new("ShaderNodeMath")).location = 5000 + 200 * (n % 100), 5000 + 200 * (n // 100)
        new.give_names()

    with steps.module("graph.blender.held").Holder() as hold:
        hold(make, tree)
    yield from steps.editor(tree, whole=False)
    yield from asked("explain")
    assert steps.desk().view.lines, steps.desk().view
    g.facts["six thousand"] = steps.desk().view.lines[0].text
    yield from asked("copy_python")
    assert steps.desk().view.note[0] == "CHECKMARK", steps.desk().view
    assert not list(steps.desk().helper.data.serve_copies.iterdir()), "the copies are gone"
    bpy.data.node_groups.remove(tree)


def killed() -> Iterator[float]:
    tree = waves("Killed")
    yield from steps.editor(tree)
    yield from asked("copy_python")
    for victim in (children(serving())[0], serving()):
        with steps.over_nodes():
            bpy.ops.voxel.copy_python("EXEC_DEFAULT")
        os.kill(victim, signal.SIGKILL)
        yield from steps.wait(lambda: not steps.desk().waiting, 120, "copy")
        assert steps.desk().view.note[0] == "CHECKMARK", steps.desk().view


def saved_and_stacks() -> Iterator[float]:
    """The two buttons that need no fault: a script in a file, and the modifiers of an object."""
    path = Path(os.environ["VOXEL_TEST_DATA"]) / "waves.py"
    yield from asked("save_script", filepath=str(path))
    assert path.read_text(encoding="utf-8").startswith("import bpy"), steps.desk().view
    ob = bpy.data.objects["Cube"]
    for old in bpy.context.view_layer.objects:
        old.select_set(False)
    bpy.context.view_layer.objects.active = ob
    ob.modifiers.new("Bend", "SIMPLE_DEFORM").deform_axis = "Z"
    yield from asked("copy_stack")
    code = bpy.context.window_manager.clipboard
    assert "SIMPLE_DEFORM" in code and "deform_axis" in code, code


def earlier_save_and_other_file() -> Iterator[float]:
    """A tree against itself before the last save, and against one of another name in another file."""
    place = Path(os.environ["VOXEL_TEST_DATA"]) / "saved.blend"
    tree = waves("Saved")
    tree.use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(place), check_existing=False)
    tree.nodes[0].operation = "MULTIPLY"
    bpy.ops.wm.save_mainfile()
    yield from steps.editor(bpy.data.node_groups["Saved"])
    yield from asked("compare_save")
    (line,) = steps.desk().view.lines
    assert line.text.startswith("Set operation of “Math” from MULTIPLY to ADD"), steps.desk().view
    yield from asked("compare_file", filepath=str(FILE))
    assert steps.desk().view.title == "Choose" and len(steps.desk().view.lines) > 3, steps.desk().view
    at = [line.text for line in steps.desk().view.lines].index("node_groups/NW_Top")
    yield from asked("compare", at=at)
    assert steps.desk().view.title == "Compare" and len(steps.desk().view.lines) > 3, steps.desk().view


def damaged() -> Iterator[float]:
    before = steps.hashes()
    for said in ("", "import os; os.remove('x')", '{"format": "voxel-graph/1", "trees": [7]}'):
        bpy.context.window_manager.clipboard = said
        try:
            with steps.over_nodes():
                bpy.ops.voxel.paste_graph("EXEC_DEFAULT")
        except RuntimeError as error:
            assert "clipboard" in str(error), error
        else:
            raise AssertionError(f"{said!r} was pasted")
    yield 0.1
    assert steps.hashes() == before


def unsaved() -> Iterator[float]:
    bpy.ops.wm.read_homefile(use_empty=True)
    yield 0.5
    yield from steps.editor(waves("New"))
    assert not can("compare_save")


def switched_off() -> Iterator[float]:
    timer = steps.module("panel.asking").tick
    with steps.over_nodes():
        bpy.ops.voxel.explain("EXEC_DEFAULT")
    addon_utils.disable(steps.PACKAGE)
    yield 0.5
    assert not bpy.app.timers.is_registered(timer)
    assert not hasattr(bpy.types, "VoxelTrainerHeldTree") and not hasattr(bpy.types.WindowManager, "voxel_desk")
    addon_utils.enable(steps.PACKAGE)
    yield 0.5
    yield from steps.editor(waves("Again"))
    yield from asked("explain")
    assert steps.desk().view.lines


FAULTS = (
    unknown_nodes,
    linked_and_overridden,
    used_by_many,
    changed_and_deleted,
    undone,
    two_windows,
    six_thousand,
    killed,
    saved_and_stacks,
    earlier_save_and_other_file,
    damaged,
    unsaved,
    switched_off,
)


def way() -> Iterator[float]:
    steps.prepare()
    yield 0.3
    for fault in FAULTS:
        g.facts["at"] = fault.__name__
        yield from fault()
        g.facts.setdefault("passed", []).append(fault.__name__)


g.run(way())
