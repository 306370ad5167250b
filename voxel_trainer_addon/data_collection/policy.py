# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be taken, by what was chosen and by what is known before the first byte of a file."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ..catalog import Listed, Repository
from ..licences import classes
from ..removal import RemovalList
from ..stage import Options

WHY: Mapping[str, str] = {
    "archived": "archived repositories",
    "closed": "repositories that are disabled, locked or private",
    "empty": "empty repositories",
    "fork": "forks",
    "stars": "repositories with too few stars",
    "licence": "files whose licence is not taken",
    "lfs": "files in Git LFS, which the owner would pay for",
    "removed": "files on the removal list",
    "size": "files that are too large",
}
"""Reason → what is left out for it, as a plan says it."""


class Policy:
    """The filters of a harvest. Reasons are the keys of `WHY`; '' means taken."""

    def __init__(self, options: Options, removal: RemovalList) -> None:
        self.options, self.removal = options, removal
        self.licences = classes.Policy(options.allow)
        self.most = round(options.file_mb * 1e6)

    def repository(self, found: Repository) -> str:
        """Why nothing is taken from a repository, as far as the host alone tells. One that was named by hand tells
        nothing of itself, and is not filtered."""
        body, options = found.body, self.options
        if self.removal.repository(body["url"]) or self.removal.author(body["origin"]["author"]):
            return "removed"
        for reason in ("closed", "empty", "fork"):
            if body.get(reason):
                return reason
        if body.get("archived") and not options.archived:
            return "archived"
        return "stars" if body.get("stars", options.stars) < options.stars else ""

    def licence(self, spdx: str) -> str:
        """Why nothing under this licence is taken."""
        return "" if self.licences.takes(spdx) else "licence"

    def file(self, repository: Repository, found: Listed) -> str:
        """Why a listed file is not taken."""
        told = found.provenance
        if self.removal and self._removed(repository, found):
            return "removed"
        if found.bytes > self.most:
            return "size"
        if told.get("lfs") and not self.options.lfs:
            return "lfs"
        return self.licence(found.licence)

    def _removed(self, repository: Repository, found: Listed) -> bool:
        told = found.provenance
        address = told.get("address") or f"{repository.body['url']}/blob/{told.get('commit')}/{quote(found.path)}"
        return self.removal.address(address) or self.removal.author(told.get("author", ""))
