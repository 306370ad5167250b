# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of a worker: what its jobs share. A job is a module here with `run(body, scratch) -> dict`."""

from __future__ import annotations

import bpy


class Refused(Exception):
    """A job could not do its unit, and says why: becomes an answer that is not ok; the worker lives on."""

    def __init__(self, code: str, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.detail = code, sentence, detail


_worn = False


def wear_out() -> None:
    """Say that this process must not be used again after the unit in hand."""
    global _worn
    _worn = True


def is_worn() -> bool:
    return _worn


def empty() -> None:
    """Bring Blender to factory settings and one empty scene: no other data-block is left. About ten milliseconds."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    preferences = bpy.context.preferences
    assert preferences
    preferences.filepaths.use_scripts_auto_execute = False
