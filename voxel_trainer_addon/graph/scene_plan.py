# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of scenes, read off a record: what of it a script can make, and what can be asked for at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .model import Value
from .scene import COLLECTION, OBJECTS, SCENE, Json, NotPlanned, Plan, near
from .steps import is_reference

FEWEST, MOST = 2, 40
"""Objects of a plan. Larger scenes and collections are told by their parts."""
BONES = 60
FORMS = {
    (4, 1): "plane",
    (8, 6): "box",
    (482, 512): "sphere",
    (64, 34): "cylinder",
    (33, 33): "cone",
}
"""(Vertices, polygons) of a mesh → the form that stands in for it; for all others it is a box."""
DATA_KINDS = {
    "ARMATURE": "armatures",
    "CURVE": "curves",
    "FONT": "curves",
    "LATTICE": "lattices",
    "META": "metaballs",
    "SPEAKER": "speakers",
    "SURFACE": "curves",
}
"""Type of an object → the kind of its data in a record, where it can be made without geometry."""

OBJECT_SETTINGS = ("hide_render", "hide_viewport", "display_type", "show_in_front")
EMPTY_SETTINGS = ("empty_display_type", "empty_display_size")
LIGHT_SETTINGS = {
    "POINT": ("shadow_soft_size",),
    "SUN": ("angle",),
    "SPOT": ("shadow_soft_size", "spot_size", "spot_blend"),
    "AREA": ("shape", "size", "size_y"),
}
CAMERA_SETTINGS = {
    "PERSP": ("lens",),
    "ORTHO": ("ortho_scale",),
    "PANO": (),
}
CAMERA_COMMON = ("sensor_width", "clip_start", "clip_end", "shift_x", "shift_y")
FOCUS = ("focus_distance", "aperture_fstop")
RENDER = ("engine", "resolution_x", "resolution_y", "resolution_percentage", "fps", "film_transparent")
VIEW = ("view_transform", "look", "exposure", "gamma")
UNITS = ("system", "scale_length")
SAMPLES = {"CYCLES": ("cycles", "samples"), "BLENDER_EEVEE": ("eevee", "taa_render_samples")}
"""How the name of an engine begins → where a scene keeps its samples."""

MODIFIERS = frozenset(
    {"ARMATURE", "ARRAY", "BEVEL", "BOOLEAN", "BUILD", "CAST", "CURVE", "DECIMATE", "EDGE_SPLIT", "LATTICE", "MIRROR"}
    | {"REMESH", "SCREW", "SHRINKWRAP", "SIMPLE_DEFORM", "SMOOTH", "SOLIDIFY", "SUBSURF", "TRIANGULATE", "WAVE", "WELD"}
    | {"WEIGHTED_NORMAL", "WIREFRAME"}
)
CONSTRAINTS = frozenset(
    {"COPY_LOCATION", "COPY_ROTATION", "COPY_SCALE", "COPY_TRANSFORMS", "DAMPED_TRACK", "FLOOR", "LIMIT_DISTANCE"}
    | {"LIMIT_LOCATION", "LIMIT_ROTATION", "LIMIT_SCALE", "LOCKED_TRACK", "STRETCH_TO", "TRACK_TO"}
)
"""Types whose settings are plain values and objects."""
SHOWN = frozenset(
    {"show_expanded", "show_in_editmode", "show_on_cage", "use_pin_to_last"}
    | {"use_apply_on_spline", "show_only_control_edges"}
)
"""What of a modifier only an editor shows."""


def scopes(record: Json) -> Iterator[tuple[str, str]]:
    """(Scope, name) of what can be asked for: every scene; of one that is too large its largest collections that are
    not, and the largest hierarchies that are in none of these."""
    below = _children(record)
    objects = {ob["name"]: ob for ob in record["objects"]}
    collections = {each["name"]: each for each in record["collections"]}
    for scene in record["scenes"]:
        members = set(_members(scene["collection"], collections)) & objects.keys()
        if len(members) <= MOST:
            if len(members) >= FEWEST:
                yield SCENE, scene["name"]
            continue
        told: set[str] = set()
        for name, inside in _parts(scene["collection"], collections, objects.keys()):
            told |= inside
            yield COLLECTION, name
        for name in sorted(members - told):
            above = (objects[name]["parent"] or {}).get("name")
            tree = set(_tree(name, below))
            alone = above is None or above not in objects or len(_tree(above, below)) > MOST
            if alone and FEWEST <= len(tree) <= MOST and tree <= members - told:
                yield OBJECTS, name


