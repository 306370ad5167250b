# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that a Blender has, from the table that its worker's job `names` makes.

What an expression leads to is told by a short text, as in the table: `Object`, a struct; `BlendDataObjects<Object>`, a
collection; `[Object]`, a list; `()Object`, a function and what it returns; '' what is Python's own; `?` nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PLAIN, UNKNOWN = "", "?"
COLLECTION, STRUCT = "bpy_prop_collection", "bpy_struct"


@dataclass(frozen=True)
class Found:
    """What the names of a script are: those that exist, those that do not, those that nobody can know without running
    it (`.location` of a parameter), those that it makes itself, and the deprecated ones with Blender's own note."""

    checked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    deprecated: Mapping[str, str] | None = None


class Names:
    """A table, and the questions it answers."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.blender: str = table["blender"]
        self.types: Mapping[str, Any] = table["types"]
        self.operators: Mapping[str, Any] = table["operators"]
        self.operator_modules = frozenset(name.partition(".")[0] for name in self.operators)
        self.nodes: Mapping[str, Any] = table["nodes"]
        self.context: Mapping[str, str] = table["context"]
        self.modules: Mapping[str, frozenset[str]] = {name: frozenset(held) for name, held in table["modules"].items()}
        self.python: frozenset[str] = frozenset(table["python"])
        self.blender_modules: frozenset[str] = frozenset(table["blender_modules"])
        self.by_label: dict[str, list[str]] = {}
        for name, told in self.nodes.items():
            if "is" not in told:
                self.by_label.setdefault(told["label"], []).append(name)
        self.below: dict[str, list[str]] = {}
        self.known: dict[tuple[str, str], tuple[str, str] | None] = {}
        for name, told in self.types.items():
            self.below.setdefault(told["base"], []).append(name)

    def bases(self, name: str) -> Iterator[str]:
        """A type and all that it inherits from."""
        while name in self.types:
            yield name
            name = self.types[name]["base"]

    def heirs(self, name: str) -> Iterator[str]:
        """All types below one."""
        for heir in self.below.get(name, ()):
            yield heir
            yield from self.heirs(heir)

    def member(self, name: str, member: str) -> tuple[str, str] | None:
        """(the type that has it, what it leads to) of a member of a struct; None where it has none. One that only types
        below it have exists too: RNA calls what is in `Object.data` an `ID`."""
        key = name, member
        if key not in self.known:
            self.known[key] = self._member(name, member)
        return self.known[key]

    def _member(self, name: str, member: str) -> tuple[str, str] | None:
        if name == "Context":
            return ("Context", self.context[member]) if member in self.context else None
        for kind in self.bases(name):
            if member in self.types[kind]["members"]:
                return kind, self.types[kind]["members"][member]
        below = self.heirs(name) if name != STRUCT else ()
        found = {kind: held[member] for kind in below if member in (held := self.types[kind]["members"])}
        if not found:
            return None
        return min(found), min(found.values()) if len(set(found.values())) == 1 else UNKNOWN

    def enum(self, name: str, member: str) -> frozenset[str]:
        """The values of a property, where all types that may be meant tell them; else nothing."""
        found: set[str] = set()
        own = next((kind for kind in self.bases(name) if member in self.types[kind]["members"]), None)
        for kind in [own] if own else self.heirs(name):
            if member in self.types[kind]["members"]:
                items = self.types[kind].get("enums", {}).get(member)
                if not items:
                    return frozenset()
                found.update(items)
        return frozenset(found)

    def parameters(self, name: str, function: str) -> Mapping[str, list[str] | None] | None:
        """A function's parameters in order, with the values of enums; None for one that RNA does not describe."""
        for kind in self.bases(name):
            if function in self.types[kind].get("functions", {}):
                told: Mapping[str, list[str] | None] = self.types[kind]["functions"][function]
                return told
        return None

    def note(self, name: str, member: str) -> str:
        """What Blender says of a deprecated property; '' of one that is not."""
        told = self.types.get(name, {}).get("deprecated", {})
        return (told[member] or "deprecated") if member in told else ""

    def has_socket(self, node: str, side: str, key: str | int) -> bool | None:
        """Whether a node has such a socket, by text or place; None where a node may have others than a new one."""
        held = self.nodes.get(node, {}).get(side)
        if held is None:
            return None
        return key in held["keys"] if isinstance(key, str) else -held["count"] <= key < held["count"]
