# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer's names exist in the Blender that it is for; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .lookup import look_up
from .names import Names
from .source import tree


@dataclass(frozen=True)
class Finding:
    """A name that the asked Blender lacks; `there` are the versions that have it: none, and it was made up."""

    name: str
    there: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return "wrong version" if self.there else "unknown anywhere"


def names_valid(code: str, table: Names, others: Sequence[Names] = ()) -> list[Finding]:
    """The names of `code` that the Blender of `table` lacks, in alphabetical order; `others` are the tables of other
    versions, which tell a name of another time from one that never was. What cannot be told without running counts as
    valid. Code that does not parse, or is nested too deeply, has no findings."""
    module = tree(code)
    if module is None:
        return []
    try:
        missing = look_up(module, table).missing
        gone = {names.blender: frozenset(look_up(module, names).missing) for names in others} if missing else {}
    except RecursionError:
        return []
    return [Finding(name, tuple(version for version, held in gone.items() if name not in held)) for name in missing]
