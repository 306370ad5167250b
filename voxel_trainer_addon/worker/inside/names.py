# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `names`: every name that this Blender's Python has, and what it leads to. `bpy_code.names` reads the table.

Body: `{}`. Answer: `{"table": {…}}`. Nothing of it is written by hand: RNA tells types, operators and enums; node
types, sockets, what `bpy.context` has in each editor, and the types of mathutils and bmesh are known by making one of
each.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import itertools
import math
import re
import sys
from collections.abc import Container, Iterator
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import bpy

from ...graph.blender.schema import TREES
from . import empty

MODULES = (
    *("bpy.app", "bpy.app.handlers", "bpy.app.icons", "bpy.app.timers", "bpy.app.translations", "bpy.msgbus"),
    *("bpy.path", "bpy.props", "bpy.utils", "bmesh", "mathutils", "gpu", "gpu_extras"),
    *("blf", "bgl", "aud", "bl_math", "idprop", "imbuf", "bpy_extras", "freestyle", "addon_utils", "rna_prop_ui"),
    *("nodeitems_utils", "keyingsets_utils", "rna_info", "bl_ui", "bl_operators", "bl_keymap_utils"),
)
"""Blender's own modules, with all below them; which of them a version lacks is a fact of the table."""
OTHER_PACKAGES = ("numpy",)
"""What every official Blender comes with besides Python's own modules."""
MATHS = {"TRANSLATION", "DIRECTION", "VELOCITY", "ACCELERATION", "XYZ", "XYZ_LENGTH"}
STRUCTS = {"MATRIX": "Matrix", "EULER": "Euler", "QUATERNION": "Quaternion", **dict.fromkeys(MATHS, "Vector")}
"""Subtype of an array in RNA → its class in mathutils."""
PLAIN, UNKNOWN = "", "?"
OWN_ITEMS = "bpy_prop_collection_idprop"
"""Python's class of a collection that a script has registered."""


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="")
    try:
        return {"table": _table()}
    finally:
        empty()


def _table() -> dict[str, Any]:
    modules = dict(_modules())
    types = {name: _type(kind.bl_rna, kind) for name, kind in _classes()}
    types |= {rna.identifier: _type(rna) for rna in _groups(types)}
    types |= {name: _python_class(kind) for name, kind in _python_classes(modules)}
    types |= _maths() | _bmesh()
    types["RenderSettings"]["enums"]["engine"] = _engines()
    types["bpy_struct"] = _python_class(bpy.types.bpy_struct)
    types["bpy_struct"]["members"]["bl_rna"] = "Struct"
    types["bpy_prop_collection"] = _python_class(type(bpy.data.objects))
    types[OWN_ITEMS] = _python_class(_own_items())
    return {
        "blender": ".".join(map(str, bpy.app.version)),
        "types": types,
        "operators": _operators(),
        "nodes": _nodes(),
        "context": _context(),
        "modules": {name: _names(module) for name, module in modules.items()},
        "python": sorted({*sys.stdlib_module_names, *filter(importlib.util.find_spec, OTHER_PACKAGES)}),
        "blender_modules": sorted({name.partition(".")[0] for name in MODULES} | {"bpy"}),
    }


# bpy.types


def _classes() -> Iterator[tuple[str, Any]]:
    """Every class of bpy.types by name, in order."""
    for name in sorted(dir(bpy.types)):
        kind = getattr(bpy.types, name, None)
        if isinstance(kind, type) and hasattr(kind, "bl_rna"):
            yield name, kind


def _groups(known: Container[str]) -> Iterator[Any]:
    """Structs that properties name and that bpy.types does not: groups of properties that scripts have registered."""
    waiting = [kind.bl_rna for _, kind in _classes()]
    seen = set()
    while waiting:
        for p in waiting.pop().properties:
            rna = p.fixed_type if p.type in ("POINTER", "COLLECTION") else None
            if rna and rna.identifier not in known and rna.identifier not in seen:
                seen.add(rna.identifier)
                waiting.append(rna)
                yield rna


def _type(rna: Any, kind: Any = None) -> dict[str, Any]:
    """A struct: what it adds to its base, of RNA and (where it has a class) of Python."""
    inherited = set(rna.base.properties.keys()) | set(rna.base.functions.keys()) if rna.base else set()
    members: dict[str, str] = {}
    enums: dict[str, list[str]] = {}
    functions: dict[str, dict[str, Any]] = {}
    deprecated: dict[str, str] = {}
    for p in rna.properties:
        if p.identifier not in inherited:
            members[p.identifier] = _leads_to(p)
            if items := _items(p):
                enums[p.identifier] = items
            if getattr(p, "is_deprecated", False):
                deprecated[p.identifier] = p.deprecated_note
    for f in rna.functions:
        if f.identifier not in inherited:
            returned = [p for p in f.parameters if p.is_output]
            members[f.identifier] = "()" + (_leads_to(returned[0]) if len(returned) == 1 else UNKNOWN)
            functions[f.identifier] = {p.identifier: _items(p) for p in f.parameters if not p.is_output}
    told: dict[str, Any] = {"base": rna.base.identifier if rna.base else "bpy_struct"}
    told["members"] = _methods(kind, members) if kind else members
    extra = {"enums": enums, "functions": functions, "deprecated": deprecated}
    return told | {key: value for key, value in extra.items() if value}


