# SPDX-License-Identifier: GPL-3.0-or-later
"""How models do in use, gathered as plain data for terminal, report and Prometheus: requests, drift, duels, canary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from .. import exposition
from ..exposition import FIRST_SECONDS, SECONDS, TOKENS, Histogram, Metric
from ..paths import DataFolder
from . import canary, drift, duels, pointer, requests
from .drift import Alarm
from .pointer import Pointer
from .requests import Request

MOVES_SHOWN = 10


def told(folder: DataFolder) -> dict[str, Any]:
    """All that is known, JSON throughout: `live` and `canary` as in the pointer, `requests` with `first_at` and
    `last_at`, `models` and `by_blender` (rows of `requests.summary`), `run_rates` with `together`, `lately` (of
    `requests`), `alarms`, `duels` (the verdict on every pair that fought), `decision` on the canary or None, the last
    `moves` of the registry, and `damaged_lines`. Raises OSError where a log cannot be read."""
    stands, seen = pointer.read(folder).pointer, requests.watched(folder)
    times = sorted(request.at for request in seen.requests if request.at)
    decision = canary.judge(seen.requests, stands.canary, stands.live) if stands.canary else None
    return {
        "live": stands.live,
        "canary": asdict(stands.canary) if stands.canary else None,
        "requests": len(seen.requests),
        "first_at": times[0] if times else "",
        "last_at": times[-1] if times else "",
        "models": requests.summary(seen.requests, "model"),
        "by_blender": requests.summary(seen.requests, "model", "blender"),
        "run_rates": requests.run_rates(seen.requests),
        "together": requests.TOGETHER,
        "lately": requests.lately(seen.requests),
        "alarms": [asdict(alarm) for alarm in _alarms(stands, seen.requests)],
        "watched_from": {"run rate": drift.LEARN, "prompts": drift.FIRST + drift.LATEST},
        "duels": [asdict(verdict) for verdict in duels.all_pairs(duels.kept(folder), stands.live)],
        "decision": asdict(decision) if decision else None,
        "moves": [
            {key: move[key] for key in ("at", "by", "done", "model", "why")}
            for move in pointer.history(folder)[-MOVES_SHOWN:]
        ],
        "damaged_lines": seen.damaged,
    }


def _alarms(stands: Pointer, seen: Sequence[Request]) -> list[Alarm]:
    return drift.alarms(seen, stands.live, stands.before[-1] if stands.before else "")


def metrics(folder: DataFolder) -> str:
    """The same for Prometheus. Raises OSError where the log cannot be read."""
    stands, seen = pointer.read(folder).pointer, requests.watched(folder).requests
    return exposition.text(_metrics(seen, _alarms(stands, seen)))


def _metrics(seen: Sequence[Request], alarms: Sequence[Alarm]) -> Iterator[Metric]:
    whole, first, tokens = Histogram(SECONDS), Histogram(FIRST_SECONDS), Histogram(TOKENS)
    for request in seen:
        labels = {**exposition.ABOUT, "gen_ai_request_model": request.model, "blender": request.blender}
        for times, seconds in ((whole, request.whole_s), (first, request.first_s)):
            if seconds is not None:
                times.observe(seconds, labels)
        tokens.observe(request.prompt_tokens, {**labels, "gen_ai_token_type": "input"})
        tokens.observe(request.tokens, {**labels, "gen_ai_token_type": "output"})
    rows = requests.summary(seen)
    of = [({"model": row["model"], "blender": row["blender"]}, row) for row in rows]
    yield Metric(
        "gen_ai_client_operation_duration_seconds", "histogram", "From Enter to the whole answer.", whole.samples()
    )
    yield Metric(
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        "histogram",
        "From Enter to the first token.",
        first.samples(),
    )
    yield Metric("gen_ai_client_token_usage", "histogram", "Tokens of prompts and answers.", tokens.samples())
    yield Metric(
        "voxel_requests_total", "counter", "Requests answered.", [("", labels, row["requests"]) for labels, row in of]
    )
    yield Metric(
        "voxel_answers_total",
        "counter",
        "Answers by what they were and what became of them.",
        [("", {**labels, "outcome": name}, row[name]) for labels, row in of for name in requests.SHARES],
    )
    yield Metric(
        "voxel_drift_alarms",
        "gauge",
        "Alarms that stand, by what has changed.",
        [("", {"what": alarm.what}, 1) for alarm in alarms],
    )
