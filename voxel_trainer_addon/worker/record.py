# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of one parsed file: its schema's name, how it is read back, and what lies beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import read_json

VERSION = 5
SCHEMA = f"voxel-record/{VERSION}"
STATES = ("read", "read with errors")
READABLE = frozenset(f"voxel-record/{version}" for version in (VERSION - 1, VERSION) if version > 0)
"""The last two forms can be read."""
FOLDER = "beside"
"""Where in its scratch folder a worker lays what belongs beside a record."""
BESIDE = re.compile(r"(?:packed|previews|texts)/([0-9a-f]{64})(?:\.[a-z0-9]{1,4})?")
"""What lies beside records, in the same folder: `<kind>/<SHA-256 of it><ending>`."""


def load(path: Path) -> dict[str, Any] | None:
    """The record at `path`; None where there is none, or none of a form that this version reads."""
    value = read_json(path)
    if not isinstance(value, dict) or value.get("schema") not in READABLE:
        return None
    return value


def beside(record: Mapping[str, Any]) -> set[str]:
    """The names of what lies beside a record; other records may name the same."""
    if record.get("schema") not in READABLE:
        return set()
    packed = (each for image in record["images"] for each in image["packed"])
    return {row["kept"] for row in (record["file"], *record["texts"], *record["assets"], *packed) if "kept" in row}