def _methods(kind: type, members: dict[str, str]) -> dict[str, str]:
    """`members` with what the class itself defines in Python or C."""
    for base in kind.__mro__[:-1]:
        if base is kind or not hasattr(bpy.types, base.__name__):
            for name, value in vars(base).items():
                if not name.startswith("__") and name != "bl_rna":
                    members.setdefault(name, "()?" if callable(value) else UNKNOWN)
    return members


def _leads_to(p: Any) -> str:
    """What a property holds: `Object`; `BlendDataObjects<Object>` or `<Object>`, a collection; `[Object]`, a list of
    them; '' a plain value."""
    if p.type == "POINTER":
        return str(p.fixed_type.identifier)
    if p.type == "COLLECTION":
        of_script = p.is_runtime and p.fixed_type.base and p.fixed_type.base.identifier == "PropertyGroup"
        own = p.srna.identifier if p.srna else OWN_ITEMS if of_script else ""
        return f"{own}<{p.fixed_type.identifier}>"
    if p.type == "FLOAT" and p.is_array:
        if p.subtype in ("COLOR", "COLOR_GAMMA"):
            return "Color" if p.array_length == 3 else PLAIN
        return STRUCTS.get(p.subtype, PLAIN)
    return PLAIN


def _items(p: Any) -> list[str] | None:
    """The values of an enum where they are fixed; those that depend on the open file cannot be told."""
    if p.type != "ENUM":
        return None
    items, static = p.enum_items.keys(), p.enum_items_static.keys()
    return [item for item in items if item] if items == static and len(items) > 1 else None


# bpy.ops, nodes, bpy.context


def _engines() -> list[str]:
    """The render engines, which Blender itself tells when it is given another."""
    settings: Any = bpy.data.scenes[0].render
    try:
        settings.engine = "no engine"
    except TypeError as error:
        return re.findall(r"'(\w+)'", str(error).partition(" in ")[2])
    raise AssertionError("an engine without a name was taken")


def _operators() -> dict[str, dict[str, Any]]:
    """Operator's name → its label and its properties with their values."""
    found = {}
    for module in sorted(dir(bpy.ops)):
        for name in sorted(dir(getattr(bpy.ops, module))):
            rna: Any = getattr(getattr(bpy.ops, module), name).get_rna_type()
            properties = {p.identifier: _items(p) for p in rna.properties if p.identifier != "rna_type"}
            found[f"{module}.{name}"] = {"label": rna.name, "properties": properties}
    return found


def _nodes() -> dict[str, dict[str, Any]]:
    """Node type → its label, the trees in which it can be made, and the sockets of a new one; none where these come
    from its items or from elsewhere."""
    found: dict[str, dict[str, Any]] = {}
    for tree_type in TREES:
        family = tree_type.removesuffix("Tree")
        for name, kind in _classes():
            if not issubclass(kind, bpy.types.Node) or (name.split("Node")[0] + "Node" not in (family, *SHARED)):
                continue
            with _tree(tree_type) as tree, contextlib.suppress(RuntimeError):
                node = tree.nodes.new(name)
                told = found.setdefault(name, {"label": kind.bl_rna.name, "trees": []})
                told["trees"].append(tree_type)
                if not _is_open(node):
                    told.update(_sockets(node))
    for name in OLD_NAMES:
        with _tree("ShaderNodeTree") as tree, contextlib.suppress(RuntimeError):
            node = tree.nodes.new(name)
            found[name] = {**found[node.bl_idname], "is": node.bl_idname}
    return found


@contextlib.contextmanager
def _tree(tree_type: str) -> Iterator[Any]:
    """An empty tree; before Blender 5.0 some nodes of the compositor stand in a scene's only."""
    scene: Any = bpy.data.scenes[0]
    if tree_type == "CompositorNodeTree" and hasattr(scene, "node_tree"):
        scene.use_nodes = True
        scene.node_tree.nodes.clear()
        yield scene.node_tree
    else:
        groups: Any = bpy.data.node_groups
        tree = groups.new("Names", tree_type)
        yield tree
        groups.remove(tree)


