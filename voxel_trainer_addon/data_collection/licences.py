# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a file has, and where that is stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import read_json
from ..licences.expressions import OWN, normal

__all__ = ["OWN", "Licence", "from_file", "spdx"]


@dataclass(frozen=True)
class Licence:
    """An SPDX id or expression (or `own`), and what else is known of the file: evidence, repository, commit …"""

    spdx: str
    provenance: Mapping[str, Any]


def spdx(text: str) -> str:
    """`text` in SPDX's spelling of today where it reads as an SPDX id or expression, or is `own`. Raises UserError
    otherwise.
    """
    found = normal(text)
    if not found:
        raise UserError(
            f"“{text}” is not an SPDX licence id. Write one such as CC0-1.0 or MIT, or `own` for your own work."
        )
    return found


def from_file(path: Path) -> dict[str, Licence]:
    """Path in the source → licence, from a JSON file.

    It reads `{"rocks/a.blend": "CC0-1.0"}`, or an object whose list `files` has `path`, `licence` and whatever else is
    known of each file. Raises UserError where it is neither.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise UserError(f"{path} is not a JSON object of paths and licences.")
    if not isinstance(value.get("files"), list):
        return {name: Licence(spdx(str(id)), {"evidence": path.name}) for name, id in value.items()}
    found = {}
    for entry in value["files"]:
        known = {
            key: entry[key] for key in ("repository", "path_in_repository", "commit", "author", "url") if key in entry
        }
        evidence = entry.get("licence_evidence", path.name)
        found[str(entry["path"])] = Licence(spdx(str(entry["licence"])), {"evidence": evidence, **known})
    return found
