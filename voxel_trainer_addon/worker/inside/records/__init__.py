# SPDX-License-Identifier: GPL-3.0-or-later
"""What one file holds, as a record: objects, data, scenes, materials … of the file itself, never of what it links."""

from __future__ import annotations

from typing import Any

from ....graph.blender.read import read_graphs
from ..beside import Beside
from ..places import graph_without_places
from .animation import action_row
from .data import data_rows
from .media import asset_row, file_row, image_row, library_row, mask_row, text_row
from .objects import object_row, object_stack
from .scenes import collection_row, scene_row
from .source import NOT_WANTED, Json, Source, block_row

__all__ = ["NOT_WANTED", "read_sections"]


def _object(source: Source, ob: Any) -> Json:
    """Its row; modifiers and constraints go to `stacks`."""
    if stack := object_stack(source, ob):
        source.stacks[stack.key] = stack
    return object_row(source, ob)


ROWS = {
    "objects": _object,
    "collections": collection_row,
    "scenes": scene_row,
    **dict.fromkeys(("materials", "worlds", "lights", "cameras", "textures", "linestyles", "particles"), block_row),
    "images": image_row,
    **dict.fromkeys(("fonts", "sounds", "movieclips", "cache_files"), file_row),
    "masks": mask_row,
    "texts": text_row,
    "actions": action_row,
}
"""Section, called like the collection of `bpy.data` → how a row of it is read."""


def read_sections(data: Any, own: Any, beside: Beside, look: bool = False) -> Json:
    """The record's sections (docs/record.md); `graphs` and `stacks` hold Graph and Stack objects. A data-block that
    cannot be read is named under `set_aside`, with the reason. See `Source` for what is handed over."""
    source = Source(data, own, beside, look)
    graphs, asides = read_graphs(data, own)
    sections: Json = {kind: source.rows(kind, read) for kind, read in ROWS.items()}
    sections["data"] = data_rows(source)
    sections["assets"] = [row for kind, blocks in source.assets.items() for row in source.rows(kind, asset_row, blocks)]
    others = [library for library in data.libraries if library != own]
    sections["libraries"] = source.rows("libraries", library_row, others)
    sections["graphs"] = graphs if look else {key: graph_without_places(graph) for key, graph in graphs.items()}
    sections["stacks"] = source.stacks
    sections["set_aside"] = [aside.as_json() for aside in (*source.asides, *asides)]
    return sections
