# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a node tree is renamed, replaced or gone in another Blender, by a table that was measured.

The table (`travel.json`, made by `build_tools/travel.py`) has a part for each pair of versions: files that people made
and samples of every node type were opened in both, and what differed was counted. A graph says by the record that it
comes from (`blender`) which version it is of.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .menu import type_words
from .model import Graph, Node, Socket

TABLE = Path(__file__).with_name("travel.json")
_NONE: Mapping[str, Any] = {}
ADDS = frozenset({"new setting", "new input", "default"})
"""Kinds of changes that take nothing from a graph."""


@dataclass(frozen=True)
class Change:
    """One row of the table. `kind`: `type`, `setting`, `superseded`, `item`, `input`, `output`, `input name`,
    `output name`, `input type`, `output type`, `new setting`, `new input`, `tree setting`, `interface setting`,
    `interface`, `tree` or `default` (a node that the older version made has `values["now"]` at the place `name`).
    `type` is a node type; for `tree` a collection of `bpy.data`. `name` is a setting, a `setting=ITEM` or a socket's
    identifier. `becomes` is None where it is gone; several are joined by ` + `. `values`: what values became, as far
    as seen. `seen`: nodes, trees and files that people made, trees of the sample.
    """

    kind: str
    tree: str
    type: str
    name: str
    becomes: str | None
    seen: tuple[int, int, int, int]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """What was measured between two versions, such as `4.2.23` and `5.2.3`."""

    old: str
    new: str
    date: str
    files: int
    trees: int
    sample: int
    changes: tuple[Change, ...]
    unexplained: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Replacement:
    """A change that meets a graph: `node` is the node's name, empty where the tree as a whole is meant."""

    node: str
    change: Change

    @property
    def words(self) -> str:
        """The change as a sentence."""
        return sentence(self.change)


def minor(version: str) -> tuple[int, int]:
    """`5.2.3` or `5.2` → (5, 2). Raises ValueError for anything else."""
    parts = version.split(".")
    if len(parts) < 2:
        raise ValueError(f"{version!r} is no version of Blender such as 5.2")
    return int(parts[0]), int(parts[1])


@lru_cache(maxsize=1)
def parts() -> tuple[Part, ...]:
    """The whole table."""
    return tuple(_part(value) for value in json.loads(TABLE.read_text(encoding="utf-8")))


def _part(value: Mapping[str, Any]) -> Part:
    changes = tuple(_moved([_change(*row) for row in value["changes"]]))
    numbers = value["files"], value["trees"], value["sample"]
    return Part(value["from"], value["to"], value["date"], *numbers, changes, tuple(map(tuple, value["unexplained"])))


def _moved(changes: list[Change]) -> Iterator[Change]:
    """A setting that is gone where an input of its name is new has moved there: what is no number or word (a font)
    cannot be followed by its values."""
    new = {(one.type, one.name.lower().replace(" ", "_")): one.name for one in changes if one.kind == "new input"}
    for one in changes:
        to = new.get((one.type, one.name)) if one.kind == "setting" and one.becomes is None else None
        yield replace(one, becomes=f"input:{to}") if to else one


def _change(
    kind: str, tree: str, type: str, name: str, becomes: str | None, seen: list[int], values: Mapping[str, Any] = _NONE
) -> Change:
    nodes, trees, files, sample = seen
    return Change(kind, tree, type, name, becomes, (nodes, trees, files, sample), values)


def part(since: str, to: str) -> Part | None:
    """The part that tells of the way from `since` to `to`: the newest that does not begin after `since`; None where the
    two are the same version. Raises ValueError where that way was not measured."""
    if minor(since) == minor(to):
        return None
    fitting = [p for p in parts() if minor(p.new) == minor(to) and minor(p.old) <= minor(since) < minor(to)]
    if not fitting:
        known = ", ".join(f"{p.old} to {p.new}" for p in parts())
        raise ValueError(f"the way from {since} to {to} was not measured; there is {known}")
    return max(fitting, key=lambda p: minor(p.old))


def replacements(graph: Graph, *, since: str, to: str) -> list[Replacement]:
    """What of `graph`, read by Blender `since`, has another name or place in `to`, or is gone there; node by node.
    Raises ValueError where that way was not measured."""
    table = part(since, to)
    if table is None:
        return []
    rows: dict[str, list[Change]] = defaultdict(list)
    for change in table.changes:
        if change.tree in ("", graph.type) and change.kind not in ADDS:
            rows[change.type].append(change)
    held = {"tree setting": set(graph.settings), "interface setting": {s for i in graph.interface for s in i.settings}}
    gone = [row for row in rows[""] if row.becomes == "gone" and row.name in held.get(row.kind, ())]
    found = [Replacement("", row) for row in gone]
    for node in graph.nodes:
        found += [Replacement(node.name, row) for row in rows[node.type] if concerns(row, node)]
    return found


def concerns(change: Change, node: Node) -> bool:
    """Whether the node has what the change is about."""
    if change.kind == "type":
        return True
    if change.kind in ("setting", "superseded"):
        return change.name in node.settings
    if change.kind == "item":
        name, _, item = change.name.partition("=")
        return node.settings.get(name) == item
    side = change.kind.split(" ")[0]
    sockets: tuple[Socket, ...] = {"input": node.inputs, "output": node.outputs}.get(side, ())
    return any(socket.identifier == change.name and socket.available for socket in sockets)


def sentence(change: Change) -> str:
    """`Glare: the setting glare_type is now the input Type (STREAKS is Streaks, …).`"""
    who = type_words(change.type) if change.type and change.kind != "tree" else change.type or "Node tree"
    exact = f" ({change.type})" if change.kind == "type" else ""
    return f"{who}{exact}: {_told(change)}."


def _told(change: Change) -> str:
    kind, name, now = change.kind, change.name, change.becomes
    places = " and ".join(_places(change))
    values = ", ".join(f"{old} is {new}" for old, new in change.values.items() if old != str(new))
    told = f" ({values})" if values else ""
    if kind == "type":
        types = [f"{type_words(one)} ({one})" for one in (now or "").split(" + ") if one]
        return f"now {' and '.join(types)}" if types else "no longer there"
    if kind == "item":
        setting, _, item = name.partition("=")
        return f"{setting} {item} is now {now or 'gone'}"
    if kind == "superseded":
        return f"instead of the setting {name} {places} counts{told}"
    if kind in ("setting", "tree setting", "interface setting"):
        return f"the setting {name} is {now if now in ('gone', 'new') else f'now {places}' if places else 'gone'}{told}"
    if kind in ("tree", "interface"):
        return f"a tree {now}" if now in ("gone", "appears") else f"it has {now}"
    if kind in ADDS:
        return f"the {kind.removeprefix('new ')} {name} is new"
    side, _, what = kind.partition(" ")
    return (
        f"the {what} of the {side} {name} is now {now}"
        if what
        else f"the {side} {name} is {f'now {now}' if now else 'gone'}"
    )


def _places(change: Change) -> Iterator[str]:
    """`input:Type` as `the input Type`."""
    for place in (change.becomes or "").split(" + "):
        if ":" in place:
            where, name = place.split(":", 1)
            kind = where.rpartition(".")[2]
            yield f"the {kind} {name}"
