# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a file has, and where that is stated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import read_json
from ..licences.classes import OWN
from ..licences.evidence import Verdict

EXPRESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*(?: (?:AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*")


@dataclass(frozen=True)
class Licence:
    """An SPDX id or expression (or `own`), and what else is known of the file: evidence, repository, commit …"""

    spdx: str
    provenance: Mapping[str, Any]


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it stands in a file's provenance: where the licence is stated, and what it obliges to."""
    found = verdict.as_json()
    return {"evidence": found["evidence"], "reason": found["reason"], "obligations": found["obligations"]}


def spdx(text: str) -> str:
    """`text` where it is `own` or reads as an SPDX id or expression. Raises UserError otherwise."""
    if text != OWN and not EXPRESSION.fullmatch(text):
        raise UserError(
            f"“{text}” is not an SPDX licence id. Write one such as CC0-1.0 or MIT, or `own` for your own work."
        )
    return text


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
