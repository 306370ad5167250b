# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `read`: one .blend file in, one record out.

The fast way links everything into a temporary main database: nothing is evaluated, no script or driver runs. The way
`open` opens the file as a person would, for the few files that the fast way does not get.
"""

from __future__ import annotations

import base64
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import bpy

from ...files import write_text
from ...graph.model import Graph
from ...words import harmless
from ..private import clean_json, encodable
from ..record import SCHEMA
from . import Refused, empty, node_table, wear_out
from .beside import Beside
from .records import NOT_WANTED, read_sections


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Read the file at `path` and write its record to `<scratch>/<sha256>.json`.

    `body`: `path`, `sha256`, `bytes` (its size; that of `path` where it is left out), `way` (`fast` or `open`),
    `blocks` (data-blocks that the header look counted), `thumbnail` (a PNG file in Base64, where the look found one).
    The answer: `record` (path), `state` (`read` or `read with errors`), `counts`, `beside`. With `beside` in the body,
    texts, packed pictures and previews are laid beside the record, and the answer names them (see `beside`). With
    `look`, for a file of the person's own, images have `missing` too, paths in graphs are whole, and `fresh` has for
    each type of tree one with its nodes as Blender makes them (see `node_table`).
    """
    path, way, look = body["path"], body.get("way", "fast"), bool(body.get("look"))
    beside = Beside(scratch if body.get("beside") else None)
    try:
        state, version, sections = (_open if way == "open" else _link)(path, beside, look)
    except BaseException:
        beside.drop()
        raise
    counts = {name: len(rows) for name, rows in sections.items() if rows}
    if way == "fast" and body.get("blocks") and not counts:
        raise Refused(
            "nothing", f"Blender {_blender()} found nothing in it, though it holds {body['blocks']} data-blocks"
        )
    counts["nodes"] = sum(len(graph.nodes) for graph in sections["graphs"].values())
    record = {
        "schema": SCHEMA,
        "sha256": body["sha256"],
        "bytes": body.get("bytes") or Path(path).stat().st_size,
        "blender": _blender(),
        "way": way,
        "state": state,
        "counts": counts,
        "file": {
            "version": ".".join(map(str, version)),
            "before_2_80": version < (2, 80),
            **_thumbnail(body.get("thumbnail", ""), beside),
        },
        **sections,
    }
    if look:
        record["fresh"] = node_table.run({"types": _types(sections["graphs"])}, scratch)["trees"]
    place = scratch / f"{body['sha256']}.json"
    text = json.dumps(record, ensure_ascii=False, check_circular=False, separators=(",", ":"), default=vars) + "\n"
    write_text(place, encodable(text if look else clean_json(text)))
    return {"record": str(place), "state": state, "counts": counts, "beside": beside.kept}


def _thumbnail(packed: str, beside: Beside) -> dict[str, str]:
    picture = base64.b64decode(packed)
    return {"kept": beside.keep("previews", picture, ".png")} if beside.takes(len(picture)) else {}


def _types(graphs: dict[str, Graph]) -> dict[str, list[str]]:
    """Tree type → the node types in trees of it."""
    types: dict[str, set[str]] = defaultdict(set)
    for graph in graphs.values():
        if not graph.refused:
            types[graph.type] |= {node.type for node in graph.nodes}
    return {kind: sorted(names) for kind, names in types.items()}


def _blender() -> str:
    return ".".join(map(str, bpy.app.version))


def _link(path: str, beside: Beside, look: bool) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    """The fast way. No reference to anything in `data` may leave this function: the next file would crash."""
    data: Any
    with bpy.data.temp_data() as data:
        try:
            with data.libraries.load(path, link=True) as (there, wanted):
                for kind in dir(there):
                    names = getattr(there, kind)
                    if kind not in NOT_WANTED and isinstance(names, list):
                        setattr(wanted, kind, names)
        except (OSError, SystemError, ValueError) as error:
            why = _reason(error.__cause__ or error, path)
            raise Refused("unreadable", f"Blender {_blender()} cannot read it: {why}") from None
        own = next((library for library in data.libraries if _same_place(library.filepath, path)), None)
        if own is None:
            raise Refused("nothing", f"Blender {_blender()} found nothing in it")
        return "read", tuple(own.version), read_sections(data, own, beside, look)


def _open(path: str, beside: Beside, look: bool) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    """The other way; the process is not used again."""
    wear_out()
    empty()
    state = "read"
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError as error:
        if bpy.data.filepath != path:
            raise Refused("unreadable", f"Blender {_blender()} cannot read it: {_reason(error, path)}") from None
        state = "read with errors"
    version: Any = bpy.data.version
    return state, tuple(version), read_sections(bpy.data, None, beside, look)


def _same_place(one: str, other: str) -> bool:
    """Whether two paths are the same by their letters: asking the system would touch what a stranger named."""
    return os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))


def _reason(error: BaseException, path: str) -> str:
    """Blender's own words, without the file's place."""
    words = str(error).strip().replace(path, "it").rsplit(": ", 1)[-1]
    return harmless(words.replace('in file "it"', "").replace("file 'it'", "file").strip(), 200) or type(error).__name__
