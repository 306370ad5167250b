# SPDX-License-Identifier: GPL-3.0-or-later
"""A layout that writes down what is drawn, as Blender's own would show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Recorder:
    """Stands in for `UILayout`: `drawn` is a list of what, words, icon; all parts share it."""

    def __init__(self, drawn: list[tuple[str, str, str]] | None = None) -> None:
        self.drawn = [] if drawn is None else drawn
        self.enabled = self.active = True

    def part(self, **_: Any) -> Recorder:
        return Recorder(self.drawn)

    column = row = split = box = part

    def label(self, *, text: str = "", icon: str = "NONE", translate: bool = True) -> None:
        self.drawn.append(("label", text, icon))

    def prop(self, data: Any, name: str, **_: Any) -> None:
        assert hasattr(data, name), name
        self.drawn.append(("prop", name, ""))

    def operator(self, name: str, *, text: str = "", icon: str = "NONE", emboss: bool = True) -> SimpleNamespace:
        self.drawn.append(("operator", name, text))
        return SimpleNamespace()

    def menu(self, name: str, *, text: str = "", icon: str = "NONE") -> None:
        self.drawn.append(("menu", name, text))

    def separator(self) -> None:
        self.drawn.append(("separator", "", ""))

    def template_list(self, kind: str, _: str, data: Any, name: str, at_data: Any, at: str, *, rows: int) -> None:
        assert hasattr(data, name) and hasattr(at_data, at)
        self.drawn.append(("list", kind, ""))

    def template_icon(self, *, icon_value: int, scale: float) -> None:
        self.drawn.append(("picture", str(icon_value), ""))

    def progress(self, *, factor: float, text: str) -> None:
        assert 0 <= factor <= 1
        self.drawn.append(("progress", text, f"{factor:.2f}"))

    def of(self, what: str) -> list[str]:
        """The words of all drawn things of one kind."""
        return [words for kind, words, _ in self.drawn if kind == what]
