# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for nodes and values: what Blender's menu calls them, with units where Blender has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..describe import value_words
from ..menu import type_words
from ..model import Node, Value

ANGLES = frozenset(
    {
        "Angle",
        "Degr",
        "Offset Angle",
        "Orientation",
        "Start Angle",
        "Streaks Angle",
        "Sweep Angle",
        "Tilt",
        "Twist",
        "rotation_euler",
        "sun_elevation",
        "sun_rotation",
        "sun_size",
    }
)
TURNS = frozenset({"Euler", "Rotate By", "Rotation"})
LENGTHS = frozenset(
    {
        "Bottom Height",
        "Bottom Width",
        "Distance Min",
        "End Handle",
        "End Radius",
        "Gradient Width",
        "Inner Radius",
        "Interior Band Width",
        "Location",
        "Middle",
        "Outer Radius",
        "Pivot Point",
        "Radius Bottom",
        "Radius Top",
        "Ray Length",
        "Size X",
        "Size Y",
        "Start Handle",
        "Start Location",
        "Start Radius",
        "Subsurface Scale",
        "Text Box Height",
        "Text Box Width",
        "Top Height",
        "Top Width",
        "Translation",
        "Voxel Size",
        "altitude",
    }
)
NANOMETRES = frozenset({"Thin Film Thickness", "Wavelength"})
KELVIN = frozenset({"Temperature"})
"""Names of inputs and settings that have this unit on every node type of every version (a test asks Blender)."""
NOUNS = {
    "ShaderNodeTree": "shader node group",
    "GeometryNodeTree": "geometry node group",
    "CompositorNodeTree": "compositor node group",
    "TextureNodeTree": "texture node group",
}
OWNERS = {
    "materials": "material",
    "worlds": "world",
    "lights": "light",
    "linestyles": "line style",
    "textures": "texture",
    "scenes": "compositor tree of a scene",
}
KINDS = {
    "IMAGE": "image",
    "OBJECT": "object",
    "COLLECTION": "collection",
    "MATERIAL": "material",
    "NODETREE": "group",
    "SCENE": "scene",
    "TEXTURE": "texture",
    "FONT": "font",
    "TEXT": "text",
    "MOVIECLIP": "movie clip",
    "MASK": "mask",
}


def article(words: str) -> str:
    """`a Mix`, `an Emission`, `a UV Map`, `an RGB Curves`."""
    first = words.lstrip('"“')
    an = first[:1].lower() in "aeio" or first.startswith(("u", "Un", "HSV", "RGB", "SDF", "XOR"))
    return f"{'an' if an else 'a'} {words}"


def noun(key: str, type: str) -> str:
    """What kind of thing a tree is."""
    owner = key.split("/", 1)[0]
    return OWNERS.get(owner) or NOUNS.get(type, "node tree")


def node_words(node: Node) -> str:
    """A node as the menu calls it, with its label; a group by its own name."""
    label = node.layout.get("label")
    words = f'group "{node.group}"' if node.group else type_words(node.type)
    return f'{words} "{label}"' if label and label != node.group else words


def unit_by_name(name: str, kind: str) -> str:
    """`°`, `m`, `nm`, `K` or nothing: what an input or setting of that name is measured in; `kind` is the socket's
    type, empty for a setting."""
    if kind == "ROTATION" or name in (TURNS if kind == "VECTOR" else ANGLES):
        return "°"
    measures = ((LENGTHS, "m"), (NANOMETRES, "nm"), (KELVIN, "K")) if kind in ("VALUE", "VECTOR", "") else ()
    return next((unit for names, unit in measures if name in names), "")


def measured(value: Value, unit: str) -> str | None:
    """A value with its unit; angles are stored in radians and told in degrees. None where there are no short words."""
    if isinstance(value, Mapping) and "id" in value:
        return f'the {KINDS.get(value["id"], value["id"].lower())} "{value["name"]}"'
    numbers = [value] if isinstance(value, int | float) and not isinstance(value, bool) else value
    plain = isinstance(numbers, Sequence) and not isinstance(numbers, str)
    if unit != "°" or not plain or not all(isinstance(v, int | float) for v in numbers):
        whole = isinstance(value, float) and abs(value) < 1e7 and value == int(value)
        words = str(int(value)) if whole else value_words(value)
        if words and isinstance(value, float) and "e-" in words and abs(value) >= 1e-6:
            words = f"{value:.7f}".rstrip("0")
        return f"{words} {unit}" if words and unit and plain else words
    degrees = [f"{round(math.degrees(v), 2) + 0.0:g}" for v in numbers]
    return f"{degrees[0]}°" if numbers == [value] else f"({', '.join(degrees)})°"


def value_phrase(node: Node, name: str, value: Value) -> str | None:
    """A stored value of that node in words."""
    kind = next((socket.type for socket in node.inputs if socket.name == name), "")
    return measured(value, unit_by_name(name, kind))


def counted(n: int, words: str) -> str:
    """`one node`, `3 nodes`."""
    return f"one {words}" if n == 1 else f"{n} {words}s"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
