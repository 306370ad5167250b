# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer of the assistant taken into the open file: all of it, or nothing and a sentence.

What is taken are graphs and edits; whatever code made them stays outside. An edit is tried on a copy first, so that
the artist's tree is touched only by what Blender takes.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import bpy

from ..canonical import differences, graph_hash
from ..edits import Edit, apply
from ..flow import FRAME
from ..model import Graph, Graphs, Node, Socket, Value, closure
from ..steps import TREE, is_reference, references
from .alter import alter
from .beside import put_beside
from .filling import Made, fill, short, spread
from .fitting import is_there, kept, rename
from .layout import give_names
from .read import read_graph, read_with_groups
from .stage import Loop

DAMAGES = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)


class NotApplied(ValueError):
    """An answer that is not taken, with the sentence that says why. Nothing was changed."""


@dataclass(frozen=True)
class Proposal:
    """What the assistant answered: `graphs` as JSON by key, the `key` of the tree that was asked for, and for a change
    the `edits` as JSON from the tree that is there."""

    key: str
    graphs: Mapping[str, Any]
    edits: Sequence[Mapping[str, Any]] = ()


@dataclass
class Applied:
    """What was done: the key of the tree, and what is to be told."""

    key: str = ""
    told: list[str] = field(default_factory=list)


def new_material(proposal: Proposal, ob: Any = None) -> Applied:
    """A material of its own, given to the active slot of `ob` where there is one. Raises NotApplied."""
    if ob is not None:
        _own(ob)
        if not hasattr(ob.data, "materials"):
            raise NotApplied(f"“{ob.name}” can have no material. Choose a mesh or a curve.")
    with _built(proposal, "ShaderNodeTree") as (made, root):
        material: Any = bpy.data.materials.new(root.name)
        made.others.append(material)
        if material.node_tree is None:
            material.use_nodes = True
        material.node_tree.nodes.clear()
        _fill(root, material.node_tree, made)
        if ob is not None:
            ob.active_material = material
            if ob.active_material != material:
                raise NotApplied(f"Blender gives “{ob.name}” no other material; is its data linked?")
        else:
            material.use_fake_user = True  # without a user it would be lost when the file is saved
    return Applied(f"materials/{material.name}", made.told)


def new_modifier(proposal: Proposal, ob: Any) -> Applied:
    """A group of its own, run by a new modifier of `ob`. Raises NotApplied."""
    if ob is None:
        raise NotApplied("No object is active. Choose the one that the modifier is for.")
    _own(ob)
    with _built(proposal, "GeometryNodeTree") as (made, root):
        if not any(item.kind == "OUTPUT NodeSocketGeometry" for item in root.interface):
            raise NotApplied("The answer gives no geometry, so no modifier can run it.")
        group = _group(root, made)
        group.is_modifier = True
        modifier = None
        with contextlib.suppress(TypeError, RuntimeError):
            modifier = ob.modifiers.new(root.name, "NODES")
        if modifier is None:
            raise NotApplied(f"“{ob.name}” takes no geometry nodes. Choose a mesh or a curve.")
        modifier.node_group = group
    return Applied(f"node_groups/{group.name}", made.told)


def new_compositor(proposal: Proposal, scene: Any) -> Applied:
    """The compositor's tree of a scene that has none. Raises NotApplied."""
    _own(scene)
    name = "compositing_node_group" if hasattr(scene, "compositing_node_group") else "node_tree"
    there = getattr(scene, name)
    if there is not None and there.nodes:
        raise NotApplied("This scene has compositor nodes already. Ask for a change of This Tree instead.")
    with _built(proposal, "CompositorNodeTree", scene.name) as (made, root):
        if name != "node_tree":
            group = _group(root, made)
            scene.compositing_node_group = group
            return Applied(f"node_groups/{group.name}", made.told)
        used = scene.use_nodes
        try:
            scene.use_nodes = True
            scene.node_tree.nodes.clear()
            _fill(root, scene.node_tree, made)
        except Exception:
            scene.node_tree.nodes.clear()
            scene.use_nodes = used
            raise
    return Applied(f"scenes/{scene.name}", made.told)


def edit(proposal: Proposal, tree: Any, key: str, owner: Any, asked: Graphs) -> Applied:
    """Make the edits in the tree of a key, which must mean what it did with its groups when it was `asked` about; only
    what the edits name changes. Raises NotApplied."""
    _own(owner or tree)
    before = read_with_groups(tree, key, owner)
    if not means_the_same(proposal.key, asked, key, before):
        raise NotApplied("The tree has changed since you asked, so this answer is about another one. Ask again.")
    made = Made()
    with _taken_back(made):
        edits = _with_groups(proposal, made)
        after = apply(before[key], edits)
        change = partial(_change, before=before[key], after=after)
        _tried(change, tree, key, owner, after)
        change(tree)
    return Applied(key, made.told)


