# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree is, apart from names, order and places of its nodes: a canonical form, its hash, differences in words.

Nodes are told apart by what they hold and by how they are linked (colour refinement, and a search where that leaves
twins).
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..files import digest
from .flow import FRAME, REROUTE, fed_inputs
from .model import Animation, Graph, Graphs, Item, Link, Node, Socket, Value, closure

OUTSIDE = frozenset(
    {"CompositorNodeRLayers", "CompositorNodeImage", "CompositorNodeCryptomatteV2", "CompositorNodeMovieClip"}
)
"""Nodes whose outputs follow a scene, an image or a clip: only linked ones count, by name."""
DERIVED = {REROUTE: frozenset({"socket_idname"})}
"""Settings that Blender computes from the links."""
TOLERANCE = 1e-6
SEARCH = 100_000
"""Nodes that are looked at, at most, to tell twins apart."""


class Form:
    """One tree prepared for comparison: nodes without frames, what each holds, and how they hang together."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[str, Node] = {node.name: node for node in graph.nodes if node.type != FRAME}
        self.looked_at = graph.animation.looked_at
        self.fed = fed_inputs(graph)
        self.linked_outputs = {(link.source, link.output) for link in graph.links}
        self.content = {name: self._content(node) for name, node in self.nodes.items()}
        self.settings = {**graph.settings, **animated(graph, None)}
        self.links = [
            (link.source, self._output(link), link.target, link.input, link.order, link.muted)
            for link in graph.links
            if link.source in self.nodes and link.target in self.nodes
        ]
        self.edges: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for source, output, target, entry, order, muted in self.links:
            mark = f"{output}>{entry}.{order}{'m' * muted}"
            self.edges[source].append((">" + mark, target))
            self.edges[target].append(("<" + mark, source))
        for node in self.nodes.values():
            if node.pair in self.nodes:
                self.edges[node.name].append(("pair", node.pair))
                self.edges[node.pair].append(("pair of", node.name))

    def _output(self, link: Link) -> int | str:
        source = self.nodes.get(link.source)
        return source.outputs[link.output].name if source and source.type in OUTSIDE else link.output

    def _content(self, node: Node) -> dict[str, Value]:
        """What a node holds, in the terms of this module."""
        settings = {k: v for k, v in node.settings.items() if k != "mute" and k not in DERIVED.get(node.type, ())}
        held: dict[str, Value] = {"type": node.type, **{f".{k}": v for k, v in settings.items()}}
        if node.name in self.looked_at:  # its name is what a driver finds it by
            held["name"] = node.name
        if node.outputs:  # muting what has no output does nothing
            held["mute"] = bool(node.settings.get("mute"))
        held["inputs"] = [self._socket(node, s, (node.name, i) not in self.fed) for i, s in enumerate(node.inputs)]
        if node.type in OUTSIDE:
            names = {s.name for i, s in enumerate(node.outputs) if (node.name, i) in self.linked_outputs}
            held["outputs"] = [[name] for name in sorted(names)]
        else:
            held["outputs"] = [self._socket(node, s, True) for s in node.outputs]
        return held | animated(self.graph, node.name)

    @staticmethod
    def _socket(node: Node, socket: Socket, counts: bool) -> list[Value]:
        if node.type == REROUTE:
            return [socket.available]
        return [socket.name, socket.type, socket.available, socket.value if counts and socket.available else None]


def animated(graph: Graph, node: str | None) -> dict[str, Value]:
    """What moves the properties of a node, or of the tree itself; empty where nothing moves."""
    found: dict[str, Value] = {}
    for kind, curves in (("driver", graph.animation.drivers), ("keys", graph.animation.keys)):
        for curve in curves:
            if curve.node == node:
                found[f"{kind} of {curve.path}[{curve.index}]"] = curve.settings
    if node is None and graph.animation.settings:
        found["animation"] = graph.animation.settings
    return found


def interface_form(items: Sequence[Item]) -> list[dict[str, Value]]:
    """Items in order, those of a panel after it, outputs before inputs: how the two mix has no meaning."""
    below: dict[int | None, list[int]] = defaultdict(list)
    for n, item in enumerate(items):
        below[item.parent].append(n)
    out: list[dict[str, Value]] = []

    def walk(parent: int | None, path: list[str]) -> None:
        for n in sorted(below[parent], key=lambda n: not items[n].kind.startswith("OUTPUT")):
            item = items[n]
            settings = {f".{k}": v for k, v in item.settings.items()}
            out.append({"kind": item.kind, "name": item.name, "panel": path, **settings})
            if item.kind == "PANEL":
                walk(n, [*path, item.name])

    walk(None, [])
    return out


# Refinement

Colours = dict[str, int]


def _ranked(signatures: Sequence[Mapping[str, Any]]) -> list[Colours]:
    """Signatures as small numbers, the same for equal ones in all the trees; their order depends on content alone."""
    rank = {s: n for n, s in enumerate(sorted({s for side in signatures for s in side.values()}))}
    return [{name: rank[s] for name, s in side.items()} for side in signatures]


def _refine(forms: Sequence[Form], colours: list[Colours], rounds: int | None = None) -> list[Colours]:
    """Split classes by their neighbours until none splits any more, or for that many rounds."""
    classes = len({c for side in colours for c in side.values()})
    for _ in itertools.count() if rounds is None else range(rounds):
        signatures = [
            {
                name: (colour, tuple(sorted((mark, side[other]) for mark, other in form.edges[name])))
                for name, colour in side.items()
            }
            for form, side in zip(forms, colours, strict=True)
        ]
        colours = _ranked(signatures)
        now = len({c for side in colours for c in side.values()})
        if now == classes:
            break
        classes = now
    return colours


def _ordered(form: Form) -> list[list[str]]:
    """The nodes in an order that depends on the structure alone, each in a list of its own.

    Where the symmetry is too rich to be searched (no real tree was), twins stay together in one list.
    """
    (colours,) = _ranked([{n: _text(c) for n, c in form.content.items()}])
    try:
        return [[name] for name in _Order(form).arranged(colours)]
    except _TooSymmetric:
        (colours,) = _refine([form], [colours])
        classes: dict[int, list[str]] = defaultdict(list)
        for name, colour in colours.items():
            classes[colour].append(name)
        return [classes[colour] for colour in sorted(classes)]


class _TooSymmetric(Exception):
    """The search for one order would take too long."""


class _Order:
    """Searches the one order of a tree's nodes: twins are told apart by trying each, and the least outcome counts.

    Nodes that are alone in their class split the rest into parts that know nothing of each other; each part is searched
    by itself, and equal parts may stand in either order. What is counted against the budget is the same for all trees
    of one structure, so that they fall back together.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.left = SEARCH

    def arranged(self, colours: Colours) -> list[str]:
        """The nodes that have colours, in order; neighbours without one are the same for all of them."""
        self.left -= len(colours)
        if self.left < 0:
            raise _TooSymmetric
        colours = _settled(self.form, colours)
        count = Counter(colours.values())
        single = sorted((name for name in colours if count[colours[name]] == 1), key=colours.__getitem__)
        parts = [self.part(part) for part in self.parts({n: c for n, c in colours.items() if count[c] > 1})]
        return [*single, *(name for _, order in sorted(parts, key=lambda part: part[0]) for name in order)]

    def parts(self, colours: Colours) -> Iterator[Colours]:
        """The nodes by what hangs together."""
        left = dict(colours)
        while left:
            found, todo = {}, [next(iter(left))]
            while todo:
                name = todo.pop()
                if name in left:
                    found[name] = left.pop(name)
                    todo += [other for _, other in self.form.edges[name]]
            yield found

    def part(self, colours: Colours) -> tuple[tuple[Any, ...], list[str]]:
        """One part's certificate, by which it is compared with others, and its order."""
        count = Counter(colours.values())
        if len(count) == len(colours):
            order = sorted(colours, key=colours.__getitem__)
            return self.certificate(order, colours), order
        chosen = min(colour for colour, many in count.items() if many > 1)
        orders = []
        for name in [name for name, colour in colours.items() if colour == chosen]:
            order = self.arranged({other: 2 * colour + (other == name) for other, colour in colours.items()})
            orders.append((self.certificate(order, colours), order))
        return min(orders, key=lambda found: found[0])

    def certificate(self, order: Sequence[str], colours: Colours) -> tuple[Any, ...]:
        """Colours and links inside, by places in the order: the same for two orders only if the parts are alike."""
        at = {name: n for n, name in enumerate(order)}
        inside = [(at[name], mark, at[other]) for name in order for mark, other in self.form.edges[name] if other in at]
        return tuple(colours[name] for name in order), tuple(sorted(inside))


