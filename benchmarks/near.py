# SPDX-License-Identifier: GPL-3.0-or-later
"""What finding near-duplicates costs: `python benchmarks/near.py [--examples 50000]`.

Synthetic, seeded trees (those of `search.py`) go into an index. Printed as JSON: seconds and seconds of processor time
for signatures and index, for clusters, and for what to leave out; bytes an item on disk; and over the first 3,000 of
them the share of the near pairs of brute force that the index finds, and the ratio of their times.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

from search import examples, packed

from voxel_trainer_addon.dataset_builder.near import Index
from voxel_trainer_addon.graph.minhash import NEAR, jaccard

FEW = 3000


def seconds(done: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Wall and processor time of one call, and what came of it."""
    wall, busy = time.perf_counter(), time.process_time()
    result = done()
    return {"s": round(time.perf_counter() - wall, 1), "busy_s": round(time.process_time() - busy, 1)}, result


def filled(trees: list[bytes]) -> Index:
    index = Index()
    for n, tree in enumerate(trees):
        index.add(f"{n:08}", tree)
    return index


def brute(trees: list[bytes]) -> set[tuple[str, str]]:
    pairs = combinations(enumerate(trees), 2)
    return {(f"{n:08}", f"{m:08}") for (n, a), (m, b) in pairs if jaccard(a, b) >= NEAR}


def by_index(index: Index, trees: list[bytes]) -> set[tuple[str, str]]:
    near = ((f"{n:08}", id) for n, tree in enumerate(trees) for id, _ in index.near(tree))
    return {(one, other) for one, other in near if one < other}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50_000)
    options = parser.parse_args()
    trees = [packed(tree) for _, tree in examples(options.examples)]
    result: dict[str, Any] = {"python": platform.python_version(), "examples": options.examples}
    result["features"] = round(sum(map(len, trees)) / 4 / len(trees))
    result["adding"], index = seconds(lambda: filled(trees))
    result["clusters"], clusters = seconds(lambda: list(index.clusters()))
    result["copies"], copies = seconds(lambda: list(index.copies()))
    result |= {
        "in_clusters": sum(map(len, clusters)),
        "left_out": len(copies),
        "bytes_an_item": index.size // len(trees),
    }
    few = trees[:FEW]
    floor, pairs = seconds(lambda: brute(few))
    quick, found = seconds(lambda: by_index(filled(few), few))
    result["near_pairs"] = f"{len(found & pairs)} of {len(pairs)}"
    result["of_brute_force"] = round(quick["busy_s"] / floor["busy_s"], 3)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
