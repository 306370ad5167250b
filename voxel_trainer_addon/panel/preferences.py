# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set once for all runs: where data goes, an environment that is there already, tokens and whom to write to.

A token in a property would be a token in `userpref.blend`: each field reads dots and writes our own file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import tokens
from ..paths import DataFolder
from ..runs import keep_feedback
from ..searches import TERMS
from . import blender, draw_searches
from .panels import columns

TOKENS = {
    "github_token": "GITHUB_TOKEN",
    "openai_key": "OPENAI_API_KEY",
    "anthropic_key": "ANTHROPIC_API_KEY",
    "together_key": "TOGETHER_API_KEY",
}
DOT = "\u2022"
SHOWN = DOT * 12
"""Stands for a token that is kept; how long it is, nobody learns."""


def _changed(self: VoxelPreferences, context: bpy.types.Context) -> None:
    blender.opened()
    remote = blender.REMOTE
    remote.data, remote.train_env = self.data_folder, self.train_env
    remote.contact, remote.own_host = self.contact, self.own_host
    remote.look()
    blender.mirror()


def _data_changed(self: VoxelPreferences, context: bpy.types.Context) -> None:
    """The panel follows the newer word."""
    blender.opened()
    blender.REMOTE.choices.data = ""
    _changed(self, context)


def _keeps(_: Any) -> bool:
    return blender.ASSIST.askables.keeps


def _set_keeps(_: Any, value: bool) -> None:
    blender.opened()
    try:
        keep_feedback(DataFolder(blender.REMOTE.folder), value)
    except OSError as error:
        blender.REMOTE.trouble = f"The choice could not be kept: {error.strerror}."
    else:
        blender.ASSIST.askables.keeps = value


def _token(name: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a token's field."""

    def read(_: Any) -> str:
        harvested = blender.REMOTE.harvested
        return SHOWN if harvested and name in harvested.own else ""

    def write(_: Any, value: str) -> None:
        blender.opened()
        new = value.replace(DOT, "").strip()
        if new or not value:  # dots alone are what was there
            try:
                tokens.keep(name, new)
            except OSError as error:
                blender.REMOTE.trouble = f"The token could not be kept: {error.strerror}."
        if blender.REMOTE.harvested:
            blender.REMOTE.harvested.look_for_tokens()
        blender.REMOTE.refresh()

    return {"get": read, "set": write}


class VoxelPreferences(bpy.types.AddonPreferences):
    bl_idname = ""  # the extension's name, known when Blender registers it

    if TYPE_CHECKING:
        data_folder: str
        train_env: str
        contact: str
        own_host: str
        ask_s: int
        keep_feedback: bool
        github_token: str
        openai_key: str
        anthropic_key: str
        together_key: str
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
        contact: StringProperty(
            name="Contact",
            description="Mail or web address that hosts may write to; it is part of every request. Empty: none is told",
            update=_changed,
        )
        own_host: StringProperty(
            name="Own Host",
            description="A Python file by which a host of your own tunes models (see the documentation). It runs as "
            "any program of yours does, when that host is chosen",
            subtype="FILE_PATH",
            update=_changed,
        )
        ask_s: IntProperty(
            name="Answer Within",
            description="Seconds that Ask Voxel may take for an answer",
            default=60,
            min=5,
            max=600,
            subtype="TIME_ABSOLUTE",
        )
        keep_feedback: BoolProperty(
            name="Keep Feedback",
            description="Keep in the data folder what is asked, answered and kept, so that the next model learns from "
            "it. It never leaves this computer by itself",
            get=_keeps,
            set=_set_keeps,
        )
        github_token: StringProperty(
            name="GitHub Token",
            description="A fine-grained token without any permission is enough. It is kept in a file of yours that "
            "nobody else reads, not in Blender's preferences",
            subtype="PASSWORD",
            **_token("GITHUB_TOKEN"),
        )
        openai_key: StringProperty(
            name="OpenAI Key",
            description="For training by a host that speaks the OpenAI protocol; kept as the other tokens are",
            subtype="PASSWORD",
            **_token("OPENAI_API_KEY"),
        )
        anthropic_key: StringProperty(
            name="Anthropic Key",
            description="Kept as the other tokens are",
            subtype="PASSWORD",
            **_token("ANTHROPIC_API_KEY"),
        )
        together_key: StringProperty(
            name="Together Key",
            description="For training by Together; kept as the other tokens are",
            subtype="PASSWORD",
            **_token("TOGETHER_API_KEY"),
        )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "data_folder")
        layout.prop(self, "train_env")
        layout.prop(self, "own_host")
        layout.prop(self, "ask_s")
        layout.prop(self, "keep_feedback")
        blender.ASSIST.seen = True
        harvested = blender.REMOTE.harvested
        told = [f"Tokens are kept in {tokens.own_file()}, which nobody else may read."]
        told += [
            f"{name} of the environment is used, not the one here." for name in TOKENS.values() if name in os.environ
        ]
        told += harvested.warnings if harvested else ()
        told += [blender.REMOTE.trouble] if blender.REMOTE.trouble else []
        draw_searches.tokens(layout, self, tuple(TOKENS), told, TERMS, columns(context))
