# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator evaluated on real trees: right answers score 1, wrong ones come out in order, prompts ask enough."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.evaluation import mutations
from voxel_trainer_addon.bpy_code import allowed, source
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.dataset_builder.asking import LENGTHS, prompt_of, telling
from voxel_trainer_addon.dataset_builder.kinds import Settings
from voxel_trainer_addon.dataset_builder.library import TREE_KINDS
from voxel_trainer_addon.dataset_builder.piece_dataset import request
from voxel_trainer_addon.evaluation import conditions, prompt_words
from voxel_trainer_addon.evaluation.quality_metrics import GRADED, RUNGS, Answered, Ran, Score, Wanted, score
from voxel_trainer_addon.files import digest
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.worker.inside import empty, node_table, prove, run_answer

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]
FILES = slice(44, 74)
"""Of the corpus's files by size."""
CASES = 10


@dataclass(frozen=True)
class Asked:
    """A tree of the corpus as a row of the dataset would ask for it."""

    kind: str
    length: str
    graph: Graph
    file: str
    prompt: str


def plain_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture(scope="module")
def files(corpus: Path) -> dict[str, dict[str, Graph]]:
    """File → its trees, of those that this Blender opens."""
    found = {}
    for path in sorted(corpus.rglob("*.blend"), key=lambda p: (p.stat().st_size, p.name))[FILES]:
        try:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
        except RuntimeError:
            continue
        graphs, _ = read_graphs(bpy.data)
        found[path.name] = {key: g for key, g in graphs.items() if not g.linked and not g.refused and not g.missing}
    return found


