# SPDX-License-Identifier: GPL-3.0-or-later
"""Two trees as a short list of edits that turn one into the other.

Told is what means something (as in `canonical`), drivers and keyframes too: frames, places and colours are not, nor
values that a link overrides.
Nodes are paired by name and by what they are; of both ways the one with fewer edits counts.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from typing import Any

from .canonical import DERIVED, Form, mapping
from .edits import Edit, curves_of, socket_key, socket_words, told_link
from .flow import FRAME, REROUTE, fed_inputs
from .model import Graph, Item, Node, Value

SOCKET = ("identifier", "name", "type", "available")


def diff(a: Graph, b: Graph, *, names: bool = False) -> list[Edit]:
    """Edits that make `b` of `a`, in the order in which they apply; none exactly if both mean the same but for
    settings that mean nothing. With `names`, nodes get the names of `b` too."""
    return paired(a, b, names=names)[1]


def paired(a: Graph, b: Graph, *, names: bool = False) -> tuple[dict[str, str], list[Edit]]:
    """Which nodes of `a` are which of `b`, and the edits of `diff`."""
    by_likeness = mapping(Form(a), Form(b))
    types = {node.name: node.type for node in b.nodes}
    by_name = {n.name: n.name for n in a.nodes if n.type != FRAME and types.get(n.name) == n.type}
    taken = set(by_name.values())
    left = {x: y for x, y in by_likeness.items() if x not in by_name and y not in taken}
    ways = [(pairs, list(_Diff(a, b, pairs, names).edits())) for pairs in (by_name | left, by_likeness)]
    return min(ways, key=lambda way: len(way[1]))


def diff_of(a: Graph, b: Graph, pairs: Mapping[str, str]) -> list[Edit]:
    """The edits of `diff` where it is known which nodes of `a` are which of `b`."""
    return list(_Diff(a, b, pairs, False).edits())


class _Diff:
    def __init__(self, a: Graph, b: Graph, pairs: Mapping[str, str], names: bool) -> None:
        b = called_alike(a, b, pairs)
        self.nodes_a = {node.name: node for node in a.nodes}
        self.a, self.b, self.pairs, self.names = a, b, pairs, names
        self.nodes_b = {node.name: node for node in b.nodes if node.type != FRAME}
        self.fed = fed_inputs(b)
        back = {y: x for x, y in pairs.items()}
        taken = set(self.nodes_a)
        for name in self.nodes_b:
            if name not in back:
                back[name] = _free(name, taken)
                taken.add(back[name])
        self.here = back  # node of b → what it is called while the edits apply

    def edits(self) -> Iterator[Edit]:
        yield from self.interface()
        yield from _settings({}, self.a.settings, self.b.settings)
        unlinks, links = self.links()
        yield from unlinks
        for name, node in self.nodes_a.items():
            if node.type != FRAME and name not in self.pairs:
                yield Edit("remove node", {"node": name, "type": node.type})
        paired = set(self.pairs.values())
        for name, node in self.nodes_b.items():
            if name not in paired:
                sockets = {"inputs": list(map(asdict, node.inputs)), "outputs": list(map(asdict, node.outputs))}
                yield Edit("add node", {**vars(node), **sockets, "name": self.here[name], "pair": None})
        for name, other in self.pairs.items():
            yield from self.node(self.nodes_a[name], self.nodes_b[other])
        for name, node in self.nodes_b.items():
            before = self.nodes_a[self.here[name]].pair if name in paired else None
            to = self.here.get(node.pair) if node.pair else None
            if (before if before in self.pairs else None) != to:
                yield Edit("pair", {"node": self.here[name], "to": to})
        yield from links
        yield from self.animation()
        for name, here in self.here.items() if self.names else ():
            if name != here:
                yield Edit("rename node", {"node": here, "to": name})

    def node(self, x: Node, y: Node) -> Iterator[Edit]:
        derived = DERIVED.get(x.type, ())
        ours, theirs = ({k: v for k, v in node.settings.items() if k not in derived} for node in (x, y))
        yield from _settings({"node": x.name}, ours, theirs)
        if x.type == REROUTE and [s.available for s in x.inputs] == [s.available for s in y.inputs]:
            return  # all else of its sockets follows from its links
        for side in ("inputs", "outputs"):
            before, after = getattr(x, side), getattr(y, side)
            shapes = [[{key: getattr(s, key) for key in SOCKET} for s in sockets] for sockets in (before, after)]
            if shapes[0] != shapes[1]:
                names = ", ".join(s.name for s in after if s.available and s.name)
                yield Edit("sockets", {"node": x.name, "side": side, "sockets": shapes[1], "names": names})
            values = {socket_key(before, n): socket.value for n, socket in enumerate(before)}
            for n, socket in enumerate(after):
                key = socket_key(after, n)
                told = {"node": x.name, "side": side, "socket": key, "socket_name": socket_words(after, n)}
                counts = socket.available and not (side == "inputs" and (y.name, n) in self.fed)
                if counts and values.get(key) != socket.value:
                    yield Edit("set value", {**told, "old": values.get(key), "new": socket.value})

    def links(self) -> tuple[list[Edit], list[Edit]]:
        """What is unlinked and what is linked, input by input, so that the order of a multi-input comes out right."""
        sides: list[dict[tuple[str, str], list[dict[str, Value]]]] = []
        for graph, name in ((self.a, lambda n: n if n in self.pairs else None), (self.b, self.here.get)):
            into: dict[tuple[str, str], list[dict[str, Value]]] = defaultdict(list)
            nodes = {node.name: node for node in graph.nodes}
            for link in sorted(graph.links, key=lambda link: link.order):
                told = told_link(nodes, link)
                told.update(source=name(link.source), target=name(link.target))
                ends = nodes[link.source].outputs, nodes[link.target].inputs
                told["output_name"] = socket_words(ends[0], link.output)
                told["input_name"] = socket_words(ends[1], link.input)
                if told["source"] is not None and told["target"] is not None:
                    into[told["target"], told["input"]].append(told)
            sides.append(into)
        unlinks, links = [], []
        for place in sides[0].keys() | sides[1].keys():
            before, after = (side.get(place, []) for side in sides)
            same = SequenceMatcher(None, [_key(x) for x in before], [_key(x) for x in after], autojunk=False)
            for _, start, stop, there, until in [c for c in same.get_opcodes() if c[0] != "equal"]:
                unlinks += [Edit("unlink", link) for link in before[start:stop]]
                new = enumerate(after[there:until], there)
                links += [Edit("link", {**link, "at": n, "how": ", muted" if link["muted"] else ""}) for n, link in new]
        return sorted(unlinks, key=_link_order), sorted(links, key=_link_order)

    def animation(self) -> Iterator[Edit]:
        """Drivers and keyframes by what they move; those of a node that goes away go with it."""
        a, b = self.a.animation, self.b.animation
        if not a.settings and b.settings:
            yield Edit("add animation", {"settings": dict(b.settings)})
        elif a.settings and not b.settings:
            yield Edit("remove animation", {})
        for edit in _settings({}, a.settings, b.settings) if a.settings and b.settings else ():
            yield Edit(f"{edit.do} animation", edit.what)
        same = {name: name for name in self.pairs}
        for kind, ours, theirs in (("driver", a.drivers, b.drivers), ("keys", a.keys, b.keys)):
            before, after = curves_of(ours, same), curves_of(theirs, self.here)
            for place in {**before, **after}:
                owner = dict(zip(("node", "property", "index"), place, strict=True))
                if place not in after:
                    yield Edit(f"remove {kind}", owner)
                elif place not in before:
                    yield Edit(f"add {kind}", {**owner, "settings": dict(after[place])})
                else:
                    yield from _curve(kind, owner, before[place], after[place])

    def interface(self) -> Iterator[Edit]:
        a, b = self.a.interface, self.b.interface
        final: list[int | None] = list(range(len(a)))  # places of old items once others have come and gone
        for what, start, stop, there, until in reversed(_item_codes(a, b)):
            if what == "rename":
                for n, m in zip(range(start, stop), range(there, until), strict=True):
                    yield Edit("rename item", {"at": n, "name": a[n].name, "to": b[m].name})
            elif what != "equal":
                for n in reversed(range(start, stop)):
                    yield Edit("remove item", {"at": n, "name": a[n].name})
                    del final[n]
                for n, m in enumerate(range(there, until)):
                    told = {"at": start + n, "name": b[m].name, "kind": b[m].kind, "settings": dict(b[m].settings)}
                    yield Edit("add item", told)
                    final.insert(start + n, None)
        places = {old: n for n, old in enumerate(final)}
        for n, (old, want) in enumerate(zip(final, b, strict=True)):
            item = None if old is None else a[old]
            parent = None if item is None or item.parent is None else places.get(item.parent)
            if parent != want.parent:
                yield Edit("move item", {"at": n, "name": want.name, "parent": want.parent})
            if item is not None:
                for edit in _settings({}, item.settings, want.settings):
                    yield Edit(f"{edit.do} item", {"at": n, "name": want.name, **edit.what})


def kept_items(a: Sequence[Item], b: Sequence[Item]) -> dict[int, int]:
    """Places of the interface items of `a` that stay → their places in `b`; some have another name there."""
    codes = [code for code in _item_codes(a, b) if code[0] in ("equal", "rename")]
    return {n: m for _, start, stop, there, _ in codes for n, m in zip(range(start, stop), itertools.count(there))}


def _item_codes(a: Sequence[Item], b: Sequence[Item]) -> list[tuple[str, int, int, int, int]]:
    """How the items of `a` become those of `b`, as SequenceMatcher says it; `rename` where the kinds stay."""
    before, after = ([(item.kind, item.name) for item in items] for items in (a, b))
    codes: list[tuple[str, int, int, int, int]] = []
    for what, start, stop, there, until in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        alike = [kind for kind, _ in before[start:stop]] == [kind for kind, _ in after[there:until]]
        codes.append(("rename" if what == "replace" and alike else what, start, stop, there, until))
    return codes


def _settings(owner: dict[str, Value], a: Value, b: Value, path: tuple[str | int, ...] = ()) -> Iterator[Edit]:
    """Differences of settings, as deep as both have the same shape."""
    if a == b and type(a) is type(b):
        return
    inner = all(isinstance(x, Mapping) and not x.keys() & {"id", "set", "float"} for x in (a, b))
    if inner and a.keys() == b.keys():
        for key in a:
            yield from _settings(owner, a[key], b[key], (*path, key))
    elif inner and not path:
        for key in {**a, **b}:
            if key not in b:
                yield Edit("unset", {**owner, "path": [key], "old": a[key]})
            elif key not in a:
                yield Edit("set", {**owner, "path": [key], "old": None, "new": b[key]})
            else:
                yield from _settings(owner, a[key], b[key], (key,))
    elif _rows(a) and _rows(b) and len(a) == len(b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _settings(owner, x, y, (*path, n))
    else:
        yield Edit("set", {**owner, "path": list(path), "old": a, "new": b})


def _curve(kind: str, owner: dict[str, Value], a: Mapping[str, Value], b: Mapping[str, Value]) -> Iterator[Edit]:
    """Differences of a curve's settings; keyframes that come and go are told one by one."""
    points = [side.get("keyframe_points") for side in (a, b)]
    if kind == "keys" and all(map(_rows, points)):
        a, b = ({k: v for k, v in side.items() if k != "keyframe_points"} for side in (a, b))
        yield from _keys(owner, *points)
    for edit in _settings(owner, a, b):
        yield Edit(f"{edit.do} {kind}", edit.what)


