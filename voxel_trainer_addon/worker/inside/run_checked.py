# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `run_checked`: run a model's script in an empty Blender as `run_answer` does, and say which facts are not so.

Body: `{"code": str, "checks": [{"frame": int, "scene": {…}, "data": {…}}]}`; `scene` is asked of the scene in use,
`data` of `bpy.data`, each check at its frame where it names one. Answer: `{"ran", "error", "line", "dropped",
"missed": [str]}`, `missed` by the path of what is not so. A table asked of a collection holds where an item has all
that it says (`exactly`: so many items; `least`: so many or more), asked of anything else where each property is so; a
text is an enum's value or a data-block's name, a list of texts a choice, a list of tables all of them; numbers and
vectors are near.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy

from . import run_answer

NEAR = 1e-3
"""How far numbers may lie apart, relative and absolute."""
COLLECTIONS = (bpy.types.bpy_prop_collection, tuple)


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module. Raises Refused(`unsafe`)."""
    outcome = run_answer.ran(str(body["code"]), scratch)
    return {**outcome, "missed": missed_of(body["checks"])}


def missed_of(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The paths of what is not so in Blender as it stands."""
    return [path for check in checks for path in _missed_at(check)]


def _missed_at(check: Mapping[str, Any]) -> Iterator[str]:
    scene = bpy.context.scene
    assert scene
    if "frame" in check:
        scene.frame_set(check["frame"])
    for layer in scene.view_layers:
        layer.update()
    for root, held in (("scene", scene), ("data", bpy.data)):
        yield from missed(held, check.get(root, {}), root)


def missed(held: Any, wanted: Any, path: str) -> Iterator[str]:
    """The paths of what is not so, down to where a collection or a value is asked."""
    if isinstance(wanted, dict) and not isinstance(held, COLLECTIONS):
        for name, value in wanted.items():
            yield from missed(getattr(held, name, None), value, f"{path}.{name}")
    elif not holds(held, wanted):
        yield path


def holds(held: Any, wanted: Any) -> bool:
    """Whether a value of Blender's is as wanted."""
    if isinstance(wanted, dict) and isinstance(held, COLLECTIONS):
        return _has(held, wanted)
    if isinstance(wanted, dict):
        return all(holds(getattr(held, name, None), value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(wanted[0], dict):
        return all(holds(held, one) for one in wanted)
    if isinstance(wanted, list) and isinstance(wanted[0], str):
        return any(holds(held, one) for one in wanted)
    if isinstance(wanted, list):
        return hasattr(held, "__len__") and len(held) == len(wanted) and all(map(holds, held, wanted))
    if isinstance(wanted, str):
        return bool(wanted in (held, getattr(held, "name", None)))
    return isinstance(held, int | float) and math.isclose(held, wanted, rel_tol=NEAR, abs_tol=NEAR)


def _has(items: Any, wanted: dict[str, Any]) -> bool:
    asked = {name: value for name, value in wanted.items() if name not in ("exactly", "least")}
    found = sum(holds(item, asked) for item in items)
    return found == int(wanted["exactly"]) if "exactly" in wanted else found >= int(wanted.get("least", 1))
