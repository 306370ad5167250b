# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of a scene in words at three lengths: what there is, how it hangs together, where everything stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..scene import COLLECTION, SCENE, Json, Plan, near
from ..write_scene import AT_REST, degrees, number, vector
from .phrases import article, listed
from .stacks import Entry, entries, in_order

LENGTHS = ("line", "short", "full")
NAMES = 12
"""Objects that a short description names."""
KINDS = {
    "ARMATURE": "armature",
    "CAMERA": "camera",
    "CURVE": "curve",
    "EMPTY": "empty",
    "FONT": "text",
    "LATTICE": "lattice",
    "MESH": "mesh",
    "META": "metaball",
    "SPEAKER": "speaker",
    "SURFACE": "surface",
}
PLURALS = {"mesh": "meshes", "empty": "empties", "box": "boxes"}
LIGHTS = {"POINT": "point light", "SUN": "sun light", "SPOT": "spot light", "AREA": "area light"}
ENGINES = {
    "CYCLES": "Cycles",
    "BLENDER_EEVEE": "EEVEE",
    "BLENDER_EEVEE_NEXT": "EEVEE",
    "BLENDER_WORKBENCH": "Workbench",
}
PROJECTIONS = {"PERSP": "perspective", "ORTHO": "orthographic", "PANO": "panoramic"}
USUAL: Json = {
    "render.resolution_x": 1920,
    "render.resolution_y": 1080,
    "render.resolution_percentage": 100,
    "render.fps": 24,
    "render.film_transparent": False,
    "cycles.samples": 4096,
    "eevee.taa_render_samples": 64,
    "frame_start": 1,
    "frame_end": 250,
    "view_settings.view_transform": "AgX",
    "view_settings.look": "None",
    "view_settings.exposure": 0,
    "view_settings.gamma": 1,
    "unit_settings.system": "METRIC",
    "unit_settings.scale_length": 1,
    "lens": 50,
    "sensor_width": 36,
    "clip_start": 0.1,
    "clip_end": 1000,
    "shift_x": 0,
    "shift_y": 0,
    "type": "PERSP",
    "color": [1, 1, 1],
    "spot_blend": 0.15,
    "shadow_soft_size": 0,
    "shape": "SQUARE",
    "display_type": "TEXTURED",
    "hide_render": False,
    "hide_viewport": False,
    "show_in_front": False,
    "empty_display_type": "PLAIN_AXES",
    "empty_display_size": 1,
    "size": 1,
    "extrude": 0,
    "align_x": "LEFT",
}
"""What is not worth telling, as every Blender from 4.2 to 5.2 makes it."""


def describe(plan: Plan, code: str, length: str) -> str:
    """The description as whole sentences. `code` is the proven script; modifiers are read off it."""
    words = _Words(plan, code)
    return " ".join({"line": words.line, "short": words.short, "full": words.full}[length]())


def kind_words(ob: Json, data: Json | None) -> str:
    """`point light`, `mesh`, `empty`."""
    if ob["type"] == "LIGHT" and data is not None:
        return LIGHTS.get(str(data["light"]), "light")
    kind = str(ob["type"])
    return KINDS.get(kind, kind.lower())


def several(count: int, words: str) -> str:
    """`a camera`, `two lights`, `12 meshes`."""
    if count == 1:
        return article(words)
    names = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return f"{names[count - 2] if count <= 10 else count} {plural(words)}"


def plural(words: str) -> str:
    """`point lights`, `meshes`."""
    return PLURALS.get(words, f"{words}s")


