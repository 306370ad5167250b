# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees made by chance: nodes of any type, links that fit, groups in groups, zones, interfaces, drivers, keyframes."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from tests.graph.every_node import (
    KINDS,
    REFUSES,
    Changer,
    Failure,
    failures,
    new_tree,
    node_types,
    pair,
    places,
    quiet,
    reach,
    settings,
    socket_types,
)
from voxel_trainer_addon.worker.inside import empty

DEPTH = 2
TYPES = lru_cache(maxsize=None)(node_types)


def mixed(kind: str, seed: int) -> str:
    """Make one such tree, with groups below it, in the open file; its key."""
    changer = Changer(f"{kind} {seed}", kind)
    group = None
    for level in range(changer.random.randint(0, DEPTH)):
        tree = bpy.data.node_groups.new(f"Level {level}", KINDS[kind])
        fill(tree, changer, group)
        group = tree
    key, tree = new_tree(kind, f"Mixed {seed}")
    fill(tree, changer, group)
    for moved in (tree, group):
        if moved is not None:
            moves(moved, changer)
    save_and_open()
    return key


def save_and_open() -> None:
    """Trees as they are read from files: after many edits 5.0 can forget what items a menu has, until it is opened."""
    for block in blocks():
        if hasattr(block, "use_fake_user"):
            block.use_fake_user = True
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "mixed.blend")
        bpy.ops.wm.save_as_mainfile(filepath=path)
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False)


def blocks() -> Iterator[Any]:
    for p in bpy.data.bl_rna.properties:
        if p.type == "COLLECTION":
            yield from getattr(bpy.data, p.identifier)


def fill(tree: Any, changer: Changer, group: Any) -> None:
    random = changer.random
    changer.blocks["NodeTree"] = group
    for p in settings(tree):
        if p.type in ("BOOLEAN", "ENUM", "STRING"):
            changer.change(tree, (p.identifier,), p)
    if not tree.is_embedded_data:
        interface(tree, changer)
    menus(tree, changer)
    types = list(TYPES(changer.kind))
    zone_ends: list[str] = []
    for name in random.choices(types, k=random.randint(8, 24)):
        try:
            node = tree.nodes.new(name)
        except RuntimeError:  # before 5.0 some compositor nodes want the tree of a scene, and no group
            continue
        if hasattr(node, "node_tree"):
            node.node_tree = group
        if hasattr(node, "pair_with_output"):
            zone_ends.clear()
            pair(tree, node, zone_ends, changer)
        if random.random() < 0.8:
            changer.turn(node)
            changer.fill(node)
    if group is not None:
        for _ in range(2):
            node = tree.nodes.new(next(name for name in types if name.endswith("NodeGroup")))
            node.node_tree = group
            changer.fill(node)
    for _ in range(4):
        tree.nodes.new("NodeReroute")
    links(tree, random)
    choose(tree, changer)
    looks(tree, changer)


def interface(tree: Any, changer: Changer) -> None:
    """Panels in panels, a toggle, sockets of chosen types with all their settings by chance."""
    random, face = changer.random, tree.interface
    panels = [None]
    for n in range(random.randint(0, 3)):
        panel = face.new_panel(f"Panel {n}", default_closed=random.random() < 0.5)
        panel.description = f"Panel {n} of the tree"
        with contextlib.suppress(*REFUSES):
            face.move_to_parent(panel, random.choice(panels), 99)
        panels.append(panel)
        if hasattr(bpy.types.NodeTreeInterfaceSocketBool, "is_panel_toggle") and random.random() < 0.5:
            face.new_socket(
                f"Use {n}", in_out="INPUT", socket_type="NodeSocketBool", parent=panel
            ).is_panel_toggle = True
    for n, idname in enumerate(random.choices(socket_types(tree), k=random.randint(3, 12))):
        in_out = random.choice(("INPUT", "INPUT", "OUTPUT"))
        item = face.new_socket(f"Socket {n}", in_out=in_out, socket_type=idname, parent=random.choice(panels))
        adjust(face, item, changer)


def adjust(face: Any, item: Any, changer: Changer) -> None:
    """Give an interface socket other settings; a change of `dimensions` makes another class of it."""
    if hasattr(item, "dimensions"):
        index = item.index
        item.dimensions = changer.random.randint(2, 4)
        item = face.items_tree[index]
    changer.turn(item, but=("is_panel_toggle",))  # Blender offers it for a panel's first socket alone
    found = sorted(places(item), key=lambda pair: pair[0][-1] == "default_value")
    for path, p in found:
        if p.type not in ("BOOLEAN", "ENUM") or path[-1] == "default_value":
            changer.change(item, path, p)


def menus(tree: Any, changer: Changer) -> None:
    """A menu of the interface that reaches a switch, and so has items and a default."""
    if changer.random.random() < 0.5 or "GeometryNodeMenuSwitch" not in TYPES(changer.kind) or tree.is_embedded_data:
        return
    item = tree.interface.new_socket("Menu", in_out="INPUT", socket_type="NodeSocketMenu")
    start, switch = tree.nodes.new("NodeGroupInput"), tree.nodes.new("GeometryNodeMenuSwitch")
    for name in ("Star", "Sphere of influence"):
        switch.enum_items.new(name).description = f"A {name}"
    tree.links.new(next(s for s in start.outputs if s.identifier == item.identifier), switch.inputs[0])
    with contextlib.suppress(*REFUSES):
        item.default_value = "Star"


