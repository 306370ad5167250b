# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a worker runs, by its path: frames in, one job at a time, frames out, until the pipe ends.

`python -I program.py START` where bpy is a module, `blender --background … --python program.py -- START` else. START is
a JSON object: `word`, `parent` (pid), `log`, `scratch`, `readable` (folders), `memory_mb`.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import importlib.util
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

PACKAGE = "voxel_trainer_addon"
PR_SET_PDEATHSIG = 1


def take_pipes(log: str) -> tuple[int, int]:
    """Private copies of stdin and stdout for frames; all else that is printed goes to the log."""
    requests, replies = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(requests, os.O_BINARY)
        msvcrt.setmode(replies, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    return requests, replies


def die_with(parent: int) -> None:
    """Leave when the process that started us dies, also if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if sys.platform != "win32" and os.getppid() != parent:
        os._exit(0)


def load_package() -> None:
    """Make the package importable under its own name, from where this file lies; `sys.path` stays as it is."""
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)])
    assert spec and spec.loader
    sys.modules[PACKAGE] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def answer(request: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Run one request's job. Text only: a kept exception would keep Blender's data alive."""
    inside = importlib.import_module(f"{PACKAGE}.worker.inside")
    frame: dict[str, Any] = {"id": request["id"], "sha256": request["sha256"], "ok": False}
    try:
        job = importlib.import_module(f"{PACKAGE}.worker.inside.{request['job']}")
        frame |= {"ok": True, "body": job.run(request["body"], scratch)}
    except inside.Refused as refused:
        frame |= {"code": refused.code, "sentence": refused.sentence, "detail": refused.detail}
    except MemoryError:
        inside.wear_out()
        frame |= {"code": "memory", "sentence": "It needs more memory than a worker may use", "detail": ""}
    except Exception as error:
        sentence = f"{type(error).__name__}: {error}"
        frame |= {"code": "error", "sentence": sentence, "detail": traceback.format_exc()[-4000:]}
    return frame | {"worn": inside.is_worn()}


def main() -> None:
    start = json.loads(sys.argv[sys.argv.index("--") + 1 if "--" in sys.argv else 1])
    requests, replies = take_pipes(start["log"])
    faulthandler.enable(file=2)
    die_with(start["parent"])
    load_package()
    protocol = importlib.import_module(f"{PACKAGE}.worker.protocol")
    inside = importlib.import_module(f"{PACKAGE}.worker.inside")
    lock = importlib.import_module(f"{PACKAGE}.worker.inside.lock")
    import bpy

    inside.empty()
    scratch = Path(start["scratch"])
    readable = [Path(folder) for folder in start["readable"]]
    locked = lock.lock(scratch, [*readable, Path(__file__).resolve().parents[2]], start["memory_mb"])
    with open(requests, "rb", closefd=False) as source, open(replies, "wb", closefd=False) as out:

        def send(value: dict[str, Any]) -> None:
            out.write(protocol.packed(value))
            out.flush()

        out.write(start["word"].encode())
        send(
            {
                "v": protocol.VERSION,
                "pid": os.getpid(),
                "blender": list(bpy.app.version),
                "python": list(sys.version_info[:3]),
                "locked": locked,
            }
        )
        gc.freeze()
        gc.disable()  # looking for cycles costs a tenth of a proof, and there are none to speak of
        while (request := protocol.unpacked(source)) is not None:
            gc.collect()
            lock.limit_processor(request["limit_s"])
            reply = answer(request, scratch)
            try:
                send(reply)
            except ValueError as error:
                known = {key: reply[key] for key in ("id", "sha256", "worn")}
                send(known | {"ok": False, "code": "error", "sentence": str(error), "detail": ""})


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(3)
    os._exit(0)
