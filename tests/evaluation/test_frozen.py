# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark holds what others may have and what proves, is read back as it was, and its script counts as we do."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation import stand_ins
from tests.evaluation.test_conditions import EXACT, LISTED, OUTPUT, RUST, SENTENCES, SHADER
from voxel_trainer_addon import prompts
from voxel_trainer_addon.bpy_code import source
from voxel_trainer_addon.dataset_builder.decontamination import Benchmarks
from voxel_trainer_addon.dataset_builder.form import FORM
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import frozen, standalone
from voxel_trainer_addon.evaluation.conditions import Condition, Tree, conditions
from voxel_trainer_addon.evaluation.quality_metrics import Ran
from voxel_trainer_addon.files import read_json, read_jsonl, write_json, write_jsonl
from voxel_trainer_addon.graph import similarity
from voxel_trainer_addon.graph.menu import type_words
from voxel_trainer_addon.graph.model import Graph, Link
from voxel_trainer_addon.intervals import wilson
from voxel_trainer_addon.pipeline.freeze import freeze

pytestmark = pytest.mark.plain


def row(number: int, licence: str = "MIT", **more: Any) -> dict[str, Any]:
    """A row of a test split whose prompt names the nodes of its chain."""
    types = stand_ins.CHAINS[number % len(stand_ins.CHAINS)]
    words = ", ".join(map(type_words, types))
    made = stand_ins.row(number, types, prompt=f'Make the node group "Tree {number}". Nodes: {words}. Links: none.')
    made["sources"][0] |= {"licence": licence, "repository": "https://github.com/somebody/rocks", "author": "Ada"}
    return {**made, "answer": made["proof"]["graph"], "form": "code", "test": "far", **more}


def laid(place: Path, test: list[dict[str, Any]], train: list[dict[str, Any]] | None = None) -> Path:
    """A dataset's folder."""
    write_jsonl(place / "test.jsonl", test)
    write_jsonl(place / "train.jsonl", train or [])
    write_json(place / "dataset.json", {"row": FORM, "name": "rocks", "hash": "4b1d"})
    return place


def runs(codes: Collection[str]) -> dict[str, Ran]:
    """What workers would say, as far as the text tells."""
    bodies = {code: stand_ins.worked({"code": code, "drop_failing": False}) for code in codes}
    return {
        code: Ran(body["ran"], body["error"], graphs={k: Graph.from_json(g) for k, g in body["graphs"].items()})
        for code, body in bodies.items()
    }


