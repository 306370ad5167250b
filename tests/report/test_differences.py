# SPDX-License-Identifier: GPL-3.0-or-later
"""What is marked in two drawings is what sets the trees apart, on the side where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.graphs import brick, with_value, without
from voxel_trainer_addon.graph.model import Link, Value
from voxel_trainer_addon.report.differences import between, sign, told
from voxel_trainer_addon.report.drawing import Marks, Shelf, drawing

pytestmark = pytest.mark.plain

WANTED = with_value(brick("Brick"), 0.5)


def test_equal_trees_have_no_mark() -> None:
    found = between(WANTED, with_value(brick("Other"), 0.5))
    assert not found.edits
    for marks in (found.wanted, found.answer):
        assert not (marks.nodes or marks.links or marks.changes)


def test_a_missing_node_is_marked_where_it_is_wanted_with_its_links() -> None:
    lacking = without(WANTED, "Noise")
    found = between(WANTED, lacking)
    assert found.wanted.nodes == {"Noise"} and not found.answer.nodes
    assert {(link.source, link.target) for link in found.wanted.links} == {
        ("Texture Coordinate", "Noise"),
        ("Noise", "Math"),
    }
    back = between(lacking, WANTED)
    assert back.answer.nodes == {"Noise"} and back.answer.links == found.wanted.links and not back.wanted.links


def test_another_value_is_told_in_the_box_of_the_answer() -> None:
    found = between(WANTED, with_value(brick("Brick"), 0.25))
    assert found.answer.changes == {"Bump": ["~ Strength", "0.25, not 0.5"]}
    assert found.wanted.changes == {"Bump": ()} and not found.answer.nodes


def test_a_link_that_goes_elsewhere_is_lacking_here_and_added_there() -> None:
    links = [link for link in WANTED.links if link.target != "Bump"]
    moved = replace(WANTED, links=(*links, Link("Noise", 0, "Bump", 0)))
    found = between(WANTED, moved)
    assert found.wanted.links == {Link("Math", 0, "Bump", 0)}
    assert found.answer.links == {Link("Noise", 0, "Bump", 0)}
    assert {sign(edit) for edit in found.edits} == {"+", "−"}


def test_marks_have_a_sign_beside_their_colour() -> None:
    found = between(WANTED, without(with_value(brick("Brick"), 0.25), "Noise"))
    wanted, made = (drawing(*each) for each in ((WANTED, "", found.wanted), (WANTED, "", found.answer)))
    assert wanted is not None and made is not None
    assert wanted.count('class="mark lacking"') == wanted.count(">−<") == 3
    assert wanted.count('class="mark changed"') == wanted.count(">~<") == 1
    assert "~ Strength" in made and "mark added" not in made


def test_a_shelf_holds_equal_trees_once() -> None:
    shelf = Shelf()
    first, second = (drawing(WANTED, "", marks, shelf) for marks in (None, Marks("−", {"Noise"})))
    assert first is not None and second is not None
    assert '<use href="#tree-1"></use>' in first and '<use href="#tree-1"></use>' in second
    held = shelf.markup()
    assert held is not None and held.count('class="box"') == 7 and shelf.bytes < len(held)
    assert Shelf().markup() is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.123456, "0.123"),
        (True, "on"),
        (1, "1"),
        (0, "0"),
        (None, "nothing"),
        ([0.5, 1.0], "0.5 1"),
        ({"id": "IMAGE", "name": "Rust"}, "Rust"),
        ({"deep": [1]}, "another"),
    ],
)
def test_values_are_told_in_few_letters(value: Value, words: str) -> None:
    assert told(value) == words