def _keys(owner: dict[str, Value], a: Value, b: Value) -> Iterator[Edit]:
    ours, theirs = ([point["co"][0] for point in side] for side in (a, b))
    codes = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    for what, start, stop, there, until in reversed(codes):
        if what != "equal":
            for n in reversed(range(start, stop)):
                yield Edit("remove key", {**owner, "at": n, "points": [a[n]]})
            for n in range(there, until):
                yield Edit("add key", {**owner, "at": start + n - there, "points": [b[n]]})
    for what, start, stop, there, until in codes:
        for n, m in zip(range(start, stop), range(there, until), strict=True) if what == "equal" else ():
            for edit in _settings(owner, a[n], b[m], ("keyframe_points", m)):
                yield Edit(f"{edit.do} keys", edit.what)


def called_alike(a: Graph, b: Graph, pairs: Mapping[str, str]) -> Graph:
    """`b` with the identifiers of `a` for the sockets of nodes that are paired."""
    nodes = {node.name: node for node in a.nodes}
    halves = {y: nodes[x] for x, y in pairs.items()}
    return replace(b, nodes=tuple(_called_alike(node, halves.get(node.name)) for node in b.nodes))


def _called_alike(node: Node, other: Node | None) -> Node:
    """A node with the identifiers that the sockets of its other half have, where they are the same but for these:
    Blender counts identifiers, and they mean nothing."""
    if other is None:
        return node
    sides: dict[str, Any] = {}
    for side in ("inputs", "outputs"):
        mine, theirs = getattr(node, side), getattr(other, side)
        if [s.name for s in mine] == [s.name for s in theirs] and [s.type for s in mine] == [s.type for s in theirs]:
            sides[side] = tuple(replace(s, identifier=t.identifier) for s, t in zip(mine, theirs, strict=True))
    return replace(node, **sides)


def _rows(value: Value) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _key(link: Mapping[str, Value]) -> tuple[Value, ...]:
    return tuple(link[key] for key in ("source", "output", "muted", "valid"))


def _link_order(edit: Edit) -> tuple[str, str, int]:
    return edit.what["target"], edit.what["input"], edit.what.get("at", 0)


def _free(name: str, taken: set[str]) -> str:
    free, n = name, 1
    while free in taken:
        free, n = f"{name}.{n:03}", n + 1
    return free
