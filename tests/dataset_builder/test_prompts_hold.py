# SPDX-License-Identifier: GPL-3.0-or-later
"""What prompts of real trees, scenes and stacks say is true of what their answers make; changes are found out."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from voxel_trainer_addon.catalog import Proof
from voxel_trainer_addon.dataset_builder import (
    explain_dataset,
    json_dataset,
    scene_dataset,
    stack_dataset,
    tree_dataset,
)
from voxel_trainer_addon.dataset_builder.kinds import Candidate, Draft, File, Place, Settings, Tree
from voxel_trainer_addon.graph.model import Graph, closure
from voxel_trainer_addon.worker.inside import (
    Refused,
    compact,
    empty,
    node_table,
    prove,
    prove_scenes,
    prove_stacks,
    read,
)
from voxel_trainer_addon.worker.inside.trial import LazyGraphs

sys.path.insert(0, str(Path(__file__).parent))
import check_prompts
import check_scenes

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

Json = dict[str, Any]
JOBS: Json = {"prove_scenes": prove_scenes, "prove_stacks": prove_stacks, "compact": compact}
EVERY, MOST_NODES = 11, 60
"""Of the corpus's files, sorted by size, every so many; nodes of a tree at most."""


def records(corpus: Path, scratch: Path) -> Iterator[tuple[Path, Json]]:
    for path in sorted(corpus.rglob("*.blend"), key=lambda p: (p.stat().st_size, p.name))[5::EVERY]:
        empty()
        try:
            answer = read.run({"path": str(path), "sha256": "0" * 64}, scratch)
        except Refused:
            continue
        yield path, json.loads(Path(answer["record"]).read_text())


def settings_for(found: list[tuple[Path, Json]], scratch: Path) -> Settings:
    types: dict[str, set[str]] = {}
    for _, record in found:
        for graph in record["graphs"].values():
            if not graph["refused"]:
                types.setdefault(graph["type"], set()).update(node["type"] for node in graph["nodes"])
    made = node_table.run({"types": {tree: sorted(names) for tree, names in types.items()}}, scratch)["trees"]
    fresh = {tree: Graph.from_json(json.loads(json.dumps(graph))) for tree, graph in made.items()}
    return Settings(bpy.app.version, pieces=0, seed=0, fresh=fresh, each=3)


def files(found: list[tuple[Path, Json]], settings: Settings, scratch: Path) -> Iterator[File]:
    """Real files with all that these kinds want proven."""
    for path, record in found:
        graphs, proofs = LazyGraphs(record["graphs"]), dict[str, Proof]()
        trees = [tree for key in sorted(graphs) if (tree := proven(key, graphs))]
        file = File(path.stem, path.name, record, graphs, trees, (), proofs.get)
        for kind in (scene_dataset, stack_dataset, json_dataset):
            for ask in kind.asks(file, settings):
                body = json.loads(json.dumps({**ask.body, "roots": list(ask.units)}))
                for key, said in JOBS[ask.job].run(body, scratch)["scripts"].items():
                    unit = ask.units[key]
                    proofs[unit] = Proof(unit, "", "", 0, said["proven"], said["code"], said["reason"])
        yield file


def proven(key: str, graphs: LazyGraphs) -> Tree | None:
    graph = graphs[key]
    below = closure(graph, graphs)
    owners = {"materials": "material", "worlds": "world", "lights": "light"}
    types = {"ShaderNodeTree": "shader", "GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor"}
    task = owners.get(key.split("/", 1)[0]) or types.get(graph.type)
    if task is None or len(graph.nodes) < 2 or sum(len(each.nodes) for each in below) > MOST_NODES:
        return None
    said = prove.run({"graphs": {each.key: each.as_json() for each in below}, "roots": [key]}, Path())["scripts"][key]
    proof = Proof(key, said["graph"], said["shape"], said["nodes"], said["proven"], said["code"], said["reason"])
    return Tree(task, graph, below, proof, Place("0" * 64, key)) if proof.proven else None


def row(draft: Draft) -> Json:
    return {"kind": draft.kind, "key": draft.key, "prompt": draft.prompt(), "completion": draft.completion}


