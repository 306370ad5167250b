# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's API, one request at a time: GraphQL and REST within its limits, asked again only where that may help."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from ...errors import UserError
from ...http import Answer, NetworkError
from ...words import harmless
from ..reach import Reach
from . import query
from .limits import Limits

TRIES, PAUSE_S = 5, 2.0
TOO_MUCH = (502, 504)
LOST: Mapping[int, tuple[str, str]] = {
    404: ("gone", "gone or private"),
    410: ("gone", "gone"),
    451: ("taken-down", "taken down"),
    409: ("empty", "empty"),
}


@dataclass(frozen=True)
class Addresses:
    """Where GitHub is: the names that GitHub's own tools use, and `GITHUB_RAW_URL` for files."""

    api: str
    graphql: str
    raw: str
    web: str

    @classmethod
    def named(cls) -> Addresses:
        """From the environment, for GitHub Enterprise, else github.com."""
        api = os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        return cls(
            api,
            os.environ.get("GITHUB_GRAPHQL_URL", f"{api}/graphql"),
            os.environ.get("GITHUB_RAW_URL", "https://raw.githubusercontent.com").rstrip("/"),
            os.environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/"),
        )

    def file(self, name: str, commit: str, path: str) -> str:
        """A file at a pinned commit; no API request."""
        return f"{self.raw}/{quote(name)}/{commit}/{quote(path, safe='/')}"


class TooMuch(NetworkError):
    """The answer was too much for the server: ask for less, never for the same at once."""

    def __init__(self) -> None:
        super().__init__("timeout", "GitHub has no answer in time, however little it is asked for.")


