# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves over time as SVG, with axes that say what they measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .html import Markup, tag

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 40

Points = Sequence[tuple[float, float]]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about as many as asked."""
    if not high > low:
        return [low]
    rough = (high - low) / max(1, about)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """`0.5`, `12`, `1,200`."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def curves(lines: Sequence[tuple[str, str, Points]], *, x_label: str, y_label: str, label: str) -> Markup | None:
    """Lines (name, class, points) over common axes, the y axis from 0. None where there are no two points to join."""
    finite = [(n, c, [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])]) for n, c, points in lines]
    every = [point for _, _, points in finite for point in points]
    if len({x for x, _ in every}) < 2:
        return None
    x_max = max(x for x, _ in every)
    y_max = max(y for _, y in every) * 1.05 or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (WIDTH - LEFT - RIGHT) * x / x_max,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / y_max,
        )

    parts: list[Markup] = []
    for value in ticks(0, y_max):
        _, y = at(0, value)
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid"))
        parts.append(tag("text", number(value), x=LEFT - 8, y=f"{y + 4:.1f}", class_="tick end"))
    for value in ticks(0, x_max, 7):
        x, _ = at(value, 0)
        parts.append(tag("text", number(value), x=f"{x:.1f}", y=HEIGHT - BOTTOM + 17, class_="tick middle"))
    parts.append(tag("text", x_label, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, class_="axis middle"))
    turned = f"translate(13 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"
    parts.append(tag("text", y_label, transform=turned, class_="axis middle"))
    for name, class_, points in finite:
        places = [at(*point) for point in points]
        if len(places) > 1:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(tag("path", tag("title", name), d=path, class_=f"curve {class_}"))
        if len(places) <= 12:
            parts += [tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=4, class_=f"point {class_}") for x, y in places]
    size = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": WIDTH, "height": HEIGHT}
    return tag("svg", tag("title", label), parts, role="img", class_="plot", **size)


def columns(counts: Sequence[tuple[str, int]], *, x_label: str, label: str) -> Markup | None:
    """A column for each (name, count), the counts above them. None where there is nothing to count."""
    most = max((count for _, count in counts), default=0)
    if not most:
        return None
    width, height, top, foot = 520, 190, 20, 44
    step = width / len(counts)
    parts: list[Markup] = []
    for place, (name, count) in enumerate(counts):
        tall = (height - top - foot) * count / most
        x, y = step * place + step * 0.08, height - foot - tall
        middle = f"{step * (place + 0.5):.1f}"
        size = {"width": f"{step * 0.84:.1f}", "height": f"{tall:.1f}", "rx": 2}
        parts.append(tag("rect", tag("title", f"{name}: {count:,}"), x=f"{x:.1f}", y=f"{y:.1f}", class_="bar", **size))
        if count:
            parts.append(tag("text", short(count), x=middle, y=f"{y - 5:.1f}", class_="tick middle"))
        parts.append(tag("text", name, x=middle, y=height - foot + 16, class_="tick middle"))
    parts.append(tag("line", x1=0, x2=width, y1=height - foot, y2=height - foot, class_="grid"))
    parts.append(tag("text", x_label, x=width / 2, y=height - 6, class_="axis middle"))
    box = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return tag("svg", tag("title", label), parts, role="img", class_="plot", **box)


def doubling(counts: Mapping[int, int], most: int = 12) -> list[tuple[str, int]]:
    """Counts by upper bound, a power of two, as columns named by it, from the first to the last that is not empty;
    what is beyond `most` columns is one."""
    if not counts:
        return []
    first, last = min(counts).bit_length() - 1, max(counts).bit_length() - 1
    bounds = [1 << power for power in range(first, min(last, first + most - 1) + 1)]
    rest = sum(count for bound, count in counts.items() if bound >= bounds[-1])
    last_name = "more" if max(counts) > bounds[-1] else short(bounds[-1])
    return [*((short(bound), counts.get(bound, 0)) for bound in bounds[:-1]), (last_name, rest)]


def short(value: int) -> str:
    """`950`, `1,431`, `2k`, `48k`: powers of two in a kilo of 1,024."""
    if value < 1024:
        return str(value)
    return f"{value // 1024}k" if value % 1024 == 0 else f"{value:,}"


def bar(shares: Sequence[tuple[str, int]], most: int, label: str) -> Markup:
    """A lying bar of parts (class, count), as long as their sum is of `most`."""
    parts, x = [], 0.0
    for class_, count in shares:
        width = 100 * count / most if most else 0
        if width:
            parts.append(
                tag("rect", x=f"{x:.2f}", y=0, width=f"{max(width, 0.4):.2f}", height=10, class_=f"part {class_}")
            )
            x += width
    size = {"viewBox": "0 0 100 10", "preserveAspectRatio": "none"}
    return tag("svg", tag("title", label), parts, role="img", class_="lying", **size)
