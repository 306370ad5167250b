# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a run at random moments, resume it, and compare what lies there with an undisturbed run.

    python tests/pipeline/kills.py FOLDER --python PYTHON-WITH-BPY [--seed 1] [--limit 20] [--licences FILE]

Prints what was killed when, and whether the two data folders hold the same. The exit status is 1 where they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "run_headless.py"
STAGES = ("harvest", "parse", "dataset")
LONGEST_WAIT_S = {"harvest": 0.3, "parse": 3.0, "dataset": 10.0}
TABLES = {
    "source": "SELECT id, kind, state, words FROM source ORDER BY 1",
    "file": "SELECT * FROM file ORDER BY 1",
    "origin": "SELECT * FROM origin ORDER BY 1, 2",
    "record": "SELECT * FROM record ORDER BY 1, 2",
    "proof": "SELECT * FROM proof ORDER BY 1, 2",
    "example": "SELECT * FROM example ORDER BY 1, 2",
    "aside": "SELECT stage, item, blender, code, sentence FROM aside ORDER BY 1, 2, 3",
}
"""What two runs must have in common: no row numbers, times, run ids, attempt counts or places."""


def contents(data: Path) -> dict[str, Any]:
    """Catalog, records and rows of a data folder by content."""
    with sqlite3.connect(data / "catalog.sqlite") as catalog:
        assert catalog.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found: dict[str, Any] = {name: catalog.execute(sql).fetchall() for name, sql in TABLES.items()}
    found["parsed"] = {
        path.name: json.loads(path.read_text()) for path in sorted((data / "parsed_data").glob("*.json"))
    }
    found["rows"] = {str(path.relative_to(data)): path.read_text() for path in sorted(data.glob("datasets/*/*.jsonl"))}
    return found


def alike(one: Any, other: Any) -> bool:
    """Equal; where a worker died over a file the next one takes the other way, which gives the same trees but not
    every detail of old files."""
    if isinstance(one, dict) and isinstance(other, dict) and one.get("way") != other.get("way"):
        return bool(one["graphs"] == other["graphs"])
    return bool(one == other)


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Which parts differ, and by how much."""
    found = []
    for part in one:
        if one[part] != other[part]:
            if isinstance(one[part], dict):
                keys = [
                    key for key in {**one[part], **other[part]} if not alike(one[part].get(key), other[part].get(key))
                ]
                if keys:
                    found.append(f"{part}: {len(keys)} differ, {keys[:2]}")
            else:
                odd = set(one[part]) ^ set(other[part])
                found.append(f"{part}: {len(odd)} rows differ, {sorted(odd)[:2]}"[:500])
    return found


def command(python: str, data: Path, *words: str) -> list[str]:
    return [python, str(SCRIPT), *words, "--data", str(data)]


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def started_stages(data: Path) -> Iterator[str]:
    for events in sorted(data.glob("runs/*/events.jsonl"))[-1:]:
        for line in events.read_text().splitlines():
            event = json.loads(line)
            if event["kind"] == "stage" and event["state"] == "started":
                yield event["stage"]


def disturb(words: Sequence[str], data: Path, stage: str, chance: random.Random) -> list[str]:
    """Start a run; some time after `stage` began kill -9 one of its workers, if it has any, then the pipeline."""
    runs = len(list(data.glob("runs/*")))
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    while process.poll() is None:
        if len(list(data.glob("runs/*/events.jsonl"))) > runs and stage in started_stages(data):
            break
        time.sleep(0.02)
    told = []
    since = time.monotonic()
    for victim in ("worker", "pipeline") if stage != "harvest" else ("pipeline",):
        while victim == "worker" and process.poll() is None and not children(process.pid):
            time.sleep(0.05)
        time.sleep(chance.uniform(0, LONGEST_WAIT_S[stage]))
        alive = children(process.pid)
        target = process.pid if victim == "pipeline" else chance.choice(alive) if alive else 0
        if process.poll() is None and target:
            os.kill(target, signal.SIGKILL)
            told.append(f"{victim} killed {time.monotonic() - since:.2f} s into {stage}")
        else:
            told.append(f"no {victim} to kill {time.monotonic() - since:.2f} s after {stage} began")
    process.wait()
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="a Python with the bpy module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--licences", default="")
    found = parser.parse_args()
    chance = random.Random(found.seed)
    asked = ["run", "--stages", ",".join(STAGES), "--source", f"folder:{found.folder}", "--blend1"]
    asked += ["--limit", str(found.limit)] if found.limit else []
    asked += ["--licences", found.licences] if found.licences else []
    with tempfile.TemporaryDirectory() as place:
        calm, shaken = Path(place) / "calm", Path(place) / "shaken"
        since = time.monotonic()
        status = subprocess.run(command(found.python, calm, *asked), stdout=subprocess.DEVNULL).returncode
        print(f"undisturbed: exit {status} after {time.monotonic() - since:.0f} s", flush=True)
        words = command(found.python, shaken, *asked)
        for stage in STAGES:
            print("\n".join(disturb(words, shaken, stage, chance)), flush=True)
            if list(shaken.glob("runs/*/options.json")):
                words = command(found.python, shaken, "resume")
        status = subprocess.run(words, stdout=subprocess.DEVNULL).returncode
        print(f"resumed to the end: exit {status}")
        one, other = contents(calm), contents(shaken)
        print(", ".join(f"{len(part)} {name}" for name, part in one.items()))
        odd = differences(one, other)
        print("\n".join(odd) or "the same")
        return 1 if odd else 0


if __name__ == "__main__":
    sys.exit(main())
