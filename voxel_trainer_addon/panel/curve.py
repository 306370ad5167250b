# SPDX-License-Identifier: GPL-3.0-or-later
"""The curve of a training as a small picture, in plain Python and quick enough for a timer. No bpy."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Sequence

from .canvas import HEIGHT, WIDTH, colour, column, line

MARGIN = 6
THICK, DOT = 2, 5
"""Width of the line and half that of a dot, in pixels."""
SMOOTHED = 20
"""The line is the mean of so many-th a part of all points; the points themselves stand behind it, pale."""

Points = Sequence[tuple[float, float]]


GRID = colour(128, 128, 128, 70)
STEPS = colour(77, 153, 255, 90)
TRAIN = colour(77, 153, 255, 255)
HELD = colour(255, 153, 51, 255)


def picture(train: Points, held: Points, most_x: float = 0.0) -> array[int]:
    """A number a pixel, rows from below: the training loss as a line, held-out losses as dots, both axes from 0.
    `most_x` is where the axis of time ends at least."""
    pixels = array("I", [0]) * (WIDTH * HEIGHT)
    room = WIDTH - 1 - 2 * MARGIN
    for quarter in range(5):
        at = WIDTH * (MARGIN + room * quarter // 4) + MARGIN
        pixels[at : at + room + 1] = array("I", [GRID]) * (room + 1)
    train, held = ([p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])] for points in (train, held))
    every = [*train, *held]
    if not every:
        return pixels
    right = max(most_x, *(x for x, _ in every)) or 1.0
    top = max(y for _, y in every) or 1.0

    def place(point: tuple[float, float]) -> tuple[int, int]:
        x, y = point
        return MARGIN + round(room * max(0.0, x) / right), MARGIN + round(room * max(0.0, y) / top)

    for points, ink, thick in ((train, STEPS, 1), (smooth(train), TRAIN, THICK)):
        for begin, end in itertools.pairwise(map(place, points)):
            line(pixels, begin, end, ink, thick)
    for x, y in map(place, held):
        for dx in range(-DOT, DOT + 1):
            tall = math.isqrt(DOT * DOT - dx * dx)
            column(pixels, x + dx, y - tall, y + tall, HELD)
    return pixels


def smooth(points: Points) -> Points:
    """Each point as the mean of itself and those just before it."""
    window = max(1, len(points) // SMOOTHED)
    near = [points[max(0, at - window + 1) : at + 1] for at in range(len(points))]
    return [(some[-1][0], sum(y for _, y in some) / len(some)) for some in near]
