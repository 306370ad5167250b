# SPDX-License-Identifier: GPL-3.0-or-later
"""A compact form of one Blender in the words of another, by the measured table: renamed, moved, or named as lost."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from . import travel
from .model import Value

Held = dict[str, Any]


def translated(form: Mapping[str, Value], to: str) -> tuple[dict[str, Value], list[str]]:
    """The form for Blender `to`, and a sentence for each change that was made and each thing that is left out.

    A form of a newer Blender, or of a way that nobody measured, stays as it is, and a sentence says so.
    """
    made: dict[str, Value] = copy.deepcopy(dict(form))
    since = str(form.get("blender", ""))
    try:
        table = travel.part(since, to)
    except ValueError:
        return made, [f"It was copied in Blender {since}, and nobody measured what became of that in {to}."]
    if table is None:
        return made, []
    said: dict[str, None] = {}
    rows: dict[tuple[str, str], list[travel.Change]] = defaultdict(list)
    for change in table.changes:
        if change.kind not in travel.ADDS or change.kind == "default":
            rows[change.tree, change.type].append(change)
    for tree in made["trees"]:
        for change in rows[tree["type"], ""]:
            if (
                change.kind == "tree setting"
                and change.becomes == "gone"
                and tree.get("settings", {}).pop(change.name, 0)
            ):
                said[travel.sentence(change)] = None
        for name, node in list(tree.get("nodes", {}).items()):
            met = rows[tree["type"], node["type"]]
            for change in sorted(met, key=lambda change: change.kind == "default"):
                if _take(tree, name, node, change):
                    said[travel.sentence(change)] = None
    return made, list(said)


def _take(tree: Held, name: str, node: Held, change: travel.Change) -> bool:
    """Make one change to a node; whether that is worth telling. The type comes last, as rows are of the old one."""
    kind, becomes = change.kind, change.becomes
    settings: Held = node.setdefault("settings", {})
    if kind == "type":
        if becomes and " + " not in becomes:
            node["type"] = becomes
        else:
            del tree["nodes"][name]
            _unlink(tree, name)
        return True
    if kind == "item":
        setting, _, item = change.name.partition("=")
        if settings.get(setting) != item:
            return False
        if becomes:
            settings[setting] = becomes
        else:
            del settings[setting]
        return True
    if kind in ("setting", "superseded"):
        return change.name in settings and _move(node, settings, change)
    if kind == "default":  # what the form does not mention is what the older version usually has
        where, _, held = change.name.partition(":")
        if json.dumps([held]) not in node.get("inputs", ()):
            node.setdefault(f"{where}s", {}).setdefault(held, change.values["now"])
        return False
    if kind in ("input", "output"):
        return _rename(tree, name, node, f"{kind}s", change.name, becomes)
    return False


def _move(node: Held, settings: Held, change: travel.Change) -> bool:
    """A setting that became an input or another setting; one that became several is left out."""
    value = settings.pop(change.name)
    places = (change.becomes or "").split(" + ")
    if len(places) == 1 and ":" in places[0]:
        where, to = places[0].split(":", 1)
        value = change.values.get(str(value), value)
        if where.endswith("setting"):
            settings[to] = value
        else:
            node.setdefault("inputs", {})[json.dumps([to])] = value
    return True


def _rename(tree: Held, name: str, node: Held, side: str, old: str, new: str | None) -> bool:
    """A socket that has another identifier, or none any more, with its value and its links."""
    at = (0, 1) if side == "outputs" else (2, 3)
    found = False
    for held in (node.get(side, {}), node.get("layout", {}).get(side, {})):
        if old in held:
            found, value = True, held.pop(old)
            if new:
                held[new] = value
    for link in list(tree.get("links", ())):
        if link[at[0]] == name and link[at[1]] == old:
            found = True
            if new:
                link[at[1]] = new
            else:
                tree["links"].remove(link)
    return found and new is None


def _unlink(tree: Held, name: str) -> None:
    """Take away what names a node that is gone."""
    tree["links"] = [link for link in tree.get("links", ()) if name not in (link[0], link[2])]
    for node in tree["nodes"].values():
        if node.get("pair") == name:
            del node["pair"]
        if node.get("layout", {}).get("parent") == name:
            del node["layout"]["parent"]
    for curves in (tree.get("animation", {}).get(kind, []) for kind in ("drivers", "keys")):
        curves[:] = [curve for curve in curves if curve.get("node") != name]
