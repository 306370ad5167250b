# SPDX-License-Identifier: GPL-3.0-or-later
"""A working script broken in one place, as models and changes of versions really break them. Whether it is broken then,
and how Blender says so, only running it tells."""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..files import digest
from .menu import type_words
from .travel import Change, minor, parts
from .write import literal

OLD_SOCKETS = {
    "Coat IOR": "Clearcoat IOR",
    "Coat Roughness": "Clearcoat Roughness",
    "Coat Weight": "Clearcoat",
    "Emission Color": "Emission",
    "Sheen Weight": "Sheen",
    "Specular IOR Level": "Specular",
    "Subsurface Weight": "Subsurface",
    "Transmission Weight": "Transmission",
}
"""Inputs of the Principled BSDF → what they were called before 4.0, which most published scripts still say."""
INVENTED = {
    "tree.nodes.new": ("tree.nodes.add", "tree.nodes.create", "tree.new_node"),
    "tree.links.new": ("tree.links.add", "tree.links.connect", "tree.nodes.link"),
    "tree.interface.new_socket": ("tree.interface.add_socket", "tree.interface.sockets.new", "tree.interface.new"),
    "tree.nodes.clear": ("tree.nodes.remove_all", "tree.clear"),
    "bpy.data.materials.new": ("bpy.data.materials.add", "bpy.ops.material.create"),
    "bpy.data.worlds.new": ("bpy.data.worlds.add", "bpy.ops.world.create"),
    "bpy.data.node_groups.new": ("bpy.data.node_groups.add", "bpy.ops.node.new_group", "bpy.data.node_trees.new"),
}
"""What scripts call → what does not exist, though it reads as if it did."""
Edit = tuple[int, int, str]
"""Bytes from, bytes to, and what stands there instead."""


@dataclass(frozen=True)
class Break:
    """`kind` says what was done; `code` is the script then."""

    kind: str
    code: str


def breaks(code: str, tree: str, blender: tuple[int, ...], *, most: int, seed: int) -> Iterator[Break]:
    """At most `most` broken forms of a script that makes a tree of the type `tree` in that Blender, no two of one kind,
    those first that say most; which ones depends on the script and `seed` alone."""
    chance = random.Random(f"{seed}:{digest([code])}")
    script = _Script(code, tree, blender)
    drawn = {kind: chance.random() ** (1 / WEIGHTS.get(kind, 1)) for kind in KINDS}
    for kind in sorted(KINDS, key=lambda kind: -drawn[kind]):
        found = list(dict.fromkeys(KINDS[kind](script)))
        if found and most > 0:
            most -= 1
            yield Break(kind, script.changed(chance.choice(found)))


Rows = Mapping[tuple[str, str], Sequence[Change]]
"""Kind of change and node type → rows of the table."""


@lru_cache(maxsize=16)
def _rows(tree: str, major: int, middle: int) -> tuple[Rows, Rows]:
    """What was another before this version in trees of that type, and what is another in a version to come."""
    renamed: dict[tuple[str, str], list[Change]] = defaultdict(list)
    to_come: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for part in parts():
        for row in part.changes:
            if row.tree in ("", tree) and minor(part.new) == (major, middle):
                renamed[row.kind, (row.becomes or "") if row.kind == "type" else row.type].append(row)
            if row.tree in ("", tree) and minor(part.old) == (major, middle):
                to_come[row.kind, row.type].append(row)
    return renamed, to_come


class _Script:
    """A script, its syntax tree, and which node type each variable has."""

    def __init__(self, code: str, tree: str, blender: tuple[int, ...]) -> None:
        self.bytes = code.encode()
        self.starts = [0]
        for line in self.bytes.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.module = ast.parse(code)
        self.nodes = list(ast.walk(self.module))
        self.types: dict[str, str] = {}
        for node in self.nodes:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=ast.Name(id="new"), args=[ast.Constant(value=str(kind))]),
                ):
                    self.types[name] = kind
        self.renamed, self.to_come = _rows(tree, blender[0], blender[1])

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def changed(self, edit: Edit) -> str:
        start, end, text = edit
        return (self.bytes[:start] + text.encode() + self.bytes[end:]).decode()

    def instead(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        return (*self.span(node), text)

    def sockets(self) -> Iterator[tuple[str, str, ast.Constant]]:
        """Node type, side and key of every socket that is found by its name or place."""
        for node in self.nodes:
            match node:
                case ast.Subscript(
                    value=ast.Attribute(value=ast.Name(id=name), attr="inputs" | "outputs" as side),
                    slice=ast.Constant() as key,
                ):
                    yield self.types.get(name, ""), side, key

    def settings(self) -> Iterator[tuple[str, str, ast.Assign]]:
        """Node type, name and assignment of every setting that is set to a value that stands there."""
        for node in self.nodes:
            match node:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=setting)], value=ast.Constant()):
                    yield self.types.get(name, ""), setting, node

    def new_nodes(self) -> Iterator[ast.Constant]:
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Name(id="new"), args=[ast.Constant(value=str()) as kind]):
                    yield kind


