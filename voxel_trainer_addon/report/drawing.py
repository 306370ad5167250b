# SPDX-License-Identifier: GPL-3.0-or-later
"""A node tree drawn as SVG: columns from left to right, boxes with the sockets that are linked, curves between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ..graph.arrange import columns
from ..graph.flow import in_flow
from ..graph.heads import kind, title
from ..graph.model import Graph, Link, Node
from .html import Markup, join, tag

NODES_MAX = 60
WIDTH, HEAD, ROW, FOOT = 136, 24, 18, 6
GAP_X, GAP_Y, EDGE = 42, 16, 6
LETTERS = 17
"""Letters of a name that fit a box; the whole name is in the box's tooltip."""


@dataclass(frozen=True)
class Marks:
    """What stands out in a drawing: nodes and links that another tree lacks, with the `sign` that says on which side
    they are (`+` or `−`), and names of changed nodes (`~`) with the lines that their boxes tell of it."""

    sign: str = "+"
    nodes: Collection[str] = ()
    links: Collection[Link] = ()
    changes: Mapping[str, Sequence[str]] = field(default_factory=dict)


SIGNS = {"+": "added", "−": "lacking", "~": "changed"}
"""Sign → class, and the same in a word."""


@dataclass
class _Box:
    node: Node
    lines: Sequence[str] = ()
    x: float = 0.0
    y: float = 0.0
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    @property
    def height(self) -> int:
        return HEAD + ROW * max(1, len(self.inputs) + len(self.outputs) + len(self.lines)) + FOOT

    def port(self, side: str, index: int) -> tuple[float, float]:
        rows = self.outputs.index(index) if side == "out" else len(self.outputs) + self.inputs.index(index)
        return self.x + (WIDTH if side == "out" else 0), self.y + HEAD + ROW * (rows + 0.5)


class Shelf:
    """Drawings of one page: trees that are equal are drawn once, and shown wherever they are wanted. `bytes` counts
    what lies there."""

    def __init__(self) -> None:
        self.ids: dict[Markup, str] = {}
        self.bytes = 0

    def shown(self, body: Markup) -> Markup:
        if body not in self.ids:
            self.ids[body] = f"tree-{len(self.ids) + 1}"
            self.bytes += len(body.encode())
        return tag("use", href=f"#{self.ids[body]}")

    def markup(self) -> Markup | None:
        """What must stand on the page once."""
        trees = [tag("g", body, id=id) for body, id in self.ids.items()]
        return tag("svg", tag("defs", trees), class_="graph shelf", aria_hidden="true") if trees else None


def drawing(graph: Graph, label: str, marks: Marks | None = None, shelf: Shelf | None = None) -> Markup | None:
    """`graph` as an SVG element; `label` describes it to those who cannot see it. None where it has no node or more
    than `NODES_MAX`. Frames are left out. Equal graphs give equal drawings; with a `shelf` the tree lies there."""
    nodes = [node for node in graph.nodes if node.type != "NodeFrame"]
    if not 0 < len(nodes) <= NODES_MAX:
        return None
    marks = marks or Marks()
    boxes = {node.name: _Box(node, marks.changes.get(node.name, ())) for node in nodes}
    links = [link for link in graph.links if link.source in boxes and link.target in boxes]
    for link in links:
        for ports, index in ((boxes[link.source].outputs, link.output), (boxes[link.target].inputs, link.input)):
            if index not in ports:
                ports.append(index)
    for box in boxes.values():
        box.inputs.sort()
        box.outputs.sort()
    ends = sorted({(link.source, link.target) for link in links if link.source != link.target})
    width, height = _place(graph, boxes, ends)
    curves = [(link, _curve(boxes, link)) for link in links]
    body = join(
        [tag("path", d=path, class_="wire muted" if link.muted else "wire") for link, path in curves],
        map(_drawn, boxes.values()),
    )
    return tag(
        "svg",
        tag("title", label),
        shelf.shown(body) if shelf else body,
        [_marked_link(boxes, link, path, marks.sign) for link, path in curves if link in marks.links],
        [_marked(box, marks) for box in boxes.values()],
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        class_="graph",
    )


def _marked(box: _Box, marks: Marks) -> Markup | None:
    sign = marks.sign if box.node.name in marks.nodes else "~" if box.node.name in marks.changes else ""
    if not sign:
        return None
    frame = tag("rect", x=_n(box.x), y=_n(box.y), width=WIDTH, height=box.height, rx=6, class_="frame")
    return tag("g", frame, _sign(box.x + WIDTH - 12, box.y + 12, sign), class_=f"mark {SIGNS[sign]}")