def _settled(form: Form, colours: Colours) -> Colours:
    """Colours refined among the nodes that have one, until no class splits."""
    while True:
        signatures = {
            name: (colour, tuple(sorted((mark, colours[o]) for mark, o in form.edges[name] if o in colours)))
            for name, colour in colours.items()
        }
        (finer,) = _ranked([signatures])
        if len(set(finer.values())) == len(set(colours.values())):
            return colours
        colours = finer


def _text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def canonical(graph: Graph) -> dict[str, Value]:
    """The canonical form of one tree as JSON values: equal for two trees exactly if they mean the same.

    Links count nodes from 0. Twins of a tree that is too symmetric to be searched share a number: the form is still the
    same for equal trees, but might be for different ones.
    """
    form = Form(graph)
    order = _ordered(form)
    at = {name: n for n, names in enumerate(order) for name in names}
    return {
        "type": graph.type,
        "settings": form.settings,
        "interface": interface_form(graph.interface),
        "nodes": [form.content[name] for names in order for name in names],
        "links": sorted([[at[s], str(o), at[t], i, r, m] for s, o, t, i, r, m in form.links]),
        "pairs": sorted([at[n.name], at[n.pair]] for n in form.nodes.values() if n.pair in at),
    }


def graph_hash(root: str, graphs: Graphs) -> str:
    """SHA-256 of what `root` and every group below it mean. Group names count, the root's does not."""
    trees = closure(graphs[root], graphs)
    kind = root.split("/", 1)[0]
    below = {tree.name: canonical(tree) for tree in trees if tree.key != root}
    return digest({"kind": kind, "tree": canonical(graphs[root]), "groups": below})


