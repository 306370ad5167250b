# SPDX-License-Identifier: GPL-3.0-or-later
"""One test GitHub: who may ask, what each host answers, what goes wrong on purpose, and a log of every request."""

from __future__ import annotations

import base64
import math
import re
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.peers import changes, raw
from tests.peers.faults import KINDS, Fault, Faults, slow_down, used_up
from tests.peers.git_http import Git
from tests.peers.graphql_api import GraphQL
from tests.peers.http_parts import Answer, Request, answer, failure
from tests.peers.lfs import Lfs
from tests.peers.limits import EVERYTHING, Limits
from tests.peers.rest import Rest, Settings
from tests.peers.search import Searches
from tests.peers.universe import Universe

TOKEN = re.compile(r"ghp_([a-z0-9]+)_\w+")
"""A token of this test GitHub names its account: ghp_alice_1 and ghp_alice_2 share the budgets of alice."""
KEPT = 300_000
"""So many requests are kept one by one; the sums go on."""
MEDIA = "github.v3; format=json"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the log has it. `early` is by how many seconds it came before an announced time."""

    time: float
    host: str
    method: str
    target: str
    resource: str
    account: str
    authorized: bool
    status: int
    sent: int
    cost: int
    early: float
    fault: str
    agent: str


class World:
    """All parts over one universe."""

    def __init__(self, universe: Universe, folder: Path, bundles: Path | None = None) -> None:
        """`folder` takes the git repositories that are made on the way; `bundles` holds bundles to serve."""
        self.universe, self.limits, self.settings = universe, Limits(), Settings()
        self.lfs = Lfs(universe)
        self.git = Git(universe, self.lfs, folder, bundles)
        self.bases: dict[str, str] = {}
        searches = Searches(universe)
        self.graphql = GraphQL(universe, searches, self.limits)
        self.rest = Rest(universe, searches, self.limits, self.settings)
        self.faults = Faults(self.limits)
        self.revoked: set[str] = set()
        self.log: deque[Seen] = deque(maxlen=KEPT)
        self.sums: Counter[str] = Counter()
        self._at_once: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> tuple[Answer, Seen]:
        """The answer to a request, and what the log will say of it but for the bytes."""
        resource = Rest.resource(request.path) if request.host == "api" else request.host
        authorized = "Authorization" in request.headers
        request.account, known = self._account(request)
        seen_at = time.time()
        early = self.limits.early(request.principal, resource, free=request.path == "/rate_limit")
        fault = self.faults.hit(request, self.graphql.first)
        if fault and fault.delay:
            time.sleep(fault.delay)
        made = self._answer(request, resource, known, fault, early)
        if request.host == "api":
            made.headers = {**self._api_headers(request, resource), **made.headers}
        return made, Seen(
            time=seen_at,
            host=request.host,
            method=request.method,
            target=request.target,
            resource=resource,
            account=request.account,
            authorized=authorized,
            status=made.status,
            sent=0,
            cost=made.cost,
            early=early,
            fault=fault.do if fault else "",
            agent=request.headers.get("User-Agent", ""),
        )

    def _account(self, request: Request) -> tuple[str, bool]:
        """Who asks, and whether the token is good (or there is none)."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            token = base64.b64decode(token).decode().partition(":")[2]
        found = TOKEN.fullmatch(token)
        return (found[1] if found else ""), not token or (found is not None and token not in self.revoked)

    def _answer(self, request: Request, resource: str, known: bool, fault: Fault | None, early: float) -> Answer:
        if fault and fault.do == "change" and not fault.given.get("after"):
            changes.apply(self.universe, fault.given["change"])
        made = self.faults.instead(fault, request, resource) if fault else None
        if made is None and early and self.limits.early(request.principal, EVERYTHING, free=True):
            made = slow_down(429, math.ceil(early))
        if made is None:
            made = self._api(request, resource, known) if request.host == "api" else self._other(request)
        if fault:
            KINDS[fault.do](made, fault)
            if fault.do == "change" and fault.given.get("after"):
                changes.apply(self.universe, fault.given["change"])
        return made

    def _other(self, request: Request) -> Answer:
        if request.host == "git":
            return self.git.answer(request, self.bases["store"])
        return self.lfs.stored(request) if request.host == "store" else raw.answer(self.universe, request)

    def _api(self, request: Request, resource: str, known: bool) -> Answer:
        if not request.headers.get("User-Agent"):
            return failure(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
            )
        if not known:
            return failure(401, "Bad credentials")
        if resource == "graphql" and not request.account:
            return failure(401, "This endpoint requires you to be authenticated.")
        if self.limits.crowded(request.account, resource, 1):
            self.limits.announce(request.account, EVERYTHING, self.limits.now() + 60)
            return slow_down(403, 60)
        free = request.path in ("/rate_limit", "/versions")
        if not free and self.limits.window(request.account, resource).remaining == 0:
            return used_up(request, resource, 200 if resource == "graphql" else 403)
        if resource == "graphql":
            return self.graphql.answer(request)
        made = self.rest.answer(request)
        self.limits.spend(request.account, resource, made.cost)
        return made

    def _api_headers(self, request: Request, resource: str) -> dict[str, str]:
        version = request.headers.get("X-GitHub-Api-Version", self.settings.versions[-1])
        headers = {
            "X-GitHub-Api-Version-Selected": version,
            "X-GitHub-Media-Type": MEDIA,
            "Vary": "Accept, Authorization",
        }
        return headers | self.limits.headers(request.account, resource)

    def entered(self, host: str) -> None:
        """Count the requests that are in work at once."""
        with self._lock:
            self._at_once[host] += 1
            name = f"{host}.at_once"
            self.sums[name] = max(self.sums[name], self._at_once[host])

    def left(self, seen: Seen) -> None:
        """Write a request into the log when its last byte is sent."""
        with self._lock:
            self._at_once[seen.host] -= 1
            self.log.append(seen)
            self.sums[f"{seen.resource}.requests"] += 1
            self.sums[f"{seen.resource}.bytes"] += seen.sent
            self.sums[f"{seen.resource}.cost"] += seen.cost
            self.sums[f"{seen.resource}.{seen.status}"] += 1
            self.sums["violations"] += seen.early > 0

    def stats(self, whole: bool) -> dict[str, Any]:
        """Sums, and every request where `whole` is asked."""
        with self._lock:
            sums, log = dict(self.sums), list(self.log) if whole else []
        return {
            "violations": sums.pop("violations", 0),
            "sums": sums,
            "faults": self.faults.listed(),
            "requests": [asdict(seen) for seen in log],
        }

    def control(self, asked: dict[str, Any]) -> Answer:
        """POST /_control: arm, disarm, change, set, revoke, forget; several at once happen in this order."""
        done: dict[str, Any] = {}
        try:
            if "arm" in asked:
                done["id"] = self.faults.arm(asked["arm"])
            if "disarm" in asked:
                self.faults.disarm(asked["disarm"])
            if "change" in asked:
                changes.apply(self.universe, asked["change"])
            for name, value in asked.get("set", {}).items():
                self._set(name, value)
            self.revoked |= set(asked.get("revoke", ()))
        except (KeyError, ValueError, TypeError) as why:
            return failure(422, f"{type(why).__name__}: {why}")
        if asked.get("forget"):
            with self._lock:
                self.log.clear()
                self.sums.clear()
        return answer(done)

    def _set(self, name: str, value: Any) -> None:
        if name in ("budgets", "anonymous"):
            budgets = getattr(self.limits, name)
            budgets |= {resource: tuple(budget) for resource, budget in value.items()}
            self.limits.renew()
        elif name in ("skew", "secondary"):
            setattr(self.limits, name, value)
        elif name in ("lfs_budget", "lfs_over_status"):
            setattr(self.lfs, name.removeprefix("lfs_"), value)
        elif name in Settings.__annotations__:
            setattr(self.settings, name, tuple(value) if isinstance(value, list) else value)
        else:
            raise KeyError(f"{name} cannot be set")
