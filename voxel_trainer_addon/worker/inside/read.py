# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `read`: one .blend file in, one record out, written to the worker's scratch folder."""
from __future__ import annotations
from pathlib import Path
from typing import Any
def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    return {"echo": body}
