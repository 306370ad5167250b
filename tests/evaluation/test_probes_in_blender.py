# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes in a real Blender: changed prompts are proven, and a model that follows is told from one that copies."""

from __future__ import annotations

import importlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.evaluation.stand_ins import Desk, desk
from voxel_trainer_addon import prompts
from voxel_trainer_addon.bpy_code.names import Names
from voxel_trainer_addon.evaluation.conditions import Tree, conditions
from voxel_trainer_addon.evaluation.probes import run
from voxel_trainer_addon.evaluation.probes.memorisation import Probe
from voxel_trainer_addon.graph import similarity
from voxel_trainer_addon.graph.describe import in_identifiers, in_words
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.worker.inside import Refused, names, node_table, run_answer
from voxel_trainer_addon.worker.protocol import Answer, Request

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

SCRIPTS = (
    """mix = new("ShaderNodeMix"); mix.data_type = "RGBA"; mix.blend_type = "MULTIPLY"
mix.inputs["B"].default_value = (0, 0.5, 0.5, 1)
emission = new("ShaderNodeEmission"); link(mix.outputs["Result"], emission.inputs["Color"])
""",
    """noise = new("ShaderNodeTexNoise")
for socket, value in (("Scale", 12.5), ("Detail", 3)):
    noise.inputs[socket].default_value = value
bump = new("ShaderNodeBump"); link(noise.outputs[0], bump.inputs["Height"])
""",
    """noise = new("ShaderNodeTexNoise"); noise.inputs["Scale"].default_value = 10
bump = new("ShaderNodeBump"); link(noise.outputs[0], bump.inputs["Height"])
""",
    """noise = new("ShaderNodeTexNoise"); noise.inputs["Scale"].default_value = 0.1
math = new("ShaderNodeMath"); math.operation = "POWER"
math.inputs[1].default_value = 0.2
link(noise.outputs[0], math.inputs[0])
""",
    """cube = new("GeometryNodeMeshCube"); moved = new("GeometryNodeTransform")
link(cube.outputs["Mesh"], moved.inputs["Geometry"])
""",
)
"""Answers in the form that the dataset has. Half the scale of the third is Blender's default, which tells nothing."""
LONG = run.Clock(time.monotonic(), 3600)
TREES = ("ShaderNodeTree", "ShaderNodeTree", "ShaderNodeTree", "GeometryNodeTree", "GeometryNodeTree")


class Inside(Desk):
    """A desk whose workers are this process."""

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for request in requests:
            job = importlib.import_module(f"voxel_trainer_addon.worker.inside.{request.job}")
            try:
                yield Answer(request, True, plain_json(job.run(request.body, self.folder.root)))
            except Refused as refused:
                yield Answer(request, False, {}, refused.code, refused.sentence)


