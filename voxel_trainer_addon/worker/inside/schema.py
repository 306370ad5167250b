# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `schema`: the JSON Schema of the compact form, as this Blender's RNA says it. Answer: `schema` (text)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...graph.blender.schema import schema
from . import empty


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    empty()
    return {"schema": json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"}
