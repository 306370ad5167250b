# SPDX-License-Identifier: GPL-3.0-or-later
"""Python beside the .blend files: scripts that use bpy, and nothing else."""

from __future__ import annotations

from pathlib import Path

from ..bpy_code.source import mentions_bpy
from ..catalog import Origin
from ..errors import SetAside
from ..licences.classes import Policy
from .licences import with_head
from .reach import Reach


def uses_bpy(path: Path) -> bool:
    """Whether the Python file imports bpy (its text is looked at, nothing is run). Raises OSError."""
    return mentions_bpy(path.read_text(encoding="utf-8", errors="replace"))


def judged(reach: Reach, origin: Origin) -> Origin | None:
    """A script that came, under the licence that its own head states; None, set aside, where that is not taken. Other
    files are what they were."""
    if origin.kind != "code":
        return origin
    text = reach.folder.blob(origin.sha256, origin.kind).read_text(encoding="utf-8", errors="replace")
    found = with_head(origin, text)
    if Policy(reach.options.allow).takes(found.licence):
        return found
    sentence = f"Its head states {found.licence}, which is not taken."
    reach.hooks.set_aside(SetAside("harvest", f"{origin.source}/{origin.path}", "licence", sentence))
    return None
