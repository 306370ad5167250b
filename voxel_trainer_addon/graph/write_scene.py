# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of a scene as a short script of plain bpy that makes it in an empty Blender."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .names import Names
from .page import WIDTH
from .scene import NEAR, Json, Plan, near
from .steps import BODIES, is_reference
from .write import literal

Fresh = Mapping[str, Mapping[str, Any]]
"""What Blender makes unless told otherwise: `scene`, `object` and `empty` (settings), and by type `lights`, `cameras`,
`modifiers`, `constraints`, `fonts`; `world` says whether a new one has nodes."""

ANGLES = frozenset({"spot_size", "angle", "angle_limit", "auto_smooth_angle", "rotation_euler", "split_angle"})
SOLID = '''
def solid(name, low, high, make, **sizes):
    """A mesh between two corners, from a form that bmesh makes from -1 to 1."""
    form = bmesh.new()
    make(form, **sizes)
    for vert in form.verts:
        vert.co = [(a + b) / 2 + x * (b - a) / 2 for a, b, x in zip(low, high, vert.co)]
    mesh = bpy.data.meshes.new(name)
    form.to_mesh(mesh)
    form.free()
    return mesh
'''
MAKE = {
    "plane": "bmesh.ops.create_grid, x_segments=1, y_segments=1, size=1",
    "box": "bmesh.ops.create_cube, size=2",
    "sphere": "bmesh.ops.create_uvsphere, u_segments=32, v_segments=16, radius=1",
    "cylinder": "bmesh.ops.create_cone, cap_ends=True, segments=32, radius1=1, radius2=1, depth=2",
    "cone": "bmesh.ops.create_cone, cap_ends=True, segments=32, radius1=1, radius2=0, depth=2",
}
"""Form → what `solid` is told."""


def number(value: float) -> str:
    """A number as a person types it, six digits of it."""
    if isinstance(value, int):
        return repr(value)
    return "0" if abs(value) < NEAR / 2 else f"{round(value, 6):.6g}"


def degrees(angle: float) -> str:
    """An angle in radians, in degrees as a person types it."""
    return number(round(math.degrees(angle), 3))


def turned(angle: float) -> str:
    return f"radians({degrees(angle)})" if degrees(angle) != "0" else "0"


def vector(values: Iterable[float]) -> str:
    return f"({', '.join(map(number, values))})"


def scene_script(plan: Plan, fresh: Fresh) -> str:
    """The script; what is as in `fresh` is left out."""
    return _Writer(plan, fresh).script()