OLD_NAMES = ("ShaderNodeBsdfGlossy",)
"""Node types that went and whose names Blender still takes for another's."""
SHARED = ("Node", "FunctionNode", "ShaderNode")
"""How the types of nodes begin that stand in trees of several kinds."""


def _sockets(node: Any) -> dict[str, dict[str, Any]]:
    """Of either side how many sockets there are, and the texts by which each can be had: its name, and its identifier
    where this Blender takes that too; over all modes, for a socket of another mode is no wrong name."""
    keys: dict[str, set[str]] = {"inputs": set(), "outputs": set()}
    count = dict.fromkeys(keys, 0)
    for _ in _modes(node):
        for side, found in keys.items():
            held = getattr(node, side)
            count[side] = max(count[side], len(held))
            found.update(key for socket in held for key in (socket.name, socket.identifier) if held.get(key))
    return {side: {"count": count[side], "keys": sorted(found)} for side, found in keys.items()}


MODES_MAX = 400
"""Combinations of a node's modes that are gone through; where there are more, those of each two."""


def _modes(node: Any) -> Iterator[None]:
    """The node as it is new, then in each of its modes: what its own enums and switches may be, all combinations."""
    yield
    kind: Any = bpy.types.Node
    common = set(kind.bl_rna.properties.keys())
    own = [p for p in node.bl_rna.properties if p.identifier not in common and not p.is_readonly]
    choices = {p.identifier: [item.identifier for item in p.enum_items] for p in own if p.type == "ENUM"}
    choices |= {p.identifier: [False, True] for p in own if p.type == "BOOLEAN" and not p.is_array}
    choices = {name: values for name, values in choices.items() if len(values) > 1}
    together = math.prod(map(len, choices.values())) <= MODES_MAX
    groups = [tuple(choices)] if together else list(itertools.combinations(choices, 2))
    for names in groups:
        before = [getattr(node, name) for name in names]
        for values in itertools.product(*(choices[name] for name in names)):
            with contextlib.suppress(TypeError, AttributeError):
                for name, value in zip(names, values, strict=True):
                    setattr(node, name, value)
                yield
        for name, value in zip(names, before, strict=True):
            with contextlib.suppress(TypeError, AttributeError):
                setattr(node, name, value)


def _is_open(node: Any) -> bool:
    """Whether a node may have other sockets than a new one: from its items, from what it refers to, from
    the node that it is paired with, or on demand."""
    refers = any(
        (p.type == "COLLECTION" and p.identifier.endswith("items"))
        or (p.type == "POINTER" and issubclass(getattr(bpy.types, p.fixed_type.identifier, int), bpy.types.ID))
        for p in node.bl_rna.properties
    )
    refers = refers or "pair_with_output" in node.bl_rna.functions
    return refers or any(not socket.name for socket in (*node.inputs, *node.outputs))


def _context() -> dict[str, str]:
    """What `bpy.context` has, gathered over every kind of editor and some modes → what it leads to, where that is one
    thing everywhere."""
    found: dict[str, set[str]] = {}
    ops, context = cast(Any, bpy.ops), cast(Any, bpy.context)
    window: Any = bpy.data.window_managers[0].windows[0]
    area = max(window.screen.areas, key=lambda area: int(area.width * area.height))
    _gather(found, window, area)
    for change in (
        ops.object.armature_add,
        lambda: ops.object.mode_set(mode="EDIT"),
        lambda: ops.object.mode_set(mode="POSE"),
    ):
        with context.temp_override(window=window, area=area, region=area.regions[-1]):
            change()
        _gather(found, window, area)
    told = {name: min(kinds) if len(kinds) == 1 else UNKNOWN for name, kinds in sorted(found.items())}
    kind: Any = bpy.types.Context
    own: dict[str, str] = _type(kind.bl_rna, kind)["members"]
    return told | own


def _gather(found: dict[str, set[str]], window: Any, area: Any) -> None:
    context, types = cast(Any, bpy.context), cast(Any, bpy.types)
    for kind in types.Area.bl_rna.properties["type"].enum_items:
        with contextlib.suppress(TypeError):  # the empty one
            area.type = kind.identifier
            with context.temp_override(window=window, area=area, region=area.regions[-1]):
                for name in _names(context):
                    found.setdefault(name, set()).update(_value(getattr(context, name, None)))
    area.type = "VIEW_3D"


def _value(value: Any) -> set[str]:
    """What a value of the context is, as far as it tells by itself; of a kind with many, the base."""
    if isinstance(value, list):
        return {f"[{inner}]" for inner in _value(value[0])} if value else set()
    if isinstance(value, bpy.types.bpy_struct):
        rna: Any = value.bl_rna
        while rna.base and rna.base.identifier not in ("ID", "PropertyGroup"):
            rna = rna.base
        return {str(rna.identifier)}
    return {PLAIN} if isinstance(value, str | int) else set()


