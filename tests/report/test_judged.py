# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation is told as it is: the verdict in one sentence, every contestant's figures, every row to open."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.report import evaluated
from tests.report.elements import Elements
from voxel_trainer_addon.report import answers, judged

pytestmark = pytest.mark.plain


def text(markup: str | None) -> str:
    assert markup is not None
    return Elements(markup).text


def told(**than: str) -> str:
    verdict = {**evaluated.evaluation()["verdict"], "than": {"base": than["base"], "retrieval": than["nearest"]}}
    return judged.sentence(evaluated.evaluation(verdict=verdict))


def test_the_verdict_is_one_sentence_whatever_it_says() -> None:
    assert told(base="better", nearest="better") == (
        "The tuned model is better than the base model and the nearest training answer."
    )
    assert told(base="worse", nearest="better") == (
        "The tuned model is better than the nearest training answer, and worse than the base model."
    )
    assert told(base="not shown", nearest="not shown") == (
        "The tuned model is not shown to be better or worse than the base model and the nearest training answer."
    )
    nothing = {**evaluated.evaluation()["verdict"], "than": {}, "words": "Not shown: all prompts are from 3 groups."}
    assert judged.sentence(evaluated.evaluation(verdict=nothing)) == nothing["words"]


def test_it_says_how_far_to_trust_the_verdict() -> None:
    words = text(judged.verdict(evaluated.evaluation()))
    assert "The deciding metric was named before training." in words
    assert "The test split was looked at 4 times; every look wears it out." in words
    late = evaluated.evaluation(looks=1, chosen={"metric": "node_f1", "before_training": False})
    words = text(judged.verdict(late))
    assert "named only after training" in words and "looked at once" in words


def test_every_contestant_has_a_column_in_the_given_order() -> None:
    table = judged.table(evaluated.evaluation())
    heads = re.findall(r"<th>(.*?)</th>", table)[:5]
    assert heads[1:] == ["base model", "base model with examples", "nearest training answer", "tuned model"]
    assert text(table).count("none: it is no model") == 2


def test_without_intervals_each_source_is_told() -> None:
    words = text(judged.table(evaluated.evaluation()))
    assert "3 independent groups: too few for an interval" in words
    assert f"★ in {evaluated.EVIL} (3 prompts)" in words


def test_samples_are_told_apart_from_the_likeliest_answer() -> None:
    assert "drawn by chance" not in judged.table(evaluated.evaluation())

    def metric(label: str) -> dict[str, Any]:
        found = evaluated.metric("runs", label, True)
        return {**found, "values": {who: found["values"][who] for who in ("base", "tuned")}}

    best = {"label": "best of n, judged by Blender", "metrics": [metric("runs")]}
    passes = [{"k": k, **metric("runs")} for k in (1, 2, 3, 4)]
    samples = {"n": 8, "temperature": 0.8, "prompts": 3, "groups": 3, "pass_at_k": passes, "best_of_n": best}
    part = str(judged.table(evaluated.evaluation(samples=samples))).partition("<summary>Several answers a prompt")[2]
    assert re.findall(r"<th>(.*?)</th>", part) == ["share of prompts where …", "base model", "tuned model"]
    assert re.findall(r'<th scope="row">(.*?)</th>', part) == [
        "one of 1 runs",
        "one of 2 runs",
        "one of 4 runs",
        "runs",
    ]
    assert "best of n, judged by Blender (n = 8)" in part and "drawn by chance at temperature 0.8" in part


def test_errors_lead_to_their_rows() -> None:
    shown = answers.shown(evaluated.evaluation(), evaluated.lines())
    found = judged.errors(evaluated.evaluation(), shown.numbers)
    assert re.findall(r'href="#(row-\d)"', found) == ["row-1", "row-3"]
    assert f"2 × NameError: {evaluated.EVIL}" in text(found)
    assert all(f'id="row-{n}"' in answers.browser(shown) for n in (1, 2, 3))


def test_an_evaluation_of_an_older_form_is_not_guessed_at() -> None:
    assert judged.readable({"schema": 1, "metrics": []}).startswith("This evaluation is of an older form.")
    assert judged.readable(evaluated.evaluation()) == ""


def test_filters_leave_rows_by_who_passed() -> None:
    shown = answers.shown(evaluated.evaluation(), evaluated.lines())
    assert list(shown.names) == ["tuned", "base", "few-shot", "retrieval"]
    assert shown.outcomes == [[True, False, False, True], [False, True, True, True], [False, False, False, True]]
    page = answers.browser(shown)
    assert [row.split()[2:4] for row in re.findall(r'class="(card row [^"]*)"', page)] == [
        ["y0", "n1"],
        ["n0", "y1"],
        ["n0", "n1"],
    ]
    counts = re.findall(r"(only [\w ]+ passed|both \w+)<small>(\d)", page)[:4]
    assert counts == [
        ("only tuned model passed", "1"),
        ("only base model passed", "1"),
        ("both passed", "0"),
        ("both failed", "1"),
    ]
    rules = answers.styles(4)
    assert ".answers:has(#o-1-0:checked) .row:not(.y0.n1):not(:has(:target)) { display: none; }" in rules
    assert all(f'id="{id}"' in page for id in re.findall(r"#(o-[\d-]+):checked", rules)) and rules.count("\n") == 11


def test_a_row_shows_what_sets_the_trees_apart() -> None:
    page = answers.browser(answers.shown(evaluated.evaluation(), evaluated.lines()))
    words = text(page)
    assert "~ Strength" in page and 'class="mark lacking"' in page and "1 changed" in words
    assert "No difference from the wanted tree." in words and "The wanted code, word for word." in words
    assert "No tree to draw." in words
    assert page.count("<defs>") == 1 and Elements(page).open == []


def test_pages_that_grow_too_large_say_where_they_end() -> None:
    whole = answers.shown(evaluated.evaluation(), evaluated.lines())
    size = len(whole.rows[0].encode()) + whole.shelf.bytes
    cut = answers.shown(evaluated.evaluation(), evaluated.lines(), most=size)
    assert (len(cut.rows), cut.left, list(cut.numbers.values())) == (1, 2, [1])
    assert "2 more rows would make this page too large" in text(answers.browser(cut))


def page_with(**more: Any) -> str:
    line = evaluated.lines()[0]
    line["answers"]["tuned"] |= more
    return answers.browser(answers.shown(evaluated.evaluation(), [line]))


def test_renders_are_shown_where_they_are_pictures() -> None:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
    for value in (png, f"data:image/png;base64,{png}"):
        assert f'<img src="data:image/png;base64,{png}"' in page_with(render=value)
    for value in (None, "https://example.org/x.png", f'{png}" onload="x', "data:image/svg+xml;base64,PHN2Zz4=", 3):
        assert "<img" not in page_with(render=value)


def test_long_answers_are_cut_and_said_to_be() -> None:
    words = text(page_with(code="x" * (answers.LONG + 5)))
    assert "… and 5 characters more" in words and "x" * (answers.LONG + 1) not in words


def test_a_yes_or_no_metric_that_decides_says_who_passed() -> None:
    exact = evaluated.metric("graph_match", "makes exactly the same graph", True)
    verdict = {**evaluated.evaluation()["verdict"], "metric": "graph_match"}
    found = answers.shown(evaluated.evaluation(metrics=[exact], verdict=verdict), evaluated.lines())
    assert [row[:2] for row in found.outcomes] == [[False, False], [False, True], [False, False]]
    assert "An answer passes where it makes exactly the same graph." in text(answers.browser(found))
