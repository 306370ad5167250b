# SPDX-License-Identifier: GPL-3.0-or-later
"""Written code back to steps, by reading it: nothing is ever executed.

Understood is the Python that `write.py` writes: assignments, calls on Blender's data, and loops over what stands in the
code. A script becomes the blocks that it was written from, with variables for names of nodes.
"""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .arrange import HEADING
from .model import Graph, Item, Node, Value
from .steps import BUILTIN_FONT, DATA, KINDS, OWNERS, TREE, At, Call, Fetch, Join, Place, Set, Step, data
from .write import Block

TREE_TYPES = {"textures": "TextureNodeTree", "scenes": "CompositorNodeTree"}
"""Collection of `bpy.data` → type of the tree that its data-blocks own; all others own shaders."""
ID_TYPES = {how.collection: kind for kind, how in KINDS.items()}
MAX_STEPS = 1_000_000


class NotUnderstood(ValueError):
    """A statement that is none of those that are written; `line` counts from 1."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(f"line {line}: {words}")
        self.line = line


def parse_code(code: str) -> list[Block]:
    """The blocks of a script, groups first, each with a bare graph (key, type, nodes by variable) and its steps.

    Raises NotUnderstood, with the line, for anything that `write.py` would not have written.
    """
    try:
        module = ast.parse(code.partition(f"\n{HEADING}\n")[0])
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotUnderstood(getattr(error, "lineno", None) or 0, f"it is no Python: {error}") from None
    reader = _Reader()
    try:
        reader.run(module.body)
    except RecursionError:
        raise NotUnderstood(reader.line, "it is nested too deeply") from None
    return [made.block() for made in reader.trees]


# What a name stands for while the code is read


@dataclass
class _DataBlock:
    """A data-block; a font gets its name after it was made."""

    kind: str
    name: str
    steps: list[Step] = field(default_factory=list)


@dataclass
class _Tree:
    """A tree that the code makes, with all that is done to it."""

    key: str
    type: str
    steps: list[Step] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)

    def block(self) -> Block:
        return Block(
            Graph(self.key, self.type, tuple(self.nodes.values()), interface=tuple(self.items.values())),
            tuple(self.steps),
        )


@dataclass(frozen=True)
class _Thing:
    """Something on Blender's side: a way from a tree, from one of its nodes or items, or from a data-block."""

    owner: _Tree | _DataBlock | None
    place: Place

    def __truediv__(self, step: str | At) -> _Thing:
        return replace(self, place=self.place / step)


@dataclass(frozen=True)
class _Method:
    """A bound method, as in `link = tree.links.new`."""

    thing: _Thing
    name: str


METHODS = frozenset(
    {"new", "clear", "remove", "update", "load", "system_resource"}
    | {"new_socket", "new_panel", "move_to_parent", "from_socket", "pair_with_output"}
)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "float": lambda text: {"float": text},
    "set": lambda: {"set": []},
    "range": range,
    "zip": zip,
    "enumerate": enumerate,
}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {ast.Add: operator.add, ast.Mult: operator.mul}


