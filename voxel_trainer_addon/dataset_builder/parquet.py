# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows once more as Parquet, `parquet/{train,val,test}.parquet`, where pyarrow is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from .form import FIELDS, Field
from .parts import row_files

FOLDER = "parquet"
GROUP_ROWS = 1000
MISSING = (
    "No Parquet files were written, for pyarrow is not installed in this Python; the JSON lines hold the same rows."
)


def write_parquet(folder: Path) -> str:
    """Write every file of rows as Parquet, a row group at a time; a sentence where that cannot be done, else ''.

    Equal rows give equal bytes with the same version of pyarrow. What an earlier build left is removed.
    """
    place = folder / FOLDER
    shutil.rmtree(place, ignore_errors=True)
    if not can_read():
        return MISSING
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    form = pyarrow.schema([(field.name, _type(pyarrow, field)) for field in FIELDS])
    place.mkdir(parents=True)
    for file in row_files(folder):
        path = place / file.name.replace(".jsonl", ".parquet")
        part = path.with_name(f".{path.name}.part")
        with ParquetWriter(part, form, compression="zstd") as out:
            for rows in bundles(file.rows(), GROUP_ROWS):
                out.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema=form), row_group_size=GROUP_ROWS)
        os.replace(part, path)
    return ""


def can_read() -> bool:
    """Whether this Python has pyarrow."""
    return find_spec("pyarrow") is not None


def ids_in(path: Path) -> Iterator[str]:
    """The ids in a Parquet file, in order; none where it is not there."""
    from pyarrow.parquet import ParquetFile

    if path.is_file():
        with ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["id"]):
                yield from batch["id"].to_pylist()


def bundles(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows in lists of `size`."""
    left = iter(rows)
    while bundle := list(islice(left, size)):
        yield bundle


def _type(pyarrow: Any, field: Field) -> Any:
    if field.parts:
        inner = pyarrow.struct([(part.name, _type(pyarrow, part)) for part in field.parts])
        return pyarrow.list_(inner) if field.type == "list" else inner
    if field.type == "texts":
        return pyarrow.list_(pyarrow.string())
    return {"text": pyarrow.string, "whole": pyarrow.int64, "number": pyarrow.float64}[field.type]()