def made(place: Path, test: list[dict[str, Any]], train: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A benchmark in `place / "out"`; what it says of itself."""
    return freeze(laid(place / "rocks", test, train), place / "out", "5.2.3", runs, lambda words: None)


def test_rows_come_back_as_the_dataset_has_them(tmp_path: Path) -> None:
    test = [row(n) for n in range(5)]
    assert made(tmp_path, test)["prompts"] == 5
    loaded = frozen.load(tmp_path / "out")
    for before, after in zip(test, loaded, strict=True):
        asked = after.pop("conditions")
        assert after == before
        graph = next(iter(runs([before["completion"]])[before["completion"]].graphs.values()))  # type: ignore[union-attr]
        assert tuple(map(Condition.from_json, asked)) == conditions(graph, before["prompt"]) != ()


def test_the_same_dataset_gives_the_same_bytes_but_for_the_date(tmp_path: Path) -> None:
    test = [row(n) for n in range(5)]
    first, second = (made(tmp_path / name, test) for name in ("a", "b"))
    for name in frozen.FILES:
        assert (tmp_path / "a/out" / name).read_bytes() == (tmp_path / "b/out" / name).read_bytes()
    assert (
        first | {"made_at": ""}
        == second | {"made_at": ""}
        == read_json(tmp_path / "b/out/benchmark.json") | {"made_at": ""}
    )


@pytest.mark.parametrize(
    "licence, why",
    [
        *((id, "") for id in ("MIT", "CC0-1.0", "CC-BY-4.0", "MIT OR GPL-3.0-or-later")),
        *(("own", "own"), ("CC-BY-SA-4.0", "share-alike"), ("GPL-3.0-only", "copyleft"), ("CC-BY-NC-4.0", "forbidden")),
        ("", "unknown"),
    ],
)
def test_only_what_may_be_passed_on_is_in_it_and_the_rest_is_counted(tmp_path: Path, licence: str, why: str) -> None:
    known = made(tmp_path, [row(0), row(1), row(2, licence)])
    assert known["left_out"] == ({why: 1} if why else {})
    assert known["prompts"] == (2 if why else 3)


def test_a_source_that_is_not_for_others_is_dropped_where_another_has_the_same(tmp_path: Path) -> None:
    one = row(0)
    twin = one["sources"][0] | {"licence": "own", "path": "private.blend"}
    needed = row(1)
    needed["sources"].append(needed["sources"][0] | {"licence": "own", "of": "given"})
    known = made(tmp_path, [{**one, "sources": [twin, *one["sources"]]}, needed, row(2)])
    assert known["left_out"] == {"own": 1}
    texts = [(tmp_path / "out" / name).read_text(encoding="utf-8") for name in frozen.FILES]
    assert not any("private.blend" in text for text in texts)
    assert "`shading.blend`: MIT, by Ada" in (tmp_path / "out" / frozen.ATTRIBUTION).read_text(encoding="utf-8")


def test_what_no_longer_proves_is_left_out_and_said(tmp_path: Path) -> None:
    broken = row(2)
    broken["completion"] += 'nodes.new("ShaderNodeWrong")\n'
    said: list[str] = []
    known = freeze(laid(tmp_path / "rocks", [row(0), row(1), broken]), tmp_path / "out", "5.2.3", runs, said.append)
    assert known["left_out"] == {"stale": 1}
    assert any("does not run to its end any more" in words for words in said)


def test_prompts_that_say_too_little_are_left_out(tmp_path: Path) -> None:
    silent = row(3, prompt="Something rusty, please.")
    vague = row(4, prompt='Make the node group "Tree 4". Nodes: Fresnel. Links: none.')
    nodes = ["ShaderNodeFresnel", "ShaderNodeMath", "ShaderNodeBump"]
    others = [{**row(n), "completion": stand_ins.script(nodes, f"Tree {n}")} for n in (5, 6)]
    known = made(tmp_path, [row(0), row(1), silent])
    assert known["left_out"] == {"loose": 1}
    shutil.rmtree(tmp_path / "out")
    known = made(tmp_path, [row(0), vague, *others])
    assert known["left_out"]["loose"] >= 1
    assert vague["id"] not in {line["id"] for line in read_jsonl(tmp_path / "out" / frozen.PROMPTS)}


def test_other_kinds_are_counted_and_groups_of_train_refused(tmp_path: Path) -> None:
    known = made(tmp_path, [row(0), row(1), row(2, kind="explain", form="words")])
    assert known["left_out"] == {"other kind": 1}
    with pytest.raises(UserError, match="share 1 group"):
        freeze(laid(tmp_path / "rocks", [row(0)], [row(0)]), tmp_path / "other", "5.2.3", runs, lambda words: None)
    with pytest.raises(UserError, match="No row of the test split"):
        freeze(laid(tmp_path / "rocks", [row(0, "own")]), tmp_path / "other", "5.2.3", runs, lambda words: None)
    assert not (tmp_path / "other").exists()


def test_nothing_is_written_into_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        made(tmp_path, [row(0)])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", frozen.FILES)
def test_a_file_that_was_changed_or_is_missing_is_named(tmp_path: Path, name: str) -> None:
    made(tmp_path, [row(0), row(1)])
    place = tmp_path / "out" / name
    place.write_text(place.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=f"{name} was changed"):
        frozen.load(tmp_path / "out")
    place.unlink()
    with pytest.raises(UserError, match=f"lacks its {name}"):
        frozen.load(tmp_path / "out")


def test_digests_that_were_changed_too_are_seen(tmp_path: Path) -> None:
    known = made(tmp_path, [row(0), row(1)])
    known["files"][frozen.CARD]["sha256"] = "0" * 64
    write_json(tmp_path / "out" / frozen.FACTS, known)
    with pytest.raises(UserError, match=r"README\.md was changed"):
        frozen.load(tmp_path / "out")
    write_json(tmp_path / "out" / frozen.FACTS, known | {"form": "voxel-benchmark/9"})
    with pytest.raises(UserError, match="is no benchmark"):
        frozen.load(tmp_path / "out")


def test_the_next_dataset_is_decontaminated_against_it(tmp_path: Path) -> None:
    test = [row(n) for n in range(3)]
    made(tmp_path, test)
    listed = Benchmarks.read(tmp_path / "out" / frozen.HASHES)
    assert {listed.of(one) for one in test} == {"rocks"}
    spaced = {"prompt": "  " + test[0]["prompt"].upper().replace(" ", "\n"), "completion": "import bpy\n"}
    assert listed.of(spaced) == "rocks"
    assert listed.of({"prompt": "Ask another.", "completion": test[1]["completion"]}) == "rocks"
    assert listed.of(row(7)) == ""


def test_the_card_tells_what_is_in_it(tmp_path: Path) -> None:
    made(tmp_path, [row(0), row(1), row(2, "own")])
    card = (tmp_path / "out" / frozen.CARD).read_text(encoding="utf-8")
    assert "2 prompts that ask" in card and "| MIT | 2 |" in card
    assert "- 1 row: own work, which is not for others" in card
    assert "Blender 5.2.3" in card and "best 5.2." in card


@pytest.mark.parametrize("prompt", [LISTED, EXACT, SENTENCES])
def test_conditions_come_through_json(prompt: str) -> None:
    for one in conditions(RUST, prompt):
        assert Condition.from_json(json.loads(json.dumps(one.as_json()))) == one
        assert one.met(Tree(RUST))


@pytest.mark.parametrize("prompt", [LISTED, EXACT, SENTENCES])
def test_simple_conditions_hold_for_the_reference_and_not_for_what_lacks_them(prompt: str) -> None:
    asked = [one.as_json() | {"simple": frozen.simple(one, RUST)} for one in conditions(RUST, prompt)]
    simple = [one for one in asked if one["simple"]]
    assert [one["kind"] for one in simple] == ["node"] * 3 + ["link"] * 2 + ["value"] * 2
    assert {one["kind"] for one in asked if not one["simple"]} <= {"only"}
    held = [[node.type, place, value] for node in RUST.nodes for place, value in frozen._values(RUST, node)]
    assert all(standalone.holds(one, {**frozen.facts(RUST), "values": held}) for one in simple)
    lacking = Graph(RUST.key, RUST.type, (SHADER, OUTPUT), (Link("Shader", 0, "Output", 0),))
    met = [standalone.holds(one, {**frozen.facts(lacking), "values": []}) for one in simple]
    assert met == [False, True, True, False, True, False, False]


TEXTS = (
    "```python\nimport bpy\n```",
    "Sure!\r\n```py\r\nimport bpy\r\nx = 1\r\n```\r\nand\n```\nmore\n```",
    "```python\nimport bpy\nfor a in b:",
    "```json\n{}\n```",
    "Here it is:\nimport bpy\nbpy.data.materials.new('a')\n",
    "~~~~python\nimport bpy\n~~~~\n",
    "Only prose.",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_script_takes_code_out_as_we_do(text: str) -> None:
    assert standalone.code_of(text) == prompts.code_of(text)
    assert standalone.parses(standalone.code_of(text)) == source.parses(prompts.code_of(text))


@given(st.lists(st.sampled_from(["```", "```python", "```json", "import bpy", "x = (", "Prose.", "", "~~~", "\r"])))
def test_it_does_so_whatever_the_answer_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert standalone.code_of(text) == prompts.code_of(text)
    assert standalone.parses(text) == source.parses(text)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_its_intervals_are_ours(counts: tuple[int, int]) -> None:
    low, high = map(float, standalone.wilson(counts[0] / counts[1], counts[1]).split(" to "))
    ours = wilson(*counts)
    assert (low, high) == pytest.approx((ours.low, ours.high), abs=0.0006)


def test_its_likeness_is_ours() -> None:
    draw = random.Random(0)
    graphs = [
        next(iter(runs([stand_ins.script(draw.choices(sum(stand_ins.CHAINS, ()), k=n))]).values())).graphs
        for n in range(1, 8)
    ]
    trees = [next(iter(each.values())) for each in graphs if each]
    assert len(trees) == 7
    for a in trees:
        for b in trees:
            for of, ours in (("nodes", similarity.node_f1), ("links", similarity.link_f1)):
                assert standalone.f1(frozen.facts(a)[of], frozen.facts(b)[of]) == pytest.approx(ours(a, b))
