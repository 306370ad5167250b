# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that hold one type of modifier or constraint in all its settings, for every type that Blender offers.

`python -m tests.graph.every_modifier [modifiers] [constraints] [TYPE …]` proves them all and prints the matrix.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import bpy

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.graph import stack_dump
from tests.graph.every_node import REFUSES, Changer, Path_, choices, places, quiet, reach
from tests.graph.rna_dump import first
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.blender.stacks import read_stack
from voxel_trainer_addon.worker.inside import empty, prove_stacks

TYPES: Any = bpy.types
DATA: Any = bpy.data
COMBINATIONS = 3
TOGETHER = 12
"""Modifiers or constraints on one object."""
PENCILS = "grease_pencils_v3" if hasattr(DATA, "grease_pencils_v3") else "grease_pencils"
BODIES: dict[str, Callable[[], Any]] = {
    "MESH": lambda: DATA.meshes.new("Body"),
    "GREASEPENCIL": lambda: getattr(DATA, PENCILS).new("Body"),
    "VOLUME": lambda: DATA.volumes.new("Body"),
    "CURVE": lambda: DATA.curves.new("Body", "CURVE"),
    "SURFACE": lambda: DATA.curves.new("Body", "SURFACE"),
    "FONT": lambda: DATA.curves.new("Body", "FONT"),
    "LATTICE": lambda: DATA.lattices.new("Body"),
    "ARMATURE": lambda: DATA.armatures.new("Body"),
    "CURVES": lambda: DATA.hair_curves.new("Body"),
    "POINTCLOUD": lambda: DATA.pointclouds.new("Body"),
    "META": lambda: DATA.metaballs.new("Body"),
    "CAMERA": lambda: DATA.cameras.new("Body"),
    "LIGHT": lambda: DATA.lights.new("Body", "SUN"),
    "SPEAKER": lambda: DATA.speakers.new("Body"),
    "EMPTY": lambda: None,
}
BONES = ('Upper "arm"', "Händ")


def listed(kind: str) -> list[str]:
    """Every type of modifier or constraint that this Blender names."""
    bases = [TYPES.Constraint] if kind == "constraints" else [TYPES.Modifier, getattr(TYPES, "GpencilModifier", None)]
    return [item.identifier for base in bases if base for item in base.bl_rna.properties["type"].enum_items]


def side(ob: Any) -> Any:
    return ob.grease_pencil_modifiers if ob.type == "GPENCIL" else ob.modifiers


def new_object(body: str, name: str = "Thing") -> Any:
    """An object of that kind; an armature has bones."""
    ob = DATA.objects.new(name, BODIES[body]())
    if body == "ARMATURE":
        bpy.context.collection.objects.link(ob)
        bpy.context.view_layer.objects.active = ob
        bpy.ops.object.mode_set(mode="EDIT")
        for bone in BONES:
            ob.data.edit_bones.new(bone).tail = (0, 1, 0)
        bpy.ops.object.mode_set(mode="OBJECT")
    return ob


def holders(ob: Any) -> list[Any]:
    """What may have constraints: the object, and the bones of its pose."""
    return [ob, *(ob.pose.bones if ob.pose else ())]


def bodies(kind: str) -> list[str]:
    """The kinds of objects that take such a modifier, those first that it was made for."""
    found = []
    order = sorted(BODIES, key=lambda body: body != ("GREASEPENCIL" if kind[0] == "G" or kind == "LINEART" else "MESH"))
    with quiet():
        for body in order:
            with contextlib.suppress(*REFUSES):
                if side(new_object(body)).new("Try", kind):
                    found.append(body)
    return found


# What a modifier wants to be there before it can be changed


def _operate(ob: Any, operator: Any, system: Any = None, **named: Any) -> None:
    with bpy.context.temp_override(object=ob, particle_system=system):
        assert operator(**named) == {"FINISHED"}


def _paint(ob: Any, modifier: Any) -> None:
    for kind in ("CANVAS", "BRUSH"):
        _operate(ob, bpy.ops.dpaint.type_toggle, type=kind)
    _operate(ob, bpy.ops.dpaint.surface_slot_add)
    ob.modifiers.new("Particles", "PARTICLE_SYSTEM")


def _fluid(kind: str) -> Callable[[Any, Any], None]:
    def prepare(ob: Any, modifier: Any) -> None:
        modifier.fluid_type = kind
        ob.modifiers.new("Particles", "PARTICLE_SYSTEM")

    return prepare


