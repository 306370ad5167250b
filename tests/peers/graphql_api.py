# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /graphql: whatever document comes is executed against GitHub's public schema over the universe.

A field that the schema has and this test GitHub does not is an error, never null.
"""

from __future__ import annotations

import base64
import functools
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.peers import price, schema
from tests.peers.git_objects import FOLDER, SUBMODULE, Content, Entry, Snapshot, Tree, raw, shown
from tests.peers.http_parts import Answer, Request, answer, failure
from tests.peers.limits import Limits
from tests.peers.search import Refused, Searches
from tests.peers.universe import LICENCES, Repository, Universe, account

TEXT_MAX = 512_000
"""A longer text of a blob is cut."""
Given = Mapping[str, Any]


class GraphQL:
    """The schema, made in the background, and the resolvers over one universe."""

    def __init__(self, universe: Universe, searches: Searches, limits: Limits) -> None:
        self.universe, self.searches, self.limits = universe, searches, limits
        self._made: GraphQLSchema | None = None
        self._why = ""
        self._ready = threading.Event()
        self._valid = functools.lru_cache(64)(self._checked)
        threading.Thread(target=self._make, daemon=True).start()

    def _make(self) -> None:
        try:
            self._made = build_schema(schema.text(), assume_valid=True, no_location=True)
        except schema.Missing as why:
            self._why = str(why)
        finally:
            self._ready.set()

    @property
    def schema(self) -> GraphQLSchema:
        self._ready.wait()
        if self._made is None:
            raise schema.Missing(self._why or "The schema could not be built")
        return self._made

    def _checked(self, document: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
        parsed = parse(document)
        return parsed, tuple(validate(self.schema, parsed))

    def _operation(self, asked: Given) -> tuple[DocumentNode, OperationDefinitionNode, price.Price]:
        """The document, the operation asked for and its price. Raises GraphQLError."""
        document, errors = self._valid(asked["query"])
        if errors:
            raise errors[0]
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        named = asked.get("operationName")
        chosen = [o for o in operations if not named or (o.name and o.name.value == named)]
        if len(chosen) != 1:
            raise GraphQLError("An operation name is required")
        if chosen[0].operation.value != "query":
            raise GraphQLError("Nothing here can be changed")
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        return document, chosen[0], price.priced(self.schema, chosen[0], fragments, asked.get("variables") or {})

    def first(self, request: Request) -> int:
        """The page size that a request asks for; 0 where it asks for none."""
        try:
            return self._operation(request.json)[2].first if request.json else 0
        except GraphQLError:
            return 0

    def answer(self, request: Request) -> Answer:
        """Execute the document; its points are taken from the account's budget."""
        asked = request.json
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return failure(400, "Problems parsing JSON")
        try:
            document, operation, cost = self._operation(asked)
        except GraphQLError as error:
            return answer({"errors": [_worded(error)]})
        self.limits.spend(request.account, "graphql", cost.points)
        result = execute_sync(
            self.schema,
            document,
            self._root(request, cost),
            variable_values=asked.get("variables") or {},
            operation_name=operation.name.value if operation.name else None,
            field_resolver=_field,
            type_resolver=lambda value, *_: value["__typename"],
        )
        errors = {"errors": [_worded(error) for error in result.errors]} if result.errors else {}
        made = answer({"data": result.data, **errors})
        made.cost = cost.points
        return made

    def _root(self, request: Request, cost: price.Price) -> dict[str, Any]:
        login = request.account

        def rate_limit(_info: Any, **_given: Any) -> Given:
            window = self.limits.window(login, "graphql")
            return {
                "cost": cost.points,
                "nodeCount": cost.nodes,
                "limit": window.limit,
                "remaining": window.remaining,
                "used": window.used,
                "resetAt": _time(datetime.fromtimestamp(window.reset, UTC)),
            }

        viewer = {"__typename": "User", "databaseId": account(login), "login": login, "id": f"U_{login}"}
        return {
            "search": self._search,
            "repository": self._named,
            "node": self._node,
            "nodes": lambda info, ids: [self._node(info, one) for one in ids],
            "rateLimit": rate_limit,
            "viewer": viewer,
        }

    def _search(self, _info: Any, query: str, type: Any, first: int = 0, after: str = "", **other: Any) -> Given:
        if type != "REPOSITORY" or other or not first:
            raise GraphQLError("This test GitHub searches REPOSITORY by `first` and `after` only")
        try:
            found = self.searches.find(query)
            start = _position(after) if after else 0
        except Refused as why:
            raise GraphQLError(str(why)) from None
        page = found.shown[start : start + first]
        nodes = [self.repository(one) for one in page]
        end = start + len(page)
        return {
            "repositoryCount": found.count,
            "nodes": nodes,
            "edges": [{"cursor": _cursor(start + at + 1), "node": node} for at, node in enumerate(nodes)],
            "pageInfo": {
                "hasNextPage": end < len(found.shown),
                "hasPreviousPage": start > 0,
                "startCursor": _cursor(start + 1) if page else None,
                "endCursor": _cursor(end) if page else None,
            },
        }

    def _named(self, _info: Any, owner: str, name: str, followRenames: bool = True) -> Given:
        full = f"{owner}/{name}"
        one = self.universe.named(full) or (self.universe.moved(full) if followRenames else None)
        if one is None or one.state not in ("", "disabled"):
            raise _missing(f"Could not resolve to a Repository with the name '{full}'.")
        return self.repository(one)

    def _node(self, _info: Any, id: str) -> Given:
        number = id.removeprefix("R_kgDO")
        one = self.universe.numbered(int(number)) if number.isdigit() else None
        if one is None or one.state not in ("", "disabled"):
            raise _missing(f"Could not resolve to a node with the global id of '{id}'")
        return self.repository(one)

    def repository(self, one: Repository) -> Given:
        """A repository as the schema's type has it, fields that need its files made when they are asked for."""
        url = f"https://github.com/{one.full_name}"
        return {
            "__typename": "Repository",
            "id": one.node_id,
            "databaseId": one.number,
            "name": one.name,
            "nameWithOwner": one.full_name,
            "url": url,
            "resourcePath": f"/{one.full_name}",
            "description": one.description,
            "isFork": bool(one.parent),
            "isArchived": one.archived,
            "isDisabled": one.state == "disabled",
            "isEmpty": one.empty,
            "isLocked": False,
            "isMirror": one.mirror,
            "isPrivate": False,
            "isTemplate": one.template,
            "isInOrganization": one.owner_type == "Organization",
            "visibility": "PUBLIC",
            "stargazerCount": one.stars,
            "forkCount": one.forks,
            "diskUsage": 0 if one.empty else one.kilobytes,
            "createdAt": _time(one.created),
            "pushedAt": _time(one.pushed),
            "updatedAt": _time(one.pushed),
            "licenseInfo": _licence(one),
            "owner": {
                "__typename": one.owner_type,
                "login": one.owner,
                "databaseId": one.owner_number,
                "url": f"https://github.com/{one.owner}",
                "id": f"U_{one.owner}",
            },
            "primaryLanguage": {"name": one.language} if one.language else None,
            "repositoryTopics": lambda _info, first=0, **_: {
                "totalCount": len(one.topics),
                "nodes": [{"topic": {"name": topic}, "url": f"{url}/topics"} for topic in one.topics[:first]],
            },
            "parent": lambda _info: (origin := self.universe.named(one.parent)) and self.repository(origin),
            "defaultBranchRef": lambda _info: self._branch(one),
            "object": lambda _info, expression="", oid="": self._object(one, expression, oid),
        }

    def _branch(self, one: Repository) -> Given | None:
        head = None if one.state else self.universe.head(one)
        return head and {
            "name": one.branch,
            "prefix": "refs/heads/",
            "target": _commit(head),
        }

    def _object(self, one: Repository, expression: str, oid: str) -> Given | None:
        if one.state:
            return None
        if oid:
            return next((found for state in self.universe.history(one) if (found := _by_oid(state, oid))), None)
        ref, colon, path = expression.partition(":")
        state = self.universe.at(one, ref)
        if state is None:
            return None
        return _at_path(state, path.strip("/")) if colon else _commit(state)


