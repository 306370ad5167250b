# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers and constraints of an object, read as a plain stack."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import bpy

from ..stack import Bone, Entry, Stack, with_paths
from .animation import read_animation
from .inputs import read_inputs, told_path
from .rna import values

OURS = re.compile(
    r"(?:modifiers|grease_pencil_modifiers|particle_systems|constraints)\[|(?:collision|soft_body)\."
    r'|pose\.bones\["(?:[^"\\]|\\.)*"\]\.constraints\['
)
"""How the data paths of what belongs to a stack begin."""


def read_stack(ob: Any, objects: Any = None) -> Stack | None:
    """The modifiers and constraints of an object, those of its bones too, with what moves them; None where it has none.
    `objects`: where the objects that it refers to are found by name, `bpy.data.objects` unless given."""
    bones = tuple(
        Bone(bone.name, tuple(map(_constraint, bone.constraints)))
        for bone in (ob.pose.bones if ob.pose else ())
        if len(bone.constraints)
    )
    modifiers = getattr(ob, side_of(ob))
    if not (len(modifiers) or len(ob.constraints) or bones):
        return None
    stack = Stack(
        f"objects/{ob.name}",
        body_of(ob),
        tuple(map(_modifier, modifiers)),
        tuple(map(_constraint, ob.constraints)),
        bones,
        with_paths(read_animation(ob, wanted=OURS), ob.name, partial(told_path, ob)),
    )
    everything: Any = bpy.data.objects if objects is None else objects
    named = sorted({name for kind, name in stack.references() if kind == "OBJECT"} - {ob.name})
    found = ((name, everything.get(name)) for name in named)
    return replace(stack, bodies={name: body_of(other) for name, other in found if other is not None})


def side_of(ob: Any) -> str:
    """The collection that holds an object's modifiers: grease pencils had one of their own before 4.3."""
    return "grease_pencil_modifiers" if ob.type == "GPENCIL" else "modifiers"


def body_of(ob: Any) -> str:
    """The type of an object, as `steps.BODIES` calls it."""
    return "GREASEPENCIL_V3" if ob.type == "GREASEPENCIL" and hasattr(bpy.data, "grease_pencils_v3") else ob.type


def _constraint(constraint: Any) -> Entry:
    if not hasattr(constraint, "type"):  # of a type that this Blender does not know
        return Entry("", "")
    return Entry(constraint.name, constraint.type, values(constraint))


def _modifier(modifier: Any) -> Entry:
    entry = Entry(modifier.name, modifier.type, values(modifier))
    return replace(entry, **read_inputs(modifier)) if entry.group else entry
