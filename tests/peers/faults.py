# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test GitHub can be told to do wrong, to which requests, and how often.

A fault is an object: `do` names it, `method`, `host` and `path` (regular expressions, searched in the address as it
came) and `first_above` (GraphQL page sizes above it) say which requests it meets, `times` how often (none: always),
`skip` how many it lets pass before, `chance` and `seed` make it fall by lot. `delay` seconds pass before any of them.

    primary      status 403 | 429 | 200 (GraphQL), seconds: the budget is used up until then
    secondary    status 403 | 429 | 200 (GraphQL), retry_after: seconds, or none for the message alone (60 s count,
                 or `wait`)
    status       status, message, headers: any other answer instead (a Retry-After among them counts as announced);
                 cost: points that it takes all the same
    partial      count: GraphQL, so many nodes are null and an error says why
    truncated    entries: a listing that keeps so many and says that it is cut
    cut          after: bytes of the body, then the connection breaks; [from, to]: somewhere between, by lot
    length       by: Content-Length names so many bytes more (or fewer) than there are
    drip         bytes at a time, pause in seconds
    silence      seconds without a byte, then the connection breaks
    page         an HTML page with status 200
    spoil        the first byte of the body is another one
    bomb         encoding gzip | zstd, mebibytes: a body that unpacks to as much
    headers      headers: added to the answer
    change       change: what happens to the universe, `after` the answer or before it (see changes.py)
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.peers import bombs
from tests.peers.http_parts import Answer, Request, answer, failure
from tests.peers.limits import EVERYTHING, Limits

PRIMARY = "API rate limit exceeded for user ID {account}."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
SECONDARY_WAIT_S = 60
"""What the documentation asks for where no header says how long."""
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in to go on.</p></body></html>"


@dataclass
class Fault:
    """One armed fault; `met` counts the requests that it changed."""

    id: int
    do: str
    method: str = ""
    host: str = ""
    path: str = ""
    first_above: int = 0
    times: int | None = 1
    skip: int = 0
    chance: float = 1
    seed: int = 0
    delay: float = 0
    given: dict[str, Any] = field(default_factory=dict)
    met: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def meets(self, request: Request, first: Callable[[Request], int]) -> bool:
        """Whether it happens to this request; it is counted then."""
        if self.times is not None and self.met >= self.times:
            return False
        named = ((self.method, request.method), (self.host, request.host), (self.path, request.target))
        if not all(re.search(wanted, here) for wanted, here in named):
            return False
        if self.first_above and first(request) <= self.first_above:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.rng.random() >= self.chance:
            return False
        self.met += 1
        return True


