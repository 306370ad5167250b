# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be fetched, from what is listed: counts, bytes, licences and cost, before the first byte of a file."""

from __future__ import annotations

import shutil
import sqlite3
import weakref
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..catalog import Catalog, Listed, Repository
from ..licences import classes
from ..paths import DataFolder
from ..words import counted, size
from .policy import WHY, Policy


@dataclass
class Plan:
    """A plan. Bytes are those to fetch: what is here already and what comes twice is counted under `known`.

    `licences` counts files by class, `left` files and repositories by the reason why they are left out, `spent` what
    finding them cost in points and requests.
    """

    repositories: int = 0
    files: int = 0
    bytes: int = 0
    known: int = 0
    unsized: int = 0
    beyond: int = 0
    licences: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    spent: dict[str, int] = field(default_factory=dict)
    free: int = 0

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @property
    def words(self) -> list[str]:
        """Sentences for a person."""
        known_sizes = [f"{counted(self.files - self.unsized, 'file')}, {size(self.bytes)}"]
        unknown = [f"{counted(self.unsized, 'file')} of unknown size"] if self.unsized else []
        found = " and ".join((known_sizes if self.files > self.unsized or not unknown else []) + unknown)
        known = f"; {self.known:,} more are here already" if self.known else ""
        lines = [f"To fetch: {found} from {counted(self.repositories, 'repository', 'repositories')}{known}."]
        if self.licences:
            told = ", ".join(f"{name} {count:,}" for name, count in self.licences.most_common())
            lines.append(f"Licences: {told}.")
        if any(self.spent.values()):
            points, rest = counted(self.spent["points"], "point"), counted(self.spent["rest"], "REST request")
            lines.append(f"Finding them cost {points} and {rest} of GitHub's hourly 5,000 each; fetching costs none.")
        if self.beyond:
            lines.append(f"{counted(self.beyond, 'file')} more are beyond the limit in all; --total-gb raises it.")
        lines += [f"Left out: {count:,} {WHY[reason]}." for reason, count in self.left.most_common()]
        if self.bytes > self.free:
            lines.append(f"Only {size(self.free)} are free on the disk.")
        return lines


class Seen:
    """A set of texts that takes no memory: SQLite keeps it in a temporary file."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # any may collect it
        self._closing = weakref.finalize(self, self._db.close)
        self._db.executescript("CREATE TABLE seen (text TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN;")

    def __contains__(self, text: str) -> bool:
        return self._db.execute("SELECT 1 FROM seen WHERE text = ?", (text,)).fetchone() is not None

    def add(self, text: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (text,))


class Wanted:
    """The listed files that are wanted, of one lot, within the limits of number and bytes in all."""

    def __init__(self, folder: DataFolder, catalog: Catalog, policy: Policy) -> None:
        self.folder, self.catalog, self.policy = folder, catalog, policy

    def plan(self, lots: list[str], spent: dict[str, int]) -> Plan:
        """Count what `files` would give."""
        plan = Plan(spent=spent, free=shutil.disk_usage(self.folder.root).free)
        seen = Seen()
        for lot in lots:
            last = ""
            for repository, file in self.files(lot, plan, seen=seen):
                plan.repositories += repository.id != last
                last = repository.id
                plan.licences[classes.class_of(file.licence)] += 1
        return plan

    def files(
        self, lot: str, plan: Plan | None = None, *, only: Container[str] | None = None, seen: Seen | None = None
    ) -> Iterator[tuple[Repository, Listed]]:
        """The wanted files of a lot (of the repositories `only`), by repository and path. `plan` is told of each, and
        of what is left out and why. What an earlier run brought counts against the limits, equal contents once."""
        options, plan, seen = self.policy.options, plan or Plan(), Seen() if seen is None else seen
        taken = self.catalog.count_origins(lot) if options.limit else 0
        room = options.total_gb * 1e9 - self.catalog.stored_bytes() - plan.bytes
        last = ("", "")
        for repository, file in self.catalog.listed(lot):
            if only is not None and repository.id not in only:
                continue
            if repository.id != last[0]:
                last = repository.id, self.policy.repository(repository)
            if why := last[1] or self.policy.file(repository, file):
                plan.left[why] += 1
                continue
            known = bool(file.oid) and (file.oid in seen or self.catalog.content_of(file.oid) is not None)
            if (options.limit and taken >= options.limit) or (not known and room < file.bytes):
                plan.beyond += 1
            else:
                taken += 1
                seen.add(file.oid)
                plan.known += known
                plan.files += not known
                if not known:
                    room -= max(file.bytes, 0)
                    plan.bytes += max(file.bytes, 0)
                    plan.unsized += file.bytes < 0
                yield repository, file
