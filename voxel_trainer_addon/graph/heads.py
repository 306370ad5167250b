# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on the head of a node, and the word for its colour."""

from __future__ import annotations

import re

from .menu import type_words
from .model import Node

KINDS = (
    ("output", ("Output", "Composite", "Viewer")),
    ("group", ("Group",)),
    ("input", ("Input", "TexCoord", "Value", "Attribute", "Fresnel", "LayerWeight", "ObjectInfo", "Position")),
    ("texture", ("Tex", "Image")),
    ("shader", ("Bsdf", "Shader", "Emission", "Background", "Volume", "Holdout", "Subsurface")),
    ("color", ("Color", "RGB", "Rgb", "ValTo", "Hue", "Bright", "Gamma", "Mix", "Invert")),
    ("vector", ("Vect", "Mapping", "Normal", "Bump", "Displacement", "Rotat")),
    ("geometry", ("Geometry", "Mesh", "Curve", "Instance", "Points", "SetPosition", "Subdiv")),
)
"""Colour of a node's head → parts of its type's own name that tell; the first that fits is taken, else `math`."""
PREFIX = re.compile(r"^(Shader|Geometry|Function|Compositor|Texture)Node")


def title(node: Node) -> str:
    """What a node is called on its head: its label, the group it uses, its operation, its type in words."""
    operation = node.settings.get("operation")
    said = operation.replace("_", " ").title() if isinstance(operation, str) else ""
    return str(node.layout.get("label") or node.group or said or type_words(node.type) or node.type)


def kind(type: str) -> str:
    """The word for the colour of a node's head."""
    own = PREFIX.sub("", type)
    return next((name for name, parts in KINDS if any(part in own for part in parts)), "math")
