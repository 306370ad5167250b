# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables: short words that say what a thing is, each given once."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from .model import Node

LONGEST = 32
RESERVED = frozenset(
    {*keyword.kwlist, *dir(builtins), "bpy", "nodes", "links", "interface", "link", "match", "case"}
    | {"fonts", "helper", "unsigned"}
)
PREFIX = re.compile(r"^(ShaderNode|GeometryNode|CompositorNode|TextureNode|FunctionNode|Node)(?=.)")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(text: str) -> str:
    """`Base Color (sRGB)` → `base_color_srgb`; empty where nothing of it is an ASCII letter or digit."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def type_words(kind: str) -> str:
    """`ShaderNodeTexNoise` → `noise_texture`."""
    words = CAMEL.sub("_", PREFIX.sub("", kind)).lower().split("_")
    return "_".join([*words[1:], "texture"] if words[0] == "tex" and words[1:] else words)


def wish(node: Node) -> str:
    """What a node would be called: its label, the group it uses, its operation, its type."""
    operation = node.settings.get("operation")
    said = [node.layout.get("label", ""), node.group or "", operation if isinstance(operation, str) else ""]
    return next(filter(None, map(snake, said)), type_words(node.type))


class Names:
    """Gives variable names of 3 to 40 characters, none twice."""

    def __init__(self, taken: frozenset[str] = RESERVED) -> None:
        self.taken = set(taken)

    def give(self, text: str) -> str:
        """A name like `text`, which is snake case or anything else."""
        name = snake(text)
        if not name or name[0].isdigit():
            name = f"n_{name}"
        if len(name) < 3:
            name = f"{name.rstrip('_')}_node"
        name = name[:LONGEST].rstrip("_")
        free, n = name, 1
        while free in self.taken:
            n += 1
            free = f"{name}_{n}"
        self.taken.add(free)
        return free
