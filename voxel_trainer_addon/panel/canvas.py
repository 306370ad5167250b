# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels of a small picture in plain Python, quick enough for a timer: one number each, rows from below. No bpy."""

from __future__ import annotations

from array import array

WIDTH = HEIGHT = 256  # Blender keeps a square for an icon


def colour(red: int, green: int, blue: int, alpha: int) -> int:
    """A pixel as one number, its bytes in the order R, G, B, A."""
    return red | green << 8 | blue << 16 | alpha << 24


def line(pixels: array[int], begin: tuple[int, int], end: tuple[int, int], ink: int, thick: int) -> None:
    """A line from left to right, column by column."""
    (x0, y0), (x1, y1) = begin, end
    columns = max(1, x1 - x0)
    for step in range(columns):
        low, high = sorted((y0 + (y1 - y0) * step // columns, y0 + (y1 - y0) * (step + 1) // columns))
        for dx in range(thick):
            column(pixels, x0 + step + dx, low, high + thick - 1, ink)


def column(pixels: array[int], x: int, low: int, high: int, ink: int) -> None:
    low, high = max(0, low), min(HEIGHT - 1, high)
    if 0 <= x < WIDTH and low <= high:
        pixels[low * WIDTH + x : high * WIDTH + x + 1 : WIDTH] = array("I", [ink]) * (high - low + 1)
