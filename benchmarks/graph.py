# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree costs on its way there and back, beside loading its file and beside peers, in one process.

    python benchmarks/graph.py FOLDER [--files N] [--trees N] [--nodes N] [--peer NAME=PLACE]…   (a Python that has bpy)

Prints one JSON object; all seconds are of the processor. `read`: reading over loading, by the fast way. `loop`: seconds
per 1,000 nodes for writing the code, running it and reading back, and what each peer takes for the same trees to export
and rebuild alone. `large`: seconds to build trees of N nodes. `growth_mb`: what all rounds after the first added to the
peak of memory. PLACE is the folder that holds a peer's package; peers: NodeToPython, tree_clipper.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import platform
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
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

    def go_round(self, closures: list[Trees], clock: Clock) -> None:
        """What the proof of these trees does, but for comparing."""
        import bpy

        blocks = clock("write", lambda: self.blocks(closures))
        for trees in closures:
            code = clock("write", lambda trees=trees: self.write.script([blocks[tree.key] for tree in trees]))
            pays = self.run.holding_pays(len(tree.nodes) for tree in trees)
            run = self.run.run_held if pays else self.run.run_plain
            clock("run", self.inside.clear)
            clock("run", lambda run=run, code=code: run(code))
            keys = [tree.key for tree in trees]
            clock("read", lambda keys=keys: [self.read.read_graph(self.read.tree_of(bpy.data, k), k) for k in keys])


def node_to_python(place: str) -> Callable[[str, Clock, Callable[[], None]], None]:
    """Export of a group as a script and its run, through the add-on's operator; it keeps the text in the clipboard."""
    import bpy

    sys.path.insert(0, place)
    importlib.import_module("NodeToPython").register()
    operator = importlib.import_module("NodeToPython.export.ntp_operator")
    written: list[str] = []

    class Kept(io.StringIO):
        def close(self) -> None:
            written.append(self.getvalue())

    operator.StringIO = Kept

    def go(name: str, clock: Clock, empty: Callable[[], None]) -> None:
        scene: Any = bpy.context.scene
        tree = bpy.data.node_groups[name]
        kind = "geometry" if tree.bl_idname == "GeometryNodeTree" else "shader"
        slots = getattr(scene, f"ntp_{kind}_node_group_slots")
        slots.clear()
        slots.add().node_tree = tree
        scene.ntp_options.mode = "SCRIPT"
        written.clear()
        operators: Any = bpy.ops
        clock("export", operators.ntp.export)
        code = max(written, key=len)
        empty()
        clock("rebuild", lambda: exec(compile(code, "<NodeToPython>", "exec"), {"__name__": "__main__"}))
        assert name in bpy.data.node_groups

    return go


def tree_clipper(place: str) -> Callable[[str, Clock, Callable[[], None]], None]:
    """Export of a group as JSON and its import."""
    import bpy

    sys.path.insert(0, place)
    export = importlib.import_module("tree_clipper.export_nodes")
    back = importlib.import_module("tree_clipper.import_nodes")
    special = importlib.import_module("tree_clipper.specific_handlers")

    def exported(name: str) -> str:
        asked = export.ExportParameters(
            is_material=False,
            name=name,
            specific_handlers=special.BUILT_IN_EXPORTER,
            debug_prints=False,
            write_from_roots=False,
        )
        job = export.ExportIntermediate(asked)
        while job.step():
            pass
        return json.dumps(job.data, cls=export._Encoder)

    def rebuilt(text: str) -> None:
        job = back.ImportIntermediate(string=text)
        job.set_external(iter(()))
        job.import_all(back.ImportParameters(specific_handlers=special.BUILT_IN_IMPORTER, debug_prints=False))

    def go(name: str, clock: Clock, empty: Callable[[], None]) -> None:
        text = clock("export", lambda: exported(name))
        empty()
        clock("rebuild", lambda: rebuilt(text))
        assert name in bpy.data.node_groups

    return go


PEERS = {"NodeToPython": node_to_python, "tree_clipper": tree_clipper}


