# SPDX-License-Identifier: GPL-3.0-or-later
"""What the searches of a data folder brought so far, and what stands in their way. No bpy."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping

from .. import tokens
from ..catalog import glance
from ..catalog.glance import Seen
from ..paths import DataFolder
from ..words import counted

TOKEN = "GITHUB_TOKEN"
AGAIN_S, SOON_S = 5.0, 0.5


class Harvested:
    """Each source as the catalog last had it, and whether there is a token for GitHub."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self.sources: Mapping[str, Seen] = {}
        self.has_token, self.warnings, self.own = False, tuple[str, ...](), frozenset[str]()
        self._when: Hashable = None
        self._next = 0.0

    def look_for_tokens(self) -> None:
        """Remember names alone: `own` are those in our own file, `warnings` sentences about files with tokens."""
        found = tokens.find(folder=self.data.root)
        self.has_token, self.warnings = bool(found.get(TOKEN)), found.warnings
        self.own = tokens.kept()

    def look(self, when: Hashable) -> None:
        """Look again where `when` is another value than last time, and now and then."""
        if when != self._when or time.monotonic() > self._next:
            self.look_for_tokens()
            found = glance.sources(self.data.catalog)
            self.sources = self.sources if found is None else found
            self._when, self._next = when, time.monotonic() + (SOON_S if found is None else AGAIN_S)

    def files(self, source: str) -> str:
        """How many files came from a source, in words; '' for none. Those of all searches on GitHub are `github`'s."""
        count = self.sources[source].files if source in self.sources else 0
        more = " or more" if count == glance.COUNTED else ""
        return counted(count, "file") + more if count else ""