class _Reader:
    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.trees: list[_Tree] = []
        self.line = 0
        self.count = 0

    def fail(self, words: str) -> NotUnderstood:
        return NotUnderstood(self.line, words)

    # Statements

    def run(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.line = statement.lineno
            self.count += 1
            if self.count > MAX_STEPS:
                raise self.fail("it does more than a script of ours ever does")
            self.statement(statement)

    def statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import) and [name.name for name in statement.names] == ["bpy"]:
            self.names["bpy"] = _Thing(None, Place("bpy"))
        elif isinstance(statement, ast.Assign):
            value = self.named(statement.targets[0], statement.value)
            for target in statement.targets:
                self.assign(target, value)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self.value(statement.value)
        elif isinstance(statement, ast.For) and not statement.orelse:
            for value in self.several(self.value(statement.iter)):
                self.assign(statement.target, value)
                self.run(statement.body)
        else:
            raise self.fail(f"“{ast.unparse(statement).splitlines()[0][:60]}” is no statement of ours")

    def named(self, target: ast.expr, value: ast.expr) -> Any:
        """A value, where what it makes is called as the variable that it goes to."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            return tuple(map(self.named, target.elts, value.elts))
        return self.value(value, target.id if isinstance(target, ast.Name) else "")

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = list(self.several(value))
            if len(values) != len(target.elts):
                raise self.fail(f"{len(values)} values for {len(target.elts)} names")
            for name, part in zip(target.elts, values, strict=True):
                self.assign(name, part)
        elif isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            self.set(self.value(target.value), target.attr, value)
        else:
            raise self.fail(f"“{ast.unparse(target)[:60]}” is assigned to")

    def bind(self, name: str, value: Any) -> None:
        before = self.names.get(name)
        if isinstance(value, _Thing) and value.place.path[:1] == ("items_tree",):
            raise self.fail("an item of the interface is looked up, and nothing says which")
        if isinstance(value, _Thing) and value.place.path[:2] == ("interface", "items_tree"):
            if not (isinstance(before, _Thing) and before.place.base.startswith("item/")):
                raise self.fail("an item of the interface is looked up, and nothing says which")
            self.emit(value, Fetch(before.place.base, value.place))  # a fresh look at the item that it was
            return
        self.names[name] = value

    def set(self, thing: Any, name: str, value: Any) -> None:
        if not isinstance(thing, _Thing):
            raise self.fail(f"“{name}” of something that is not Blender's is set")
        if isinstance(thing.owner, _DataBlock) and thing.owner.kind == "FONT" and name == "name":
            thing.owner.name = value
        else:
            if isinstance(thing.owner, _Tree) and thing.place.base.startswith("link/"):
                thing = self.last_link(thing.owner, thing.place.base)
            self.emit(thing, Set(thing.place, name, self.plain(value)))

    def last_link(self, tree: _Tree, base: str) -> _Thing:
        """A link that was just made, which is now called by its name."""
        made = tree.steps[-1]
        if base != f"link/{len(tree.steps)}" or not isinstance(made, Call):
            raise self.fail("a link is changed, and others were made since")
        tree.steps[-1] = replace(made, result="link")
        return _Thing(tree, Place("link"))

    def emit(self, thing: _Thing, step: Step) -> None:
        """Keep a step with the tree or the stand-in that it belongs to."""
        if thing.owner is not None:
            thing.owner.steps.append(step)

    # Expressions

    def value(self, node: ast.expr, hint: str = "") -> Any:
        self.line = node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
            return node.value
        if isinstance(node, ast.Name):
            if node.id not in self.names:
                raise self.fail(f"“{node.id}” was never made")
            return self.names[node.id]
        if isinstance(node, ast.Tuple | ast.List):
            return tuple(self.value(x) for x in node.elts)
        if isinstance(node, ast.Set):
            return {"set": sorted(str(self.value(x)) for x in node.elts)}
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self.value(node.operand)
            if isinstance(number, int | float):
                return -number
            if number == {"float": "inf"}:
                return {"float": "-inf"}
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return self.joined(node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Attribute):
            return self.attribute(self.value(node.value), node.attr)
        if isinstance(node, ast.Subscript):
            return self.item(self.value(node.value), self.value(node.slice))
        if isinstance(node, ast.Call):
            return self.call(node, hint)
        raise self.fail(f"“{ast.unparse(node)[:60]}” is no expression of ours")

    def joined(self, how: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(left, _Thing) and isinstance(right, str) and isinstance(how, ast.Add):
            return Join(left.place, right)
        if (
            all(isinstance(x, (str, int, float, tuple)) for x in (left, right))
            and _size(left) * _size(right) < MAX_STEPS
        ):
            with contextlib.suppress(TypeError):
                return OPERATORS[type(how)](left, right)
        raise self.fail("two things are joined that do not join")

    def attribute(self, thing: Any, name: str) -> Any:
        if not isinstance(thing, _Thing) or name.startswith("_"):
            raise self.fail(f"“{name}” of something that is not Blender's")
        if name in METHODS:
            return _Method(thing, name)
        if isinstance(thing.owner, _DataBlock) and name == "node_tree" and not thing.place.path:
            return self.owned_tree(thing.owner)
        if thing.place == Place("bpy"):
            return _Thing(None, Place(f"bpy.{name}"))
        return thing / name

    def item(self, thing: Any, key: Any) -> Any:
        if isinstance(thing, tuple) and isinstance(key, int) and -len(thing) <= key < len(thing):
            return thing[key]
        if not isinstance(thing, _Thing) or not isinstance(key, str | int):
            raise self.fail("an item of something that is not Blender's")
        if thing.place.base == "bpy.data" and len(thing.place.path) == 1:
            return self.data_block(str(thing.place.path[0]), str(key))
        return thing / At(key)

    def several(self, value: Any) -> Iterator[Any]:
        if isinstance(value, tuple | range | zip | enumerate):
            yield from value
        else:
            raise self.fail("it goes through something that does not stand in the code")

    # Calls

    def call(self, node: ast.Call, hint: str) -> Any:
        named = {word.arg: self.value(word.value) for word in node.keywords if word.arg}
        if len(named) != len(node.keywords):
            raise self.fail("arguments with stars")
        function = node.func
        if isinstance(function, ast.Name) and function.id in FUNCTIONS and function.id not in self.names:
            return self.function(function.id, [self.value(x) for x in node.args], named)
        method = self.value(function)
        args = tuple(self.value(x) for x in node.args)
        self.line = node.lineno
        if not isinstance(method, _Method):
            raise self.fail(f"“{ast.unparse(function)[:60]}” is called")
        return self.method(method.thing, method.name, args, named, hint)

    def function(self, name: str, args: list[Any], named: dict[str, Any]) -> Any:
        try:
            if name in ("zip", "enumerate"):
                args = [tuple(self.several(args[0])), *args[1:]] if name == "enumerate" else list(map(tuple, args))
            made = FUNCTIONS[name](*args, **named)
        except (TypeError, ValueError, IndexError):
            raise self.fail(f"“{name}” does not go so") from None
        if isinstance(made, range) and len(made) > MAX_STEPS:
            raise self.fail("a range without an end")
        return made

    def method(self, thing: _Thing, name: str, args: tuple[Any, ...], named: dict[str, Any], hint: str) -> Any:
        place = thing.place
        if place.base == "bpy.utils":
            return _Thing(None, Place("fonts"))
        if place.base == "bpy.data" and len(place.path) == 1:
            return self.made_data(str(place.path[0]), name, args)
        if not isinstance(thing.owner, _Tree):
            return _Thing(thing.owner, place / At(str(args[0]))) if args and isinstance(args[0], str) else None
        tree, result = thing.owner, ""
        if name == "new_socket":  # what Blender assumes
            named = {"in_out": "INPUT", **named}
        step = Call(place, name, tuple(map(self.plain, args)), {k: self.plain(v) for k, v in named.items()})
        if place == TREE / "nodes" and name == "new":
            result = f"node/{_free(hint or 'without a name', tree.nodes)}"
            kind = str(args[0]) if args else ""
            variable = result.removeprefix("node/")
            tree.nodes[variable] = Node(variable, kind, layout={"label": variable} if hint else {})
        elif place == TREE / "interface" and name in ("new_socket", "new_panel"):
            result = f"item/{len(tree.items)}"
            kind = "PANEL" if name == "new_panel" else f"{named.get('in_out')} {named.get('socket_type')}"
            tree.items[result] = Item(kind, str(args[0]) if args else "")
        elif place == TREE / "links":
            tree.steps.append(step)
            return _Thing(tree, Place(f"link/{len(tree.steps)}"))
        tree.steps.append(replace(step, result=result))
        return _Thing(tree, Place(result)) if result else None

    def made_data(self, collection: str, how: str, args: tuple[Any, ...]) -> Any:
        if collection == "node_groups" and how == "new" and len(args) == 2:
            name, kind = map(str, args)
            tree = _Tree(f"node_groups/{name}", kind)
            tree.steps.append(Call(DATA / "node_groups", "new", (name, kind), result=TREE.base))
            self.trees.append(tree)
            return _Thing(tree, TREE)
        if collection == "node_groups" and how == "remove" and len(args) == 1:
            return self.removed(args[0])
        if how == "load":
            return self.data_block("fonts", BUILTIN_FONT)
        if not args or not isinstance(args[0], str):
            raise self.fail(f"something without a name is made in bpy.data.{collection}")
        return self.data_block(collection, args[0])

    def removed(self, helper: Any) -> None:
        """A group that was only made to take a socket's subtype from: its steps belong to who took it."""
        if not isinstance(helper, _Thing) or not isinstance(helper.owner, _Tree) or helper.place != TREE:
            raise self.fail("something is removed that is no group")
        self.trees.remove(helper.owner)
        taken = (
            [n for n, step in enumerate(self.trees[-1].steps) if isinstance(step, Call) and step.name == "from_socket"]
            if self.trees
            else []
        )
        if not taken:
            raise self.fail("a group is removed that nothing was taken from")
        bases = {TREE.base: "helper", **{f"node/{name}": "unsigned" for name in helper.owner.nodes}}
        made = [_renamed(step, bases) for step in helper.owner.steps]
        use = _renamed(self.trees[-1].steps.pop(taken[-1]), bases)
        self.trees[-1].steps[taken[-1] :] = [*made, use, *self.trees[-1].steps[taken[-1] :]]
        self.trees[-1].steps.append(Call(DATA / "node_groups", "remove", (Place("helper"),)))

    def data_block(self, collection: str, name: str) -> _Thing:
        if collection not in ID_TYPES:
            raise self.fail(f"bpy.data.{collection} holds nothing that a tree needs")
        if collection == "node_groups":
            for tree in self.trees:
                if tree.key == f"node_groups/{name}":
                    return _Thing(tree, TREE)
        kind = ID_TYPES[collection]
        return _Thing(_DataBlock(kind, name), data(kind, name))

    def owned_tree(self, owner: _DataBlock) -> _Thing:
        """The tree in a material, a world …; the first look at it is where its making begins."""
        collection = KINDS[owner.kind].collection
        if collection not in OWNERS:
            raise self.fail(f"a data-block of bpy.data.{collection} has no tree")
        key = f"{collection}/{owner.name}"
        tree = next((tree for tree in self.trees if tree.key == key), None)
        if tree is None:
            opened: list[Step] = [step for step in owner.steps if isinstance(step, Set) and step.name == "use_nodes"]
            tree = _Tree(key, TREE_TYPES.get(collection, "ShaderNodeTree"), opened)
            tree.steps.append(Fetch(TREE.base, data(owner.kind, owner.name) / "node_tree"))
            self.trees.append(tree)
        return _Thing(tree, TREE)

    def plain(self, value: Any) -> Value:
        """A value as steps hold it."""
        if isinstance(value, tuple):
            return tuple(map(self.plain, value))
        if isinstance(value, _Method | range | zip | enumerate):
            raise self.fail("something is used as a value that is none")
        if not isinstance(value, _Thing):
            return value
        if isinstance(value.owner, _DataBlock) and not value.place.path:
            return {"id": value.owner.kind, "name": value.owner.name}
        if isinstance(value.owner, _Tree) and value.place == TREE:
            return {"id": "NODETREE", "name": value.owner.key.split("/", 1)[1]}
        return value.place


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


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | tuple) else abs(int(value)) if isinstance(value, int) else 1
