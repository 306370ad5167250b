# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set once for all runs: where data goes by default, and an environment for training that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from . import blender


def _changed(self: VoxelPreferences, context: bpy.types.Context) -> None:
    blender.opened()
    blender.REMOTE.data, blender.REMOTE.train_env = self.data_folder, self.train_env
    blender.REMOTE.look()


def _data_changed(self: VoxelPreferences, context: bpy.types.Context) -> None:
    """The panel follows the newer word."""
    blender.opened()
    blender.REMOTE.choices.data = ""
    _changed(self, context)


class VoxelPreferences(bpy.types.AddonPreferences):
    bl_idname = ""  # the extension's name, known when Blender registers it

    if TYPE_CHECKING:
        data_folder: str
        train_env: str
    else:
        data_folder: StringProperty(
            name="Data Folder",
            description="Where datasets, models and reports go unless the panel names another folder. "
            "Empty: voxel_training_data in the home folder",
            subtype="DIR_PATH",
            update=_data_changed,
        )
        train_env: StringProperty(
            name="Training Environment",
            description="A Python environment with PyTorch that is there already. "
            "Empty: one is made, after asking, when it is first needed",
            subtype="DIR_PATH",
            update=_changed,
        )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "data_folder")
        layout.prop(self, "train_env")
