# SPDX-License-Identifier: GPL-3.0-or-later
"""The curve of a training as a small picture, drawn point by point in plain Python. No bpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 320, 160
MARGIN = 6
GRID = (128, 128, 128, 70)
TRAIN = (77, 153, 255, 255)
HELD = (255, 153, 51, 255)
CLEAR = bytes(4)
THICK, DOT = 1, 4
"""Half the width of the line and of a dot, in pixels."""

Points = Sequence[tuple[float, float]]


def picture(train: Points, held: Points, most_x: float = 0.0) -> bytes:
    """RGBA, rows from below: the training loss as a line, held-out losses as dots, both axes from 0. `most_x` is
    where the axis of time ends at least."""
    pixels = bytearray(CLEAR * (WIDTH * HEIGHT))
    for quarter in range(5):
        y = MARGIN + round((HEIGHT - 1 - 2 * MARGIN) * quarter / 4)
        for x in range(MARGIN, WIDTH - MARGIN):
            _set(pixels, x, y, GRID)
    train, held = ([p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])] for points in (train, held))
    every = [*train, *held]
    if not every:
        return bytes(pixels)
    right = max(most_x, *(x for x, _ in every)) or 1.0
    top = max(y for _, y in every) or 1.0

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return (
            MARGIN + (WIDTH - 1 - 2 * MARGIN) * max(0.0, x) / right,
            MARGIN + (HEIGHT - 1 - 2 * MARGIN) * max(0.0, y) / top,
        )

    places = [place(point) for point in train]
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        _line(pixels, x0, y0, x1, y1)
    for column, row in ((round(x), round(y)) for x, y in map(place, held)):
        for dx in range(-DOT, DOT + 1):
            for dy in range(-DOT, DOT + 1):
                if dx * dx + dy * dy <= DOT * DOT:
                    _set(pixels, column + dx, row + dy, HELD)
    return bytes(pixels)


def _line(pixels: bytearray, x0: float, y0: float, x1: float, y1: float) -> None:
    steps = max(1, math.ceil(max(abs(x1 - x0), abs(y1 - y0))))
    for step in range(steps + 1):
        x, y = round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
        for dx in range(THICK + 1):
            for dy in range(THICK + 1):
                _set(pixels, x + dx, y + dy, TRAIN)


def _set(pixels: bytearray, x: int, y: int, colour: tuple[int, int, int, int]) -> None:
    if 0 <= x < WIDTH and 0 <= y < HEIGHT:
        at = 4 * (y * WIDTH + x)
        pixels[at : at + 4] = bytes(colour)
