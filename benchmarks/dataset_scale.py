# SPDX-License-Identifier: GPL-3.0-or-later
"""What the builder of datasets costs beyond the proofs: `python benchmarks/dataset_scale.py [--files N] [--trees N]`.

Records are made from a seed: shader trees of 3 to 30 nodes out of 24 types, with values and links drawn at random. A
stand-in for the worker answers at once; the time that it takes itself is told apart. Prints one JSON object: seconds of
bookkeeping by the clock and of the processor, rows, and the memory of this process above its start, in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bare import Bare

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.errors import SetAside
from voxel_trainer_addon.graph.canonical import graph_hash, shape_hash
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.protocol import Answer, Host, Request
from voxel_trainer_addon.worker.record import SCHEMA

TYPES = [f"ShaderNodeKind{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWX"]
END = "ShaderNodeOutputMaterial"
KINDS = ("tree", "piece", "explain", "json")


def node(name: str, kind: str, rng: random.Random | None = None) -> Node:
    """A node of a type; with `rng` some of its values differ from those that it is made with."""
    number = TYPES.index(kind) if kind in TYPES else 0

    def value(usual: float) -> float:
        return round(rng.uniform(0, 10), 3) if rng and rng.random() < 0.4 else usual

    inputs = [Socket("Value", f"Value_{n:03}", "VALUE", value=value(0.5)) for n in range(2 + number % 4)]
    mode = f"MODE_{rng.randrange(6)}" if rng and rng.random() < 0.5 else "MODE_0"
    return Node(name, kind, {"mode": mode}, tuple(inputs), (Socket("Value", "Value", "VALUE", value=0.0),))


def tree(key: str, rng: random.Random) -> Graph:
    """A tree whose nodes all lead to its end."""
    count = rng.randint(2, 29)
    nodes = [node(f"N{n}", rng.choice(TYPES), rng) for n in range(count)] + [node("End", END, rng)]
    links = tuple(
        Link(nodes[n].name, 0, target.name, rng.randrange(len(target.inputs)))
        for n in range(count)
        for target in [nodes[rng.randint(n + 1, min(n + 4, count))]]
    )
    once = {(link.target, link.input): link for link in links}
    return Graph(key, "ShaderNodeTree", tuple(nodes), tuple(once.values()))


class Work(Bare):
    """The pipeline with a worker that proves everything; `spent` are the seconds that it takes for that."""

    def __init__(self, root: Path, options: Options) -> None:
        self.folder, self.catalog = DataFolder(root), Catalog(root / "catalog.sqlite")
        self.options, self.run_id, self.spent = options, "scale", 0.0
        self.host: Host | None = Host("python", True, (5, 2, 3))

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for request in requests:
            began = time.process_time()
            answer = self._table(request) if request.job == "node_table" else self._proven(request)
            self.spent += time.process_time() - began
            yield answer

    def _table(self, request: Request) -> Answer:
        trees = {
            tree_type: Graph("node_groups/T", tree_type, tuple(node(f"n{n}", kind) for n, kind in enumerate(types)))
            for tree_type, types in request.body["types"].items()
        }
        return Answer(request, True, {"trees": {name: graph.as_json() for name, graph in trees.items()}})

    def _proven(self, request: Request) -> Answer:
        graphs = {key: Graph.from_json(value) for key, value in request.body["graphs"].items()}
        scripts = {}
        for key in request.body["roots"]:
            held = graphs[key]
            lines = [
                f'n{n} = nodes.new("{each.type}"); n{n}.mode = "{each.settings["mode"]}"'
                for n, each in enumerate(held.nodes)
            ]
            lines += [f"links.new({link.source}, {link.target}, {link.input})" for link in held.links]
            lines += [f"{s.identifier} = {s.value}" for each in held.nodes for s in each.inputs if s.value != 0.5]
            scripts[key] = {
                "code": "import bpy\n" + "\n".join(lines) + "\n",
                "proven": True,
                "reason": "",
                "graph": graph_hash(key, graphs),
                "shape": shape_hash(held),
                "nodes": len(held.nodes),
            }
        return Answer(request, True, {"scripts": scripts})

    def set_aside(self, aside: SetAside) -> None:
        raise AssertionError(aside)


def stocked(root: Path, files: int, trees: int, seed: int) -> Work:
    """A data folder with records of `files` files, each with so many trees."""
    others = tuple(name for name in (*dataset.FILE_KINDS, *dataset.WIDE_KINDS) if name not in KINDS)
    options = Options(name="scale", without=others, most_of_shape=0, most_of_family=0, most_of_source=0.0)
    work = Work(root, options)
    source = "folder:scale#000000"
    work.catalog.add_source(source, "folder", root)
    work.folder.parsed.mkdir(exist_ok=True)
    for number in range(files):
        rng, sha256 = random.Random(f"{seed}/{number}"), f"{number:064x}"
        graphs = [tree(f"materials/Coat {number} {n}", rng) for n in range(trees)]
        held = {graph.key: graph.as_json() for graph in graphs}
        record = {"schema": SCHEMA, "graphs": held, "stacks": {}, "objects": [], "scenes": [], "collections": []}
        work.folder.record(sha256).write_text(json.dumps(record), encoding="utf-8")
        work.catalog.add_origins([Origin(source, f"{number}.blend", sha256, 1, 1, "CC0-1.0", {})])
        work.catalog.add_record(sha256, "5.2.3", 1, "read", f"parsed_data/{sha256}.json", {})
    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--trees", type=int, default=2, help="trees of each file")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        work = stocked(Path(place), options.files, options.trees, options.seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, busy = time.perf_counter(), time.process_time()
        outcome = dataset.run(work)
        clock, busy = time.perf_counter() - began, time.process_time() - busy
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = {
            "benchmark": "dataset, scale",
            "files": options.files,
            "trees": options.files * options.trees,
            "rows": outcome.counts["rows"],
            "bookkeeping_s": round(clock - work.spent, 1),
            "bookkeeping_busy_s": round(busy - work.spent, 1),
            "stand_in_s": round(work.spent, 1),
            "memory_above_start_mb": (after - before) >> 10,
            "load": round(os.getloadavg()[0], 1),
            "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
