# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a file has, and where that is stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog import Origin
from ..errors import UserError
from ..files import read_json
from ..licences import detect
from ..licences.classes import OWN, class_of, normal, obligations, strictest
from ..licences.evidence import ASSET, REPOSITORY, TAG, AssetMetadata, Verdict


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
    said = {AssetMetadata(str(asset["license"]), str(asset["copyright"])).stated for asset in assets}
    found = strictest(sorted(filter(None, said)))
    steps = origin.provenance.get("evidence")
    rule = steps[0][0] if isinstance(steps, list) and steps else ""
    nearer = rule not in ("", REPOSITORY) or (isinstance(steps, str) and class_of(origin.licence) != "unknown")
    forbids = class_of(found) == "forbidden" and class_of(origin.licence) != "forbidden"
    if not found or origin.licence == OWN or (nearer and not forbids):
        return None
    return _restated(origin, ASSET, found, "the assets in the file")


def with_head(origin: Origin, text: str) -> Origin:
    """The origin of a script, with the licence that its own head states: nothing is nearer. What forbids stays."""
    found = detect.read(text, origin.path).spdx
    if not found or class_of(origin.licence) == "forbidden":
        return origin
    return _restated(origin, TAG, found, "the head of the file")


def _restated(origin: Origin, rule: str, found: str, where: str) -> Origin:
    steps = origin.provenance.get("evidence")
    evidence = [[rule, origin.path, origin.oid, found], *(steps if isinstance(steps, list) else ())]
    told = {"evidence": evidence, "reason": f"{found} by {where}.", "obligations": list(obligations(found))}
    return replace(origin, licence=found, provenance={**origin.provenance, **told})


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
