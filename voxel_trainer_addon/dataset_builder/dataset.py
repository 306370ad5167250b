# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage dataset: prove what the records hold, word a request for each proven tree, split, write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..catalog import Origin, Proof
from ..errors import SetAside, Unavailable
from ..files import read_json, read_jsonl, write_json, write_jsonl, write_text
from ..graph.model import Graph, Graphs, closure
from ..graph.wires import real_nodes
from ..stage import Outcome, Work
from ..words import counted
from ..worker.protocol import Host, Request
from . import blender_dataset, card, material_dataset, piece_dataset
from .kinds import FEWEST_NODES, Candidate, Kind, Settings
from .proving import VERSION, Unit, Units, prove
from .rows import Examples, Place, Sides, sides, split_rows
from .splits import SPLITS, leaks

TREES = ("ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree")
KINDS: tuple[Kind, ...] = (material_dataset, blender_dataset, piece_dataset)
CHECKPOINT_S = 5.0
PROOFS = "proofs.jsonl"


def run(work: Work) -> Outcome:
    """Build `datasets/<name>`. Raises Unavailable without a Blender."""
    if work.host is None:
        raise Unavailable("The dataset needs Blender to prove its answers. Name one with --blender PATH.")
    return _Build(work, work.host).run()


class _Build:
    """One build. Records are read one at a time, as often as needed, since reading is cheap and memory is not."""

    def __init__(self, work: Work, host: Host) -> None:
        self.work, self.host, self.options = work, host, work.options
        self.place = work.folder.dataset(self.options.name)
        self.records = work.catalog.records(host.name)
        self.origins: dict[str, list[Origin]] = {}
        for origin in work.catalog.origins():
            self.origins.setdefault(origin.sha256, []).append(origin)
        self.funnel: dict[str, Any] = {"files parsed": len(self.records)}
        self.done = self.total = 0
        self.checked = time.monotonic()

    def run(self) -> Outcome:
        self.work.catalog.drop_asides("dataset", self.host.name)
        self.recover()
        self.settings = Settings(self.host.version, self.options.pieces, self.options.seed, self.fresh())
        self.prove()
        examples, asides = self.gather()
        return self.write(examples, asides)

    # what the records hold

    def files(self, wanted: Container[str] | None = None) -> Iterator[tuple[str, Graphs, Units]]:
        """sha256, graphs and units of each record (of the `wanted` ones) that is still there."""
        for record in self.records:
            sha256 = record["sha256"]
            if sha256 not in self.origins or (wanted is not None and sha256 not in wanted):
                continue
            self.work.wait_while_paused()
            file = self.origins[sha256][0].path
            value = read_json(self.work.folder.root / record["path"])
            if not isinstance(value, dict):
                words = "The record of this file is gone or damaged. Parse it again."
                self.work.set_aside(SetAside("dataset", file, "no record", words))
                continue
            graphs = {key: Graph.from_json(graph) for key, graph in value["graphs"].items()}
            yield sha256, graphs, Units(value["graphs"], graphs, file)

    def fresh(self) -> dict[str, Graph]:
        """Tree type → a new node group with each node type that the records use, as this Blender makes them."""
        types: dict[str, set[str]] = {}
        for _, graphs, _ in self.files():
            for graph in graphs.values():
                if graph.type in TREES:
                    types.setdefault(graph.type, set()).update(node.type for node in graph.nodes)
        asked = Request(
            "node_table", {"types": {t: sorted(types[t]) for t in sorted(types)}}, "fresh nodes", limit_s=120
        )
        for answer in self.work.answers([asked] if types else []):
            if answer.ok:
                return {tree_type: Graph.from_json(graph) for tree_type, graph in answer.body["trees"].items()}
            self.work.note(f"Requests tell no values, and there are no pieces: {answer.sentence}")
        return {}

    def candidates(self, graphs: Graphs) -> Iterator[tuple[Kind, Candidate]]:
        for kind in KINDS:
            for candidate in kind.candidates(graphs, self.settings):
                if len(real_nodes(candidate.graph)) >= FEWEST_NODES:
                    yield kind, candidate

    # proving

    def recover(self) -> None:
        """Take proofs back from the dataset's own files where the catalog was lost."""
        path = self.place / PROOFS
        if path.is_file() and not any(self.work.catalog.counts()[key] for key in ("proven", "unproven")):
            kept = [
                line for line in read_jsonl(path) if (line["blender"], line["version"]) == (self.host.name, VERSION)
            ]
            names = Proof.__dataclass_fields__
            proofs = [Proof(**{name: line[name] for name in names}) for line in kept]
            self.work.catalog.add_proofs(self.host.name, VERSION, proofs)

    def prove(self) -> None:
        """Have every tree proven that nobody has proven yet."""
        due: dict[str, set[str]] = {}
        planned: set[str] = set()
        for sha256, graphs, units in self.files():
            found = {units.unit(candidate).id for _, candidate in self.candidates(graphs)}
            new = {id for id in found - planned if self.proof(id) is None}
            planned |= found
            if new:
                due[sha256] = new
        self.total = len(planned)
        self.done = self.total - sum(map(len, due.values()))

        def waiting() -> Iterator[Unit]:
            for sha256, graphs, units in self.files(due):
                left = due[sha256]
                for _, candidate in self.candidates(graphs):
                    unit = units.unit(candidate)
                    if unit.id in left:
                        left.discard(unit.id)
                        yield unit

        self.work.progress(self.done, self.total)
        prove(self.work, waiting(), VERSION, self.tell)
        self.checkpoint("running")

    def tell(self, more: int, item: str) -> None:
        self.done += more
        self.work.progress(self.done, self.total, item)
        if time.monotonic() - self.checked > CHECKPOINT_S:
            self.checkpoint("running")

    def checkpoint(self, status: str, rows: int = 0) -> None:
        self.checked = time.monotonic()
        progress = {"trees_total": self.total, "trees_tried": self.done, "rows": rows}
        state = {"dataset": self.options.name, "blender": self.host.name, "records": len(self.records)}
        self.work.checkpoint(status, progress, state)

    def proof(self, unit: str) -> Proof | None:
        return self.work.catalog.proof(unit, self.host.name, VERSION)

    # gathering

    def gather(self) -> tuple[Examples, list[dict[str, Any]]]:
        """Examples of everything proven, and a line for each tree that was refused or not proven."""
        examples = Examples()
        refused: dict[str, dict[str, Any]] = {}
        counts: Counter[str] = Counter()
        proofs: dict[str, Proof] = {}
        for sha256, graphs, units in self.files():
            counts["trees"] += len(graphs)
            for graph in graphs.values():
                below = [Place(sha256, used.key) for used in closure(graph, graphs)]
                examples.tie(f"groups of {sha256}:{graph.key}", *below)
            counts["trees with fewer than two nodes"] += sum(len(real_nodes(g)) < FEWEST_NODES for g in graphs.values())
            for kind, candidate in self.candidates(graphs):
                unit = units.unit(candidate)
                proof = self.proof(unit.id)
                assert proof is not None
                proofs[unit.id] = proof
                what = "pieces" if candidate.part else "trees tried"
                counts[what] += 1
                if not proof.proven:
                    counts[f"{what}, not proven"] += 1
                    refused.setdefault(unit.id, refusal(candidate, unit, proof))
                    continue
                place = Place(sha256, candidate.owner)
                request = None
                if examples.wants(candidate.task, candidate.graph.key, proof):
                    request = kind.request(
                        candidate.task, candidate.graph, self.settings.plain(candidate.graph.type), proof.graph
                    )
                examples.add(candidate.task, candidate.graph.key, proof, place, request)
        self.funnel |= counts
        self.keep_proofs(proofs)
        return examples, [refused[id] for id in sorted(refused)]

    def keep_proofs(self, proofs: Mapping[str, Proof]) -> None:
        """Write the proofs beside the rows: with the records they are enough to go on without the catalog."""
        lines = ({**vars(proofs[id]), "blender": self.host.name, "version": VERSION} for id in sorted(proofs))
        write_jsonl(self.place / PROOFS, lines)

    # writing

    def write(self, examples: Examples, asides: list[dict[str, Any]]) -> Outcome:
        """Split, write the dataset's files, then its rows into the catalog."""
        placed = sides(examples, self.origins, self.options.seed)
        rows, left_out = split_rows(examples, placed, self.origins, self.host.name)
        pairs = [(split, row) for split in SPLITS for row in rows[split]]
        if found := leaks(pairs):
            raise AssertionError(f"the split leaks: {found[0]}")
        self.funnel |= {"proven, copies included": examples.found, "distinct proven trees": len(examples.by_graph)}
        self.funnel |= {"left out": left_out, "rows": len(pairs)}
        split = split_facts(placed, pairs)
        reasons = Counter(line["code"] for line in asides)
        known = card.facts(self.options.name, rows, self.funnel, split, self.described())
        known["set_aside"] = dict(reasons.most_common())
        for side in (*SPLITS, "unlicensed"):
            write_jsonl(self.place / f"{side}.jsonl", rows[side])
        write_jsonl(self.place / "set_aside.jsonl", asides)
        shortest = min((row for _, row in pairs), key=lambda row: (len(row["completion"]), row["id"]), default=None)
        write_text(self.place / "README.md", card.readme(known, shortest))
        write_json(self.place / "dataset.json", known)
        self.work.catalog.set_examples(self.options.name, pairs)
        for line in asides:
            if line["task"] != "piece":
                self.work.set_aside(SetAside("dataset", line["item"], line["code"], line["reason"]))
        self.checkpoint("done", len(pairs))
        for sentence in split["words"]:
            self.work.note(sentence)
        return outcome(known, self.place)

    def described(self) -> dict[str, Any]:
        """What the rows depend on besides the records."""
        return {
            "blender": self.host.name,
            "seed": self.options.seed,
            "pieces": self.options.pieces,
            "proof_version": VERSION,
        }