# modules


def _modules() -> Iterator[tuple[str, Any]]:
    """Blender's own modules and those below them, by name. `bpy.app` is none, but is used like one."""
    for name in MODULES:
        if name.startswith("bpy."):
            module = attrgetter(name.partition(".")[2])(bpy)
            yield from _below(module, name) if isinstance(module, ModuleType) else [(name, module)]
        else:
            with contextlib.suppress(ImportError):
                yield from _below(importlib.import_module(name), name)


def _below(module: ModuleType, name: str) -> Iterator[tuple[str, ModuleType]]:
    yield name, module
    names = {n for n, value in vars(module).items() if name in COMPILED and isinstance(value, ModuleType)}
    for folder in map(Path, getattr(module, "__path__", [])):
        names |= {path.stem for path in folder.glob("[!_]*") if path.suffix == ".py" or path.is_dir()}
    for inner in sorted(names):
        with contextlib.suppress(Exception):  # one that wants a screen at its import
            yield from _below(importlib.import_module(f"{name}.{inner}"), f"{name}.{inner}")


COMPILED = {"bmesh", "mathutils", "gpu", "idprop", "imbuf", "freestyle"}
"""Modules in C keep those below them as plain values."""


def _names(module: Any) -> list[str]:
    return sorted(name for name in dir(module) if not name.startswith("__"))


def _python_classes(modules: dict[str, Any]) -> Iterator[tuple[str, type]]:
    """Classes that scripts inherit from: `bpy_extras.io_utils.ImportHelper`."""
    for place, module in modules.items():
        for name in _names(module):
            value = getattr(module, name, None)
            if inspect.isclass(value) and value.__module__ == place and not hasattr(value, "bl_rna"):
                yield f"{place}.{name}", value


def _python_class(kind: type) -> dict[str, Any]:
    names = {*_names(kind), *inspect.get_annotations(kind)}
    return {
        "base": "",
        "members": {name: "()?" if callable(getattr(kind, name, None)) else UNKNOWN for name in sorted(names)},
    }


def _own_items() -> type:
    group = type("Names", (bpy.types.PropertyGroup,), {})
    bpy.utils.register_class(group)
    scenes: Any = bpy.types.Scene
    scenes.names = bpy.props.CollectionProperty(type=group)
    try:
        return type(cast(Any, bpy.data.scenes[0]).names)
    finally:
        del scenes.names
        bpy.utils.unregister_class(group)


def _maths() -> dict[str, dict[str, Any]]:
    import mathutils

    made: dict[str, Any] = {name: getattr(mathutils, name)() for name in ("Vector", "Euler", "Quaternion", "Color")}
    return _reflected({**made, "Matrix": mathutils.Matrix()})


def _bmesh() -> dict[str, dict[str, Any]]:
    """The types of bmesh, known by walking over a cube."""
    import bmesh

    whole = bmesh.new()
    bmesh.ops.create_cube(whole)
    seen: dict[str, Any] = {}
    waiting: list[Any] = [whole]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if not hasattr(bmesh.types, kind.__name__) or kind.__name__ in seen:
            continue
        seen[kind.__name__] = value
        for name in _names(value):
            with contextlib.suppress(Exception):
                waiting.append(getattr(value, name))
        with contextlib.suppress(Exception):
            waiting.append(next(iter(value)))
    found = _reflected(seen)
    whole.free()
    return found


def _reflected(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Types in C from one value of each: members, and what these lead to where it is one of these types or plain."""
    names = {type(value): name for name, value in made.items()} | _vector_classes()
    found = {}
    for name, value in made.items():
        members = {member: _member(value, member, names) for member in _names(value)}
        item = name.removesuffix("Seq")  # BMVertSeq has only BMVert; BMElemSeq has what its owner says
        found[name] = {"base": "", "members": members} | ({"item": item} if item != name and item in made else {})
    return found


def _vector_classes() -> dict[Any, str]:
    import mathutils

    return {getattr(mathutils, name): name for name in ("Vector", "Euler", "Quaternion", "Color", "Matrix")}


def _member(value: Any, name: str, names: dict[Any, str]) -> str:
    if re.match("[A-Z]", name) or callable(getattr(type(value), name, None)):
        return "()?"
    try:
        inner = getattr(value, name)
    except Exception:  # a loop of a vertex without any, a layer that is not there
        return UNKNOWN
    if isinstance(inner, str | int | float | bool):
        return PLAIN
    return names.get(type(inner), UNKNOWN)
