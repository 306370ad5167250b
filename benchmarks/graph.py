# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree costs on its way there and back, beside loading its file and beside peers, in one process.

    python benchmarks/graph.py FOLDER [--files N] [--trees N] [--nodes N] [--peer NAME=PLACE]…   (a Python that has bpy)

Prints one JSON object; all seconds are of the processor. `read`: reading over loading, by the fast way. `loop`: seconds
per 1,000 nodes for writing the code of a tree with its groups, running it and reading back, and what each peer takes
for the same trees to export and rebuild alone; by class of size, the quickest of three rounds for each tree and part.
`large`: seconds to build trees of N nodes. `growth_mb`: what one more round of ours added to the peak of memory. PLACE
is the folder that holds a peer's package; peers: NodeToPython, tree_clipper.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import multiprocessing
import os
import platform
import random
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import Peer, peer

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
CLASSES = {"small": range(5, 30), "medium": range(30, 150), "large": range(150, 601)}
"""Nodes of a tree with the groups below it."""
SIZES = range(5, 601)
Trees = list[Any]


class Clock:
    """Seconds of the processor by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        try:
            return call()
        finally:
            self.spent[name] += time.process_time() - began


class Ours:
    """Graph → steps → code → Blender → graph."""

    def __init__(self) -> None:
        package = "voxel_trainer_addon"
        self.read = importlib.import_module(f"{package}.graph.blender.read")
        self.build = importlib.import_module(f"{package}.graph.blender.build")
        self.run = importlib.import_module(f"{package}.graph.blender.run")
        self.write = importlib.import_module(f"{package}.graph.write")
        self.canonical = importlib.import_module(f"{package}.graph.canonical")
        self.model = importlib.import_module(f"{package}.graph.model")
        self.inside = importlib.import_module(f"{package}.worker.inside")

    def load_and_read(self, path: str, clock: Clock) -> dict[str, Any]:
        """Every graph of a file, linked into data of its own as the parse stage does."""
        import bpy

        unwanted = importlib.import_module("voxel_trainer_addon.worker.inside.read").NOT_WANTED
        data: Any

        def load() -> None:
            with data.libraries.load(path, link=True) as (there, wanted):
                for kind in dir(there):
                    names = getattr(there, kind)
                    if kind not in unwanted and isinstance(names, list):
                        setattr(wanted, kind, names)

        with bpy.data.temp_data() as data:
            clock("load", load)
            own = next(library for library in data.libraries if library.filepath == path)
            found: dict[str, Any] = clock("read", lambda: self.read.read_graphs(data, own)[0])
            return found

    def blocks(self, closures: list[Trees]) -> dict[str, Any]:
        """Every tree of the closures built, each once, in one file."""
        trees = list({tree.key: tree for trees in closures for tree in trees}.values())
        self.inside.clear()
        self.build.make_placeholders(trees)
        made = self.build.build_all(trees)
        failed = [steps for steps in made.values() if isinstance(steps, Exception)]
        if failed:
            raise failed[0]
        return {tree.key: self.write.Block(tree, made[tree.key]) for tree in trees}

    def go_round(self, trees: Trees, clock: Clock) -> None:
        """What the proof of a tree with its groups does, but for comparing."""
        import bpy

        blocks = clock("write", lambda: self.blocks([trees]))
        code = clock("write", lambda: self.write.script([blocks[tree.key] for tree in trees]))
        self.inside.clear()
        pays = self.run.holding_pays(len(tree.nodes) for tree in trees)
        clock("run", lambda: (self.run.run_held if pays else self.run.run_plain)(code))
        keys = [tree.key for tree in trees]
        clock("read", lambda: [self.read.read_graph(self.read.tree_of(bpy.data, key), key) for key in keys])

    def is_made(self, trees: Trees) -> bool:
        """Whether the open file holds these trees, the last with its groups, as our proof compares."""
        import bpy

        live = {tree.key: self.read.tree_of(bpy.data, tree.key) for tree in trees}
        made = {key: self.read.read_graph(tree, key) for key, tree in live.items() if tree is not None}
        root = trees[-1]
        return len(made) == len(trees) and not self.canonical.differences(
            root, made[root.key], {tree.key: tree for tree in trees}, made
        )


def reading(files: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Seconds of loading and reading over all files, and the graphs of each. A file that ends Blender ends a process of
    its own only, and the next one goes on behind it."""
    spent: Counter[str] = Counter()
    found: dict[str, dict[str, Any]] = {}
    lost, left = 0, list(files)
    while left:
        answers, told = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("spawn").Process(target=read_files, args=(left, told))
        child.start()
        told.close()
        with contextlib.suppress(EOFError):
            while True:
                graphs, seconds = answers.recv()
                found |= {left[0]: graphs} if graphs else {}
                spent.update(seconds)
                left = left[1:]
        child.join()
        lost, left = lost + bool(left), left[1:]
    trees = sum(map(len, found.values()))
    said = {
        "files": len(found),
        "ended_blender": lost,
        "trees": trees,
        "ratio": round(spent["read"] / spent["load"], 3),
    }
    return said | {f"{name}_s": round(s, 2) for name, s in spent.items()}, found


