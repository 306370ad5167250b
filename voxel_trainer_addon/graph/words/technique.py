# SPDX-License-Identifier: GPL-3.0-or-later
"""A technique: a name, a sentence, the roles that nodes play in it, and what makes the sentence true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ..model import Node
from .clauses import Cast, Clause, stored
from .phrases import article, node_words, value_phrase
from .view import View

MOST = 200
"""So many castings of one technique are counted in one tree."""
TOKEN = re.compile(r"\{(?:([aA]|[tT]he) )?(\w+)(?:\.([\w |]+))?\}")


@dataclass(frozen=True)
class Technique:
    """`words` is the sentence without full stop: `{a role}` and `{the role}` are replaced by the node, `{role.Name}`
    by the value of a setting or free input. `roles`: role → node types. It is recognised where every clause holds."""

    name: str
    words: str
    roles: Mapping[str, frozenset[str]]
    clauses: tuple[Clause, ...]
    tree: str
    """Type of the trees that it is told of."""

    def suits(self, view: View) -> bool:
        return view.graph.type == self.tree

    def found(self, view: View, cast: Cast | None = None) -> Iterator[tuple[Cast, frozenset[str]]]:
        """Each casting that makes the sentence true, with all nodes that it rests on; `cast` fixes roles."""
        if not self.suits(view) or any(next(view.of(kinds), None) is None for kinds in self.roles.values()):
            return
        seen = set()
        for whole, passed in self._met(view, dict(cast or {}), frozenset(), 0):
            key = tuple(sorted(whole.items()))
            if key not in seen:
                seen.add(key)
                yield whole, passed | frozenset(whole.values())

    def _met(self, view: View, cast: Cast, passed: frozenset[str], at: int) -> Iterator[tuple[Cast, frozenset[str]]]:
        if at == len(self.clauses):
            yield cast, passed
            return
        for larger, path in self.clauses[at].casts(view, self.roles, cast):
            yield from self._met(view, larger, passed | frozenset(path), at + 1)

    def castings(self, view: View) -> list[tuple[Cast, frozenset[str]]]:
        """The first castings, in the order of the flow."""
        return list(islice(self.found(view), MOST))

    def sentence(self, view: View, cast: Cast) -> str:
        """The words for one casting, without a full stop."""

        def spoken(match: re.Match[str]) -> str:
            how, role, place = match.groups()
            node = view.nodes[cast[role]]
            if place:
                return _value(view, node, place)
            words = node_words(node)
            if how in ("a", "A"):
                words = article(words)
            elif how:
                words = f"the {words}"
            return words[0].upper() + words[1:] if how and how[0].isupper() else words

        return TOKEN.sub(spoken, self.words)


def _value(view: View, node: Node, names: str) -> str:
    value = next(iter(stored(view, node.name, names)), None)
    return value_phrase(node, names.split("|")[0], value) or "as made"
