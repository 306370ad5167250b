# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees drawn by chance from the node types and sockets that techniques speak of, with everything that can mislead:
muted nodes and links, reroutes, sockets out of use, loose ends."""

from __future__ import annotations

import random

from voxel_trainer_addon.graph.model import Graph, Item, Link, Node, Socket
from voxel_trainer_addon.graph.words.clauses import Apart, Feeds, Holds
from voxel_trainer_addon.graph.words.description import TECHNIQUES
from voxel_trainer_addon.graph.words.view import CARRIERS

ENDS = {
    "ShaderNodeTree": "ShaderNodeOutputMaterial",
    "GeometryNodeTree": "NodeGroupOutput",
    "CompositorNodeTree": "CompositorNodeComposite",
}
VALUES = (0.0, 0.25, 1.0, True, False, "BOX", "CONSTANT", "DOT_PRODUCT", "ADD", [0.0, 0.5, 1.0, 1.0], None)


def catalogue(tree: str) -> dict[str, tuple[list[str], list[str], list[str]]]:
    """Node type → names of inputs, outputs and settings that some technique asks for."""
    made: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for technique in TECHNIQUES:
        if technique.tree == tree:
            for types in technique.roles.values():
                for type in types:
                    made.setdefault(type, ({"Vector"}, {"Color"}, set()))
            for clause in technique.clauses:
                places = [(clause.source, 1), (clause.target, 0)] if isinstance(clause, Feeds) else []
                places += [(clause.place, 2)] if isinstance(clause, Holds) else []
                places += [(f"{clause.where}.A|B", 0)] if isinstance(clause, Apart) else []
                for place, side in places:
                    role, _, names = place.partition(".")
                    for type in technique.roles[role]:
                        made[type][side].update(name for name in names.split("|") if name)
    for type in CARRIERS:
        made.setdefault(type, ({"Fac", "A", "B"}, {"Color"}, set()))
    made[ENDS[tree]] = ({"Surface", "Displacement", "Volume"}, set(), {"is_active_output"})
    return {type: (sorted(i), sorted(o), sorted(s)) for type, (i, o, s) in sorted(made.items())}


CATALOGUES = {tree: catalogue(tree) for tree in ENDS}


def graph(seed: int) -> Graph:
    """One tree of 3 to 30 nodes."""
    chance = random.Random(seed)
    tree = chance.choice(sorted(ENDS))
    known = CATALOGUES[tree]
    themes = chance.sample([t for t in TECHNIQUES if t.tree == tree], 3)
    pool = [sorted(types) for theme in themes for types in theme.roles.values()] + [sorted(CARRIERS)]
    types = [chance.choice(chance.choice(pool)) for _ in range(chance.randint(2, 29))] + [ENDS[tree]]
    nodes = []
    for n, type in enumerate(types):
        ins, outs, settings = known[type]
        inputs = tuple(
            Socket(s, s, chance.choice(("VALUE", "RGBA", "SHADER")), chance.random() > 0.05, chance.choice(VALUES))
            for s in ins
        )
        outputs = tuple(Socket(s, s, "VALUE", chance.random() > 0.05) for s in outs)
        held = {s: chance.choice(VALUES) for s in settings if chance.random() > 0.3}
        held |= {"mute": True} if chance.random() < 0.05 else {}
        if type == ENDS[tree]:
            held["is_active_output"] = True
        if chance.random() < 0.2:
            held["image"] = {"id": "IMAGE", "name": chance.choice("abc")}
        layout = {"label": chance.choice(("Rust", "Dirt"))} if chance.random() < 0.2 else {}
        nodes.append(Node(f"N{n}", type, held, inputs, outputs, layout=layout))
    links = []
    for n, node in enumerate(tuple(nodes)):
        for entry in range(len(node.inputs)):
            givers = [other for other in nodes[:n] if other.outputs]
            if givers and chance.random() < 0.6:
                giver = chance.choice(givers)
                output = chance.randrange(len(giver.outputs))
                muted, valid = chance.random() < 0.05, chance.random() > 0.05
                if chance.random() < 0.2:
                    reroute = Node(
                        f"R{len(nodes)}", "NodeReroute", {}, (Socket("i", "i", "VALUE"),), (Socket("o", "o", "VALUE"),)
                    )
                    nodes.append(reroute)
                    links += [Link(giver.name, output, reroute.name, 0), Link(reroute.name, 0, node.name, entry)]
                else:
                    links.append(Link(giver.name, output, node.name, entry, muted, valid=valid))
    items = tuple(
        Item(f"{way} NodeSocketFloat", name, {"default_value": 0.5, "min_value": 0.0, "max_value": 1.0})
        for way, name in (("INPUT", "Scale"), ("INPUT", "Seed"), ("OUTPUT", "Result"))
        if chance.random() < 0.5
    )
    key = "materials/Made" if tree == "ShaderNodeTree" else "node_groups/Made"
    return Graph(key, tree, tuple(nodes), tuple(links), items)