def read_files(files: list[str], told: Any) -> None:
    """Tell of each file its graphs, and the seconds that it took; no graphs where it cannot be read."""
    sys.path.insert(0, str(ROOT))
    os.dup2(2, 1)  # Blender prints as it loads
    ours = Ours()
    ours.inside.empty()
    for path in files:
        clock = Clock()
        try:
            told.send((ours.load_and_read(path, clock), dict(clock.spent)))
        except (OSError, StopIteration):
            told.send(({}, {}))
    os._exit(0)


def picked(ours: Ours, found: dict[str, dict[str, Any]], most: int) -> list[Trees]:
    """Groups and materials of geometry and shader nodes that refer to no other data, each with the groups below it: of
    every class of size as many, no copies, and from as many files as there are."""
    steps = importlib.import_module("voxel_trainer_addon.graph.steps")
    by_class: dict[str, dict[str, list[Trees]]] = defaultdict(lambda: defaultdict(list))
    seen = set()
    for path, graphs in found.items():
        for key, graph in graphs.items():
            trees = ours.model.closure(graph, graphs)
            nodes = count(trees)
            plain = not any(tree.refused or tree.missing or steps.references_of(tree) for tree in trees)
            fits = key.startswith(("node_groups/", "materials/")) and graph.type in (
                "GeometryNodeTree",
                "ShaderNodeTree",
            )
            if plain and fits and nodes in SIZES and (graph.name, nodes) not in seen:
                seen.add((graph.name, nodes))
                by_class[class_of(nodes)][path].append(trees)
    chosen: list[Trees] = []
    for by_file in by_class.values():
        for held in by_file.values():
            random.Random(0).shuffle(held)
        in_turn = itertools.chain.from_iterable(itertools.zip_longest(*by_file.values()))
        chosen += list(filter(None, in_turn))[: most // len(CLASSES)]
    return chosen


def count(trees: Trees) -> int:
    return sum(len(tree.nodes) for tree in trees)


def class_of(nodes: int) -> str:
    return next(name for name, sizes in CLASSES.items() if nodes in sizes)


@dataclass
class Row:
    """What one tree with its groups cost: tool → part → seconds, the quickest of all rounds; for peers whether what
    they made is the same tree."""

    nodes: int
    spent: dict[str, dict[str, float]]
    equal: dict[str, bool]

    def all(self, tool: str) -> float:
        return sum(self.spent[tool].values())


def quickest(go: Callable[[Clock], Any]) -> dict[str, float]:
    rounds = []
    for _ in range(ROUNDS):
        clock = Clock()
        go(clock)
        rounds.append(clock.spent)
    return {part: min(spent[part] for spent in rounds) for part in rounds[0]}


def looped(ours: Ours, trees: Trees, peers: dict[str, Peer]) -> Row:
    row = Row(count(trees), {"ours": quickest(lambda clock: ours.go_round(trees, clock))}, {})
    for name, other in peers.items():
        with contextlib.suppress(Exception):
            row.spent[name] = quickest(lambda clock, other=other: peer_round(ours, other, trees, clock))
            row.equal[name] = ours.is_made(trees)
    return row


def peer_round(ours: Ours, other: Peer, trees: Trees, clock: Clock) -> None:
    """Export of a tree with its groups and the rebuild alone, from an empty file into another one."""
    assert other.rebuild is not None
    rebuild = other.rebuild
    ours.blocks([trees])
    text = clock("export", lambda: other.export(trees[-1].key))
    ours.inside.clear()
    clock("rebuild", lambda: rebuild(text))


def told(rows: list[Row], peers: Iterable[str]) -> dict[str, Any]:
    """Seconds per 1,000 nodes, ours and of every peer, each beside ours for the trees that it takes through."""

    def costs(tool: str, rows: list[Row]) -> dict[str, float]:
        nodes = sum(row.nodes for row in rows)
        parts = {part: sum(row.spent[tool][part] for row in rows) for part in rows[0].spent[tool]} if rows else {}
        return {part: round(1000 * s / nodes, 3) for part, s in {**parts, "all": sum(parts.values())}.items() if nodes}

    said: dict[str, Any] = {"trees": len(rows), "nodes": sum(row.nodes for row in rows), "ours": costs("ours", rows)}
    for name in peers:
        both = [row for row in rows if name in row.spent]
        ratios = [row.all("ours") / row.all(name) for row in both]
        said[name] = {
            "trees": len(both),
            "rebuilt_the_same": sum(row.equal[name] for row in both),
            **costs(name, both),
            "ours_of_it": round(sum(r.all("ours") for r in both) / sum(r.all(name) for r in both), 3) if both else None,
            "median_of_trees": round(statistics.median(ratios), 3) if ratios else None,
        }
    return said


def synthetic(ours: Ours, kind: str, count: int) -> Any:
    """A tree of Math nodes: a chain, or a star around one of them."""
    model = ours.model

    def sockets(names: str, value: float | None) -> Any:
        return tuple(model.Socket(name, "Value", "VALUE", True, value) for name in names.split())

    nodes = [
        model.Node(
            f"n{n}", "ShaderNodeMath", {"operation": "ADD"}, sockets("Value Value_001", n / 8), sockets("Value", None)
        )
        for n in range(count)
    ]
    links = [model.Link(f"n{n if kind == 'chain' else 0}", 0, f"n{n + 1}", 0) for n in range(count - 1)]
    return model.Graph(f"node_groups/{kind}", "ShaderNodeTree", tuple(nodes), tuple(links))


def real(ours: Ours, found: dict[str, dict[str, Any]], count: int) -> Any:
    """The nodes of real geometry trees side by side in one tree, with their links, until there are enough."""
    from dataclasses import replace

    nodes: list[Any] = []
    links: list[Any] = []
    graphs = [g for held in found.values() for g in held.values() if g.type == "GeometryNodeTree" and not g.refused]
    while len(nodes) < count and graphs:
        for n, graph in enumerate(graphs):
            mark = f"{len(nodes)}.{n} "
            ends = ("NodeGroupInput", "NodeGroupOutput", "NodeFrame")
            kept = {node.name for node in graph.nodes if not node.group and node.type not in ends}
            nodes += [
                replace(node, name=mark + node.name, pair=node.pair and mark + node.pair, layout={})
                for node in graph.nodes
                if node.name in kept
            ]
            links += [
                replace(link, source=mark + link.source, target=mark + link.target)
                for link in graph.links
                if link.source in kept and link.target in kept
            ]
            if len(nodes) >= count:
                break
    return ours.model.Graph("node_groups/Real", "GeometryNodeTree", tuple(nodes), tuple(links))


def large(ours: Ours, graph: Any) -> dict[str, Any]:
    """Seconds of each part of the way there and back for one large tree."""
    import bpy

    clock = Clock()
    ours.inside.clear()
    ours.build.make_placeholders([graph])
    steps = clock("build", lambda: ours.build.build(graph))
    code = clock("write", lambda: ours.write.script([ours.write.Block(graph, steps)]))
    ours.inside.clear()
    clock("run", lambda: ours.run.run_held(code))
    made = clock("read", lambda: ours.read.read_graph(ours.read.tree_of(bpy.data, graph.key), graph.key))
    assert len(made.nodes) == len(graph.nodes)
    return {"nodes": len(graph.nodes), **{f"{part}_s": round(s, 2) for part, s in clock.spent.items()}}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=0, help="so many files at most, evenly picked by size (0: all)")
    parser.add_argument("--trees", type=int, default=90, help="so many trees there and back")
    parser.add_argument("--nodes", type=int, default=6000, help="size of the large trees")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=PLACE", help="NodeToPython or tree_clipper"
    )
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Blender prints as it loads
    files = [str(path) for path in sorted(options.folder.rglob("*.blend"), key=lambda path: path.stat().st_size)]
    if options.files:
        files = files[:: max(1, len(files) // options.files)]
    read, found = reading(files)
    import bpy  # after the processes that have one of their own

    ours = Ours()
    ours.inside.empty()
    peers = dict(map(peer, options.peer))
    chosen = picked(ours, found, options.trees)
    rows = [looped(ours, trees, peers) for trees in chosen]
    loop = {name: told([row for row in rows if row.nodes in sizes], peers) for name, sizes in CLASSES.items()}
    loop["all"] = told(rows, peers)
    large_trees = (
        *(synthetic(ours, kind, options.nodes) for kind in ("chain", "star")),
        real(ours, found, options.nodes),
    )
    sizes = {tree.name: large(ours, tree) for tree in large_trees}
    before = peak_mb()
    for trees in chosen:
        ours.go_round(trees, Clock())
    result = {
        "benchmark": "graph",
        "blender": ".".join(map(str, bpy.app.version)),
        "read": read,
        "loop": loop,
        "large": sizes,
        "growth_mb": round(peak_mb() - before, 1),
        "load": os.getloadavg()[0],
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
    }
    print(json.dumps(result, indent=2), file=out, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
