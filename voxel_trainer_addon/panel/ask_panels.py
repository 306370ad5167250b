# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Voxel in the 3D viewport and in the node editors: its fields and panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, StringProperty

from . import draw_assist
from .aiming import editor_of
from .assist import OWN, PLACES, RENDER, SKETCH
from .blender import ASSIST
from .icons import Icons
from .panels import VoxelPanel, columns

ICONS = Icons()


def look() -> bool:
    """Take in what is new, at most one picture; whether the panels must be drawn again."""
    changed = ASSIST.step()
    if not ASSIST.undrawn:
        return changed
    picture, place = ASSIST.undrawn.pop(0)
    answer = ASSIST.answers[place]
    if picture == RENDER and (path := answer.body.get("picture")):
        ICONS.load(f"{RENDER} {place}", path)
    elif picture == SKETCH:
        if place == 0:
            ICONS.clear()
        if pixels := answer.sketched():
            ICONS.draw(f"{SKETCH} {place}", pixels)
    return True


def _pictures(place: int) -> tuple[int, ...]:
    """The icons of an answer."""
    return tuple(filter(None, (ICONS[f"{picture} {place}"] for picture in (SKETCH, RENDER))))


# The fields


def _text(name: str) -> dict[str, Callable[..., Any]]:
    def write(_: Any, value: str) -> None:
        setattr(ASSIST, name, value.strip())

    return {"get": lambda _: getattr(ASSIST, name), "set": write}


def _place(editor: str) -> dict[str, Any]:
    ids = [place.id for place in PLACES[editor]]

    def write(_: Any, value: int) -> None:
        ASSIST.places[editor] = ids[value]

    items = tuple((place.id, place.label, place.about) for place in PLACES[editor])
    return {"name": "For", "items": items, "get": lambda _: ids.index(ASSIST.place(editor).id), "set": write}


_models: list[tuple[str, str, str]] = []
"""Blender keeps no hold of the texts of a menu."""


def _model_items(self: Any = None, context: Any = None) -> list[tuple[str, str, str]]:
    _models[:] = [(one.id or "AUTO", one.label, one.about) for one in ASSIST.askables.known]
    _models.append((OWN, "Other…", "A chat model by its name: of OpenAI, of Anthropic, or of a server of your own"))
    return _models


def _model(_: Any) -> int:
    ids = ["" if item[0] == "AUTO" else item[0] for item in _model_items()]
    return ids.index(ASSIST.model) if ASSIST.model in ids else 0


def _set_model(_: Any, value: int) -> None:
    chosen = _model_items()[value][0]
    ASSIST.model = "" if chosen == "AUTO" else chosen


class VOXEL_PG_assist(bpy.types.PropertyGroup):
    if TYPE_CHECKING:
        text: str
        to_view: str
        to_shader: str
        to_geometry: str
        to_compositor: str
        model: str
        own: str
        url: str
    else:
        text: StringProperty(
            name="Request", description="What you want, in your words: make the rust follow the edges", **_text("text")
        )
        to_view: EnumProperty(**_place("view"))
        to_shader: EnumProperty(**_place("shader"))
        to_geometry: EnumProperty(**_place("geometry"))
        to_compositor: EnumProperty(**_place("compositor"))
        model: EnumProperty(name="Model", description="Who answers", items=_model_items, get=_model, set=_set_model)
        own: StringProperty(name="Model", description="PROVIDER:MODEL; the token is in the preferences", **_text("own"))
        url: StringProperty(
            name="Address", description="Address of a server of your own, as http://localhost:8080/v1", **_text("url")
        )


class AskPanel:
    """Ask Voxel, in whatever editor."""

    bl_label = "Ask Voxel"
    layout: Any

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(editor_of(context))

    def draw(self, context: Any) -> None:
        ASSIST.seen = True
        view, wide = ASSIST.view, columns(context)
        fields = context.window_manager.voxel_assist
        own = ASSIST.model == OWN
        draw_assist.question(self.layout, view, fields, editor_of(context), wide, own=own)
        if view.offer:
            draw_assist.answer(self.layout, view.offer, _pictures(0), wide)
        elif view.duel:
            draw_assist.duel(self.layout, view.duel, (_pictures(0), _pictures(1)), wide)


class VOXEL_PT_ask(AskPanel, VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    pass


class VOXEL_PT_ask_nodes(AskPanel, VoxelPanel, bpy.types.Panel):  # type: ignore[misc]
    bl_space_type = "NODE_EDITOR"


CLASSES = (VOXEL_PG_assist, VOXEL_PT_ask, VOXEL_PT_ask_nodes)


def register() -> None:
    """The fields."""
    bpy.types.WindowManager.voxel_assist = bpy.props.PointerProperty(type=VOXEL_PG_assist)  # type: ignore[attr-defined]


def unregister() -> None:
    del bpy.types.WindowManager.voxel_assist  # type: ignore[attr-defined]
    ICONS.forget()