def found_by_name(graph: Graph) -> set[str]:
    """Names of the nodes that drivers and keyframes find by them: what is moved or looked at, and twins where a name
    tells which of them is looked at."""
    moving = graph.animation
    names = {curve.node for curve in (*moving.drivers, *moving.keys)} | moving.looked_at
    if moving.looked_at:
        names |= twins(graph)
    return {node.name for node in graph.nodes if node.name in names}


def twins(graph: Graph) -> set[str]:
    """Names of nodes that look like another one from everywhere around them, but for what moves them."""
    form = Form(replace(graph, animation=Animation()))
    (colours,) = _ranked([{n: _text(c) for n, c in form.content.items()}])
    (colours,) = _refine([form], [colours])
    count = Counter(colours.values())
    return {name for name, colour in colours.items() if count[colour] > 1}


def shape_hash(graph: Graph) -> str:
    """SHA-256 of a tree's node types and links alone: trees of one shape differ in values."""
    nodes = {node.name: node for node in graph.nodes if node.type != FRAME}
    links = []
    for link in graph.links:
        a, b = nodes[link.source], nodes[link.target]
        links.append([a.type, a.outputs[link.output].identifier, b.type, b.inputs[link.input].identifier])
    types = sorted(node.type for node in nodes.values())
    return digest([graph.key.split("/", 1)[0], graph.type, types, sorted(links)])


# Differences


def same(a: Value, b: Value) -> bool:
    """Equal values; numbers within single precision."""
    if isinstance(a, float) or isinstance(b, float):
        if not isinstance(a, int | float) or not isinstance(b, int | float):
            return False
        return a == b or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