def _socket_of_another_version(script: _Script) -> Iterator[Edit]:
    """A socket called as in a version before, or in one to come."""
    for kind, side, key in script.sockets():
        named = f"{side.removesuffix('s')} name"
        for rows, back in ((script.renamed, True), (script.to_come, False)):
            for row in rows.get((named, kind), ()):
                if row.becomes:
                    here, there = (row.becomes, row.name) if back else (row.name, row.becomes)
                    if key.value == here and there != here:
                        yield script.instead(key, literal(there))
        if kind == "ShaderNodeBsdfPrincipled" and key.value in OLD_SOCKETS:
            yield script.instead(key, literal(OLD_SOCKETS[str(key.value)]))


def _setting_of_another_version(script: _Script) -> Iterator[Edit]:
    """An input that was a setting before, set as that; a setting that is an input in a version to come, set there."""
    for node in script.nodes:
        match node:
            case ast.Assign(
                targets=[
                    ast.Attribute(
                        value=ast.Subscript(
                            value=ast.Attribute(value=ast.Name(id=name), attr="inputs"),
                            slice=ast.Constant(value=str(key)),
                        ),
                        attr="default_value",
                    )
                ],
                value=ast.Constant(value=value),
            ):
                for row in script.renamed.get(("setting", script.types.get(name, "")), ()):
                    if row.becomes == f"input:{key}":
                        old = next((old for old, new in row.values.items() if new == value), None)
                        told = literal(old) if isinstance(value, str) and old else repr(value)
                        yield script.instead(node, f"{name}.{row.name} = {told}")
    for kind, setting, assignment in script.settings():
        for row in script.to_come.get(("setting", kind), ()):
            if row.name == setting and (row.becomes or "").startswith("input:"):
                yield _as_input(script, assignment, row)


def _as_input(script: _Script, assignment: ast.Assign, row: Change) -> Edit:
    target, value = assignment.targets[0], assignment.value
    assert isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and isinstance(value, ast.Constant)
    new = row.values.get(str(value.value), value.value)
    told = literal(new) if isinstance(new, str) else repr(new)
    place = literal(str(row.becomes).removeprefix("input:"))
    return script.instead(assignment, f"{target.value.id}.inputs[{place}].default_value = {told}")


def _type_of_another_version(script: _Script) -> Iterator[Edit]:
    """A node type as it was called before, or is in a version to come."""
    for key in script.new_nodes():
        for rows, back in ((script.renamed, True), (script.to_come, False)):
            for row in rows.get(("type", str(key.value)), ()):
                there = row.type if back else row.becomes
                if there and " + " not in there:
                    yield script.instead(key, literal(there))


def _item_of_another_version(script: _Script) -> Iterator[Edit]:
    """An item of a menu as it was called before, or is in a version to come."""
    for kind, setting, assignment in script.settings():
        value = assignment.value
        assert isinstance(value, ast.Constant)
        for rows, back in ((script.renamed, True), (script.to_come, False)):
            for row in rows.get(("item", kind), ()):
                name, _, item = row.name.partition("=")
                if name == setting and row.becomes:
                    here, there = (row.becomes, item) if back else (item, row.becomes)
                    if value.value == here:
                        yield script.instead(value, literal(there))


def _wrong_index(script: _Script) -> Iterator[Edit]:
    """Counted from 1."""
    for _, _, key in script.sockets():
        if isinstance(key.value, int):
            yield script.instead(key, str(key.value + 1))


