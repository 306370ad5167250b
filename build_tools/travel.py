# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes in node trees from one Blender to another, measured:

    python -m build_tools.travel --from 4.2 --to 5.2 FOLDER …

Every .blend below the folders, the node libraries of the older Blender and samples that it makes of every node type are
opened in both versions. What differs becomes the part for these two in `voxel_trainer_addon/graph/travel.json`; the
other parts stay. `--work` keeps what was read, so that the next pair of versions reads it no more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import travel_table
from .environments import ROOT, made, say

ENVIRONMENTS = {
    "4.2": ("bpy-4_2", "3.11"),
    "4.5": ("bpy-4_5", "3.11"),
    "5.0": ("bpy-5_0", "3.11"),
    "5.2": ("bpy-5_2", "3.13"),
}
TABLE = ROOT / "voxel_trainer_addon" / "graph" / "travel.json"
LIMIT_S = 600
FACTS = """
import bpy
print("VERSION", bpy.app.version_string.split(" ")[0])
print("ASSETS", bpy.utils.system_resource("DATAFILES", path="assets"))
"""


def inside(python: Path, words: list[str]) -> int:
    """Run `travel_inside` with that Python; its exit status, 124 where it ran over its time."""
    argv = [str(python), "-m", "build_tools.travel_inside", *words]
    try:
        return subprocess.run(argv, cwd=ROOT, capture_output=True, timeout=LIMIT_S).returncode
    except subprocess.TimeoutExpired:
        return 124


def facts(python: Path) -> tuple[str, Path | None]:
    """The full version of that Blender, and where its node libraries lie."""
    done = subprocess.run([str(python), "-c", FACTS], capture_output=True, text=True, check=True)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("VERSION ", "ASSETS ")))
    return said["VERSION"], Path(said["ASSETS"]) if said.get("ASSETS") else None


def rows(place: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record file."""
    if place.exists():
        with open(place, encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def record(python: Path, place: Path, files: Iterable[Path]) -> None:
    """Append what that Blender sees in each file to `place`, files that are there already left out. A file that ends
    Blender itself is noted with an error."""
    done = {row["file"] for row in rows(place)}
    todo = [str(path) for path in files if str(path) not in done]
    while todo:
        status = inside(python, ["read", str(place), *todo])
        seen = {row["file"] for row in rows(place)}
        left = [path for path in todo if path not in seen]
        if left:
            with open(place, "a", encoding="utf-8") as out:
                out.write(json.dumps({"file": left[0], "error": f"Blender ended with status {status}"}) + "\n")
        todo = left[1:]


def samples(python: Path, version: str, work: Path) -> tuple[list[Path], dict[str, Any]]:
    """The sample files of that Blender, made where they are not there, and what is in them."""
    folder = work / f"sample-{version}"
    if not (folder / "told.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if inside(python, ["sample", str(folder)]):
            raise SystemExit(f"Blender {version} could not make its samples")
    return sorted(folder.glob("*.blend")), json.loads((folder / "told.json").read_text(encoding="utf-8"))


def fresh(python: Path, version: str, work: Path) -> dict[str, Any]:
    """Tree type → a tree with a node of each type as that Blender makes it."""
    place = work / f"fresh-{version}.json"
    if not place.exists() and inside(python, ["fresh", str(place)]):
        raise SystemExit(f"Blender {version} could not make its nodes")
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def measure(old: str, new: str, pythons: dict[str, Path], folders: list[Path], work: Path) -> dict[str, Any]:
    """The part of the table for two versions."""
    version, assets = facts(pythons[old])
    files = sorted(path for folder in [*folders, *([assets] if assets else [])] for path in folder.rglob("*.blend"))
    parts, told = samples(pythons[old], old, work)
    read = {}
    for which in (old, new):
        started = time.monotonic()
        record(pythons[which], work / f"{which}.jsonl", [*files, *parts])
        say(f"Blender {which}: {len(files) + len(parts)} files in {time.monotonic() - started:.0f} s")
        wanted = {str(path) for path in (*files, *parts)}
        read[which] = {row["file"]: row for row in rows(work / f"{which}.jsonl") if row["file"] in wanted}
    found = travel_table.compare(read[old], read[new], old, told)
    lost = sorted(Path(f).name for f in map(str, parts) if any("error" in read[v][f] for v in read))
    if lost:
        say(f"Samples that a Blender could not open: {', '.join(lost)}")
    versions = {"from": version, "to": facts(pythons[new])[0], "date": time.strftime("%Y-%m-%d")}
    part = travel_table.as_json(found)
    part["changes"] += travel_table.defaults(read[old], read[new], told, fresh(pythons[new], new, work))
    return {**versions, "sample": len(told), **part}


def write(part: dict[str, Any]) -> None:
    """Put one part into the table, a change a line."""
    parts = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    parts = [p for p in parts if (p["from"], p["to"]) != (part["from"], part["to"])] + [part]
    out = []
    for p in sorted(parts, key=lambda p: (p["from"], p["to"])):
        head = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in p.items() if k not in ("changes", "unexplained")]
        lists = []
        for name in ("changes", "unexplained"):
            lines = ",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in p[name])
            lists.append(f"  {json.dumps(name)}: [\n{lines}\n  ]" if lines else f"  {json.dumps(name)}: []")
        out.append(" {\n" + ",\n".join([*head, *lists]) + "\n }")
    TABLE.write_text("[\n" + ",\n".join(out) + "\n]\n", encoding="utf-8")


def main(argv: list[str]) -> int:
    """0 where the table was written."""
    parser = argparse.ArgumentParser("build_tools.travel", description=__doc__)
    parser.add_argument("--from", dest="old", required=True, choices=list(ENVIRONMENTS))
    parser.add_argument("--to", dest="new", required=True, choices=list(ENVIRONMENTS))
    parser.add_argument("--python", action="append", default=[], metavar="VERSION=PATH", help="instead of our own")
    parser.add_argument("--work", type=Path, help="folder that keeps what was read")
    parser.add_argument("folders", type=Path, nargs="+")
    asked = parser.parse_args(argv)
    given = dict(pair.split("=", 1) for pair in asked.python)
    pythons = {v: Path(given[v]) if v in given else made(*ENVIRONMENTS[v]) for v in (asked.old, asked.new)}
    if hasattr(os, "nice"):
        os.nice(15)
    with tempfile.TemporaryDirectory() as scratch:
        work = (asked.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        part = measure(asked.old, asked.new, pythons, asked.folders, work)
    write(part)
    say(f"{len(part['changes'])} changes, {len(part['unexplained'])} kinds of difference unexplained: {TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
