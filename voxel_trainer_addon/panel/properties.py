# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's fields. They keep nothing, as opening a file would empty them: each one mirrors a choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..runs.choices import DEFAULTS
from ..stage import PRESETS
from ..words import duration
from .blender import REMOTE, opened

LICENCES = (
    ("own", "My Own Work", "Yours: used on this computer, never uploaded without asking"),
    ("CC0-1.0", "CC0 1.0", "Public domain"),
    ("CC-BY-4.0", "CC BY 4.0", "Free with credit"),
    ("CC-BY-SA-4.0", "CC BY-SA 4.0", "Free with credit, under the same licence"),
    ("MIT", "MIT", "Free with the notice"),
    ("Apache-2.0", "Apache 2.0", "Free with the notice"),
    ("GPL-2.0-or-later", "GPL 2.0 or Later", "Free under the same licence"),
    ("GPL-3.0-or-later", "GPL 3.0 or Later", "Free under the same licence"),
)


def _preset(name: str) -> tuple[str, str, str]:
    value = PRESETS[name]
    train, evaluate = duration(value["train_s"]), duration(value["evaluate_s"])
    return name, name.title(), f"Train for {train}, then compare before and after for {evaluate}"


PRESET_ITEMS = tuple(map(_preset, PRESETS))


def _text(key: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a text field over the choice `key`; an emptied one goes back to its default."""

    def read(_: Any) -> str:
        return str(getattr(REMOTE.choices, key))

    def write(_: Any, value: str) -> None:
        setattr(REMOTE.choices, key, value.strip() or getattr(DEFAULTS, key))
        REMOTE.refresh()

    return {"get": read, "set": write}


def _item(key: str, items: tuple[tuple[str, str, str], ...]) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a menu over the choice `key`."""
    ids = [item[0] for item in items]

    def read(_: Any) -> int:
        chosen = getattr(REMOTE.choices, key)
        return ids.index(chosen) if chosen in ids else 0

    def write(_: Any, value: int) -> None:
        setattr(REMOTE.choices, key, ids[value])
        REMOTE.refresh()

    return {"get": read, "set": write}


def _absolute(value: str) -> str:
    """A path from a field as an absolute one: Blender's `//` means beside the open file, and that changes."""
    return str(Path(bpy.path.abspath(value)).expanduser().absolute()) if value.strip() else ""


def _folder(_: Any) -> str:
    return REMOTE.choices.folder


def _set_folder(_: Any, value: str) -> None:
    """Another folder is another question of licence."""
    folder = _absolute(value)
    if folder != REMOTE.choices.folder:
        REMOTE.choices.folder, REMOTE.choices.licence = folder, DEFAULTS.licence
    REMOTE.refresh()


def _data(_: Any) -> str:
    return str(REMOTE.folder)


def _set_data(_: Any, value: str) -> None:
    opened()
    REMOTE.choices.data = _absolute(value)
    REMOTE.look()


def _bundled(_: Any) -> bool:
    return REMOTE.choices.bundled


def _set_bundled(_: Any, value: bool) -> None:
    REMOTE.choices.bundled = value
    REMOTE.refresh()


class VOXEL_PG_choices(bpy.types.PropertyGroup):
    if TYPE_CHECKING:
        folder: str
        licence: str
        data: str
        bundled: bool
        preset: str
        name: str
        model: str
    else:
        folder: StringProperty(
            name="Folder",
            description="Folder whose .blend files are harvested, with all folders in it. "
            "They are read where they lie, never changed and never copied",
            subtype="DIR_PATH",
            get=_folder,
            set=_set_folder,
        )
        licence: EnumProperty(
            name="Licence",
            description="Licence of the files in the folder; every example remembers it",
            items=LICENCES,
            **_item("licence", LICENCES),
        )
        data: StringProperty(
            name="Data",
            description="Folder for the catalog, datasets, models and reports. Emptied, it is the preferences' folder",
            subtype="DIR_PATH",
            get=_data,
            set=_set_data,
        )
        bundled: BoolProperty(
            name="Bundled Libraries",
            description="Harvest Blender's own node libraries too, where this Blender has them. They are CC0",
            get=_bundled,
            set=_set_bundled,
        )
        preset: EnumProperty(
            name="Preset",
            description="How much time training and comparing may take",
            items=PRESET_ITEMS,
            **_item("preset", PRESET_ITEMS),
        )
        name: StringProperty(name="Dataset", description="Name of the dataset and its models", **_text("name"))
        model: StringProperty(
            name="Model",
            description="Model to tune: the embedded smollm2-135m, or a Hugging Face name or folder",
            **_text("model"),
        )


CLASSES = (VOXEL_PG_choices,)
