# SPDX-License-Identifier: GPL-3.0-or-later
"""Running answers in the worker pool: once as they are, and again with failing lines left out where that failed. What
came of it is kept by the script's content and the Blender, so the same script is not run twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..bpy_code import allowed, source
from ..files import digest, read_json, write_text
from ..graph.model import Graph
from ..stage import Work
from ..worker.protocol import Answer, Request
from .quality_metrics import Ran

FORM = 1
"""Of what running gives; a change of job `run_answer` or of its guard runs every answer anew."""
LIMIT_S = 30.0
"""Seconds that one script may take; those of the reference answers take hundredths."""
LASTING = ("unsafe", "time", "memory")
"""Codes of failures that are the script's own; a worker that died otherwise says nothing of it."""


@dataclass(frozen=True)
class Kept:
    """Outcomes on disk, one small file each, put in place by a rename."""

    folder: Path

    def _path(self, code: str, drop_failing: bool) -> Path:
        key = digest([FORM, code, drop_failing])
        return self.folder / key[:2] / f"{key}.json"

    def get(self, code: str, drop_failing: bool) -> Ran | None:
        body = read_json(self._path(code, drop_failing))
        return _of_body(body) if isinstance(body, dict) else None

    def add(self, code: str, drop_failing: bool, answer: Answer) -> Ran:
        body = answer.body if answer.ok else {"failed": answer.code, "error": answer.sentence or answer.code}
        if answer.ok or answer.code in LASTING:
            write_text(self._path(code, drop_failing), json.dumps(body))
        return _of_body(body)


def execute(work: Work, scripts: Iterable[str]) -> dict[str, Ran]:
    """Code → what came of it, each different code once. What does not parse is only run with failing lines left out;
    what is not safe, and what is empty, is not run at all; what the guard stopped is not run again."""
    assert work.host is not None
    kept = Kept(work.folder.answers / "ran" / work.host.name)
    due = sorted({code for code in scripts if code.strip()})
    whole = [code for code in due if source.parses(code) and not allowed.unsafe(code)]
    found = dict(_run(work, kept, whole, drop_failing=False))
    again = [code for code in due if code not in found and not source.parses(code)]
    again += [code for code in whole if not found[code].ran and not found[code].stopped]
    for code, second in _run(work, kept, again, drop_failing=True):
        first = found.get(code, Ran())
        found[code] = replace(second, ran=False, error=first.error or second.error)
    return found


def _run(work: Work, kept: Kept, scripts: list[str], *, drop_failing: bool) -> Iterator[tuple[str, Ran]]:
    known = {code: ran for code in scripts if (ran := kept.get(code, drop_failing)) is not None}
    yield from known.items()
    what = "script with failing lines left out" if drop_failing else "script"
    asked = {
        f"{what} {number} of {len(scripts)}": (code, {"code": code, "drop_failing": drop_failing})
        for number, code in enumerate(scripts, 1)
        if code not in known
    }
    requests = (Request("run_answer", body, item, limit_s=LIMIT_S) for item, (_, body) in asked.items())
    for done, answer in enumerate(work.answers(requests), len(known) + 1):
        work.progress(done, len(scripts), answer.request.item)
        code, _ = asked[answer.request.item]
        yield code, kept.add(code, drop_failing, answer)


def _of_body(body: Mapping[str, Any]) -> Ran:
    if "failed" in body:
        return Ran(error=str(body["error"]), stopped=body["failed"] == "unsafe")
    graphs = {key: Graph.from_json(graph) for key, graph in body["graphs"].items()}
    return Ran(bool(body["ran"]), _first_error(body), int(body["dropped"]), graphs)


def _first_error(body: Mapping[str, Any]) -> str:
    return f"line {body['line']}: {body['error']}" if body.get("line") else str(body.get("error", ""))
