# SPDX-License-Identifier: GPL-3.0-or-later
"""What a history costs over its wanted blobs: `python benchmarks/history.py BUNDLE…`, for git and for dulwich.

Serves each bundle from loopback by `git http-backend` (the server of the tests), reads its whole history and fetches
every state of every .blend file. `wanted` are the bytes of the distinct blobs, `packed` what a zlib stream of each
would take; `sent` is what the server sent in bodies of answers, `listed` the part of it before the first blob (refs,
commits and trees). `edits` are states with another state before them, `told` those of them whose message has two words
or more that are not `fix`, `update`, `wip` and the like.

Then a made history of `--commits` states and one file of `--megabytes`, read from its folder: seconds, how the memory
of this process grows from the first tenth of the walk to its end, and by how much its peak rises for the large file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.data_collection.git.server import Host, git, serving
from voxel_trainer_addon.data_collection.git import Blob, State, open_clone, parse

CAP = 1 << 40
TRIVIAL = re.compile(
    "add(ed)?|and|blend(er)?|changes?|files?|fix(e[ds])?|for|in|merge|more|new|of|scenes?|some|tests?|the|to|typo"
    "|updated?s?|wip|work"
)


def says_something(message: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", message.lower())
    return len([word for word in words if not TRIVIAL.fullmatch(word)]) >= 2


def read(host: Host, name: str, place: Path, tool: str) -> dict[str, Any]:
    since = time.perf_counter()
    with open_clone(parse(host.address(name)), place / "clone", history=True, tool=tool) as clone:
        listed = sum(host.sent.values())
        states: list[State] = list(clone.states())
        found = list(clone.fetch([state.oid for state in states], place / "blobs", CAP))
        blobs = {blob.oid: blob for blob in found if isinstance(blob, Blob)}
        told = {"tool": clone.tool, "fetches": clone.requests, "http_requests": len(host.requests)}
    seconds = time.perf_counter() - since
    assert {state.oid for state in states} == set(blobs), "a state is missing"
    wanted, sent = sum(blob.size for blob in blobs.values()), sum(host.sent.values())
    packed = sum(len(zlib.compress(blob.path.read_bytes())) for blob in blobs.values())
    with open_clone(parse(host.address(name)), place / "clone", history=True, tool=tool) as again:
        list(again.fetch(blobs, place / "blobs", CAP))
        assert (again.received, again.requests) == (0, 0), "a second time something came"
    edits = [state for state in states if state.is_edit]
    return {
        "history": name.removesuffix(".git"),
        **told,
        "wanted": wanted,
        "packed": packed,
        "sent": sent,
        "listed": listed,
        "ratio": round(sent / wanted, 3),
        "ratio_packed": round(sent / packed, 3),
        "states": len(states),
        "edits": len(edits),
        "told": sum(says_something(state.message) for state in edits),
        "seconds": round(seconds, 2),
    }


def made(place: Path, commits: int, megabytes: int) -> Path:
    """A history of `commits` states of ten paths, 1 kB each, with one large file in the last."""

    def stream() -> Iterator[bytes]:
        for number in range(commits):
            yield b"commit refs/heads/main\nmark :%d\n" % (number + 1)
            yield b"committer Ada <a@b.example> %d +0000\ndata 9\nA change.\n" % (1_600_000_000 + number)
            yield b"M 100644 inline rock%d.blend\ndata 1000\n%b\n" % (number % 10, os.urandom(1000))
        piece = os.urandom(1 << 20)
        yield b"commit refs/heads/main\ncommitter Ada <a@b.example> 1700000000 +0000\ndata 6\nLarge.\n"
        yield b"M 100644 inline large.blend\ndata %d\n" % (len(piece) * megabytes)
        yield from (piece for _ in range(megabytes))
        yield b"\n"

    place.mkdir()
    git(place, "init", "-q", "--bare")
    importing = ["git", "-C", str(place), "-c", "core.bigFileThreshold=32m", "fast-import", "--quiet"]
    with subprocess.Popen(importing, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for piece in stream():
            process.stdin.write(piece)
    return place


def memory_mb(what: str) -> float:
    """`VmRSS`: now; `VmHWM`: the peak since it was last set back."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)
    assert found
    return int(found[1]) / 1e3


def long(place: Path, repository: Path, commits: int, tool: str) -> dict[str, Any]:
    since = time.perf_counter()
    with open_clone(parse(str(repository)), place, history=True, tool=tool) as clone:
        opened, early, large = time.perf_counter(), 0.0, ""
        for number, state in enumerate(clone.states()):
            if number == commits // 10:
                early = memory_mb("VmRSS")
            if state.path == "large.blend":
                large = state.oid
        walked, late = time.perf_counter(), memory_mb("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        assert number == commits and [blob.oid for blob in clone.fetch([large], place / "blobs", CAP)] == [large]
        return {
            "tool": clone.tool,
            "states": number + 1,
            "open_s": round(opened - since, 2),
            "walk_s": round(walked - opened, 2),
            "walk_growth_mb": round(late - early, 1),
            "large_s": round(time.perf_counter() - walked, 2),
            "large_growth_mb": round(memory_mb("VmHWM") - late, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--megabytes", type=int, default=200)
    given = parser.parse_args()
    rows, longs = [], []
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        repository = made(place / "made.git", given.commits, given.megabytes)
        longs = [long(place / f"long-{tool}", repository, given.commits, tool) for tool in ("git", "dulwich")]
        for bundle in given.bundles:
            clone = ["git", "clone", "--quiet", "--bare", str(bundle), str(place / "served" / f"{bundle.stem}.git")]
            subprocess.run(clone, check=True)
        for tool in ("git", "dulwich"):
            for bundle in given.bundles:
                with serving(place / "served") as host:
                    rows.append(read(host, f"{bundle.stem}.git", place / tool / bundle.stem, tool))
    result = {
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
        "load": round(os.getloadavg()[0], 1),
        "rows": rows,
        "long": longs,
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
