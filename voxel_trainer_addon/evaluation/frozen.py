# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a benchmark folder: prompts with conditions, proven references, digests of all files; and how it is read.

`pipeline/freeze.py` makes one; `standalone.py` is the script in it that scores answers without Voxel Trainer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import prompts
from ..errors import UserError
from ..files import digest, read_json, read_jsonl, sha256_of
from ..graph import similarity
from ..graph.describe import place_words
from ..graph.model import Graph, Node, Value, closure, linked_inputs
from . import standalone
from .conditions import LOOSE, Condition, Tree, conditions, kind, looseness

FORM = "voxel-benchmark/1"
FACTS, PROMPTS, REFERENCES, HASHES = "benchmark.json", "prompts.jsonl", "references.jsonl", "hashes.tsv"
SCRIPT, CARD, ATTRIBUTION = "run.py", "README.md", "ATTRIBUTION.md"
FILES = (PROMPTS, REFERENCES, HASHES, SCRIPT, CARD, ATTRIBUTION)
COPIED = ("id", "kind", "task", "test", "group", "family", "blender_version", "nodes")
"""Fields of a dataset's row that stand in a prompt as they are; `test` is missing where the row has none."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A row of a dataset, the sources that may be passed on, and all trees that its answer makes."""

    row: Row
    sources: Sequence[Mapping[str, Any]]
    graphs: Mapping[str, Graph]
    asked: tuple[Condition, ...] = ()

    @cached_property
    def graph(self) -> Graph:
        """The tree that is asked for."""
        found = similarity.root(self.graphs, str(self.row["key"]))
        assert found is not None, "an answer without a tree is set aside before"
        return found

    def prompt(self) -> dict[str, Any]:
        """Its line in `prompts.jsonl`."""
        told = (one.as_json() | ({"simple": form} if (form := simple(one, self.graph)) else {}) for one in self.asked)
        return {
            **{name: self.row[name] for name in COPIED if name in self.row},
            "messages": prompts.messages(self.row),
            "conditions": list(told),
            "licences": sorted({str(source["licence"]) for source in self.sources}),
            "sources": list(self.sources),
        }

    def reference(self) -> dict[str, Any]:
        """Its line in `references.jsonl`: `graphs` are the tree and the groups below it."""
        return {
            "id": self.row["id"],
            "code": self.row["completion"],
            "key": self.graph.key,
            "graphs": {graph.key: bare(graph) for graph in closure(self.graph, self.graphs)},
            "facts": facts(self.graph),
            "answer": self.row["answer"],
            "proof": self.row["proof"],
        }


def telling(found: Sequence[Entry]) -> list[Entry]:
    """Those with conditions that say enough: that do not hold for over half of the other wanted trees."""
    made = [replace(one, asked=conditions(one.graph, str(one.row["prompt"]))) for one in found]
    trees = {str(one.row["answer"]): (one.row["kind"], Tree(one.graph)) for one in made}
    kept = []
    for one in made:
        alike = [tree for kind_, tree in trees.values() if (kind_ == "piece") == (one.row["kind"] == "piece")]
        share = looseness(one.asked, one.graph, alike)
        if one.asked and (share is None or share <= LOOSE):
            kept.append(one)
    return kept


def bare(graph: Graph) -> dict[str, Any]:
    """A graph as JSON without what only the editor shows."""
    nodes = [
        replace(
            node,
            layout={},
            inputs=tuple(replace(socket, layout={}) for socket in node.inputs),
            outputs=tuple(replace(socket, layout={}) for socket in node.outputs),
        )
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes), layout={}).as_json()


def facts(graph: Graph) -> dict[str, Any]:
    """What `standalone.py` compares of a tree: types of nodes, and links by types and sockets."""
    return {
        "nodes": sorted(similarity.node_types(graph).elements()),
        "links": sorted(map(list, similarity.link_ends(graph).elements())),
    }


