# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sentence is true of its tree, and no longer true when what it says is changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.graph.words import synthetic
from voxel_trainer_addon.graph.model import Graph, Item, Link, Node, Socket
from voxel_trainer_addon.graph.words.clauses import Feeds
from voxel_trainer_addon.graph.words.description import LENGTHS, TECHNIQUES, description, recognised, text
from voxel_trainer_addon.graph.words.statement import Statement
from voxel_trainer_addon.graph.words.view import CARRIERS, View

pytestmark = pytest.mark.plain
SEEDS = range(80)


def said(graph: Graph) -> list[Statement]:
    return [statement for length in LENGTHS for statement in description(graph, length)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_sentence_is_true(seed: int) -> None:
    graph = synthetic.graph(seed)
    for statement in said(graph):
        assert statement.holds(graph), statement.text


def only(graph: Graph, name: str, **changed: object) -> Graph:
    return replace(graph, nodes=tuple(replace(n, **changed) if n.name == name else n for n in graph.nodes))  # type: ignore[arg-type]


def without(graph: Graph, name: str) -> Graph:
    nodes = tuple(node for node in graph.nodes if node.name != name)
    return replace(graph, nodes=nodes, links=tuple(k for k in graph.links if name not in (k.source, k.target)))


@pytest.mark.parametrize("seed", SEEDS[::5])
def test_a_sentence_falls_with_the_nodes_that_it_speaks_of(seed: int) -> None:
    graph = synthetic.graph(seed)
    for statement in said(graph):
        if statement.nodes:
            gone = graph
            for name in statement.nodes:
                gone = without(gone, name)
            assert not statement.check(View(gone)), statement.text


@pytest.mark.parametrize("seed", SEEDS[::5])
def test_a_sentence_about_one_node_falls_when_that_node_is_gone(seed: int) -> None:
    graph = synthetic.graph(seed)
    for statement in description(graph, "full"):
        if len(statement.nodes) == 1:
            assert not statement.holds(without(graph, statement.nodes[0]))


@pytest.mark.parametrize("seed", SEEDS[::5])
def test_a_technique_falls_when_a_player_is_muted_or_of_another_type(seed: int) -> None:
    graph = synthetic.graph(seed)
    for found in recognised(graph):
        for cast, _ in found.castings[:3]:
            for name in cast.values():
                settings = next(n.settings for n in graph.nodes if n.name == name)
                muted = only(graph, name, settings={**settings, "mute": True})
                other = only(graph, name, type="ShaderNodeCameraData")
                for changed in (muted, other):
                    assert next(found.technique.found(View(changed), cast), None) is None, found.technique.name


def tell(graph: Graph, needle: str) -> Statement:
    return next(s for length in LENGTHS for s in description(graph, length) if needle in s.text)


NOISE = Node(
    "Noise",
    "ShaderNodeTexNoise",
    {"noise_dimensions": "3D"},
    (Socket("Scale", "Scale", "VALUE", value=5.0),),
    (Socket("Fac", "Fac", "VALUE"),),
)
BSDF = Node(
    "Bsdf",
    "ShaderNodeBsdfPrincipled",
    {},
    (Socket("Roughness", "Roughness", "VALUE", value=0.5), Socket("Metallic", "Metallic", "VALUE", value=1.0)),
    (Socket("BSDF", "BSDF", "SHADER"),),
)
IMAGE = Node("Image", "ShaderNodeTexImage", {"image": {"id": "IMAGE", "name": "rust.png"}}, (), ())
END = Node("End", "ShaderNodeOutputMaterial", {"is_active_output": True}, (Socket("Surface", "Surface", "SHADER"),), ())
ITEM = Item("INPUT NodeSocketFloat", "Angle", {"subtype": "ANGLE", "default_value": 0.7853981852531433})
RUST = Graph(
    "materials/Rust",
    "ShaderNodeTree",
    (NOISE, BSDF, END, IMAGE),
    (Link("Noise", 0, "Bsdf", 0), Link("Bsdf", 0, "End", 0)),
    (ITEM,),
)
PLAIN = {NOISE.type: NOISE, BSDF.type: BSDF}
LINEAR = replace(NOISE, inputs=(replace(NOISE.inputs[0], value=12.5),))
CHANGES = {
    "drives the roughness": (replace(RUST, links=RUST.links[1:]), replace(RUST, links=RUST.links[:1])),
    "metallic 1": (
        only(RUST, "Bsdf", inputs=(BSDF.inputs[0], replace(BSDF.inputs[1], value=0.95))),
        replace(RUST, links=(*RUST.links, Link("Noise", 0, "Bsdf", 1))),
    ),
    "has 4 nodes": (replace(RUST, nodes=RUST.nodes[1:], links=RUST.links[1:]), replace(RUST, key="worlds/Rust")),
    "takes Angle": (replace(RUST, interface=()), replace(RUST, interface=(replace(ITEM, name="Turn"),))),
    "45° unless set": (replace(RUST, interface=(replace(ITEM, settings={"subtype": "ANGLE", "default_value": 1.0}),)),),
    'image "rust.png"': (only(RUST, "Image", settings={"image": {"id": "IMAGE", "name": "dirt.png"}}),),
    "made of": (only(RUST, "Image", type="ShaderNodeTexChecker"),),
    "Material with": (replace(RUST, key="worlds/Rust"), replace(RUST, links=())),
    "Roughness from Noise Texture": (
        replace(RUST, links=RUST.links[1:]),
        only(RUST, "Noise", type="ShaderNodeTexVoronoi"),
        only(RUST, "Noise", layout={"label": "Dirt"}),
    ),
    "whole surface is": (only(RUST, "Bsdf", type="ShaderNodeBsdfGlass"), replace(RUST, links=RUST.links[:1])),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_sentence_is_false_of_a_tree_that_is_otherwise(words: str) -> None:
    statement = tell(RUST, words)
    assert statement.holds(RUST)
    for changed in CHANGES[words]:
        assert not statement.holds(changed)


def test_a_told_value_must_be_the_stored_one_and_count() -> None:
    graph = only(RUST, "Noise", inputs=LINEAR.inputs)
    statement = next(s for s in description(graph, "full", PLAIN) if s.text == "Noise Texture: Scale 12.5.")
    assert statement.holds(graph) and statement.nodes == ("Noise",)
    assert not statement.holds(RUST)
    assert not statement.holds(replace(graph, links=(*graph.links, Link("Bsdf", 0, "Noise", 0))))


def test_the_nodes_of_a_sentence_are_those_that_it_speaks_of() -> None:
    assert tell(RUST, "drives the roughness").nodes == ("Noise", "Bsdf")


def test_three_lengths_of_one_tree() -> None:
    line, paragraph, full = (text(description(RUST, length, PLAIN)) for length in LENGTHS)
    assert line == "Material with noise-driven roughness, one plain shader and metal."
    assert paragraph.startswith(
        "This material has 4 nodes. It takes Angle. A Noise Texture drives the roughness of the"
    )
    assert len(line) < len(paragraph) < len(full)
    with pytest.raises(ValueError, match="length is one of"):
        description(RUST, "long")


def feeds(graph: Graph, source: str, outputs: list[str], target: str, entry: int) -> bool:
    """Whether a value comes that way, asked without any of the room's own helpers."""
    nodes = {node.name: node for node in graph.nodes}
    todo, seen = [(target, entry)], set()
    while todo:
        place = todo.pop()
        for link in graph.links:
            giver, taker = nodes[link.source], nodes[link.target]
            dead = link.muted or not link.valid or giver.settings.get("mute") or taker.settings.get("mute")
            unused = not giver.outputs[link.output].available or not taker.inputs[link.input].available
            if (link.target, link.input) != place or dead or unused or (link, place) in seen:
                continue
            seen.add((link, place))
            if link.source == source and giver.outputs[link.output].name in (
                outputs or giver.outputs[link.output].name
            ):
                return True
            if giver.type in CARRIERS or giver.type == "NodeReroute":
                todo += [(giver.name, n) for n in range(len(giver.inputs))]
    return False


def test_what_feeds_what_agrees_with_a_second_opinion() -> None:
    simple = [(t, t.clauses[0]) for t in TECHNIQUES if len(t.clauses) == 1 and isinstance(t.clauses[0], Feeds)]
    seen: Counter[bool] = Counter()
    for graph in map(synthetic.graph, range(400)):
        view = View(graph)
        for technique, clause in simple:
            (giver, _, outputs), (taker, _, names) = clause.source.partition("."), clause.target.partition(".")
            if clause.near or technique.tree != graph.type:
                continue
            told = {(cast[giver], cast[taker]) for cast, _ in technique.castings(view)}
            for a in view.of(technique.roles[giver]):
                for b in view.of(technique.roles[taker]):
                    entries = enumerate(view.nodes[b].inputs)
                    places = [n for n, socket in entries if not names or socket.name in names.split("|")]
                    true = any(feeds(graph, a, outputs.split("|") if outputs else [], b, n) for n in places)
                    assert ((a, b) in told) == true, technique.name
                    seen[true] += 1
    assert seen[True] > 40 and seen[False] > 500
