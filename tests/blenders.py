# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that take long and mean the same in every Blender: run in some of them, in all by `build.py test --all`."""

from __future__ import annotations

import importlib.util

import pytest

OLDEST, NEWEST = (4, 2), (5, 2)


def slow_but_in(*versions: tuple[int, int]) -> list[pytest.MarkDecorator]:
    """The marks of a test that is slow in any Blender but these."""
    if importlib.util.find_spec("bpy") is None:
        return []
    import bpy

    return [] if bpy.app.version[:2] in versions else [pytest.mark.slow]
