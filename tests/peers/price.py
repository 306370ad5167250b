# SPDX-License-Identifier: GPL-3.0-or-later
"""What a GraphQL document costs by GitHub's documented rule: only connections count, each as if filled.

Requests for all connections, divided by 100 and rounded, are the points, at least 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

NODES_MAX = 500_000
FIRST_MAX = 100


@dataclass
class Price:
    """Requests for connections, nodes at most, and the `first` of the outermost connection (0 where there is none)."""

    requests: int = 0
    nodes: int = 0
    first: int = 0

    @property
    def points(self) -> int:
        return max(1, (self.requests + 50) // 100)


def priced(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Price:
    """The price of an operation that is valid. Raises GraphQLError where GitHub would refuse its paging."""
    price = Price()

    def walk(selections: SelectionSetNode | None, parent: GraphQLNamedType, times: int) -> None:
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                walk(fragment.selection_set, schema.type_map[fragment.type_condition.name.value], times)
            elif isinstance(node, InlineFragmentNode):
                name = node.type_condition.name.value if node.type_condition else parent.name
                walk(node.selection_set, schema.type_map[name], times)
            elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
                kind = get_named_type(parent.fields[node.name.value].type)  # type: ignore[attr-defined]
                if not kind.name.endswith("Connection"):
                    walk(node.selection_set, kind, times)
                    continue
                first = _first(node, variables)
                price.requests += times
                price.nodes += times * first
                price.first = price.first or first
                walk(node.selection_set, kind, times * first)

    assert schema.query_type
    walk(operation.selection_set, schema.query_type, 1)
    if price.nodes > NODES_MAX:
        raise _refused("MAX_NODE_LIMIT_EXCEEDED", f"This query requests up to {price.nodes:,} nodes.")
    return price


def _first(node: FieldNode, variables: Mapping[str, Any]) -> int:
    given = {a.name.value: value_from_ast_untyped(a.value, dict(variables)) for a in node.arguments}
    first = given.get("first") or given.get("last")
    name = node.name.value
    if not isinstance(first, int):
        raise _refused("MISSING_PAGINATION_BOUNDARIES", f"`first` or `last` is missing on the `{name}` connection.")
    if not 1 <= first <= FIRST_MAX:
        raise _refused(
            "EXCESSIVE_PAGINATION", f"{first} records on the `{name}` connection; 1 to {FIRST_MAX} may be asked."
        )
    return first


def _refused(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})