def plain_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    made = desk(tmp_path_factory.mktemp("desk"))
    return Inside(made.folder, made.catalog, made.options)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Names:
    return Names(names.run({}, tmp_path_factory.mktemp("names"))["table"])


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Rows as the dataset stage words them, in words and in identifiers."""
    scratch, found = tmp_path_factory.mktemp("train"), []
    for number, (tree, script) in enumerate(zip(TREES, SCRIPTS, strict=True)):
        start = f'import bpy\n\ntree = bpy.data.node_groups.new("It", "{tree}")\n'
        start += "new, link = tree.nodes.new, tree.links.new\n"
        graph = Graph.from_json(
            plain_json(run_answer.run({"code": start + script}, scratch)["graphs"]["node_groups/It"])
        )
        types = {tree: [node.type for node in graph.nodes]}
        fresh = Graph.from_json(plain_json(node_table.run({"types": types}, scratch)["trees"][tree]))
        worded = (in_identifiers if number % 2 else in_words)(graph, {node.type: node for node in fresh.nodes})
        request = prompts.Request("node group", "It", worded, exact=bool(number % 2))
        found.append(
            {
                "id": str(number),
                "kind": "piece",
                "family": str(number // 2),
                "form": "code",
                "key": "node_groups/It",
                "prompt": request.text("0"),
                "completion": start + script,
            }
        )
    return found


@pytest.fixture(scope="module")
def probes(work: Inside, train: list[dict[str, Any]], known: Names) -> list[Probe]:
    return run.changed_prompts(work, LONG, train, known, 50)


def test_every_row_gives_a_probe_of_one_condition(probes: list[Probe], train: list[dict[str, Any]]) -> None:
    assert {probe.source["id"] for probe in probes} == {row["id"] for row in train}
    assert {probe.what for probe in probes} == {"number", "option", "node"}
    for probe in probes:
        assert probe.prompt != probe.source["prompt"] and probe.completion != probe.source["completion"]
        asked = conditions(probe.graph, probe.prompt)
        assert probe.asks in asked and probe.was not in asked
        assert probe.asks.met(Tree(probe.graph)) and not probe.was.met(Tree(probe.graph))


def test_what_is_blenders_default_is_not_asked_for(probes: list[Probe]) -> None:
    (probe,) = (probe for probe in probes if probe.source["id"] == "2")
    assert probe.asks.words.endswith("Scale 20")


def test_probes_are_the_same_for_a_seed(
    probes: list[Probe], work: Inside, train: list[dict[str, Any]], known: Names
) -> None:
    assert [p.id for p in run.changed_prompts(work, LONG, train[::-1], known, 50)] == [p.id for p in probes]


def test_who_follows_is_told_from_who_copies(
    work: Inside, train: list[dict[str, Any]], known: Names, probes: list[Probe]
) -> None:
    """The tuned model answers as it is asked, the base as it was trained, and nothing in general."""
    trained = {probe.id: str(probe.source["completion"]) for probe in probes}

    def ask(
        rows: Sequence[Mapping[str, Any]], who: Sequence[str], seconds: float, *, losses: bool = False
    ) -> dict[str, Any]:
        loss = {"base": 1.0, "tuned": 1.5}
        if losses:
            return {one: {row["id"]: {"loss": loss[one], "tokens": row["bytes"] // 3} for row in rows} for one in who}
        said = {
            "tuned": {row["id"]: row["completion"] for row in rows},
            "base": {row["id"]: trained.get(str(row["id"]).partition("/unchanged")[0], "Sure!") for row in rows},
        }
        return {
            one: {id: {"text": prompts.answer(text), "finished": True} for id, text in said[one].items()} for one in who
        }

    probed = run.run(work, ask, LONG, train, known)
    copying, lost = probed.figures["memorisation"], probed.figures["forgetting"]
    assert copying["prompts"] == len(train)
    for who, outcome in (("tuned", "followed"), ("base", "copied")):
        assert copying["values"][who][outcome]["value"] == copying["values"][who]["reached"]["value"] == 1
    assert copying["values"]["base"]["followed_of_reached"]["value"] == 0
    assert (
        lost["general"]["values"]["tuned"]["done"]["value"] == lost["general"]["values"]["tuned"]["runs"]["value"] == 1
    )
    assert lost["general"]["values"]["base"]["done"]["value"] == 0
    assert (lost["general"]["verdict"], lost["python"]["verdict"]) == ("better", "worse")
    assert lost["python"]["values"]["base"]["token"]["value"] == 1.0
    assert Counter(line["probe"] for line in probed.lines) == {
        "memorisation": len(train),
        "general": 100,
        "python": 100,
    }
    assert "5 of 5 changed training prompts" in probed.figures["words"]
    json.dumps(probed.figures), json.dumps(probed.lines)


def test_an_answer_without_a_tree_and_one_of_neither_value(probes: list[Probe], work: Inside) -> None:
    probe = next(probe for probe in probes if probe.what == "number")
    value = str(probe.asks.key[2])
    other = probe.completion.replace(value, "77.25")
    assert other != probe.completion
    ran = run.execute(work, [other, "import bpy\n"])
    assert probe.outcome(ran[other]) == "neither"
    assert probe.outcome(ran["import bpy\n"]) == "no_tree"
    assert similarity.root(ran[other].graphs or {}) is not None
