# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons that ask, for the first or another answer, and stop asking; what waits for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty

from ..errors import UserError
from ..runs import drawn, goes_to, new_id
from .aiming import about, aim, editor_of, live
from .applying import settle
from .asking import EDITORS, wait
from .assist import OWN, Asked
from .blender import ASSIST, helper, offline, preferences, redraw
from .shown import NotAsked

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


class Asks:
    """An operator that asks. Where the request leaves this computer the artist agrees first."""

    if TYPE_CHECKING:
        agreed: bool
    else:
        agreed: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})

    def wanted(self, context: Any) -> Asked:
        """The request. Raises NotAsked."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if ASSIST.thinking:
            cls.poll_message_set("An answer is under way")  # type: ignore[attr-defined]
            return False
        if not ASSIST.text:
            cls.poll_message_set("Type what you want first")  # type: ignore[attr-defined]
            return False
        return True

    def invoke(self, context: Any, event: bpy.types.Event) -> Returned:
        operator: Any = self
        try:
            host = _host()
        except UserError as error:
            operator.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not host or host in ASSIST.agreed:
            return operator.execute(context)  # type: ignore[no-any-return]
        self.agreed = True
        return context.window_manager.invoke_confirm(  # type: ignore[no-any-return]
            self,
            event,
            title=f"Send it to {host}?",
            message="Your words, and for a change the tree in short form, leave this computer. Nothing else does.",
            confirm_text="Send",
        )

    def execute(self, context: Any) -> Returned:
        operator: Any = self
        try:
            host = _host()
            if self.agreed:
                ASSIST.agreed.add(host)
            if host and offline():
                raise NotAsked(f"{host} cannot be asked. {offline()}")
            settle()
            url = ASSIST.url if ASSIST.model == OWN else ""
            asked = ASSIST.following(replace(self.wanted(context), url=url, yes=host in ASSIST.agreed))
            wanted = (replace(asked, id=new_id(), model=model) for model in _models())
            online = bool(bpy.app.online_access)
            ASSIST.ask(helper(), *wanted, deadline_s=float(preferences().ask_s), online=online)
        except (NotAsked, UserError) as error:
            operator.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except UnicodeDecodeError:
            operator.report({"ERROR"}, "The tree holds a name that is no text, as files from before Blender 2.50 do")
            return {"CANCELLED"}
        except OSError as error:
            operator.report({"ERROR"}, f"The background Blender could not be asked: {error}")
            return {"CANCELLED"}
        wait()
        redraw(*EDITORS)
        if not bpy.app.background:
            ops: Any = bpy.ops
            ops.voxel.wait_for_answer("INVOKE_DEFAULT")
        return {"FINISHED"}


def _host() -> str:
    """The host that reads what is asked now, '' for this computer. Raises UserError."""
    if ASSIST.model == OWN:
        return goes_to(ASSIST.own, ASSIST.url)
    return next((one.host for one in ASSIST.askables.known if one.id == ASSIST.model), "")


def _models() -> tuple[str, ...]:
    """Who is asked now; for a duel two, in the order in which their answers are shown."""
    if ASSIST.model == OWN:
        return (ASSIST.own,)
    rivals = next((one.rivals for one in ASSIST.askables.known if one.id == ASSIST.model), None)
    return drawn(*rivals) if rivals else (ASSIST.model,)


class VOXEL_OT_ask(Asks, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.ask"
    bl_label = "Ask"
    bl_description = "Ask for it. Nothing of your file changes before Apply; Esc stops it"

    def wanted(self, context: Any) -> Asked:
        return aim(context, ASSIST.place(editor_of(context)), ASSIST.text)


class VOXEL_OT_another_answer(Asks, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.another_answer"
    bl_label = "Another"
    bl_description = "Ask the same once more, for an answer that is not this one"

    def wanted(self, context: Any) -> Asked:
        last = ASSIST.asked
        if last is None:
            raise NotAsked("There is no answer yet")
        again = replace(last, id=new_id())
        return about(again, live(last.key)) if last.before is not None else again


class VOXEL_OT_wait_for_answer(bpy.types.Operator):
    bl_idname = "voxel.wait_for_answer"
    bl_label = "Wait for the Answer"
    bl_options = {"INTERNAL"}

    def invoke(self, context: Any, event: bpy.types.Event) -> Returned:
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        """Everything goes on as it would; Esc stops the asking."""
        if not ASSIST.thinking:
            return {"FINISHED", "PASS_THROUGH"}
        if event.type == "ESC" and event.value == "PRESS":
            ASSIST.stop()
            redraw(*EDITORS)
            return {"CANCELLED"}
        return {"PASS_THROUGH"}


class VOXEL_OT_stop_asking(bpy.types.Operator):
    bl_idname = "voxel.stop_asking"
    bl_label = "Stop"
    bl_description = "Wait for the answer no more. Nothing was changed"

    def execute(self, context: bpy.types.Context) -> Returned:
        ASSIST.stop()
        redraw(*EDITORS)
        return {"FINISHED"}


CLASSES = (VOXEL_OT_ask, VOXEL_OT_another_answer, VOXEL_OT_wait_for_answer, VOXEL_OT_stop_asking)
