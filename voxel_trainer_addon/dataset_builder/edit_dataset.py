# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits: a tree's script is given, and some lines that change it are the answer.

Pairs of trees come from the history of files, where a commit changed a tree, and from trees that are nearly equal.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..catalog import Proof
from ..files import digest
from ..graph.diff import diff
from ..graph.edits import Edit
from ..graph.model import Graph
from ..graph.near import as_made, can_be_told, distance, meant, near_pairs, stem
from ..graph.steps import is_reference
from ..graph.words.changes import NotTellable, clauses
from ..prompts import EDIT, with_code, with_rule
from ..words import without_addresses
from . import against
from .against import MOST_CHARACTERS, Change, listing, named, said, told_apart
from .kinds import Ask, Draft, File, Known, Library, Settings, Tree, proof_of

MOST_EDITS = 12
SIZES = range(3, 161)
"""Nodes of trees that are worth a pair."""
BEHIND = 8
"""Distinct trees of one shape or name that are paired across files."""
ACROSS = 2_000
"""Pairs across files that are looked at: each means to read two records again."""
PER_FILE = 40
"""Pairs of one file."""
TRIVIAL = re.compile(
    "add(ed)?|and|blend(er)?|changes?|files?|fix(e[ds])?|for|in|merge|more|new|of|scenes?|some|tests?|the|to|typo"
    "|updated?s?|wip|work"
)
"""Words of a commit's message that say nothing about a tree."""
NAMES = ("name", "type", "node", "socket_name", "source", "target", "output_name", "input_name")
"""What of an edit names something that a person may speak of."""
WORDED_OF_COMMIT = (
    "{message}: that is the change to make in the {name}. {changes}",
    'Change the {name} that this script makes ("{message}"). {changes}',
)


@dataclass(frozen=True)
class Pair:
    """A proven tree and the meaningful edits that lead to another; `given` is the tree as its script makes it,
    `message` that of the commit that made the edits."""

    before: Tree
    after: Tree
    given: Graph
    edits: Sequence[Edit]
    message: str = ""

    @property
    def unit(self) -> str:
        return told_apart("edits", self.before.proof.unit, [edit.as_json() for edit in self.edits])

    @property
    def change(self) -> Change:
        """What is to be proven of it."""
        return Change(self.unit, (*self.before.below[:-1], self.given), self.edits, self.before.code)


def asks(library: Library, settings: Settings) -> Iterator[Ask]:
    """Every edit as code, proven by running it."""
    return against.asks((pair.change for pair in pairs(library, settings)), "edits of trees")


def drafts(library: Library, settings: Settings) -> Iterator[Draft]:
    """A row for each pair whose edit was proven and can be told exactly."""
    for pair in pairs(library, settings):
        proof = library.proof(pair.unit)
        if proof is None or not proof.proven:
            continue
        told = said(proof.code)
        try:
            in_words = partial(clauses, pair.edits, pair.given, told["called"], settings.plain(pair.given.type))
            in_words()
        except NotTellable:
            continue
        choice = int(pair.unit[:8], 16)
        yield draft(pair, proof, settings, partial(prompt, pair, in_words, told["given"], choice))


def draft(pair: Pair, proof: Proof, settings: Settings, prompt: Callable[[], str]) -> Draft:
    """The draft of an edit that was proven."""
    return Draft(
        kind="edit",
        task=pair.before.task,
        answer=proof.graph,
        given=pair.before.proof.graph,
        prompt=prompt,
        completion=said(proof.code)["edit"],
        proof=proof_of("applied", proof.graph, settings),
        places=(pair.before.place, pair.after.place),
        nodes=proof.nodes,
        family=proof.shape,
        key=pair.before.graph.key,
        rank=(not pair.message, pair.before.graph.key),
        score=worth(pair.edits),
        features=pair.after.features,
        more={"edits": len(pair.edits), **({"message": pair.message} if pair.message else {})},
    )


def prompt(pair: Pair, in_words: partial[list[str]], code: str, choice: int) -> str:
    """The request: what to change, and the script that made the tree."""
    return asked(pair, listing(in_words(style=choice), choice), code, choice)


def asked(pair: Pair, changes: str, code: str, choice: int) -> str:
    """The request for changes that are told in words already."""
    wordings = WORDED_OF_COMMIT if pair.message else EDIT
    words = wordings[choice // 7 % len(wordings)].format(
        name=named(pair.before.graph), changes=changes, message=pair.message
    )
    return with_code(with_rule(words, choice), code)


def worth(edits: Sequence[Edit]) -> float:
    """How much an edit teaches: more of different kinds do, other images and objects in old places hardly."""
    kinds = {(edit.do, str(edit.what.get("path"))) for edit in edits if not is_reference(edit.what.get("new"))}
    return min(1.0, 0.2 + 0.2 * len(kinds))


# Pairs


def pairs(library: Library, settings: Settings) -> Iterator[Pair]:
    """From history first, then within files, then across them; each pair of graphs once. Both trees are under the same
    licences, as a row needs leave for both, not for one of them."""
    seen: set[tuple[str, str]] = set()
    for source in (of_history, within_files, across_files):
        for pair in source(library, settings):
            graphs = pair.before.proof.graph, pair.after.proof.graph
            terms = [{o.licence for o in library.origins(tree.place.sha256)} for tree in (pair.before, pair.after)]
            if graphs not in seen and terms[0] == terms[1]:
                seen.add(graphs)
                yield pair


