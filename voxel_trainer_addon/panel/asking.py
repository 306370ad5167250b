# SPDX-License-Identifier: GPL-3.0-or-later
"""How the buttons of the node editors ask the background Blender, and when they can be pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty

from ..runs import Answer
from . import ask_panels
from .blender import ASSIST, DESK, helper, redraw
from .shown import NotAsked, Shown, shown

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]

TICK_S = 0.05
EDITORS = ("NODE_EDITOR", "VIEW_3D")
NO_TREE = "Open a shader, geometry or compositor tree first"


def tick() -> float | None:
    """Hand out answers; ends when nothing is waited for. Caught, as Blender drops a timer that raises."""
    try:
        changed = DESK.step()
        changed |= ask_panels.look()
    except Exception as error:
        DESK.say("ERROR", f"The answer could not be taken: {type(error).__name__}: {error}")
        changed = True
    if changed:
        redraw(*EDITORS)
    return TICK_S if DESK.waiting or ASSIST.undrawn else None


def wait() -> None:
    """See that answers are handed out while something is waited for."""
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)


def ask(
    operator: Any, busy: str, job: str, tell: Callable[[], Mapping[str, Any]], take: Callable[[Answer], None]
) -> Returned:
    """Ask the background Blender; `tell` says what about."""
    try:
        helper()
        DESK.ask(busy, job, tell(), take)
    except NotAsked as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    except UnicodeDecodeError:
        operator.report({"ERROR"}, "The tree holds a name that is no text, as files from before Blender 2.50 do")
        return {"CANCELLED"}
    except (OSError, RuntimeError) as error:
        operator.report({"ERROR"}, f"The background Blender could not be asked: {error}")
        return {"CANCELLED"}
    wait()
    redraw(*EDITORS)
    return {"FINISHED"}


class OfTree:
    """An operator about the tree that is open."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if shown(context) is None:
            cls.poll_message_set(NO_TREE)  # type: ignore[attr-defined]
            return False
        return True


class ChangesTree(OfTree):
    """An operator that changes the tree that is open."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        what = shown(context) if super().poll(context) else None
        if what is None:
            return False
        if what.block.library is not None:
            cls.poll_message_set("This tree is linked from another file and cannot be changed here")  # type: ignore[attr-defined]
            return False
        if what.block.override_library is not None:
            cls.poll_message_set("This tree is a library override; Blender allows no new nodes in it")  # type: ignore[attr-defined]
            return False
        return True


class AsksWhere(ChangesTree):
    """An operator that changes the tree that is open, and asks first where that is a group which others use too."""

    if TYPE_CHECKING:
        where: str
    else:
        where: EnumProperty(
            name="Where",
            items=(
                ("ALL", "Everywhere", "Change the group for everything that uses it"),
                ("THIS", "Only Here", "Make a copy of the group for this place first"),
            ),
            default="ALL",
            options={"SKIP_SAVE"},
        )

    users = 0

    def invoke(self, context: Any, event: bpy.types.Event) -> Returned:
        what = self.what(context)
        self.users = what.tree.users - what.tree.use_fake_user if what and what.owner is None else 1
        operator: Any = self
        if self.users < 2:
            return operator.execute(context)  # type: ignore[no-any-return]
        title = operator.bl_label
        return context.window_manager.invoke_props_dialog(self, title=title, confirm_text="Change")  # type: ignore[no-any-return]

    def what(self, context: Any) -> Shown | None:
        """The tree that is to be changed."""
        return shown(context)

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.label(text=f"This group is used in {self.users:,} places.")
        layout.row().prop(self, "where", expand=True)

    def tree(self, context: Any, what: Shown) -> Any:
        """The tree to change: the one that is open, or a copy of it for this place."""
        if self.where != "THIS":
            return what.tree
        copy = what.tree.copy()
        put_single(context, context.object, what.tree, copy)
        return copy

    @staticmethod
    def give_back(tree: Any, what: Shown) -> None:
        """Take a copy away again, as nothing came of it."""
        if tree != what.tree:
            tree.user_remap(what.tree)
            bpy.data.node_groups.remove(tree)


def put_single(context: Any, ob: Any, tree: Any, copy: Any) -> None:
    """Use a copy of a group in its place alone: in the node that was entered, or the active modifier of the object."""
    space = context.space_data
    path: Any = getattr(space, "path", ())
    if len(path) > 1 and path[-1].node_tree == tree:
        node = path[-2].node_tree.nodes.active
        if node is not None and getattr(node, "node_tree", None) == tree:
            node.node_tree = copy
            path.pop()
            path.append(copy, node=node)
            return
    modifier = ob.modifiers.active if ob else None
    if modifier is not None and getattr(modifier, "node_group", None) == tree:
        modifier.node_group = copy
    if getattr(space, "edit_tree", None) == tree:
        space.node_tree = copy
