# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a run where VOXEL_TEST_START is set, and write down what the panel knows twice a second, until killed."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.voxel_trainer"
OUT = Path(os.environ["VOXEL_TEST_OUT"])


def look() -> float:
    """The panel's own timer does the work; this one only watches, and presses the button once."""
    try:
        remote = sys.modules[PACKAGE + ".panel.blender"].REMOTE
        if remote.kept is not None and os.environ.pop("VOXEL_TEST_START", ""):
            remote.choices.data, remote.choices.folder = os.environ["VOXEL_TEST_DATA"], os.environ["VOXEL_TEST_FOLDER"]
            remote.choices.bundled = False
            remote.look()
            bpy.ops.voxel.start()
        parse = remote.session.run.stages.get("parse")
        state = {"id": remote.session.id, "phase": remote.session.phase.value, "parsed": parse.done if parse else 0}
    except Exception:
        state = {"error": traceback.format_exc()}
    part = OUT.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(OUT)
    return 0.5


bpy.app.timers.register(look, first_interval=1.0, persistent=True)