def links(tree: Any, random: Any) -> None:
    """Links that Blender finds valid, most of them between sockets of one type; some of them muted."""
    nodes = list(tree.nodes)
    random.shuffle(nodes)
    for n, target in enumerate(nodes):
        for entry in target.inputs:
            sources = [s for node in nodes[:n] for s in node.outputs if not s.is_unavailable and s.type != "CUSTOM"]
            if not sources or entry.is_unavailable or entry.type == "CUSTOM" or random.random() < 0.4:
                continue
            alike = [s for s in sources if s.type == entry.type]
            for _ in range(random.randint(1, 4) if entry.is_multi_input else 1):
                source = random.choice(alike if alike and random.random() < 0.8 else sources)
                if any(link.from_socket == source for link in tree.links if link.to_socket == entry):
                    continue
                link = tree.links.new(source, entry)
                if link is None:  # refused
                    continue
                if not link.is_valid:
                    tree.links.remove(link)
                elif random.random() < 0.05:
                    link.is_muted = True
    for link in list(tree.links):  # one made later can spoil another
        if not link.is_valid:
            tree.links.remove(link)


def choose(tree: Any, changer: Changer) -> None:
    """Links that came and went leave menus with a number that stands for no item; no script can give it to them."""
    for node in tree.nodes:
        for path, p in places(node):
            if p.type == "ENUM" and path[0] == "inputs" and getattr(reach(node, path[:-1]), p.identifier) == "":
                changer.change(node, path, p)


def looks(tree: Any, changer: Changer) -> None:
    """Places, labels, colours, frames, muted and folded nodes."""
    random, frames = changer.random, [None]
    for n in range(random.randint(0, 2)):
        frame = tree.nodes.new("NodeFrame")
        frame.label, frame.parent = f"Frame {n}", frames[-1]
        frames.append(frame)
    for n, node in enumerate(tree.nodes):
        if node.bl_idname == "NodeFrame":
            continue
        node.parent = random.choice(frames)
        node.location = random.uniform(-900, 900), random.uniform(-900, 900)
        node.label = random.choice(("", "", f"Wood grain {n}", "Holz äöü"))
        node.mute = random.random() < 0.1
        node.hide = random.random() < 0.1
        if random.random() < 0.1:
            node.use_custom_color, node.color = True, (0.1, random.random(), 0.3)
        for socket in (*node.inputs, *node.outputs):
            if not socket.is_linked and random.random() < 0.03:
                socket.hide = True


def moves(tree: Any, changer: Changer) -> None:
    """Drivers that look at other values of the tree, and keyframes with curves of any kind."""
    random = changer.random
    held = [s for n in tree.nodes if n.bl_idname != "NodeReroute" for s in n.inputs if s.type == "VALUE"]
    random.shuffle(held)
    drivers, keys = held[: random.randint(0, 3)], held[3 : 3 + random.randint(0, 3)]
    for socket in drivers:
        driver = socket.driver_add("default_value").driver
        driver.type, driver.use_self = random.choice(("SCRIPTED", "AVERAGE", "MAX")), random.random() < 0.3
        driver.expression = f"frame / {random.randint(2, 9)}"
        for n in range(random.randint(0, 2)):
            variable = driver.variables.new()
            variable.name, target = f"value_{n}", variable.targets[0]
            target.id_type, target.id = "NODETREE", tree
            target.data_path = random.choice(held).path_from_id("default_value")
    for socket in keys:
        for frame in random.sample(range(100), random.randint(1, 4)):
            socket.keyframe_insert("default_value", frame=frame)
    for curve in curves_of(tree) if keys else ():
        curve.extrapolation = random.choice(("LINEAR", "CONSTANT"))
        for point in curve.keyframe_points:
            point.interpolation = random.choice(("CONSTANT", "LINEAR", "BEZIER", "BOUNCE"))
        if random.random() < 0.5:
            curve.modifiers.new(random.choice(("NOISE", "LIMITS", "STEPPED"))).use_influence = True


def curves_of(tree: Any) -> Any:
    """The curves of a tree's action, which from 4.4 on are those of its slot."""
    held = tree.animation_data
    if hasattr(held, "action_slot"):
        return held.action.layers[0].strips[0].channelbag(held.action_slot).fcurves
    return held.action.fcurves


def prove_mixed(kind: str, seed: int) -> list[Failure]:
    """The failures of the tree of that seed; it is the same in every process of one Blender version."""
    TYPES(kind)
    empty()
    what = f"{kind} seed {seed}"
    try:
        with quiet():
            return failures(what, mixed(kind, seed))
    except Exception:
        return [Failure(what, "test", traceback.format_exc(limit=-3))]


if __name__ == "__main__":
    wrong = 0
    for seed in range(int(sys.argv[-2]), int(sys.argv[-1])):
        for kind in KINDS:
            found = prove_mixed(kind, seed)
            wrong += bool(found)
            for failure in found:
                print(f"  {failure.what} {failure.form}: {failure.words}", flush=True)
    print(f"{wrong} wrong", flush=True)
    os._exit(0)
