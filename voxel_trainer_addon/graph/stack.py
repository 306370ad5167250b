# SPDX-License-Identifier: GPL-3.0-or-later
"""An object's modifiers and constraints as plain frozen data, and how two such stacks differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .canonical import same, show
from .model import Animation, Curve, Value
from .steps import is_reference, references


@dataclass(frozen=True)
class Entry:
    """A modifier or constraint. `inputs` and `outputs` are those of a Geometry Nodes group, in the order of its
    interface: each a socket's name and what the modifier says about it."""

    name: str
    type: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[tuple[str, Value], ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()

    @property
    def group(self) -> str | None:
        """Name of the node group that it runs."""
        used = self.settings.get("node_group")
        return str(used["name"]) if used and is_reference(used) else None


@dataclass(frozen=True)
class Stack:
    """`key` is `objects/<name>`; `kind` is the object's type. `animation` holds what moves a modifier or constraint."""

    key: str
    kind: str
    modifiers: tuple[Entry, ...] = ()
    constraints: tuple[Entry, ...] = ()
    animation: Animation = field(default_factory=Animation)

    @property
    def name(self) -> str:
        return self.key.split("/", 1)[1]

    def references(self) -> list[tuple[str, str]]:
        """(ID type, name) of every data-block that it refers to, each once."""
        curves: list[Curve] = [*self.animation.drivers, *self.animation.keys]
        held = [asdict(entry) for entry in (*self.modifiers, *self.constraints)]
        held += [dict(curve.settings) for curve in curves] + [dict(self.animation.settings)]
        return list(dict.fromkeys(ref for value in held for ref in references(value)))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stack:
        def entries(rows: Any) -> tuple[Entry, ...]:
            sides = ("inputs", "outputs")
            return tuple(Entry(**{**row, **{side: tuple(map(tuple, row[side])) for side in sides}}) for row in rows)

        return cls(
            value["key"],
            value["kind"],
            entries(value["modifiers"]),
            entries(value["constraints"]),
            Animation.from_json(value["animation"]),
        )


def stack_differences(a: Stack, b: Stack) -> list[str]:
    """How `b` differs from `a`, in sentences; empty if they say the same."""
    return list(_differences("", a.as_json(), b.as_json()))


def _differences(where: str, a: Value, b: Value) -> Iterator[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
        for name in a:
            yield from _differences(f"{where}.{name}" if where else name, a[name], b[name])
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b) and not same(a, b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differences(f"{where}[{n}]", x, y)
    elif not same(a, b):
        yield f"{where}: {show(a)} → {show(b)}"
