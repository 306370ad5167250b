# SPDX-License-Identifier: GPL-3.0-or-later
"""One file's data as all sections of its record see it: what is its own, how a data-block is named, what went wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ....errors import SetAside
from ....graph.stack import Stack
from ...private import base_name
from ..beside import Beside
from ..rna import custom, settings
from .animation import animation, drivers

ROWS_MAX = 50_000
"""Rows of a section."""
NOT_WANTED = frozenset({"workspaces", "screens", "window_managers", "brushes", "palettes", "libraries"})
"""Collections of data-blocks that no record tells of: the interface's, and what paints."""

Json = dict[str, Any]
Read = Callable[["Source", Any], Json]


class Source:
    """`data`: `bpy.data`, or a `temp_data` that the whole file was linked into. `own`: the library that is the file
    itself, None where the file is open. `look`: images tell whether their files are missing. Its references into
    Blender must not outlive `data`."""

    def __init__(self, data: Any, own: Any, beside: Beside, look: bool = False) -> None:
        self.data, self.own, self.beside, self.look = data, own, beside, look
        self.asides: list[SetAside] = []
        self.stacks: dict[str, Stack] = {}
        self.assets: dict[str, list[Any]] = defaultdict(list)
        """Collection of `bpy.data` → those of the file's own data-blocks that are marked as assets."""
        self.blocks: dict[str, list[Any]] = {}
        """Collection of `bpy.data` → the file's own data-blocks."""
        self.linked: dict[Any, list[Any]] = defaultdict(list)
        """Library → what of it is used."""
        kinds = [p.identifier for p in data.bl_rna.properties if p.type == "COLLECTION"]
        for kind in kinds:
            if kind in NOT_WANTED or kind == "all_ids":
                continue
            self.blocks[kind] = mine = []
            for block in getattr(data, kind):
                library = block.library
                if library == own:
                    mine.append(block)
                    if block.asset_data is not None:
                        self.assets[kind].append(block)
                elif library is not None:
                    self.linked[library].append(block)

    def reference(self, block: Any) -> Json | None:
        """A data-block by type and name, and by its library's name where it is not the file's own."""
        if block is None:
            return None
        found = {"id": block.id_type, "name": block.name}
        if block.library != self.own:
            found["library"] = base_name(block.library.filepath) if block.library else ""
        return found

    def rows(self, kind: str, read: Read, blocks: Sequence[Any] | None = None) -> list[Json]:
        """A row of each own data-block of a collection, or of these `blocks` of it. One that cannot be read is named
        in `asides`, with the reason."""
        rows = []
        blocks = self.blocks.get(kind, ()) if blocks is None else blocks
        for number, block in enumerate(blocks[:ROWS_MAX]):
            item = f"{kind}/#{number}"
            try:
                item = f"{kind}/{block.name}"
                rows.append(read(self, block))
            except UnicodeDecodeError as error:
                sentence = "It holds a name that is not UTF-8 text, as files from before Blender 2.50 do."
                self.asides.append(SetAside("parse", item, "name-not-text", sentence, repr(error.object)[:200]))
            except (
                AttributeError,
                LookupError,
                TypeError,
                ValueError,
                RuntimeError,
                OverflowError,
                SystemError,
            ) as error:
                sentence = "Blender gave no values for it."
                self.asides.append(SetAside("parse", item, "unreadable", sentence, f"{type(error).__name__}: {error}"))
        if len(blocks) > ROWS_MAX:
            sentence = f"The record tells of {ROWS_MAX:,} of {len(blocks):,}."
            self.asides.append(SetAside("parse", kind, "too-many", sentence))
        return rows

    def common(self, block: Any) -> Json:
        """What any data-block may have: custom properties, an override, animation, drivers."""
        found: Json = {}
        if own := custom(block, self.reference):
            found["custom"] = own
        if block.override_library is not None:
            found["overrides"] = self.reference(block.override_library.reference)
        return found | animation(self, block) | drivers(self, block)

    def settings(self, struct: Any, without: frozenset[str] = frozenset()) -> Json:
        """What can be set on a struct, with its type where it has one."""
        kind = getattr(struct, "type", None)
        return ({"type": kind} if isinstance(kind, str) else {}) | settings(struct, self.reference, without=without)


def block_row(source: Source, block: Any) -> Json:
    """A data-block of which all settings are told."""
    return {"name": block.name, **source.common(block), **_typed(source, block)}


def _typed(source: Source, block: Any) -> Json:
    held = source.settings(block)
    kind = {"type": held.pop("type")} if "type" in held else {}
    return {**kind, "settings": held}
