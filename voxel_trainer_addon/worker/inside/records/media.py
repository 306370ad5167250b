# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures, sounds, fonts, texts and what assets tell: named by file, taken out where they are packed, never opened."""

from __future__ import annotations

import hashlib
from array import array
from typing import Any

from ....graph.blender.pictures import is_missing
from ....words import without_addresses
from ...png import png
from ...private import base_name, scrubbed
from ..rna import ITEMS_MAX, TEXT_MAX, some
from .source import Json, Source

TEXT_KEPT_MAX = 1_000_000
"""Characters of a text block that is kept."""
LINKS_MAX = 1000
"""Linked data-blocks of a library that are named."""
SIDE_MAX = 1024
"""Pixels of a preview on a side."""
FORMATS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"v/1\x01", ".exr"),
    (b"#?RADIANCE", ".hdr"),
    (b"DDS ", ".dds"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
    (b"SDPX", ".dpx"),
    (b"XPDS", ".dpx"),
    (b"\0\0\0\x0cjP", ".jp2"),
)
"""How a picture's data begins → the ending of its name."""


def image_row(source: Source, image: Any) -> Json:
    """Never its size, format or pixels: Blender would open the file at its path for them."""
    row: Json = {
        "name": image.name,
        **source.common(image),
        "source": image.source,
        "file": base_name(image.filepath_raw),
        "colour_space": image.colorspace_settings.name,
        "alpha_mode": image.alpha_mode,
        "packed": [_packed(source, packed.packed_file) for packed in image.packed_files[:ITEMS_MAX]],
    }
    if image.source == "GENERATED":
        row |= some(image, ("generated_type", "generated_width", "generated_height"))
    if image.source == "TILED":
        row["tiles"] = [tile.number for tile in image.tiles]
    return row | ({"missing": is_missing(image)} if source.look else {})


def _packed(source: Source, packed: Any) -> Json:
    """A picture that lies in the file; it is laid beside the record."""
    size = packed.size if packed is not None else 0
    if not source.beside.takes(size):
        return {"bytes": size}
    data = packed.data
    found = next((name for start, name in FORMATS if data.startswith(start)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = ".webp"
    return {"bytes": size, "kept": source.beside.keep("packed", data, found)}


def file_row(source: Source, block: Any) -> Json:
    """A font, sound, movie clip or cache: the file that it names, and how much of it is packed."""
    packed = getattr(block, "packed_file", None)
    row = {"name": block.name, **source.common(block), "file": base_name(block.filepath)}
    return row | some(block, ("source", "is_sequence")) | ({"packed_bytes": packed.size} if packed is not None else {})


def mask_row(source: Source, mask: Any) -> Json:
    return {
        "name": mask.name,
        **source.common(mask),
        "frames": [mask.frame_start, mask.frame_end],
        "layers": [{"name": layer.name, "splines": len(layer.splines)} for layer in mask.layers[:ITEMS_MAX]],
    }


def text_row(source: Source, text: Any) -> Json:
    """A text block by length and hash; the text itself, scrubbed, lies beside the record."""
    whole = text.as_string()
    data = whole.encode("utf-8", "replace")
    row = {
        "name": text.name,
        **source.common(text),
        "characters": len(whole),
        "lines": len(text.lines),
        "sha256": hashlib.sha256(data).hexdigest(),
        "register": text.use_module,
    }
    if len(whole) <= TEXT_KEPT_MAX and source.beside.takes(len(data)):
        row["kept"] = source.beside.keep("texts", scrubbed(whole).encode("utf-8", "replace"), ".txt")
    return row


def asset_row(source: Source, block: Any) -> Json:
    """What an asset tells of itself."""
    told = block.asset_data
    words = {
        name: without_addresses(getattr(told, name))[:TEXT_MAX]
        for name in ("author", "copyright", "license", "description")
    }
    row: Json = {
        "of": source.reference(block),
        **words,
        "tags": [tag.name for tag in told.tags[:ITEMS_MAX]],
        "catalog": told.catalog_id,
        "catalog_name": told.catalog_simple_name,
    }
    if preview := _preview(source, block):
        row["kept"] = preview
    return row


def _preview(source: Source, block: Any) -> str:
    """Where the picture lies that the file holds of a data-block; '' where it holds none. Nothing is rendered."""
    held = block.preview
    if held is None:
        return ""
    width, height = held.image_size
    if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX and source.beside.takes(4 * width * height)):
        return ""
    pixels = array("i", bytes(4 * len(held.image_pixels)))
    held.image_pixels.foreach_get(pixels)
    return source.beside.keep("previews", png(width, height, pixels.tobytes()), ".png")


def library_row(source: Source, library: Any) -> Json:
    """Another .blend file that this one links, and what of it; one that is not there too."""
    used = source.linked.get(library, ())
    row: Json = {
        "name": base_name(library.filepath),
        "version": ".".join(map(str, library.version)),
        "missing": library.is_missing,
        "links": len(used),
        "used": [_link(block) for block in used[:LINKS_MAX]],
    }
    if library.packed_file:
        row["packed_bytes"] = library.packed_file.size
    if library.parent not in (None, source.own):
        row["within"] = base_name(library.parent.filepath)
    return row


def _link(block: Any) -> Json:
    return {"id": block.id_type, "name": block.name, "missing": block.is_missing}
