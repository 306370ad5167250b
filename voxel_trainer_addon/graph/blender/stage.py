# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps performed on live data, and a closed loop that makes a struct what it should be and keeps what it did."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import bpy

from ..model import Value
from ..sparse import collection_calls, item_step
from ..steps import (
    KINDS,
    OWN_TREE,
    TREE,
    At,
    Call,
    Fetch,
    Find,
    Join,
    PathOf,
    Place,
    Put,
    Set,
    Step,
    Waste,
    data,
    is_reference,
)
from . import items
from .custom import custom
from .rna import fields

ROUNDS = 3
"""One property opens another (a mode its sockets, a link its menu), never a longer chain than this."""


REFUSALS = (TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError)
"""What Blender raises when it does not take something."""


class Stage:
    """Performs steps on live data; `things` are the live objects by base."""

    def __init__(self) -> None:
        self.things: dict[str, Any] = {}

    def live(self, place: Place) -> Any:
        thing = self.things.get(place.base) or self.found(place.base)
        for step in place.path:
            thing = thing[step.key] if isinstance(step, At) else getattr(thing, step)
        return thing

    @staticmethod
    def found(base: str) -> Any:
        """The data-block that a base like `data/IMAGE/Rust` names, or what `bpy.ops.object` says."""
        if base.startswith("bpy."):
            return reduce(getattr, base.split(".")[1:], bpy)
        _, kind, name = base.split("/", 2)
        return getattr(bpy.data, KINDS[kind].collection)[name]

    def value(self, value: Value) -> Any:
        """A plain value as Blender takes it."""
        if isinstance(value, Place):
            return self.live(value)
        if isinstance(value, Join):
            return self.live(value.place) + value.text
        if isinstance(value, PathOf):
            return self.live(value.place).path_from_id(*filter(None, [value.name])) + value.text
        if value == OWN_TREE:
            return self.live(TREE)
        if is_reference(value):
            return self.found(data(value["id"], value["name"]).base)
        if isinstance(value, Mapping):
            if "group" in value:
                return {name: self.value(below) for name, below in value["group"].items()}
            if "bytes" in value:
                return bytes.fromhex(value["bytes"])
            return set(value["set"]) if "set" in value else float(value["float"])
        if isinstance(value, list):
            return [self.value(x) for x in value]
        return value

    def perform(self, step: Step) -> None:
        if isinstance(step, Set):
            setattr(self.live(step.place), step.name, self.value(step.value))
        elif isinstance(step, Put):
            self.live(step.place)[step.key] = self.value(step.value)
        elif isinstance(step, Fetch):
            self.things[step.result] = self.live(step.place)
        elif isinstance(step, Find):
            wanted = self.value(step.value)
            self.things[step.result] = next(x for x in self.live(step.place) if getattr(x, step.name) == wanted)
        elif isinstance(step, Waste):
            holder = self.live(step.place)
            for _ in range(step.count):
                holder.remove(getattr(holder, step.name)(*step.args, **step.named))
        elif isinstance(step, Call):
            named, context = (
                {name: self.value(value) for name, value in given.items()} for given in (step.named, step.context)
            )
            override: Any = bpy.context.temp_override(**context) if context else contextlib.nullcontext()
            with override:
                result = getattr(self.live(step.place), step.name)(*map(self.value, step.args), **named)
            if step.result:
                self.things[step.result] = result


