# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `prove_scenes`: plans of scenes become code, run in an empty Blender; what is there is read like any file.

Body: `plans` (key → plan as JSON, see `graph/scene.py`), `roots` (keys). Answer: `scripts`, by key `code`, `proven`,
`reason`, and `nodes`, which counts the objects.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.run import run_plain
from ...graph.scene import NotPlanned, Plan, plan_differences
from ...graph.scene_plan import plan, scopes
from ...graph.write_scene import Fresh, scene_script
from ..private import clean_json
from . import empty
from .beside import Beside
from .records import read_sections
from .trial import LIMIT_S, differs


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    return {"scripts": {key: _answer(Plan.from_json(body["plans"][key])) for key in body["roots"]}}


def _answer(wanted: Plan) -> dict[str, Any]:
    code, reason = "", ""
    try:
        code = scene_script(wanted, fresh(tuple(sorted(_types(wanted)))))
        reason = _trial(code, wanted)
    except TimeoutError as error:
        reason = f"time: {error} to run"
    except Exception as error:  # whatever Blender raises belongs to this plan alone
        reason = f"failed: {type(error).__name__}: {error}"
    return {"code": code, "proven": not reason, "reason": reason, "nodes": len(wanted.objects)}


def _trial(code: str, wanted: Plan) -> str:
    """Run a script in an empty Blender; why what it makes is not as wanted, or nothing."""
    empty()
    run_plain(code, LIMIT_S)
    try:
        made = plan(record(), wanted.scope, wanted.name)
    except LookupError:
        return f"failed: the code made no {wanted.key}"
    except NotPlanned as error:
        return f"differs: {error}"
    claimed = {name: value for name, value in made.settings.items() if name in wanted.settings}
    found = plan_differences(wanted, replace(made, settings=claimed))
    return differs(found) if found else ""


def record() -> dict[str, Any]:
    """What is open, read as a file is."""
    sections = read_sections(bpy.data, None, Beside(None))
    text = json.dumps(sections, ensure_ascii=False, check_circular=False, separators=(",", ":"), default=vars)
    found: dict[str, Any] = json.loads(clean_json(text))
    return found


def _types(wanted: Plan) -> set[tuple[str, str]]:
    """(Side, type) of its modifiers and constraints."""
    sides = ("modifiers", "constraints")
    return {(side, entry["type"]) for ob in wanted.objects for side in sides for entry in ob.get(side, ())}


@cache
def fresh(types: tuple[tuple[str, str], ...]) -> Fresh:
    """What this Blender makes unless told otherwise, with these types of modifiers and constraints."""
    empty()
    data: Any = bpy.data
    scene: Any = bpy.context.scene
    lights = ("POINT", "SUN", "SPOT", "AREA")
    for kind in lights:
        scene.collection.objects.link(data.objects.new(kind, data.lights.new(kind, kind)))
    for name, held in (("Camera", data.cameras.new("Camera")), ("Text", data.curves.new("Text", "FONT")), ("", None)):
        scene.collection.objects.link(data.objects.new(name or "Empty", held))
    world = data.worlds.new("World")
    stacked = data.objects.new("Mesh", data.meshes.new("Mesh"))
    for side, kind in types:
        getattr(stacked, side).new(*([kind] if side == "constraints" else [kind, kind]))
    scene.collection.objects.link(stacked)
    made = record()
    objects = {row["name"]: row for row in made["objects"]}
    stack = made["stacks"].get("objects/Mesh", {"modifiers": [], "constraints": []})
    camera = next(row for row in made["cameras"])
    cameras = {**camera["settings"], "type": camera["type"]}
    cameras |= {f"dof.{name}": value for name, value in camera["settings"]["dof"].items()}
    return {
        "scene": _of_scene(made),
        "object": {"hide_render": False, "hide_viewport": False, "display_type": "TEXTURED", "show_in_front": False},
        "empty": {name: objects["Empty"][name] for name in ("empty_display_type", "empty_display_size")},
        "lights": {row["type"]: row["settings"] for row in made["lights"]},
        "cameras": cameras,
        "fonts": next(row["settings"] for row in made["data"] if row["kind"] == "curves"),
        "world": {"nodes": world.node_tree is not None},
        **{
            side: {row["type"]: {**row["settings"], "name": row["name"]} for row in stack[side]}
            for side in ("modifiers", "constraints")
        },
    }


def _of_scene(made: dict[str, Any]) -> dict[str, Any]:
    """The settings of a new scene, by the path that a plan has."""
    (name,) = (name for scope, name in scopes(made) if scope == "scene")
    return dict(plan(made, "scene", name).settings)
