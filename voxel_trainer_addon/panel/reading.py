# SPDX-License-Identifier: GPL-3.0-or-later
"""Explain, Check, Compare With: what a tree is, what is wrong with it, what makes it another one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..graph.blender.take import NotNow, take
from ..graph.edits import Edit
from ..runs import Answer
from ..words import counted
from .asking import EDITORS, NO_TREE, AsksWhere, OfTree, ask
from .blender import DESK, redraw
from .shown import NotAsked, Shown, body, missing_pictures, shown

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Returned = set[OperatorReturnItems]


class OfLine:
    """An operator about one line of what the sidebar shows: `at` is its place."""

    if TYPE_CHECKING:
        at: int
    else:
        at: IntProperty(options={"SKIP_SAVE"})


class VOXEL_OT_explain(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.explain"
    bl_label = "Explain"
    bl_description = "Tell in words what this tree is and does. Every sentence was checked against the tree"

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what
        return ask(
            self,
            "Reading the tree…",
            "explain",
            partial(body, what),
            lambda answer: DESK.show_words(what.key, answer.body),
        )


class VOXEL_OT_check(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.check"
    bl_label = "Check"
    bl_description = (
        "Look for what breaks in the chosen Blender, pictures that are missing, node types that nobody knows, links "
        "that bring nothing and nodes without effect"
    )

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what
        to = DESK.to
        return ask(
            self,
            "Checking the tree…",
            "check",
            lambda: {**body(what), "to": to, "pictures": missing_pictures(what)},
            lambda answer: DESK.show_findings(what.key, answer.body["findings"], to),
        )


class VOXEL_OT_compare(OfLine, OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.compare"
    bl_label = "Compare"
    bl_description = "Tell what would make this tree the other one, change by change"

    def execute(self, context: bpy.types.Context) -> Returned:
        """With the tree that the sidebar offers at this place."""
        what = shown(context)
        assert what
        file, key = DESK.compared.source["file"], DESK.compared.source["keys"][self.at]
        return compare(self, what, {"file": file, "key": key, "name": _named(file, key)})


def compare(operator: Any, what: Shown, source: Mapping[str, Any]) -> Returned:
    """Ask for the edits that make this tree the one at `source`: a key of this file, or of another one."""

    def tell() -> dict[str, Any]:
        told = body(what)
        if source["file"]:
            return {**told, "file": source["file"], "key": source["key"]}
        other = _live(source["key"])
        if other is None:
            raise NotAsked(f"There is no tree “{source['name']}” any more.")
        return {**told, "other": body(other)}

    return ask(
        operator,
        "Comparing…",
        "diff",
        tell,
        lambda answer: DESK.show_edits(what.key, source, answer.body["edits"]),
    )


def _named(file: str, key: str) -> str:
    name = key.split("/", 1)[1]
    return f"{name} in {Path(file).name}" if file else name


def _live(key: str) -> Shown | None:
    collection, name = key.split("/", 1)
    block = getattr(bpy.data, collection).get(name)
    if block is None or collection == "node_groups":
        return Shown(block, key, None) if block else None
    return Shown(block.node_tree, key, block) if block.node_tree else None


def others(self: Any, context: Any) -> list[tuple[str, str, str]]:
    """The other trees of this file that are of the same kind."""
    what = shown(context)
    found = []
    for collection in ("materials", "worlds", "lights", "node_groups") if what else ():
        for block in getattr(bpy.data, collection):
            tree = block if collection == "node_groups" else block.node_tree
            key = f"{collection}/{block.name}"
            if what and tree is not None and tree.bl_idname == what.tree.bl_idname and key != what.key:
                found.append((key, block.name, key))
    _offered[:] = found or [("", "No other tree of this kind", "")]
    return _offered


_offered: list[tuple[str, str, str]] = []
"""Blender keeps no hold of the texts of a menu."""


class VOXEL_OT_compare_here(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.compare_here"
    bl_label = "Tree of This File…"
    bl_description = "Compare with another tree of this file"
    bl_property = "key"

    if TYPE_CHECKING:
        key: str
    else:
        key: EnumProperty(name="Tree", items=others, options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        if what is None or not self.key:
            return {"CANCELLED"}
        return compare(self, what, {"file": "", "key": self.key, "name": _named("", self.key)})


class VOXEL_OT_compare_file(OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.compare_file"
    bl_label = "Tree of Another File…"
    bl_description = "Compare with the tree of the same name in another file, or choose one there. It is only read"

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
        filter_glob: StringProperty(default="*.blend;*.blend1;*.blend2", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Returned:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        return _with_file(self, what, self.filepath) if what else {"CANCELLED"}


class VOXEL_OT_compare_save(OfTree, bpy.types.Operator):
    bl_idname = "voxel.compare_save"
    bl_label = "Earlier Save"
    bl_description = "Compare with this tree as it was when the file was saved the time before (.blend1)"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if shown(context) is None:
            cls.poll_message_set(NO_TREE)
            return False
        if not bpy.data.filepath:
            cls.poll_message_set("This file was never saved")
            return False
        if not Path(bpy.data.filepath + "1").is_file():
            cls.poll_message_set("There is no earlier save beside this file")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what
        return _with_file(self, what, bpy.data.filepath + "1")


def _with_file(operator: Any, what: Shown, file: str) -> Returned:
    """Compare with the tree of the same key in a file; where there is none, show those that there are."""

    def took(answer: Answer) -> None:
        keys = [key for key, kind in answer.body["keys"] if kind == what.tree.bl_idname]
        if what.key in keys:
            compare(operator, what, {"file": file, "key": what.key, "name": _named(file, what.key)})
        else:
            DESK.show_keys(what.key, file, keys)

    return ask(operator, f"Reading {Path(file).name}…", "keys", lambda: {"file": file}, took)


class VOXEL_OT_take_change(OfLine, AsksWhere, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.take_change"
    bl_label = "Take This Change"
    bl_description = "Make this one change in this tree"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        if what is None or DESK.view.key != what.key or not self.at < len(DESK.compared.edits):
            self.report({"ERROR"}, "These changes are about another tree")
            return {"CANCELLED"}
        edit = {key: value for key, value in DESK.compared.edits[self.at].items() if key != "words"}
        tree = self.tree(context, what)
        key = what.key if tree == what.tree else f"node_groups/{tree.name}"
        try:
            take(tree, key, Edit.from_json(edit), what.owner)
        except NotNow as error:
            self.give_back(tree, what)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        compare(self, Shown(tree, key, what.owner), DESK.compared.source)
        return {"FINISHED"}


class VOXEL_OT_select_nodes(OfLine, OfTree, bpy.types.Operator):  # type: ignore[misc]
    bl_idname = "voxel.select_nodes"
    bl_label = "Select Nodes"
    bl_description = "Select the nodes that this sentence is about"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Returned:
        what = shown(context)
        assert what
        line = next((line for line in DESK.view.lines if line.at == self.at), None)
        if line is None or DESK.view.key != what.key:
            self.report({"ERROR"}, "This sentence is about another tree")
            return {"CANCELLED"}
        wanted = set(line.nodes)
        found = [node for node in what.tree.nodes if node.name in wanted]
        for node in what.tree.nodes:
            node.select = node.name in wanted
        if found:
            what.tree.nodes.active = found[0]
        if len(found) < len(wanted):
            gone = len(wanted) - len(found)
            self.report({"INFO"}, f"{counted(gone, 'node')} {'is' if gone == 1 else 'are'} not there any more")
        region = next((r for r in context.area.regions if r.type == "WINDOW"), None)
        if found and region is not None:
            override: Any = context.temp_override(region=region)
            with override:
                bpy.ops.node.view_selected()
        return {"FINISHED"}


class VOXEL_OT_clear_desk(bpy.types.Operator):
    bl_idname = "voxel.clear_desk"
    bl_label = "Clear"
    bl_description = "Take away what is shown here"

    def execute(self, context: bpy.types.Context) -> Returned:
        DESK.forget()
        redraw(*EDITORS)
        return {"FINISHED"}


CLASSES = (
    VOXEL_OT_explain,
    VOXEL_OT_check,
    VOXEL_OT_compare,
    VOXEL_OT_compare_here,
    VOXEL_OT_compare_file,
    VOXEL_OT_compare_save,
    VOXEL_OT_take_change,
    VOXEL_OT_select_nodes,
    VOXEL_OT_clear_desk,
)
