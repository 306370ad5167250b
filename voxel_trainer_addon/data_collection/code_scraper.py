# SPDX-License-Identifier: GPL-3.0-or-later
"""Python beside the .blend files: scripts that use bpy, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

USES = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(?:[\w., \t]*,[ \t]*)?bpy\b", re.MULTILINE)


def uses_bpy(path: Path) -> bool:
    """Whether the Python file imports bpy (its text is looked at, nothing is run). Raises OSError."""
    return USES.search(path.read_bytes()) is not None
