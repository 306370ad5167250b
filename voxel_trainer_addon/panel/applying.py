# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with an answer: taken into the file, edited, refused; and what is noticed of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import EnumProperty

from ..graph.blender import apply
from ..graph.blender.apply import NotApplied, Proposal
from ..graph.blender.read import embedded_key
from ..graph.model import Graphs
from ..runs import CHOICES, REASONS
from . import draw_assist
from .aiming import live, read
from .asking import EDITORS, AsksWhere, put_single, wait
from .assist import Asked
from .blender import ASSIST, redraw
from .shown import Shown

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

CODE_LINES = 60


@persistent  # type: ignore[untyped-decorator]
def stepped(*_: Any) -> None:
    """After an undo or redo: the answer may be gone, or there again."""
    done = ASSIST.done
    if done is not None:
        now = read(done.key)
        if _alike(done.key, now, done.before) or _alike(done.key, now, done.after):
            ASSIST.undone(_alike(done.key, now, done.before))
            redraw(*EDITORS)


def _alike(key: str, now: Graphs | None, then: Graphs | None) -> bool:
    return now is then if now is None or then is None else apply.alike(key, now, key, then)


@persistent  # type: ignore[untyped-decorator]
def settle(*_: Any) -> None:
    """Note whether the answer that was applied is still there: the artist saves, opens another file or asks on."""
    done = ASSIST.done
    now = read(done.key) if done and not done.undone else None
    if done and now is not None:
        ASSIST.kept(now, edited=not apply.means_the_same(done.key, done.after, done.key, now))


@persistent  # type: ignore[untyped-decorator]
def loaded(*_: Any) -> None:
    ASSIST.forget()


