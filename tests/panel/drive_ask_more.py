# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Voxel by clicks, all that is not the straight way: a duel, another answer, Edit, Why Not, the code, geometry,
the compositor; and what is gone or shared by the time of Apply."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import guikit as g

sys.path.insert(0, str(Path(__file__).parent))
import ask_steps as ask
import editor_steps as steps

APPLY = "voxel.apply_answer("


def fields() -> Any:
    return bpy.context.window_manager.voxel_assist


def asked(words: str) -> Iterator[float]:
    """Ask by a click, and wait for what is offered."""
    fields().text = words
    last = ask.assist().asked
    yield from ask.press("voxel.ask(")
    yield from steps.wait(lambda: ask.assist().asked is not last, 60, "Ask")
    yield from ask.offered()


def offered(words: str) -> Iterator[float]:
    """The same without looking for the button."""
    fields().text = words
    with steps.over_nodes():
        bpy.ops.voxel.ask("EXEC_DEFAULT")
    yield from ask.offered()


def applied(button: str = APPLY) -> Iterator[float]:
    """Apply by a click."""
    yield from ask.press(button)
    yield from steps.wait(lambda: ask.assist().done, 60, button)


def refused(words: str) -> Iterator[float]:
    """Apply by a click, which is to end in a sentence and change nothing."""
    before = steps.hashes()
    yield from ask.press(APPLY)
    yield from steps.wait(lambda: ask.assist().view.note, 60, words)
    assert words in ask.assist().view.note[1], ask.assist().view
    assert steps.hashes() == before and ask.assist().done is None
    g.facts.setdefault("sentences", []).append(ask.assist().view.note[1])
    g.xdo("key", "Escape")  # Blender's own report lies over the panel
    yield 0.5


def duel() -> Iterator[float]:
    yield from steps.wait(lambda: any(one.rivals for one in ask.assist().askables.known), 60, "the rivals")
    fields().model, fields().to_view = "duel", "NEW_MATERIAL"
    before = steps.hashes()
    yield from asked("rusty metal")
    assert len(ask.assist().view.duel) == 2 and steps.hashes() == before
    yield 2.0  # Blender reads the renders in its own time
    yield from steps.shot("1-duel")
    yield from ask.press("voxel.judge_duel(chosen='B'")
    yield from steps.wait(lambda: ask.assist().view.offer and not ask.assist().undrawn, 60, "the one that was kept")
    yield 1.0
    yield from steps.shot("2-kept")
    yield from applied()
    yield from ask.undo()
    assert steps.hashes() == before
    g.facts["duel"] = [one.asked.model for one in ask.assist().answers]


def another_edit_and_code() -> Iterator[float]:
    fields().model = "OWN"
    yield from offered("rusty metal")
    first = dict(ask.assist().answer)
    yield from ask.press("voxel.another_answer(")
    yield from steps.wait(lambda: ask.assist().asked.id != first["request"], 60, "Another")
    yield from ask.offered()
    second = ask.assist().answer
    assert second["code"] != first["code"] and ask.assist().asked.replaces == first["request"]
    yield from code()
    yield from applied("voxel.edit_answer(")
    tree = bpy.context.object.active_material.node_tree
    assert all(node.select for node in tree.nodes)
    yield from ask.undo()


def code() -> Iterator[float]:
    """Read it in its dialog, and copy it there: the button is the last one, wherever the dialog lies."""
    x, y = yield from ask.place("voxel.answer_code(")
    yield from g.click(x, y)
    yield 0.5
    bpy.context.window_manager.clipboard = "nothing"  # looking for a button had emptied it
    g.shot("3-code.png")
    for down in range(20, 700, 12):
        g.move(x - 200, y - down)
        yield 0.1
        g.xdo("click", 1)
        yield 0.15
        if bpy.context.window_manager.clipboard != "nothing":
            break
    assert bpy.context.window_manager.clipboard == ask.assist().answer["code"]
    g.xdo("key", "Escape")
    yield 0.4


