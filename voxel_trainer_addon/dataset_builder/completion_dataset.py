# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion: a tree from which a part was taken is given, and the lines that put it back are the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ..graph.diff import diff_of
from ..graph.edits import Edit
from ..graph.menu import type_words
from ..graph.model import Graph
from ..graph.parts import parts, without
from ..graph.words.changes import NotTellable, clauses
from ..prompts import with_code, with_rule
from . import against
from .against import MOST_CHARACTERS, Change, listing, named, said, told_apart
from .kinds import Ask, Draft, File, Settings, Tree

SIZES = range(4, 161)
WORDED = (
    "The {name} is not finished: {lost} missing. Put in what is missing: {changes}",
    "Complete the {name} that this script makes. {changes}",
    "This script makes a {name} that lacks a part. Add the rest: {changes}",
    "Finish my {name}. {changes}",
)


@dataclass(frozen=True)
class Gap:
    """A proven tree, what is left of it, and the edits that put the rest back."""

    tree: Tree
    left: Graph
    edits: Sequence[Edit]

    @property
    def unit(self) -> str:
        return told_apart("completion", self.tree.proof.unit, [edit.as_json() for edit in self.edits])


def gaps(file: File, settings: Settings) -> Iterator[Gap]:
    """The parts that are taken out of each tree of a file, one by one."""
    for tree in file.trees:
        graph = tree.graph
        if len(graph.nodes) in SIZES and len(tree.code) <= MOST_CHARACTERS:
            for part in parts(graph, most=settings.each, seed=settings.seed):
                left = without(graph, part)
                if left.groups == graph.groups:  # else the given script would not make a group that is wanted
                    yield Gap(tree, left, diff_of(left, graph, {node.name: node.name for node in left.nodes}))


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """What is left as code, and what puts the rest back, both proven."""
    found = gaps(file, settings)
    changes = (Change(gap.unit, (*gap.tree.below[:-1], gap.left), gap.edits) for gap in found)
    return against.asks(changes, f"parts of trees in {file.path}")


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """A row for each part whose way back was proven and can be told exactly."""
    for gap in gaps(file, settings):
        proof = file.proof(gap.unit)
        if proof is None or not proof.proven or proof.graph != gap.tree.proof.graph:
            continue
        told = said(proof.code)
        try:
            in_words = partial(clauses, gap.edits, gap.left, told["called"], settings.plain(gap.left.type))
            in_words()
        except NotTellable:
            continue
        yield gap.tree.draft(
            "completion",
            settings,
            shown="applied",
            given=told["before"],
            prompt=partial(prompt, gap, in_words, told["given"], int(gap.unit[:8], 16)),
            completion=told["edit"],
            more={"edits": len(gap.edits)},
        )


def prompt(gap: Gap, in_words: partial[list[str]], code: str, choice: int) -> str:
    """The request: what is missing, and the script that makes what is there."""
    changes = listing(in_words(style=choice), choice)
    new = [edit.what for edit in gap.edits if edit.do == "add node"]
    kinds = dict.fromkeys(
        "a node group" if what["settings"].get("node_tree") else type_words(what["type"]) for what in new
    )
    lost = f"{', '.join(kinds)} {'are' if len(new) > 1 else 'is'}"
    words = WORDED[choice // 7 % len(WORDED)].format(name=named(gap.left), lost=lost, changes=changes)
    return with_code(with_rule(words, choice), code)
