# SPDX-License-Identifier: GPL-3.0-or-later
"""Feedback as drafts of rows: what artists kept of answers, in their own words.

What was kept is an answer: a tree, or an edit where a tree was to be changed. An answer that the artist changed, or
sent back before another one was kept, is the worse one of a preference. Scripts that had failed before are repairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .. import feedback
from ..catalog import Origin
from ..errors import SetAside, UserError
from ..feedback import Feedback, Tree
from ..files import digest, read_json, sha256_of
from ..graph.breaks import Break
from ..graph.model import closure
from ..paths import DataFolder
from ..prompts import wished
from ..providers.makers import Makers
from ..stage import Work
from . import against, edit_dataset, kinds, proving, repair_dataset
from .against import MOST_CHARACTERS, said
from .asking import NOUNS
from .edit_dataset import Pair
from .kinds import Ask, Candidate, Draft, Json, Library, Place, Settings
from .library import WHOLE
from .preference_dataset import what_it_did
from .proving import Unit, Units
from .quality import quality
from .repair_dataset import Broken

SOURCE = "feedback:"
"""What the sources of such rows call it."""
OWN = "a model's own"
"""In which way a script is broken that nobody broke on purpose."""
MOST_TOLD = 6
"""Changes of the artist's that a preference tells."""


@dataclass(frozen=True)
class Told:
    """A request with those of its trees that were proven and teach something."""

    request: Feedback
    answer: kinds.Tree | None
    before: kinds.Tree | None
    kept: kinds.Tree | None

    @property
    def broken(self) -> Iterator[Broken]:
        """The whole scripts that failed before the answer."""
        given = f"{self.before.code}\n" if self.before else ""
        if self.answer and bool(self.before) == bool(self.request.before):
            for failed in self.request.failed:
                if len(given) + len(failed.code) <= MOST_CHARACTERS:
                    yield Broken(self.answer, Break(OWN, given + failed.code))

    def pair(self, after: kinds.Tree | None, settings: Settings) -> Pair | None:
        """What leads from the tree that was to be changed to another one; None where too much does."""
        return edit_dataset.paired(self.before, after, settings) if self.before and after else None

    def pairs(self, settings: Settings) -> Iterator[Pair]:
        """Those to the answer and to what was kept."""
        return filter(None, (self.pair(after, settings) for after in (self.answer, self.kept)))

    def answered(self, after: kinds.Tree | None, library: Library, settings: Settings) -> Draft | None:
        """The draft that answers the request by this tree, or by what makes it of the one before; None where that was
        not proven."""
        words = self.request.prompt.strip()
        if self.request.before is None:
            if after is None:
                return None
            asked = partial(wished, NOUNS[after.task][0], words)
            return after.draft("tree", settings, prompt=asked, completion=after.code, among="tree")
        pair = self.pair(after, settings)
        proof = pair and library.proof(pair.unit)
        if not pair or not proof or not proof.proven:
            return None
        given = said(proof.code)["given"]
        return edit_dataset.draft(pair, proof, settings, partial(edit_dataset.asked, pair, words, given, 0))


