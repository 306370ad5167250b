# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy as Python, Copy as Graph, Paste Graph: what is copied was proven, what is pasted is only built."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ..graph.blender.paste import Damaged, form_of, paste
from ..runs import Answer
from ..words import counted
from .asking import EDITORS, AsksWhere, OfTree, ask
from .blender import DESK, redraw
from .shown import body, shown, stack_body

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


def to_clipboard(manager: Any, text: str, what: str) -> None:
    """Lay a text into the clipboard of a window manager and say so; some systems have none."""
    manager.clipboard = text
    if text.strip() and not manager.clipboard.strip():
        DESK.say("ERROR", "This system gave Blender no clipboard. Save as Script works without one.")
    else:
        DESK.say("CHECKMARK", what)


def proven(answer: Answer, done: Callable[[str], None]) -> None:
    """Hand on what was proven, or say why it was not."""
    if answer.body["proven"]:
        done(answer.body["code"])
    else:
        reason = str(answer.body["reason"]).removeprefix("refused: ")
        DESK.say("ERROR", f"Not copied. {reason[:1].upper()}{reason[1:].rstrip('.')}.")


def _copied(code: str) -> None:
    lines = counted(len(code.splitlines()), "line")
    blender = bpy.app.version_string.split()[0]
    to_clipboard(bpy.context.window_manager, code, f"Copied {lines} of Python, proven in Blender {blender}.")


def _saved(path: str, code: str) -> None:
    try:
        Path(path).write_text(code, encoding="utf-8")
    except OSError as error:
        DESK.say("ERROR", f"{Path(path).name} could not be written: {error.strerror}.")
    else:
        DESK.say("CHECKMARK", f"Saved {Path(path).name}, proven in Blender {bpy.app.version_string.split()[0]}.")


def ask_proven(
    operator: Any, view: str, told: Callable[[], Mapping[str, Any]], done: Callable[[str], None]
) -> Returned:
    """Ask for a proven view of what is told: `view` is the worker's job. A graph keeps its layout always."""

    def tell() -> dict[str, Any]:
        about = told()
        return {**about, "key": about["root"], "view": view, "layout": DESK.layout or view == "compact"}

    return ask(operator, "Proving it…", "proven", tell, partial(proven, done=done))


class VOXEL_OT_copy_python(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.copy_python"
    bl_label = "Copy as Python"
    bl_description = "Copy this tree with the groups that it uses as plain Python. It is run and compared before that"

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what
        return ask_proven(self, "prove", partial(body, what), _copied)


class VOXEL_OT_save_script(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.save_script"
    bl_label = "Save as Script"
    bl_description = "Save this tree with the groups that it uses as a Python script that was run and compared"

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: StringProperty(default="*.py", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        what = shown(context)
        assert what
        self.filepath = bpy.path.clean_name(what.name) + ".py"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        if what is None:
            return {"CANCELLED"}
        path = bpy.path.ensure_ext(self.filepath, ".py")
        return ask_proven(self, "prove", partial(body, what), partial(_saved, path))


class VOXEL_OT_copy_stack(bpy.types.Operator):
    bl_idname = "voxel.copy_stack"
    bl_label = "Copy as Python"
    bl_description = (
        "Copy the modifiers and constraints of the active object, with the node groups that they run, as plain Python. "
        "It is run and compared before that"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        ob = context.active_object
        if ob is None or not (len(ob.modifiers) or len(ob.constraints) or ob.pose):
            cls.poll_message_set("The active object has no modifiers and no constraints")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Returned:
        ob = context.active_object
        assert ob
        return ask_proven(self, "prove_stacks", partial(stack_body, ob), _copied)


class VOXEL_OT_copy_graph(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.copy_graph"
    bl_label = "Copy as Graph"
    bl_description = "Copy this tree with the groups that it uses, to be pasted in another file or another Blender"

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what

        def done(form: str) -> None:
            nodes = sum(len(tree.get("nodes", ())) for tree in json.loads(form)["trees"])
            words = f"Copied {counted(nodes, 'node')}. Paste Graph puts them into another tree."
            to_clipboard(bpy.context.window_manager, form, words)

        return ask_proven(self, "compact", partial(body, what), done)


class VOXEL_OT_paste_graph(AsksWhere, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.paste_graph"
    bl_label = "Paste Graph"
    bl_description = "Paste the graph in the clipboard into this tree. Nothing of it is run"
    bl_options = {"REGISTER", "UNDO"}

    at: tuple[float, float] = (0.0, 0.0)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        self.at = _under_mouse(context, event)
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        if what is None:
            return {"CANCELLED"}
        tree = what.tree
        try:
            form = form_of(context.window_manager.clipboard)
            tree = self.tree(context, what)
            made = paste(form, tree, self.at)
        except Damaged as error:
            self.give_back(tree, what)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        DESK.say("CHECKMARK", f"Pasted {counted(len(made.nodes), 'node')}.", made.told)
        redraw(*EDITORS)
        return {"FINISHED"}


def _under_mouse(context: Any, event: bpy.types.Event) -> tuple[float, float]:
    """The place in the tree under the mouse; the middle of the editor where the mouse is over a sidebar."""
    region = next((r for r in context.area.regions if r.type == "WINDOW"), None)
    if region is None:
        return 0.0, 0.0
    x, y = event.mouse_x - region.x, event.mouse_y - region.y
    if context.region.type != "WINDOW" or not (0 <= x < region.width and 0 <= y < region.height):
        x, y = region.width // 2, region.height // 2
    scale = context.preferences.system.ui_scale
    at = region.view2d.region_to_view(x, y)
    return at[0] / scale, at[1] / scale


CLASSES = (
    VOXEL_OT_copy_python,
    VOXEL_OT_save_script,
    VOXEL_OT_copy_stack,
    VOXEL_OT_copy_graph,
    VOXEL_OT_paste_graph,
)
