# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees that hold one node type in all its settings, for every type that Blender lets into a tree of that kind.

`python -m tests.graph.every_node [KIND …]` (or as a script of Blender) proves them all and prints the matrix.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import os
import re
import sys
import tempfile
import time
import traceback
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import bpy

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.graph import rna_dump
from voxel_trainer_addon.graph.blender import items
from voxel_trainer_addon.graph.blender.read import read_graphs, tree_of
from voxel_trainer_addon.graph.model import closure
from voxel_trainer_addon.worker.inside import empty, prove

KINDS = {
    "shader": "ShaderNodeTree",
    "geometry": "GeometryNodeTree",
    "compositor": "CompositorNodeTree",
    "texture": "TextureNodeTree",
}
REFUSES = (TypeError, ValueError, AttributeError, RuntimeError, OverflowError)
"""What Blender raises where a value, an item or a node cannot be."""
COMBINATIONS = 6
OTHERS = (bpy.types.ID, bpy.types.Node, bpy.types.NodeSocket, bpy.types.NodeLink)
"""What a node only points to."""
BASES = {
    bpy.types.Node: frozenset(bpy.types.Node.bl_rna.properties.keys()),
    bpy.types.ID: frozenset(bpy.types.ID.bl_rna.properties.keys()),
    bpy.types.NodeTreeInterfaceItem: frozenset(
        ("item_type", "index", "position", "parent", "in_out", "socket_type", "interface_items", "select")
    ),
}
"""Classes whose own properties are no settings: names, places in a list, looks."""
NOT_SETTINGS = re.compile(
    "^(bl_|active_)|^(rna_type|name|inputs|outputs|enum_definition|textbox_state|is_active_.*|white_balance_whitepoint)$"
)
"""A white point is temperature and tint in other words: one by chance lies outside of what these can be set to."""

Path_ = tuple[str | int, ...]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Blender tells the terminal of each refused node; nobody needs to read that."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for number in (*kept, nothing):
            os.close(number)


# Trees and node types


def new_tree(kind: str, name: str) -> tuple[str, Any]:
    """(key, tree). Before 5.0 some compositor nodes want a scene's own tree."""
    if kind == "compositor" and bpy.app.version < (5, 0):
        scene = bpy.data.scenes.new(name)
        scene.use_nodes = True
        scene.node_tree.nodes.clear()
        return f"scenes/{name}", scene.node_tree
    return f"node_groups/{name}", bpy.data.node_groups.new(name, KINDS[kind])


def node_types(kind: str) -> list[str]:
    """Every registered node class that a tree of this kind takes, but for those that crash this Blender."""
    empty()
    nodes = new_tree(kind, "Try")[1].nodes
    found = []
    with quiet():
        for name in dir(bpy.types):
            known = getattr(bpy.types, name)
            if isinstance(known, type) and issubclass(known, bpy.types.Node) and name not in items.DEADLY:
                with contextlib.suppress(RuntimeError):
                    nodes.new(name)
                    found.append(name)
    return found


# Data that nodes refer to


def _picture() -> str:
    image = bpy.data.images.new("Drawn", 2, 2)
    image.filepath_raw = str(Path(tempfile.gettempdir()) / f"every_node_{os.getpid()}.png")
    image.save()
    path = image.filepath_raw
    bpy.data.images.remove(image)
    return path


def _noise() -> str:
    path = Path(tempfile.gettempdir()) / f"every_node_{os.getpid()}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(80))
    return str(path)


def _loaded(collection: Any, path: str, name: str) -> Any:
    block = collection.load(path)
    block.name = name
    Path(path).unlink()
    return block


def a_group(kind: str, name: str = "Below") -> Any:
    """A node group with a socket of each type that such groups take."""
    tree = bpy.data.node_groups.new(name, KINDS[kind])
    for n, idname in enumerate(socket_types(tree)):
        tree.interface.new_socket(f"In {n}", in_out="INPUT", socket_type=idname)
        tree.interface.new_socket(f"Out {n}", in_out="OUTPUT", socket_type=idname)
    return tree


def socket_types(tree: Any) -> list[str]:
    """Every type that `new_socket` takes in this tree."""
    found = []
    interface = bpy.data.node_groups.new("Sockets", tree.bl_idname).interface
    for name in dir(bpy.types):
        if name.startswith("NodeTreeInterfaceSocket") and name != "NodeTreeInterfaceSocket":
            with contextlib.suppress(*REFUSES):
                idname = name.replace("NodeTreeInterfaceSocket", "NodeSocket")
                item = interface.new_socket("Try", in_out="INPUT", socket_type=idname)
                if item is not None and item.socket_type == idname:
                    found.append(idname)
    bpy.data.node_groups.remove(interface.id_data)
    return found


