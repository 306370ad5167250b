# SPDX-License-Identifier: GPL-3.0-or-later
"""The job `try_failed`: scripts of a model that did not run are run again, as strangers' scripts are (`run_answer`).

Body: `failed` (id → script), `roots` (ids). Answer: `scripts`, by id `proven` (it stops with an error), `reason` (why
it does not), and as `code` a JSON text of `error` and `line`, as Blender says them. Refused as `run_answer` is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import run_answer


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused(`unsafe`)."""
    return {"scripts": {root: _answer(body["failed"][root], scratch) for root in body["roots"]}}


def _answer(code: str, scratch: Path) -> dict[str, Any]:
    outcome = run_answer.ran(code, scratch)
    told = {name: outcome[name] for name in ("error", "line")}
    reason = "runs: In this Blender the script comes to its end." if outcome["ran"] else ""
    return {"code": json.dumps(told, ensure_ascii=False, sort_keys=True), "proven": not reason, "reason": reason}