class Faults:
    """The armed faults in the order in which they were armed; one request meets at most one."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._armed: list[Fault] = []
        self._next = 1
        self._lock = threading.Lock()

    def arm(self, given: dict[str, Any]) -> int:
        """Arm a fault as the description above has it; its id. Raises ValueError for one that is not known."""
        kind = given.get("do", "")
        own = {name: value for name, value in given.items() if name in Fault.__annotations__}
        rest = {name: value for name, value in given.items() if name not in own}
        if kind not in KINDS or rest.keys() - PARAMETERS[kind]:
            raise ValueError(f"{kind} with {', '.join(rest)} is no fault; known are {PARAMETERS}")
        with self._lock:
            fault = Fault(self._next, given=rest, **own)
            self._next += 1
            self._armed.append(fault)
        return fault.id

    def disarm(self, id: int | None) -> None:
        with self._lock:
            self._armed = [fault for fault in self._armed if id is not None and fault.id != id]

    def listed(self) -> list[dict[str, Any]]:
        return [{"id": fault.id, "do": fault.do, "met": fault.met} for fault in self._armed]

    def hit(self, request: Request, first: Callable[[Request], int]) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._armed if fault.meets(request, first)), None)

    def instead(self, fault: Fault, request: Request, resource: str) -> Answer | None:
        """The answer that a fault gives without asking further; None where it only changes the true one."""
        given = fault.given
        if fault.do == "primary":
            self.limits.empty(request.account, resource, int(given.get("seconds", 60)))
            return used_up(request, resource, int(given.get("status", 403)))
        if fault.do == "secondary":
            retry_after = given.get("retry_after")
            wait = int(given.get("wait", SECONDARY_WAIT_S) if retry_after is None else retry_after)
            self.limits.announce(request.principal, EVERYTHING, self.limits.now() + wait)
            return slow_down(int(given.get("status", 403)), retry_after)
        if fault.do == "status":
            if "cost" in given:
                self.limits.spend(request.account, resource, int(given["cost"]))
            made = failure(int(given["status"]), given.get("message", "Something went wrong"))
            made.headers |= given.get("headers", {})
            if "Retry-After" in made.headers:
                wait = int(made.headers["Retry-After"])
                self.limits.announce(request.principal, EVERYTHING, self.limits.now() + wait)
            return made
        if fault.do == "page":
            return Answer(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        return None


def used_up(request: Request, resource: str, status: int) -> Answer:
    """The primary limit is met: inside 200 for GraphQL, else 403 or 429."""
    message = PRIMARY.format(account=request.account or "an address without a token")
    if resource == "graphql" and status == 200:
        return answer({"errors": [{"type": "RATE_LIMITED", "message": message}]})
    return failure(status, message)


def slow_down(status: int, retry_after: int | None) -> Answer:
    """A secondary limit is met; with 200, as GraphQL may tell it."""
    made = answer({"errors": [{"message": SECONDARY}]}) if status == 200 else failure(status, SECONDARY)
    if retry_after is not None:
        made.headers["Retry-After"] = str(retry_after)
    return made


def _partial(made: Answer, fault: Fault) -> None:
    value = json.loads(made.body)
    found = (value.get("data") or {}).get("search") or {}
    places = [("nodes", at, []) for at in range(len(found.get("nodes") or ()))]
    places += [("edges", at, ["node"]) for at in range(len(found.get("edges") or ()))]
    errors = value.setdefault("errors", [])
    for part, at, inside in reversed(places[-int(fault.given.get("count", 1)) :]):
        if inside:
            found[part][at]["node"] = None
        else:
            found[part][at] = None
        message = "Resource limits for this query exceeded."
        place = ["search", part, at, *inside]
        errors.append({"type": "RESOURCE_LIMITS_EXCEEDED", "path": place, "message": message})
    made.body = json.dumps(value).encode()


def _truncated(made: Answer, fault: Fault) -> None:
    value = json.loads(made.body)
    if "tree" in value:
        value |= {"tree": value["tree"][: int(fault.given.get("entries", 0))], "truncated": True}
        made.body = json.dumps(value).encode()
        made.headers.pop("ETag", None)


def _cut(made: Answer, fault: Fault) -> None:
    after = fault.given.get("after", 0)
    made.cut = fault.rng.randrange(*after) if isinstance(after, list) else after


def _spoil(made: Answer, _fault: Fault) -> None:
    data = made.content.read(made.start, made.length) if made.content else made.body
    made.content, made.body = None, bytes([data[0] ^ 1]) + data[1:]


def _length(made: Answer, fault: Fault) -> None:
    made.declared = int(fault.given.get("by", 1))


def _drip(made: Answer, fault: Fault) -> None:
    made.piece, made.pause = int(fault.given.get("bytes", 64)), float(fault.given.get("pause", 0.1))


def _silence(made: Answer, fault: Fault) -> None:
    made.silence = float(fault.given.get("seconds", 60))


def _bomb(made: Answer, fault: Fault) -> None:
    encoding = fault.given.get("encoding", "gzip")
    made.content, made.body = None, bombs.MAKERS[encoding](int(fault.given.get("mebibytes", 1024)))
    made.headers["Content-Encoding"] = encoding


def _headers(made: Answer, fault: Fault) -> None:
    made.headers |= fault.given.get("headers", {})


def _nothing(_made: Answer, _fault: Fault) -> None:
    """The whole fault is done elsewhere."""


KINDS: dict[str, Callable[[Answer, Fault], None]] = {
    "primary": _nothing,
    "secondary": _nothing,
    "status": _nothing,
    "page": _nothing,
    "change": _nothing,
    "partial": _partial,
    "truncated": _truncated,
    "cut": _cut,
    "spoil": _spoil,
    "length": _length,
    "drip": _drip,
    "silence": _silence,
    "bomb": _bomb,
    "headers": _headers,
}
"""Fault → what it does to an answer that was true before."""
PARAMETERS: dict[str, set[str]] = {
    "primary": {"status", "seconds"},
    "secondary": {"status", "retry_after", "wait"},
    "status": {"status", "message", "headers", "cost"},
    "page": set(),
    "change": {"change", "after"},
    "partial": {"count"},
    "truncated": {"entries"},
    "cut": {"after"},
    "spoil": set(),
    "length": {"by"},
    "drip": {"bytes", "pause"},
    "silence": {"seconds"},
    "bomb": {"encoding", "mebibytes"},
    "headers": {"headers"},
}
"""Fault → what it may be given beside what all have."""