def _particles(ob: Any, modifier: Any) -> None:
    for _ in range(2):
        _operate(ob, bpy.ops.particle.new_target, modifier.particle_system)


def _multires(ob: Any, modifier: Any) -> None:
    ob.data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    for _ in range(3):
        _operate(ob, bpy.ops.object.multires_subdivide, modifier=modifier.name)


def _segments(ob: Any, modifier: Any) -> None:
    operators = {
        "GREASE_PENCIL_DASH": bpy.ops.object.grease_pencil_dash_modifier_segment_add,
        "GREASE_PENCIL_TIME": bpy.ops.object.grease_pencil_time_modifier_segment_add,
        "GP_DASH": bpy.ops.gpencil.segment_add,
        "GP_TIME": bpy.ops.gpencil.time_segment_add,
    }
    for _ in range(2):
        _operate(ob, operators[modifier.type], modifier=modifier.name)


def _profile(ob: Any, modifier: Any) -> None:
    for n in range(3):
        modifier.custom_profile.points.add(0.2 + n / 4, 0.9 - n / 5)
    points = modifier.custom_profile.points
    for n, handle in enumerate(("ALIGN", "FREE", "VECTOR")):
        for m, point in enumerate(points):
            point.select = m == n + 1
        points[0].handle_type_2, points[0].handle_type_1 = handle, "VECTOR"  # that of the selected point


PREPARED: dict[str, list[Callable[[Any, Any], None]]] = {
    "BEVEL": [_profile],
    "CLOTH": [lambda ob, modifier: ob.shape_key_add(name="Rest", from_mix=False) and None],
    "DYNAMIC_PAINT": [_paint],
    "FLUID": [_fluid("DOMAIN"), _fluid("FLOW"), _fluid("EFFECTOR")],
    "GP_DASH": [_segments],
    "GP_TIME": [_segments],
    "GREASE_PENCIL_DASH": [_segments],
    "GREASE_PENCIL_TIME": [_segments],
    "HOOK": [lambda ob, modifier: modifier.vertex_indices_set([3, 1, 7])],
    "MULTIRES": [_multires],
    "PARTICLE_SYSTEM": [_particles],
}
ALONE = frozenset({"CLOTH", "DYNAMIC_PAINT", "FLUID", "MULTIRES"})
"""What they bring along belongs to the whole object."""


class StackChanger(Changer):
    """Changes settings of modifiers and constraints of one object, which gets the names that they look for."""

    def __init__(self, seed: str, ob: Any) -> None:
        super().__init__(seed, "geometry")
        self.ob = ob

    def change(self, node: Any, path: Path_, p: Any) -> None:
        if p.type not in ("STRING", "POINTER"):
            super().change(node, path, p)
            return
        with contextlib.suppress(*REFUSES, IndexError):
            thing = reach(node, path[:-1])
            for new in self.names(p) if p.type == "STRING" else self.targets(thing, p.fixed_type.identifier):
                with contextlib.suppress(*REFUSES):
                    setattr(thing, p.identifier, new)
                if getattr(thing, p.identifier) == new:
                    break

    def fill(self, node: Any, every: bool = False) -> None:
        super().fill(node, every)
        for path, p in places(node):
            if p.subtype == "MATRIX":  # a new target has reset it
                self.change(node, path, p)

    def names(self, p: Any) -> Iterator[str]:
        name = f'Größe "{self.random.randint(1, 5)}"'
        with contextlib.suppress(*REFUSES):
            if "vertex_group" in p.identifier and name not in self.ob.vertex_groups:
                self.ob.vertex_groups.new(name=name)
            if "uv_layer" in p.identifier and name not in self.ob.data.uv_layers:
                self.ob.data.uv_layers.new(name=name)
        yield name

    def targets(self, thing: Any, kind: str) -> list[Any]:
        """What a pointer may point to, in an order by chance: many take objects of one kind alone."""
        if kind == "Object":
            found = [ob for ob in DATA.objects if ob.name.startswith("Aim")]
        elif kind == "Material":
            found = [self.material()]
        elif kind == "Action":
            found = [action()]
        elif kind == "ActionSlot":
            found = list(thing.action.slots)
        elif kind == "ParticleSystem":
            found = list(self.ob.particle_systems)
        elif kind == "ShapeKey":
            found = list(self.ob.data.shape_keys.key_blocks)
        elif kind == "CacheFile":
            found = [cache_file()]
        elif kind == "ParticleSettings":
            found = [DATA.particles.get("Mine") or DATA.particles.new("Mine")]
        else:
            found = [block for block in [self.block(kind)] if block is not None]
        self.random.shuffle(found)
        return found

    def material(self) -> Any:
        ink = DATA.materials.get("Ink") or DATA.materials.new("Ink")
        if hasattr(self.ob.data, "layers") and "Ink" not in self.ob.data.materials:
            DATA.materials.create_gpencil_data(ink)
            self.ob.data.materials.append(ink)
        return ink


