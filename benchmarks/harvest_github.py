# SPDX-License-Identifier: GPL-3.0-or-later
"""What a harvest of GitHub costs: `python benchmarks/harvest_github.py [--repositories N] [--files M]`.

On the test GitHub of `tests/peers`: points and requests for our plan, beside one code search for each repository (the
original scraper's way) and one tree request for each; then a whole run, a second one over unchanged sources, and one
that is killed in the middle and resumed. Bookkeeping is the main thread's processor time: downloads run in others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.peers.peer import Peer
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.licences import classes

ROOT = Path(__file__).resolve().parent.parent
PLENTY = {"core": [1_000_000, 3600], "graphql": [5000, 3600], "search": [1_000_000, 60], "code_search": [1_000_000, 60]}
"""Budgets that no way here meets: hours are computed from the requests by GitHub's own limits."""
HOURLY = {"core": 5000, "code_search": 600, "graphql": 5000}
TICKS = os.sysconf("SC_CLK_TCK")


class Harvest:
    """The headless command as a child, watched while it runs."""

    def __init__(self, peer: Peer, data: Path, *words: str) -> None:
        env = {
            **os.environ,
            "GITHUB_API_URL": peer.api,
            "GITHUB_GRAPHQL_URL": f"{peer.api}/graphql",
            "GITHUB_RAW_URL": peer.raw,
            "GITHUB_TOKEN": "ghp_bench_1",
        }
        argv = [sys.executable, str(ROOT / "scripts" / "run_headless.py"), *words, "--data", str(data), "--json"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)
        self.memory: list[tuple[int, float]] = []
        self.main_s = self.planned_s = self.first_file_s = 0.0
        self.plan: dict[str, Any] = {}

    def events(self) -> Iterator[dict[str, Any]]:
        """Its events, with memory and processor time taken at each beat."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = json.loads(line)
            if event["kind"] == "plan":
                self.plan, self.planned_s = event["plan"], time.monotonic() - self.began
            elif event["kind"] == "progress" and self.planned_s and event["done"] and not self.first_file_s:
                self.first_file_s = time.monotonic() - self.began
            self._look(event)
            yield event

    def finish(self) -> int:
        for _ in self.events():
            pass
        self.seconds = time.monotonic() - self.began
        return self.process.wait()

    def _look(self, event: dict[str, Any]) -> None:
        proc = Path("/proc", str(self.process.pid))
        try:
            fields = (proc / "task" / str(self.process.pid) / "stat").read_text().rpartition(")")[2].split()
            pages = int((proc / "statm").read_text().split()[1])
        except (OSError, IndexError):
            return
        self.main_s = (int(fields[11]) + int(fields[12])) / TICKS
        if event["kind"] == "progress":
            self.memory.append((event["done"], pages * os.sysconf("SC_PAGE_SIZE") / 1e6))


@contextmanager
def counted(peer: Peer) -> Iterator[dict[str, Any]]:
    """What the server counted while the block ran."""
    peer.forget()
    told: dict[str, Any] = {}
    yield told
    stats = peer.stats(requests=False)
    told.update(stats["sums"], violations=stats["violations"])


def others(peer: Peer, names: list[tuple[str, bool]]) -> dict[str, Any]:
    """The two plainer ways over the same repositories; only the requests for each repository are counted. Files found
    are those in repositories whose licence is taken."""
    session = requests.Session()
    session.headers.update({"Authorization": "Bearer ghp_other_1", "User-Agent": "benchmark"})
    found = {"code search each": 0, "tree each": 0}
    for name, taken in names:
        code = session.get(f"{peer.api}/search/code", params={"q": f"repo:{name} extension:blend"})
        tree = session.get(f"{peer.api}/repos/{name}/git/trees/HEAD?recursive=1")
        if taken:
            found["code search each"] += code.json().get("total_count", 0)
            entries = tree.json().get("tree", ()) if tree.status_code == 200 else ()
            found["tree each"] += sum(entry["path"].endswith(".blend") for entry in entries)
    hours = {"code search each": len(names) / HOURLY["code_search"], "tree each": len(names) / HOURLY["core"]}
    return {way: row(0, len(names), found[way], hours[way]) for way in found}


def row(points: int, rest: int, files: int, hours: float) -> dict[str, Any]:
    per = files / 1000
    return {
        "points": points,
        "rest_requests": rest,
        "files_found": files,
        "points_per_1000_files": round(points / per, 2) if files else None,
        "rest_per_1000_files": round(rest / per, 1) if files else None,
        "hours_by_githubs_limits": round(hours, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=10, help="in each repository")
    asked = parser.parse_args()
    words = ("harvest", "--source", "github:blender", "--stars", "0", "--wait")
    all_of_it = (*words, "--allow", "copyleft", "--allow", "share-alike")
    size = ("--repositories", str(asked.repositories), "--files", str(asked.files))
    told: dict[str, Any] = {"repositories": asked.repositories, "files_each": asked.files}
    with tempfile.TemporaryDirectory() as folder, Peer(*size) as peer:
        peer.set(budgets=PLENTY)
        place = Path(folder)
        with counted(peer) as plan:
            ours = Harvest(peer, place / "plan", *words, "--plan")
            assert ours.finish() == 0
        with Catalog(place / "plan" / "catalog.sqlite") as catalog:
            found = list(catalog.repositories("github"))
            names = [(each.name, classes.class_of(each.body["licence"]) in classes.BY_DEFAULT) for each in found]
        points, rest = plan["graphql.cost"], plan.get("core.requests", 0)
        told["points_per_100_repositories"] = round(points / len(found) * 100, 3)
        told["repositories_found"] = len(found)
        files = ours.plan["files"] + ours.plan["known"]
        told["ways"] = {"ours": row(points, rest, files, max(points, rest) / HOURLY["core"]), **others(peer, names)}

        with counted(peer) as first:
            run = Harvest(peer, place / "run", *all_of_it)
            assert run.finish() == 0
        thousands = (run.plan["files"] + run.plan["known"]) / 1000
        told["run"] = {
            "files": run.plan["files"],
            "seconds": round(run.seconds, 1),
            "bookkeeping_s_per_1000_files": round(run.main_s / thousands, 2),
            "memory_mb": {"start": round(run.memory[0][1], 1), **_memory(run.memory)},
            "catalog_mb": round((place / "run" / "catalog.sqlite").stat().st_size / 1e6, 1),
            "api_requests_while_fetching": first["graphql.requests"] + first.get("core.requests", 0) - _asked(run),
            "violations": first["violations"],
        }
        with counted(peer) as second:
            again = Harvest(peer, place / "run", *all_of_it)
            assert again.finish() == 0
        told["second_run"] = {
            "file_bytes": second.get("raw.bytes", 0),
            "rest_requests": second.get("core.requests", 0),
            "points": second["graphql.cost"],
            "seconds": round(again.seconds, 1),
        }
        killed = Harvest(peer, place / "killed", *all_of_it)
        for event in killed.events():
            if killed.planned_s and event["kind"] == "progress" and event["done"] > run.plan["files"] / 2:
                os.kill(killed.process.pid, signal.SIGKILL)
                break
        killed.process.wait()
        resumed = Harvest(peer, place / "killed", "resume")
        assert resumed.finish() == 0
        told["resumed"] = {
            "first_file_after_s": round(resumed.first_file_s, 2),
            "files": resumed.plan["files"],
            "same_contents": _contents(place / "killed") == _contents(place / "run"),
        }
        told["load"] = round(os.getloadavg()[0], 1)
        told["machine"] = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    print(json.dumps(told, indent=1))


def _memory(seen: list[tuple[int, float]]) -> dict[str, float]:
    """Resident memory of the whole run, and from its tenth to its end."""
    tenth = seen[len(seen) // 10][1]
    return {"tenth": round(tenth, 1), "end": round(seen[-1][1], 1), "peak": round(max(mb for _, mb in seen), 1)}


def _asked(run: Harvest) -> int:
    """API requests until the plan was there."""
    return int(run.plan["spent"]["graphql"] + run.plan["spent"]["rest"])


def _contents(data: Path) -> list[str]:
    with Catalog(data / "catalog.sqlite") as catalog:
        return catalog.contents()


if __name__ == "__main__":
    main()
