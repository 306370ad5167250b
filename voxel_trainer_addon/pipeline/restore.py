# SPDX-License-Identifier: GPL-3.0-or-later
"""A lost catalog is made again from the JSON files beside it: they say enough to go on."""

from __future__ import annotations

from pathlib import Path

from ..catalog import Catalog
from ..data_collection import scraped
from ..files import read_json
from ..paths import DataFolder
from ..row_files import SPLITS, rows_of
from ..words import counted


def restore(folder: DataFolder, catalog: Catalog) -> str:
    """Fill an empty catalog from what lies in the data folder; a sentence about it, or '' where nothing was to do."""
    if any(catalog.counts().values()) or catalog.jobs():
        return ""
    harvested = scraped.restore(folder, catalog)
    parsed = _parse(folder, catalog)
    rows = sum(_dataset(catalog, place) for place in sorted(folder.datasets.glob("*")))
    for job in read_json(folder.jobs, []):
        catalog.save_job(str(job["id"]), job)
    for path in sorted(folder.models.glob("*/*/evaluation.json")):
        evaluation = read_json(path, {})
        if "id" in evaluation:
            catalog.save_evaluation(str(evaluation["id"]), evaluation)
            if evaluation["dataset"].get("split", "test") == "test":
                catalog.look(evaluation["dataset"]["test"], str(evaluation["id"]), evaluation["finished_at"])
    if not harvested and not parsed and not rows:
        return ""
    found = f"{counted(harvested, 'file')}, {counted(parsed, 'record')}, {counted(rows, 'row')}"
    return f"The catalog was gone and was made again from the files beside it: {found}."


def _parse(folder: DataFolder, catalog: Catalog) -> int:
    known = {origin.sha256 for origin in catalog.origins()}
    count = 0
    for path in sorted(folder.parsed.glob("*.json")):
        record = read_json(path)
        if isinstance(record, dict) and record.get("sha256") in known:
            count += 1
            place = path.relative_to(folder.root).as_posix()
            version = int(str(record["schema"]).rpartition("/")[2])
            catalog.add_record(record["sha256"], record["blender"], version, record["state"], place, record["counts"])
    return count


def _dataset(catalog: Catalog, place: Path) -> int:
    rows = [(split, row) for split in SPLITS for row in rows_of(place, split)]
    if rows:
        catalog.set_examples(place.name, rows)
    return len(rows)
