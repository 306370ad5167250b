# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names of a script stand for while it is read, and what its calls come to: steps, never deeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .model import Graph, Item, Node, Value, pointed
from .steps import (
    BUILTIN_FONT,
    DATA,
    FILE,
    KINDS,
    LOADED,
    OWN_TREE,
    OWNERS,
    TREE,
    At,
    Call,
    Fetch,
    Join,
    PathOf,
    Place,
    Put,
    Set,
    Step,
    Waste,
    data,
)
from .write import Block

TREE_TYPES = {"textures": "TextureNodeTree", "scenes": "CompositorNodeTree"}
"""Collection of `bpy.data` → type of the tree that its data-blocks own; all others own shaders."""
ID_TYPES = {how.collection: kind for kind, how in KINDS.items()}
SIDES = ("inputs", "outputs")


class NotOurs(ValueError):
    """Something that no script of ours does; the sentence says what."""


@dataclass
class DataBlock:
    """A stand-in; those that come from a file get their name after they were made."""

    kind: str
    name: str
    opened: bool = False


@dataclass
class Tree:
    """A tree that the code makes, with all that is done to it. `made` counts what has a passing name, by that name."""

    key: str
    type: str
    steps: list[Step] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)

    def block(self) -> Block:
        graph = Graph(self.key, self.type, tuple(self.nodes.values()), interface=tuple(self.items.values()))
        return Block(graph, tuple(self.steps), tuple(self.lines))


@dataclass(frozen=True)
class Thing:
    """Something on Blender's side: a way from a tree, from one of its nodes or items, or from a data-block. `turn`
    tells which of several it is, where all are called alike one after the other (links, curves)."""

    owner: Tree | DataBlock | None
    place: Place
    turn: int = 0

    def __truediv__(self, step: str | At) -> Thing:
        return replace(self, place=self.place / step)


@dataclass(frozen=True)
class Method:
    """A bound method, as in `link = tree.links.new`."""

    thing: Thing
    name: str


@dataclass(frozen=True)
class Way:
    """The data path of a property of a thing (of the thing itself where that is empty), and text after it."""

    thing: Thing
    name: str
    text: str = ""


@dataclass(frozen=True)
class Takes:
    """How many arguments a method takes, and which by name."""

    least: int
    most: int
    named: frozenset[str] = frozenset()


METHODS: Mapping[str, Takes] = {
    "add": Takes(1, 1),
    "animation_data_create": Takes(0, 0),
    "clear": Takes(0, 0),
    "driver_add": Takes(1, 2),
    "fcurve_ensure_for_datablock": Takes(2, 2, frozenset({"index"})),
    "foreach_set": Takes(2, 2),
    "from_socket": Takes(2, 2),
    "insert": Takes(2, 2),
    "load": Takes(1, 1),
    "move": Takes(2, 2),
    "move_to_parent": Takes(3, 3),
    "new": Takes(0, 4, frozenset({"index"})),
    "new_panel": Takes(1, 1, frozenset({"default_closed", "description"})),
    "new_socket": Takes(1, 1, frozenset({"description", "in_out", "parent", "socket_type"})),
    "open": Takes(0, 0, frozenset({"filepath"})),
    "pair_with_output": Takes(1, 1),
    "path_from_id": Takes(0, 1),
    "remove": Takes(1, 1),
    "system_resource": Takes(1, 1, frozenset({"path"})),
    "update": Takes(0, 0),
}
PASSING: Mapping[Place, str] = {
    Place("animation", ("drivers",)): "curve",
    Place("curve", ("driver", "variables")): "variable",
    Place("curve", ("modifiers",)): "modifier",
}
"""Collections of what moves a tree → what a new item is called until the next."""
IN_NODES = frozenset({"new", "clear", "remove", "move", "update"})
IN_CURVES = frozenset({"new", "clear", "remove", "insert", "add"})


