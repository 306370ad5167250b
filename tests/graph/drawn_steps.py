# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies: blocks of steps of every kind that a builder records, drawn without Blender."""

from __future__ import annotations

from hypothesis import strategies as st

from voxel_trainer_addon.graph.model import Graph, Item, Node, pointed
from voxel_trainer_addon.graph.steps import DATA, OWN_TREE, TREE, At, Call, Fetch, PathOf, Place, Put, Set, Step, Waste
from voxel_trainer_addon.graph.steps import data as data_block
from voxel_trainer_addon.graph.write import Block

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31), st.floats(allow_nan=False, allow_infinity=False), st.just({"float": "-inf"})
)
REFERENCES = st.builds(lambda kind, name: {"id": kind, "name": name}, st.sampled_from(["IMAGE", "OBJECT"]), TEXT)
VALUES = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXT, st.lists(NUMBERS, max_size=4), REFERENCES, st.just({"set": ["A", "B"]})
)
POINTED = st.one_of(st.integers(-(2**31), 2**31), st.floats().map(pointed))
CUSTOM = st.recursive(
    st.one_of(st.booleans(), POINTED, TEXT, st.lists(POINTED, max_size=4), REFERENCES, st.just({"bytes": "00ff"})),
    lambda inner: st.dictionaries(TEXT, inner, max_size=2).map(lambda held: {"group": held}),
    max_leaves=4,
)
KINDS = ["ShaderNodeMath", "ShaderNodeTexNoise", "ShaderNodeValue", "ShaderNodeMix", "NodeFrame"]
ACTION = {"id": "ACTION", "name": "Dance"}


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    """A group, and a material that uses it."""
    name = draw(TEXT)
    group = draw(tree_steps(f"node_groups/{name}", ()))
    return [group, draw(tree_steps(f"materials/{draw(TEXT)}", (name,)))]


@st.composite
def tree_steps(draw: st.DrawFn, key: str, groups: tuple[str, ...]) -> Block:
    collection, name = key.split("/", 1)
    steps: list[Step] = []
    items: list[Item] = []
    if collection == "node_groups":
        steps.append(Call(DATA / "node_groups", "new", (name, "ShaderNodeTree"), result=TREE.base))
        steps += draw(interface(items))
    else:
        steps.append(Fetch(TREE.base, data_block("MATERIAL", name) / "node_tree"))
        steps.append(Call(TREE / "nodes", "clear"))
    nodes = [Node(f"n{n}", kind) for n, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=6)))]
    nodes += [
        Node(f"g{n}", "ShaderNodeGroup", {"node_tree": {"id": "NODETREE", "name": used}})
        for n, used in enumerate(groups)
    ]
    for n, node in enumerate(nodes):
        place = Place(f"node/{node.name}")
        steps.append(Call(TREE / "nodes", "new", (node.type,), result=place.base))
        steps += [Set(place, setting, value) for setting, value in node.settings.items()]
        steps += draw(settings_of(place))
        steps += draw(links_into(place, nodes[:n]))
    for node in nodes:
        steps += draw(looks(Place(f"node/{node.name}"), nodes))
    steps += [Put(TREE, draw(TEXT), draw(CUSTOM)) for _ in range(draw(st.integers(0, 1)))]
    if nodes:
        steps += draw(movement(nodes))
    return Block(Graph(key, "ShaderNodeTree", tuple(nodes), interface=tuple(items)), tuple(steps))


@st.composite
def interface(draw: st.DrawFn, items: list[Item]) -> list[Step]:
    """Sockets and panels; some are skipped, moved, or put below a panel."""
    steps: list[Step] = []
    panels: list[Place] = []
    for n in range(draw(st.integers(0, 4))):
        item = Place(f"item/{n}")
        if draw(st.booleans()):
            named = {"socket_type": "NodeSocketFloat"}
            steps.append(Waste(TREE / "interface", "new_socket", ("unused",), named, draw(st.integers(1, 3))))
        if draw(st.booleans()):
            items.append(Item("PANEL", draw(TEXT)))
            steps.append(Call(TREE / "interface", "new_panel", (items[-1].name,), result=item.base))
            if panels:
                steps.append(Call(TREE / "interface", "move_to_parent", (item, panels[0], draw(st.integers(0, 9)))))
            panels.append(item)
            continue
        items.append(Item("INPUT NodeSocketFloat", draw(TEXT)))
        named = {"in_out": "INPUT", "socket_type": "NodeSocketFloat", **({"parent": panels[-1]} if panels else {})}
        steps.append(Call(TREE / "interface", "new_socket", (items[-1].name,), named, item.base))
        if draw(st.booleans()):
            steps.append(Set(item, "default_value", draw(VALUES)))
        steps += [Put(item, draw(TEXT), draw(CUSTOM)) for _ in range(draw(st.integers(0, 1)))]
    if items and draw(st.booleans()):
        steps.append(Call(TREE / "interface", "move", (Place(f"item/{len(items) - 1}"), 0)))
    return steps


