# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the compact form that are gathered alike everywhere: values, edits of collections, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .model import Value
from .steps import TREE, At, Call, Fetch, PathOf, Place, Set, Step, Waste, data, is_reference

Held = dict[str, Value]
Way = tuple[str | At, ...]

EDITS = ("clear", "remove", "new", "insert", "add")
"""What is done to a collection, in the order in which the form tells it."""
EXACT = 2**24
"""Below it, single precision holds every whole number."""


class NotTold(ValueError):
    """The compact form has no words for it; the sentence says for what."""


def not_told(step: Step) -> NotTold:
    what = getattr(step, "name", type(step).__name__)
    return NotTold(f"the compact form has no words for “{what}” of {step.place.base}.")


def plain(value: Value) -> Value:
    """A value as JSON; whole numbers have no point, as in code."""
    if isinstance(value, list | tuple):
        return [plain(x) for x in value]
    if isinstance(value, Mapping):
        return {key: plain(x) for key, x in value.items()}
    if isinstance(value, float):
        return int(value) if _is_whole(value) else value
    if value is None or isinstance(value, str | int):
        return value
    raise NotTold("a value points to something that has no words.")


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) < EXACT and math.copysign(1, value) == (1 if value >= 0 else -1)


def put(held: Any, way: Way, step: Set | Call) -> None:
    """Put one assignment, or one edit of a collection, at its place below `held`."""
    for part in way:
        held = held.setdefault(str(part.key) if isinstance(part, At) else part, {})
        if not isinstance(held, dict) or is_reference(held):
            raise NotTold("a part of something is set that has no parts.")
    if isinstance(step, Set):
        held[step.name] = plain(step.value)
        return
    later = EDITS[EDITS.index(step.name) + 1 :]
    if any(name in held for name in later):
        raise NotTold(f"a collection is changed in an order that has no words: “{step.name}” comes too late.")
    name, *args = edit(step)
    if name == "clear":
        held[name] = True
    else:
        held.setdefault(name, []).append(args[0] if name == "remove" else args)


def edit(step: Call | Waste) -> list[Value]:
    """What is done to a collection as a list: the method, then its arguments. `skip` makes items and removes them."""
    if isinstance(step, Waste):
        return ["skip", step.count, *plain(step.args)]
    if step.name != "remove":
        return [step.name, *plain(step.args)]
    (item,) = step.args
    way = item.path[-1:] if isinstance(item, Place) and item.path[:-1] == step.place.path else ()
    if not way or not isinstance(way[0], At):
        raise NotTold("an item is removed that does not belong to the collection.")
    return ["remove", way[0].key]


class Curves:
    """Gathers the steps that make drivers and keyframes. Their bases have passing names: each means what was made
    last, which is somewhere below the settings of a curve."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.drivers: list[Held] = []
        self.keys: list[Held] = []
        self.settings: Held = {}
        self.at: dict[str, tuple[Held, Way]] = {"animation": (self.settings, ())}

    def told(self) -> Held:
        """`drivers`, `keys` and `settings`, as far as they are there."""
        rows = {"drivers": self.drivers, "keys": self.keys}
        told: Held = {kind: [{k: v for k, v in row.items() if v} for row in held] for kind, held in rows.items()}
        return {key: value for key, value in {**told, "settings": self.settings}.items() if value}

    def takes(self, step: Step) -> bool:
        """Whether a step makes or changes a curve."""
        if isinstance(step, Call) and step.name in ("driver_add", "animation_data_create"):
            return True
        action = step.place.base.startswith("data/ACTION/") and isinstance(step, Call)
        return action or step.place.base in self.at

    def take(self, step: Step) -> None:
        """Keep it. Raises NotTold."""
        if isinstance(step, Call) and step.name == "driver_add":
            self.begin(self.drivers, PathOf(step.place, step.args[0]), *step.args[1:])
        elif isinstance(step, Call) and step.place == Place("animation", ("drivers",)):
            self.begin(self.drivers, step.args[0], step.named.get("index", 0))
        elif isinstance(step, Call) and step.place.base.startswith("data/"):
            self.check_action(step.place)
            self.begin(self.keys, step.args[-1], step.named.get("index", 0))
        elif not (isinstance(step, Call) and step.name == "animation_data_create"):
            self.change(step)

    def begin(self, curves: list[Held], way: Value, index: Value = 0) -> None:
        """A new curve. `way` is how code gets at its data path: by the property that it moves, or spelled out."""
        if isinstance(way, PathOf) and way.name and not way.text:
            told: Held = {"node": self.node(way.place), "property": spelled(way.place.path, way.name)}
        elif isinstance(way, PathOf) and not way.name and not way.place.path:
            told = {"node": self.node(way.place), "path": way.text.removeprefix(".")}
        elif isinstance(way, str):
            told = {"path": way}
        else:
            raise NotTold("the data path of a curve is put together in a way that has no words.")
        if not isinstance(index, int) or index < 0:
            raise NotTold("the index of a curve is no number from 0 on.")
        settings: Held = {}
        curves.append({**told, "index": index, "settings": settings})
        self.at["curve"] = (settings, ())

    def check_action(self, place: Place) -> None:
        used = self.settings.get("action") or {}
        if not is_reference(used) or place.base != data(used["id"], used["name"]).base:
            raise NotTold("a curve is made in an action that the tree does not use.")

    def node(self, place: Place) -> str | None:
        return None if place.base == TREE.base else self.names[place.base]

    def change(self, step: Step) -> None:
        held, above = self.at[step.place.base]
        way = (*above, *step.place.path)
        if isinstance(step, Fetch):
            self.at[step.result] = (held, way)
        elif isinstance(step, Set) or (isinstance(step, Call) and step.name in EDITS):
            put(held, way, step)
        else:
            raise not_told(step)
        if isinstance(step, Call) and step.result:
            rows: Any = held
            for part in way:
                rows = rows[str(part.key) if isinstance(part, At) else part]
            self.at[step.result] = (held, (*way, At(len(rows["new"]) - 1)))


def spelled(way: Way, name: str) -> str:
    """A property as code finds it: `inputs["Fac"].default_value`."""
    parts = [f".{part}" if isinstance(part, str) else _key(part.key) for part in (*way, name)]
    return "".join(f"[{part[2:]}" if part.startswith(".[") else part for part in parts).removeprefix(".")


def _key(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
