# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers and keyframes of a data-block: read as plain curves, and made again in the closed loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import bpy

from ..model import Animation, Curve, Found, Value
from ..steps import OWN_TREE, At, Call, Fetch, PathOf, Place, data
from .rna import numbers, values
from .stage import REFUSALS, Loop

NODE = re.compile(r'nodes\["((?:[^"\\]|\\.)*)"\]\.?(.+)')
PART = re.compile(r'\.?([A-Za-z_]\w*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
ALL = re.compile("")
BLENDED = ("action", "action_blend_type", "action_extrapolation", "action_influence", "use_nla")
"""What tells how an action works on its data-block."""
HELD, CURVE, DRIVER, VARIABLE, TARGET, MODIFIER = map(
    Place, ("animation", "curve", "driver", "variable", "target", "modifier")
)

# Reading


def read_animation(block: Any, names: Mapping[str, str] | None = None, wanted: re.Pattern[str] = ALL) -> Animation:
    """Drivers and keyframes of a data-block; `names`: name of a node → how the graph calls it, for trees. Only curves
    with a path like `wanted` are read; without keyframes among them, how the action works says nothing."""
    held = block.animation_data
    if held is None:
        return Animation()
    drivers = tuple(_curve(curve, block, names) for curve in held.drivers if wanted.match(curve.data_path))
    if held.action is None:
        return Animation(drivers)
    curves = (curve for curve in _curves_of_action(held) if wanted.match(curve.data_path))
    keys = tuple(_curve(curve, block, names) for curve in curves)
    if wanted is not ALL and not keys:
        return Animation(drivers)
    settings = {name: value for name, value in values(held).items() if name in BLENDED}
    return Animation(drivers, keys, settings)


def _curves_of_action(held: Any) -> Iterator[Any]:
    """The curves that an action has for a data-block; from 4.4 on those of its slot in every layer."""
    if not hasattr(held, "action_slot"):
        yield from held.action.fcurves
        return
    for layer in held.action.layers if held.action_slot else ():
        for strip in layer.strips:
            bag = strip.channelbag(held.action_slot)
            yield from bag.fcurves if bag else ()


def _curve(curve: Any, block: Any, names: Mapping[str, str] | None) -> Curve:
    settings = values(curve)
    settings["modifiers"] = [{"type": modifier.type, **values(modifier)} for modifier in curve.modifiers]
    if settings["driver"]:
        for variable, live in zip(settings["driver"]["variables"], curve.driver.variables, strict=True):
            for target, source in zip(variable["targets"], live.targets, strict=True):
                if source.id == block and names is not None:
                    target["id"] = OWN_TREE
    path = curve.data_path
    found = NODE.fullmatch(path)
    node = names.get(bpy.utils.unescape_identifier(found[1])) if names and found else None
    return Curve(found[2] if node and found else path, curve.array_index, settings, node)


# Making


def animate(
    loop: Loop,
    block: Place,
    animation: Animation,
    begin: Callable[[Curve], Place],
    named: Callable[[Place], Place] = lambda place: place,
) -> None:
    """Make the curves of the data-block at `block`. `begin` is where a curve's path begins, the block or one of its
    nodes; `named` gives a place the name that the rest of the code uses."""
    for curve in animation.drivers:
        _drive(loop, block, curve, begin(curve), named)
    if animation.settings:
        loop.do(Call(block, "animation_data_create", result=HELD.base))
        loop.fit(HELD, loop.stage.live(HELD), animation.settings)
    for curve in animation.keys:
        _key(loop, block, animation.settings["action"], curve, begin(curve), named)


def property_of(path: str) -> tuple[tuple[str | At, ...], str] | None:
    """`inputs[0].default_value` as the way to a struct and the name of a property; None where it leads to none."""
    parts: list[str | At] = []
    end = 0
    for part in PART.finditer(path):
        if part.start() != end:
            return None
        end = part.end()
        name, index, key = part.groups()
        parts.append(name or At(int(index) if index else bpy.utils.unescape_identifier(key)))
    if end != len(path) or not parts:
        return None
    last = parts.pop()
    if isinstance(last, At):
        if isinstance(last.key, int):
            return None
        last = f'["{bpy.utils.escape_identifier(last.key)}"]'
    return tuple(parts), last


def _moved(loop: Loop, curve: Curve, start: Place) -> tuple[Place, str] | None:
    """The struct and the property that a curve moves, where Blender itself would write the same path for them; code
    that finds the property leaves the path to Blender."""
    found = property_of(curve.path)
    if found is None:
        return None
    place, name = Place(start.base, (*start.path, *found[0])), found[1]
    try:
        path = loop.stage.live(place).path_from_id(name)
        same = isinstance(curve, Found) or path == loop.stage.value(_text(curve, start))
        return (place, name) if same else None
    except REFUSALS:
        return None


def _text(curve: Curve, start: Place) -> Value:
    """The path of a curve, spelled out."""
    if curve.node is None:
        return curve.path
    return PathOf(start, "", curve.path if curve.path.startswith("[") else f".{curve.path}")


def _drive(loop: Loop, block: Place, curve: Curve, start: Place, named: Callable[[Place], Place]) -> None:
    moved = _moved(loop, curve, start)
    if moved:
        place, name = moved
        p = loop.stage.live(place).bl_rna.properties.get(name)
        index = (curve.index,) if curve.index or getattr(p, "is_array", False) else ()
        made = loop.tried(Call(named(place), "driver_add", (name, *index), result=CURVE.base))
    else:
        at = {"index": curve.index} if curve.index else {}
        loop.do(Call(block, "animation_data_create", result=HELD.base))
        made = loop.tried(Call(HELD / "drivers", "new", (_text(curve, start),), at, CURVE.base))
    if not made:
        return
    _shape(loop, curve)
    driver = loop.do(Fetch(DRIVER.base, CURVE / "driver"))
    want = curve.settings.get("driver", {})
    loop.fit(DRIVER, driver, _without(want, "variables"))
    for held in _rows(want.get("variables", ())):
        variable = loop.do(Call(DRIVER / "variables", "new", result=VARIABLE.base))
        loop.fit(VARIABLE, variable, _without(held, "targets"))
        for n, target in enumerate(_rows(held.get("targets", ()))[: len(variable.targets)]):
            loop.fit(TARGET, loop.do(Fetch(TARGET.base, VARIABLE / "targets" / At(n))), target)


def _key(loop: Loop, block: Place, action: Value, curve: Curve, start: Place, named: Callable[[Place], Place]) -> None:
    moved = _moved(loop, curve, start)
    path = PathOf(named(moved[0]), moved[1]) if moved else _text(curve, start)
    index = {"index": curve.index} if curve.index else {}
    place = data(action["id"], action["name"])
    if hasattr(bpy.types, "ActionSlot"):  # from 4.4 on
        made = loop.tried(Call(place, "fcurve_ensure_for_datablock", (block, path), index, CURVE.base))
    else:
        made = loop.tried(Call(place / "fcurves", "new", (path,), index, CURVE.base))
    if made:
        _shape(loop, curve)


def _shape(loop: Loop, curve: Curve) -> None:
    """Keyframe points, modifiers and settings of the curve that was just made."""
    live, want = loop.stage.live(CURVE), curve.settings
    _points(loop, live.keyframe_points, want.get("keyframe_points", {}))
    _modifiers(loop, live.modifiers, want.get("modifiers", {}))
    loop.fit(CURVE, live, _without(want, "keyframe_points", "modifiers", "driver"))


def _points(loop: Loop, live: Any, want: Value) -> None:
    place = CURVE / "keyframe_points"
    if isinstance(want, Mapping):
        loop.told.pop(place, None)  # of the curve before
        loop.told_collection(place, live, want)
        return
    if [numbers(point.co) for point in live] != [point["co"] for point in want]:
        if len(live):
            loop.do(Call(place, "clear"))
        for point in want:
            loop.do(Call(place, "insert", tuple(point["co"])))
    for n, point in enumerate(want[: len(live)]):
        loop.fit(place / At(n), live[n], point)


def _modifiers(loop: Loop, live: Any, want: Value) -> None:
    """Make them anew, unless those that Blender gives a new driver are of the same types."""
    place, rows = CURVE / "modifiers", _rows(want, "type")
    kept = isinstance(want, Mapping) and not want.keys() & {"new", "remove"}
    if kept or [(held.type, ()) for held in live] == [(row["type"], row.get("control_points", ())) for row in rows]:
        for n, row in enumerate(rows[: len(live)]):
            loop.fit(place / At(n), live[n], row)
        return
    while len(live):
        loop.do(Call(place, "remove", (place / At(0),)))
    for row in rows:
        if loop.tried(Call(place, "new", (row["type"],), result=MODIFIER.base)):
            made = loop.stage.live(MODIFIER)
            for point in _rows(row.get("control_points", ()), "frame"):
                loop.do(Call(MODIFIER / "control_points", "add", (point["frame"],)))
            loop.fit(MODIFIER, made, _without(row, "control_points"))  # setting one may crash Blender


def _rows(told: Value, made_with: str = "") -> Sequence[Mapping[str, Value]]:
    """The items of a collection, also of one that the compact form tells by what is done to it; `made_with` is the
    setting that an item is made with."""
    if not isinstance(told, Mapping):
        listed: Sequence[Mapping[str, Value]] = told
        return listed
    made = [*told.get("new", ()), *told.get("add", ())]
    count = max([len(made), *(int(n) + 1 for n in told if n.isdigit())])
    rows = [dict(told.get(str(n), {})) for n in range(count)]
    for row, args in zip(rows, made, strict=False):
        row.update({made_with: args[0]} if made_with else {})
    return rows


def _without(settings: Mapping[str, Value], *names: str) -> dict[str, Value]:
    return {name: value for name, value in settings.items() if name not in names}