class Loop:
    """Brings live structs to wanted values; `steps` holds what was done, in order.

    `late` tells that the links are there: until then what an update would remove is kept. `told` counts the edits of
    collections that the compact form told and that are done; `numbers` are those of the identifiers that the items of
    new collections should have, with the items, for all collections of a node that are counted together.
    """

    def __init__(self) -> None:
        self.stage = Stage()
        self.steps: list[Step] = []
        self.late = False
        self.told: Counter[Place] = Counter()
        self.numbers: dict[Place, dict[str, tuple[list[int], list[Any]]]] = {}

    def do(self, step: Step) -> Any:
        """Perform and record."""
        self.stage.perform(step)
        self.steps.append(step)
        return self.stage.things.get(step.result) if isinstance(step, Call | Fetch | Find) and step.result else None

    def tried(self, step: Step) -> bool:
        """Perform and record, unless Blender refuses."""
        try:
            self.do(step)
        except REFUSALS:
            return False
        return True

    def set(self, place: Place, struct: Any, name: str, want: Value, read: Any) -> bool:
        """Assign where it differs; recorded only if it made a difference."""
        have = read(getattr(struct, name))
        if have == want or (want == "" and struct.bl_rna.properties[name].type == "ENUM"):
            return False
        try:
            setattr(struct, name, self.stage.value(want))
        except REFUSALS:
            return False
        if read(getattr(struct, name)) == have:
            return False
        self.steps.append(Set(place, name, want))
        return True

    def fit(self, place: Place, struct: Any, want: Mapping[str, Value]) -> bool:
        """Assign what differs, nested structs and item collections too, until nothing changes any more."""
        changed = False
        for _ in range(ROUNDS):
            before = len(self.steps)
            for name, read in fields(struct):
                if name not in want or (name == "auto_remove" and not self.late):
                    continue
                if name == "is_active_output" and not want[name]:  # another one's being active says it
                    continue
                wanted = want[name]
                if _is_struct(wanted):
                    below = getattr(struct, name)
                    if below is None and self.make_struct(place, name):
                        below = getattr(struct, name)
                    if isinstance(below, bpy.types.bpy_prop_collection):
                        self.told_collection(place / name, below, wanted)
                    elif below is not None:
                        self.nested(place / name, below, wanted)
                elif isinstance(wanted, list) and (not wanted or _is_struct(wanted[0])):
                    self.collection(place / name, getattr(struct, name), wanted)
                else:
                    self.set(place, struct, name, wanted, read)
            if len(self.steps) == before:
                break
            changed = True
        return changed

    def custom(self, place: Place, struct: Any, layout: Mapping[str, Value]) -> None:
        """Bring the custom properties to those of the layout."""
        have = custom(struct)
        for name, want in layout.get("custom", {}).items():
            if have.get(name) != want:
                with contextlib.suppress(TypeError, ValueError, KeyError, OverflowError):
                    self.do(Put(place, name, want))

    def nested(self, place: Place, struct: Any, want: Mapping[str, Value]) -> None:
        changed = self.fit(place, struct, want)
        if changed and isinstance(struct, bpy.types.CurveMapping):
            self.do(Call(place, "update"))
            if self.fit(place, struct, want):
                self.unselect(place, struct)
                self.do(Call(place, "update"))

    def unselect(self, place: Place, mapping: Any) -> None:
        """Unselect all points of curves: `update` moves selected ones, as new ones are, into the clipping range."""
        for n, curve in enumerate(mapping.curves):
            for m, point in enumerate(curve.points):
                if point.select:
                    self.do(Set(place / "curves" / At(n) / "points" / At(m), "select", False))

    def make_struct(self, place: Place, name: str) -> bool:
        """Make a nested struct that is not there, where there is a way."""
        return name in items.MADE_BY and self.tried(Set(place, *items.MADE_BY[name]))

    def new_item(self, place: Place, live: Any, item: Mapping[str, Value]) -> Step | None:
        """What adds such an item to a collection; None where there is no way."""
        args = items.arguments(live, item)
        return None if args is None else Call(place, "new", args)

    def old_item(self, place: Place, live: Any) -> Step:
        """What removes the last item of a collection."""
        return Call(place, "remove", (place / At(len(live) - 1),))

    def collection(self, place: Place, live: Any, want: list[Any]) -> None:
        """Bring a collection to the wanted number of items, then each item to its values."""
        if together := self.numbers.get(place):
            owner = Place(place.base)
            self.numbers.update({owner / name: {} for name in together})
            self.numbered(owner, together)
        while len(live) > len(want):
            before = len(live)
            if not self.tried(self.old_item(place, live)) or len(live) >= before:
                break
        while len(live) < len(want):
            before = len(live)
            step = self.new_item(place, live, want[before])
            if step is None or not self.tried(step) or len(live) <= before:
                break
            self.keep_last(place, live)
        for n, item in enumerate(want[: len(live)]):
            self.fit(place / At(n), live[n], item)

    def numbered(self, node: Place, together: Mapping[str, tuple[list[int], list[Any]]]) -> None:
        """Make items whose identifiers have these numbers: Blender counts on, and those of the removed stay away."""
        live = {name: getattr(self.stage.live(node), name) for name in together}
        count = sum(len(held) for held in live.values())
        made: dict[str, list[int]] = {}
        for name, (numbers, _) in together.items():
            there = range(len(live[name]))
            for n in reversed(there):
                if n not in numbers:
                    self.do(Call(node / name, "remove", (node / name / At(n),)))
            made[name] = [numbers.index(n) for n in there if n in numbers]
        todo = [(number, name, n) for name, (numbers, _) in together.items() for n, number in enumerate(numbers)]
        for number, name, n in sorted(todo):
            if n in made[name]:
                continue
            args = items.arguments(live[name], together[name][1][n])
            if args is None:
                return
            if number > count:
                self.do(Waste(node / name, "new", args, {}, number - count))
            self.do(Call(node / name, "new", args))
            made[name].append(n)
            count = number + 1
        for name, order in made.items():
            for n in range(len(order)):
                if order[n] != n:
                    self.do(Call(node / name, "move", (order.index(n), n)))
                    order.insert(n, order.pop(order.index(n)))

    def told_collection(self, place: Place, live: Any, want: Mapping[str, Value]) -> None:
        """The same from the compact form, which tells what to do with the collection."""
        for name, args in collection_calls(place, want)[self.told[place] :]:
            try:
                self.do(Call(place, name, args))
            except (TypeError, RuntimeError, ValueError, IndexError):
                return
            self.told[place] += 1
            if name == "new":
                self.keep_last(place, live)
        for index, item in want.items():
            if index.isdigit() and int(index) < len(live):
                self.fit(place / At(int(index)), live[int(index)], item)

    def told_items(self, node: Place, live: Any, rows: Sequence[Sequence[Value]]) -> None:
        """What the compact form tells of a node's items one after the other."""
        for collection, what, *args in rows[self.told[node] :]:
            if not self.tried(item_step(node, collection, what, *args)):
                return
            self.told[node] += 1
            if what == "new":
                self.keep_last(node / collection, getattr(live, collection))

    def keep_last(self, place: Place, live: Any) -> None:
        """Keep an item that the next update would remove, as it is not linked yet."""
        if getattr(live[len(live) - 1], "auto_remove", False):
            self.do(Set(place / At(len(live) - 1), "auto_remove", False))


def _is_struct(value: Value) -> bool:
    return isinstance(value, dict) and not value.keys() & {"id", "set", "float", "thing"}
