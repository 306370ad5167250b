# SPDX-License-Identifier: GPL-3.0-or-later
"""`scraped_metadata.json`: what was harvested, written from the catalog, and a lost catalog made again from it."""

from __future__ import annotations

import json
from pathlib import Path

from ..catalog import Catalog, Origin
from ..errors import SetAside
from ..files import now, read_json, replacing
from ..paths import SUFFIXES, DataFolder
from .blobs import original
from .fetch import TAG, oid_of


def write(data: DataFolder, catalog: Catalog) -> None:
    """Line by line, so that memory does not grow with the number of files."""
    head = {"schema": "voxel-harvest/1", "written_at": now(), "sources": catalog.sources()}
    with replacing(data.metadata) as out:
        out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "files": [')
        for number, origin in enumerate(catalog.origins()):
            out.write(("," if number else "") + "\n  " + json.dumps(origin.as_json(), ensure_ascii=False))
        out.write('\n ],\n "set_aside": [')
        for number, aside in enumerate(catalog.asides("harvest")):
            out.write(("," if number else "") + "\n  " + json.dumps(aside.as_json(), ensure_ascii=False))
        out.write("\n ]\n}\n")


def restore(data: DataFolder, catalog: Catalog) -> int:
    """Fill an empty catalog's harvest; how many files it has then. Downloads that no list names keep their content."""
    if catalog.counts()["origins"]:
        return 0
    metadata = read_json(data.metadata, {})
    for source in metadata.get("sources", []):
        catalog.add_source(source["id"], source["kind"], None)
        if source["state"]:
            catalog.end_source(source["id"], source["words"], source["state"])
    files = metadata.get("files", [])
    catalog.add_origins(map(Origin.from_json, files))
    for aside in metadata.get("set_aside", []):
        catalog.add_aside(SetAside(**aside))
    adopt(data, catalog)
    return len(files)


def adopt(data: DataFolder, catalog: Catalog) -> int:
    """Take downloads into the catalog that it does not know: a run may end between a file's name and its row. How many
    there were."""
    kinds, count = {f".{suffix}": kind for kind, suffix in SUFFIXES.items()}, 0
    for blob in data.blobs.glob("??/*"):
        if blob.suffix in kinds and not catalog.is_stored(blob.stem):
            count += _adopted(data, catalog, blob, kinds[blob.suffix])
    return count


def _adopted(data: DataFolder, catalog: Catalog, blob: Path, kind: str) -> bool:
    data.parts.mkdir(exist_ok=True)
    found = original(blob, blob.stem, data.parts)
    if not found:
        return False
    catalog.add_stored(blob.stem, found.stat().st_size, kind, oid_of(found))
    if found != blob:
        found.unlink()
    return True


def sweep(data: DataFolder, catalog: Catalog) -> None:
    """Delete parts that no listed file goes on with."""
    for part in data.parts.glob("*"):
        if part.is_file() and not catalog.is_listed(part.name.removesuffix(TAG)):
            part.unlink(missing_ok=True)
