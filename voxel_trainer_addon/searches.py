# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches on GitHub to begin with: what is looked for where nobody says anything else."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str] = {
    "Materials": "blender materials",
    "Models": "blender models",
    "Animation": "blender animation",
    "Procedural": "blender procedural",
    "Game Assets": "blender game assets",
    "Architecture": "blender architecture",
    "Characters": "blender characters",
    "Tutorials": "blender tutorial",
    "Python": "blender python",
    "Topic: Blender": "topic:blender",
    "Topic: Blender 3D": "topic:blender3d",
    "Topic: Geometry Nodes": "topic:geometry-nodes",
}
"""Name on a button → words of the search."""
