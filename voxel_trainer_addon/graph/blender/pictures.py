# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files of images are there."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

import bpy

FROM_FILES = frozenset({"FILE", "MOVIE", "SEQUENCE", "TILED"})


def is_missing(image: Any) -> bool:
    """Whether the file of an image is not there. Network shares are not asked: on Windows that would log in."""
    if image.source not in FROM_FILES or image.packed_files or not image.filepath_raw:
        return False
    place = Path(bpy.path.abspath(image.filepath_raw, library=image.library))
    if str(place).startswith(("\\\\", "//")):
        return False
    if image.source == "TILED":
        return not any(place.parent.glob(re.sub(r"<UDIM>|<UVTILE>", "*", glob.escape(place.name))))
    return not place.exists()