def action() -> Any:
    found = DATA.actions.get("Dance")
    if found is None:
        found = DATA.actions.new("Dance")
        for name in ("First", "Second") if hasattr(found, "slots") else ():
            found.slots.new("OBJECT", name)
    return found


def cache_file() -> Any:
    """Blender reads it when it is needed, so any file will do."""
    if not len(DATA.cache_files):
        bpy.ops.cachefile.open(filepath=str(Path(bpy.utils.system_resource("DATAFILES"), "fonts", "Inter.woff2")))
    return DATA.cache_files[0]


class Things:
    """Objects that hold one type of modifier or constraint, in ever other settings."""

    def __init__(self, kind: str, name: str, body: str) -> None:
        self.kind, self.type, self.body = kind, name, body
        self.objects: list[Any] = []
        self.changer = StackChanger(name, None)
        self.prepare: Callable[[Any, Any], None] = lambda ob, modifier: None

    def add(self, words: str) -> Any:
        """One more of that type, prepared."""
        ob = self.objects[-1] if self.objects else None
        made = None
        if ob is not None and self.type not in ALONE and self.count(ob) < TOGETHER:
            made = self.new(ob, words)
        if made is None:
            ob = new_object(self.body)
            self.objects.append(ob)
            made = self.new(ob, words)
        self.changer.ob = ob
        self.prepare(ob, made)
        return made

    def count(self, ob: Any) -> int:
        return len(side(ob)) if self.kind == "modifiers" else sum(len(holder.constraints) for holder in holders(ob))

    def new(self, ob: Any, words: str) -> Any:
        if self.kind == "modifiers":
            return side(ob).new(words[:60], self.type)
        held = holders(ob)
        made = held[self.count(ob) % len(held)].constraints.new(self.type)
        made.name = words[:60]
        return made

    def fill(self) -> None:
        """As new, filled, each item of each enum and each switch by itself, and combinations."""
        changer = self.changer
        fresh = self.add("as new")
        found = list(places(fresh))
        changer.fill(self.add("filled"), every=True)
        for path, p in found:
            where = ".".join(map(str, path))
            if p.type == "ENUM" and not p.is_enum_flag:
                for item in choices(reach(fresh, path[:-1]), p.identifier):
                    made = self.add(f"{where} = {item}")
                    with contextlib.suppress(*REFUSES, IndexError):
                        setattr(reach(made, path[:-1]), p.identifier, item)
                    changer.fill(made)
            elif p.type == "BOOLEAN":
                made = self.add(f"{where} turned")
                with contextlib.suppress(*REFUSES, IndexError):
                    thing = reach(made, path[:-1])
                    now = getattr(thing, p.identifier)
                    setattr(thing, p.identifier, [not x for x in now] if p.is_array else not now)
        for n in range(COMBINATIONS):
            made = self.add(f"combination {n}")
            changer.turn(made, but=("use_pin_to_last",))
            changer.fill(made)


# There and back


def failures(objects: list[Any]) -> list[str]:
    """Prove the stacks of these objects together, run each script and compare what RNA shows. Leaves Blender empty."""
    keys = [f"objects/{ob.name}" for ob in objects]
    wanted = {key: stack_dump.stack(ob) for key, ob in zip(keys, objects, strict=True)}
    stacks = {key: read_stack(ob) for key, ob in zip(keys, objects, strict=True)}
    body = {
        "graphs": {key: graph.as_json() for key, graph in read_graphs(bpy.data)[0].items()},
        "stacks": {key: stack.as_json() for key, stack in stacks.items() if stack},
        "roots": keys,
    }
    out = []
    for key, answer in prove_stacks.run(body, Path())["scripts"].items():
        if not answer["proven"]:
            out.append(f"{key}: {answer['reason']}")
            continue
        empty()
        exec(compile(answer["code"], key, "exec"), {"__name__": "__main__"})
        made = stack_dump.stack(DATA.objects[key.split("/", 1)[1]])
        if made != wanted[key]:
            out.append(f"RNA of {key}: {first(wanted[key], made)}")
    empty()
    return out


