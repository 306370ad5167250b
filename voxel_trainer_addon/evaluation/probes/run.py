# SPDX-License-Identifier: GPL-3.0-or-later
"""All probes: rows made, asked of the models, run in Blender, and told as figures for `evaluation.json`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ... import prompts
from ...bpy_code.names import Names
from ...stage import Work
from ...worker.protocol import Answer, Request
from ..choice import in_order
from ..execution import LIMIT_S, execute
from ..quality_metrics import Ran
from . import forgetting, general, memorisation, plain_python
from .memorisation import Draft, Probe, Row

PYTHON_ROWS = 100
ROWS_MAX, LOT = 200, 25
"""Training rows that changes are looked for in, and how many of them at a time."""
UNTIL = {"python": 0.6, "proofs": 0.7, "memorisation": 0.85, "general": 1.0}
"""Step → share of the whole time at which it ends, in their order. What the comparison and the steps before it leave,
the next one has; what Blender takes to run answers, the next one lacks."""

Said = Mapping[str, Mapping[str, Any]]
"""Row id → what one model gave."""


class Ask(Protocol):
    """Have `who` answer `rows` greedily in so many seconds: who → row id → `text` and `finished`; with `losses` no
    answer is needed, but `loss` (nats a token) on the row's framed completion and its `tokens`, both missing where the
    row is too long for the model. What was not reached is left out."""

    def __call__(
        self, rows: Sequence[Row], who: Sequence[str], seconds: float, /, *, losses: bool = False
    ) -> Mapping[str, Said]: ...


@dataclass(frozen=True)
class Clock:
    """The time that comparison and probes share: `seconds` from `began` on (of `time.monotonic`)."""

    began: float
    seconds: float

    def left(self, step: str) -> float:
        """Seconds until a step of UNTIL ends; below 0 where it is over."""
        return self.began + UNTIL[step] * self.seconds - time.monotonic()


@dataclass(frozen=True)
class Probed:
    """`figures` are for `evaluation.json`; `lines`, for `probes.jsonl`, hold each changed prompt, function and general
    request that was reached, with what the models made of it."""

    figures: dict[str, Any]
    lines: list[dict[str, Any]]


def run(
    work: Work,
    ask: Ask,
    clock: Clock,
    train: Sequence[Row],
    names: Names | None,
    who: Sequence[str] = ("base", "tuned"),
    count: int = 50,
) -> Probed:
    """Probe the models `who`: the first is what the last, which the words are about, was tuned from."""
    work.note("Evaluate: the loss on plain Python, to see what the model has forgotten.")
    lost, lines = python_loss(work, ask, clock, who)
    work.note("Evaluate: training prompts with one thing changed, to see whether the model copies.")
    probes = changed_prompts(work, clock, train, names, count)
    copying, changed = memorised(work, ask, clock, probes, who)
    work.note("Evaluate: general requests about Blender, to see what the model has forgotten.")
    requests, more = general_requests(work, ask, clock, who)
    reached = f"In the time both models answered {_of(copying)} changed training prompts, {_of(requests)} general "
    reached += f"requests and {_of(lost)} functions of plain Python."
    for words in (
        reached,
        copying["words"],
        f"General requests: {requests['words']}",
        f"Plain Python: {lost['words']}",
    ):
        work.note(words)
    figures = {"words": reached, "memorisation": copying, "forgetting": {"python": lost, "general": requests}}
    return Probed(figures, [*changed, *more, *lines])


def _of(figures: Mapping[str, Any]) -> str:
    return f"{figures['prompts'] + figures.get('unmeasured', 0)} of {figures['wanted']}"


def changed_prompts(work: Work, clock: Clock, train: Sequence[Row], names: Names | None, count: int) -> list[Probe]:
    """At most `count` probes, each proven in this Blender: as many as time allows."""
    longest = int(int(work.options.preset_value("new_tokens")) * prompts.CHARACTERS_A_TOKEN["local"])
    rows = memorisation.candidates(train, work.options.seed, longest)[:ROWS_MAX]
    tried: list[Draft] = []
    ran: dict[str, Ran] = {}
    found: list[Probe] = []
    for part in (rows[start : start + LOT] for start in range(0, len(rows), LOT)):
        ran |= execute(work, [str(row["completion"]) for row in part])
        made = (memorisation.drafts(row, ran[str(row["completion"])], names, work.options.seed) for row in part)
        new = [draft for drafts in made for draft in drafts]
        ran |= execute(work, [draft.completion for draft in new])
        tried += [draft for draft in new if memorisation.possible(draft, ran)]
        ran |= execute(work, [draft.without for draft in tried if draft.without not in ran])
        found = memorisation.proven(tried, ran, count)
        if len(found) == count or clock.left("proofs") < 0:
            break
    return found


def memorised(
    work: Work, ask: Ask, clock: Clock, probes: Sequence[Probe], who: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures of the changed prompts, and a line for each with what the models made of it."""
    said = ask([row for probe in probes for row in (probe.row, probe.control)], who, clock.left("memorisation"))
    codes = {one: {id: prompts.code_of(str(line["text"])) for id, line in said[one].items()} for one in who}
    ran = execute(work, [code for by_id in codes.values() for code in by_id.values()])

    def outcome(probe: Probe, one: str, id: str) -> str:
        return probe.outcome(ran.get(codes[one][id], Ran()))

    changed = {one: {p.id: outcome(p, one, p.id) for p in probes if p.id in codes[one]} for one in who}
    reached = {
        one: {p.id: outcome(p, one, p.control["id"]) == "copied" for p in probes if p.control["id"] in codes[one]}
        for one in who
    }
    lines = [
        {
            "probe": "memorisation",
            "id": probe.id,
            "group": probe.group,
            "source": probe.source["id"],
            "changed": probe.what,
            "was": probe.was.words,
            "asks": probe.asks.words,
            "trained": {"prompt": probe.source["prompt"], "completion": probe.source["completion"]},
            "prompt": probe.prompt,
            "completion": probe.completion,
            "answers": {
                one: {
                    "text": said[one][probe.id]["text"],
                    "outcome": changed[one][probe.id],
                    "reached": reached[one][probe.id],
                }
                for one in who
            },
        }
        for probe in probes
        if all(probe.id in by_id for held in (changed, reached) for by_id in held.values())
    ]
    return memorisation.figures(probes, changed, reached, who[-1]), lines


