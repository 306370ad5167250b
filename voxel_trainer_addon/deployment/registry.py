# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tuned models lie in `models/<name>/<version>/`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..files import read_json
from ..paths import DataFolder


@dataclass(frozen=True)
class Tuned:
    """One tuned model. `state` is candidate, or live where it serves; `evaluated` tells that it was compared with its base."""

    name: str
    version: str
    base: str
    state: str
    evaluated: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def models(folder: DataFolder) -> list[Tuned]:
    """Every finished tuned model, by name and version. A folder without a readable `job.json` is none."""
    found = []
    for path in sorted(folder.models.glob("*/*/job.json")):
        job = read_json(path)
        if isinstance(job, dict):
            version = path.parent
            evaluated = (version / "evaluation.json").is_file()
            base, state = str(job.get("model", "")), str(job.get("state", "candidate"))
            found.append(Tuned(version.parent.name, version.name, base, state, evaluated))
    return found
