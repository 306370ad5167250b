# SPDX-License-Identifier: GPL-3.0-or-later
"""The removal list: what its owners do not want to be used. Every stage honours it.

`removal_list.txt` in the data folder, a line each: `repository https://github.com/owner/name`, `author login`,
`sha256 …` or `address https://…`; what stands after `#` is for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UserError

KINDS = ("repository", "author", "sha256", "address")


@dataclass(frozen=True)
class RemovalList:
    """What is to be left alone, each kind in one spelling."""

    entries: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> RemovalList:
        """The list in `path`; an empty one where there is none. Raises UserError for a line that cannot be read."""
        found: dict[str, set[str]] = {kind: set() for kind in KINDS}
        if path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
                kind, _, value = re.sub(r"(^|\s)#.*", "", line).strip().partition(" ")
                if kind and (kind not in KINDS or not value.strip()):
                    raise UserError(
                        f"{path.name}, line {number}, names nothing to remove. Write repository, author, sha256 or "
                        "address, and what is meant."
                    )
                if kind:
                    found[kind].add(_spelled(value))
        return cls({kind: frozenset(values) for kind, values in found.items()})

    def __bool__(self) -> bool:
        return any(self.entries.values())

    def repository(self, url: str) -> bool:
        """Whether everything in the repository at `url` is to be left alone."""
        return _spelled(url) in self.entries.get("repository", ())

    def author(self, name: str) -> bool:
        return bool(name) and _spelled(name) in self.entries.get("author", ())

    def content(self, sha256: str) -> bool:
        return sha256 in self.entries.get("sha256", ())

    def address(self, address: str) -> bool:
        return _spelled(address) in self.entries.get("address", ())

    def covers(self, sha256: str, provenance: Mapping[str, Any]) -> bool:
        """Whether a file found with this `provenance` is to be left alone."""
        told = provenance.get
        return (
            self.content(sha256)
            or self.repository(str(told("repository", "")))
            or self.author(str(told("author", "")))
            or self.address(str(told("address", "")))
        )


def _spelled(value: str) -> str:
    """Addresses and names as they compare: without scheme, `.git`, a slash at the end, and in small letters."""
    return re.sub(r"(\.git)?/*$", "", re.sub(r"^https?://(www\.)?", "", value.strip().lower()))