def _parts(top: Json, collections: Mapping[str, Json], own: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    known = set(own)
    for child in top["children"]:
        below = collections.get(child["name"])
        if below is not None:
            inside = set(_members(below, collections)) & known
            if len(inside) > MOST:
                yield from _parts(below, collections, known)
            elif len(inside) >= FEWEST:
                yield child["name"], inside


def _members(top: Json, collections: Mapping[str, Json], deep: int = 100) -> Iterator[str]:
    """Names of the objects in a collection and those below it."""
    yield from (ob["name"] for ob in top["objects"] if "library" not in ob)
    for child in top["children"] if deep else ():
        if child["name"] in collections:
            yield from _members(collections[child["name"]], collections, deep - 1)


def _children(record: Json) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for ob in record["objects"]:
        if ob["parent"]:
            below.setdefault(ob["parent"]["name"], []).append(ob["name"])
    return below


def _tree(name: str, below: Mapping[str, Sequence[str]]) -> list[str]:
    found, waiting = [], [name]
    while waiting:
        at = waiting.pop()
        found.append(at)
        waiting += below.get(at, ())
    return found


def plan(record: Json, scope: str, name: str) -> Plan:
    """What a script can make of it. Raises NotPlanned, and LookupError where there is no such thing."""
    objects = {ob["name"]: ob for ob in record["objects"]}
    collections = {each["name"]: each for each in record["collections"]}
    scene = next((each for each in record["scenes"] if each["name"] == name), None) if scope == SCENE else None
    if scope == SCENE:
        if scene is None:
            raise LookupError(name)
        top = scene["collection"]
        rows = list(_rows(top, "", collections, objects.keys()))
        loose = tuple(sorted(ob["name"] for ob in top["objects"] if ob["name"] in objects))
    elif scope == COLLECTION:
        rows, loose = list(_rows({"children": [{"name": name}]}, "", collections, objects.keys())), ()
        if not rows:
            raise LookupError(name)
    else:
        if name not in objects:
            raise LookupError(name)
        rows, loose = [], tuple(sorted(_tree(name, _children(record))))
    wanted = dict.fromkeys([*loose, *(member for row in rows for member in row["objects"])])
    if not FEWEST <= len(wanted) <= MOST:
        raise NotPlanned(f"it has {len(wanted)} objects")
    ordered = _parents_first(wanted, objects)
    made = tuple(_object(objects[each], wanted, collections, record) for each in ordered)
    return Plan(
        scope,
        name,
        tuple(rows),
        loose,
        made,
        tuple(_data(record, [objects[each] for each in ordered])),
        _inside(scene["camera"], wanted) if scene else "",
        _world(record, scene["world"]) if scene else None,
        _settings(scene) if scene else {},
    )


def _rows(top: Json, above: str, collections: Mapping[str, Json], own: Iterable[str]) -> Iterator[dict[str, Any]]:
    known = set(own)
    for child in top["children"]:
        row = collections.get(child["name"])
        if row is None:
            raise NotPlanned(f"the collection “{child['name']}” is another file's")
        members = [ob["name"] for ob in row["objects"] if ob["name"] in known]
        yield {"name": row["name"], "parent": above, "objects": sorted(members)}
        yield from _rows(row, row["name"], collections, known)


def _parents_first(wanted: Iterable[str], objects: Mapping[str, Json]) -> list[str]:
    """The objects, each behind its parent and beside its siblings, else by name."""
    names = set(wanted)
    below: dict[str, list[str]] = {}
    for name in sorted(names):
        above = objects[name]["parent"]
        if above and above["name"] not in names:
            raise NotPlanned(f"“{name}” is a child of “{above['name']}”, which is not in it")
        below.setdefault(above["name"] if above else "", []).append(name)
    ordered: list[str] = []
    waiting = below.get("", [])[::-1]
    while waiting:
        ordered.append(waiting.pop())
        waiting += below.get(ordered[-1], [])[::-1]
    return ordered


def _inside(reference: Json | None, wanted: Iterable[str]) -> str:
    return reference["name"] if reference and reference["name"] in wanted else ""


TURNED = ("rotation_euler", "rotation_quaternion", "rotation_axis_angle")


def _object(ob: Json, wanted: Iterable[str], collections: Mapping[str, Json], record: Json) -> dict[str, Any]:
    data = ob["data"]
    if data and "library" in data:
        raise NotPlanned(f"the data of “{ob['name']}” is another file's")
    if data and ob["type"] not in {"MESH", "LIGHT", "CAMERA", *DATA_KINDS}:
        raise NotPlanned(f"“{ob['name']}” is of type {ob['type']}, for which nothing can stand in")
    row: dict[str, Any] = {
        "name": ob["name"],
        "type": ob["type"],
        "data": data["name"] if data else "",
        "location": ob["location"],
        "rotation_mode": ob["rotation_mode"],
        **{name: ob[name] for name in TURNED if name in ob},
        "scale": ob["scale"],
        **{name: value for name, value in ob.items() if name.startswith("delta_")},
        **{name: ob[name] for name in OBJECT_SETTINGS if name in ob},
    }
    if ob["type"] in ("CAMERA", "LIGHT"):
        row.pop("display_type", None)
    if ob["type"] == "EMPTY":
        row |= {name: ob[name] for name in EMPTY_SETTINGS}
    if ob["parent"]:
        kind = ob["parent_type"]
        if kind not in ("OBJECT", "BONE", "ARMATURE"):
            raise NotPlanned(f"“{ob['name']}” hangs on vertices or on a lattice")
        row |= {"parent": ob["parent"]["name"], "parent_type": kind, "parent_inverse": ob["parent_inverse"]}
        row |= {"parent_bone": ob["parent_bone"]} if kind == "BONE" else {}
    stack = record["stacks"].get(f"objects/{ob['name']}")
    if stack and (told := _stack(stack, set(wanted))):
        row |= told
    return row


def _stack(stack: Json, wanted: set[str]) -> dict[str, Any]:
    """Modifiers and constraints, where all of them are plain; else none."""
    moved = stack["animation"]["drivers"] or stack["animation"]["keys"]
    known = all(entry["type"] in MODIFIERS for entry in stack["modifiers"])
    known = known and all(entry["type"] in CONSTRAINTS for entry in stack["constraints"])
    entries = [*stack["modifiers"], *stack["constraints"]]
    if moved or stack["bones"] or not known or not all(_plain(entry["settings"], wanted) for entry in entries):
        return {}

    def short(rows: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": row["name"],
                "type": row["type"],
                "settings": {name: value for name, value in row["settings"].items() if name not in SHOWN},
            }
            for row in rows
        ]

    return {side: short(stack[side]) for side in ("modifiers", "constraints") if stack[side]}