class Applies(AsksWhere):
    """An operator that takes the answer into the file: all of it in one undo step, or nothing and a sentence."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(ASSIST.answer) and (ASSIST.done is None or ASSIST.done.undone)

    foreign = ""

    def invoke(self, context: Any, event: bpy.types.Event) -> Returned:
        what = self.what(context)
        if what and (what.block.library or what.block.override_library):
            self.where, self.foreign = "THIS", what.block.name
            title = f"{self.bl_label} to a Copy"  # type: ignore[attr-defined]
            return context.window_manager.invoke_props_dialog(self, title=title, confirm_text="Copy")  # type: ignore[no-any-return]
        return super().invoke(context, event)

    def draw(self, context: bpy.types.Context) -> None:
        if not self.foreign:
            return super().draw(context)
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.label(text=f"“{self.foreign}” comes from another file and cannot be changed here.")
        layout.label(text="The active object gets a copy of it with the change.")

    def what(self, context: Any) -> Shown | None:
        return live(ASSIST.asked.key) if ASSIST.asked and ASSIST.asked.before is not None else None

    def execute(self, context: Any) -> Returned:
        operator: Any = self
        asked, answer = ASSIST.asked, ASSIST.answer
        assert asked
        proposal = Proposal(answer["key"], answer["graphs"], answer["edits"])
        try:
            made = _made(asked, proposal) if asked.before is None else self._changed(context, asked, proposal)
        except NotApplied as error:
            ASSIST.say("ERROR", str(error))
            redraw(*EDITORS)
            operator.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        ASSIST.applied(made.key, read(made.key) or {}, made.told)
        self.after(made.key)
        redraw(*EDITORS)
        return {"FINISHED"}

    def _changed(self, context: Any, asked: Asked, proposal: Proposal) -> apply.Applied:
        """The edits made in the tree, or in a copy of it for this place."""
        what = self.what(context)
        if what is None or asked.before is None:
            raise NotApplied(f"“{asked.name}” is gone or called otherwise by now, so nothing was changed.")
        proposal = Proposal(asked.key, proposal.graphs, proposal.edits)
        if self.where == "ALL":
            return apply.edit(proposal, what.tree, what.key, what.owner, asked.before)
        ob = bpy.data.objects.get(asked.ob)
        copy = apply.own_copy(what.block)
        try:
            tree, key = (
                (copy, f"node_groups/{copy.name}") if what.owner is None else (copy.node_tree, embedded_key(copy))
            )
            made = apply.edit(proposal, tree, key, what.owner and copy, asked.before)
            if what.owner is None:
                put_single(context, ob, what.tree, copy)
                if not copy.users:
                    raise NotApplied(f"Nothing that is chosen here uses “{asked.name}”, so a copy of it would be lost.")
            else:
                apply.give(ob, what.owner, copy)
        except NotApplied:
            bpy.data.batch_remove((copy,))
            raise
        return made

    def after(self, key: str) -> None:
        """What else is done once it is in the file."""


def _made(asked: Asked, proposal: Proposal) -> apply.Applied:
    """The new tree. Raises NotApplied."""
    ob: Any = bpy.data.objects.get(asked.ob)
    scene: Any = bpy.data.scenes.get(asked.scene)
    if asked.place.id == "NEW_COMPOSITOR":
        if scene is None:
            raise NotApplied(f"The scene “{asked.scene}” that you asked for is gone.")
        return apply.new_compositor(proposal, scene)
    if asked.ob and ob is None:
        raise NotApplied(f"The object “{asked.ob}” that you asked for is gone, so nothing was changed.")
    return (apply.new_material if asked.place.id == "NEW_MATERIAL" else apply.new_modifier)(proposal, ob)


class VOXEL_OT_apply_answer(Applies, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.apply_answer"
    bl_label = "Apply"
    bl_description = "Take this answer into your file, in one undo step"
    bl_options = {"UNDO"}


class VOXEL_OT_edit_answer(Applies, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.edit_answer"
    bl_label = "Edit"
    bl_description = "Apply it with its nodes selected, to go on by hand"
    bl_options = {"UNDO"}

    def after(self, key: str) -> None:
        asked, what = ASSIST.asked, live(key)
        if asked is None or what is None:
            return
        old = {node.name for node in asked.before[asked.key].nodes} if asked.before else set()
        for node in what.tree.nodes:
            node.select = node.name not in old


class VOXEL_OT_clear_answer(bpy.types.Operator):
    bl_idname = "voxel.clear_answer"
    bl_label = "Clear"
    bl_description = "Take the answer away; your file stays as it is"

    def execute(self, context: bpy.types.Context) -> Returned:
        settle()
        ASSIST.reset()
        redraw(*EDITORS)
        return {"FINISHED"}


def _items(words: Sequence[str]) -> list[tuple[str, str, str]]:
    """Words of the logs as a menu."""
    return [(said, said[:1].upper() + said[1:], "") for said in words]


class VOXEL_OT_why_not(bpy.types.Operator):
    bl_idname = "voxel.why_not"
    bl_label = "Why Not"
    bl_description = "Say why this is not it. It stays on this computer and makes the next model better"

    if TYPE_CHECKING:
        reason: str
    else:
        reason: EnumProperty(items=_items(REASONS), options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Returned:
        ASSIST.refuse(self.reason)
        redraw(*EDITORS)
        return {"FINISHED"}


class VOXEL_MT_why_not(bpy.types.Menu):
    bl_idname = "VOXEL_MT_why_not"
    bl_label = "Why Not"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator_enum("voxel.why_not", "reason")


class VOXEL_OT_judge_duel(bpy.types.Operator):
    bl_idname = "voxel.judge_duel"
    bl_label = "Keep"
    bl_description = "Say which of the two is better. It stays on this computer, without your words; Apply comes after"

    if TYPE_CHECKING:
        chosen: str
    else:
        chosen: EnumProperty(items=_items(CHOICES), options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(ASSIST.view.duel)

    def execute(self, context: bpy.types.Context) -> Returned:
        ASSIST.judge(self.chosen)
        wait()
        redraw(*EDITORS)
        return {"FINISHED"}


class VOXEL_OT_answer_code(bpy.types.Operator):
    bl_idname = "voxel.answer_code"
    bl_label = "Read the Code"
    bl_description = "Show what the model wrote. It never runs in this Blender"

    def invoke(self, context: Any, event: bpy.types.Event) -> Returned:
        return context.window_manager.invoke_popup(self, width=620)  # type: ignore[no-any-return]

    def draw(self, context: bpy.types.Context) -> None:
        if offer := ASSIST.view.offer:
            draw_assist.code(self.layout, offer.code, CODE_LINES)

    def execute(self, context: bpy.types.Context) -> Returned:
        return {"FINISHED"}


class VOXEL_OT_copy_answer_code(bpy.types.Operator):
    bl_idname = "voxel.copy_answer_code"
    bl_label = "Copy"
    bl_description = "Copy the code"

    def execute(self, context: bpy.types.Context) -> Returned:
        context.window_manager.clipboard = str(ASSIST.answer.get("code", ""))
        return {"FINISHED"}


HANDLERS = (
    ("undo_post", stepped),
    ("redo_post", stepped),
    ("save_post", settle),
    ("load_pre", settle),
    ("load_post", loaded),
)
CLASSES = (
    VOXEL_OT_apply_answer,
    VOXEL_OT_edit_answer,
    VOXEL_OT_clear_answer,
    VOXEL_OT_why_not,
    VOXEL_MT_why_not,
    VOXEL_OT_judge_duel,
    VOXEL_OT_answer_code,
    VOXEL_OT_copy_answer_code,
)


def register() -> None:
    """Notice what becomes of the file."""
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