BLOCKS: dict[str, Callable[[str], Any]] = {
    "Object": lambda name: bpy.data.objects.new(name, None),
    "Collection": lambda name: bpy.data.collections.new(name),
    "Image": lambda name: bpy.data.images.new(name, 1, 1),
    "Material": lambda name: bpy.data.materials.new(name),
    "Texture": lambda name: bpy.data.textures.new(name, "NONE"),
    "Text": lambda name: bpy.data.texts.new(name),
    "Mask": lambda name: bpy.data.masks.new(name),
    "Scene": lambda name: bpy.data.scenes.new(name),
    "World": lambda name: bpy.data.worlds.new(name),
    "VectorFont": lambda name: bpy.data.fonts.load("<builtin>"),
    "MovieClip": lambda name: _loaded(bpy.data.movieclips, _picture(), name),
    "Sound": lambda name: _loaded(bpy.data.sounds, _noise(), name),
}
"""RNA type of a pointer → how a data-block of it is made."""


# Changing settings


def settings(thing: Any) -> list[Any]:
    """The RNA properties of a node or of a struct below it that say what it does."""
    base = next((names for kind, names in BASES.items() if isinstance(thing, kind)), frozenset())
    return [p for p in thing.bl_rna.properties if p.identifier not in base and not NOT_SETTINGS.match(p.identifier)]


def choices(thing: Any, name: str) -> list[str]:
    """The items that an enum offers in the state that it is in: Blender lists them when a wrong one is assigned."""
    try:
        setattr(thing, name, "\0")
    except TypeError as error:
        listed = re.search(r"not found in \((.*)\)", str(error), re.DOTALL)
        return list(ast.literal_eval(f"[{listed[1]}]")) if listed else []
    except AttributeError:
        return []
    return []


def reach(thing: Any, path: Path_) -> Any:
    for step in path:
        thing = thing[step] if isinstance(step, int) else getattr(thing, step)
    return thing