def _licence(one: Repository) -> Given | None:
    if not one.licence:
        return None
    spdx, name = LICENCES[one.licence]
    url = f"https://api.github.com/licenses/{one.licence}"
    return {"key": one.licence, "spdxId": spdx, "name": name, "pseudoLicense": one.licence == "other", "url": url}


def _field(source: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
    try:
        value = source[info.field_name]
    except KeyError:
        raise GraphQLError(f"This test GitHub does not know {info.parent_type.name}.{info.field_name}") from None
    return value(info, **given) if callable(value) else value


def _worded(error: GraphQLError) -> dict[str, Any]:
    """An error as GitHub sends it: its type stands beside the message."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted |= formatted.pop("extensions", {})
    return formatted


def _missing(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cursor(position: int) -> str:
    return base64.b64encode(f"cursor:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:"))
    except ValueError:
        raise Refused(f"`{cursor}` does not appear to be a valid cursor.") from None


def _base64(name: str) -> str:
    return base64.b64encode(raw(name)).decode()


def _commit(state: Snapshot) -> Given:
    assert state.date
    return {
        "__typename": "Commit",
        "id": f"C_{state.commit}",
        "oid": state.commit,
        "abbreviatedOid": state.commit[:7],
        "message": state.message,
        "committedDate": _time(state.date),
        "authoredDate": _time(state.date),
        "tree": lambda _info: _tree(state, state.root),
    }


def _tree(state: Snapshot, tree: Tree) -> Given:
    return {
        "__typename": "Tree",
        "id": f"T_{tree.oid}",
        "oid": tree.oid,
        "abbreviatedOid": tree.oid[:7],
        "entries": lambda _info: [_entry(state, tree, entry) for entry in tree.entries],
    }


def _entry(state: Snapshot, tree: Tree, entry: Entry) -> Given:
    path = f"{tree.path}/{entry.name}" if tree.path else entry.name
    return {
        "name": shown(entry.name),
        "nameRaw": _base64(entry.name),
        "path": shown(path),
        "pathRaw": _base64(path),
        "type": entry.type,
        "mode": entry.mode,
        "oid": entry.oid,
        "size": entry.size,
        "extension": f".{entry.name.rpartition('.')[2]}" if "." in entry.name else "",
        "object": lambda _info: _at_path(state, path),
    }


def _blob(content: Content) -> Given:
    def text() -> str | None:
        data = content.read(0, TEXT_MAX)
        return None if b"\0" in data else data.decode("utf-8", "replace")

    return {
        "__typename": "Blob",
        "id": f"B_{content.oid}",
        "oid": content.oid,
        "abbreviatedOid": content.oid[:7],
        "byteSize": content.size,
        "isBinary": lambda _info: b"\0" in content.read(0, 8000),
        "isTruncated": content.size > TEXT_MAX,
        "text": lambda _info: text(),
    }


def _at_path(state: Snapshot, path: str) -> Given | None:
    if path in state.trees:
        return _tree(state, state.trees[path])
    content = state.files.get(path)
    return _blob(content) if content and content.mode not in (SUBMODULE, FOLDER) else None


def _by_oid(state: Snapshot, oid: str) -> Given | None:
    if oid == state.commit:
        return _commit(state)
    if oid in state.by_oid:
        return _tree(state, state.by_oid[oid])
    return next((_blob(content) for content in state.files.values() if content.oid == oid), None)
