# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what is on the removal list out of a data folder: origins, contents, records, and datasets that name them."""

from __future__ import annotations

from pathlib import Path

from .catalog import Catalog
from .files import read_json, read_jsonl, write_jsonl
from .paths import SUFFIXES, DataFolder
from .removal import RemovalList
from .words import counted
from .worker import record


def apply(folder: DataFolder, catalog: Catalog) -> str:
    """Do so; a sentence about what was taken out, '' where nothing was. Raises UserError where the list is unreadable.

    A dataset that names such a file loses its rows and is to be built again; models are named, never deleted.
    """
    removal = RemovalList.read(folder.removal_list)
    if not removal:
        return ""
    covered = [
        origin
        for origin in catalog.origins()
        if removal.covers(origin.sha256, {**origin.provenance, "address": origin.address})
    ]
    if not covered:
        return ""
    beside: set[str] = set()
    removed = catalog.remove(covered)
    _forget_answers(folder, set(removed))
    for sha256 in removed:
        beside |= record.beside(read_json(folder.record(sha256), {}))
        folder.record(sha256).unlink(missing_ok=True)
        for kind in SUFFIXES:
            folder.blob(sha256, kind).unlink(missing_ok=True)
    for path in folder.parsed.glob("*.json") if beside else ():
        beside -= record.beside(read_json(path, {}))
    for name in beside:
        (folder.parsed / name).unlink(missing_ok=True)
    named = {(origin.source, origin.path) for origin in covered}
    words = f"{counted(len(covered), 'file')} on the removal list taken out."
    for dataset in sorted(folder.datasets.glob("*")):
        if _names(dataset, named):
            catalog.set_examples(dataset.name, ())
            for rows in dataset.rglob("*.jsonl"):
                rows.unlink()
            words += f" The dataset {dataset.name} named some and lost its rows; `dataset` builds it again."
            if models := sorted(path.name for path in (folder.models / dataset.name).glob("v*")):
                words += f" Its models {', '.join(models)} may have been tuned with them."
    return words


def _forget_answers(folder: DataFolder, removed: set[str]) -> None:
    """Take out what author models and judges answered about the removed contents."""
    for path in (*folder.authored.glob("*.jsonl"), *folder.models.glob("*/judged/*.jsonl")):
        kept = [line for line in read_jsonl(path) if removed.isdisjoint(line["files"])]
        write_jsonl(path, kept)


def _names(dataset: Path, named: set[tuple[str, str]]) -> bool:
    """Whether a row of a dataset names one of these origins as its source."""
    return any(
        (source.get("origin"), source.get("path")) in named
        for file in dataset.glob("*.jsonl")
        for row in read_jsonl(file)
        for source in row.get("sources", ())
    )
