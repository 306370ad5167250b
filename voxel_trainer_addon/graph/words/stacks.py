# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers and constraints in words, read off the script that makes them: what it leaves out is Blender's default."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .phrases import article, listed

SIDES = ("modifiers", "constraints")
MENU = {
    "CORRECTIVE_SMOOTH": "Smooth Corrective",
    "LAPLACIANDEFORM": "Laplacian Deform",
    "LAPLACIANSMOOTH": "Smooth Laplacian",
    "MASK": "Mask",
    "MESH_TO_VOLUME": "Mesh to Volume",
    "MULTIRES": "Multiresolution",
    "NODES": "Geometry Nodes",
    "SUBSURF": "Subdivision Surface",
    "UV_PROJECT": "UV Project",
    "UV_WARP": "UV Warp",
    "VOLUME_TO_MESH": "Volume to Mesh",
    "IK": "Inverse Kinematics",
}
"""Types that the menu calls otherwise than their identifiers say."""
ANGLES = frozenset(
    {"angle", "angle_limit", "spread", "split_angle", "auto_smooth_angle", "deform_angle", "decimate_angle"}
    | {f"{end}_{axis}" for end in ("min", "max") for axis in "xyz"}
)
"""Settings that are angles in radians; the limits are angles of a Limit Rotation alone."""
INNER = frozenset({"show_expanded", "show_in_editmode", "show_on_cage", "show_only_control_edges", "use_pin_to_last"})
"""Settings that only an editor shows: they are told last."""
MAIN = frozenset(
    {"levels", "width", "segments", "count", "thickness", "ratio", "offset", "factor", "iterations", "voxel_size"}
    | {"operation", "object", "mirror_object", "target", "deform_method", "angle", "track_axis", "use_axis", "mode"}
    | {"decimate_type", "screw_offset", "offset_object", "strength", "subtarget", "texture"}
)
"""Settings that a short request tells."""


class NotTold(Exception):
    """A script does something with a stack that there are no words for; the text is the line."""


@dataclass(frozen=True)
class Angle:
    """An angle in degrees."""

    degrees: float


@dataclass(frozen=True)
class Named:
    """A data-block by the name that the script gave it."""

    name: str


@dataclass
class Entry:
    """A modifier or constraint of an object as a script makes it; settings in the script's order, by their path."""

    owner: str
    side: str
    type: str
    name: str
    settings: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def words(self) -> str:
        """`Subdivision Surface`."""
        return MENU.get(self.type) or self.type.replace("_", " ").title()


def entries(code: str) -> list[Entry]:
    """Every modifier and constraint that a script makes, in its order. Raises NotTold where it does more with them than
    to set values."""
    return _Reader().read(code)


class _Reader:
    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.made: dict[str, Entry] = {}
        self.found: list[Entry] = []

    def read(self, code: str) -> list[Entry]:
        for statement in ast.parse(code).body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self.assigned(statement.targets[0], statement.value)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                self.called(statement.value, "")
            elif any(isinstance(part, ast.Name) and part.id in self.made for part in ast.walk(statement)):
                raise NotTold(ast.unparse(statement))
        return self.found

    def assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.made.pop(target.id, None)
            if isinstance(value, ast.Call):
                self.called(value, target.id)
            return
        base, path = _path(target)
        if base in self.made:
            entry = self.made[base]
            if path == "name":
                entry.name = str(self.value(value, path))
            else:
                entry.settings.append((path, self.value(value, path)))

    def called(self, call: ast.Call, result: str) -> None:
        base, path = _path(call.func)
        side = next((side for side in SIDES if path == f"{side}.new"), None)
        texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if side is not None and base in self.names:
            kind = texts[-1]
            name = texts[0] if side == "modifiers" else (MENU.get(kind) or kind.replace("_", " ").title())
            entry = Entry(self.names[base], side, kind, name)
            self.found.append(entry)
            if result:
                self.made[result] = entry
        elif base in self.made or path.endswith((".modifiers.new", ".constraints.new")):
            raise NotTold(ast.unparse(call))
        elif result and texts and (path.endswith(".new") or base == "add"):
            self.names[result] = texts[0]

    def value(self, value: ast.expr, name: str) -> Any:
        if isinstance(value, ast.Name):
            if value.id not in self.names:
                raise NotTold(ast.unparse(value))
            return Named(self.names[value.id])
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "radians":
            return Angle(float(ast.literal_eval(value.args[0])))
        try:
            plain = ast.literal_eval(value)
        except ValueError:
            raise NotTold(ast.unparse(value)) from None
        number = isinstance(plain, int | float) and not isinstance(plain, bool)
        return (
            Angle(math.degrees(plain)) if number and name in ANGLES and not name.startswith(("min", "max")) else plain
        )


def _path(place: ast.expr) -> tuple[str, str]:
    """The variable that a place begins with, and its attributes."""
    parts: list[str] = []
    while isinstance(place, ast.Attribute | ast.Subscript):
        parts.append(place.attr if isinstance(place, ast.Attribute) else f"[{ast.unparse(place.slice)}]")
        place = place.value
    return (place.id if isinstance(place, ast.Name) else ""), ".".join(reversed(parts)).replace(".[", "[")


def value_words(value: Any) -> str:
    """A value as an artist says it."""
    if isinstance(value, Named):
        return f'"{value.name}"'
    if isinstance(value, Angle):
        return f"{value.degrees:.6g}°"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return value.lower().replace("_", " ") if value.isupper() else f'"{value}"'
    if isinstance(value, tuple):
        return f"({', '.join(map(value_words, value))})"
    if isinstance(value, set):
        return listed(sorted(map(value_words, value))) or "nothing"
    return "none" if value is None else str(value)


def setting_words(name: str, value: Any) -> str:
    """`render levels 3`."""
    return f"{name.replace('_', ' ').replace('.', ' ')} {value_words(value)}"


def entry_words(entry: Entry, full: bool) -> str:
    """`a Bevel "Bevel" (width 0.02, segments 3)`; without `full` its main values alone."""
    told = [(name, value) for name, value in entry.settings if full or name in MAIN]
    told.sort(key=lambda pair: pair[0] in INNER)
    named = f' "{entry.name}"' if entry.name != entry.words else ""
    kind = "constraint" if entry.side == "constraints" else "modifier"
    words = f"{article(entry.words)} {kind}{named}"
    return f"{words} ({', '.join(setting_words(*pair) for pair in told)})" if told else words


def in_order(found: Sequence[Entry], full: bool) -> Iterator[str]:
    """The entries of one object as `first …, then …`, modifiers and constraints apart."""
    for side in SIDES:
        told = [entry_words(entry, full) for entry in found if entry.side == side]
        if len(told) > 2:
            yield "; ".join([f"first {told[0]}", *(f"then {words}" for words in told[1:])])
        elif told:
            yield ", then ".join(told)
