# SPDX-License-Identifier: GPL-3.0-or-later
"""An edit of a node tree: as JSON, in words, and applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Animation, Curve, Graph, Item, Link, Node, Socket, Value
from .steps import is_reference

LINK = ("source", "output", "target", "input", "muted", "valid")


@dataclass(frozen=True)
class Edit:
    """One change: `do` says which (see `WORDS`), `what` the rest, all JSON values.

    Nodes are named as in the first tree, sockets by identifier (`…_name` is what a person sees of them); settings are
    reached by `path`, a list of names and indices.
    """

    do: str
    what: Mapping[str, Value]

    @property
    def moves(self) -> bool:
        """Whether it changes what moves: a driver, keyframes or an action."""
        return self.do.rpartition(" ")[2] in ("driver", "keys", "key", "animation")

    def as_json(self) -> dict[str, Value]:
        return {"do": self.do, **self.what}

    @classmethod
    def from_json(cls, value: Mapping[str, Value]) -> Edit:
        return cls(value["do"], {key: x for key, x in value.items() if key != "do"})

    def words(self) -> str:
        """The edit in plain words."""
        told = {key: _said(value) for key, value in self.what.items()}
        told["path"] = ".".join(map(str, self.what.get("path", ())))
        told["owner"] = f"of “{self.what['node']}” " if self.what.get("node") else "of the tree "
        told["action"] = _said(self.what.get("settings", {}).get("action"))
        told["put"] = str(self.what.get("side", "")).removesuffix("s")
        if "property" in self.what:
            told |= _curve_words(self.what, told["owner"])
        if self.do in ("set", "unset") and told["path"] == "mute" and "node" in told:
            return f"{'Mute' if self.do == 'set' else 'Unmute'} the node “{told['node']}”."
        return WORDS[self.do].format(**told)


WORDS = {
    "add item": "Add “{name}” ({kind}) to the interface, at place {at}.",
    "remove item": "Remove “{name}” from the interface.",
    "rename item": "Call the interface's “{name}” “{to}”.",
    "move item": "Move “{name}” in the interface below item {parent}.",
    "set item": "Set {path} of the interface's “{name}” from {old} to {new}.",
    "add node": "Add the node “{name}” ({type}).",
    "remove node": "Remove the node “{node}” ({type}) and its links.",
    "rename node": "Call the node “{node}” “{to}”.",
    "unset item": "Take {path} away from the interface's “{name}”.",
    "set": "Set {path} {owner}from {old} to {new}.",
    "unset": "Take {path} {owner}away.",
    "set value": "Set the {put} “{socket_name}” of “{node}” from {old} to {new}.",
    "sockets": "The {side} of “{node}” become {names}.",
    "pair": "Pair the node “{node}” with “{to}”.",
    "add driver": "Drive {place} by {by}.",
    "remove driver": "Remove the driver of {place}.",
    "set driver": "Set {path} of the driver of {place} from {old} to {new}.",
    "unset driver": "Take {path} of the driver of {place} away.",
    "add keys": "Give {place} keyframes at {frames}.",
    "remove keys": "Remove the keyframes of {place}.",
    "set keys": "Set {path} of the keyframes of {place} from {old} to {new}.",
    "unset keys": "Take {path} of the keyframes of {place} away.",
    "add key": "Add a keyframe at {frames} to {place}.",
    "remove key": "Remove the keyframe at {frames} of {place}.",
    "add animation": "Animate the tree with the action {action}.",
    "remove animation": "Take the action of the tree away.",
    "set animation": "Set {path} of the animation from {old} to {new}.",
    "unset animation": "Take {path} of the animation away.",
    "unlink": "Unlink “{output_name}” of “{source}” from “{input_name}” of “{target}”.",
    "link": "Link “{output_name}” of “{source}” to “{input_name}” of “{target}”{how}.",
}
"""Edit → the sentence that says it."""


def apply(graph: Graph, edits: Sequence[Edit]) -> Graph:
    """The tree after the edits. Raises ValueError, in words, where one does not fit the tree."""
    state = _State(graph)
    for edit in edits:
        try:
            state.do(edit)
        except (KeyError, IndexError, TypeError, StopIteration) as error:
            raise ValueError(f"The edit “{edit.do}” of {dict(edit.what)} does not fit the tree: {error!r}") from None
    return state.graph()


def socket_key(sockets: Sequence[Socket], index: int) -> str:
    """The identifier of a socket, or its place in brackets where it has none of its own."""
    if index >= len(sockets):
        return f"[{index}]"
    identifier = sockets[index].identifier
    return identifier if sum(s.identifier == identifier for s in sockets) == 1 else f"[{index}]"


def socket_words(sockets: Sequence[Socket], index: int) -> str:
    """What a person sees of a socket: its name, with its place where others of the node are called so too."""
    name = sockets[index].name
    alike = [n for n, socket in enumerate(sockets) if socket.name == name and socket.available]
    if not name or len(alike) < 2 or index not in alike:
        return name or sockets[index].identifier
    return f"{name} {alike.index(index) + 1}"


def _place(sockets: Sequence[Socket], key: str) -> int | None:
    return next((n for n in range(len(sockets)) if socket_key(sockets, n) == key), None)


def _said(value: Value) -> str:
    if value is None:
        return "nothing"
    if is_reference(value):
        return f"“{value['name']}”"
    return str(value) if len(str(value)) < 60 else f"{str(value)[:57]}…"


def _curve_words(what: Mapping[str, Value], owner: str) -> dict[str, str]:
    """Which property a curve moves, by what, and at which frames."""
    index = f"[{what['index']}]" if what["index"] else ""
    settings = what.get("settings", {})
    driver, points = settings.get("driver") or {}, what.get("points") or settings.get("keyframe_points", ())
    scripted = driver.get("type", "SCRIPTED") == "SCRIPTED"
    return {
        "place": f"{what['property']}{index} {owner}".rstrip(),
        "by": str(driver.get("expression", "")) if scripted else f"the {driver['type'].lower()} of its variables",
        "frames": ", ".join(f"{point['co'][0]:g}" for point in points) or "no frame",
    }


Property = tuple[str | None, str, int]
"""Which property a curve moves: node, path, index."""


def curves_of(curves: Iterable[Curve], names: Mapping[str, str]) -> dict[Property, Mapping[str, Value]]:
    """The settings of drivers, or of keyframes, by what they move, nodes by these names; those of nodes that have none
    are left out."""
    living = (curve for curve in curves if curve.node is None or curve.node in names)
    return {(c.node and names[c.node], c.path, c.index): c.settings for c in living}


def told_link(nodes: Mapping[str, Node], link: Link) -> dict[str, Value]:
    """A link by names of nodes and identifiers of sockets."""
    return {
        "source": link.source,
        "output": socket_key(nodes[link.source].outputs, link.output),
        "target": link.target,
        "input": socket_key(nodes[link.target].inputs, link.input),
        "muted": link.muted,
        "valid": link.valid,
    }


# Applying


class _State:
    """A tree on its way; what an item's parent is stands in a list of one, so that it moves along with the items."""

    def __init__(self, graph: Graph) -> None:
        self.before = graph
        self.settings: dict[str, Any] = _copied(graph.settings)
        self.nodes: dict[str, dict[str, Any]] = {node.name: dict(vars(node)) for node in graph.nodes}
        named = {node.name: node for node in graph.nodes}
        self.links = [told_link(named, link) for link in sorted(graph.links, key=lambda link: link.order)]
        self.items: list[dict[str, Any]] = [
            {**vars(item), "settings": _copied(item.settings)} for item in graph.interface
        ]
        for item, had in zip(self.items, graph.interface, strict=True):
            item["parent"] = None if had.parent is None else self.items[had.parent]
        self.renamed: dict[str, str] = {}
        own = {name: name for name in self.nodes}
        moving = graph.animation
        self.curves = {"driver": curves_of(moving.drivers, own), "keys": curves_of(moving.keys, own)}
        self.animation: dict[str, Any] = _copied(moving.settings)

    def do(self, edit: Edit) -> None:
        what = edit.what
        actions: dict[str, Callable[[], object]] = {
            "add item": lambda: self.items.insert(
                what["at"],
                {"kind": what["kind"], "name": what["name"], "settings": _copied(what["settings"]), "parent": None},
            ),
            "remove item": lambda: self.remove_item(what["at"]),
            "rename item": lambda: self.items[what["at"]].update(name=what["to"]),
            "move item": lambda: self.items[what["at"]].update(
                parent=None if what["parent"] is None else self.items[what["parent"]]
            ),
            "set item": lambda: _set(self.items[what["at"]]["settings"], what["path"], what["new"]),
            "unset item": lambda: self.items[what["at"]]["settings"].pop(what["path"][0]),
            "add node": lambda: self.add(what),
            "remove node": lambda: self.remove(what["node"]),
            "rename node": lambda: self.renamed.update({self.nodes[what["node"]]["name"]: what["to"]}),
            "set": lambda: _set(self.settings_of(what), what["path"], what["new"]),
            "unset": lambda: self.settings_of(what).pop(what["path"][0]),
            "set value": lambda: self.set_value(what),
            "sockets": lambda: self.set_sockets(what),
            "pair": lambda: self.nodes[what["node"]].update(pair=what["to"]),
            "add driver": lambda: self.add_curve("driver", what),
            "add keys": lambda: self.add_curve("keys", what),
            "remove driver": lambda: self.curves["driver"].pop(_property(what)),
            "remove keys": lambda: self.curves["keys"].pop(_property(what)),
            "set driver": lambda: _set(self.curve("driver", what), what["path"], what["new"]),
            "set keys": lambda: _set(self.curve("keys", what), what["path"], what["new"]),
            "unset driver": lambda: self.curve("driver", what).pop(what["path"][0]),
            "unset keys": lambda: self.curve("keys", what).pop(what["path"][0]),
            "add key": lambda: self.curve("keys", what)["keyframe_points"].insert(what["at"], *_copied(what["points"])),
            "remove key": lambda: self.curve("keys", what)["keyframe_points"].pop(what["at"]),
            "add animation": lambda: self.animation.update(_copied(what["settings"])),
            "remove animation": self.animation.clear,
            "set animation": lambda: _set(self.animation, what["path"], what["new"]),
            "unset animation": lambda: self.animation.pop(what["path"][0]),
            "unlink": lambda: self.links.remove(next(link for link in self.links if _is(link, what))),
            "link": lambda: self.link(what),
        }
        actions[edit.do]()

    def remove_item(self, at: int) -> None:
        gone = self.items.pop(at)
        for item in self.items:
            if item["parent"] is gone:
                item["parent"] = None

    def add(self, what: Mapping[str, Value]) -> None:
        if what["name"] in self.nodes:
            raise KeyError(what["name"])
        sides = {side: tuple(Socket(**socket) for socket in what[side]) for side in ("inputs", "outputs")}
        self.nodes[what["name"]] = {**what, "settings": _copied(what["settings"]), **sides}

    def remove(self, name: str) -> None:
        del self.nodes[name]
        self.links = [link for link in self.links if name not in (link["source"], link["target"])]
        for node in self.nodes.values():
            if node["pair"] == name:
                node["pair"] = None

    def add_curve(self, kind: str, what: Mapping[str, Value]) -> None:
        if what["node"] not in (None, *self.nodes):
            raise KeyError(what["node"])
        self.curves[kind][_property(what)] = _copied(what["settings"])

    def curve(self, kind: str, what: Mapping[str, Value]) -> dict[str, Any]:
        """The settings of a curve, to be changed."""
        place = _property(what)
        settings: dict[str, Any] = _copied(self.curves[kind][place])
        self.curves[kind][place] = settings
        return settings

    def settings_of(self, what: Mapping[str, Value]) -> dict[str, Any]:
        if "node" not in what:
            return self.settings
        node = self.nodes[what["node"]]
        node["settings"] = _copied(node["settings"])
        settings: dict[str, Any] = node["settings"]
        return settings

    def set_value(self, what: Mapping[str, Value]) -> None:
        node, side = self.nodes[what["node"]], what["side"]
        sockets = list(node[side])
        at = _place(sockets, what["socket"])
        if at is None:
            raise KeyError(what["socket"])
        sockets[at] = Socket(**{**vars(sockets[at]), "value": what["new"]})
        node[side] = tuple(sockets)

    def set_sockets(self, what: Mapping[str, Value]) -> None:
        """Sockets that stay keep their values."""
        node, side = self.nodes[what["node"]], what["side"]
        values = {socket_key(node[side], n): socket.value for n, socket in enumerate(node[side])}
        bare = [Socket(**socket) for socket in what["sockets"]]
        node[side] = tuple(
            Socket(**{**vars(socket), "value": values.get(socket_key(bare, n))}) for n, socket in enumerate(bare)
        )

    def link(self, what: Mapping[str, Value]) -> None:
        """Link at a place among the links of the same input."""
        if what["source"] not in self.nodes:
            raise KeyError(what["source"])
        place = [n for n, link in enumerate(self.links) if _end(link) == _end(what)]
        at = place[what["at"]] if what["at"] < len(place) else len(self.links)
        self.links.insert(at, {key: what[key] for key in LINK})

    def graph(self) -> Graph:
        nodes = {name: Node(**node) for name, node in self.nodes.items()}
        links, orders = [], defaultdict[tuple[str, int], int](int)
        for link in self.links:
            output = _place(nodes[link["source"]].outputs, link["output"])
            entry = _place(nodes[link["target"]].inputs, link["input"])
            if output is not None and entry is not None:  # a socket that went away took its links along
                order = orders[link["target"], entry]
                orders[link["target"], entry] += 1
                ends = self.called(link["source"]), output, self.called(link["target"]), entry
                links.append(Link(*ends, link["muted"], order, link["valid"]))
        at = {id(item): n for n, item in enumerate(self.items)}
        items = [Item(**{**item, "parent": at.get(id(item["parent"]))}) for item in self.items]
        pairs = {n.name: n.pair and self.called(n.pair) for n in nodes.values()}
        named = [Node(**{**vars(n), "name": self.called(n.name), "pair": pairs[n.name]}) for n in nodes.values()]
        told = {"nodes": tuple(named), "links": tuple(links), "interface": tuple(items), "settings": self.settings}
        drivers, keys = (tuple(self.living(kind)) for kind in ("driver", "keys"))
        return Graph(**{**vars(self.before), **told, "animation": Animation(drivers, keys, self.animation)})

    def living(self, kind: str) -> Iterator[Curve]:
        """Curves of the tree and of nodes that are still there."""
        for (node, path, index), settings in self.curves[kind].items():
            if node is None or node in self.nodes:
                yield Curve(path, index, settings, node and self.called(node))

    def called(self, name: str) -> str:
        return self.renamed.get(name, name)


def _end(link: Mapping[str, Value]) -> tuple[Value, Value]:
    return link["target"], link["input"]


def _property(what: Mapping[str, Value]) -> Property:
    return what["node"], what["property"], what["index"]


def _is(link: Mapping[str, Value], what: Mapping[str, Value]) -> bool:
    return all(link[key] == what[key] for key in LINK)


def _copied(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(x) for key, x in value.items()}
    return [_copied(x) for x in value] if isinstance(value, list | tuple) else value


def _set(held: Any, path: Sequence[str | int], value: Value) -> None:
    *way, last = path
    for step in way:
        held = held[step]
    held[last] = _copied(value)