@pytest.fixture(scope="module")
def asked(files: dict[str, dict[str, Graph]], tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    """Each different tree and piece, worded at each length."""
    every = [graph for graphs in files.values() for graph in graphs.values()]
    types = {tree: sorted({n.type for g in every if g.type == tree for n in g.nodes}) for tree in dataset.TREES}
    body = {"types": {tree: found for tree, found in types.items() if found}}
    trees = node_table.run(body, tmp_path_factory.mktemp("table"))["trees"]
    settings = Settings(
        bpy.app.version, 8, 0, {tree: Graph.from_json(plain_json(graph)) for tree, graph in trees.items()}
    )
    found, seen = [], set()
    for file, graphs in files.items():
        for candidate in (candidate for kind in TREE_KINDS for candidate in kind.candidates(graphs, settings)):
            graph, choice = candidate.graph, digest([file, candidate.graph.key])
            shape = conditions.Tree(graph).shape
            if shape in seen or not telling(graph):
                continue
            seen.add(shape)
            plain = settings.plain(graph.type)
            for variant, length in enumerate(("piece",) if candidate.part else LENGTHS):
                one = candidate.part
                text = (
                    request(graph, plain, choice).text(choice)
                    if one
                    else prompt_of(candidate.task, graph, plain, choice, variant, length)
                )
                found.append(Asked("piece" if one else candidate.task, length, graph, file, text))
    return found


def test_conditions_hold_for_their_reference_and_tell_all_that_long_prompts_say(asked: list[Asked]) -> None:
    assert len(asked) > 100
    for one in asked:
        made, tree = conditions.conditions(one.graph, one.prompt), conditions.Tree(one.graph)
        assert made and all(condition.met(tree) for condition in made), one.prompt
        said = prompt_words.said(one.prompt)
        if said.form != "counted":
            times = {kind: sum(c.times for c in made if c.kind == kind) for kind in ("node", "link")}
            assert times["link"] == len(said.links), one.prompt
            assert times["node"] == len(tree.view.nodes) or "lead" in one.prompt, one.prompt


def test_the_longest_prompts_fail_for_other_shapes(asked: list[Asked]) -> None:
    shares = defaultdict(list)
    others = {id(one.graph): (one.kind == "piece", conditions.Tree(one.graph)) for one in asked}.values()
    for one in asked:
        made = conditions.conditions(one.graph, one.prompt)
        alike = [tree for piece, tree in others if piece == (one.kind == "piece")]
        share = conditions.looseness(made, one.graph, alike)
        if share is not None and conditions.Tree(one.graph).kinds.total() >= conditions.TELLING_NODES:
            shares[one.length].append(share)
    mean = {length: sum(each) / len(each) for length, each in shares.items()}
    assert len(shares["full"]) >= 20
    assert mean["full"] <= 0.05 and mean["piece"] <= 0.05, mean
    assert mean["full"] <= mean["short"] <= mean["line"], mean


def run(code: str, scratch: Path) -> Ran:
    """As execution does it: as it stands, and again with failing lines left out."""
    if not code.strip() or (source.parses(code) and allowed.unsafe(code)):
        return Ran()
    whole = source.parses(code)
    first = run_answer.run({"code": code}, scratch) if whole else {"ran": False, "error": "", "graphs": {}}
    body = first if first["ran"] else run_answer.run({"code": code, "drop_failing": True}, scratch)
    graphs = {key: Graph.from_json(plain_json(graph)) for key, graph in body["graphs"].items()}
    return Ran(bool(first["ran"]), str(first["error"]), int(body.get("dropped", 0)), graphs)


def cases(asked: list[Asked], files: dict[str, dict[str, Graph]], scratch: Path) -> Iterator[mutations.Case]:
    made: dict[str, tuple[str, Asked]] = {}
    for one in asked:
        wanted = one.length == "full" and one.kind in ("material", "shader") and 3 <= len(one.graph.nodes) <= 15
        if wanted and len(made) < CASES:
            key = one.graph.key
            graphs = {name: graph.as_json() for name, graph in files[one.file].items()}
            answer = prove.run(plain_json({"graphs": graphs, "roots": [key]}), scratch)["scripts"][key]
            if answer["proven"]:
                made[f"{one.file} {key}"] = answer["code"], one
    listed = list(made.values())
    for n, (code, one) in enumerate(listed):
        graphs_made = run(code, scratch).graphs or {}
        graph = graphs_made[one.graph.key]
        asks = Wanted(graph, graphs_made, conditions.conditions(graph, one.prompt))
        yield mutations.Case(code, asks, listed[(n + len(listed) // 2) % len(listed)][0])


@pytest.fixture(scope="module")
def scores(
    asked: list[Asked], files: dict[str, dict[str, Graph]], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Score]]:
    """For each case, the score of each mutation."""
    scratch, found = tmp_path_factory.mktemp("runs"), []
    for case in list(cases(asked, files, scratch)):
        made = mutations.mutants(case).items()
        found.append({name: score(Answered(m.code, m.finished, run(m.code, scratch)), case.wanted) for name, m in made})
    empty()
    return found


def test_a_right_answer_scores_one_on_every_rung_that_applies(scores: list[dict[str, Score]]) -> None:
    assert len(scores) == CASES
    for each in scores:
        told = {name: getattr(each["reference"], name) for name in (*RUNGS, *GRADED)}
        assert {name: value for name, value in told.items() if value not in (1, None)} == {}
        assert each["reference"].error == "" and each["reference"].missed == ()


def test_wrong_answers_come_out_in_order(scores: list[dict[str, Score]]) -> None:
    grades = [{name: mutations.grade(one) for name, one in each.items()} for each in scores]
    assert {name for each in grades for name in each} == set(mutations.MUTATIONS)
    assert mutations.disorder(grades) == []


def test_a_scorer_that_always_says_yes_is_found(scores: list[dict[str, Score]]) -> None:
    assert "link removed is not graded above node swapped." in mutations.disorder(
        [dict.fromkeys(each, 1.0) for each in scores]
    )


def test_a_piece_has_no_output_to_connect(asked: list[Asked]) -> None:
    tree = next(one for one in asked if one.kind == "material" and conditions.Tree(one.graph).view.ends)
    ran = Ran(True, graphs={tree.graph.key: tree.graph})
    whole, piece = (
        score(Answered("import bpy\n", True, ran), Wanted(tree.graph, {tree.graph.key: tree.graph}, piece=piece))
        for piece in (False, True)
    )
    assert whole.has_effect == 1 and piece.has_effect is None
    assert whole.names_valid is None and whole.conditions_all is None and whole.adherence is None