class _Writer:
    def __init__(self, plan: Plan, fresh: Fresh) -> None:
        self.plan, self.fresh = plan, fresh
        taken = {"scene", "add", "solid", "bmesh", "radians", "thing", "mesh", "form", "bone", "world", *MAKE}
        self.names = Names(frozenset({*Names().taken, *taken}))
        self.variables: dict[tuple[str, str], str] = {}
        self.users = Counter((ob["type"], ob["data"]) for ob in plan.objects if ob["data"])
        self.data = {(row["type"], row["name"]): row for row in plan.data}
        self.parents = {ob["parent"] for ob in plan.objects if "parent" in ob}

    def script(self) -> str:
        body = [*self.settings(), *self.world(), *self.collections(), *self.things()]
        lines = [*self.head(body), *body]
        return "\n".join(lines).strip("\n") + "\n"

    def head(self, body: list[str]) -> Iterator[str]:
        text = "\n".join(body)
        yield "import bpy"
        if "solid(" in text:
            yield "import bmesh"
        if "radians(" in text:
            yield "from math import radians"
        yield from ("", "scene = bpy.context.scene")
        yield from self.add()
        if "solid(" in text:
            yield from ("", *SOLID.rstrip("\n").splitlines())
        yield from ("", "")

    # The scene

    def settings(self) -> Iterator[str]:
        usual = self.fresh["scene"]
        if self.plan.scope == "scene" and self.plan.name != "Scene":
            yield f"scene.name = {literal(self.plan.name)}"
        for name, value in self.plan.settings.items():
            if not near(usual.get(name), value):
                yield f"scene.{name} = {self.text(name, value)}"

    def world(self) -> Iterator[str]:
        world = self.plan.world
        if world is None:
            return
        yield ""
        yield f"world = bpy.data.worlds.new({literal(world['name'])})"
        if not self.fresh["world"]["nodes"]:
            yield "world.use_nodes = True"
        yield 'background = world.node_tree.nodes["Background"]'
        yield f'background.inputs["Color"].default_value = {vector(world["color"])}'
        yield f'background.inputs["Strength"].default_value = {number(world["strength"])}'
        yield "scene.world = world"

    def collections(self) -> Iterator[str]:
        if self.plan.collections:
            yield ""
        for row in self.plan.collections:
            name = self.name("COLLECTION", row["name"])
            above = self.variables["COLLECTION", row["parent"]] if row["parent"] else "scene.collection"
            yield f"{name} = bpy.data.collections.new({literal(row['name'])})"
            yield f"{above}.children.link({name})"

    # Objects

    def add(self) -> Iterator[str]:
        """The function that makes an object, with the arguments that the script needs."""
        used = [name for name in ADDED if any(name in self.given(ob) for ob in self.plan.objects)]
        args = ["name", "data", *(f"{name}={ADDED[name]}" for name in used)]
        yield from ("", "", *called("def add(", args, "):"))
        yield "    thing = bpy.data.objects.new(name, data)"
        yield f"    {'collection' if 'collection' in used else 'scene.collection'}.objects.link(thing)"
        if "parent" in used:
            yield "    thing.parent = parent"
        for name, attribute in (("location", "location"), ("rotation", "rotation_euler"), ("scale", "scale")):
            if name in used:
                yield f"    thing.{attribute} = {name}"
        yield "    return thing"

    def homes(self, ob: Json) -> list[str]:
        """The collections that hold an object; an empty name is the scene's own."""
        rows = [row["name"] for row in self.plan.collections if ob["name"] in row["objects"]]
        return [*([""] if ob["name"] in self.plan.loose else []), *rows]

    def given(self, ob: Json) -> dict[str, str]:
        """What `add` is told of an object."""
        told: dict[str, str] = {}
        if "parent" in ob:
            told["parent"] = self.variables.get(("OBJECT", ob["parent"]), "")
        if home := self.homes(ob)[0]:
            told["collection"] = self.variables.get(("COLLECTION", home), "")
        if any(not near(x, 0) for x in ob["location"]):
            told["location"] = vector(ob["location"])
        if ob["rotation_mode"] == "XYZ" and any(degrees(x) != "0" for x in ob["rotation_euler"]):
            told["rotation"] = f"({', '.join(map(turned, ob['rotation_euler']))})"
        if any(not near(x, 1) for x in ob["scale"]):
            told["scale"] = vector(ob["scale"])
        return told

    def things(self) -> Iterator[str]:
        before: list[str] = [""]
        for part in (self.thing, self.stack):
            for ob in self.plan.objects:
                if lines := list(part(ob)):
                    yield from [""] if before[:-1] or lines[:-1] else []
                    yield from lines
                    before = lines
        if self.plan.camera:
            yield ""
            yield f"scene.camera = {self.variables['OBJECT', self.plan.camera]}"

    def thing(self, ob: Json) -> Iterator[str]:
        body = list(self.body(ob))
        yield from body[:-1]
        stack = [*ob.get("modifiers", ()), *ob.get("constraints", ())]
        needed = bool(stack) or ob["name"] in {*self.parents, *self.targets(), self.plan.camera}
        needed = needed or next(self.more(ob, ""), None) is not None
        head = f"{self.name('OBJECT', ob['name'])} = " if needed else ""
        args = [literal(ob["name"]), body[-1], *(f"{name}={value}" for name, value in self.given(ob).items())]
        yield from called(f"{head}add(", args)
        name = self.variables.get(("OBJECT", ob["name"]), "")
        yield from self.more(ob, name)

    def targets(self) -> set[str]:
        """Objects that modifiers and constraints refer to."""
        entries = (e for ob in self.plan.objects for side in SIDES for e in ob.get(side, ()))
        return {v["name"] for e in entries for v in e["settings"].values() if is_reference(v)}

    def more(self, ob: Json, name: str) -> Iterator[str]:
        """What else is said of an object behind its making."""
        if ob["rotation_mode"] != "XYZ":
            held = next(turn for turn in AT_REST if turn in ob)
            yield f"{name}.rotation_mode = {literal(ob['rotation_mode'])}"
            if not _same(ob[held], AT_REST[held]):
                yield f"{name}.{held} = {_turn(held, ob[held])}"
        yield from (f"{name}.{key} = {_turn(key, ob[key])}" for key in ob if key.startswith("delta_"))
        usual = {**self.fresh["object"], **self.fresh["empty"]}
        for key, value in ob.items():
            if key in usual and not near(usual[key], value):
                yield f"{name}.{key} = {self.text(key, value)}"
        if "parent" in ob:
            if ob["parent_type"] != "OBJECT":
                yield f"{name}.parent_type = {literal(ob['parent_type'])}"
            if "parent_bone" in ob:
                yield f"{name}.parent_bone = {literal(ob['parent_bone'])}"
            columns = ob["parent_inverse"]
            if not all(near(x, float(i == j)) for i, col in enumerate(columns) for j, x in enumerate(col)):
                yield f"{name}.matrix_parent_inverse = ("
                yield from (f"    {vector(column)}," for column in columns)
                yield ")"
        for home in self.homes(ob)[1:]:
            yield f"{self.variables['COLLECTION', home]}.objects.link({name})"
        row = self.data.get((ob["type"], ob["data"]))
        first = next(
            each["name"] for each in self.plan.objects if (each["type"], each["data"]) == (ob["type"], ob["data"])
        )
        if row and row.get("bones") and first == ob["name"]:
            yield from self.bones(row, name)

    def bones(self, row: Json, name: str) -> Iterator[str]:
        yield f"bpy.context.view_layer.objects.active = {name}"
        yield 'bpy.ops.object.mode_set(mode="EDIT")'
        connected = any(bone["connected"] for bone in row["bones"])
        yield f"for bone_name, parent_name, head, tail{', connected' if connected else ''} in ("
        for bone in _bones_first(row["bones"]):
            told = [literal(bone["name"]), literal(bone["parent"]), vector(bone["head"]), vector(bone["tail"])]
            yield f"    ({', '.join([*told, *([str(bone['connected'])] if connected else [])])}),"
        yield "):"
        yield f"    bone = {name}.data.edit_bones.new(bone_name)"
        yield "    bone.head, bone.tail = head, tail"
        yield f"    bone.parent = {name}.data.edit_bones.get(parent_name)"
        if connected:
            yield "    bone.use_connect = connected"
        yield 'bpy.ops.object.mode_set(mode="OBJECT")'

    # Data

    def body(self, ob: Json) -> Iterator[str]:
        """Lines that make an object's data, and last the expression for it."""
        if not ob["data"]:
            yield "None"
            return
        key = (ob["type"], ob["data"])
        row = self.data[key]
        if key in self.variables:
            yield self.variables[key]
            return
        head, args = self.made(row)
        told = list(self.told(row))
        if self.users[key] == 1 and not told and len(", ".join(args)) < WIDTH // 2:
            yield f"{head}({', '.join(args)})"
            return
        name = self.name(*key)
        yield from called(f"{name} = {head}(", args)
        yield from (f"{name}.{key} = {value}" for key, value in told)
        yield name

    def made(self, row: Json) -> tuple[str, list[str]]:
        """The call that makes a data-block: function and arguments."""
        name = literal(row["name"])
        if row["type"] == "MESH" and row["form"]:
            low, high = row["corners"]
            return "solid", [name, vector(low), vector(high), *MAKE[row["form"]].split(", ")]
        if row["type"] == "LIGHT":
            return "bpy.data.lights.new", [name, literal(row["light"])]
        collection, args = BODIES[row["type"]]
        return f"bpy.data.{collection}.new", [name, *map(_word, args)]

    def told(self, row: Json) -> Iterator[tuple[str, str]]:
        """(Property, value in code) of a data-block, where it is not usual."""
        kinds = {"LIGHT": ("lights", row.get("light")), "CAMERA": ("cameras", ""), "FONT": ("fonts", "")}
        held = row.get("settings", {})
        if not held:
            return
        section, kind = kinds[row["type"]]
        usual = self.fresh[section][kind] if kind else self.fresh[section]
        for name, value in held.items():
            same = isinstance(value, list) and all(map(near, value, usual.get(name, ())))
            if not same and not near(usual.get(name), value):
                yield name, self.text(name, value)

    # Modifiers and constraints

    def stack(self, ob: Json) -> Iterator[str]:
        owner = self.variables.get(("OBJECT", ob["name"]), "")
        for side in SIDES:
            for entry in ob.get(side, ()):
                usual = self.fresh[side][entry["type"]]
                told = [(name, value) for name, value in entry["settings"].items() if not _same(usual.get(name), value)]
                plain = [(name, value) for name, value in told if not isinstance(value, Mapping) or _written(value)]
                named = side == "constraints" and entry["name"] != usual["name"]
                thing = side[:-1]
                args = [literal(entry["name"])] if side == "modifiers" else []
                head = f"{thing} = " if plain or named else ""
                yield f"{head}{owner}.{side}.new({', '.join([*args, literal(entry['type'])])})"
                if named:
                    yield f"{thing}.name = {literal(entry['name'])}"
                for name, value in plain:
                    yield f"{thing}.{name} = {self.text(name, value)}"

    # Words of code

    def name(self, kind: str, name: str) -> str:
        if (kind, name) not in self.variables:
            self.variables[kind, name] = self.names.give(name + SUFFIX.get(kind, " data"))
        return self.variables[kind, name]

    def text(self, name: str, value: Any) -> str:
        if is_reference(value):
            return self.variables["OBJECT", value["name"]]
        if isinstance(value, Mapping):
            return "{" + ", ".join(map(literal, value["set"])) + "}" if value["set"] else "set()"
        if isinstance(value, str):
            return literal(value)
        if isinstance(value, list | tuple):
            return f"({', '.join(self.text('', each) for each in value)})"
        if value is None or isinstance(value, bool | int):
            return repr(value)
        return turned(value) if name in ANGLES else number(value)


