# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered, run and judged: from answers as they were kept to examples with scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import prompts
from ..bpy_code.names import Names
from ..bpy_code.valid import names_valid
from ..errors import SetAside
from ..graph import similarity
from ..stage import Work
from ..worker.protocol import Host, Request
from . import copying, separate
from .choice import independent
from .conditions import LOOSE, Condition, Tree, conditions, looseness
from .contestants import RETRIEVAL, Contestant, Row
from .execution import execute
from .generation import Reached
from .quality_metrics import Answered, Ran, Wanted, score
from .result import Example, Judged
from .retrieval import Nearest


def judged(
    work: Work,
    reached: Sequence[Reached],
    train: Sequence[Row],
    index: Nearest,
    contestants: Sequence[Contestant],
    host: Host,
) -> list[Example]:
    """Run and score what was answered. A prompt whose wanted answer no longer proves here is set aside."""
    looked_up = any(one.who == RETRIEVAL for one in contestants)
    contested = {str(one.row["id"]): _contested(one, index if looked_up else None) for one in reached}
    scripts = [one.row["completion"] for one in reached]
    codes = [code for answers in contested.values() for _, code, _, _ in answers.values()]
    ran = execute(work, [*scripts, *codes])
    copied = copying.shared(codes, (str(row["completion"]) for row in train))
    hashes = frozenset(str(row.get("answer", "")) for row in train)
    names = known_names(work)
    examples = []
    for one, wanted in _asked([(one, _wanted(work, one.row, ran, host)) for one in reached]):
        row = one.row
        table = names if _same_version(row, host) else None
        answers = {}
        for who in (contestant.who for contestant in contestants):
            text, code, finished, facts = contested[str(row["id"])][who]
            outcome = ran.get(code, Ran())
            wrong = None if table is None else [finding.name for finding in names_valid(code, table)]
            answered = Answered(code, finished, outcome, wrong, copied[code])
            made = similarity.nearest(wanted.graph, outcome.graphs or {})
            answers[who] = Judged(text, code, score(answered, wanted, hashes), made, **facts)
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
            )
        )
    return examples


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


def _contested(one: Reached, index: Nearest | None) -> dict[str, tuple[str, str, bool, dict[str, Any]]]:
    """Who → text, code, whether it stopped by itself, and facts about the making; with an `index`, what is nearest."""
    answers: dict[str, tuple[str, str, bool, dict[str, Any]]] = {}
    for who, line in one.answers.items():
        facts = {"tokens": int(line.get("tokens", 0)), "seconds": float(line.get("seconds", 0.0))}
        answers[who] = (line["text"], prompts.code_of(line["text"]), bool(line["finished"]), facts)
    if index is not None:
        nearest = index.find(str(one.row["prompt"]))
        code = str(nearest["completion"]) if nearest else ""
        answers[RETRIEVAL] = (code, code, True, {"source": str(nearest["id"]) if nearest else ""})
    return answers
