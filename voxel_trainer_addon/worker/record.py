# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of one parsed file: its schema's name, and how it is read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files import read_json

VERSION = 4
SCHEMA = f"voxel-record/{VERSION}"
STATES = ("read", "read with errors")
READABLE = frozenset(f"voxel-record/{version}" for version in (VERSION - 1, VERSION) if version > 0)
"""The last two forms can be read."""


def load(path: Path) -> dict[str, Any] | None:
    """The record at `path`; None where there is none, or none of a form that this version reads."""
    value = read_json(path)
    if not isinstance(value, dict) or value.get("schema") not in READABLE:
        return None
    return value
