# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves with the rows: the dataset's own words, then the hashes of every file, which close the folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import read_json, sha256_of, write_json, write_text
from . import attribution, card
from .croissant import NAME, croissant
from .form import FORM
from .parquet import FOLDER
from .parts import row_files

FACTS = "dataset.json"
UNLISTED = (FACTS, "report.html")
"""Files that `files` does not name: itself, and the report, which tells the time. Parquet is not named either: it is a
copy whose bytes depend on the version of the library that wrote it."""


def facts_of(folder: Path) -> dict[str, Any]:
    """The content of `dataset.json`. Raises UserError where there is no dataset, or one of another form."""
    known = read_json(folder / FACTS)
    if not isinstance(known, dict):
        raise UserError(f"{folder} is no dataset: it has no {FACTS} that can be read. The stage `dataset` makes one.")
    if known.get("row") != FORM:
        raise UserError(f"The rows in {folder} are not of the form {FORM}. Build the dataset again.")
    return known


def describe(
    folder: Path,
    name: str,
    *,
    funnel: Mapping[str, Any],
    split: Mapping[str, Any],
    settings: Mapping[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """Write `dataset.json`, the card, attribution and citation from the files of rows in `folder`; the content of
    `dataset.json`. `more` goes into it too (`unlicensed`, `set_aside`)."""
    rows = card.tally(folder)
    known = {**card.facts(name, rows, funnel, split, settings), **more}
    write_text(folder / "README.md", card.readme(known, rows))
    attribution.write_attribution(folder)
    attribution.write_citation(folder, known)
    write_json(folder / FACTS, known)
    return known


def seal(folder: Path) -> None:
    """Write `croissant.json`, and into `dataset.json` what every file holds: the last step, after the platforms'
    files."""
    known = facts_of(folder)
    write_json(folder / NAME, croissant(known, ((file, held(file.path)) for file in row_files(folder))))
    files = {path.relative_to(folder).as_posix(): held(path) for path in listed(folder)}
    write_json(folder / FACTS, {**known, "files": files})


def listed(folder: Path) -> Iterator[Path]:
    """The files of a dataset's folder that `dataset.json` names, ordered."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in UNLISTED and not name.startswith((f"{FOLDER}/", ".")):
            yield path


def held(path: Path) -> dict[str, Any]:
    """A file's hash and bytes; of JSON lines also how many."""
    told: dict[str, Any] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    if path.suffix == ".jsonl":
        with open(path, "rb") as lines:
            told["rows"] = sum(1 for _ in lines)
    return told
