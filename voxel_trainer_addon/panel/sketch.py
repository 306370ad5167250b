# SPDX-License-Identifier: GPL-3.0-or-later
"""A node tree as a small picture: a box for each node, numbered or with a frame for what a change does. No bpy."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from ..graph.arrange import columns
from ..graph.flow import FRAME, in_flow
from ..graph.heads import kind
from ..graph.model import Graph
from .canvas import HEIGHT, WIDTH, colour, column, line

NODES_MAX = 48
"""A picture of more would show nothing."""
GAP, FRAME_PX = 10, 3
BOX_MAX = (64, 64)
BODY, WIRE = colour(70, 70, 70, 255), colour(170, 170, 170, 200)
HEADS = {
    "output": colour(120, 45, 60, 255),
    "group": colour(70, 125, 35, 255),
    "input": colour(150, 60, 90, 255),
    "texture": colour(150, 90, 45, 255),
    "shader": colour(55, 125, 60, 255),
    "color": colour(135, 130, 45, 255),
    "vector": colour(85, 85, 165, 255),
    "geometry": colour(35, 130, 110, 255),
    "math": colour(50, 115, 150, 255),
}
FRAMES = {"+": colour(80, 220, 90, 255), "−": colour(242, 90, 64, 255), "~": colour(242, 191, 51, 255)}
DIGITS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71122", "75757", "75717")
"""Rows of three dots from above, each as a number."""
INK = colour(255, 255, 255, 255)
SCALE = 3
"""Pixels of a dot of a digit, at most."""


def order(graph: Graph) -> list[str]:
    """Names of the nodes that a picture shows, in the order of the flow."""
    return [node.name for node in in_flow(graph) if node.type != FRAME]


def picture(graph: Graph, signs: Mapping[str, str] | None = None) -> array[int] | None:
    """The tree; with `signs` (node → `+`, `−`, `~`) what changes and what it is linked with, framed, else with a number
    on each node. None where that is nothing or too much."""
    shown = order(graph)
    if signs is not None:
        near = {other for x in graph.links for other in (x.source, x.target) if {x.source, x.target} & signs.keys()}
        shown = [name for name in shown if name in signs or name in near]
    if not 0 < len(shown) <= NODES_MAX:
        return None
    ends = sorted({(x.source, x.target) for x in graph.links if {x.source, x.target} <= set(shown)})
    boxes = _placed(columns(shown, [end for end in ends if end[0] != end[1]]))
    pixels = array("I", [0]) * (WIDTH * HEIGHT)
    for source, target in ends:
        (_, _, x0, y0), (x1, y1, _, top) = boxes[source], boxes[target]
        begin, end = (x0, (boxes[source][1] + y0) // 2), (x1, (y1 + top) // 2)
        line(pixels, min(begin, end), max(begin, end), WIRE, 2)
    types = {node.name: node.type for node in graph.nodes}
    for number, name in enumerate(shown, 1):
        left, low, right, high = boxes[name]
        if sign := (signs or {}).get(name):
            _fill(pixels, left - FRAME_PX, low - FRAME_PX, right + FRAME_PX, high + FRAME_PX, FRAMES[sign])
        _fill(pixels, left, low, right, high, BODY)
        _fill(pixels, left, high - (high - low) // 3, right, high, HEADS[kind(types[name])])
        if signs is None:
            _number(pixels, f"{number:{len(str(len(shown)))}}", boxes[name])
    return pixels


def _placed(found: Sequence[Sequence[str]]) -> dict[str, tuple[int, int, int, int]]:
    """Left, lowest, right and highest pixel of each box."""
    rows = max(map(len, found))
    wide, tall = (WIDTH - GAP) // len(found), (HEIGHT - GAP) // rows
    width, height = (max(4, min(most, cell - GAP)) for most, cell in zip(BOX_MAX, (wide, tall), strict=True))
    height = min(height, 3 * width // 2)
    step = min(tall, height + 2 * GAP)
    boxes = {}
    for x, names in enumerate(found):
        top = HEIGHT // 2 + step * len(names) // 2
        for y, name in enumerate(names):
            left, high = GAP + wide * x + (wide - GAP - width) // 2, top - step * y - (step - height) // 2
            boxes[name] = (left, high - height, left + width, high)
    return boxes


def _fill(pixels: array[int], left: int, low: int, right: int, high: int, ink: int) -> None:
    for x in range(left, right + 1):
        column(pixels, x, low, high, ink)


def _number(pixels: array[int], said: str, box: tuple[int, int, int, int]) -> None:
    """A number in the middle of a box, below its head; spaces before it make it as small as longer ones."""
    left, low, right, high = box
    size = max(1, min(SCALE, (right - left - 2) // (4 * len(said)), (high - low) // 9))
    begin = (left + right - (4 * len(said.strip()) - 1) * size) // 2
    top = low + ((high - low) * 2 // 3 + 5 * size) // 2
    for at, digit in enumerate(said.strip()):
        for row, bits in enumerate(map(int, DIGITS[int(digit)])):
            for dot in range(3):
                if bits >> (2 - dot) & 1:
                    x, y = begin + (4 * at + dot) * size, top - (row + 1) * size
                    _fill(pixels, x, y, x + size - 1, y + size - 1, INK)