def own_copy(block: Any) -> Any:
    """A copy of a material or group that this file may change, wherever the original comes from. Raises NotApplied."""
    copied = block.copy()
    if copied.override_library is not None:
        copied.make_local()
    if copied.library is not None or copied.override_library is not None:
        bpy.data.batch_remove((copied,))
        raise NotApplied(f"Blender makes no copy of “{block.name}” that could be changed here.")
    return copied


def give(ob: Any, old: Any, new: Any) -> None:
    """Let an object use another material in place of one. Raises NotApplied."""
    slots = [slot for slot in ob.material_slots if slot.material == old] if ob else []
    for slot in slots:
        if ob.data.library is not None or ob.data.override_library is not None:
            slot.link = "OBJECT"
        slot.material = new
    if not slots or any(slot.material != new for slot in slots):
        raise NotApplied(f"No object that is chosen here uses “{old.name}”, so a copy of it would be lost.")


def alike(root: str, graphs: Graphs, other_root: str, others: Graphs) -> bool:
    """Whether two readings of a tree with its groups are equal, but for which sockets are available: Blender works that
    out late."""
    return _bare(root, graphs) == _bare(other_root, others)


def means_the_same(root: str, graphs: Graphs, other_root: str, others: Graphs) -> bool:
    """Whether two trees with their groups mean the same; equal ones need no canonical form."""
    return alike(root, graphs, other_root, others) or graph_hash(root, graphs) == graph_hash(other_root, others)


def _as_available(graph: Graph, made: Graph) -> Graph:
    """A graph with the sockets available that are so in Blender by now."""
    there = {node.name: node for node in made.nodes}

    def side(mine: Sequence[Socket], other: Sequence[Socket]) -> tuple[Socket, ...]:
        alike = [s.name for s in mine] == [s.name for s in other]
        return (
            tuple(replace(s, available=t.available) for s, t in zip(mine, other, strict=True)) if alike else tuple(mine)
        )

    def node(x: Node) -> Node:
        y = there.get(x.name, x)
        return replace(x, inputs=side(x.inputs, y.inputs), outputs=side(x.outputs, y.outputs))

    return replace(graph, nodes=tuple(map(node, graph.nodes)))


def _bare(root: str, graphs: Graphs) -> dict[str, Graph]:
    def bare(node: Node) -> Node:
        inputs, outputs = (tuple(replace(s, available=True) for s in side) for side in (node.inputs, node.outputs))
        return replace(node, inputs=inputs, outputs=outputs)

    named = {"" if key == root else key: graph for key, graph in graphs.items()}
    return {key: replace(graph, key=key, nodes=tuple(map(bare, graph.nodes))) for key, graph in named.items()}


def _own(block: Any) -> None:
    if block.library is not None:
        raise NotApplied(f"“{block.name}” is linked from another file and cannot be changed here.")
    if block.override_library is not None and not isinstance(block, bpy.types.Object):
        raise NotApplied(f"“{block.name}” is a library override; Blender allows no new nodes in it.")


@contextlib.contextmanager
def _taken_back(made: Made) -> Iterator[None]:
    """Take back what was made where something goes wrong, and say what."""
    try:
        yield
    except Exception as error:
        made.take_back()
        if isinstance(error, NotApplied):
            raise
        raise NotApplied(f"This could not be applied, and nothing was changed: {short(error)}") from None


@contextlib.contextmanager
def _built(proposal: Proposal, kind: str, scene: str = "") -> Iterator[tuple[Made, Graph]]:
    """The groups of an answer built, and the graph of its root, which is to be of a kind. A scene that the trees speak
    of becomes the one of the name `scene`."""
    made = Made()
    with _taken_back(made):
        trees = closure(_graphs(proposal)[proposal.key], _graphs(proposal))
        if trees[-1].type != kind:
            raise NotApplied("The answer is a tree of another kind than was asked for.")
        root = _build_groups(trees, made, scene=scene)
        assert root is not None
        yield made, root


def _graphs(proposal: Proposal) -> Graphs:
    try:
        return {key: Graph.from_json(value) for key, value in proposal.graphs.items()}
    except DAMAGES:
        raise NotApplied("The answer is damaged.") from None


