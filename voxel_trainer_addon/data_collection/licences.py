# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a file has, and where that is stated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog import Origin
from ..errors import UserError
from ..files import read_json
from ..licences import detect
from ..licences.classes import OWN, class_of, normal, obligations, strictest
from ..licences.evidence import ASSET, REPOSITORY, Verdict

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


def with_assets(origin: Origin, assets: Iterable[Mapping[str, Any]]) -> Origin | None:
    """The origin, with what the assets inside the file say of their licence; None where that changes nothing.

    It counts where only the repository's licence was known, or none; what forbids counts always. Not for own work.
    """
    found = strictest(sorted(stated for asset in assets if (stated := _stated(asset))))
    steps = origin.provenance.get("evidence")
    rule = steps[0][0] if isinstance(steps, list) and steps else ""
    nearer = rule not in ("", REPOSITORY) or (isinstance(steps, str) and class_of(origin.licence) != "unknown")
    forbids = class_of(found) == "forbidden" and class_of(origin.licence) != "forbidden"
    if not found or origin.licence == OWN or (nearer and not forbids):
        return None
    evidence = [[ASSET, origin.path, origin.oid, found], *(steps if isinstance(steps, list) else ())]
    provenance = {**origin.provenance, "evidence": evidence, "reason": f"{found} by the assets in the file."}
    return replace(origin, licence=found, provenance={**provenance, "obligations": list(obligations(found))})


def _stated(asset: Mapping[str, Any]) -> str:
    """The licence in an asset's own words: an SPDX id, or a notice."""
    if class_of(asset["license"]) != "unknown":
        return normal(str(asset["license"]))
    return detect.read("\n\n".join(filter(None, (asset["license"], asset["copyright"])))).spdx


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