def places(thing: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """(path, property) of every setting, those of structs, items and input sockets below too."""
    for p in settings(thing):
        below = getattr(thing, p.identifier)
        here = (*path, p.identifier)
        if p.type == "POINTER":
            if below is not None and p.is_readonly and not isinstance(below, OTHERS):
                yield from places(below, here)
            elif not p.is_readonly:
                yield here, p
        elif p.type == "COLLECTION":
            for n, item in enumerate(below):
                if not isinstance(item, OTHERS):
                    yield from places(item, (*here, n))
        elif not p.is_readonly:
            yield here, p
    if isinstance(thing, bpy.types.Node):
        for n, socket in enumerate(thing.inputs):
            p = socket.bl_rna.properties.get("default_value")
            if p is not None:
                yield ("inputs", n, "default_value"), p
        if thing.type in ("VALUE", "RGB", "NORMAL"):
            yield ("outputs", 0, "default_value"), thing.outputs[0].bl_rna.properties["default_value"]


class Changer:
    """Changes settings of nodes, always the same way for the same seed."""

    def __init__(self, seed: str, kind: str) -> None:
        self.random = Random(seed)
        self.kind = kind
        self.blocks: dict[str, Any] = {}

    def block(self, rna: str) -> Any:
        """A data-block of an RNA type, made when first asked for; None where we know of no way."""
        if rna not in self.blocks:
            made = a_group(self.kind) if rna == "NodeTree" else None
            self.blocks[rna] = BLOCKS[rna](f"My {rna}") if rna in BLOCKS else made
        return self.blocks[rna]

    def number(self, p: Any) -> float | int:
        low, high = max(p.soft_min, p.hard_min), min(p.soft_max, p.hard_max)
        if p.type == "INT":
            low, high = max(low, -100), min(high, max(low, -100) + 200)
            return self.random.randint(low, high)
        low, high = (max(low, -10.0), min(high, max(low, -10.0) + 20.0)) if low < high else (0.0, 1.0)
        return self.random.uniform(low, high)

    def value(self, thing: Any, p: Any) -> Any:
        """A value that the property may have; None where there is nothing to choose."""
        now = getattr(thing, p.identifier)
        if p.type in ("INT", "FLOAT"):
            return self.spread(now, lambda: self.number(p))
        if p.type == "BOOLEAN":
            return self.spread(now, lambda: self.random.random() < 0.5)
        if p.type == "STRING":
            return f'Größe "{self.random.randint(1, 99)}"'
        if p.type == "ENUM" and p.is_enum_flag:
            items = [item.identifier for item in p.enum_items]
            return set(self.random.sample(items, self.random.randint(0, len(items))))
        if p.type == "ENUM":
            items = choices(thing, p.identifier)
            return self.random.choice(items) if items else None
        return self.block(p.fixed_type.identifier)

    def spread(self, now: Any, one: Callable[[], Any]) -> Any:
        if hasattr(now, "__len__"):
            return [self.spread(x, one) for x in now]
        return one()

    def change(self, node: Any, path: Path_, p: Any) -> None:
        with contextlib.suppress(*REFUSES, IndexError):
            thing = reach(node, path[:-1])
            value = self.value(thing, p)
            if value is not None:
                setattr(thing, p.identifier, value)

    def grow(self, thing: Any, every: bool) -> None:
        """Add items to every collection below: one of each type (or two), each with a name of its own."""
        for p in settings(thing):
            below = getattr(thing, p.identifier)
            if p.type == "POINTER" and p.is_readonly and below is not None:
                if not isinstance(below, OTHERS):
                    self.grow(below, every)
            elif p.type == "COLLECTION":
                for item in list(below):
                    if not isinstance(item, OTHERS):
                        self.grow(item, every)
                new = p.srna and p.srna.functions.get("new")
                if new:
                    self.add_items(below, [q for q in new.parameters if not q.is_output], every)
        if isinstance(thing, bpy.types.CurveMapping):
            thing.update()

    def add_items(self, collection: Any, parameters: list[Any], every: bool) -> None:
        kinds: list[str] = []
        for q in parameters:
            if q.type == "ENUM":
                kinds = [item.identifier for item in q.enum_items]
        if kinds and not every:
            kinds = self.random.sample(kinds, min(3, len(kinds)))
        for n, kind in enumerate(kinds or ["", ""]):
            given = {"ENUM": kind, "STRING": f"Item {n}", "FLOAT": self.random.random(), "INT": n}
            with contextlib.suppress(*REFUSES):
                item = collection.new(*(given[q.type] for q in parameters))
                if hasattr(item, "auto_remove"):
                    item.auto_remove = False

    def fill(self, node: Any, every: bool = False) -> None:
        """Items into collections, then a new value for all that is neither enum nor switch."""
        self.grow(node, every)
        for path, p in list(places(node)):
            if p.type not in ("ENUM", "BOOLEAN") or (path[0] == "inputs" and p.type == "BOOLEAN"):
                self.change(node, path, p)
        self.settle(node)

    def turn(self, node: Any, but: tuple[str, ...] = ()) -> None:
        """Enums and switches by chance, twice, as one opens another; `but` names some to leave alone.

        What one takes the value from gets another: an enum that reads as "" has a number that stands for nothing any
        more, which no script can give it.
        """
        for _ in range(2):
            found = [(path, p) for path, p in places(node) if p.type in ("ENUM", "BOOLEAN") and path[-1] not in but]
            self.random.shuffle(found)
            for path, p in found:
                self.change(node, path, p)
        for path, p in found:
            with contextlib.suppress(AttributeError, IndexError):  # a struct that is not there any more
                if p.type == "ENUM" and getattr(reach(node, path[:-1]), p.identifier) == "":
                    self.change(node, path, p)
        self.settle(node)

    def settle(self, thing: Any) -> None:
        """Let every curve mapping sort its points, as every hand that changes one does."""
        for p in settings(thing):
            if p.type == "COLLECTION" or (p.type == "POINTER" and p.is_readonly):
                below = getattr(thing, p.identifier)
                for item in below if p.type == "COLLECTION" else [below]:
                    if isinstance(item, bpy.types.CurveMapping):
                        item.update()
                    elif item is not None and not isinstance(item, OTHERS):
                        self.settle(item)


# One node type in all its settings


def every_setting(tree: Any, kind: str, idname: str) -> None:
    """Fill a tree with nodes of one type, each named after what is special about it."""
    changer = Changer(f"{kind} {idname}", kind)
    types: list[str] = []

    def node(words: str) -> Any:
        made = tree.nodes.new(idname)
        made.name = words[:60]
        if hasattr(made, "node_tree"):
            made.node_tree = changer.block("NodeTree")
        if hasattr(made, "pair_with_output"):
            pair(tree, made, types, changer)
        return made

    if idname in ("NodeGroupInput", "NodeGroupOutput") and not tree.is_embedded_data:
        for n, socket in enumerate(socket_types(tree)):
            for in_out in ("INPUT", "OUTPUT"):
                tree.interface.new_socket(f"Socket {n}", in_out=in_out, socket_type=socket)
    fresh = node("as new")
    found = list(places(fresh))
    changer.fill(node("filled"), every=True)
    node("muted").mute = True
    for path, p in found:
        where = ".".join(map(str, path))
        if p.type == "ENUM" and not p.is_enum_flag:
            for item in choices(reach(fresh, path[:-1]), p.identifier):
                made = node(f"{where} = {item}")
                with contextlib.suppress(*REFUSES):
                    setattr(reach(made, path[:-1]), p.identifier, item)
                changer.fill(made)
        elif p.type in ("ENUM", "BOOLEAN") and path[0] != "inputs":
            changer.change(node(f"{where} by chance"), path, p)
            if p.type == "BOOLEAN" and not p.is_array:
                made = node(f"{where} turned")
                thing = reach(made, path[:-1])
                with contextlib.suppress(*REFUSES):
                    setattr(thing, p.identifier, not getattr(thing, p.identifier))
                changer.fill(made)
    for n in range(COMBINATIONS):
        made = node(f"combination {n}")
        changer.turn(made)
        changer.fill(made)
        if n % 2:
            changer.turn(made)


def pair(tree: Any, start: Any, known: list[str], changer: Changer) -> None:
    """Give the first node of a zone its last one: of the first type that it takes."""
    for name in known or [name for name in dir(bpy.types) if name.endswith("Output")]:
        with contextlib.suppress(*REFUSES), quiet():
            end = tree.nodes.new(name)
            if start.pair_with_output(end):
                known[:] = [name]
                changer.fill(end)
                return
            tree.nodes.remove(end)


# There and back


@dataclass(frozen=True)
class Failure:
    """Where a tree did not come back: its node type (or name), the form, and the first difference."""

    what: str
    form: str
    words: str


def failures(what: str, key: str, forms: tuple[bool, ...] = (False, True)) -> list[Failure]:
    """Prove the tree `key` of the open file in each form (with layout or not) and compare what RNA shows.

    Leaves Blender empty.
    """
    graphs = read_graphs(bpy.data)[0]
    keys = [graph.key for graph in closure(graphs[key], graphs)]
    wanted = {form: {k: rna_dump.dump(tree_of(bpy.data, k), form) for k in keys} for form in forms}
    body = json.dumps({"graphs": {k: graphs[k].as_json() for k in keys}, "roots": [key]})
    out = []
    for layout in forms:
        form = "layout" if layout else "plain"
        answer = prove.run({**json.loads(body), "layout": layout}, Path())["scripts"][key]
        if not answer["proven"]:
            out.append(Failure(what, form, answer["reason"]))
        if not answer["code"]:
            continue
        empty()
        try:
            exec(compile(answer["code"], what, "exec"), {"__name__": "__main__"})
            made = {k: rna_dump.dump(tree_of(bpy.data, k), layout) for k in keys}
        except Exception as error:
            out.append(Failure(what, form, f"the code raises {type(error).__name__}: {error}"))
            continue
        for k in keys:
            seen = itertools.islice(rna_dump.differing(wanted[layout][k], made[k]), 5)
            out += [Failure(what, form, f"RNA of {k}: {words}") for words in seen]
    empty()
    return out


def prove_type(kind: str, idname: str) -> list[Failure]:
    """The failures of one node type in all its settings."""
    empty()
    try:
        with quiet():
            key, tree = new_tree(kind, idname)
            every_setting(tree, kind, idname)
            return failures(idname, key)
    except Exception:
        return [Failure(idname, "test", traceback.format_exc(limit=-3))]


def main(kinds: list[str]) -> int:
    """Print the matrix of this Blender."""
    version, wrong = ".".join(map(str, bpy.app.version)), 0
    for kind in kinds or KINDS:
        started = time.monotonic()
        types = node_types(kind)
        bad = 0
        for name in types:
            found = prove_type(kind, name)
            bad += bool(found)
            for failure in found:
                print(f"  {kind} {failure.what} {failure.form}: {failure.words}", flush=True)
        wrong += bad
        minutes = (time.monotonic() - started) / 60
        print(f"{version} {kind}: {len(types) - bad} / {len(types)} exact, {minutes:.1f} minutes", flush=True)
    return wrong


if __name__ == "__main__":
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    status = main(words)
    sys.stdout.flush()
    os._exit(min(status, 1))
