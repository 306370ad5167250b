# SPDX-License-Identifier: GPL-3.0-or-later
"""`list:FILE`: addresses with the licences that the person states for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.robotparser import RobotFileParser

from ...catalog import Listed, Repository
from ...errors import SetAside, UserError
from ...http import NetworkError
from .. import licences
from ..downloads import Downloads, Job
from ..fetch import Want
from ..policy import Policy
from ..reach import Reach
from ..texts import FINAL, Texts
from . import place_id

FACTS = ("author", "title", "repository", "date")


@dataclass(frozen=True)
class AddressList:
    """A file of addresses, read again whenever it is harvested."""

    id: str
    file: Path
    kind: str = "list"

    @property
    def lot(self) -> str:
        return self.id

    def discover(self, reach: Reach, policy: Policy) -> str:
        """List what the file names and robots.txt leaves open. Raises UserError, LimitReached."""
        entries = list(_entries(self.file))
        name = self.id.partition(":")[2]
        repository = Repository(self.id, self.id, name, "", "", {"url": "", "origin": {"author": ""}})
        robots = Robots(reach)
        robots.learn(str(entry["address"]) for entry in entries)
        found = []
        for entry in entries:
            listed = self._listed(entry)
            if why := robots.closed(str(entry["address"])):
                reach.hooks.set_aside(SetAside("harvest", f"{self.id}/{listed.path}", "robots", why))
            else:
                found.append(listed)
        reach.catalog.notice(repository)
        reach.catalog.set_listing(repository, "", found)
        return f"{len(entries):,} addresses"

    def _listed(self, entry: dict[str, Any]) -> Listed:
        parts = urlsplit(entry["address"])
        path = f"{parts.netloc}/{unquote(parts.path).lstrip('/')}{'?' + parts.query if parts.query else ''}"
        kind = "code" if parts.path.endswith(".py") else "blend"
        told = {key: str(entry[key]) for key in FACTS if entry.get(key)}
        evidence = {"address": entry["address"], "evidence": f"stated in {self.file.name}", **told}
        return Listed(
            self.id, path, kind, "", int(entry.get("bytes") or -1), licences.spdx(str(entry["licence"])), evidence
        )

    def fetch(self, reach: Reach, wanted: Iterable[tuple[Repository, Listed]], policy: Policy) -> None:
        """Bring what is new or changed: what is here is asked for with its ETag."""
        Downloads(reach, lambda repository, code: False).run(_jobs(reach, wanted, policy))


def open(file: Path) -> AddressList:
    """The list in `file`. Raises UserError where there is none."""
    file = file.expanduser().resolve()
    if not file.is_file():
        raise UserError(f"{file} is no file. Name a CSV or JSON file with the columns address and licence.")
    return AddressList(place_id("list", file), file)


def _jobs(reach: Reach, wanted: Iterable[tuple[Repository, Listed]], policy: Policy) -> Iterator[Job]:
    for repository, file in wanted:
        known = reach.catalog.origin(repository.source, f"{repository.name}/{file.path}")
        here = known and reach.folder.blob(known.sha256, known.kind).is_file()
        etag = known.provenance.get("etag", "") if known and here else ""
        yield Job(repository, file, Want(file.provenance["address"], file.bytes, policy.most, etag=etag))


def _entries(file: Path) -> Iterator[dict[str, Any]]:
    """Rows of CSV with a header, or objects of a JSON list. Raises UserError."""
    text = file.read_text(encoding="utf-8-sig")
    try:
        rows = json.loads(text) if text.lstrip().startswith("[") else list(csv.DictReader(text.splitlines()))
    except ValueError as error:
        raise UserError(f"{file.name} could not be read as JSON: {error}.") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not row.get("address") or not row.get("licence"):
            raise UserError(f"{file.name}, entry {number}, lacks an address or a licence. Each needs both.")
        if urlsplit(str(row["address"])).scheme not in ("http", "https"):
            raise UserError(f"{file.name}, entry {number}: the address does not begin with https://.")
        yield row


class Robots:
    """What the robots.txt of hosts leave open to us (RFC 9309)."""

    def __init__(self, reach: Reach) -> None:
        self.reach, self._rules = reach, dict[str, RobotFileParser | str]()

    def learn(self, addresses: Iterable[str]) -> None:
        """Read the robots.txt of every host. Raises LimitReached."""
        hosts = {_host(address) for address in addresses} - self._rules.keys()
        for address, text in Texts(self.reach).read(f"{host}/robots.txt" for host in sorted(hosts)).items():
            rules = RobotFileParser()
            if isinstance(text, NetworkError) and text.kind not in FINAL:
                self._rules[address.removesuffix("/robots.txt")] = str(text)
                continue
            rules.parse([] if isinstance(text, NetworkError) else text.splitlines())
            self._rules[address.removesuffix("/robots.txt")] = rules

    def closed(self, address: str) -> str:
        """Why an address is not open to us; '' where it is. A host that cannot be asked is closed."""
        rules = self._rules[_host(address)]
        if isinstance(rules, str):
            return f"Its host's robots.txt could not be read: {rules}"
        allowed = rules.can_fetch(self.reach.client.agent, address)
        return "" if allowed else "Its host's robots.txt does not want it to be fetched by programs."


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