def why_not() -> Iterator[float]:
    """Each reason, chosen in the menu between Another and the code."""
    reasons, said = steps.module("runs").REASONS, list[str]()
    ask.scripted(lambda body: ask.made(body, graphs, lambda graph: None, f"import bpy  # {body['seed']}"))
    graphs = ask.told("materials/Material")
    yield from offered("anything")
    left, y = yield from ask.place("voxel.another_answer(")
    right, _ = yield from ask.place("voxel.answer_code(")
    for number in range(len(reasons)):
        if number:
            yield from offered("anything")
        ask.assist().became = lambda **outcome: said.append(outcome["reason"])
        yield from g.click((left + right) // 2, y)
        for _ in range(number + 1):
            g.xdo("key", "Down")
            yield 0.2
        g.xdo("key", "Return")
        yield from steps.wait(lambda: ask.assist().view.offer is None, 60, "a reason")
        assert "Thank you" in ask.assist().view.note[1], ask.assist().view
        del ask.assist().became
    assert tuple(said) == reasons, said


def gone() -> Iterator[float]:
    """The object or the material is deleted between Ask and Apply."""
    ask.scripted(lambda body: ask.made(body, graphs, roughen, "import bpy"))
    graphs = ask.told("materials/Material")

    def roughen(graph: Any) -> None:
        surface = next(node for node in graph["nodes"] if node["type"] == "ShaderNodeBsdfPrincipled")
        next(s for s in surface["inputs"] if s["name"] == "Roughness")["value"] = 0.9

    ob = bpy.context.object
    other = ob.copy()
    bpy.context.scene.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    other.name = "Doomed"
    fields().to_view = "NEW_MATERIAL"
    yield from offered("anything")
    bpy.data.objects.remove(other)
    yield from refused("“Doomed” that you asked for is gone, so nothing was changed")
    bpy.context.view_layer.objects.active = ob
    kept = ob.active_material
    ob.active_material = kept.copy()
    ob.active_material.name = "Doomed"
    fields().to_view = "THIS_MATERIAL"
    yield from offered("anything")
    bpy.data.materials.remove(ob.active_material)
    ob.active_material = kept
    yield from refused("“Doomed” is gone or called otherwise by now, so nothing was changed")


def group_of_many() -> Iterator[float]:
    """A group with two users: Esc changes nothing, Only Here makes a copy for the place that is open."""
    tree = bpy.data.node_groups.new("Shared", "ShaderNodeTree")
    tree.nodes.new("ShaderNodeMath")
    for name in ("One", "Two"):
        material = bpy.data.materials.new(name)
        if bpy.app.version < (5, 0):
            material.use_nodes = True
        material.node_tree.nodes.new("ShaderNodeGroup").node_tree = tree

    def multiply(graph: Any) -> None:
        graph["nodes"][0]["settings"] = {**graph["nodes"][0].get("settings", {}), "operation": "MULTIPLY"}

    bpy.data.objects["Cube"].active_material = bpy.data.materials["One"]
    yield from ask.sidebar("ShaderNodeTree")
    ask.scripted(lambda body: ask.made(body, {}, multiply, "import bpy"))
    fields().to_shader = "THIS_TREE"
    with steps.over_nodes():
        bpy.ops.ed.undo_push(message="a group")
    before = steps.hashes()
    yield from entered()
    yield from offered("anything")
    yield from ask.press(APPLY)
    yield 0.6
    assert steps.hashes() == before, "it asks first"
    g.shot("4-many-users.png")
    g.xdo("key", "Escape")
    yield 0.4
    assert steps.hashes() == before and ask.assist().done is None
    with steps.over_nodes():
        bpy.ops.voxel.apply_answer("EXEC_DEFAULT", True, where="THIS")
    yield 0.3
    mine = bpy.data.node_groups["Shared.001"]
    assert (mine.nodes[0].operation, mine.users) == ("MULTIPLY", 1), mine.users
    assert (tree.nodes[0].operation, tree.users) == ("ADD", 1), tree.users
    yield from ask.undo()
    assert steps.hashes() == before
    yield from entered()
    yield from offered("anything")
    yield from ask.press(APPLY)
    yield 0.6
    g.xdo("key", "Return")
    yield from steps.wait(lambda: ask.assist().done, 60, "Everywhere")
    assert bpy.data.node_groups["Shared"].nodes[0].operation == "MULTIPLY", ask.assist().view
    yield from ask.undo()


def entered() -> Iterator[float]:
    """The group of the material is open in the editor."""
    tree = bpy.data.materials["One"].node_tree
    tree.nodes.active = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeGroup")
    steps.area().spaces.active.path.append(bpy.data.node_groups["Shared"], node=tree.nodes.active)
    yield 0.5
    assert steps.area().spaces.active.edit_tree.name == "Shared"


def geometry() -> Iterator[float]:
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    yield from made_and_changed("GeometryNodeTree", "NEW_MODIFIER", "to_geometry", "lift it")
    g.facts["modifier"] = bpy.data.objects["Cube"].modifiers.active.node_group.name


def compositor() -> Iterator[float]:
    five = bpy.app.version >= (5, 0)
    yield from made_and_changed(
        "CompositorNodeTree", "NEW_COMPOSITOR", "to_compositor", f"the picture {'in 5' if five else 'in 4'}"
    )
    scene = bpy.context.scene
    tree = scene.compositing_node_group if five else scene.node_tree
    g.facts["composited"] = sorted(node.bl_idname for node in tree.nodes)


def made_and_changed(kind: str, new: str, field: str, words: str) -> Iterator[float]:
    """A new tree asked for in its editor, applied, changed by another request, undone once, and changed again."""
    yield from ask.sidebar(kind)
    fields().model = "OWN"
    before = steps.hashes()
    setattr(fields(), field, new)
    yield from asked(f"make {words}")
    assert steps.hashes() == before
    yield from applied()
    made = steps.hashes()
    assert made != before
    setattr(fields(), field, "THIS_TREE")
    yield from offered(f"change {words}")
    assert steps.hashes() == made and ask.assist().view.offer.changes, ask.assist().view
    yield from steps.shot(f"5-{kind}")
    yield from applied()
    assert steps.hashes() != made, ask.assist().view
    yield from ask.undo()
    assert steps.hashes() == made and ask.assist().view.offer.state == "undone"
    with steps.over_nodes():
        bpy.ops.ed.redo()
    yield from steps.wait(lambda: ask.assist().view.offer.state == "applied", 60, "redo")


WAYS: tuple[Any, ...] = (why_not, gone, duel, another_edit_and_code, group_of_many, geometry, compositor)


def way() -> Iterator[float]:
    steps.prepare()
    bpy.context.preferences.addons[steps.PACKAGE].preferences.ask_s = 300  # the machine may be busy
    bpy.context.preferences.system.viewport_aa = "OFF"
    bpy.context.preferences.view.show_tooltips = False
    yield from ask.sidebar("VIEW_3D")
    yield from ask.settled()
    fields().own, fields().url = "openai:scripted", os.environ["VOXEL_TEST_URL"]
    serving = steps.module("panel.blender").helper()
    for one in WAYS:
        g.facts["at"] = one.__name__
        steps.desk().helper = serving
        yield from ask.settled()
        yield from one()
        g.facts.setdefault("passed", []).append(one.__name__)


g.run(way())
