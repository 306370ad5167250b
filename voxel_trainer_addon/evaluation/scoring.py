# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered, run and judged: from answers as they were kept to examples with scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from .. import prompts
from ..bpy_code.names import Names
from ..bpy_code.valid import names_valid
from ..errors import SetAside
from ..graph import similarity
from ..nearest import Nearest
from ..stage import Work
from ..worker.protocol import Host, Request
from . import copying, rendering, separate
from .choice import independent
from .conditions import LOOSE, Condition, Tree, conditions, looseness
from .contestants import RETRIEVAL, Contestant, Row
from .generation import Line, Reached
from .quality_metrics import Answered, Ran, Wanted, score, to_picture
from .rendering import Shown
from .result import Example, Judged, Samples
from .sampling import Seen, best_of

Answers = dict[tuple[str, str], Answered]


@dataclass(frozen=True)
class Said:
    """One contestant's answer to one prompt as it was kept: its code taken out of the text, whether it stopped by
    itself, and facts about the making."""

    text: str
    code: str
    finished: bool
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, line: Line) -> Said:
        facts = {"tokens": int(line.get("tokens", 0)), "seconds": float(line.get("seconds", 0.0))}
        return cls(line["text"], prompts.code_of(line["text"]), bool(line["finished"]), facts)


@dataclass(frozen=True)
class Contested:
    """A prompt that all answered: who → its answer, and who → those that were drawn by chance, where there are any."""

    reached: Reached
    answers: Mapping[str, Said]
    samples: Mapping[str, Sequence[Said]]

    @property
    def row(self) -> Row:
        return self.reached.row

    @property
    def codes(self) -> list[str]:
        return [one.code for one in chain(self.answers.values(), *self.samples.values())]

    @property
    def scripts(self) -> list[str]:
        """All that is to be run: the wanted answer, and those that were given."""
        return [str(self.row["completion"]), *self.codes]


Asked = Sequence[tuple[Contested, Wanted]]


def contested(one: Reached, index: Nearest, contestants: Sequence[Contestant]) -> Contested:
    """What was answered to a prompt; by `RETRIEVAL` the answer whose prompt is nearest in `index`."""
    found = {}
    for who in (contestant.who for contestant in contestants):
        if who == RETRIEVAL:
            nearest = index.find(str(one.row["prompt"]))
            code = str(nearest["completion"]) if nearest else ""
            found[who] = Said(code, code, True, {"source": str(nearest["id"]) if nearest else ""})
        else:
            found[who] = Said.of(one.answers[who])
    return Contested(one, found, {who: [Said.of(line) for line in lines] for who, lines in one.samples.items()})


def judged(
    work: Work,
    given: Sequence[Contested],
    ran: Mapping[str, Ran],
    train: Sequence[Row],
    host: Host,
) -> tuple[list[Example], list[Shown]]:
    """Score what was answered and run, and with `renders` what of the wanted trees there is to see. A prompt whose
    wanted answer no longer proves here is set aside."""
    copied = copying.shared([code for one in given for code in one.codes], (str(row["completion"]) for row in train))
    hashes = frozenset(str(row.get("answer", "")) for row in train)
    names = known_names(work)

    def done(said: Said, row: Row) -> Answered:
        table = names if _same_version(row, host) else None
        wrong = None if table is None else [finding.name for finding in names_valid(said.code, table)]
        return Answered(said.code, said.finished, ran.get(said.code, Ran()), wrong, copied[said.code])

    def scored(said: Said, answer: Answered, wanted: Wanted) -> Judged:
        made = similarity.nearest(wanted.graph, answer.ran.graphs or {})
        result = score(answer, wanted, hashes)
        return Judged(said.text, said.code, result, made, picture=answer.picture, **said.facts)

    asked: Asked = _asked([(one, _wanted(work, one.row, ran, host)) for one in given])
    answered: Answers = {
        (str(one.row["id"]), who): done(said, one.row) for one, _ in asked for who, said in one.answers.items()
    }
    shown: list[Shown] = []
    if work.options.renders:
        asked, answered, shown = pictured(work, asked, answered)
    examples = []
    for one, wanted in asked:
        row = one.row
        samples = {}
        for who, several in one.samples.items():
            both = [(said, done(said, row)) for said in several]
            best = best_of([Seen.of(answer, wanted, said.facts["tokens"]) for said, answer in both])
            samples[who] = Samples(tuple(scored(said, answer, wanted) for said, answer in both), best)
        examples.append(
            Example(
                id=str(row["id"]),
                kind=str(row["kind"]),
                task=str(row.get("task", "")),
                group=independent(row),
                test=str(row.get("test", "")),
                blender_version=str(row.get("blender_version", "")),
                source=next((str(source["origin"]) for source in row.get("sources", ())), ""),
                prompt=str(row["prompt"]),
                reference=str(row["completion"]),
                graph=wanted.graph,
                asked=tuple(condition.words for condition in wanted.asked),
                answers={who: scored(said, answered[str(row["id"]), who], wanted) for who, said in one.answers.items()},
                losses={who: float(line["loss"]) for who, line in one.reached.losses.items()},
                samples=samples,
                picture=wanted.picture,
            )
        )
    return examples, shown