def _with_groups(proposal: Proposal, made: Made) -> list[Edit]:
    """The edits, after the groups were built that they bring in. Raises NotApplied for what is not to be made."""
    told = copy.deepcopy(list(proposal.edits))
    edits = list(map(Edit.from_json, told))
    if moving := next((edit for edit in edits if edit.moves), None):
        raise NotApplied(f"Blender cannot make this change by itself: {moving.words()}")
    wanted = [ref for row in told for ref in references({k: v for k, v in row.items() if k not in ("old", "layout")})]
    graphs = _graphs(proposal)
    groups = {f"node_groups/{name}" for kind, name in wanted if kind == "NODETREE"} & graphs.keys()
    trees = {tree.key: tree for key in sorted(groups) for tree in closure(graphs[key], graphs)}
    _build_groups([*trees.values()], made, told)
    for kind, name in wanted:
        if f"node_groups/{name}" not in groups and not is_there(kind, name):
            raise NotApplied(f"The {kind.lower()} “{name}” is not in this file.")
    return list(map(Edit.from_json, told))


def _build_groups(trees: Sequence[Graph], made: Made, edits: Sequence[Value] = (), scene: str = "") -> Graph | None:
    """Build the groups among `trees`, which come before what uses them, but for those that this file has already with
    the same contents. The last tree comes back, in the names of this file, where it stands for what is to be made."""
    graphs = {tree.key: tree for tree in trees}
    root = trees[-1] if trees and not edits else None
    wanted = [tree for tree in trees if tree is root or not _is_here(tree.key, graphs)]
    form = {"trees": [tree.as_json() for tree in wanted]}
    rename(form, edits)
    if scene:
        _in_scene(form["trees"], scene)
    fitting = [kept(Graph.from_json(told), made.told) for told in form["trees"]]
    if any(len(graph.nodes) < len(told["nodes"]) for graph, told in zip(fitting, form["trees"], strict=True)):
        raise NotApplied(f"The answer does not fit this Blender, so nothing was changed. {' '.join(made.told)}")
    for graph in fitting:
        if root is not None and graph.key == form["trees"][-1]["key"]:
            return graph
        _group(graph, made)
    return None


def _is_here(key: str, graphs: Graphs) -> bool:
    """Whether this file has a group of that name, type and contents, whose sockets come in the same order."""
    there: Any = bpy.data.node_groups.get(key.split("/", 1)[1])
    if there is None or there.bl_idname != graphs[key].type:
        return False
    live = read_with_groups(there, key)
    faces = [[(item.kind, item.name) for item in tree.interface] for tree in (graphs[key], live[key])]
    return faces[0] == faces[1] and graph_hash(key, graphs) == graph_hash(key, live)


def _in_scene(value: Any, scene: str) -> None:
    """What speaks of a scene speaks of this one."""
    if is_reference(value):
        value["name"] = scene if value["id"] == "SCENE" else value["name"]
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            _in_scene(inner, scene)


def _group(graph: Graph, made: Made) -> Any:
    groups: Any = bpy.data.node_groups
    made.groups.append(groups.new(graph.name, graph.type))
    _fill(graph, made.groups[-1], made)
    return made.groups[-1]


def _fill(graph: Graph, tree: Any, made: Made) -> None:
    told = len(made.told)
    fill(graph, tree, made)
    if len(made.told) > told:
        raise NotApplied(f"Blender does not take all of it, so nothing was changed. {made.told[-1]}")
    spread(tree.nodes, tree)


def _change(tree: Any, before: Graph, after: Graph) -> None:
    """Bring a live tree from one graph to the other; new nodes get the names and places that they should have."""
    names = {node.name: node.name for node in before.nodes if node.type != FRAME}
    pairs = {node.name: node.name for node in after.nodes if node.name in names}
    new = alter(tree, names, before, after, pairs).new
    loop = Loop()
    loop.stage.things[TREE.base] = tree
    give_names(loop, new)
    put_beside(tree, new, read_graph(tree, after.key))


def _tried(change: Any, tree: Any, key: str, owner: Any, after: Graph) -> None:
    """Make the change in a copy, which goes again. Raises NotApplied where it does not become what it should."""
    block = owner or tree
    trial = block.copy()
    try:
        live = trial if block == tree else trial.node_tree
        change(live)
        made = read_graph(live, key, trial)
        if found := differences(_as_available(after, made), made, {}, {}):
            raise NotApplied(f"Blender does not take all of it, so nothing was changed: {found[0]}.")
    finally:
        bpy.data.batch_remove((trial,))