class Script:
    """The trees that a script has made so far. `line` is the one being read."""

    def __init__(self) -> None:
        self.trees: list[Tree] = []
        self.line = 0
        self.acting: dict[str, Tree] = {}

    def add(self, tree: Tree, step: Step) -> None:
        tree.steps.append(step)
        tree.lines.append(self.line)

    # What is there

    def attribute(self, thing: Any, name: str) -> Any:
        if not isinstance(thing, Thing) or name.startswith("_"):
            raise NotOurs(f"“{name}” of something that is not Blender's")
        if name in METHODS:
            return Method(thing, name)
        if isinstance(thing.owner, DataBlock) and name == "node_tree" and not thing.place.path:
            return self.owned_tree(thing.owner)
        if thing.place == Place("bpy"):
            return Thing(None, Place(f"bpy.{name}"))
        return thing / name

    def item(self, thing: Any, key: Any) -> Thing:
        if not isinstance(thing, Thing) or isinstance(key, bool) or not isinstance(key, str | int):
            raise NotOurs("an item of something that is not Blender's")
        if thing.place.base == DATA.base and len(thing.place.path) == 1:
            return self.data_block(str(thing.place.path[0]), _text(key))
        return thing / At(key)

    def data_block(self, collection: str, name: str) -> Thing:
        if collection not in ID_TYPES:
            raise NotOurs(f"bpy.data.{collection} holds nothing that a tree needs")
        if collection == "node_groups":
            for tree in self.trees:
                if tree.key == f"node_groups/{name}":
                    return Thing(tree, TREE)
        kind = ID_TYPES[collection]
        return Thing(DataBlock(kind, name), data(kind, name))

    def owned_tree(self, owner: DataBlock) -> Thing:
        """The tree in a material, a world …; the first look at it is where its making begins."""
        collection = KINDS[owner.kind].collection
        if collection not in OWNERS:
            raise NotOurs(f"a data-block of bpy.data.{collection} has no tree")
        tree = self.tree_of(owner)
        if tree is None:
            tree = Tree(f"{collection}/{owner.name}", TREE_TYPES.get(collection, "ShaderNodeTree"))
            place = data(owner.kind, owner.name)
            if owner.opened:
                self.add(tree, Set(place, "use_nodes", True))
            self.add(tree, Fetch(TREE.base, place / "node_tree"))
            self.trees.append(tree)
        return Thing(tree, TREE)

    def tree_of(self, owner: DataBlock) -> Tree | None:
        key = f"{KINDS[owner.kind].collection}/{owner.name}"
        return next((tree for tree in self.trees if tree.key == key), None)

    def plain(self, value: Any, tree: Tree) -> Value:
        """A value as a step of that tree holds it."""
        if isinstance(value, tuple):
            return tuple(self.plain(x, tree) for x in value)
        if isinstance(value, dict) and "group" in value:
            return {"group": {key: self.plain(x, tree) for key, x in value["group"].items()}}
        if isinstance(value, Way):
            return PathOf(self.place(value.thing, tree), value.name, value.text)
        if isinstance(value, Thing):
            if isinstance(value.owner, DataBlock) and not value.place.path:
                return {"id": value.owner.kind, "name": value.owner.name}
            if isinstance(value.owner, Tree) and value.place == TREE:
                own = value.owner is tree
                return OWN_TREE if own else {"id": "NODETREE", "name": value.owner.key.split("/", 1)[1]}
            return self.place(value, tree)
        if value is None or isinstance(value, str | int | float | dict | Join):
            return value
        raise NotOurs("something is used as a value that is none")

    def place(self, value: Any, tree: Tree) -> Place:
        """The place of something in that tree."""
        if not isinstance(value, Thing) or value.owner is not tree:
            raise NotOurs("something is used that does not belong to the tree")
        self.check_turn(value)
        return value.place

    def check_turn(self, thing: Thing) -> None:
        if isinstance(thing.owner, Tree) and thing.turn != thing.owner.made.get(thing.place.base, 0):
            raise NotOurs(f"a {thing.place.base} is used, and another was made since")

    # What is set

    def set(self, thing: Any, name: str, value: Any) -> None:
        owner = thing.owner if isinstance(thing, Thing) else None
        if isinstance(owner, Tree):
            place = self.place(thing, owner)
            if place == Place("link"):
                self.name_last_link(owner)
            self.add(owner, Set(place, name, self.plain(value, owner)))
            if (place.base, name) == ("animation", "action") and isinstance(value, Thing):
                self.acting[value.place.base] = owner
        elif isinstance(owner, DataBlock):
            self.set_data(owner, thing.place, name, value)
        else:
            raise NotOurs(f"“{name}” of something that is not Blender's is set")

    def set_data(self, owner: DataBlock, place: Place, name: str, value: Any) -> None:
        """View layers and passes of a scene follow from the nodes that show them, and are no steps."""
        if place.path:
            if (owner.kind, place.path[0]) != ("SCENE", "view_layers"):
                raise NotOurs(f"“{name}” of a part of a data-block is set")
        elif name == "name" and owner.kind in LOADED:
            owner.name = _text(value)
        elif name == "use_nodes" and isinstance(value, bool):
            tree = self.tree_of(owner)
            if tree is not None:
                self.add(tree, Set(place, name, value))
            owner.opened = value
        else:
            raise NotOurs(f"“{name}” of a data-block is set")

    def put(self, thing: Any, key: Any, value: Any) -> None:
        """A custom property: of a tree, a node, a socket, or an item of the interface."""
        if not isinstance(thing, Thing) or not isinstance(thing.owner, Tree) or not isinstance(key, str):
            raise NotOurs("a custom property of something that has none")
        self.add(thing.owner, Put(self.place(thing, thing.owner), key, _pointed(self.plain(value, thing.owner))))

    def waste(self, thing: Any, name: str, args: tuple[Any, ...], named: Mapping[str, Any], count: int) -> None:
        """Items that are made and removed again."""
        if not isinstance(thing, Thing) or not isinstance(thing.owner, Tree) or count < 1:
            raise NotOurs("something is made and removed that a tree does not hold")
        tree = thing.owner
        values = {key: self.plain(value, tree) for key, value in named.items()}
        step = Waste(self.place(thing, tree), name, tuple(self.plain(x, tree) for x in args), values, count)
        self.add(tree, step)

    def name_last_link(self, tree: Tree) -> None:
        """Call the link `link` that was made just now."""
        made = tree.steps[-1]
        if not isinstance(made, Call) or made.place != TREE / "links":
            if not isinstance(made, Set) or made.place != Place("link"):
                raise NotOurs("a link is changed, and something else was done since")
            return
        tree.steps[-1] = replace(made, result="link")

    # Calls

    def call(self, thing: Thing, name: str, args: tuple[Any, ...], named: dict[str, Any], hint: str) -> Any:
        """What a method gives; its step is kept with its tree. `hint`: the variable that the result goes to."""
        takes = METHODS[name]
        if not takes.least <= len(args) <= takes.most or named.keys() - takes.named:
            raise NotOurs(f"“{name}” is called with other arguments than ours")
        if isinstance(thing.owner, Tree):
            return self.on_tree(thing.owner, thing, name, args, named, hint)
        if isinstance(thing.owner, DataBlock):
            return self.on_data(thing.owner, thing.place, name, args, named)
        return self.on_blender(thing.place, name, args)

    def on_blender(self, place: Place, name: str, args: tuple[Any, ...]) -> Any:
        if (place, name) == (Place("bpy.utils"), "system_resource"):
            return Thing(None, Place("fonts"))
        if (place, name) == (Place("bpy.ops", ("cachefile",)), "open"):
            return None
        if place.base == DATA.base and len(place.path) == 1:
            return self.made_data(str(place.path[0]), name, args)
        raise NotOurs(f"“{name}” of {'.'.join((place.base, *map(str, place.path)))} is called")

    def made_data(self, collection: str, how: str, args: tuple[Any, ...]) -> Any:
        if collection == "node_groups" and how == "new" and len(args) == 2:
            name, kind = map(_text, args)
            if any(tree.key == f"node_groups/{name}" for tree in self.trees):
                raise NotOurs(f"a second group is called “{name}”")
            tree = Tree(f"node_groups/{name}", kind)
            self.add(tree, Call(DATA / "node_groups", "new", (name, kind), result=TREE.base))
            self.trees.append(tree)
            return Thing(tree, TREE)
        if collection == "node_groups" and how == "remove":
            return self.removed(args[0])
        if how == "load":
            return self.data_block(collection, BUILTIN_FONT if args[0] == "<builtin>" else FILE)
        if how != "new" or not args:
            raise NotOurs(f"“{how}” of bpy.data.{collection} is called")
        return self.data_block(collection, _text(args[0]))

    def taken(self, tree: Tree, item: Place, args: tuple[Any, ...]) -> None:
        """What an item of the interface takes over from a socket of a helper, a group that is removed again."""
        helper = args[0].owner if isinstance(args[0], Thing) else None
        if not isinstance(helper, Tree) or helper is tree:
            raise NotOurs("an item takes over a socket that belongs to no helper")
        self.add(tree, Call(item, "from_socket", tuple(self.place(arg, helper) for arg in args)))

    def removed(self, helper: Any) -> None:
        """A group that was only made to take a socket's subtype from: its steps belong to who took it."""
        if not isinstance(helper, Thing) or not isinstance(helper.owner, Tree) or helper.place != TREE:
            raise NotOurs("something is removed that is no group")
        made = helper.owner
        self.trees.remove(made)
        user = self.trees[-1] if self.trees else made
        taken = [n for n, step in enumerate(user.steps) if isinstance(step, Call) and step.name == "from_socket"]
        if user is made or not taken:
            raise NotOurs("a group is removed that nothing was taken from")
        bases = {TREE.base: "helper", **{f"node/{name}": "unsigned" for name in made.nodes}}
        at = taken[-1]
        user.steps[at : at + 1] = [_renamed(step, bases) for step in (*made.steps, user.steps[at])]
        user.lines[at : at + 1] = [*made.lines, user.lines[at]]
        self.add(user, Call(DATA / "node_groups", "remove", (Place("helper"),)))

    def on_data(
        self, owner: DataBlock, place: Place, name: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> Thing | None:
        way = (owner.kind, place.path, name)
        if way == ("SCENE", ("view_layers",), "new"):
            return None
        if way == ("ACTION", (), "fcurve_ensure_for_datablock") and isinstance(args[0], Thing):
            tree = args[0].owner
        elif way == ("ACTION", ("fcurves",), "new"):
            tree = self.acting.get(place.base)
        else:
            raise NotOurs(f"“{name}” of a data-block is called")
        if not isinstance(tree, Tree):
            raise NotOurs("an action moves what is no tree")
        return self.done(tree, place, name, args, named, "curve")

    def on_tree(
        self, tree: Tree, thing: Thing, name: str, args: tuple[Any, ...], named: dict[str, Any], hint: str
    ) -> Any:
        place = self.place(thing, tree)
        kind = place.base.split("/", 1)[0]
        match kind, place.path, name:
            case _, _, "path_from_id":
                return Way(thing, _text(args[0]) if args else "")
            case "tree", ("nodes",), "new":
                return self.new_node(tree, args, hint)
            case "tree", ("links",), "new":
                return self.new_link(tree, args)
            case "tree", ("interface",), "new_socket" | "new_panel":
                return self.new_item(tree, name, args, named)
            case "tree" | "node", _, "driver_add" if _text(args[0]):
                return self.done(tree, place, name, args, named, "curve")
            case "tree", (), "animation_data_create":
                return self.done(tree, place, name, args, named, "animation")
            case "animation", ("drivers",), "new":
                return self.done(tree, place, name, args, named, PASSING[place])
            case "curve" | "variable" | "modifier", (_, *_), _ if name in IN_CURVES:
                return self.done(tree, place, name, args, named, PASSING.get(place, "") if name == "new" else "")
            case "item", (), "from_socket":
                return self.taken(tree, place, args)
            case "node", (_, *_), _ if name in IN_NODES:
                return self.done(tree, place, name, args, named)
            case "tree", ("nodes",), "foreach_set" if _text(args[0]):
                return self.done(tree, place, name, args, named)
            case (
                ("tree", ("nodes",), "clear")
                | ("tree", ("interface",), "move" | "move_to_parent")
                | ("node", (), "pair_with_output")
            ):
                return self.done(tree, place, name, args, named)
        raise NotOurs(f"“{name}” is called where no script of ours calls it")

    def done(
        self,
        tree: Tree,
        place: Place,
        name: str,
        args: tuple[Any, ...],
        named: Mapping[str, Any],
        result: str = "",
    ) -> Thing | None:
        """Keep a call; what it makes has a passing name."""
        values = {key: self.plain(value, tree) for key, value in named.items()}
        self.add(tree, Call(place, name, tuple(self.plain(x, tree) for x in args), values, result))
        return self.passing(tree, result) if result else None

    def passing(self, tree: Tree, base: str) -> Thing:
        tree.made[base] = tree.made.get(base, 0) + 1
        return Thing(tree, Place(base), tree.made[base])

    def new_node(self, tree: Tree, args: tuple[Any, ...], hint: str) -> Thing:
        if len(args) != 1:
            raise NotOurs("a node is made with other arguments than ours")
        kind = _text(args[0])
        variable = _free(hint or "without a name", tree.nodes)
        tree.nodes[variable] = Node(variable, kind, layout={"label": variable} if hint else {})
        place = Place(f"node/{variable}")
        self.add(tree, Call(TREE / "nodes", "new", (kind,), result=place.base))
        return Thing(tree, place)

    def new_link(self, tree: Tree, args: tuple[Any, ...]) -> Thing:
        ends = tuple(self.place(end, tree) for end in args)
        sides = sorted(str(end.path[0]) for end in ends if _is_socket(end))
        if len(ends) != 2 or sides != [*SIDES]:
            raise NotOurs("a link is made between other things than an output and an input")
        self.add(tree, Call(TREE / "links", "new", ends))
        return self.passing(tree, "link")

    def new_item(self, tree: Tree, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> Thing:
        if name == "new_socket":
            named = {"in_out": "INPUT", **named}  # what Blender assumes
            kind = f"{_text(named['in_out'])} {_text(named.get('socket_type'))}"
        else:
            kind = "PANEL"
        place, called = Place(f"item/{len(tree.items)}"), _text(args[0])
        tree.items[place.base] = Item(kind, called)
        values = {key: self.plain(value, tree) for key, value in named.items()}
        self.add(tree, Call(TREE / "interface", name, (called,), values, place.base))
        return Thing(tree, place)

    def fetched(self, before: Any, value: Thing) -> None:
        """A fresh look at the item of the interface that the variable held `before`."""
        if not isinstance(before, Thing) or before.owner is not value.owner or not isinstance(before.owner, Tree):
            raise NotOurs("an item of the interface is looked up, and nothing says which")
        if not before.place.base.startswith("item/"):
            raise NotOurs("an item of the interface is looked up, and nothing says which")
        self.add(before.owner, Fetch(before.place.base, value.place))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotOurs(f"{str(value)[:40]} stands where a text should")
    return value


def _pointed(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(_pointed, value))
    if isinstance(value, dict) and "group" in value:
        return {"group": {key: _pointed(x) for key, x in value["group"].items()}}
    return pointed(value) if isinstance(value, float) else value


def _is_socket(place: Place) -> bool:
    return (
        place.base.startswith("node/")
        and len(place.path) == 2
        and place.path[0] in SIDES
        and isinstance(place.path[1], At)
    )


def _renamed(step: Step, bases: Mapping[str, str]) -> Step:
    """A step that says other bases."""

    def there(value: Any) -> Any:
        return replace(value, base=bases.get(value.base, value.base)) if isinstance(value, Place) else value

    if isinstance(step, Call):
        result = bases.get(step.result, step.result)
        return replace(step, place=there(step.place), args=tuple(map(there, step.args)), result=result)
    return replace(step, place=there(step.place))


def _free(name: str, taken: Iterable[str]) -> str:
    held, free, n = set(taken), name, 1
    while free in held:
        n += 1
        free = f"{name}_{n}"
    return free
