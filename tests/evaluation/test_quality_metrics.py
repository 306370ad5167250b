# SPDX-License-Identifier: GPL-3.0-or-later
"""Rungs fail in order, what does not apply leaves the denominator of all alike, copies and repetitions are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.evaluation.test_conditions import LISTED, MATH, RUST
from voxel_trainer_addon.evaluation import copying, result
from voxel_trainer_addon.evaluation.conditions import conditions
from voxel_trainer_addon.evaluation.contestants import LABELS, Contestant
from voxel_trainer_addon.evaluation.quality_metrics import Answered, Ran, Score, Wanted, score, to_picture
from voxel_trainer_addon.evaluation.result import Example, Judged, Question
from voxel_trainer_addon.graph.canonical import graph_hash
from voxel_trainer_addon.graph.model import Graph

pytestmark = pytest.mark.plain
CODE = 'import bpy\nbpy.data.materials.new("Rust")\n'
GRAPHS = {RUST.key: RUST}
WANTED = Wanted(RUST, GRAPHS, conditions(RUST, LISTED))
RIGHT = Ran(True, graphs=GRAPHS)
RUNGS = ("finished", "parses", "imports_bpy", "safe", "names_valid", "runs", "has_effect", "conditions_all")


def rungs(scored: Score) -> list[int | None]:
    return [getattr(scored, rung) for rung in RUNGS]


@pytest.mark.parametrize(
    ("answer", "height"),
    [
        (Answered(CODE, False, RIGHT, ()), 0),
        (Answered("Sure!", True, Ran(), ()), 1),
        (Answered("x = 1\n", True, RIGHT, ()), 2),
        (Answered(CODE + "import os\n", True, Ran(), ()), 3),
        (Answered(CODE, True, RIGHT, ("ShaderNodeGone",)), 4),
        (Answered(CODE, True, Ran(False, "line 2: no", graphs=GRAPHS), ()), 5),
        (Answered(CODE, True, Ran(True, graphs={"materials/A": Graph("materials/A", RUST.type, RUST.nodes)}), ()), 6),
        (
            Answered(
                CODE,
                True,
                Ran(True, graphs={"materials/A": Graph("materials/A", RUST.type, RUST.nodes[1:], RUST.links[1:])}),
                (),
            ),
            7,
        ),
        (Answered(CODE, True, RIGHT, ()), 8),
    ],
)
def test_a_rung_that_fails_fails_those_above(answer: Answered, height: int) -> None:
    found = score(answer, WANTED)
    assert rungs(found) == [1] * height + [0] * (8 - height)
    assert bool(found.error) == (height < 8)


def test_what_does_not_apply_hangs_on_the_prompt_and_never_on_the_answer() -> None:
    for ran in (RIGHT, Ran()):
        found = score(Answered(CODE, True, ran), Wanted(RUST, GRAPHS, (), piece=True))
        assert (found.names_valid, found.has_effect, found.conditions_all, found.conditions_met) == (None,) * 4


def test_a_tree_of_another_kind_is_not_the_one_that_was_asked_for() -> None:
    group = Graph("node_groups/Rust", RUST.type, RUST.nodes, RUST.links)
    found = score(Answered(CODE, True, Ran(True, graphs={group.key: group})), WANTED)
    assert (found.node_f1, found.has_effect) == (1, 0)


def test_an_answer_that_does_not_run_adheres_to_nothing() -> None:
    found = score(Answered(CODE, True, Ran(False, "no", 1, GRAPHS)), WANTED)
    assert (found.conditions_met, found.adherence) == (1, 0)


def test_a_graph_of_the_training_data_is_a_copy() -> None:
    train = frozenset({graph_hash(RUST.key, GRAPHS)})
    other = Graph("materials/Own", RUST.type, (*RUST.nodes, MATH), RUST.links)
    assert score(Answered(CODE, True, RIGHT), WANTED, train).copied == 1
    assert score(Answered(CODE, True, Ran(True, graphs={other.key: other})), WANTED, train).copied == 0


def test_words_that_stand_in_training_answers() -> None:
    train = " ".join(f"word{n}" for n in range(40))
    half = " ".join(f"word{n}" for n in range(20)) + " " + " ".join(f"own{n}" for n in range(20))
    assert copying.shared([train, half, "short", ""], [train]) == {train: 1.0, half: 0.5, "short": 0.0, "": 0.0}


def test_repetition_is_the_share_of_what_stood_before() -> None:
    assert copying.repeated("a b c d e f g") == 0
    assert copying.repeated("again and again and " * 50) > 0.9
    assert copying.repeated("") == 0


QUESTION = Question(
    Contestant("tuned", LABELS["tuned"]), [Contestant(who, LABELS[who]) for who in ("base", "retrieval")]
)


def example(n: int, test: str, group: str, right: bool, piece: bool = False) -> Example:
    wanted = Wanted(RUST, GRAPHS, () if piece else WANTED.asked, piece)
    scored = {
        who: score(Answered(CODE, True, RIGHT if right or who == "tuned" else Ran()), wanted)
        for who in ("tuned", "base", "retrieval")
    }
    answers = {who: Judged(CODE, CODE, one, RUST) for who, one in scored.items()}
    return Example(
        str(n),
        "material",
        group,
        LISTED,
        CODE,
        RUST,
        answers,
        {},
        "piece" if piece else "tree",
        test,
        source=f"repository {n % 3}",
    )


def test_metrics_say_how_many_prompts_they_do_not_apply_to() -> None:
    found = result.figures([example(n, "near", str(n), False, piece=n < 3) for n in range(10)], QUESTION, 0)
    by_name = {metric["metric"]: metric for metric in found["metrics"]}
    assert (by_name["has_effect"]["prompts"], by_name["has_effect"]["does_not_apply"]) == (7, 3)
    assert (by_name["runs"]["prompts"], by_name["runs"]["does_not_apply"]) == (10, 0)
    assert "names_valid" not in by_name
    assert {(table["by"], table["value"], table["prompts"]) for table in found["tables"] if table["by"] == "kind"} == {
        ("kind", "piece", 3),
        ("kind", "tree", 7),
    }


def test_a_far_test_of_few_groups_gives_each_source_and_no_interval() -> None:
    few, many = ([example(n, "far", str(n), n % 2 == 0) for n in range(count)] for count in (12, 24))
    (table,) = (table for table in result.figures(few, QUESTION, 0)["tables"] if table["by"] == "test")
    assert [set(row["values"]["tuned"]) for row in table["metrics"]] == [{"value"}] * len(table["metrics"])
    assert [(source["source"], source["prompts"]) for source in table["sources"]] == [
        (f"repository {n}", 4) for n in range(3)
    ]
    found = result.figures(few, QUESTION, 0)
    assert found["claimed"] == 0 and found["comparisons"] == [] and found["verdict"]["result"] == "not shown"
    assert "12 groups" in found["verdict"]["words"] and set(found["metrics"][0]["values"]["base"]) == {"value"}
    near = [example(n + 100, "near", str(n), False) for n in range(8)]
    mixed = result.figures([*few, *near], QUESTION, 0)
    assert (mixed["claimed"], mixed["comparisons"][0]["prompts"]) == (8, 8), "what far sources do is told apart"
    (table,) = (table for table in result.figures(many, QUESTION, 0)["tables"] if table["by"] == "test")
    assert "sources" not in table and {"low", "high"} <= set(table["metrics"][0]["values"]["tuned"])


def test_an_interval_of_a_share_ends_where_shares_end() -> None:
    few = [example(n, "near", str(min(n, 3)), n % 5 == 0) for n in range(12)]
    ends = [one for metric in result.figures(few, QUESTION, 0)["metrics"] for one in metric["values"].values()]
    assert all(0 <= one["low"] <= one["value"] <= one["high"] <= 1 for one in ends)
    assert any(0 < one["value"] < 1 for one in ends)


def test_first_errors_come_in_groups_of_like_words() -> None:
    errors = ["line 3: KeyError: 'Fac'", "line 17: KeyError: 'Color'", "No code.", ""]
    made = [example(n, "near", str(n), True) for n in range(4)]
    for one, error in zip(made, errors, strict=True):
        base = one.answers["base"]
        one.answers["base"] = replace(base, score=replace(base.score, error=error))  # type: ignore[index]
    found = [group for group in result.figures(made, QUESTION, 0)["errors"] if group["who"] == "base"]
    assert found == [
        {"who": "base", "words": "KeyError: “…”", "prompts": ["0", "1"]},
        {"who": "base", "words": "No code.", "prompts": ["2"]},
    ]


def test_a_picture_counts_where_one_is_wanted_and_only_from_answers_that_have_an_effect() -> None:
    seen, piece = Wanted(RUST, GRAPHS, (), picture=b"one"), Wanted(RUST, GRAPHS, (), piece=True, picture=b"one")
    for ran, reached in ((RIGHT, RUST.key), (Ran(), ""), (Ran(False, "no", 1, GRAPHS), "")):
        answer = Answered(CODE, True, ran, picture=None if reached else b"other")
        found = score(answer, seen)
        assert (found.render_flip, found.render_lab) == (0, 0)
        assert to_picture(answer, seen) == reached
        for not_asked in (WANTED, piece):
            found = score(answer, not_asked)
            assert (found.render_flip, found.render_lab) == (None, None)
