# SPDX-License-Identifier: GPL-3.0-or-later
"""What the remote control needs of Blender: places, the program to start, preferences, and our regions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ..paths import DataFolder
from ..runs import Helper, Program
from .assist import Assist
from .desk import Desk
from .remote import Remote

REMOTE = Remote()
DESK = Desk()
ASSIST = Assist()
_package = ""
_signed = False


def reset(package: str) -> None:
    """Forget everything; `package` is the extension's name in this Blender."""
    global _package
    _package = package
    REMOTE.reset()
    DESK.forget()
    ASSIST.forget()
    DESK.helper = None


def preferences() -> Any:
    """The extension's preferences, or None where they are not there (yet)."""
    addon = bpy.context.preferences.addons.get(_package)
    return addon.preferences if addon else None


def opened() -> None:
    """See that the remote control knows its places: at the first tick or click, as `register` reads no disk."""
    if REMOTE.kept is None:
        chosen = preferences()
        REMOTE.offline, REMOTE.quick, REMOTE.blender = offline(), quick(), program()
        told = (chosen.data_folder, chosen.train_env, chosen.contact, chosen.own_host) if chosen else ()
        REMOTE.open(_kept(), *told)


def _kept() -> Path:
    """The file for choices: in the extension's own user folder, or Blender's where this is no extension."""
    try:
        folder = bpy.utils.extension_path_user(_package, create=True)
    except ValueError:
        folder = bpy.utils.user_resource("CONFIG", path="voxel_trainer", create=True)
    return Path(folder) / "choices.json"


def program() -> Program:
    """This Blender, or the Python whose bpy module this is, with the person's word on the network."""
    return Program(
        bpy.app.binary_path or sys.executable,
        is_module=not bpy.app.binary_path,
        online=bool(bpy.app.online_access),
    )


def quick() -> Program:
    """Blender's own Python, which is there at once, for commands that need no Blender."""
    return Program(sys.executable, is_module=True) if Path(sys.executable).is_file() else program()


def offline() -> str:
    """Why the network is closed, and who can open it; '' where it is open."""
    if bpy.app.online_access:
        return ""
    if bpy.app.online_access_override:
        return "Blender was started with --offline-mode, so nothing can be downloaded."
    return "Nothing can be downloaded before Allow Online Access is on, in Preferences, System."


def show_preferences() -> None:
    """Open Blender's preferences at the extension."""
    bpy.ops.preferences.addon_show(module=_package)


def mirror() -> None:
    """Let the list in the sidebar have as many items as there are searches; the items hold nothing themselves."""
    items, wanted = bpy.context.window_manager.voxel.searches, len(REMOTE.view.searches.rows)
    while len(items) < wanted:
        items.add()
    while len(items) > wanted:
        items.remove(len(items) - 1)


def helper() -> Helper:
    """The asking end of this data folder's background Blender, which starts at the first ask."""
    opened()
    data = DataFolder(REMOTE.folder)
    if DESK.helper is None or DESK.helper.data != data:
        ASSIST.stop()
        DESK.helper = Helper(data, ".".join(map(str, bpy.app.version)), program())
    return DESK.helper


def redraw(*kinds: str) -> None:
    """Have the sidebars of these kinds of areas drawn again, and the nodes themselves while signs stand on them or did
    so before."""
    global _signed
    before, _signed = _signed, bool(DESK.compared.marks or ASSIST.marks[1])
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                for region in area.regions:
                    signed = region.type == "WINDOW" and area.type == "NODE_EDITOR" and (_signed or before)
                    if region.type == "UI" or signed:
                        region.tag_redraw()


def signs(key: str) -> Mapping[str, str]:
    """The signs of the nodes of a tree: those of the answer that is offered, else of the comparison that is shown."""
    changed, marks = ASSIST.marks
    if changed == key:
        return marks
    return DESK.compared.marks if DESK.view.title == "Compare" and DESK.view.key == key else {}