def _marked_link(boxes: Mapping[str, _Box], link: Link, path: str, sign: str) -> Markup:
    (x1, y1), (x2, y2) = _ends(boxes, link)
    middle = _sign((x1 + x2) / 2, (y1 + y2) / 2, sign)
    return tag("g", tag("path", d=path, class_="wire"), middle, class_=f"mark {SIGNS[sign]}")


def _sign(x: float, y: float, sign: str) -> Markup:
    disc = tag("circle", cx=_n(x), cy=_n(y), r=8)
    return join(disc, tag("text", sign, x=_n(x), y=_n(y + 4.5), class_="sign"))


def _place(graph: Graph, boxes: dict[str, _Box], ends: list[tuple[str, str]]) -> tuple[float, float]:
    """Give every box its place; width and height of the whole."""
    found = columns([node.name for node in in_flow(graph) if node.name in boxes], ends)
    tallest = max(sum(boxes[n].height for n in column) + GAP_Y * (len(column) - 1) for column in found)
    for number, column in enumerate(found):
        y = EDGE + (tallest - sum(boxes[n].height for n in column) - GAP_Y * (len(column) - 1)) / 2
        for name in column:
            boxes[name].x, boxes[name].y = EDGE + number * (WIDTH + GAP_X), y
            y += boxes[name].height + GAP_Y
    return 2 * EDGE + len(found) * WIDTH + (len(found) - 1) * GAP_X, 2 * EDGE + tallest


def _ends(boxes: Mapping[str, _Box], link: Link) -> tuple[tuple[float, float], tuple[float, float]]:
    return boxes[link.source].port("out", link.output), boxes[link.target].port("in", link.input)


def _curve(boxes: Mapping[str, _Box], link: Link) -> str:
    (x1, y1), (x2, y2) = _ends(boxes, link)
    bend = max(24.0, abs(x2 - x1) / 2)
    return f"M{_n(x1)} {_n(y1)}C{_n(x1 + bend)} {_n(y1)} {_n(x2 - bend)} {_n(y2)} {_n(x2)} {_n(y2)}"


def _n(value: float) -> str:
    """A place on the page, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def _drawn(box: _Box) -> Markup:
    node, x, y = box.node, _n(box.x), _n(box.y)
    name = title(node)
    head = f"M{x} {_n(box.y + HEAD)}v-{HEAD - 6}q0 -6 6 -6h{WIDTH - 12}q6 0 6 6v{HEAD - 6}z"
    parts = [
        tag("title", f"{name} ({node.type}, {node.name})"),
        tag("rect", x=x, y=y, width=WIDTH, height=box.height, rx=6, class_="box"),
        tag("path", d=head, class_=f"head {kind(node.type)}"),
        tag("text", _short(name, LETTERS), x=_n(box.x + 8), y=_n(box.y + 16), class_="name"),
    ]
    for side, indices in (("out", box.outputs), ("in", box.inputs)):
        sockets = node.outputs if side == "out" else node.inputs
        for index in indices:
            px, py = box.port(side, index)
            label = sockets[index].name if index < len(sockets) else str(index)
            words = label if not label.isdigit() else _numbered(side, label, indices)
            at = {"x": _n(px - 9), "class_": "socket out"} if side == "out" else {"x": _n(px + 9), "class_": "socket"}
            type = sockets[index].type.lower() if index < len(sockets) else ""
            parts.append(tag("circle", cx=_n(px), cy=_n(py), r=3.5, class_=f"port {type}".strip()))
            if words:
                parts.append(tag("text", _short(words, LETTERS), y=_n(py + 4), **at))
    bottom = box.y + box.height - FOOT - ROW * len(box.lines)
    for row, line in enumerate(box.lines):
        y = _n(bottom + ROW * (row + 0.5) + 4)
        parts.append(tag("text", _short(line, LETTERS), x=_n(box.x + 9), y=y, class_="socket change"))
    return tag("g", parts)


def _numbered(side: str, label: str, linked: list[int]) -> str:
    """What a socket is called that the script calls by its number: nothing, where there is no other to tell it from."""
    return "" if label == "0" and len(linked) == 1 else f"{'output' if side == 'out' else 'input'} {label}"


def _short(name: str, letters: int) -> str:
    """`name` cut to what fits `letters` Latin ones; others are taken to be twice as wide."""
    room, kept = letters, ""
    for c in name:
        room -= 1 if ord(c) < 0x1100 else 2
        if room < 0:
            return kept[:-1] + "…"
        kept += c
    return kept
