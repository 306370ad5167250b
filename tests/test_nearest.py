# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest training answer is found by the words that tell prompts apart."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.nearest import Nearest, words

pytestmark = pytest.mark.plain

ROWS = [
    {"id": "c", "prompt": "Make the material with a noise texture and a color ramp", "completion": "noise"},
    {"id": "a", "prompt": "Make the material with a brick texture", "completion": "brick"},
    {"id": "b", "prompt": "Make the material with ShaderNodeTexVoronoi", "completion": "voronoi"},
]


def test_identifiers_are_taken_apart() -> None:
    assert words("ShaderNodeTexNoise RGB 0.25 砖") == ["shader", "node", "tex", "noise", "rgb", "0.25", "砖"]


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [("I need brick", "brick"), ("a voronoi please", "voronoi"), ("material: noise into a ramp", "noise")],
)
def test_the_nearest_prompt_wins(prompt: str, answer: str) -> None:
    found = Nearest(ROWS).find(prompt)
    assert found is not None
    assert found["completion"] == answer


def test_among_equals_the_first_by_id_is_taken() -> None:
    found = Nearest(ROWS).find("nothing of it")
    assert found is not None
    assert found["id"] == "a"


def test_an_empty_index_finds_nothing() -> None:
    assert Nearest([]).find("brick") is None
