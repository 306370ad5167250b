# SPDX-License-Identifier: GPL-3.0-or-later
"""One edit of a list, made in a live tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..edits import Edit, apply, socket_key
from ..model import Graph, Node, Value
from ..steps import TREE, Place, references
from .fitting import is_there
from .read import read_graph, socket_value
from .stage import Loop


class NotNow(ValueError):
    """An edit that cannot be made by itself, with the sentence that says why. Nothing was changed."""


def take(tree: Any, key: str, edit: Edit, owner: Any = None) -> None:
    """Make one edit in `tree`, whose key is `key`. Raises NotNow."""
    before = read_graph(tree, key, owner)
    try:
        after = apply(before, [edit])
    except ValueError:
        raise NotNow("The tree is another one by now, or a change above this one comes first.") from None
    do = _DO.get(edit.do)
    if do is None:
        raise NotNow(f"Blender cannot make this change by itself: {edit.words()}")
    for kind, name in references({key: value for key, value in edit.what.items() if key not in ("old", "layout")}):
        if name and not is_there(kind, name):
            raise NotNow(f"The {kind.lower()} “{name}” is not in this file.")
    do(_Taking(tree, after), edit.what)


class _Taking(Loop):
    """The loop of one edit: live nodes are known by their names."""

    def __init__(self, tree: Any, after: Graph) -> None:
        super().__init__()
        self.tree, self.after = tree, after
        self.stage.things = {TREE.base: tree, **{f"node/{node.name}": node for node in tree.nodes}}

    def node(self, what: Mapping[str, Value]) -> Any:
        return self.tree.nodes[what["node"]]

    def wanted(self, name: str) -> Node:
        return next(node for node in self.after.nodes if node.name == name)

    def socket(self, name: str, side: str, key: str) -> Any:
        """The live socket of a key; None where there is none."""
        node = self.wanted(name)
        at = next((n for n in range(len(getattr(node, side))) if socket_key(getattr(node, side), n) == key), None)
        live = getattr(self.tree.nodes[name], side)
        return None if at is None or at >= len(live) else live[at]


def _set(loop: _Taking, what: Mapping[str, Value]) -> None:
    name = what["path"][0]
    if "node" in what:
        node = loop.wanted(what["node"])
        if name == "mute":
            loop.node(what).mute = bool(node.settings.get("mute"))
        else:
            loop.fit(Place(f"node/{node.name}"), loop.node(what), {name: node.settings[name]})
    else:
        loop.fit(TREE, loop.tree, {name: loop.after.settings[name]})


def _unset(loop: _Taking, what: Mapping[str, Value]) -> None:
    if what["path"][0] != "mute":
        raise NotNow("Blender has no way to take a setting away.")
    loop.node(what).mute = False


def _set_value(loop: _Taking, what: Mapping[str, Value]) -> None:
    socket = loop.socket(what["node"], what["side"], what["socket"])
    if socket is None or not hasattr(socket, "default_value"):
        raise NotNow("The socket is not there; a change above this one comes first.")
    socket.default_value = loop.stage.value(what["new"])
    if socket_value(socket) != what["new"]:
        raise NotNow("Blender does not take this value here.")


def _add_node(loop: _Taking, what: Mapping[str, Value]) -> None:
    wanted = loop.wanted(what["name"])
    try:
        node = loop.tree.nodes.new(what["type"])
    except RuntimeError as error:
        raise NotNow(f"Blender cannot make this node here: {error}") from None
    node.name = what["name"]
    location = what.get("layout", {}).get("location", (0.0, 0.0))
    node.location = location
    place = Place(f"node/{node.name}")
    loop.stage.things[place.base] = node
    loop.fit(place, node, wanted.settings)
    node.mute = bool(wanted.settings.get("mute"))
    for side in ("inputs", "outputs"):
        for live, socket in zip(getattr(node, side), getattr(wanted, side), strict=False):
            if socket.value is not None and hasattr(live, "default_value") and socket_value(live) != socket.value:
                live.default_value = loop.stage.value(socket.value)


def _remove_node(loop: _Taking, what: Mapping[str, Value]) -> None:
    loop.tree.nodes.remove(loop.node(what))


def _rename_node(loop: _Taking, what: Mapping[str, Value]) -> None:
    loop.node(what).name = what["to"]


def _ends(loop: _Taking, what: Mapping[str, Value]) -> tuple[Any, Any]:
    ends = loop.socket(what["source"], "outputs", what["output"]), loop.socket(what["target"], "inputs", what["input"])
    if None in ends:
        raise NotNow("A socket of the link is not there; a change above this one comes first.")
    return ends


def _link(loop: _Taking, what: Mapping[str, Value]) -> None:
    link = loop.tree.links.new(*_ends(loop, what))
    if what["muted"]:
        link.is_muted = True


def _unlink(loop: _Taking, what: Mapping[str, Value]) -> None:
    source, target = _ends(loop, what)
    link = next((x for x in loop.tree.links if x.from_socket == source and x.to_socket == target), None)
    if link is None:
        raise NotNow("The link is not there any more.")
    loop.tree.links.remove(link)


def _pair(loop: _Taking, what: Mapping[str, Value]) -> None:
    if what["to"] is None:
        raise NotNow("Blender has no way to part a zone.")
    loop.node(what).pair_with_output(loop.tree.nodes[what["to"]])


def _add_item(loop: _Taking, what: Mapping[str, Value]) -> None:
    if what["kind"] == "PANEL":
        item = loop.tree.interface.new_panel(what["name"])
    else:
        in_out, kind = what["kind"].split(" ", 1)
        item = loop.tree.interface.new_socket(what["name"], in_out=in_out, socket_type=kind)
    loop.stage.things["item/new"] = item
    loop.fit(Place("item/new"), item, what["settings"])


def _items(loop: _Taking, what: Mapping[str, Value]) -> Any:
    return loop.tree.interface.items_tree[what["at"]]


def _remove_item(loop: _Taking, what: Mapping[str, Value]) -> None:
    loop.tree.interface.remove(_items(loop, what))


def _rename_item(loop: _Taking, what: Mapping[str, Value]) -> None:
    _items(loop, what).name = what["to"]


def _set_item(loop: _Taking, what: Mapping[str, Value]) -> None:
    name = what["path"][0]
    loop.stage.things["item/at"] = item = _items(loop, what)
    loop.fit(Place("item/at"), item, {name: loop.after.interface[what["at"]].settings[name]})


_DO: Mapping[str, Callable[[_Taking, Mapping[str, Value]], None]] = {
    "set": _set,
    "unset": _unset,
    "set value": _set_value,
    "add node": _add_node,
    "remove node": _remove_node,
    "rename node": _rename_node,
    "link": _link,
    "unlink": _unlink,
    "pair": _pair,
    "add item": _add_item,
    "remove item": _remove_item,
    "rename item": _rename_item,
    "set item": _set_item,
}
