# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is about: the tree, object or scene that an editor shows, and where it is later on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from ..graph.blender.read import embedded_key, owner_of, read_with_groups, tree_of
from ..graph.model import Graphs
from ..runs import new_id
from .assist import Asked, Place
from .shown import NODES_MAX, NotAsked, Shown, count, shown

TREES = {"ShaderNodeTree": "shader", "GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor"}


def editor_of(context: Any) -> str:
    """Which of `PLACES` holds for the editor of a context, '' where nothing can be asked."""
    space = context.space_data
    if space is None or space.type != "NODE_EDITOR":
        return "view" if space is not None and space.type == "VIEW_3D" else ""
    return TREES.get(space.tree_type, "")


def aim(context: Any, place: Place, text: str) -> Asked:
    """The request for a place, as things are now. Raises NotAsked."""
    ob = context.object
    asked = Asked(new_id(), text, place, ob=ob.name if ob else "", scene=context.scene.name)
    if place.id == "NEW_MODIFIER" and ob is None:
        raise NotAsked("Choose the object that the modifier is for first")
    if place.new:
        return asked
    return about(asked, _target(context, place, ob))


def _target(context: Any, place: Place, ob: Any) -> Shown | None:
    """The tree that is to be changed."""
    if place.id == "THIS_MATERIAL":
        material = ob.active_material if ob else None
        return Shown(material.node_tree, embedded_key(material), material) if material and material.node_tree else None
    if place.id == "THIS_MODIFIER":
        group = getattr(ob.modifiers.active, "node_group", None) if ob else None
        return Shown(group, f"node_groups/{group.name}", None) if group else None
    return shown(context)


def about(asked: Asked, what: Shown | None) -> Asked:
    """The request with the tree as it is now. Raises NotAsked."""
    if what is None:
        raise NotAsked(f"There is nothing for “{asked.place.label}” here")
    if count(what.tree) > NODES_MAX:
        raise NotAsked(f"This tree has more than {NODES_MAX} nodes, which is more than a model can be told")
    return replace(asked, key=what.key, before=read_with_groups(what.tree, what.key, what.owner))


def live(key: str) -> Shown | None:
    """The tree of a key, None where it is gone or called otherwise by now."""
    tree = tree_of(bpy.data, key)
    return Shown(tree, key, None if key.startswith("node_groups/") else owner_of(bpy.data, key)) if tree else None


def read(key: str) -> Graphs | None:
    what = live(key)
    return read_with_groups(what.tree, key, what.owner) if what else None