def _wrong_socket_name(script: _Script) -> Iterator[Edit]:
    """In small letters, as variables are, or all words run together."""
    for _, _, key in script.sockets():
        if isinstance(key.value, str):
            for wrong in (key.value.lower(), key.value.replace(" ", "")):
                if wrong != key.value:
                    yield script.instead(key, literal(wrong))


def _missing_link(script: _Script) -> Iterator[Edit]:
    """A link left out."""
    for node in script.nodes:
        match node:
            case ast.Expr(
                value=ast.Call(func=ast.Name(id="link") | ast.Attribute(attr="new", value=ast.Attribute(attr="links")))
            ):
                if node.col_offset == 0:
                    start, end = script.span(node)
                    yield start, end + (script.bytes[end : end + 1] == b"\n"), ""
                elif script.bytes[: script.span(node)[0]].endswith(b"; "):
                    start, end = script.span(node)
                    yield start - 2, end, ""


def _wrong_enum(script: _Script) -> Iterator[Edit]:
    """An item as the menu shows it, or in small letters."""
    for _, setting, assignment in script.settings():
        value = assignment.value
        assert isinstance(value, ast.Constant)
        if isinstance(value.value, str) and value.value.isupper() and setting != "name":
            for wrong in (value.value.title().replace("_", " "), value.value.lower()):
                if wrong != value.value:
                    yield script.instead(value, literal(wrong))


def _invented_method(script: _Script) -> Iterator[Edit]:
    """A method or an operator that reads as if it were there."""
    for node in script.nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node) in INVENTED:
            for wrong in INVENTED[ast.unparse(node)]:
                yield script.instead(node, wrong)


def _missing_import(script: _Script) -> Iterator[Edit]:
    """No `import bpy`."""
    for node in script.module.body[:1]:
        if isinstance(node, ast.Import):
            start, end = script.span(node)
            yield start, end + 1, ""


def _invented_type(script: _Script) -> Iterator[Edit]:
    """A node type made of the words of the menu."""
    for key in script.new_nodes():
        kind = str(key.value)
        prefix = kind[: kind.index("Node") + 4]
        wrong = prefix + "".join(word[:1].upper() + word[1:] for word in type_words(kind).split() if word.isalnum())
        if wrong != kind and len(wrong) > len(prefix):
            yield script.instead(key, literal(wrong))


def _nodes_not_used(script: _Script) -> Iterator[Edit]:
    """A material or world whose nodes are not switched on (before 5.0 it has none then)."""
    for node in script.nodes:
        match node:
            case ast.Assign(targets=[ast.Attribute(attr="use_nodes")], value=ast.Constant(value=True)):
                start, end = script.span(node)
                if node.col_offset == 0:
                    yield start, end + 1, ""


def _old_interface(script: _Script) -> Iterator[Edit]:
    """Sockets of a group made as before 4.0."""
    for node in script.nodes:
        match node:
            case ast.Call(
                func=ast.Name(id="new_socket") | ast.Attribute(attr="new_socket"), args=[ast.Constant() as name]
            ):
                named = {word.arg: ast.unparse(word.value).replace("'", '"') for word in node.keywords}
                if named.keys() <= {"in_out", "socket_type"} and "socket_type" in named:
                    side = "outputs" if named.get("in_out") == '"OUTPUT"' else "inputs"
                    yield script.instead(node, f"tree.{side}.new({named['socket_type']}, {literal(str(name.value))})")


KINDS: dict[str, Callable[[_Script], Iterator[Edit]]] = {
    "socket of another version": _socket_of_another_version,
    "setting of another version": _setting_of_another_version,
    "node type of another version": _type_of_another_version,
    "menu item of another version": _item_of_another_version,
    "interface of another version": _old_interface,
    "wrong socket index": _wrong_index,
    "wrong socket name": _wrong_socket_name,
    "missing link": _missing_link,
    "wrong menu item": _wrong_enum,
    "invented method": _invented_method,
    "missing import": _missing_import,
    "invented node type": _invented_type,
    "nodes not used": _nodes_not_used,
}
"""What breaks → how."""
WEIGHTS = {kind: 3.0 for kind in KINDS if "version" in kind} | {"missing import": 0.3}
"""How often a kind is drawn before others; 1 where it is not named."""
