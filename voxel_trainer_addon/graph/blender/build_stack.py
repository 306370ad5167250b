# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain stack built in Blender in the closed loop, on a stand-in that gets what Blender looks for there.

Some settings take only names that the object has (vertex groups, UV maps, shape keys), and some things only operators
make (surfaces of dynamic paint, bones). Each is made when a setting is not taken without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import bpy

from ..model import Value
from ..stack import Entry, Stack, with_paths
from ..steps import DATA, KINDS, At, Call, Fetch, Place, Set, Step, data, is_reference, placeholder
from .animation import animate
from .inputs import fit_inputs, live_path
from .rna import SETTERS
from .stacks import side_of
from .stage import REFUSALS, Loop

OPERATORS = Place("bpy.ops.object")
PAINT = {"canvas_settings": "CANVAS", "brush_settings": "BRUSH"}
LEVELS = ("levels", "sculpt_levels", "render_levels")
"""Settings of a multiresolution modifier that its mesh must have been subdivided for."""
TRIANGLE: Value = (((0, 0, 0), (1, 0, 0), (0, 1, 0)), (), ((0, 1, 2),))
CHANGED = frozenset({"ACTION", "MATERIAL"})
"""Kinds of data-blocks that a stack may add something to."""
PIN = "use_pin_to_last"
SEGMENTS = {
    "GREASE_PENCIL_DASH": ("bpy.ops.object", "grease_pencil_dash_modifier_segment_"),
    "GREASE_PENCIL_TIME": ("bpy.ops.object", "grease_pencil_time_modifier_segment_"),
    "GP_DASH": ("bpy.ops.gpencil", "segment_"),
    "GP_TIME": ("bpy.ops.gpencil", "time_segment_"),
}
"""Type of a modifier → the place of the operators that add and remove its segments, and how their names begin."""


def build_stack(stack: Stack) -> tuple[Step, ...]:
    """Make the stack in the open file, where what it refers to already is; the steps that it took after its object was
    there."""
    _refresh("OBJECT", stack.name, stack.kind)
    for kind, name in stack.references():
        if kind in CHANGED:
            _refresh(kind, name)
    loop = _Stack(stack)
    loop.bones()
    side = side_of(loop.live)
    loop.entries(loop.ob / side, stack.modifiers)
    loop.entries(loop.ob / "constraints", stack.constraints)
    for bone in stack.bones:
        loop.entries(loop.ob / "pose" / "bones" / At(bone.name) / "constraints", bone.constraints)
    loop.settle(loop.ob / side, stack.modifiers)
    animation = with_paths(stack.animation, stack.name, partial(live_path, loop.live))
    animate(loop, loop.ob, animation, lambda curve: loop.ob)
    return tuple(loop.steps)


def _refresh(kind: str, name: str, body: str = "") -> None:
    """Put a new stand-in in the place of one that another stack may have changed; whoever refers to it keeps it."""
    loop, blocks = Loop(), getattr(bpy.data, KINDS[kind].collection)
    old = blocks.get(name)
    for step in placeholder(kind, name, body):
        made = loop.do(step)
    if old is not None:
        old.user_remap(made)
        bpy.data.batch_remove([block for block in (old, getattr(old, "data", None)) if block])
        made.name = name


