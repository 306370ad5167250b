# SPDX-License-Identifier: GPL-3.0-or-later
"""Voxel Trainer: open-licensed .blend files in, proven training data and tuned models out.

Imports without bpy, so that the headless command and the tests can load it in plain Python.
"""

from __future__ import annotations

__version__ = "0.1.0"


def register() -> None:
    """Add the tab Voxel to Blender (called by Blender when the extension is enabled)."""
    from . import panel

    panel.register(__package__ or __name__)


def unregister() -> None:
    """Take away all that `register` added (called by Blender)."""
    from . import panel

    panel.unregister()