def simple(condition: Condition, graph: Graph) -> dict[str, Any]:
    """What `standalone.holds` looks for: any of these types or links, or a value in any of these places; empty where it
    cannot be told so simply (techniques, sockets, node groups, a value that another node holds)."""
    made: dict[str, Any] = {}
    if condition.kind == "node":
        made = {"any": sorted({node.type for node in graph.nodes if kind(node) == condition.key[0] and not node.group})}
    if condition.kind == "link":
        made = {"any": sorted(map(list, {ends for ends, words in _links(graph) if words == condition.key}))}
    if condition.kind == "value":
        name, where, value = condition.key
        made = {"places": sorted(map(list, _places(graph, name, where))), "value": value}
    values = [[node.type, place, value] for node in graph.nodes for place, value in _values(graph, node)]
    holds = standalone.holds({**condition.as_json(), "simple": made}, {**facts(graph), "values": values}) if made else 0
    return made if holds else {}


def _links(graph: Graph) -> Iterator[tuple[tuple[str, str, str, str], tuple[str, str, str, str]]]:
    """(types and identifiers, kinds and words) of wires between nodes that are no groups."""
    view = Tree(graph).view
    for wire in (wire for wires in view.into.values() for wire in wires):
        a, b = view.nodes[wire.source], view.nodes[wire.target]
        words = kind(a), place_words(a.outputs, wire.output), kind(b), place_words(b.inputs, wire.input)
        if not (a.group or b.group):
            yield (a.type, a.outputs[wire.output].identifier, b.type, b.inputs[wire.input].identifier), words


def _places(graph: Graph, name: str, where: str) -> set[tuple[str, str]]:
    """(type, `.setting` or identifier of an input) of what a condition calls `where`."""
    nodes = [node for node in graph.nodes if kind(node) == name and not node.group]
    if where.startswith("."):
        return {(node.type, where) for node in nodes}
    return {
        (node.type, socket.identifier)
        for node in nodes
        for at, socket in enumerate(node.inputs)
        if socket.available and place_words(node.inputs, at) == where
    }


def _values(graph: Graph, node: Node) -> Iterator[tuple[str, Value]]:
    """(place, value) of a node, as `standalone.facts_of` has them."""
    fed = set(linked_inputs(graph))
    yield from ((f".{name}", value) for name, value in node.settings.items())
    yield from ((s.identifier, s.value) for at, s in enumerate(node.inputs) if (node.name, at) not in fed)


def known(folder: Path) -> dict[str, Any]:
    """The content of `benchmark.json`, every file held against it. Raises UserError, which names what differs."""
    found = read_json(folder / FACTS)
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise UserError(f"{folder} is no benchmark of the form {FORM}: its {FACTS} does not say so.")
    for name in FILES:
        held = folder / name
        if not held.is_file():
            raise UserError(f"The benchmark in {folder} lacks its {name}.")
        if sha256_of(held) != found["files"].get(name, {}).get("sha256"):
            raise UserError(f"{held} was changed after the benchmark was made. Fetch the folder again.")
    if digest({name: found["files"][name]["sha256"] for name in FILES}) != found["digest"]:
        raise UserError(f"{folder / FACTS} was changed after the benchmark was made. Fetch the folder again.")
    return found


def load(folder: Path) -> list[dict[str, Any]]:
    """A benchmark's rows, as a dataset has them, with `conditions` as JSON. Raises UserError where a file is missing or
    was changed."""
    known(folder)
    references = {line["id"]: line for line in read_jsonl(folder / REFERENCES)}
    return [_row(line, references[line["id"]]) for line in read_jsonl(folder / PROMPTS)]


def _row(line: Mapping[str, Any], reference: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: line[name] for name in (*COPIED, "sources", "conditions") if name in line},
        "prompt": line["messages"][-1]["content"],
        "completion": reference["code"],
        "form": "code",
        **{name: reference[name] for name in ("key", "answer", "proof")},
    }