def fits(tree: Tree) -> bool:
    """Whether a tree may be given."""
    return len(tree.graph.nodes) in SIZES and 0 < len(tree.code) <= MOST_CHARACTERS


def paired(before: Tree, after: Tree, settings: Settings) -> Pair | None:
    """The pair, where a few edits that can be told lead from one to the other, and no group below differs."""
    a, b = before.graph, after.graph
    if a.type != b.type or before.proof.graph == after.proof.graph or distance(a, b) > MOST_EDITS:
        return None
    groups = {graph.key: graph for graph in before.below[:-1]}
    for group in after.below[:-1]:
        if group.key not in groups or (groups[group.key] != group and diff(groups[group.key], group)):
            return None
    given = as_made(a, settings.plain(a.type))
    edits = meant(diff(given, b))
    return Pair(before, after, given, edits) if 0 < len(edits) <= MOST_EDITS and can_be_told(edits, a) else None


def within_files(library: Library, settings: Settings) -> Iterator[Pair]:
    """Nearly equal trees of one file."""
    for sha256 in library.files():
        file = library.file(sha256)
        if file is None:
            continue
        trees = {tree.graph.key: tree for tree in file.trees if fits(tree)}
        found = near_pairs({key: tree.graph for key, tree in trees.items()}, MOST_EDITS)
        for n, (a, b, _) in enumerate(found):
            if n >= PER_FILE:
                break
            if pair := paired(trees[a], trees[b], settings):
                yield pair


def across_files(library: Library, settings: Settings) -> Iterator[Pair]:
    """Trees of one shape, or of one name, in the order of their sizes: each with the next."""
    behind: dict[tuple[str, str, str], dict[str, Known]] = defaultdict(dict)
    for known in library.known():
        if known.nodes in SIZES:
            for sign in (("shape", known.task, known.shape), ("name", known.task, stem(known.place.owner))):
                behind[sign].setdefault(known.graph, known)
    rows = (behind[sign] for sign in sorted(behind, key=digest) if len(behind[sign]) > 1)
    for one, other in itertools.islice(itertools.chain.from_iterable(map(neighbours, rows)), ACROSS):
        if one.place.sha256 != other.place.sha256:
            before, after = tree_of(library, one), tree_of(library, other)
            if before and after and (pair := paired(before, after, settings)):
                yield pair


def neighbours(alike: Mapping[str, Known]) -> Iterator[tuple[Known, Known]]:
    """Each of the trees with the next, by size."""
    row = sorted(alike.values(), key=lambda known: (known.nodes, known.graph))[:BEHIND]
    return itertools.pairwise(row)


def tree_of(library: Library, known: Known) -> Tree | None:
    """The tree, read again, where it may be given."""
    file = library.file(known.place.sha256)
    found = (tree for tree in file.trees if tree.place == known.place and fits(tree)) if file else iter(())
    return next(found, None)


# History


def of_history(library: Library, settings: Settings) -> Iterator[Pair]:
    """Trees that a commit changed, with its message where that speaks of them."""
    contents = {origin.oid: sha256 for sha256 in library.files() for origin in library.origins(sha256) if origin.oid}
    for sha256 in library.files():
        for before, message in sorted(states_before(library, sha256, contents)):
            old, new = library.file(before), library.file(sha256)
            if old and new:
                yield from changed(old, new, message, settings)


def states_before(library: Library, sha256: str, contents: Mapping[str, str]) -> set[tuple[str, str]]:
    """What the file's content was before, by each commit that brought it, and the commit's message."""
    told = [origin.provenance for origin in library.origins(sha256)]
    found = [(contents.get(str(one.get("before"))), str(one.get("message") or "")) for one in told]
    return {(before, message) for before, message in found if before and before != sha256}


def changed(old: File, new: File, message: str, settings: Settings) -> Iterator[Pair]:
    """Trees of a file before and after, by name, then what is left by likeness."""
    before = {tree.graph.key: tree for tree in old.trees if fits(tree)}
    after = {tree.graph.key: tree for tree in new.trees if fits(tree)}
    for key in sorted(before.keys() & after.keys()):
        if pair := paired(before[key], after[key], settings):
            yield replace(pair, message=speaking(message, pair))
    renamed = {key: tree for key, tree in after.items() if key not in before}
    for key in sorted(before.keys() - after.keys()):
        near = sorted((distance(before[key].graph, tree.graph), other) for other, tree in renamed.items())
        if near and (pair := paired(before[key], renamed[near[0][1]], settings)):
            yield replace(pair, message=speaking(message, pair))


def speaking(message: str, pair: Pair) -> str:
    """The first line of a commit's message where it says something of this change: it has a word of the tree's name, or
    of the nodes and sockets that the edits name."""
    line = without_addresses(message.strip().splitlines()[0] if message.strip() else "").rstrip(".")
    said_there = {word for word in words_of(line) if not TRIVIAL.fullmatch(word)}
    named_here = [str(edit.what.get(name, "")) for edit in pair.edits for name in NAMES]
    paths = [str(step) for edit in pair.edits for step in edit.what.get("path", ())]
    here = set(words_of(" ".join([pair.before.graph.name, *named_here, *paths])))
    return line if len(line) <= 120 and said_there & here else ""


def words_of(text: str) -> list[str]:
    """Words of three letters and more, in small letters; `BaseColor` is two."""
    return re.findall(r"[^\W\d_]{3,}", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
