# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables: short words that say what a thing is, each given once."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from .model import Graph, Node, Socket
from .wires import carried

LONGEST = 30
LETTERS = frozenset("xyzab")
"""The only names shorter than three characters."""
RESERVED = frozenset(
    {*keyword.kwlist, *dir(builtins), "match", "case", "bpy", "fonts", "tree", "new", "link", "wire", "node"}
    | {"new_socket", "new_panel", "socket", "panel", "source", "target", "name", "index", "value"}
    | {"from_key", "to_key", "stops", "curve_points"}
    | {"helper", "holder", "unsigned", "animation", "curve", "modifier", "driver", "variable"}
)
"""What means something else in a script, or in Python."""
PREFIX = re.compile(r"^(ShaderNode|GeometryNode|CompositorNode|TextureNode|FunctionNode|Node)(?=.)")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
COPY = re.compile(r"(?<=.)\.\d{3}$")
"""What Blender puts behind the name of a copy."""
LEADING_ON = re.compile(r"(?<=.)(_(a|an|and|at|by|for|from|in|of|on|or|the|to|with))+$")
"""Words at the end of a name that was cut that promise another one."""
SAID = {
    "group_input": "group_input",
    "val_to_rgb": "color_ramp",
    "tex_image": "image_texture",
    "tex_coord": "texture_coordinate",
    "r_layers": "render_layers",
    "rgb": "color",
    "tex_ies": "ies_texture",
    "tex_sky": "sky_texture",
    "foreach_geometry_element_input": "for_each_element",
    "foreach_geometry_element_output": "for_each_element_output",
}
"""Words of a type's identifier that say less than the menu does → what is said instead."""
VAGUE = frozenset({"value", "result", "output", "vector"})
"""Names of outputs that many nodes have and that say little by themselves."""
SILENT = frozenset({"tex", "bsdf", "input", "primitive"})
"""Words of identifiers that add nothing where others stand beside them."""


def snake(text: str) -> str:
    """`Base Color (sRGB)` → `base_color_srgb`; empty where nothing of it is an ASCII letter or digit."""
    plain = unicodedata.normalize("NFKD", COPY.sub("", text)).encode("ascii", "ignore").decode()
    if " " not in plain:
        plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def cut(name: str, longest: int) -> str:
    """The first words of a name that fit, but for those that only lead on to the next."""
    if len(name) <= longest:
        return name
    cut_off = name[: longest + 1].rpartition("_")[0] or name[:longest]
    return LEADING_ON.sub("", cut_off)


def type_words(kind: str) -> str:
    """`ShaderNodeTexNoise` → `noise`, `ShaderNodeOutputMaterial` → `material_output`."""
    words = CAMEL.sub("_", PREFIX.sub("", kind)).lower()
    if words in SAID:
        return SAID[words]
    first, _, rest = words.partition("_")
    if first == "output" and rest:
        return f"{rest}_output"
    return "_".join(word for word in words.split("_") if word not in SILENT) or words


def wish(node: Node) -> str:
    """What a node would be called: its label, the group it uses, its operation, its type."""
    operation = node.settings.get("operation")
    said = [node.layout.get("label", ""), node.group or "", operation if isinstance(operation, str) else ""]
    return next(filter(None, map(snake, said)), type_words(node.type))


def wishes(graph: Graph) -> dict[str, str]:
    """Node → what it would be called. A reroute is called after what it carries, and wishes last."""
    through = carried(graph)
    asked = {node.name: wish(node) for node in graph.nodes if node.name not in through}
    return asked | {node.name: _reroute(node, through[node.name]) for node in graph.nodes if node.name in through}


def _reroute(node: Node, carries: tuple[Node, Socket] | None) -> str:
    """Its label, or the output that it carries, with that one's node where the output's name says little."""
    label = snake(node.layout.get("label", ""))
    if label or carries is None:
        return label or "reroute"
    source, output = carries
    name = snake(output.name)
    return name if name and name not in VAGUE else f"{wish(source)}_{name}"


class Names:
    """Gives variable names of 3 to 40 characters (or x, y, z, a, b), none twice."""

    def __init__(self, taken: frozenset[str] = RESERVED) -> None:
        self.taken = set(taken)
        self.twins: dict[str, int] = {}
        """Name → the highest number that a twin of it has: the search for the next begins there."""

    def give(self, text: str) -> str:
        """A name like `text`, which is snake case or anything else."""
        name = snake(text)
        if not name or name[0].isdigit():
            name = f"n_{name}"
        name = cut(name, LONGEST)
        if (len(name) < 3 and name not in LETTERS) or name in RESERVED:
            name = f"{name.rstrip('_')}_node"
        free, n = name, self.twins.get(name, 1)
        while free in self.taken:
            n += 1
            free = f"{name}_{n}" if name[-1].isdigit() or name in LETTERS else f"{name}{n}"
        self.twins[name] = n
        self.taken.add(free)
        return free
