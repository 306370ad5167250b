# SPDX-License-Identifier: GPL-3.0-or-later
"""How the names of techniques go on behind `with`."""

from __future__ import annotations

from .phrases import article

SAID = {
    "HDRI environment": "an HDRI environment",
    "change of space": "a change of coordinates",
    "light by a group": "its light from a group",
    "light by emission": "an emission shader",
    "material": "materials assigned",
    "mix by an input": "a mix that an input drives",
    "moved along the normal": "points moved along the normal",
    "one plain shader": "a single plain shader",
    "pixelated": "a pixelated picture",
    "primitive": "a mesh or curve primitive",
    "render as it is": "the render as it is",
    "scaled": "a scaled picture",
    "snapped to a surface": "points snapped to a surface",
    "surface by a group": "its surface from a group",
    "told apart by rays": "different looks for different rays",
    "two sides": "two-sided looks",
}
"""Names of techniques that do not go on behind `with` → how that is said."""
COUNTED = frozenset(
    {"roughness map", "metallic map", "colour-ramped texture", "colour-ramped mask", "texture mask between shaders"}
    | {"Fresnel mix", "normal map", "displaced surface", "edge mask by bevel", "ambient occlusion mask", "clear coat"}
    | {"mask along an axis", "colour temperature", "volume", "mapped texture", "turned environment", "sky texture"}
    | {"gradient background", "plain background", "background for the camera alone", "simulation zone", "repeat zone"}
    | {"for-each zone", "boolean", "menu of variants", "option by a switch", "filled curve", "convex hull", "dual mesh"}
    | {"stored attribute", "read attribute", "captured attribute", "vignette", "cryptomatte matte", "mask by ID"}
    | {"movie clip", "ambient occlusion pass"}
)
"""Names that want an article there."""


def said(name: str) -> str:
    """A technique's name as it goes on behind `with`."""
    return SAID.get(name) or (article(name) if name in COUNTED else name)
