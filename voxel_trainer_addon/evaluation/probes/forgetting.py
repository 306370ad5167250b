# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model has forgotten, as figures: the loss on plain Python, and general requests about Blender."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...intervals import wilson
from ...worker.protocol import Answer
from ..statistics import Paired, bootstrap, judge, paired

Row = Mapping[str, Any]


RUNGS = {"runs": "runs to its end", "done": "does what is asked"}


@dataclass(frozen=True)
class Checked:
    """What came of an answer to a general request: whether it ran to its end, and what is not as asked; `error` says
    what went wrong."""

    ran: bool = False
    error: str = "The answer holds no code."
    missed: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return self.ran and not self.missed

    def as_json(self) -> dict[str, Any]:
        return {"ran": self.ran, "done": self.done, "missed": list(self.missed), "error": self.error}


def checked(answer: Answer) -> Checked:
    """What the job `run_checked` says."""
    if not answer.ok:
        return Checked(error=answer.sentence or answer.code)
    body = answer.body
    return Checked(bool(body["ran"]), str(body["error"]), tuple(body["missed"]))


def general(
    rows: Sequence[Row], results: Mapping[str, Mapping[str, Checked]], who: Sequence[str], seed: int
) -> dict[str, Any]:
    """Shares of the requests that all models answered: `runs` to its end, `done` as asked. By both the last of `who` is
    compared with the first, topics drawn as one."""
    told = [row for row in rows if all(row["id"] in results[one] for one in who)]
    facts = {"wanted": len(rows), "prompts": len(told)}
    if not told:
        return facts | _nothing("No general request was answered by all models.")
    topics = [str(row["group"]) for row in told]
    came = {one: [results[one][row["id"]] for row in told] for one in who}
    hits = {
        one: {"runs": [float(it.ran) for it in its], "done": [float(it.done) for it in its]}
        for one, its in came.items()
    }
    values = {one: {rung: asdict(wilson(sum(hit), len(told))) for rung, hit in hits[one].items()} for one in who}
    pairs = [
        paired(rung, label, "the base", hits[who[-1]][rung], hits[who[0]][rung], topics, binary=True, seed=seed)
        for rung, label in RUNGS.items()
    ]
    return {**facts, "values": values, **_judged(*pairs)}


def python(
    rows: Sequence[Row], said: Mapping[str, Mapping[str, Mapping[str, Any]]], who: Sequence[str], seed: int
) -> dict[str, Any]:
    """Loss in nats a token and a byte: means over the functions that all models were measured on, with intervals that
    draw modules; `unmeasured` are those that came up and were too long for one of them. The last of `who` is compared
    with the first by byte, for tokenizers differ."""
    reached = [row for row in rows if all(row["id"] in said[one] for one in who)]
    told = [row for row in reached if all("loss" in said[one][row["id"]] for one in who)]
    facts = {"wanted": len(rows), "prompts": len(told), "unmeasured": len(reached) - len(told)}
    modules = [str(row["group"]) for row in told]
    if len(set(modules)) < 2:
        return facts | _nothing("The loss could not be measured on functions of several modules.")
    token = {one: [float(said[one][row["id"]]["loss"]) for row in told] for one in who}
    byte = {
        one: [
            loss * int(said[one][row["id"]]["tokens"]) / int(row["bytes"])
            for loss, row in zip(token[one], told, strict=True)
        ]
        for one in who
    }
    values = {
        one: {
            "token": asdict(bootstrap(token[one], modules, seed).interval),
            "byte": asdict(bootstrap(byte[one], modules, seed).interval),
        }
        for one in who
    }
    pair = paired(
        *("python_loss", "loss on plain Python (nats a byte)", "the base"),
        *(byte[who[-1]], byte[who[0]], modules),
        lower_is_better=True,
        seed=seed,
    )
    return {**facts, "python": platform.python_version(), "values": values, **_judged(pair)}


def _judged(*pairs: Paired) -> dict[str, Any]:
    """The verdict is that of the last, but for one that got worse. Of several each is named."""
    found = judge(pairs, pairs[-1].metric)
    verdicts = [one.verdict for one in found]
    named = [f"{one.pair.label.capitalize()}: {one.words}" for one in found]
    words = " ".join(named) if len(found) > 1 else found[0].words
    return {"verdict": "worse" if "worse" in verdicts else verdicts[-1], "words": words}


def _nothing(why: str) -> dict[str, Any]:
    return {"values": {}, "verdict": "not shown", "words": why}