class _Words:
    def __init__(self, plan: Plan, code: str) -> None:
        self.plan = plan
        self.data = {(row["type"], row["name"]): row for row in plan.data}
        self.stacks: dict[str, list[Entry]] = {}
        for entry in entries(code):
            self.stacks.setdefault(entry.owner, []).append(entry)

    def stand_ins(self) -> Iterator[str]:
        """Which forms stand in for the meshes."""
        forms = [row["form"] for row in self.plan.data if row["type"] == "MESH" and row["form"]]
        if len(forms) == 1:
            shared = sum(ob["type"] == "MESH" for ob in self.plan.objects) > 1
            yield f"{article(forms[0]).capitalize()} stands in for the mesh{' that they share' if shared else ''}."
        elif forms:
            told = listed([plural(form) for form in dict.fromkeys(forms)])
            yield f"{told.capitalize()} stand in for the meshes."

    def line(self) -> Iterator[str]:
        counted = Counter(kind_words(ob, self.data_of(ob)) for ob in self.plan.objects)
        told = [several(n, words) for words, n in counted.items()]
        what = {SCENE: "It has", COLLECTION: "It holds"}.get(self.plan.scope, "It is made of")
        yield f"{what} {listed(told)}."
        yield from self.stand_ins()

    def short(self) -> Iterator[str]:
        yield from self.line()
        by_kind: dict[str, list[str]] = {}
        for ob in self.plan.objects[:NAMES]:
            by_kind.setdefault(kind_words(ob, self.data_of(ob)), []).append(f'"{ob["name"]}"')
        more = len(self.plan.objects) - NAMES
        told = [f"{words if len(names) == 1 else plural(words)} {listed(names)}" for words, names in by_kind.items()]
        yield f"Objects: {'; '.join(told)}{f'; and {more} more' if more > 0 else ''}."
        yield from self.parents()
        yield from self.collections()
        yield from self.stacked(False)
        if self.plan.camera:
            yield f'"{self.plan.camera}" is the active camera.'
        if engine := ENGINES.get(str(self.plan.settings.get("render.engine"))):
            yield f"It renders with {engine}."

    def full(self) -> Iterator[str]:
        yield from self.settings()
        yield from self.world()
        yield from self.collections()
        seen: dict[tuple[str, str], str] = {}
        for ob in self.plan.objects:
            yield self.whole(ob, seen)
        yield from self.stacked(True)
        if self.plan.camera:
            yield f'"{self.plan.camera}" is the active camera.'
        yield from self.stand_ins()

    def data_of(self, ob: Json) -> Json | None:
        return self.data.get((ob["type"], ob["data"]))

    # The scene

    def settings(self) -> Iterator[str]:
        held = {name: value for name, value in self.plan.settings.items() if not _same(USUAL.get(name), value)}
        if engine := ENGINES.get(str(held.get("render.engine"))):
            samples = next((held[name] for name in ("cycles.samples", "eevee.taa_render_samples") if name in held), 0)
            yield f"Render with {engine}{f' and {samples} samples' if samples else ''}."
        size = [held.get(f"render.resolution_{axis}", USUAL[f"render.resolution_{axis}"]) for axis in "xy"]
        told = []
        if "render.resolution_x" in held or "render.resolution_y" in held:
            told.append(f"{size[0]} × {size[1]} pixels")
        if "render.resolution_percentage" in held:
            told.append(f"resolution at {held['render.resolution_percentage']} %")
        if "render.fps" in held:
            told.append(f"{held['render.fps']} frames a second")
        if "frame_start" in held or "frame_end" in held:
            told.append(f"frames {self.plan.settings['frame_start']} to {self.plan.settings['frame_end']}")
        if held.get("render.film_transparent"):
            told.append("a transparent film")
        for name in ("view_transform", "look", "exposure", "gamma"):
            if f"view_settings.{name}" in held:
                told.append(f"{name.replace('_', ' ')} {_plain(held[f'view_settings.{name}'])}")
        if "unit_settings.system" in held:
            told.append(f"{held['unit_settings.system'].lower()} units".replace("none units", "no unit system"))
        if "unit_settings.scale_length" in held:
            told.append(f"unit scale {number(held['unit_settings.scale_length'])}")
        if told:
            yield f"Settings: {', '.join(told)}."

    def world(self) -> Iterator[str]:
        world = self.plan.world
        if world is not None:
            color = vector(world["color"][:3])
            strength = number(world["strength"])
            yield f'The world "{world["name"]}" is a plain background, color {color}, strength {strength}.'

    def collections(self) -> Iterator[str]:
        told = [
            f'"{row["name"]}"' + (f' in "{row["parent"]}"' if row["parent"] else "") for row in self.plan.collections
        ]
        if self.plan.scope == COLLECTION:
            told = told[1:]
        if told:
            yield f"Collection{'s' if len(told) > 1 else ''}: {', '.join(told)}."

    def parents(self) -> Iterator[str]:
        below: dict[str, list[str]] = {}
        for ob in self.plan.objects:
            if "parent" in ob:
                below.setdefault(ob["parent"], []).append(f'"{ob["name"]}"')
        for name, children in below.items():
            many = children[:NAMES] + ([f"{len(children) - NAMES} more"] if len(children) > NAMES else [])
            yield f'{listed(many)} {"are children" if len(children) > 1 else "is a child"} of "{name}".'

    def stacked(self, full: bool) -> Iterator[str]:
        """What modifiers and constraints objects have, those with the same together."""
        alike: dict[str, list[str]] = {}
        for name, found in self.stacks.items():
            alike.setdefault(listed(list(in_order(found, full))), []).append(f'"{name}"')
        for words, names in alike.items():
            yield f"{listed(names)} {'has' if len(names) == 1 else 'each have'} {words}."

    # One object

    def whole(self, ob: Json, seen: dict[tuple[str, str], str]) -> str:
        kind = kind_words(ob, self.data_of(ob))
        parts = [f'{kind[0].upper()}{kind[1:]} "{ob["name"]}"']
        homes = [f'"{row["name"]}"' for row in self.plan.collections if ob["name"] in row["objects"]]
        if homes and not (self.plan.scope == COLLECTION and homes == [f'"{self.plan.name}"']):
            parts.append(f"in {listed(homes)}")
        if "parent" in ob:
            bone = f'bone "{ob["parent_bone"]}" of ' if "parent_bone" in ob else ""
            parts.append(f'child of {bone}"{ob["parent"]}"')
        parts += self.stands(ob)
        parts += [f"{name.replace('_', ' ')} {_plain(ob[name])}" for name in SHOWN if self.unusual(ob, name)]
        told = ", ".join(parts)
        about = self.about(ob, seen)
        return f"{told}: {about}." if about else f"{told}."

    @staticmethod
    def unusual(ob: Json, name: str) -> bool:
        return name in ob and not _same(USUAL[name], ob[name])

    @staticmethod
    def stands(ob: Json) -> Iterator[str]:
        if any(not near(x, 0) for x in ob["location"]):
            yield f"at {vector(ob['location'])}"
        held = next(name for name in AT_REST if name in ob)
        if held == "rotation_euler":
            if any(degrees(x) != "0" for x in ob[held]):
                order = "" if ob["rotation_mode"] == "XYZ" else f" in the order {ob['rotation_mode']}"
                yield f"turned by ({', '.join(map(degrees, ob[held]))})°{order}"
            elif ob["rotation_mode"] != "XYZ":
                yield f"rotation order {ob['rotation_mode']}"
        else:
            mode = ob["rotation_mode"].lower().replace("_", " ")
            yield f"{mode} rotation" + ("" if _same(ob[held], AT_REST[held]) else f" {vector(ob[held])}")
        if any(not near(x, 1) for x in ob["scale"]):
            yield f"scaled by {vector(ob['scale'])}"
        for name, value in ob.items():
            if name == "delta_rotation_euler":
                yield f"delta rotation ({', '.join(map(degrees, value))})°"
            elif name.startswith("delta_"):
                yield f"{name.replace('_', ' ')} {vector(value)}"
        columns = ob.get("parent_inverse", ())
        if not all(near(x, float(i == j)) for i, column in enumerate(columns) for j, x in enumerate(column)):
            yield f"parent inverse by columns ({', '.join(map(vector, columns))})"

    def about(self, ob: Json, seen: dict[tuple[str, str], str]) -> str:
        """What an object is made of."""
        row = self.data_of(ob)
        if row is None:
            return ""
        key = (ob["type"], ob["data"])
        if key in seen:
            return f'the same data as "{seen[key]}"'
        seen[key] = ob["name"]
        named = f' (data "{ob["data"]}")' if ob["data"] != ob["name"] else ""
        return (listed(list(self.made_of(row))) or ("its data" if named else "")) + named

    def made_of(self, row: Json) -> Iterator[str]:
        held: Any = row.get("settings", {})
        if row["type"] == "MESH":
            low, high = row["corners"] or ([], [])
            yield f"{article(row['form'])} from {vector(low)} to {vector(high)}" if row["form"] else "without vertices"
        elif row["type"] == "LIGHT":
            yield f"{'strength ' if row['light'] == 'SUN' else ''}{number(held['energy'])}" + (
                "" if row["light"] == "SUN" else " W"
            )
            yield from self.told(held, {"color": "color", "shape": "shape", "spot_blend": "blend"})
            sizes = {"shadow_soft_size": "radius", "size": "size", "size_y": "height"}
            yield from (f"{words} {number(held[name])} m" for name, words in sizes.items() if held.get(name))
            cones = {"spot_size": "cone", "angle": "angle"}
            yield from (f"{words} {degrees(held[name])}°" for name, words in cones.items() if name in held)
        elif row["type"] == "CAMERA":
            if held["type"] != "PERSP":
                yield PROJECTIONS.get(held["type"], held["type"].lower())
            yield from (f"{name} {number(held[key])} mm" for key, name in (("lens", "lens"),) if key in held)
            for name, unit in CAMERA.items():
                yield from (f"{words}{unit}" for words in self.told(held, {name: name.replace("_", " ")}))
            if held.get("dof.use_dof"):
                stop, far = number(held["dof.aperture_fstop"]), number(held["dof.focus_distance"])
                yield f"depth of field at {far} m with f/{stop}"
        elif row["type"] == "FONT":
            yield f'the text "{held["body"]}"'
            yield from self.told(held, {"size": "size", "extrude": "extrude", "align_x": "aligned"})
        elif row.get("bones"):
            yield f"bones {'; '.join(map(_bone, row['bones']))}"

    @staticmethod
    def told(held: Json, names: dict[str, str]) -> Iterator[str]:
        for name, words in names.items():
            if name in held and not _same(USUAL.get(name), held[name]):
                yield f"{words} {_plain(held[name])}"


SHOWN = ("empty_display_type", "empty_display_size", "display_type", "hide_render", "hide_viewport", "show_in_front")
CAMERA = {"ortho_scale": "", "sensor_width": " mm", "clip_start": " m", "clip_end": " m", "shift_x": "", "shift_y": ""}
"""Settings of a camera → their unit."""


def _bone(bone: Json) -> str:
    on = f' on "{bone["parent"]}"' if bone["parent"] else ""
    joined = ", connected" if bone["connected"] else ""
    return f'"{bone["name"]}"{on} from {vector(bone["head"])} to {vector(bone["tail"])}{joined}'


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value.lower().replace("_", " ") if value.isupper() else f'"{value}"'
    return vector(value) if isinstance(value, list) else number(value)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(near, a, b))
    return near(a, b)
