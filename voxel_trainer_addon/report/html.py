# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML and SVG from data that nobody trusts: whatever is not `Markup` is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from ..words import harmless


class Markup(str):
    """Text that is markup already. Made by this module's functions and from the report's own constants alone."""

    __slots__ = ()


Content: TypeAlias = "Markup | str | int | float | Iterable[Content] | None"

VOID = frozenset({"meta", "br", "img", "hr", "input"})
"""Elements of HTML without an end. Those of SVG have one."""


def text(value: object) -> Markup:
    """`value` escaped for text and attributes. Control and direction characters go, newlines and tabs stay: names from
    strangers' files must show whole and do nothing."""
    kept = str(value)
    if not kept.isprintable():
        kept = "\n".join("\t".join(map(harmless, line.split("\t"))) for line in kept.split("\n"))
    return Markup(html.escape(kept, quote=True))


def join(*content: Content) -> Markup:
    """All of it, one after the other; None is nothing."""
    parts: list[str] = []
    for one in content:
        if one is None:
            continue
        if isinstance(one, Markup):
            parts.append(one)
        elif isinstance(one, (str, int, float)):
            parts.append(text(one))
        else:
            parts.append(join(*one))
    return Markup("".join(parts))


def tag(element: str, /, *content: Content, **attributes: object) -> Markup:
    """An element. Attributes lose a trailing underscore and turn others into hyphens; None leaves one out, True has no
    value."""
    words = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        words.append(f" {key}" if value is True else f' {key}="{text(value)}"')
    start = f"<{element}{''.join(words)}>"
    return Markup(start) if element in VOID else Markup(f"{start}{join(*content)}</{element}>")