@pytest.fixture(scope="module")
def found(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Json], list[Json], list[Draft]]:
    """Rows of trees, rows of scenes and stacks, drafts of explanations and JSON."""
    scratch = tmp_path_factory.mktemp("scratch")
    read_files = list(records(corpus, scratch))
    settings = settings_for(read_files, scratch)
    trees: dict[Any, Draft] = {}
    scenes: dict[Any, Draft] = {}
    others: list[Draft] = []
    for file in files(read_files, settings, scratch):
        for tree in file.trees:
            candidate = Candidate(tree.task, tree.graph, tree.graph.key)
            for draft in tree_dataset.drafts(candidate, tree.proof, tree.place, tree.score, settings):
                trees[draft.answer, draft.variant] = draft
        for kind in (scene_dataset, stack_dataset):
            scenes |= {(draft.answer, draft.variant): draft for draft in kind.drafts(file, settings)}
        others += [d for kind in (explain_dataset, json_dataset) for d in kind.drafts(file, settings)]
    return list(map(row, trees.values())), list(map(row, scenes.values())), others


def test_no_sentence_about_a_tree_is_false(found: tuple[list[Json], list[Json], list[Draft]]) -> None:
    said = [(verdict, text) for each in found[0] for verdict, text in check_prompts.checked(each)]
    assert len(said) > 60
    assert [text for verdict, text in said if verdict is False] == []
    assert sum(verdict is None for verdict, _ in said) < len(said) / 20


def test_no_sentence_about_a_scene_or_stack_is_false(found: tuple[list[Json], list[Json], list[Draft]]) -> None:
    said = [(verdict, text) for each in found[1] for verdict, text in check_scenes.checked(each)]
    assert len(said) > 60
    assert [text for verdict, text in said if verdict is False] == []


def test_the_checks_find_what_is_false(found: tuple[list[Json], list[Json], list[Draft]]) -> None:
    """A prompt held against another answer: most are told to be wrong, and the rest is vague enough to fit both."""
    for rows, check in ((found[0], check_prompts.checked), (found[1], check_scenes.checked)):
        different = [
            {**one, "prompt": other["prompt"].replace(other["key"].split("/", 1)[1], one["key"].split("/", 1)[1])}
            for one, other in zip(rows, [*rows[len(rows) // 2 :], *rows[: len(rows) // 2]], strict=True)
            if one["kind"] == other["kind"]
        ]
        caught = sum(any(verdict is False for verdict, _ in check(each)) for each in different)
        assert len(different) > 10
        assert caught > 0.7 * len(different), (caught, len(different))


def test_a_changed_number_is_found(found: tuple[list[Json], list[Json], list[Draft]]) -> None:
    for rows, check in ((found[0], check_prompts.checked), (found[1], check_scenes.checked)):
        changed = 0
        for each in rows:
            places = list(re.finditer(r"(?:Scale|Strength|Roughness|lens|at \() ?(\d+(?:\.\d+)?)\b", each["prompt"]))
            if places and "about" not in each["prompt"]:
                at = places[0].span(1)
                wrong = each["prompt"][: at[0]] + "987.5" + each["prompt"][at[1] :]
                assert any(verdict is False for verdict, _ in check({**each, "prompt": wrong})), wrong
                changed += 1
        assert changed


def test_explanations_and_json_are_whole(found: tuple[list[Json], list[Json], list[Draft]]) -> None:
    explained = [d for d in found[2] if d.kind == "explain"]
    told = [d for d in found[2] if d.kind == "json"]
    assert explained and told
    for draft in explained:
        assert draft.form == "words" and "bpy" in draft.prompt() and "bpy" not in draft.completion
        assert draft.completion.endswith(".") and draft.completion not in draft.prompt()
    for draft in told:
        form = json.loads(draft.completion)
        assert form["format"] == "voxel-graph/1" and form["trees"][-1]["key"] == draft.key
        assert "JSON" in draft.prompt() and "bpy" not in draft.prompt()
    variants = {(d.kind, d.answer, d.variant): d.prompt() for d in found[2]}
    assert len(set(variants.values())) > 0.9 * len(variants)