class Lost(Exception):
    """The repository is not to be had. `code` groups; the message is a short reason."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Page:
    """A page of a search. A node that the server could not fill is None; `cursors` has one for each."""

    count: int
    nodes: list[dict[str, Any] | None]
    cursors: list[str]
    more: bool
    end: str


class Api:
    """GitHub for one principal. `spent` counts requests and points, `seconds` is how long the last answer took."""

    def __init__(self, reach: Reach, token: str, version: str) -> None:
        self.reach, self.addresses, self.limits = reach, Addresses.named(), Limits()
        self.spent = {"points": 0, "graphql": 0, "rest": 0}
        self.principal, self.login = "", ""
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": version,
        }
        self._warned = False
        self.seconds = 0.0

    def introduce(self) -> None:
        """Learn whose token it is: limits belong to the account. Raises UserError where it is refused."""
        self.graphql(query.VIEWER, {})

    # GraphQL

    def graphql(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """`data` of the answer, parts of it None where the server could not fill them. Raises TooMuch, UserError,
        NetworkError."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        answer = self._send("POST", self.addresses.graphql, "graphql", body=body)
        self.spent["graphql"] += 1
        if answer.status in TOO_MUCH:
            raise TooMuch
        value = _json(answer)
        data, errors = value.get("data"), _errors(value)
        if not isinstance(data, dict) or answer.status != 200:
            words = "; ".join(str(error.get("message")) for error in errors) or str(value.get("message", "no data"))
            if "timeout" in words.lower() or "resource" in words.lower():
                raise TooMuch
            raise UserError(f"GitHub did not understand the search: {harmless(words, 300)}")
        self._charge(data.get("rateLimit"))
        if viewer := data.get("viewer"):
            self.principal, self.login = str(viewer["databaseId"]), viewer["login"]
        if None in data.values() and any(error.get("type") != "NOT_FOUND" for error in errors):
            raise TooMuch
        return data

    def _charge(self, told: dict[str, Any] | None) -> None:
        if told:
            self.spent["points"] += told["cost"]
            if told["remaining"] < told["cost"]:
                reset = datetime.fromisoformat(told["resetAt"].replace("Z", "+00:00"))
                self.limits.spent("graphql", reset.timestamp())

    def page(self, text: str, first: int, after: str, *, trees: bool = True) -> Page:
        """A page of the search `text`. Raises TooMuch, UserError, NetworkError."""
        found = self.graphql(query.search(trees=trees), {"q": text, "n": first, "after": after or None})["search"]
        if found is None:
            raise TooMuch
        edges = [edge or {} for edge in found["edges"]]
        info = found["pageInfo"]
        return Page(
            found["repositoryCount"],
            [edge.get("node") for edge in edges],
            [edge.get("cursor", "") for edge in edges],
            info["hasNextPage"],
            info["endCursor"] or after,
        )

    def counts(self, texts: list[str]) -> list[int]:
        """How many repositories each search has. Raises TooMuch."""
        data = self.graphql(query.counts(len(texts)), {f"q{index}": text for index, text in enumerate(texts)})
        found = [data.get(f"s{index}") for index in range(len(texts))]
        if None in found:
            raise TooMuch
        return [part["repositoryCount"] for part in found if part]

    def again(self, node: str) -> dict[str, Any] | None:
        """The repository behind a node id as it is now, or None where it is gone."""
        found = self.graphql(query.AGAIN, {"id": node})["node"]
        return found if found and found.get("__typename") == "Repository" else None

    # REST

    def tree(self, name: str, oid: str, *, recursive: bool = True) -> tuple[list[dict[str, Any]], bool]:
        """Entries of a tree, and whether the server left some out. Raises Lost, UserError, NetworkError."""
        url = f"{self.addresses.api}/repos/{quote(name)}/git/trees/{oid}{'?recursive=1' if recursive else ''}"
        answer = self._send("GET", url, "core")
        self.spent["rest"] += 1
        if answer.status != 200:
            raise Lost(*LOST.get(answer.status, (f"http-{answer.status}", f"GitHub answers {answer.status}")))
        value = _json(answer)
        return list(value["tree"]), bool(value["truncated"])

    # sending

    def _send(self, method: str, url: str, resource: str, body: bytes | None = None) -> Answer:
        """Send when that is allowed; again after limits, and after faults that pass."""
        faults = 0
        while True:
            self.reach.wait_until(self.limits.until(resource), "GitHub's limit is reached")
            try:
                answer = self.reach.call(lambda: self.reach.client.ask(method, url, self._headers, body=body))
                fault = self._fault(answer, resource)
            except NetworkError as error:
                if resource == "graphql" and error.kind == "large":
                    raise TooMuch from error
                fault = error
            if not fault:
                return answer
            if not isinstance(fault, NetworkError):
                continue
            faults += 1
            if fault.kind in ("offline", "stopped") or faults == TRIES:
                raise fault
            self.reach.pause(PAUSE_S * 2**faults)

    def _fault(self, answer: Answer, resource: str) -> NetworkError | Literal["limit", ""]:
        """Why an answer is none: a limit to wait for, or a fault that may pass. Raises UserError for what does not."""
        self.seconds = answer.seconds
        self._warn(answer)
        refused = _refusal(answer) if answer.status in (200, 403, 429) else ""
        if self.limits.read(answer.status, answer.headers, resource, refused):
            return "limit"
        if answer.status == 401:
            raise UserError("GitHub does not take this token. Make a new one at github.com, Settings, Tokens.")
        if answer.status == 410 and "version" in answer.body[:500].decode("utf-8", "replace").lower():
            raise UserError("GitHub has ended this version of its API. Name a newer one with --github-api VERSION.")
        if answer.status >= 500 and not (resource == "graphql" and answer.status in TOO_MUCH):
            return NetworkError("http", f"GitHub answers {answer.status}.")
        if answer.status == 200 and not answer.body.lstrip().startswith((b"{", b"[")):
            return NetworkError("http", "The answer is not JSON: something stands between us and GitHub.")
        return ""

    def _warn(self, answer: Answer) -> None:
        told = [
            f"{name} {answer.headers[name.lower()]}"
            for name in ("Deprecation", "Sunset")
            if name.lower() in answer.headers
        ]
        if told and not self._warned:
            self._warned = True
            words = harmless("; ".join(told), 200)
            self.reach.note(
                f"GitHub announces the end of this version of its API ({words}). Update Voxel Trainer in time."
            )


def _refusal(answer: Answer) -> str:
    """What an answer says of a limit, if it may: the message of an error, or errors inside a GraphQL answer."""
    if answer.status == 200 and b'"errors"' not in answer.body:
        return ""
    try:
        value = json.loads(answer.body)
    except ValueError:
        return ""
    if answer.status != 200:
        return str(value.get("message", "")) if isinstance(value, dict) else ""
    told = [(error.get("type"), str(error.get("message"))) for error in _errors(value)]
    limits = [words for type_, words in told if type_ == "RATE_LIMITED" or "rate limit" in words.lower()]
    return f"rate limit: {'; '.join(limits)}" if limits else ""


def _errors(value: Any) -> list[dict[str, Any]]:
    errors = value.get("errors") if isinstance(value, dict) else None
    return [error for error in errors or () if isinstance(error, dict)]


def _json(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NetworkError("http", "The answer is not what GitHub describes.")
    return value