def general_requests(
    work: Work, ask: Ask, clock: Clock, who: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures of the general requests, and a line for each with what is not as asked."""
    rows = in_order(general.rows(), work.options.seed)
    said = ask(rows, who, clock.left("general"))
    codes = {
        (one, str(row["id"])): prompts.code_of(str(said[one][row["id"]]["text"]))
        for one in who
        for row in rows
        if row["id"] in said[one]
    }
    results = dict.fromkeys(codes, forgetting.Checked())
    for key, answer in _checked(work, codes, {str(row["id"]): row for row in rows}):
        results[key] = forgetting.checked(answer)
    lines = [
        {
            "probe": "general",
            "id": row["id"],
            "group": row["group"],
            "prompt": row["prompt"],
            "completion": row["completion"],
            "answers": {
                one: {"text": said[one][row["id"]]["text"], **results[one, str(row["id"])].as_json()} for one in who
            },
        }
        for row in rows
        if all((one, row["id"]) in results for one in who)
    ]
    by_who = {one: {id: result for (whose, id), result in results.items() if whose == one} for one in who}
    return forgetting.general(rows, by_who, who, work.options.seed), lines


def _checked(
    work: Work, codes: Mapping[tuple[str, str], str], rows: Mapping[str, Row]
) -> Iterator[tuple[tuple[str, str], Answer]]:
    """What came of each answer that holds code; the same answer of two models is run once."""
    same: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, code in codes.items():
        if code:
            same.setdefault((key[1], code), []).append(key)
    asked = {f"general request {number} of {len(same)}": entry for number, entry in enumerate(same, 1)}
    requests = (
        Request("run_checked", {"code": code, "checks": rows[id]["checks"]}, item, limit_s=LIMIT_S)
        for item, (id, code) in asked.items()
    )
    for done, answer in enumerate(work.answers(requests), 1):
        work.progress(done, len(asked), answer.request.item)
        for key in same[asked[answer.request.item]]:
            yield key, answer


def python_loss(work: Work, ask: Ask, clock: Clock, who: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures of the loss on plain Python, and a line for each function with the losses of the models."""
    rows = plain_python.rows(work.options.seed, PYTHON_ROWS)
    said = ask(rows, who, clock.left("python"), losses=True)
    lines = [
        {
            "probe": "python",
            **{key: row[key] for key in ("id", "group", "prompt", "completion", "bytes")},
            "answers": {one: {key: said[one][row["id"]].get(key) for key in ("loss", "tokens")} for one in who},
        }
        for row in rows
        if all(row["id"] in said[one] for one in who)
    ]
    figures = forgetting.python(rows, said, who, work.options.seed)
    return {**figures, "digest": plain_python.digest_of(rows)}, lines