@st.composite
def settings_of(draw: st.DrawFn, place: Place) -> list[Step]:
    steps: list[Step] = []
    for setting in draw(st.lists(st.sampled_from(["operation", "use_clamp"]), unique=True)):
        steps.append(Set(place, setting, draw(VALUES)))
    if draw(st.booleans()):
        steps.append(Call(place / "color_ramp" / "elements", "new", (draw(NUMBERS),)))
        steps.append(Set(place / "color_ramp" / "elements" / At(1), "color", draw(VALUES)))
    if draw(st.booleans()):
        held = place / "repeat_items"
        steps.append(Call(held, "remove", (held / At(0),)))
        steps += [Waste(held, "new", ("FLOAT", "a"), {}, draw(st.integers(1, 3))) for _ in range(draw(st.booleans()))]
        steps += [Call(held, "new", ("FLOAT", draw(TEXT))) for _ in range(draw(st.integers(0, 3)))]
        steps += [Call(held, "move", (1, 0)) for _ in range(draw(st.booleans()))]
        steps += [Call(place / "other_items", "new", ("INT", draw(TEXT))) for _ in range(draw(st.booleans()))]
        steps.append(Set(held / At(0), "name", draw(TEXT)))
    return steps


@st.composite
def links_into(draw: st.DrawFn, place: Place, before: list[Node]) -> list[Step]:
    """Links from nodes that were made before, and a value."""
    steps: list[Step] = []
    key = st.one_of(st.integers(0, 3), TEXT).map(At)
    for _ in range(draw(st.integers(0, 2)) if before else 0):
        source = Place(f"node/{before[draw(st.integers(0, len(before) - 1))].name}")
        ends = (source / "outputs" / draw(key), place / "inputs" / draw(key))
        muted = draw(st.booleans())
        steps.append(Call(TREE / "links", "new", ends, result="link" if muted else ""))
        if muted:
            steps.append(Set(Place("link"), "is_muted", True))
    if draw(st.booleans()):
        steps.append(Set(place / "inputs" / At(draw(TEXT)), "default_value", draw(VALUES)))
    return steps


@st.composite
def looks(draw: st.DrawFn, place: Place, nodes: list[Node]) -> list[Step]:
    frames = [node for node in nodes if node.type == "NodeFrame"]
    steps: list[Step] = [Set(place, "parent", Place(f"node/{frames[0].name}"))] if frames else []
    told = {"label": TEXT, "location": st.tuples(NUMBERS, NUMBERS), "hide": st.booleans(), "name": TEXT}
    for name in draw(st.lists(st.sampled_from(sorted(told)), unique=True)):
        steps.append(Set(place, name, draw(told[name])))
    if draw(st.booleans()):
        steps.append(Set(place / "panel_states" / At(draw(st.integers(0, 2))), "is_collapsed", draw(st.booleans())))
        steps.append(Set(place / "inputs" / At(draw(TEXT)), "hide", True))
        steps.append(Put(place, draw(TEXT), draw(CUSTOM)))
        steps.append(Put(place / "outputs" / At(draw(TEXT)), draw(TEXT), draw(CUSTOM)))
    return steps


@st.composite
def movement(draw: st.DrawFn, nodes: list[Node]) -> list[Step]:
    """Drivers of a property, of an odd path and of the tree itself, and keyframes."""
    steps: list[Step] = []
    node = Place(f"node/{draw(st.sampled_from(nodes)).name}")
    socket = node / "inputs" / At(draw(st.one_of(st.integers(0, 3), TEXT)))
    held, curve, driver = Place("animation"), Place("curve"), Place("driver")
    starts: list[Step] = [
        Call(socket, "driver_add", ("default_value", draw(st.integers(0, 3))), result="curve"),
        Call(TREE, "driver_add", ('["own"]',), result="curve"),
        Call(held / "drivers", "new", (PathOf(node, "", ".nothing"),), {"index": 1}, "curve"),
        Call(held / "drivers", "new", ('nodes["Gone"].value',), result="curve"),
    ]
    steps.append(Call(TREE, "animation_data_create", result="animation"))
    for start in draw(st.lists(st.sampled_from(starts), max_size=3)):
        steps += [start, Fetch("driver", curve / "driver"), Set(driver, "expression", draw(TEXT))]
        for _ in range(draw(st.integers(0, 2))):
            steps.append(Call(driver / "variables", "new", result="variable"))
            steps.append(Set(Place("variable"), "name", draw(TEXT)))
            steps.append(Fetch("target", Place("variable") / "targets" / At(0)))
            steps.append(Set(Place("target"), "id", draw(st.one_of(st.just(OWN_TREE), REFERENCES))))
            steps.append(Set(Place("target"), "data_path", draw(TEXT)))
    if draw(st.booleans()):
        steps.append(Set(held, "action", ACTION))
        path = PathOf(socket, "default_value")
        steps.append(Call(data_block("ACTION", "Dance"), "fcurve_ensure_for_datablock", (TREE, path), {}, "curve"))
        steps.append(Call(curve / "keyframe_points", "insert", (draw(NUMBERS), draw(NUMBERS))))
        steps.append(Set(curve / "keyframe_points" / At(0), "interpolation", "LINEAR"))
        steps.append(Call(curve / "modifiers", "new", ("NOISE",), result="modifier"))
        steps.append(Set(Place("modifier"), "strength", draw(NUMBERS)))
    return steps
