# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the headless command at the process border: takes the lock, obeys control lines, writes events.

`--units N` files are parsed, `--pace S` seconds each. It needs the package only for the lock, which it loads by path.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
option = {name: words[at + 1] for at, name in enumerate(words[:-1]) if name.startswith("--")}
data = Path(option["--data"])
folder = data / "runs" / option["--run-id"]
units, pace = int(option.get("--units", "20")), float(option.get("--pace", "0.1"))

top = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("voxel", top / "__init__.py", submodule_search_locations=[str(top)])
assert spec and spec.loader
sys.modules["voxel"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["voxel"])
locks, events = importlib.import_module("voxel.locks"), importlib.import_module("voxel.events")

if "--broken" in words:
    sys.exit("No such thing as a broken run")
lock = locks.FolderLock(data / ".lock", f"run {option['--run-id']}")
if not lock.acquire(0.3):
    sys.exit(75)
log = events.EventLog(folder / "events.jsonl")
state = events.RunState()


def emit(kind: str, **fields: Any) -> None:
    line = events.event(kind, **fields)
    log.write(line)
    state.fold(line)
    state.offset = log.offset
    part = folder / "run.json.part"
    part.write_text(json.dumps(state.as_json()))
    os.replace(part, folder / "run.json")


def asked() -> str:
    """The last command of the control file."""
    try:
        return json.loads((folder / "control.jsonl").read_text().splitlines()[-1])["command"]  # type: ignore[no-any-return]
    except OSError:
        return ""


stages = option.get("--stages", "harvest,parse,dataset,train,evaluate").split(",")
emit("run", id=option["--run-id"], version="0.1.0", blender="5.2.3", stages=stages, data=data.name)
emit("stage", stage="parse", state="started", words="")
done = 0
while done < units:
    time.sleep(pace)
    if asked() == "cancel":
        emit("ended", exit=130, words="Stopped. What is done is kept.", report="", next=[])
        sys.exit(130)
    if (asked() == "pause") != state.paused:
        emit("resumed" if state.paused else "paused", stage="parse")
    if state.paused:
        emit("beat", rss_mb=100, workers=1)
        continue
    done += 1
    if done % 7 == 0:
        emit("aside", stage="parse", item=f"chair\u202e {done}.blend", code="broken", words="The file ends too early.")
    emit("progress", stage="parse", done=done, total=units, aside=done // 7, item=f"table {done}.blend", left_s=None)
emit("stage", stage="parse", state="done", words=f"{units} files parsed.")
emit("ended", exit=3 if units >= 7 else 0, words=f"{units} files parsed.", report="", next=[])
