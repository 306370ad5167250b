# SPDX-License-Identifier: GPL-3.0-or-later
"""FLIP is what its authors’ own program says; colours are compared wherever they are; what is clear is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from voxel_trainer_addon.evaluation import pictures
from voxel_trainer_addon.worker.png import png

pytestmark = pytest.mark.bpy  # Blender brings numpy

DOWN, ACROSS = np.mgrid[0:48, 0:64] / 63
SLOPES = np.stack([ACROSS, DOWN, ACROSS * DOWN], axis=-1)
WAVES = np.stack([np.sin(ACROSS * 40), np.sin(DOWN * 23 + ACROSS * 9), np.cos(ACROSS * DOWN * 60)], axis=-1) / 2 + 0.5
GREEN, BLUE = (np.broadcast_to(np.eye(3)[channel], (48, 64, 3)) for channel in (1, 2))
SHAKEN = WAVES + 0.02 * np.sin(997 * DOWN * ACROSS)[..., None] * (1 - WAVES) * WAVES
CASES = {
    "the same": (SLOPES, SLOPES, (0.0, 0.0, 0.0)),
    "moved": (SLOPES, np.roll(SLOPES, 3, 1), (0.22532, 0.97685, 0.16064)),
    "brighter": (SLOPES, np.clip(SLOPES + 0.1, 0, 1), (0.39013, 0.51883, 0.38546)),
    "moved waves": (WAVES, np.roll(WAVES, 5, 0), (0.88096, 0.98982, 0.76318)),
    "other colours": (WAVES, WAVES[..., ::-1], (0.46677, 0.96242, 0.61695)),
    "black or white": (0 * SLOPES, 0 * SLOPES + 1, (0.96737, 0.96739, 0.96739)),
    "green or blue": (GREEN, BLUE, (1.0, 1.0, 1.0)),
    "a little noise": (WAVES, SHAKEN, (0.00599, 0.03341, 0.00579)),
}
"""Reference, test, and what `evaluate(reference, test, "LDR")` of flip-evaluator 1.7 makes of them: mean, greatest, and
the pixel in row 20, column 30."""


def file(colours: Any, opacity: Any = 1.0) -> bytes:
    height, width = colours.shape[:2]
    whole = np.concatenate([colours, np.broadcast_to(opacity, (height, width))[..., None]], axis=-1)
    return png(width, height, np.round(whole[::-1] * 255).astype(np.uint8).tobytes())


@pytest.mark.parametrize("case", CASES)
def test_flip_is_what_its_own_program_says(case: str) -> None:
    reference, test, expected = CASES[case]
    found = pictures.flip(reference, test)
    assert (found.mean(), found.max(), found[20, 30]) == pytest.approx(expected, abs=2e-4)


def test_files_are_compared_as_they_look() -> None:
    found = pictures.compare(file(WAVES), file(np.roll(WAVES, 5, 0)))
    assert found.flip == pytest.approx(0.881, abs=0.002)
    assert found.scores() == {"render_flip": 1 - found.flip, "render_lab": 1 / (1 + found.lab)}
    assert pictures.compare(file(WAVES), file(WAVES)).scores() == {"render_flip": 1, "render_lab": 1}


def test_sorted_colours_do_not_ask_where_a_colour_is() -> None:
    assert pictures.compare(file(WAVES), file(WAVES[::-1])).lab == 0
    grey = 0 * WAVES + 0.5
    darker = pictures.compare(file(grey), file(grey - 20 / 255)).lab
    assert darker == pytest.approx(8.0 / 3, abs=0.4)  # about 8 in lightness, nothing in the two of colour


def test_what_both_leave_clear_is_left_out_and_what_one_shows_is_not() -> None:
    left = np.where(ACROSS < 0.5, 1.0, 0.0)
    one, other = file(GREEN, left), file(BLUE, left)
    assert pictures.compare(one, other).flip > 0.95
    assert pictures.compare(one, file(GREEN, 0.0)).flip > 0.4
    assert pictures.shows(one) and not pictures.shows(file(GREEN, 0.0))
    with pytest.raises(ValueError, match="neither"):
        pictures.compare(file(GREEN, 0.0), file(BLUE, 0.0))
