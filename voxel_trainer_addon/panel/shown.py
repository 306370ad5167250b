# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that a node editor shows, and how the background Blender gets it: told, or as a copy where it is large."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..graph.blender.pictures import is_missing
from ..graph.blender.read import embedded_key, read_with_groups
from ..graph.blender.stacks import read_stack
from ..graph.model import Graph
from .blender import helper

NODES_MAX = 500
"""Nodes that are read at a click, groups included: more would hold Blender up."""
KINDS = {"ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree"}


@dataclass(frozen=True)
class Shown:
    """A live tree, its key, and the data-block that it lies in, None for a group."""

    tree: Any
    key: str
    owner: Any

    @property
    def name(self) -> str:
        return self.key.split("/", 1)[1]

    @property
    def block(self) -> Any:
        return self.owner or self.tree


class NotAsked(ValueError):
    """There is nothing to ask about, and why."""


def shown(context: Any) -> Shown | None:
    """The tree in the editor of a context, None where there is none of a known kind."""
    space = context.space_data
    tree = getattr(space, "edit_tree", None)
    if tree is None or tree.bl_idname not in KINDS:
        return None
    if not tree.is_embedded_data:
        return Shown(tree, f"node_groups/{tree.name}", None)
    return Shown(tree, embedded_key(space.id), space.id)


def count(tree: Any) -> int:
    """Its nodes and those of all groups below it, each group once."""
    seen, todo = {tree}, [tree]
    while todo:
        below = {getattr(node, "node_tree", None) for node in todo.pop().nodes} - seen - {None}
        seen |= below
        todo += below
    return sum(len(tree.nodes) for tree in seen)


def body(what: Shown) -> dict[str, Any]:
    """A tree with all groups below it, as `serve` is asked about it."""
    if count(what.tree) > NODES_MAX and what.block.library is None:
        return {"copy": str(_copy({what.block})), "root": what.key}
    return {"graphs": read_with_groups(what.tree, what.key, what.owner), "root": what.key}


def stack_body(ob: Any) -> dict[str, Any]:
    """The stack of an object with the groups that its modifiers run. Raises NotAsked where it has none."""
    stack = read_stack(ob)
    if stack is None:
        raise NotAsked(f"“{ob.name}” has no modifiers and no constraints.")
    groups = list(dict.fromkeys(m.node_group for m in ob.modifiers if getattr(m, "node_group", None)))
    if sum(map(count, groups)) > NODES_MAX and ob.library is None:
        return {"copy": str(_copy({ob})), "root": stack.key}
    graphs: dict[str, Graph] = {}
    for group in groups:
        graphs |= read_with_groups(group, f"node_groups/{group.name}")
    return {"graphs": graphs, "stacks": {stack.key: stack}, "root": stack.key}


def _copy(blocks: set[Any]) -> Path:
    """A file with these data-blocks and what they use; the artist's own file is not touched."""
    place = helper().data.serve_copies / f"{secrets.token_hex(8)}.blend"
    place.parent.mkdir(parents=True, exist_ok=True)
    bpy.data.libraries.write(str(place), blocks, fake_user=True)
    return place


def missing_pictures(what: Shown) -> list[str]:
    """Names of images in use whose files are not there."""
    held = [getattr(node, "image", None) for node in what.tree.nodes]
    held += [s.default_value for node in what.tree.nodes for s in node.inputs if s.type == "IMAGE"]
    images = set(filter(None, held))
    return sorted(image.name for image in images if is_missing(image))
