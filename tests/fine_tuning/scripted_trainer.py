# SPDX-License-Identifier: GPL-3.0-or-later
"""Program that stands in for the training program: speaks its lines and keeps its files, and learns nothing.

What it does is written in `script.json` in the base's folder: `refuse` [code, sentence, detail], `die` (a step at which
it ends without a word, once), `killed` (a step at which the system kills it while it works on more than `room` tokens
at once), `pace` (seconds a step), `warn` [code, sentence].
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

STEPS = 6
stopping = threading.Event()


def say(kind: str, **fields: Any) -> None:
    print(json.dumps({"kind": kind, **fields}), flush=True)


def listen() -> None:
    for word in sys.stdin:
        if word.strip() == "stop":
            stopping.set()
    os._exit(0)


def loss_of(request: dict[str, Any], step: int) -> float:
    """Falls, faster at a higher rate, a little otherwise for each seed."""
    return 2.0 / (1 + step * 1000 * (request.get("rate") or 2e-4)) + 0.001 * (request["seed"] % 7)


def main() -> None:
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=listen, daemon=True).start()
    script = json.loads((Path(request["model"]) / "script.json").read_text())
    out = Path(request["out"])
    out.mkdir(parents=True, exist_ok=True)
    say("phase", name="load")
    if "refuse" in script:
        code, sentence, detail = script["refuse"]
        say("refused", code=code, sentence=sentence, detail=detail)
        return
    kept = out / "checkpoint.pt"
    step = int(kept.read_text()) if kept.is_file() else 0
    rows = [row["id"] for row in request["rows"]]
    say("rows", rows=len(rows), over=1, used=rows, over_ids=["long"])
    steps = request.get("plan", {}).get("steps", STEPS)
    say("plan", steps=steps, seconds=steps * 1.0, method="full", mixed=False, rate=request.get("rate", 2e-4))
    held_out = [{"step": 0, "seconds": 0.0, "loss": loss_of(request, 0)}]
    if not step:
        say("loss", step=0, steps=steps, loss=None, held_out=held_out[0]["loss"], seconds=0.0)
    if "warn" in script:
        say("warning", code=script["warn"][0], sentence=script["warn"][1])
    losses = []
    while step < steps:
        if stopping.is_set():
            say("done", stopped=True)
            return
        time.sleep(script.get("pace", 0.0))
        step += 1
        losses.append(loss_of(request, step))
        if script.get("killed") == step and request.get("at_once", 1024) > script["room"]:
            os.kill(os.getpid(), signal.SIGKILL)
        if script.get("die") == step and not (out / "died").exists():
            (out / "died").touch()
            os._exit(9)
        measured = losses[-1] if step == steps else None
        figures = {"rate": 1e-4, "tokens_s": 200.0, "memory_mb": 900.0, "left_s": float(steps - step)}
        say("loss", step=step, steps=steps, loss=losses[-1], held_out=measured, seconds=float(step), **figures)
        kept.write_text(str(step))
        say("checkpoint", step=step, seconds=float(step))
    held_out.append({"step": steps, "seconds": float(steps), "loss": losses[-1] if losses else 0.0})
    model = out / "model"
    model.mkdir(exist_ok=True)
    snapshots = []
    if request.get("keep", 0) > 1:
        held_out.insert(1, {"step": 3, "seconds": 3.0, "loss": 0.1})
        for at in (3, steps):
            (out / "snapshots" / f"step-{at}").mkdir(parents=True)
            snapshots.append({"step": at, "loss": 0.1, "folder": f"snapshots/step-{at}"})
    known = [rows, request["seed"], request.get("rate"), steps]
    (model / "model.safetensors").write_text(hashlib.sha256(json.dumps(known).encode()).hexdigest())
    (model / "request.json").write_text(json.dumps(request))
    say(
        "done",
        stopped=False,
        folder="model",
        method="full",
        parameters_count=1000,
        rate=request.get("rate", 2e-4),
        device="cpu",
        dtype="float32",
        threads=1,
        steps=steps,
        planned_steps=steps,
        ended_by="plan",
        seconds=float(steps),
        passes=1.0,
        n_rows=len(rows),
        n_over=1,
        losses=losses,
        held_out=held_out,
        snapshots=snapshots,
        saved_step=3 if snapshots else steps,
        versions={"torch": "none"},
    )


main()
