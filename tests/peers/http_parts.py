# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the test GitHub is asked with and answers with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.peers.git_objects import Content


@dataclass
class Request:
    """One request. `host` is api, raw, git or store; `account` is who asks: a login, or '' without a token."""

    host: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    account: str = ""
    base: str = ""

    @property
    def principal(self) -> str:
        """Whom an announced time binds: the account at the API, the address of the client elsewhere."""
        return self.account if self.host == "api" else f"{self.host}/"

    @cached_property
    def path(self) -> str:
        """Still percent-encoded."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def json(self) -> Any:
        """The body, unpacked; None where it is no JSON."""
        data = gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body
        try:
            return json.loads(data)
        except ValueError:
            return None


@dataclass
class Answer:
    """One answer: bytes, or `length` bytes of a content from `start`. `cost` is what it takes from a budget.

    `cut` bytes of the body are sent before the connection breaks; `declared` more are named in Content-Length than
    come; `piece` bytes are sent at a time with `pause` seconds between; after `silence` seconds without a byte the
    connection breaks.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content: Content | None = None
    start: int = 0
    length: int = 0
    cost: int = 0
    cut: int | None = None
    declared: int = 0
    piece: int = 1 << 18
    pause: float = 0
    silence: float = 0

    @property
    def size(self) -> int:
        return self.length if self.content else len(self.body)


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """A value as JSON. An underscore in the name of a header is a hyphen."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **named})


def failure(status: int, message: str, **more: Any) -> Answer:
    """How GitHub words a failure."""
    return answer(
        {"message": message, **more, "documentation_url": "https://docs.github.com/rest", "status": str(status)}, status
    )
