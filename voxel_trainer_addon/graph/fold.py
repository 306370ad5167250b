# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps in a row that repeat themselves, told as a loop: what is done, and in which order, stays the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .model import Value
from .steps import TREE, At, Call, Place, Set, Step

LEAST = 3
"""Rows of one statement that are worth a loop; two, where a row takes several statements."""
LEAST_LINKS = 4
"""Rows of links that differ at both ends: fewer are easier to read one by one."""
WHOLE = "source"
"""Slot for a link's whole start, used where its node and its socket both differ from row to row."""
MOST_NAMES = 4
"""Variables of a loop that a reader can follow; two, where they are the ends of links."""


class Slot(str):
    """The name of a loop's variable, standing where a step has a key or a value."""


@dataclass(frozen=True)
class Loop:
    """`for names in rows: steps`. The steps hold slots of these names, or places with the base `loop/<name>`."""

    names: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    steps: tuple[Step, ...]

    @property
    def length(self) -> int:
        """How many steps it stands for."""
        return len(self.rows) * len(self.steps)


Slots = Mapping[str, Value]


@dataclass(frozen=True)
class _Row:
    """What one pass of a loop would do: `make` gives the steps with these slots; rows of one loop are `like`."""

    like: tuple[Value, ...]
    slots: Slots
    make: Callable[[Slots], tuple[Step, ...]]
    length: int = 1


def loop_at(steps: Sequence[Step], start: int, alone: frozenset[str]) -> Loop | None:
    """The longest loop that begins there, if one is worth it. `alone`: items of the interface that only the steps
    right behind them use."""
    rows: list[_Row] = []
    names: dict[str, str] = {}
    seen = _Seen()
    while (row := _row(steps, start, alone)) is not None and (not rows or row.like == rows[0].like):
        wider = seen.names(row)
        if len(set(wider.values())) > (2 if row.like[0] == "link" else MOST_NAMES):
            break
        if WHOLE in wider and any(row.slots[WHOLE] == before.slots[WHOLE] for before in rows):
            break  # a reroute's first link may replace its sockets, and a loop would still hold the old one
        rows.append(row)
        names = wider
        start += row.length
    shown = tuple(dict.fromkeys(names.values()))
    if not rows or not shown or len(rows) < _least(rows[0], len(shown)):
        return None
    values = tuple(tuple(row.slots[next(s for s in names if names[s] == name)] for name in shown) for row in rows)
    first = rows[0]
    slots = {slot: _slot(value, names[slot]) if slot in names else value for slot, value in first.slots.items()}
    return Loop(shown, values, first.make(slots))


def _least(row: _Row, names: int) -> int:
    """How many rows like this one, with so many variables, a loop must have."""
    if row.like[0] == "link" and names > 1:
        return LEAST_LINKS
    return LEAST if row.length == 1 else 2


def _slot(value: Value, name: str) -> Value:
    return Place(f"loop/{name}") if isinstance(value, Place) else Slot(name)


class _Seen:
    """The rows so far: which of their slots differ, and of which types the keys of sockets are."""

    def __init__(self) -> None:
        self.first: Slots = {}
        self.differ: set[str] = set()
        self.types: dict[str, set[type]] = {"output": set(), "input": set()}
        self.same = True

    def names(self, row: _Row) -> dict[str, str]:
        """Take one more row in. Slot → variable, for the slots that are not the same in all rows."""
        slots = row.slots
        self.first = self.first or slots
        self.differ |= {s for s, value in self.first.items() if s not in self.differ and _differ(slots[s], value)}
        self.same = self.same and slots.get("output") == slots.get("input")
        for key, held in self.types.items():
            held.add(type(slots.get(key)))
        names = {s: s for s in self.first if s in self.differ}
        names.pop(WHOLE, None)
        if {"node", "output"} <= names.keys() and not (self.same and "input" in names):
            del names["node"], names["output"]
            names[WHOLE] = WHOLE
        keys = [s for s in names if s in ("output", "input")]
        if len(keys) == 2 and self.same:
            names |= dict.fromkeys(keys, "name")
        elif len(keys) == 1:
            held = self.types[keys[0]]
            names[keys[0]] = "name" if held == {str} else "index" if held == {int} else "socket"
        elif keys:
            names |= {"output": "from_key", "input": "to_key"}
        return names


