# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered, run and judged: from answers as they were kept to examples with scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from .generation import Reached
from .quality_metrics import Answered, Ran, Wanted, score, to_picture
from .rendering import Shown
from .result import Example, Judged

Asked = Sequence[tuple[Reached, Wanted]]
Answers = dict[tuple[str, str], Answered]


@dataclass(frozen=True)
class Said:
    """One contestant's answer to one prompt as it was kept: its code taken out of the text, whether it stopped by
    itself, and facts about the making."""

    text: str
    code: str
    finished: bool
    facts: Mapping[str, Any]


def said(one: Reached, index: Nearest, contestants: Sequence[Contestant]) -> dict[str, Said]:
    """Who → what it answered; of `RETRIEVAL` the answer whose prompt is nearest in `index`."""
    found = {}
    for who in (contestant.who for contestant in contestants):
        if who == RETRIEVAL:
            nearest = index.find(str(one.row["prompt"]))
            code = str(nearest["completion"]) if nearest else ""
            found[who] = Said(code, code, True, {"source": str(nearest["id"]) if nearest else ""})
        else:
            line = one.answers[who]
            facts = {"tokens": int(line.get("tokens", 0)), "seconds": float(line.get("seconds", 0.0))}
            found[who] = Said(line["text"], prompts.code_of(line["text"]), bool(line["finished"]), facts)
    return found


def judged(
    work: Work,
    contested: Sequence[tuple[Reached, Mapping[str, Said]]],
    ran: Mapping[str, Ran],
    train: Sequence[Row],
    host: Host,
) -> tuple[list[Example], list[Shown]]:
    """Score what was answered and run, and with `renders` what of the wanted trees there is to see. A prompt whose
    wanted answer no longer proves here is set aside."""
    by_id = {str(one.row["id"]): answers for one, answers in contested}
    codes = [answer.code for answers in by_id.values() for answer in answers.values()]
    copied = copying.shared(codes, (str(row["completion"]) for row in train))
    hashes = frozenset(str(row.get("answer", "")) for row in train)
    names = known_names(work)
    asked: Asked = _asked([(one, _wanted(work, one.row, ran, host)) for one, _ in contested])
    answered: Answers = {}
    for one, _ in asked:
        table = names if _same_version(one.row, host) else None
        for who, one_said in by_id[str(one.row["id"])].items():
            wrong = None if table is None else [finding.name for finding in names_valid(one_said.code, table)]
            outcome = ran.get(one_said.code, Ran())
            answered[str(one.row["id"]), who] = Answered(
                one_said.code, one_said.finished, outcome, wrong, copied[one_said.code]
            )
    shown: list[Shown] = []
    if work.options.renders:
        asked, answered, shown = pictured(work, asked, answered)
    examples = []
    for one, wanted in asked:
        row = one.row
        answers = {}
        for who, one_said in by_id[str(row["id"])].items():
            answer = answered[str(row["id"]), who]
            made = similarity.nearest(wanted.graph, answer.ran.graphs or {})
            scored = score(answer, wanted, hashes)
            answers[who] = Judged(one_said.text, one_said.code, scored, made, picture=answer.picture, **one_said.facts)
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
                answers=answers,
                losses={who: float(line["loss"]) for who, line in one.losses.items()},
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


def _asked(found: Sequence[tuple[Reached, Wanted | None]]) -> list[tuple[Reached, Wanted]]:
    """Those with a reference; a prompt whose conditions hold for over half of the other wanted trees is not tested by
    them."""
    there = [(one, wanted) for one, wanted in found if wanted is not None]
    trees = {str(one.row.get("answer", one.row["id"])): (wanted.piece, Tree(wanted.graph)) for one, wanted in there}
    others = {is_piece: [tree for piece, tree in trees.values() if piece == is_piece] for is_piece in (False, True)}
    return [(one, replace(wanted, asked=_telling(wanted, others[wanted.piece]))) for one, wanted in there]


def _telling(wanted: Wanted, others: Sequence[Tree]) -> tuple[Condition, ...]:
    share = looseness(wanted.asked, wanted.graph, others)
    return () if share is not None and share > LOOSE else wanted.asked
