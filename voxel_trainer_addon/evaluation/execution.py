# SPDX-License-Identifier: GPL-3.0-or-later
"""Running answers in the worker pool: once as they are, and again with failing lines left out where that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..bpy_code import allowed, source
from ..graph.model import Graph
from ..stage import Work
from ..worker.protocol import Answer, Request
from .quality_metrics import Ran

LIMIT_S = 30.0
"""Seconds that one script may take; those of the reference answers take hundredths."""


def execute(work: Work, scripts: Iterable[str]) -> dict[str, Ran]:
    """Code → what came of it, each different code once. What does not parse is only run with failing lines left out;
    what is not safe, and what is empty, is not run at all; what the guard stopped is not run again."""
    due = sorted({code for code in scripts if code.strip()})
    found: dict[str, Ran] = {}
    whole = [code for code in due if source.parses(code) and not allowed.unsafe(code)]
    for code, answer in _run(work, whole, drop_failing=False):
        found[code] = _ran(answer)
    again = [code for code in due if code not in found and not source.parses(code)]
    again += [code for code in whole if not found[code].ran and not found[code].stopped]
    for code, answer in _run(work, again, drop_failing=True):
        first, second = found.get(code, Ran()), _ran(answer)
        found[code] = replace(second, ran=False, error=first.error or second.error)
    return found


def _run(work: Work, scripts: list[str], *, drop_failing: bool) -> Iterator[tuple[str, Answer]]:
    what = "script with failing lines left out" if drop_failing else "script"
    asked = {
        f"{what} {number} of {len(scripts)}": (code, {"code": code, "drop_failing": drop_failing})
        for number, code in enumerate(scripts, 1)
    }
    requests = (Request("run_answer", body, item, limit_s=LIMIT_S) for item, (_, body) in asked.items())
    for done, answer in enumerate(work.answers(requests), 1):
        work.progress(done, len(scripts), answer.request.item)
        yield asked[answer.request.item][0], answer


def _ran(answer: Answer) -> Ran:
    if not answer.ok:
        return Ran(error=answer.sentence or answer.code, stopped=answer.code == "unsafe")
    body = answer.body
    return Ran(bool(body["ran"]), _first_error(body), int(body["dropped"]), _graphs(body["graphs"]))


def _first_error(body: Mapping[str, object]) -> str:
    return f"line {body['line']}: {body['error']}" if body.get("line") else str(body.get("error", ""))


def _graphs(graphs: Mapping[str, Mapping[str, object]]) -> dict[str, Graph]:
    return {key: Graph.from_json(graph) for key, graph in graphs.items()}
