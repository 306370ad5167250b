# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches on GitHub to begin with, and what GitHub asks of those who search it."""

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

TERMS = (
    "GitHub's terms: one token for one person or app (Terms of Service H); tokens of one account share one budget; "
    "what is collected may serve research and archives, never spam or the sale of personal data (Acceptable Use 7)."
)
"""What GitHub asks of those who use its interface; said wherever a token is entered."""