def _plain(settings: Json, wanted: set[str]) -> bool:
    for name, value in settings.items():
        if is_reference(value) and (value["id"], value["name"]) not in {("OBJECT", each) for each in wanted}:
            return False
        if isinstance(value, str) and value and name.startswith(("vertex_group", "subtarget")):
            return False
    return True


def _data(record: Json, objects: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """The data of objects, each once, in the order of those who use it."""
    lights = {row["name"]: row for row in record["lights"]}
    cameras = {row["name"]: row for row in record["cameras"]}
    others = {(row["kind"], row["name"]): row for row in record["data"]}
    seen = set()
    for ob in objects:
        if ob["data"] is None:
            continue
        name, kind = ob["data"]["name"], ob["type"]
        if (kind, name) in seen:
            continue
        seen.add((kind, name))
        if kind == "LIGHT":
            yield {"type": kind, **_light(_found(lights, name, name))}
        elif kind == "CAMERA":
            yield {"type": kind, **_camera(_found(cameras, name, name))}
        elif kind == "MESH":
            yield {"type": kind, "name": name, **_mesh(_found(others, ("meshes", name), name))}
        else:
            row = _found(others, (DATA_KINDS[kind], name), name)
            yield {"type": kind, "name": name} | _HELD.get(kind, _nothing)(row)


def _found(rows: Mapping[Any, Json], key: Any, name: str) -> Json:
    if key not in rows:
        raise NotPlanned(f"the data “{name}” could not be read")
    return rows[key]


def _mesh(row: Json) -> dict[str, Any]:
    """Its form and corners; of the forms that stand for themselves how many vertices and polygons there are."""
    if not row.get("extent"):
        return {"form": "", "corners": None}
    size = (row["vertices"], row["polygons"])
    form = FORMS.get(size, "box")
    low, high = row["extent"]
    flat = near(low[2], high[2])
    if (form == "plane") != flat and form in ("plane", "sphere", "cylinder", "cone"):
        form = "box"
    return {"form": "plane" if flat else form, "corners": [low, high]}


def _light(row: Json) -> dict[str, Any]:
    held = row["settings"]
    names = ("energy", "color", *LIGHT_SETTINGS.get(row["type"], ()))
    told = {name: held[name] for name in names if name in held}
    if row["type"] == "AREA" and held["shape"] not in ("RECTANGLE", "ELLIPSE"):
        told.pop("size_y")
    return {"name": row["name"], "light": row["type"], "settings": told}


def _camera(row: Json) -> dict[str, Any]:
    held = row["settings"]
    names = (*CAMERA_SETTINGS.get(row["type"], ()), *CAMERA_COMMON)
    told = {"type": row["type"], **{name: held[name] for name in names if name in held}}
    if held["dof"]["use_dof"]:
        told |= {"dof.use_dof": True, **{f"dof.{name}": held["dof"][name] for name in FOCUS}}
    return {"name": row["name"], "settings": told}


def _armature(row: Json) -> dict[str, Any]:
    if len(row["skeleton"]) > BONES:
        raise NotPlanned(f"the armature “{row['name']}” has {len(row['skeleton'])} bones")
    bones = [
        {
            "name": bone["name"],
            "parent": bone["parent"] or "",
            "head": bone["head"],
            "tail": bone["tail"],
            "connected": bool(bone.get("use_connect")),
        }
        for bone in row["skeleton"]
    ]
    return {"bones": bones}


def _font(row: Json) -> dict[str, Any]:
    return {"settings": {name: row["settings"][name] for name in ("body", "size", "extrude", "align_x")}}


def _nothing(row: Json) -> dict[str, Any]:
    return {}


_HELD: Mapping[str, Callable[[Json], dict[str, Any]]] = {"ARMATURE": _armature, "FONT": _font}


def _world(record: Json, reference: Json | None) -> dict[str, Any] | None:
    """A world that is one plain background: its colour and strength; None for all others."""
    if reference is None or "library" in reference:
        return None
    graph = record["graphs"].get(f"worlds/{reference['name']}")
    if graph is None:
        return None
    by_type = {node["type"]: node for node in graph["nodes"]}
    links = [(link["source"], link["target"], link["input"]) for link in graph["links"]]
    if sorted(by_type) != ["ShaderNodeBackground", "ShaderNodeOutputWorld"] or len(graph["nodes"]) != 2:
        return None
    background, output = by_type["ShaderNodeBackground"], by_type["ShaderNodeOutputWorld"]
    if links != [(background["name"], output["name"], 0)]:
        return None
    told = {socket["name"]: socket["value"] for socket in background["inputs"]}
    return {"name": reference["name"], "color": told["Color"], "strength": told["Strength"]}


def _settings(scene: Json) -> dict[str, Value]:
    """Settings of a scene by their path in Blender; what this Blender does not know is an empty text in a record."""
    told: dict[str, Value] = {f"render.{name}": scene["render"][name] for name in RENDER if name in scene["render"]}
    engine = str(told.get("render.engine", ""))
    for start, (holder, name) in SAMPLES.items():
        if engine.startswith(start) and name in scene[holder]:
            told[f"{holder}.{name}"] = scene[holder][name]
    told |= dict(zip(("frame_start", "frame_end"), scene["frames"], strict=False))
    told |= {f"view_settings.{name}": scene["view"][name] for name in VIEW if name in scene["view"]}
    told |= {f"unit_settings.{name}": scene["units"][name] for name in UNITS if name in scene["units"]}
    return {name: value for name, value in told.items() if value != ""}
