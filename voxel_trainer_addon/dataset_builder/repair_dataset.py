# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair: a proven script broken in one place is given, with what Blender says of it; the proven one is the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..files import digest
from ..graph.breaks import Break, breaks
from ..prompts import FAILED, with_code
from ..words import harmless
from .against import MOST_CHARACTERS, listing, named, said, told_apart
from .kinds import Ask, Draft, File, Settings, Tree
from .proving import without_layout

RAN = (
    "This script for the {name} runs in Blender {blender}, but the tree is not right. It needs this too: {lacks}\n"
    "Give me the whole script.",
    "My script makes the {name} without an error, yet something is wrong with the tree. To be right: {lacks}\n"
    "Correct the script.",
    "The script runs, but the {name} is not what I want. What is amiss: {lacks}\nWrite the whole script again, mended.",
)


@dataclass(frozen=True)
class Broken:
    """A proven tree and its script broken in one place."""

    tree: Tree
    broken: Break

    @property
    def unit(self) -> str:
        return told_apart("repair", self.tree.proof.unit, self.broken.code)


def broken(tree: Tree, settings: Settings) -> Iterator[Broken]:
    """What is tried of one tree: twice as much as is wanted, as some of it is right all the same."""
    if len(tree.code) <= MOST_CHARACTERS:
        for one in breaks(tree.code, tree.graph.type, settings.blender, most=2 * settings.each, seed=settings.seed):
            yield Broken(tree, one)


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """Broken scripts, to be run."""
    for tree in file.trees:
        if found := {one.unit: one for one in broken(tree, settings)}:
            body = {
                "graphs": {graph.key: without_layout(graph.as_json()) for graph in tree.below},
                "broken": {unit: {"code": one.broken.code, "root": tree.graph.key} for unit, one in found.items()},
            }
            nodes = sum(len(graph.nodes) for graph in tree.below)
            units = {unit: unit for unit in found}
            yield Ask(
                "try_broken", body, units, f"broken scripts of {tree.graph.key} in {file.path}", nodes * len(found)
            )


def tried(file: File, tree: Tree, settings: Settings) -> Iterator[tuple[Broken, Mapping[str, Any]]]:
    """Scripts that are really broken, and what came of them; not more of a tree than are wanted."""
    left = settings.each
    for one in broken(tree, settings):
        proof = file.proof(one.unit)
        if not left or proof is None or not proof.proven:
            continue
        told = said(proof.code)
        if not told["useless"]:
            left -= 1
            yield one, told


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """A row for each script that is really broken."""
    for tree in file.trees:
        for one, told in tried(file, tree, settings):
            yield draft(one, told, settings)


def draft(one: Broken, told: Mapping[str, Any], settings: Settings) -> Draft:
    """The draft of a script that is really broken."""
    return one.tree.draft(
        "repair",
        settings,
        given=digest([one.broken.code]),
        prompt=partial(prompt, one, told, settings.blender_name, int(one.unit[:8], 16)),
        completion=one.tree.code,
        more={"broken": one.broken.kind, "error": told["error"]},
    )


def prompt(one: Broken, told: Mapping[str, Any], blender: str, choice: int) -> str:
    """The request: what Blender says or what the tree lacks, and the script."""
    wordings, lacks = (FAILED, "") if told["error"] else (RAN, listing(told["lacks"], choice))
    words = wordings[choice // 7 % len(wordings)].format(
        name=named(one.tree.graph), blender=blender, line=told["line"], error=harmless(told["error"]), lacks=lacks
    )
    return with_code(words.replace(" \n", "\n"), one.broken.code)
