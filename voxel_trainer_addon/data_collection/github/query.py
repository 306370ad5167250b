# SPDX-License-Identifier: GPL-3.0-or-later
"""The GraphQL documents that discover repositories with their root trees, and what is kept of the answers.

Cost by GitHub's rule (docs.github.com, GraphQL rate limit): connections alone count, so a page of 100 repositories with
their topics is (1 + 100) / 100 = 1 point; trees, licence and branch are no connections.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from ...catalog import Repository

SOURCE = "github"
"""The source that all files from GitHub belong to, whichever search found them."""

FACTS = """
  databaseId id nameWithOwner url
  isFork isArchived isDisabled isEmpty isLocked isPrivate
  stargazerCount createdAt pushedAt
  licenseInfo { key spdxId }
  owner { login }
  repositoryTopics(first: 20) { nodes { topic { name } } }
  defaultBranchRef { name target { oid ... on Commit { committedDate tree { oid } } } }
"""
TREES = """
  head: object(expression: "HEAD:") { ... on Tree { entries { name nameRaw type mode oid size } } }
  attributes: object(expression: "HEAD:.gitattributes") { ... on Blob { text } }
"""
LIMIT = "rateLimit { cost limit remaining resetAt }"
WHO = "viewer { databaseId login }"


def search(*, trees: bool = True) -> str:
    """A page of a search; without `trees` the light form, for what is too much for one answer."""
    return f"""query Harvest($q: String!, $n: Int!, $after: String) {{
  {LIMIT}
  {WHO}
  search(type: REPOSITORY, query: $q, first: $n, after: $after) {{
    repositoryCount
    pageInfo {{ hasNextPage endCursor }}
    edges {{ cursor node {{ __typename ... on Repository {{ {FACTS} {TREES if trees else ""} }} }} }}
  }}
}}"""


AGAIN = f"""query Again($id: ID!) {{
  {LIMIT}
  node(id: $id) {{ __typename ... on Repository {{ {FACTS} {TREES} }} }}
}}"""
"""One repository, looked at again."""

VIEWER = f"query Viewer {{ {LIMIT} {WHO} }}"
"""Whose token this is."""


def counts(number: int) -> str:
    """How many repositories each of `number` searches has, in one request of one point."""
    given = ", ".join(f"$q{index}: String!" for index in range(number))
    asked = " ".join(
        f"s{index}: search(type: REPOSITORY, query: $q{index}, first: 1) {{ repositoryCount }}"
        for index in range(number)
    )
    return f"query Counts({given}) {{ {LIMIT} {asked} }}"


def repository(node: dict[str, Any]) -> Repository:
    """A `Repository` node as the catalog keeps it. Its tree is '' where it has no commit, its part `root` None where
    the answer held no root tree."""
    branch = node["defaultBranchRef"] or {}
    target = branch.get("target") or {}
    licence = node["licenseInfo"] or {}
    head = node.get("head")
    body = {
        "node": node["id"],
        "url": node["url"],
        "fork": node["isFork"],
        "archived": node["isArchived"],
        "closed": node["isDisabled"] or node["isLocked"] or node["isPrivate"],
        "empty": node["isEmpty"] or not target,
        "stars": node["stargazerCount"],
        "pushed_at": node["pushedAt"],
        "topics": [entry["topic"]["name"] for entry in node["repositoryTopics"]["nodes"]],
        "licence": licence.get("spdxId") or licence.get("key") or "",
        "root": None if head is None else _root(head.get("entries") or (), node.get("attributes")),
        "origin": {
            "repository": node["url"],
            "commit": target.get("oid", ""),
            "date": target.get("committedDate", ""),
            "author": node["owner"]["login"],
        },
    }
    tree = (target.get("tree") or {}).get("oid", "")
    return Repository(f"{SOURCE}:{node['databaseId']}", SOURCE, node["nameWithOwner"], tree, "", body)


def _root(entries: Iterable[dict[str, Any]], attributes: dict[str, Any] | None) -> dict[str, Any]:
    """The files of the root, [name, oid, bytes] each, whether there are folders that may hold files of ours, and the
    text of .gitattributes. Links and submodules are left out."""
    files, folders = list[list[Any]](), False
    for entry in entries:
        if entry["type"] == "tree":
            folders = folders or not entry["name"].startswith(".")
        elif entry["type"] == "blob" and entry["mode"] != LINK:
            files.append([_name(entry), entry["oid"], entry["size"]])
    return {"files": files, "folders": folders, "attributes": (attributes or {}).get("text") or ""}


LINK = 0o120000


def _name(entry: dict[str, Any]) -> str:
    """The name as REST tells it: `name` may have lost what is no UTF-8, `nameRaw` is Base64 of the bytes."""
    try:
        return base64.b64decode(entry["nameRaw"] or "").decode("utf-8", "replace") or entry["name"]
    except binascii.Error:
        return str(entry["name"])