def pictured(work: Work, asked: Asked, answered: Answers) -> tuple[Asked, Answers, list[Shown]]:
    """The same with the pictures of what is wanted and of what answers made, where there is something to see."""
    trees = {str(one.row["id"]): (str(one.row["completion"]), wanted.graph.key) for one, wanted in asked}
    shown = rendering.wanted(work, (trees[str(one.row["id"])] for one, wanted in asked if wanted.effect))
    seen = [
        (one, replace(wanted, picture=shown[tree].picture) if (tree := trees[str(one.row["id"])]) in shown else wanted)
        for one, wanted in asked
    ]
    by_id = {str(one.row["id"]): wanted for one, wanted in seen if wanted.picture}
    due = {}
    for (id, who), answer in answered.items():
        if id in by_id and (key := to_picture(answer, by_id[id])):
            due[id, who] = (answer.code, key), shown[trees[id]]
    made = rendering.made(work, due.values())
    pictures = {key: made.get((tree, about.frame)) for key, (tree, about) in due.items()}
    found = {key: replace(answer, picture=pictures.get(key)) for key, answer in answered.items()}
    return seen, found, [shown[tree] for tree in trees.values() if tree in shown]


def known_names(work: Work) -> Names | None:
    """The names that this Blender has; None, and a note, where it does not tell them."""
    for answer in work.answers([Request("names", {}, "names", limit_s=120)]):
        if answer.ok:
            return Names(answer.body["table"])
        work.note(f"Names in answers are not looked up: {answer.sentence}")
    return None


def _same_version(row: Row, host: Host) -> bool:
    """Whether the row is for the Blender at hand, so that its names are those to look up; patches change none."""
    return str(row.get("blender_version", "")).split(".")[:2] == [str(part) for part in host.version[:2]]


def _wanted(work: Work, row: Row, ran: Mapping[str, Ran], host: Host) -> Wanted | None:
    """What the reference makes and what the prompt asks for; None where it no longer proves, which is set aside."""
    reference = ran.get(row["completion"], Ran())
    graphs = reference.graphs or {}
    graph = similarity.root(graphs, str(row.get("key", "")))
    sentence = separate.stale(row, reference, host.name)
    if graph is None or sentence:
        sentence = sentence or "The wanted answer made no node tree in this Blender, so nothing can be compared."
        work.set_aside(SetAside("evaluate", str(row["id"]), "reference", sentence, reference.error))
        return None
    return Wanted(graph, graphs, conditions(graph, str(row["prompt"])), piece=row["kind"] == "piece")


def _asked(found: Sequence[tuple[Contested, Wanted | None]]) -> list[tuple[Contested, Wanted]]:
    """Those with a reference; a prompt whose conditions hold for over half of the other wanted trees is not tested by
    them."""
    there = [(one, wanted) for one, wanted in found if wanted is not None]
    trees = {str(one.row.get("answer", one.row["id"])): (wanted.piece, Tree(wanted.graph)) for one, wanted in there}
    others = {is_piece: [tree for piece, tree in trees.values() if piece == is_piece] for is_piece in (False, True)}
    return [(one, replace(wanted, asked=_telling(wanted, others[wanted.piece]))) for one, wanted in there]


def _telling(wanted: Wanted, others: Sequence[Tree]) -> tuple[Condition, ...]:
    share = looseness(wanted.asked, wanted.graph, others)
    return () if share is not None and share > LOOSE else wanted.asked
