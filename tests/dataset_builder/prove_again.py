# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a dataset proven again from their files alone: `PYTHON prove_again.py DATASET [COUNT] [SEED]` (bpy).

It shares no code with the builder and imports nothing of Voxel Trainer. Of `COUNT` rows drawn at random, each answer is
run in an empty Blender (on what the request gives, where it stands against something), and the tree under the row's
`key` is read with a digest of this file's own: types, settings, values of inputs, links, by a colouring that does not
ask for names. What must hold:

- the answer runs to its end, and makes the data-block that the row names, with no more nodes than it says;
- equal `answer` means an equal tree, different ones differ, among all rows that were drawn;
- a script that a repair gives, and a preference's worse answer, fail or make another tree.

Prints what does not hold, then one line of JSON; exit status 4 where anything does not.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KINDS = ("tree", "piece", "edit", "completion", "repair", "port", "preference")
FENCE = re.compile(r"^(`{3,})python\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
EDITOR = frozenset(
    {"rna_type", "type", "name", "label", "location", "location_absolute", "width", "height", "dimensions", "color"}
    | {"select", "hide", "parent", "inputs", "outputs", "internal_links", "use_custom_color", "show_options"}
    | {"show_preview", "show_texture", "bl_idname", "bl_label", "bl_description", "bl_icon", "bl_static_type"}
    | {"bl_width_default", "bl_width_min", "bl_width_max", "bl_height_default", "bl_height_min", "bl_height_max"}
    | {"warning_propagation", "active_preview", "is_active_output", "debug_zone_body_lazy_function_graph"}
    | {"debug_zone_lazy_function_graph", "active_index", "active_item", "paired_output", "color_tag"}
)
ROUNDS = 12


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def plain(value: Any, depth: int = 0) -> Any:
    """A property's value as JSON; data-blocks by kind and name, structs by their own properties."""
    import bpy

    if isinstance(value, float):
        return f"{value:.5g}"
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bpy.types.NodeTree):
        return [value.name, tree_digest(value)]
    if isinstance(value, bpy.types.ID):
        return [type(value).__name__, value.name]
    if isinstance(value, bpy.types.bpy_struct):
        if depth > 3:
            return None
        return {p.identifier: plain(getattr(value, p.identifier), depth + 1) for p in wanted(value)}
    if isinstance(value, set):
        return sorted(value)
    try:
        return [plain(inner, depth + 1) for inner in value]
    except TypeError:
        return None


def wanted(struct: Any) -> Iterator[Any]:
    for prop in struct.bl_rna.properties:
        if prop.identifier not in EDITOR and not (prop.is_readonly and prop.type not in ("COLLECTION", "POINTER")):
            yield prop


def tree_digest(tree: Any) -> str:
    """What a tree is, whatever its nodes are called."""
    nodes = [node for node in tree.nodes if node.bl_idname not in ("NodeFrame", "NodeReroute")]
    fed = {(link.to_node.name, link.to_socket.identifier) for link in tree.links if not link.is_muted}
    colours = {}
    for node in nodes:
        held = {prop.identifier: plain(getattr(node, prop.identifier)) for prop in wanted(node)}
        values = [
            (socket.identifier, plain(getattr(socket, "default_value", None)))
            for socket in node.inputs
            if socket.enabled and (node.name, socket.identifier) not in fed
        ]
        colours[node.name] = digest([node.bl_idname, held, values])
    wires = list(links(tree))
    for _ in range(ROUNDS):
        around: dict[str, list[Any]] = {name: [] for name in colours}
        for source, output, target, into in wires:
            around[source].append(["out", output, into, colours[target]])
            around[target].append(["in", output, into, colours[source]])
        colours = {name: digest([colours[name], sorted(around[name], key=str)]) for name in colours}
    sockets = [[item.item_type, item.name, simple(item)] for item in getattr(tree.interface, "items_tree", ())]
    return digest([tree.bl_idname, sorted(colours.values()), sockets, simple(tree)])