def reading(ours: Ours, files: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Seconds of loading and reading over all files, and the graphs of each."""
    clock, found = Clock(), {}
    for path in files:
        try:
            found[path] = ours.load_and_read(path, clock)
        except (OSError, StopIteration):
            continue
    ratio = clock.spent["read"] / clock.spent["load"]
    told = {"files": len(found), "trees": sum(map(len, found.values())), "ratio": round(ratio, 3)}
    return told | {f"{name}_s": round(s, 2) for name, s in clock.spent.items()}, found


def picked(ours: Ours, found: dict[str, dict[str, Any]], most: int) -> dict[str, list[Trees]]:
    """By file closures of groups of geometry and shader nodes, evenly picked by size, that refer to no other data."""
    steps = importlib.import_module("voxel_trainer_addon.graph.steps")
    closures = []
    for path, graphs in found.items():
        for key, graph in graphs.items():
            trees = ours.model.closure(graph, graphs)
            plain = not any(tree.refused or tree.missing or steps.references_of(tree) for tree in trees)
            if plain and key.startswith("node_groups/") and graph.type in ("GeometryNodeTree", "ShaderNodeTree"):
                closures.append((path, trees))
    closures.sort(key=lambda pair: sum(len(tree.nodes) for tree in pair[1]))
    chosen: dict[str, list[Trees]] = defaultdict(list)
    for path, trees in closures[:: max(1, len(closures) // most)]:
        chosen[path].append(trees)
    return chosen


def looping(ours: Ours, chosen: dict[str, list[Trees]], peers: dict[str, Any]) -> dict[str, Any]:
    """Seconds per 1,000 nodes, ours and of every peer, over the trees that all peers take through."""
    clocks = {name: Clock() for name in ("ours", *peers)}
    lost: dict[str, int] = dict.fromkeys(peers, 0)
    taken: dict[str, list[Trees]] = defaultdict(list)
    for path, closures in chosen.items():
        for trees in closures:
            spent = {name: Clock() for name in peers}
            for name, peer in peers.items():
                ours.blocks([trees])
                try:
                    peer(trees[-1].name, spent[name], ours.inside.clear)
                except Exception:
                    lost[name] += 1
                    break
            else:
                taken[path].append(trees)
                for name, clock in spent.items():
                    for part, seconds in clock.spent.items():
                        clocks[name].spent[part] += seconds
        ours.go_round(taken[path], clocks["ours"])
    trees = [trees for closures in taken.values() for trees in closures]
    nodes = sum(len(tree.nodes) for closure in trees for tree in closure)
    told: dict[str, Any] = {"trees": len(trees), "nodes": nodes, "lost": lost}
    for name, clock in clocks.items():
        told[name] = {part: round(1000 * s / nodes, 3) for part, s in clock.spent.items()}
        told[name]["all"] = round(1000 * sum(clock.spent.values()) / nodes, 3)
    return told | {f"of_{name}": round(told["ours"]["all"] / told[name]["all"], 3) for name in peers}


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
    parser.add_argument("--trees", type=int, default=60, help="so many trees there and back")
    parser.add_argument("--nodes", type=int, default=6000, help="size of the large trees")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PLACE", help=" or ".join(PEERS))
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Blender prints as it loads
    import bpy

    ours = Ours()
    ours.inside.empty()
    files = [str(path) for path in sorted(options.folder.rglob("*.blend"), key=lambda path: path.stat().st_size)]
    if options.files:
        files = files[:: max(1, len(files) // options.files)]
    read, found = reading(ours, files)
    peers = {name: PEERS[name](place) for name, _, place in (asked.partition("=") for asked in options.peer)}
    chosen = picked(ours, found, options.trees)
    loop = looping(ours, chosen, peers)
    trees = [synthetic(ours, "chain", options.nodes), synthetic(ours, "star", options.nodes)]
    sizes = {tree.name: large(ours, tree) for tree in (*trees, real(ours, found, options.nodes))}
    before = peak_mb()
    for _ in range(ROUNDS):
        looping(ours, chosen, {})
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
