# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/record.md tells of every key that the schema of records knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for inner in schema:
            yield from keys(inner)
    elif isinstance(schema, dict):
        yield from schema.get("properties", ())
        for inner in schema.values():
            yield from keys(inner)


def test_the_chapter_tells_of_every_key(root: Path) -> None:
    schema = json.loads((root / "docs" / "record.schema.json").read_text(encoding="utf-8"))
    chapter = (root / "docs" / "record.md").read_text(encoding="utf-8")
    named = {name for code in re.findall(r"`([^`]+)`", chapter) for name in re.findall(r"\w+", code)}
    found = set(keys(schema))
    assert len(found) > 150 and found - named == set()
