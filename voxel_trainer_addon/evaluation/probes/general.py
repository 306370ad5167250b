# SPDX-License-Identifier: GPL-3.0-or-later
"""General requests about Blender (general.toml), far from what is trained on: does the model still do them?"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

REQUESTS = Path(__file__).with_name("general.toml")


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """A row a request: `id`, `group` (its topic), `prompt`, `completion`, and `checks` for the job `run_checked`."""
    topics = tomllib.loads(REQUESTS.read_text(encoding="utf-8"))
    return tuple(
        {
            "id": f"general/{topic}/{number}",
            "group": topic,
            "prompt": asked["prompt"],
            "completion": f"import bpy\n{asked['answer'].strip()}\n",
            "checks": asked.get("frames") or [{root: asked[root] for root in ("scene", "data") if root in asked}],
        }
        for topic, requests in topics.items()
        for number, asked in enumerate(requests, 1)
    )
