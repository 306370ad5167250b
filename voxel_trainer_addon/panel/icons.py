# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of ours as icons of Blender, by name."""

from __future__ import annotations

from array import array
from typing import Any

import bpy
import bpy.utils.previews

from .canvas import HEIGHT, WIDTH


class Icons:
    """A few pictures that are drawn or loaded anew now and then."""

    def __init__(self) -> None:
        self._held: Any = None

    def __getitem__(self, name: str) -> int:
        """The number that Blender knows it by, 0 where there is none."""
        return int(self._held[name].icon_id) if self._held and name in self._held else 0

    def clear(self) -> None:
        """Make room: a changed picture under a name that is taken would not be shown."""
        if self._held is None:
            self._held = bpy.utils.previews.new()
        self._held.clear()

    def draw(self, name: str, pixels: array[int]) -> None:
        """Keep a picture as `canvas` has it."""
        image = self._held.new(name)
        image.image_size = (WIDTH, HEIGHT)
        image.image_pixels.foreach_set(array("i", pixels.tobytes()))  # Blender's numbers have a sign

    def load(self, name: str, path: str) -> None:
        """Keep a picture of a file, which Blender reads when it draws it."""
        self._held.load(name, path, "IMAGE")

    def forget(self) -> None:
        if self._held is not None:
            bpy.utils.previews.remove(self._held)
        self._held = None