class FromFeedback:
    """What some requests, all of one Blender, want proven, and the drafts that are made of them."""

    def __init__(self, folder: DataFolder, requests: Sequence[Feedback]) -> None:
        self._requests, self._folder, self._makers = requests, folder, Makers(folder.root)
        self._refused = feedback.refused(requests)
        self._origins = {one.id: _origin(folder, one) for one in requests}
        self._of = {origin.sha256: origin for origin in self._origins.values()}
        self._words = {self._origins[one.id].sha256: one.prompt for one in requests}

    @classmethod
    def read(cls, work: Work, blender: str, counts: Counter[str]) -> FromFeedback:
        """The requests in the data folder that were answered in that Blender. What is damaged is set aside."""
        found = feedback.read(work.folder)
        for sentence in found.damaged:
            work.set_aside(SetAside("dataset", "feedback", "damaged", sentence))
        ours = [one for one in found.feedback if one.blender == blender]
        counts["requests in feedback"] = len(ours)
        counts["requests in feedback, of another Blender"] = len(found.feedback) - len(ours)
        return cls(work.folder, ours)

    def origins(self, sha256: str) -> Sequence[Origin]:
        """Where a draft's content was found."""
        return (self._of[sha256],)

    def node_types(self) -> Iterator[tuple[str, set[str]]]:
        """The type of each tree with the types of its nodes."""
        for one in self._requests:
            for tree in one.trees:
                for graph in tree.graphs.values():
                    yield graph.type, {node.type for node in graph.nodes}

    def tree_asks(self, settings: Settings) -> Iterator[Ask]:
        """The trees, to be proven before all else."""
        found = (_unit(one, tree, settings) for one in self._requests for tree in one.trees)
        return proving.asks(unit for _, unit in filter(None, found))

    def asks(self, library: Library, settings: Settings) -> Iterator[Ask]:
        """Edits to be proven, and scripts to fail again."""
        told = list(self._told(library, settings))
        edits = (pair.change for one in told for pair in one.pairs(settings))
        yield from against.asks(edits, "edits of feedback")
        for one in told:
            if failed := {broken.unit: broken.broken.code for broken in one.broken}:
                item = f"failed scripts of {SOURCE}{one.request.id}"
                yield Ask("try_failed", {"failed": failed}, {unit: unit for unit in failed}, item, 20 * len(failed))

    def words(self, draft: Draft) -> str:
        """The artist's words that a draft's request is made of."""
        return self._words[draft.places[0].sha256]

    def drafts(self, library: Library, settings: Settings) -> Iterator[Draft]:
        """Of every request whose answer was kept."""
        told = {one.request.id: one for one in self._told(library, settings)}
        for id, earlier in self._refused.items():
            one, others = told[id], [told[other.id] for other in earlier]
            wanted = one.answered(one.kept, library, settings)
            if wanted:
                yield from self._may(wanted, [one], library)
                yield from self._preferences(wanted, one, others, library, settings)
            else:
                library.leave_out("what was kept of feedback is not proven, teaches nothing, or changes too much")
            for broken in one.broken:
                proof = library.proof(broken.unit)
                if proof and proof.proven:
                    draft = repair_dataset.draft(broken, {"lacks": [], **said(proof.code)}, settings)
                    yield from self._may(draft, [one], library)

    def _preferences(
        self, wanted: Draft, one: Told, others: Sequence[Told], library: Library, settings: Settings
    ) -> Iterator[Draft]:
        """What was kept before the answer that the artist changed, and before those that were sent back."""
        lacks = [edit.words().removesuffix(".") for edit in one.request.edits[:MOST_TOLD]]
        worse = {one.request.id: (one, what_it_did(lacks) if lacks else "It runs, but makes another tree.")}
        for other in others:
            reason = f": {other.request.reason}" if other.request.reason else ""
            worse[other.request.id] = other, f"It runs, but the artist sent it back{reason}."
        for other, what in worse.values():
            rejected = other.answered(other.answer, library, settings)
            if rejected and rejected.answer != wanted.answer:
                more = {**wanted.more, "rejected": {"completion": rejected.completion, "what": what}}
                given = digest([rejected.completion])
                preferred = replace(wanted, kind="preference", given=given, among="", more=more)
                yield from self._may(preferred, [one, other], library)

    def _may(self, draft: Draft, told: Sequence[Told], library: Library) -> Iterator[Draft]:
        """The draft with the model that had a part in it, where the terms of that are known."""
        try:
            authors = [found for one in told if (found := self._author(one.request))]
        except UserError:
            library.leave_out("answers of a model whose terms nobody knows")
            return
        if any(author["terms"] != authors[0]["terms"] for author in authors):
            library.leave_out("answers of models under several terms")
            return
        yield replace(draft, more={**draft.more, "author": authors[0]}) if authors else draft

    def _author(self, request: Feedback) -> Json | None:
        """The host's model that answered; None for those of this computer. Raises UserError where nobody knows the
        terms of what it writes."""
        host, _, model = request.model.rpartition(":")
        asked = read_json(self._folder.models / request.model / "asked.json")
        if isinstance(asked, dict):
            host, model = str(asked.get("provider", "")), str(asked.get("model", ""))
        if not host:
            return None
        terms = self._makers.terms_of(model)
        return {"model": model, "version": model, "host": host, "date": request.at[:10], "terms": terms}

    def _told(self, library: Library, settings: Settings) -> Iterator[Told]:
        for one in self._requests:
            place = Place(self._origins[one.id].sha256, one.answer.key)
            trees = (_proven(one, tree, place, library, settings) for tree in (one.answer, one.before, one.kept))
            yield Told(one, *trees)


def _proven(one: Feedback, tree: Tree | None, place: Place, library: Library, settings: Settings) -> kinds.Tree | None:
    """A tree that was proven; None where it was not, or teaches nothing."""
    if tree is None:
        return None
    found = _unit(one, tree, settings)
    proof = found and library.proof(found[1].id)
    worth = quality(tree.graph, settings.plain(tree.graph.type))
    if not found or not proof or not proof.proven or worth.fault:
        return None
    return kinds.Tree(found[0].task, tree.graph, closure(tree.graph, tree.graphs), proof, place, worth.score)


def _unit(one: Feedback, tree: Tree, settings: Settings) -> tuple[Candidate, Unit] | None:
    """How a tree is proven; None where it is of no kind that is."""
    for kind in WHOLE:
        for candidate in kind.candidates({tree.key: tree.graph}, settings):
            graphs = {key: graph.as_json() for key, graph in tree.graphs.items()}
            return candidate, Units(graphs, tree.graphs, SOURCE + one.id).unit(candidate)
    return None


def _origin(folder: DataFolder, one: Feedback) -> Origin:
    path = folder.feedback / f"{one.id}.json"
    return Origin(SOURCE, path.name, sha256_of(path), path.stat().st_size, 0, "own", {})