def value_differences(a: Value, b: Value, equal: Callable[[Value, Value], bool], where: str = "") -> Iterator[str]:
    """Where `b` differs from `a`, as far down as both have the same form, in sentences. `equal` judges values."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in [*a, *(name for name in b if name not in a)]:
            inside = f"{where}.{name}" if where else str(name)
            if name in a and name in b:
                yield from value_differences(a[name], b[name], equal, inside)
            else:
                yield f"{inside}: {'gone' if name in a else 'new'}"
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from value_differences(x, y, equal, f"{where}[{n}]")
    elif not equal(a, b):
        yield f"{where}: {show(a)} → {show(b)}"


def differences(a: Graph, b: Graph, groups_a: Graphs, groups_b: Graphs, limit: int = 20) -> list[str]:
    """How `b` differs from `a`, in at most `limit` sentences, groups below included; empty if they mean the same."""
    out = _tree_differences(a, b)
    for tree in closure(a, groups_a):
        if tree.key == a.key:
            continue
        other = groups_b.get(tree.key)
        if other is None:
            out.append(f"group “{tree.name}”: not there")
        elif not tree.missing:
            out += [f"group “{tree.name}”: {words}" for words in _tree_differences(tree, other)]
        if len(out) >= limit:
            break
    return out[:limit]


def _tree_differences(a: Graph, b: Graph) -> list[str]:
    if a == replace(b, key=a.key, layout=a.layout, missing=a.missing, refused=a.refused):
        return []
    forms = Form(a), Form(b)
    out = _value_differences("tree", {"type": a.type, **forms[0].settings}, {"type": b.type, **forms[1].settings})
    faces = interface_form(a.interface), interface_form(b.interface)
    if len(faces[0]) != len(faces[1]):
        out.append(f"interface: {len(faces[0])} → {len(faces[1])} items")
    for x, y in zip(*faces, strict=False):
        out += _value_differences(f"interface item “{x['name']}”", x, y)
    return out + _mapped_differences(*forms, mapping(*forms))


def mapping(a: Form, b: Form) -> dict[str, str]:
    """Nodes of `a` → nodes of `b`: what is alike in ever wider surroundings first, then along the links, then by type.

    One difference must not keep everything that hangs on it from being matched, so that it can be told in words.
    """
    forms = [a, b]
    mapping: dict[str, str] = {}
    taken: set[str] = set()

    def pair(x: str, y: str) -> None:
        mapping[x] = y
        taken.add(y)
        todo = [(x, y)]
        while todo:  # neighbours that only one link can mean
            x, y = todo.pop()
            near_x, near_y = _neighbours(a, x), _neighbours(b, y)
            for mark, other in near_x.items():
                match = near_y.get(mark)
                if match is None or other in mapping or match in taken:
                    continue
                if a.nodes[other].type == b.nodes[match].type:
                    mapping[other] = match
                    taken.add(match)
                    todo.append((other, match))

    contents = _ranked([{n: _text(c) for n, c in form.content.items()} for form in forms])
    kinds = _ranked([{n: node.type for n, node in form.nodes.items()} for form in forms])
    for start, depth in ((contents, None), (contents, 3), (contents, 1), (contents, 0), (kinds, 2), (kinds, 0)):
        colours = _refine(forms, start, depth)
        while True:
            sides: list[dict[int, list[str]]] = [defaultdict(list), defaultdict(list)]
            for side, colour, done in zip(sides, colours, (mapping.keys(), taken), strict=True):
                for name, c in colour.items():
                    if name not in done:
                        side[c].append(name)
            shared = sorted((c for c in sides[0] if c in sides[1]), key=lambda c: (len(sides[0][c]), c))
            if not shared:
                break
            for c in [c for c in shared if len(sides[0][c]) == len(sides[1][c]) == 1] or shared[:1]:
                x, y = sides[0][c][0], sides[1][c][0]
                if x not in mapping and y not in taken:
                    pair(x, y)
    return mapping


def _neighbours(form: Form, name: str) -> dict[str, str]:
    """The nodes at the other ends of a node's links, where the mark tells the link from all others."""
    marks = Counter(mark for mark, _ in form.edges[name])
    return {mark: other for mark, other in form.edges[name] if marks[mark] == 1}


def _mapped_differences(a: Form, b: Form, mapping: Mapping[str, str]) -> list[str]:
    """Every difference under one mapping of nodes; empty only if the trees are equal."""
    back = set(mapping.values())
    out = [f"node “{n}” ({node.type}) is missing" for n, node in a.nodes.items() if n not in mapping]
    out += [f"node “{n}” ({node.type}) is too many" for n, node in b.nodes.items() if n not in back]
    for x, y in mapping.items():
        out += _value_differences(f"node “{x}”", a.content[x], b.content[y])
        pair = a.nodes[x].pair
        if (None if pair is None else mapping.get(pair)) != b.nodes[y].pair:
            out.append(f"node “{x}” is paired with another node")
    moved = Counter((mapping.get(s, ""), o, mapping.get(t, ""), i, r, m) for s, o, t, i, r, m in a.links)
    there = Counter(b.links)
    for words, extra in (("missing", moved - there), ("too many", there - moved)):
        for source, output, target, entry, *_ in extra:
            out.append(f"link {source}[{output}] → {target}[{entry}] is {words}")
    return out


def _value_differences(where: str, x: Mapping[str, Value], y: Mapping[str, Value]) -> list[str]:
    out = []
    for key in sorted(x.keys() | y.keys()):
        a: Value = x.get(key)
        b: Value = y.get(key)
        if same(a, b):
            continue
        if key in ("inputs", "outputs") and len(a) == len(b):
            out += [
                f"{where}, {key}[{n}]: {show(s)} → {show(t)}"
                for n, (s, t) in enumerate(zip(a, b, strict=True))
                if not same(s, t)
            ]
        elif isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
            out += _value_differences(f"{where}, {key.lstrip('.')}", a, b)
        else:
            out.append(f"{where}, {key.lstrip('.')}: {show(a)} → {show(b)}")
    return out


def show(value: Value) -> str:
    """A value in a sentence."""
    text = _text(value)
    return text if len(text) < 80 else text[:77] + "…"
