# SPDX-License-Identifier: GPL-3.0-or-later
"""Porting: the script that makes a tree in another version of Blender is given, and that for this one is the answer.

Both were proven, each in its own Blender; nothing more needs to be run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..files import digest
from ..graph.travel import minor
from ..prompts import with_code
from .against import MOST_CHARACTERS, named
from .kinds import Ask, Draft, Library, Settings, Tree

WORDED = (
    "This script makes the {name} in Blender {old}. Rewrite it for Blender {new}.",
    "Port this to Blender {new}: it makes the {name} in {old}.",
    "I have moved from Blender {old} to {new}. What does this script for the {name} look like there?",
    "Give me the same {name} for Blender {new}. This is the script for {old}:",
)


def asks(library: Library, settings: Settings) -> Iterator[Ask]:
    """Nothing: the scripts were proven as trees are."""
    yield from ()


def drafts(library: Library, settings: Settings) -> Iterator[Draft]:
    """A row for each tree of a file that another Blender read and proved too, where its script says something else.

    A file that a newer Blender wrote than one of the two is left out: the older one does not read all of it.
    """
    for sha256 in library.files():
        file = library.file(sha256)
        if file is None:
            continue
        written = minor(str(file.record.get("file", {}).get("version") or "0.0"))
        for name, other in library.elsewhere(sha256):
            if (0, 0) < written <= min(minor(name), settings.blender[:2]):
                theirs = {tree.graph.key: tree for tree in other.trees}
                for tree in file.trees:
                    old = theirs.get(tree.graph.key)
                    if old and old.code != tree.code and max(len(old.code), len(tree.code)) <= MOST_CHARACTERS:
                        yield draft(old, tree, name, settings)


def draft(old: Tree, tree: Tree, name: str, settings: Settings) -> Draft:
    given = digest([old.code])
    return tree.draft(
        "port",
        settings,
        given=given,
        prompt=partial(prompt, old, name, settings.blender_name, int(given[:8], 16)),
        completion=tree.code,
        score=worth(old.code, tree.code),
        more={"from_version": name},
    )


def worth(old: str, new: str) -> float:
    """How much a port teaches: little where only nodes need no longer be switched on."""
    differ = set(old.splitlines()) ^ set(new.splitlines())
    telling = [line for line in differ if line and not line.endswith(".use_nodes = True")]
    return min(1.0, 0.2 + 0.2 * len(telling))


def prompt(old: Tree, since: str, to: str, choice: int) -> str:
    """The request, and the script for the other version."""
    return with_code(WORDED[choice % len(WORDED)].format(name=named(old.graph), old=since, new=to), old.code)