ADDED = {
    "parent": "None",
    "collection": "scene.collection",
    "location": "(0, 0, 0)",
    "rotation": "(0, 0, 0)",
    "scale": "(1, 1, 1)",
}
"""Arguments of `add` → their defaults."""
SIDES = ("modifiers", "constraints")
AT_REST = {"rotation_euler": (0, 0, 0), "rotation_quaternion": (1, 0, 0, 0), "rotation_axis_angle": (0, 0, 1, 0)}
SUFFIX = {"OBJECT": "", "COLLECTION": "", "MESH": " mesh"}
"""What stands behind the name of a thing in its variable; ` data` of all others."""


def _turn(name: str, value: list[float]) -> str:
    return f"({', '.join(map(turned, value))})" if name.endswith("euler") else vector(value)


def _written(value: Mapping[str, Any]) -> bool:
    return is_reference(value) or value.keys() == {"set"}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return all(map(_same, a, b))
    return near(a, b)


def _word(value: Any) -> str:
    return literal(value) if isinstance(value, str) else repr(value)


def _bones_first(bones: list[Json]) -> list[Json]:
    """Bones, each behind its parent."""
    by_name = {bone["name"]: bone for bone in bones}
    ordered: dict[str, Json] = {}
    for bone in bones:
        row = [bone]
        while row[-1]["parent"] in by_name and row[-1]["parent"] not in ordered and len(row) <= len(bones):
            row.append(by_name[row[-1]["parent"]])
        ordered |= {each["name"]: each for each in reversed(row)}
    return list(ordered.values())


def called(head: str, args: list[str], tail: str = ")") -> Iterator[str]:
    """A call on one line, or with its arguments on lines of their own."""
    line = f"{head}{', '.join(args)}{tail}"
    if len(line) <= WIDTH:
        yield line
        return
    yield head
    line = ""
    for arg in args:
        if line and len(line) + len(arg) + 6 > WIDTH:
            yield f"    {line.rstrip()}"
            line = ""
        line += f"{arg}, "
    yield f"    {line.rstrip()}"
    yield tail
