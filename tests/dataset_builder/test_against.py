# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that stand against something given, on real trees: what their jobs say, and rows that hold when run again."""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.catalog import Origin
from voxel_trainer_addon.dataset_builder import (
    completion_dataset,
    edit_dataset,
    port_dataset,
    preference_dataset,
    repair_dataset,
)
from voxel_trainer_addon.dataset_builder.edit_dataset import pairs
from voxel_trainer_addon.dataset_builder.kinds import Draft, Settings
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.canonical import graph_hash
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.prompts import code_of
from voxel_trainer_addon.worker.inside import empty, node_table, prove, prove_edits, try_broken

from .shelf import Shelf

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

JOBS = {"prove": prove.run, "prove_edits": prove_edits.run, "try_broken": try_broken.run}
FILES = ("nodes.blend", "*mtoon1_2_20_54.blend", "*simple_chair.blend")


def graphs_of(path: Path) -> dict[str, Graph]:
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    return read_graphs(bpy.data)[0]


@pytest.fixture(scope="module")
def shelf(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Some files of the corpus, and two states of a made one with the commit between them."""
    found = {path.stem: graphs_of(path) for name in FILES for path in sorted(corpus.rglob(name))}
    before, after = states()
    types: dict[str, set[str]] = {}
    for graphs in (*found.values(), after):
        for graph in graphs.values():
            types.setdefault(graph.type, set()).update(node.type for node in graph.nodes)
    known = {kind: sorted(held) for kind, held in types.items() if kind.endswith("NodeTree")}
    trees = node_table.run({"types": known}, tmp_path_factory.mktemp("scratch"))["trees"]
    fresh = {kind: Graph.from_json(graph) for kind, graph in trees.items()}
    shelf = Shelf(Settings(bpy.app.version, 8, 0, fresh), JOBS)
    for name, graphs in found.items():
        shelf.add(name, {key: graph for key, graph in graphs.items() if len(graph.nodes) < 60})
    for name, graphs, was in (("old", before, None), ("new", after, "oid-old")):
        provenance = {"before": was, "message": "Finer noise on the rust, ask ada@example.org\n\nMore below."}
        shelf.add(name, graphs, [Origin("git:x", "rust.blend", name, 1, 1, "MIT", provenance, oid=f"oid-{name}")])
    return shelf


def states() -> tuple[dict[str, Graph], dict[str, Graph]]:
    """A material before and after a commit."""
    empty()
    rust: Any = bpy.data.materials.new("Rust")
    if not rust.node_tree:
        rust.use_nodes = True
    noise, bump = (rust.node_tree.nodes.new(kind) for kind in ("ShaderNodeTexNoise", "ShaderNodeBump"))
    rust.node_tree.links.new(noise.outputs[0], bump.inputs["Height"])
    before = read_graphs(bpy.data)[0]
    noise.inputs["Scale"].default_value = 12
    noise.inputs["Roughness"].default_value += 1e-6
    shader = next(node for node in rust.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    rust.node_tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    return before, read_graphs(bpy.data)[0]


def run(*scripts: str) -> dict[str, Graph]:
    """What scripts make, one after the other, in an empty Blender."""
    empty()
    for script in scripts:
        exec(compile(script, "<row>", "exec"), {"__name__": "__main__"})
    return read_graphs(bpy.data)[0]


def error_of(script: str) -> str:
    """What it raises, as Blender says it."""
    try:
        run(script)
    except Exception as error:
        return f"{type(error).__name__}: {error}".strip()
    return ""


def hold(drafts: list[Draft]) -> None:
    """Rows of a kind whose answers are applied: the given script and then the answer make the claimed graph."""
    assert drafts
    for draft in drafts:
        prompt = draft.prompt()
        given = code_of(prompt)
        assert draft.completion.strip() not in prompt
        made = run(given, draft.completion)
        assert graph_hash(draft.key, made) == draft.answer, f"{draft.key}: {prompt[:200]}"


def test_edits(shelf: Shelf) -> None:
    said = Counter(proof.proven for proof in shelf.prove(edit_dataset.asks(shelf, shelf.settings)))
    print("edits", said)
    assert said[True] > 10 and said[True] > 0.95 * said.total()
    hold(list(edit_dataset.drafts(shelf, shelf.settings)))


def test_an_edit_from_history_has_the_words_of_the_commit_and_no_noise(shelf: Shelf) -> None:
    (pair,) = edit_dataset.of_history(shelf, shelf.settings)
    assert pair.message == "Finer noise on the rust, ask" and len(pair.edits) == 2
    list(shelf.prove(edit_dataset.asks(shelf, shelf.settings)))
    (draft,) = [one for one in edit_dataset.drafts(shelf, shelf.settings) if "message" in one.more]
    assert {place.sha256 for place in draft.places} == {
        "old",
        "new",
    } and "finer: Scale 12 instead of 5" in draft.prompt()


def test_trees_under_different_licences_are_no_pair(shelf: Shelf) -> None:
    new = shelf.told["new"]
    shelf.told["new"] = [replace(new[0], licence="GPL-3.0-or-later")]
    assert not any(
        {pair.before.place.sha256, pair.after.place.sha256} == {"old", "new"} for pair in pairs(shelf, shelf.settings)
    )
    shelf.told["new"] = new
    assert any(
        {pair.before.place.sha256, pair.after.place.sha256} == {"old", "new"} for pair in pairs(shelf, shelf.settings)
    )


def test_completions(shelf: Shelf) -> None:
    asks = [ask for file in shelf.held.values() for ask in completion_dataset.asks(file, shelf.settings)]
    said = Counter(proof.proven for proof in shelf.prove(asks))
    print("completions", said)
    assert said[True] > 20 and said[True] > 0.95 * said.total()
    drafts = [draft for file in shelf.held.values() for draft in completion_dataset.drafts(file, shelf.settings)]
    hold(drafts[:40])


def test_repairs_and_preferences(shelf: Shelf) -> None:
    asks = [ask for file in shelf.held.values() for ask in repair_dataset.asks(file, shelf.settings)]
    proofs = list(shelf.prove(asks))
    useful = Counter(not json.loads(proof.code or "{}")["useless"] for proof in proofs)
    print("breaks", useful)
    assert all(proof.proven for proof in proofs) and useful[True] > 0.8 * useful.total() and useful[False]
    repairs = [draft for file in shelf.held.values() for draft in repair_dataset.drafts(file, shelf.settings)]
    for draft in repairs[:60]:
        prompt, given = draft.prompt(), code_of(draft.prompt())
        if draft.more["error"]:
            assert draft.more["error"].split("\n")[0][:60] in prompt
            assert error_of(given)[:40] == draft.more["error"][:40]
        else:
            assert graph_hash(draft.key, run(given)) != draft.answer
        assert graph_hash(draft.key, run(draft.completion)) == draft.answer
    files = shelf.held.values()
    preferred = [draft for file in files for draft in preference_dataset.drafts(file, shelf.settings)]
    assert preferred and len(preferred) == sum(not draft.more["error"] for draft in repairs)
    for draft in preferred[:10]:
        ast.parse(draft.more["rejected"]["completion"])
        assert draft.more["rejected"]["what"].startswith("It runs, but makes another tree.")
        assert draft.more["rejected"]["completion"] != draft.completion


def test_ports_need_a_file_that_both_blenders_read_whole(shelf: Shelf) -> None:
    there = shelf.held["nodes"]
    old = [replace(tree, proof=replace(tree.proof, code=f"{tree.code}\n")) for tree in there.trees]
    shelf.others = {"nodes": [("4.2.23", replace(there, trees=[*old[1:], there.trees[0]]))]}
    ports = list(port_dataset.drafts(shelf, shelf.settings))
    assert len(ports) > 10 and {draft.more["from_version"] for draft in ports} == {"4.2.23"}
    assert there.trees[0].graph.key not in {draft.key for draft in ports}, "the same script is no port"
    there.record["file"]["version"] = "5.0.1"
    assert not list(port_dataset.drafts(shelf, shelf.settings))
    there.record["file"]["version"] = "4.2.0"
    shelf.others = {}