def split_facts(placed: Sides, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """How the rows were split, for programs and in words."""
    ways = {True: "its files", False: "trees that share groups, for it has too few files that differ"}
    told = [f"{source} is split by {ways[by_file]}." for source, by_file in placed.by_file.items()]
    groups = {side: sum(split == side for split in placed.split.values()) for side in SPLITS}
    largest = max(Counter(row["group"] for _, row in rows).values(), default=0)
    told.append(
        f"Of {counted(len(placed.split), 'group')} val has {groups['val']:,} and test {groups['test']:,}; the "
        f"largest, with {counted(largest, 'row')}, is in train."
    )
    by = {source: "file" if by_file else "trees that share groups" for source, by_file in placed.by_file.items()}
    return {"by": by, "groups": groups, "largest_group_rows": largest, "words": told}


def refusal(candidate: Candidate, unit: Unit, proof: Proof) -> dict[str, Any]:
    """A line of `set_aside.jsonl`. The reason's first words, up to a colon, are its code."""
    code, _, _ = proof.reason.partition(":")
    return {
        "item": unit.item,
        "task": candidate.task,
        "unit": unit.id,
        "nodes": proof.nodes,
        "code": code[:40],
        "reason": proof.reason,
    }


def outcome(known: Mapping[str, Any], place: Path) -> Outcome:
    """The stage's result in words and numbers."""
    rows = known["rows"]
    total = sum(rows.values())
    counts = {**rows, "rows": total, "answers": known["answers"], "set_aside": sum(known["set_aside"].values())}
    if not total:
        return Outcome(
            "No rows: nothing that was parsed could be proven. The reasons are in set_aside.jsonl.", counts, aside=True
        )
    words = (
        f"{counted(total, 'row')} ({rows['train']:,} train, {rows['val']:,} val, {rows['test']:,} test), each proven"
    )
    aside = (
        f"; {counted(counts['set_aside'], 'tree or piece', 'trees and pieces')} not proven"
        if counts["set_aside"]
        else ""
    )
    return Outcome(f"{words}{aside}.", counts)
