# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of graphs in memory for kinds, whose jobs run in this process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from voxel_trainer_addon.catalog import Origin, Proof
from voxel_trainer_addon.dataset_builder.kinds import Ask, File, Known, Place, Settings, Tree
from voxel_trainer_addon.dataset_builder.proving import without_layout
from voxel_trainer_addon.files import digest
from voxel_trainer_addon.graph.model import Graph, Graphs, closure

TASKS = {"materials": "material", "worlds": "world", "lights": "light", "scenes": "compositor", "textures": "texture"}
Job = Callable[[dict[str, Any], Path], dict[str, Any]]


def task_of(graph: Graph) -> str:
    groups = {"ShaderNodeTree": "shader", "GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor"}
    return TASKS.get(graph.key.split("/", 1)[0]) or groups.get(graph.type, "texture")


class Shelf:
    """`Library` over the graphs of some files. `prove` keeps what jobs say."""

    def __init__(self, settings: Settings, jobs: Mapping[str, Job]) -> None:
        self.settings, self.jobs = settings, jobs
        self.proofs: dict[str, Proof] = {}
        self.held: dict[str, File] = {}
        self.told: dict[str, list[Origin]] = {}
        self.left_out: Counter[str] = Counter()
        self.others: dict[str, list[tuple[str, File]]] = {}

    def add(self, name: str, graphs: Graphs, origins: Sequence[Origin] = ()) -> File:
        """A file, written by 4.2, whose trees are proven by the job `prove`."""
        held = {key: Graph.from_json(json.loads(json.dumps(without_layout(g.as_json())))) for key, g in graphs.items()}
        roots = [key for key, graph in sorted(held.items()) if len(graph.nodes) > 1 and not graph.missing]
        body = {"graphs": {key: graph.as_json() for key, graph in held.items()}, "roots": roots}
        scripts = self.jobs["prove"](json.loads(json.dumps(body)), Path())["scripts"]
        trees = []
        for key in roots:
            below, script = closure(held[key], held), scripts[key]
            if script["proven"]:
                unit = digest([graph.as_json() for graph in below])
                hashes = script["graph"], script["shape"], script["nodes"]
                proof = Proof(unit, *hashes, True, script["code"], "")
                trees.append(Tree(task_of(held[key]), held[key], below, proof, Place(name, key)))
        self.told[name] = list(origins)
        self.held[name] = File(
            name, f"{name}.blend", {"file": {"version": "4.2.0"}}, held, trees, self.told[name], self.proof
        )
        return self.held[name]

    def prove(self, asks: Iterable[Ask]) -> Iterator[Proof]:
        """What the jobs say of each unit, through JSON as a worker would have it."""
        for ask in asks:
            body = json.loads(json.dumps({**ask.body, "roots": list(ask.units)}))
            for root, script in json.loads(json.dumps(self.jobs[ask.job](body, Path())))["scripts"].items():
                hashes = script["graph"], script["shape"], script["nodes"]
                unit = ask.units[root]
                self.proofs[unit] = Proof(unit, *hashes, script["proven"], script["code"], script["reason"])
                yield self.proofs[unit]

    def known(self) -> Iterator[Known]:
        found = [
            Known(tree.place, tree.task, tree.proof.graph, tree.proof.shape, tree.proof.nodes)
            for file in self.held.values()
            for tree in file.trees
        ]
        yield from sorted(found, key=lambda known: (known.shape, known.graph, known.place))

    def file(self, sha256: str) -> File | None:
        return self.held.get(sha256)

    def elsewhere(self, sha256: str) -> Iterator[tuple[str, File]]:
        yield from self.others.get(sha256, ())

    def origins(self, sha256: str) -> Sequence[Origin]:
        return self.told[sha256]

    def files(self) -> Iterator[str]:
        yield from sorted(self.held)

    def proof(self, unit: str) -> Proof | None:
        return self.proofs.get(unit)

    def texts(self) -> Iterator[tuple[Place, str]]:
        yield from ()

    def leave_out(self, why: str) -> None:
        self.left_out[why] += 1