class _Stack(Loop):
    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.stack = stack
        self.ob = data("OBJECT", stack.name)
        self.live = self.stage.live(self.ob)
        self.context: Mapping[str, Value] = {"object": self.ob}
        self.unpinned = False

    def bones(self) -> None:
        """The bones that have constraints: they are made in edit mode, which wants the object to be in the scene."""
        if not self.stack.bones:
            return
        self.do(Call(Place("bpy.context.collection.objects"), "link", (self.ob,)))
        self.do(Set(Place("bpy.context.view_layer.objects"), "active", self.ob))
        self.do(Call(OPERATORS, "mode_set", (), {"mode": "EDIT"}))
        for bone in self.stack.bones:
            self.do(Call(self.ob / "data" / "edit_bones", "new", (bone.name,), result="bone"))
            self.do(Set(Place("bone"), "tail", [0, 0, 1]))
        self.do(Call(OPERATORS, "mode_set", (), {"mode": "OBJECT"}))

    # Modifiers and constraints

    def entries(self, place: Place, wanted: tuple[Entry, ...]) -> None:
        """Bring a collection of modifiers or constraints to the wanted ones, in their order."""
        live = self.stage.live(place)
        for n, entry in enumerate(wanted):
            later = wanted[n + 1 :]
            self.unpinned = all(other.settings.get(PIN) for other in later)
            self.entry(place, min(n, len(live)), entry, {other.name for other in later})
        while len(live) > len(wanted) and self.tried(Call(place, "remove", (place / At(live[-1].name),))):
            pass

    def entry(self, place: Place, n: int, entry: Entry, later: set[str]) -> None:
        live = self.stage.live(place)
        thing = Place("constraint" if place.path[-1] == "constraints" else "modifier")
        came = _came_along(live[n:], entry, later)
        if came is not None:
            made = self.do(Fetch(thing.base, place / At(came.name)))
        else:
            args = (entry.type,) if thing.base == "constraint" else (entry.name, entry.type)
            if not self.tried(Call(place, "new", args, result=thing.base)):
                return
            made = self.stage.things[thing.base]
            if made is None:  # an object has one of these at most
                self.steps.pop()
                return
        self.set(thing, made, "name", entry.name, str)
        if live[n] != made:
            self.tried(Call(place, "move", (live.find(made.name), n)))
        self.fit(thing, made, entry.settings)
        if entry.group and made.node_group:
            fit_inputs(self, thing, made, entry)

    def settle(self, place: Place, wanted: tuple[Entry, ...]) -> None:
        """What a modifier says of a later one (of a particle system, say), then which stay at the end: each of these
        goes before those that do so already."""
        live = self.stage.live(place)
        for entry in wanted:
            if entry.name in live:
                self.fit(place / At(entry.name), live[entry.name], entry.settings)
        self.unpinned = False
        for entry in reversed(wanted):
            if entry.name in live and PIN in entry.settings:
                self.set(place / At(entry.name), live[entry.name], PIN, entry.settings[PIN], bool)

    # What Blender looks for

    def set(self, place: Place, struct: Any, name: str, want: Value, read: Any) -> bool:
        if read(getattr(struct, name)) == want or (name == PIN and self.unpinned):
            return False
        if self.assign(place, struct, name, want, read):
            return True
        return self.make_ready(place, struct, name, want) and self.assign(place, struct, name, want, read)

    def assign(self, place: Place, struct: Any, name: str, want: Value, read: Any) -> bool:
        if struct.bl_rna.identifier == "CurveProfilePoint" and name.startswith("handle_type"):
            self.select(Place(place.base, place.path[:-1]), struct)
        if method := SETTERS.get((type(struct).__name__, name)):
            return self.tried(Call(place, method, (want,)))
        if isinstance(want, Mapping) and "thing" in want:
            return self.tried(Set(place, name, self.thing(place, want)))
        return super().set(place, struct, name, want, read)

    def thing(self, place: Place, want: Mapping[str, str]) -> Place:
        """Where a part of a data-block is that the struct at `place` points to."""
        match want["thing"]:
            case "ActionSlot":
                return place / "action" / "slots" / At(want["name"])
            case "ShapeKey":
                return self.ob / "data" / "shape_keys" / "key_blocks" / At(want["name"])
        return self.ob / "particle_systems" / At(want["name"])

    def make_ready(self, place: Place, struct: Any, name: str, want: Value) -> bool:
        """Make what a setting wants to be there first; whether there was anything to make."""
        body = self.ob / "data"
        thing = want["thing"] if isinstance(want, Mapping) and "thing" in want else ""
        if isinstance(want, str) and "vertex_group" in name and want not in self.live.vertex_groups:
            return self.tried(Call(self.ob / "vertex_groups", "new", (), {"name": want}))
        if isinstance(want, str) and "uv_layer" in name and want not in getattr(self.live.data, "uv_layers", (want,)):
            return self.tried(Call(body / "uv_layers", "new", (), {"name": want}))
        if thing == "ShapeKey":
            return self.tried(Call(self.ob, "shape_key_add", (), {"name": want["name"], "from_mix": False}))
        if thing == "ActionSlot":
            return self.tried(Call(place / "action" / "slots", "new", ("OBJECT", want["name"][2:])))
        if is_reference(want) and want["id"] == "MATERIAL":  # a grease pencil's modifiers take those that it has
            made = Call(DATA / "materials", "create_gpencil_data", (want,))
            return self.tried(made) and self.tried(Call(body / "materials", "append", (want,)))
        if struct.bl_rna.identifier == "MultiresModifier" and name in LEVELS:
            return self.subdivide(struct, want)
        if name == "use_disk_cache":  # without a file on disk Blender takes it back when it is set by itself
            return self.tried(Call(place / "point_caches", "foreach_set", (name, [want] * len(struct.point_caches))))
        return struct.is_property_readonly(name) and self.unlock(place, struct, name)

    def unlock(self, place: Place, struct: Any, name: str) -> bool:
        """Bring a struct into a state in which a property may be set; the next round brings it back."""
        for p in struct.bl_rna.properties:
            if p.type != "ENUM" or p.is_enum_flag or p.is_readonly:
                continue
            now = getattr(struct, p.identifier)
            for item in p.enum_items:
                with contextlib.suppress(*REFUSALS):
                    setattr(struct, p.identifier, item.identifier)
                if not struct.is_property_readonly(name):
                    self.steps.append(Set(place, p.identifier, item.identifier))
                    return True
            with contextlib.suppress(*REFUSALS):
                setattr(struct, p.identifier, now)
        return False

    def select(self, points: Place, wanted: Any) -> None:
        """Select one point alone: the handles of selected points change, whichever point is asked to."""
        for n, point in enumerate(self.stage.live(points)):
            if point.select != (point == wanted):
                self.do(Set(points / At(n), "select", point == wanted))

    def subdivide(self, modifier: Any, levels: int) -> bool:
        if not len(self.live.data.polygons):
            self.tried(Call(self.ob / "data", "from_pydata", TRIANGLE))
        before = modifier.total_levels
        for _ in range(levels - before):
            self.tried(Call(OPERATORS, "multires_subdivide", (), {"modifier": modifier.name}, context=self.context))
        return bool(modifier.total_levels > before)

    def make_struct(self, place: Place, name: str) -> bool:
        if name not in PAINT:
            return super().make_struct(place, name)
        toggle = Call(Place("bpy.ops.dpaint"), "type_toggle", (), {"type": PAINT[name]}, context=self.context)
        return self.tried(toggle)

    def new_item(self, place: Place, live: Any, item: Mapping[str, Value]) -> Step | None:
        owner = Place(place.base, place.path[:-1])
        if step := super().new_item(place, live, item):
            return step
        match place.path[-1]:
            case "points":
                return Call(place, "add", tuple(item["location"]))
            case "targets":
                context = {**self.context, "particle_system": owner}
                return Call(Place("bpy.ops.particle"), "new_target", context=context)
        return self.operator(place, "add")

    def old_item(self, place: Place, live: Any) -> Step:
        return self.operator(place, "remove", len(live) - 1) or super().old_item(place, live)

    def operator(self, place: Place, verb: str, index: int | None = None) -> Step | None:
        """The operator that adds or removes an item of a collection that has no methods for it."""
        if place.path[-1] == "canvas_surfaces":
            return Call(Place("bpy.ops.dpaint"), f"surface_slot_{verb}", context=self.context)
        modifier = self.stage.live(Place(place.base, place.path[:-1]))
        where = SEGMENTS.get(getattr(modifier, "type", "")) if place.path[-1] == "segments" else None
        if where is None:
            return None
        named = {"modifier": modifier.name} | ({} if index is None else {"index": index})
        return Call(Place(where[0]), f"{where[1]}{verb}", (), named, context=self.context)


def _came_along(live: Any, entry: Entry, later: set[str]) -> Any:
    """The modifier that another one brought along and that the entry tells of: a fluid's particle systems, say."""
    alike = [other for other in live if other.type == entry.type]
    named = [other for other in alike if other.name == entry.name]
    return next(iter(named or [other for other in alike if other.name not in later]), None)
