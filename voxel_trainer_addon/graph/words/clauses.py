# SPDX-License-Identifier: GPL-3.0-or-later
"""What a technique asks of a tree: small predicates over named roles, which also find the nodes that play them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..model import Value
from .view import CARRIERS, View

Cast = Mapping[str, str]
"""Role → name of the node that plays it."""

Kinds = Mapping[str, frozenset[str]]
"""Role → the node types that may play it."""


class Clause(Protocol):
    """A condition on roles. `casts` yields, for a cast so far, each larger cast that meets it, with the nodes passed
    through; with every role cast it is a plain test."""

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]: ...


def candidates(view: View, kinds: Kinds, cast: Cast, role: str) -> Iterator[str]:
    """Who may play a role: the one who plays it already, if the node fits, else all that fit."""
    for name in [cast[role]] if role in cast else view.of(kinds[role]):
        node = view.nodes.get(name)
        if node is not None and node.type in kinds[role] and name in view.live and view.works(node):
            yield name


@dataclass(frozen=True)
class Feeds(Clause):
    """`source` (`role` or `role.Output`, alternatives by `|`) comes into `target` (`role.Input`), directly or through
    nodes that shape a value; `near` asks for a direct wire."""

    source: str
    target: str
    near: bool = False

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        giver, _, output = self.source.partition(".")
        taker, _, socket = self.target.partition(".")
        for target in candidates(view, kinds, cast, taker):
            for (name, out), path in view.reach(target, socket or "*").items():
                fits = view.nodes[name].type in kinds[giver] and cast.get(giver, name) == name
                if fits and (not output or out in output.split("|")) and not (self.near and path):
                    yield {**cast, taker: target, giver: name}, path


@dataclass(frozen=True)
class Holds(Clause):
    """A node plays the role and one of its settings, or an input that nothing feeds, has such a value: `role.name`
    (`role.type|Type`: whichever the version has), with a test of the value. `or_fed`: an input that something feeds
    will do too."""

    place: str
    test: Callable[[Value], bool]
    or_fed: bool = False

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        role, _, names = self.place.partition(".")
        for name in candidates(view, kinds, cast, role):
            fed = self.or_fed and bool(view.sources(name, names))
            if fed or any(self.test(value) for value in stored(view, name, names)):
                yield {**cast, role: name}, ()


def stored(view: View, name: str, names: str) -> Iterator[Value]:
    """The values in force under these names: settings, and inputs that nothing feeds."""
    for place in names.split("|"):
        if place in view.nodes[name].settings:
            yield view.nodes[name].settings[place]
        socket = view.free(name, place)
        if socket is not None and socket.value is not None:
            yield socket.value


@dataclass(frozen=True)
class There(Clause):
    """A node plays the role and leads to an output."""

    role: str

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        for name in candidates(view, kinds, cast, self.role):
            yield {**cast, self.role: name}, ()


@dataclass(frozen=True)
class Only(Clause):
    """Nothing else is at work than carriers, between the group's inputs and outputs."""

    role: str

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        around = ("NodeGroupInput", "NodeGroupOutput")
        if all(view.nodes[name].type in CARRIERS for name in view.live if view.nodes[name].type not in around):
            yield from There(self.role).casts(view, kinds, cast)


@dataclass(frozen=True)
class Two(Clause):
    """Two roles are played by two nodes, the one earlier in the flow as `one`."""

    one: str
    other: str

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        order = list(view.nodes)
        if order.index(cast[self.one]) < order.index(cast[self.other]):
            yield cast, ()


@dataclass(frozen=True)
class Apart(Clause):
    """Two roles are played by two nodes that come in by different inputs of a third."""

    one: str
    other: str
    where: str

    def casts(self, view: View, kinds: Kinds, cast: Cast) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        for target in candidates(view, kinds, cast, self.where):
            sides: dict[int, list[str]] = {}
            for wire in view.into[target]:
                sides.setdefault(wire.input, []).append(wire.source)
                if view.nodes[wire.source].type in CARRIERS:
                    sides[wire.input] += [name for name, _ in view.reach(wire.source, "*")]
            for a, first in sides.items():
                for b, second in sides.items():
                    yield from self._pairs(view, kinds, cast, target, (a, first), (b, second))

    def _pairs(
        self, view: View, kinds: Kinds, cast: Cast, target: str, a: tuple[int, list[str]], b: tuple[int, list[str]]
    ) -> Iterator[tuple[Cast, tuple[str, ...]]]:
        if a[0] >= b[0]:
            return
        for x in dict.fromkeys(a[1]):
            for y in dict.fromkeys(b[1]):
                fits = view.nodes[x].type in kinds[self.one] and view.nodes[y].type in kinds[self.other]
                if fits and x != y and cast.get(self.one, x) == x and cast.get(self.other, y) == y:
                    yield {**cast, self.one: x, self.other: y, self.where: target}, ()