def _differ(a: Value, b: Value) -> bool:
    if type(a) is not type(b):
        return True
    return bool(a != b) if isinstance(a, str | Place) else repr(a) != repr(b)  # 0.0 is not -0.0, nor [1] [True]


# What can repeat itself


def _row(steps: Sequence[Step], start: int, alone: frozenset[str]) -> _Row | None:
    if start >= len(steps):
        return None
    step = steps[start]
    if isinstance(step, Call):
        if step.place == TREE / "links" and step.name == "new" and not step.result:
            return _link(*step.args)
        if step.place == TREE / "interface" and step.name == "new_socket" and step.result in alone:
            return _socket(step, steps, start)
        if step.name == "new" and step.place.base.startswith("node/"):
            return _new(step)
    elif isinstance(step, Set) and step.place.path and isinstance(step.place.path[-1], At):
        return _value(step) if step.name == "default_value" else _item(step, steps, start)
    return None


def _link(start: Place, end: Place) -> _Row:
    (_, output), (_, entry) = start.path, end.path
    assert isinstance(output, At) and isinstance(entry, At)

    def make(slots: Slots) -> tuple[Step, ...]:
        source = slots[WHOLE]
        if source is start:
            source = slots["node"] / "outputs" / At(slots["output"])
        return (Call(TREE / "links", "new", (source, Place(end.base) / "inputs" / At(slots["input"]))),)

    slots = {WHOLE: start, "node": Place(start.base), "output": output.key, "input": entry.key}
    return _Row(("link", end.base), slots, make)


def _value(step: Set) -> _Row:
    key = step.place.path[-1]
    above = Place(step.place.base, step.place.path[:-1])
    assert isinstance(key, At)

    def make(slots: Slots) -> tuple[Step, ...]:
        return (Set(above / At(slots["input"]), "default_value", slots["value"]),)

    return _Row(("value", above), {"input": key.key, "value": step.value}, make)


def _item(step: Set, steps: Sequence[Step], start: int) -> _Row | None:
    """All that is set of one item of a collection: a stop of a ramp, a point of a curve."""
    key = step.place.path[-1]
    above = Place(step.place.base, step.place.path[:-1])
    if not isinstance(key, At) or not isinstance(key.key, int) or not step.place.base.startswith("node/"):
        return None
    sets = _sets(steps, start, step.place)
    names = tuple(one.name for one in sets)
    if len({*names, "index"}) <= len(names):
        return None

    def make(slots: Slots) -> tuple[Step, ...]:
        return tuple(Set(above / At(slots["index"]), name, slots[name]) for name in names)

    return _Row(("item", above, names), {"index": key.key, **{s.name: s.value for s in sets}}, make, len(sets))


def _new(step: Call) -> _Row | None:
    if step.named or not step.args or len(step.args) > 2 or any(isinstance(arg, Place) for arg in step.args):
        return None
    only = "name" if isinstance(step.args[0], str) else "position"
    names = (only,) if len(step.args) == 1 else ("kind", "name") if isinstance(step.args[1], str) else ("x", "y")

    def make(slots: Slots) -> tuple[Step, ...]:
        return (Call(step.place, "new", tuple(slots[name] for name in names)),)

    return _Row(("new", step.place, names), dict(zip(names, step.args, strict=True)), make)


def _socket(step: Call, steps: Sequence[Step], start: int) -> _Row:
    sets = _sets(steps, start + 1, Place(step.result))
    names = tuple(one.name for one in sets)

    def make(slots: Slots) -> tuple[Step, ...]:
        made = Call(step.place, "new_socket", (slots["name"],), step.named, step.result)
        return (made, *(Set(Place(step.result), name, slots[name]) for name in names))

    slots = {"name": step.args[0], **{one.name: one.value for one in sets}}
    return _Row(("socket", repr(step.named), names), slots, make, 1 + len(sets))


def _sets(steps: Sequence[Step], start: int, place: Place) -> list[Set]:
    found: list[Set] = []
    while start < len(steps) and isinstance(step := steps[start], Set) and step.place == place:
        if any(step.name == one.name for one in found):
            break
        found.append(step)
        start += 1
    return found