def simple(struct: Any) -> dict[str, Any]:
    """The values of a struct's properties that lead nowhere else."""
    kinds = ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM")
    return {p.identifier: plain(getattr(struct, p.identifier)) for p in wanted(struct) if p.type in kinds}


def links(tree: Any) -> Iterator[tuple[str, str, str, str]]:
    """Links by the names of nodes and sockets, through reroutes."""
    into = {link.to_node.name: link for link in tree.links if link.to_node.bl_idname == "NodeReroute"}
    for link in tree.links:
        source, target = link, link.to_node
        if link.is_muted or target.bl_idname == "NodeReroute":
            continue
        while source is not None and source.from_node.bl_idname == "NodeReroute":
            source = into.get(source.from_node.name)
        if source is not None:
            yield source.from_node.name, source.from_socket.identifier, target.name, link.to_socket.identifier


def tree_of(key: str) -> Any:
    """The tree of the data-block that a key like `materials/Rust` names; None where there is none."""
    import bpy

    collection, _, name = key.partition("/")
    block = getattr(bpy.data, collection).get(name)
    if block is None or isinstance(block, bpy.types.NodeTree):
        return block
    return getattr(block, "compositing_node_group", None) or getattr(block, "node_tree", None)


def made(key: str, *scripts: str) -> tuple[str, int]:
    """Digest and number of nodes of what scripts make, one after the other, in an empty Blender. Raises whatever they
    raise, and LookupError where there is no such tree."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    for script in scripts:
        exec(compile(script, "<answer>", "exec"), {"__name__": "__main__"})
    tree = tree_of(key)
    if tree is None:
        raise LookupError(f"there is no {key}")
    return tree_digest(tree), len(tree.nodes)


def drawn(folder: Path, count: int, seed: int) -> list[dict[str, Any]]:
    names = sorted(path for side in ("train", "val", "test") for path in folder.glob(f"{side}*.jsonl"))
    lines = (line for path in names for line in path.read_text(encoding="utf-8").split("\n") if line)
    rows = [row for row in map(json.loads, lines) if row["kind"] in KINDS and row["form"] == "code"]
    return random.Random(seed).sample(rows, min(count, len(rows)))


def main(folder: Path, count: int = 200, seed: int = 0) -> int:
    wrong, of_answer, answer_of = [], dict[str, str](), dict[str, str]()
    kinds: dict[str, int] = {}
    rows = drawn(folder, count, seed)
    for row in rows:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
        given = [match[1] for match in FENCE.findall(row["prompt"])]
        before = given[-1:] if row["kind"] in ("edit", "completion") else []
        try:
            found, nodes = made(row["key"], *before, row["completion"])
        except Exception as error:  # whatever a script raises is what is asked for
            wrong.append(f"{row['id'][:12]} {row['kind']}: {type(error).__name__}: {error}")
            continue
        if not 0 < nodes <= row["nodes"]:  # frames are counted there and not made
            wrong.append(f"{row['id'][:12]} {row['kind']}: {nodes} nodes, not {row['nodes']}")
        if of_answer.setdefault(row["answer"], found) != found:
            wrong.append(f"{row['id'][:12]} {row['kind']}: another tree than an equal answer made")
        if answer_of.setdefault(found, row["answer"]) != row["answer"]:
            wrong.append(f"{row['id'][:12]} {row['kind']}: the same tree as a different answer made")
        worse = given[-1:] if row["kind"] == "repair" else [row["rejected"]["completion"]] if "rejected" in row else []
        for script in worse:
            try:
                if made(row["key"], script)[0] == found:
                    wrong.append(f"{row['id'][:12]} {row['kind']}: the worse script makes the same tree")
            except Exception:
                continue
    for line in wrong:
        print(line)
    print(json.dumps({"rows": len(rows), "kinds": kinds, "distinct": len(of_answer), "wrong": len(wrong)}))
    return 4 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