def aims() -> None:
    """One object of each kind to point to."""
    for body in BODIES:
        with contextlib.suppress(*REFUSES):
            new_object(body, f"Aim {body.lower()}")


def prove_type(kind: str, name: str) -> list[str]:
    """The failures of one type in all its settings, and filled on all other kinds of objects that take it."""
    empty()
    out: list[str] = []
    try:
        with quiet():
            takers = bodies(name) if kind == "modifiers" else ["ARMATURE", "EMPTY"]
            if not takers:
                out.append("no kind of object takes it")
            for n, body in enumerate(takers):
                for prepare in PREPARED.get(name, [lambda ob, modifier: None]) if n == 0 else [lambda ob, m: None]:
                    empty()
                    aims()
                    things = Things(kind, name, body)
                    things.prepare = prepare
                    if n == 0:
                        things.fill()
                    else:
                        things.changer.fill(things.add("filled"))
                    out += [f"on {body}: {words}" for words in failures(things.objects)]
    except Exception:
        out.append(traceback.format_exc(limit=-4))
    return out


# Stacks made by chance


def mixed(seed: int) -> Any:
    """An object with modifiers and constraints of any types, some settings changed and some moved."""
    random = Random(seed)
    ob = new_object(random.choice(("MESH", "MESH", "GREASEPENCIL", "CURVE", "ARMATURE", "LATTICE")))
    changer = StackChanger(str(seed), ob)
    for _ in range(random.randint(0, 6)):
        with contextlib.suppress(*REFUSES):
            side(ob).new(random.choice(("Same", "Other")), random.choice(listed("modifiers")))
    for _ in range(random.randint(1, 4)):
        with contextlib.suppress(*REFUSES):
            random.choice(holders(ob)).constraints.new(random.choice(listed("constraints")))
    for thing in (*side(ob), *(constraint for holder in holders(ob) for constraint in holder.constraints)):
        changer.fill(thing)
        found = [(path, p) for path, p in places(thing) if p.type in ("INT", "FLOAT") and not p.is_array]
        for path, p in random.sample(found, min(2, len(found))):
            with contextlib.suppress(*REFUSES):
                move(reach(thing, path[:-1]), p.identifier, random)
    return ob


def move(thing: Any, name: str, random: Random) -> None:
    """A driver that leaves a property as it is, or two keyframes of it."""
    if random.random() < 0.5:
        driver = thing.driver_add(name).driver
        driver.expression = f"a * 0 + {getattr(thing, name)!r}"
        variable = driver.variables.new()
        variable.name, target = "a", variable.targets[0]
        target.id, target.data_path = thing.id_data, thing.path_from_id(name)
    else:
        for frame in (1, 12):
            thing.keyframe_insert(name, frame=frame)


def prove_mixed(seeds: Iterable[int]) -> list[str]:
    """The failures of stacks made by chance, all of them proven in one job."""
    empty()
    with quiet():
        aims()
        made = {seed: mixed(seed) for seed in seeds}
        for seed, ob in made.items():
            ob.name = f"Mixed {seed}"
        return failures(list(made.values()))


def main(words: list[str]) -> int:
    """Print the matrix of this Blender."""
    version, wrong = ".".join(map(str, bpy.app.version)), 0
    kinds = [
        kind for kind in ("modifiers", "constraints") if kind in words or not {"modifiers", "constraints"} & {*words}
    ]
    asked = {*words} - {"modifiers", "constraints"}
    for kind in kinds:
        started, bad = time.monotonic(), 0
        names = [name for name in listed(kind) if not asked or name in asked]
        for name in names:
            found = prove_type(kind, name)
            bad += bool(found)
            for failure in itertools.islice(found, 6):
                print(f"  {name} {failure}", flush=True)
        wrong += bad
        minutes = (time.monotonic() - started) / 60
        print(f"{version} {kind}: {len(names) - bad} / {len(names)} exact, {minutes:.1f} minutes", flush=True)
    return wrong


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(min(status, 1))
