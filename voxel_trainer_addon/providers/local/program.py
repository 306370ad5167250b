# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that runs in the training environment, by its path: one request in, JSON lines out.

`python -I program.py JOB`, where JOB is a module beside this file with `run(body, channel) -> dict`. The first line on
stdin is `body`; `pause`, `go` and `stop` may follow. stdout carries lines only: what libraries print goes to stderr.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import traceback
from pathlib import Path

PACKAGE = "voxel_trainer_addon"
NICE = 10


def load_package() -> None:
    """Make the package importable under its own name, from where this file lies; `sys.path` stays as it is."""
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)])
    assert spec and spec.loader
    sys.modules[PACKAGE] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def main() -> int:
    requests, lines = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    body = json.loads(requests.readline())
    load_package()
    talk = importlib.import_module(f"{PACKAGE}.providers.local.channel")
    channel = talk.Channel(requests, lines)
    if not body.get("outlives"):  # a server serves others too when who started it is gone
        threading.Thread(target=channel.listen, daemon=True).start()
    try:
        job = importlib.import_module(f"{PACKAGE}.providers.local.{sys.argv[1]}")
        channel.say("done", **job.run(body, channel))
    except talk.Refused as refused:
        channel.say("refused", code=refused.code, sentence=refused.sentence, detail="")
    except MemoryError:
        channel.say("refused", code="memory", sentence="The machine has not enough memory for this model.", detail="")
    except Exception as error:
        sentence = f"{type(error).__name__}: {error}"
        channel.say("refused", code="error", sentence=sentence, detail=traceback.format_exc()[-4000:])
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)
