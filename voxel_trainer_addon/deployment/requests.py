# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of every request: figures and names of ours, never a text of the artist's.

A request is one line when it was answered; what is done with the answer comes later and is a line of its own with the
same id.
"""

from __future__ import annotations

import re
import secrets
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..files import now
from ..paths import DataFolder
from ..words import bars, counted
from . import logs

LOG = "requests.jsonl"
REASONS = ("wrong look", "wrong nodes", "error", "not what I asked")
WORD = re.compile(r"[\w./:+-]{0,100}")
"""A name of a model, kind or node type; no sentence looks like that."""


@dataclass(frozen=True)
class Request:
    """One request. Times are seconds from Enter; None is not known. `model` is like `voxel/v3`; `canary` is the salt of
    the canary that stood beside the live model when the request was drawn for one of the two, '' where there was none,
    or a person chose the model; `nodes` are the types of Blender's own nodes that the prompt names; `runs`: the answer
    that was shown ran, after `repairs` rounds; `undone_s` is the time from Apply to its undo."""

    id: str
    model: str
    blender: str
    at: str = ""
    canary: str = ""
    kind: str = ""
    nodes: tuple[str, ...] = ()
    prompt_tokens: int = 0
    tokens: int = 0
    first_s: float | None = None
    whole_s: float | None = None
    finished: bool = False
    parses: bool = False
    safe: bool = False
    runs: bool = False
    repairs: int = 0
    shown: bool = False
    applied: bool = False
    kept: bool = False
    edited: bool = False
    undone_s: float | None = None
    reason: str = ""

    @property
    def undone(self) -> bool:
        return self.undone_s is not None


OUTCOMES = ("shown", "applied", "kept", "edited", "undone_s", "reason")
KNOWN = {field.name: field for field in fields(Request)}
NEEDED = {"id", "model", "blender"}


def new_id() -> str:
    return secrets.token_hex(8)


def answered(folder: DataFolder, request: Request) -> None:
    """Keep that a request was answered. Raises OSError, and ValueError where a name of it is a text."""
    line = asdict(replace(request, at=request.at or now()))
    for word in (request.id, request.model, request.blender, request.canary, request.kind, *request.nodes):
        if not WORD.fullmatch(word):
            raise ValueError("a text does not belong into the watch log")
    logs.append(folder.watched / LOG, _checked(line))


def became(folder: DataFolder, id: str, **outcome: Any) -> None:
    """Keep what was done with an answer: any of `OUTCOMES`. Raises OSError, and ValueError for anything else."""
    if not outcome.keys() <= set(OUTCOMES):
        raise ValueError(f"{sorted(outcome)} are not all among {OUTCOMES}")
    logs.append(folder.watched / LOG, _checked({"id": id, **outcome}))


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    if wrong := [key for key, value in line.items() if not _fits(key, value)]:
        raise ValueError(f"{wrong} are not of their kind")
    if line.get("reason", "") not in ("", *REASONS):
        raise ValueError(f"a reason is one of {REASONS}")
    return line


@dataclass(frozen=True)
class Watched:
    """Every request that can be read, in the order in which they came, and how many lines could not be."""

    requests: tuple[Request, ...]
    damaged: int


def watched(folder: DataFolder) -> Watched:
    """All that was kept. Raises OSError where the log cannot be read."""
    lines = logs.read(folder.watched / LOG)
    found: dict[str, dict[str, Any]] = {}
    lost = lines.damaged
    for line in lines.values:
        values = {key: value for key, value in line.items() if key in KNOWN}
        whole = all(_fits(key, value) for key, value in values.items())
        if whole and (values.keys() >= NEEDED or values.get("id") in found):
            found.setdefault(values["id"], {}).update(values)
        else:
            lost += 1
    requests = (Request(**{**values, "nodes": tuple(values.get("nodes", ()))}) for values in found.values())
    return Watched(tuple(requests), lost)


def _fits(key: str, value: Any) -> bool:
    """Whether a value has the kind that its field wants."""
    kind = KNOWN[key].type
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "str":
        return isinstance(value, str)
    if kind == "tuple[str, ...]":
        return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number or (value is None and kind == "float | None")


TOGETHER, BARS = 50, 8
"""Requests whose run rate is one point of a curve, and points that a line has room for."""
SHARES = ("finished", "parses", "safe", "runs", "shown", "applied", "kept", "edited", "undone")


def summary(requests: Iterable[Request], *by: str) -> list[dict[str, Any]]:
    """A row for each value of the fields `by` (model and version of Blender): these fields, `requests`, tokens, counts
    of `SHARES`, `repaired` (ran after at least one repair), and of both times `median` and `p95` in seconds, None where
    none is known."""
    names = by or ("model", "blender")
    groups: dict[tuple[str, ...], list[Request]] = {}
    for request in requests:
        groups.setdefault(tuple(getattr(request, name) for name in names), []).append(request)
    return [
        {
            **dict(zip(names, values, strict=True)),
            "requests": len(group),
            "prompt_tokens": sum(request.prompt_tokens for request in group),
            "tokens": sum(request.tokens for request in group),
            **{name: sum(bool(getattr(request, name)) for request in group) for name in SHARES},
            "repaired": sum(request.runs and request.repairs > 0 for request in group),
            "reasons": {reason: sum(request.reason == reason for request in group) for reason in REASONS},
            "first_s": _times([request.first_s for request in group]),
            "whole_s": _times([request.whole_s for request in group]),
        }
        for values, group in sorted(groups.items())
    ]


def run_rates(requests: Iterable[Request]) -> dict[str, list[tuple[int, float]]]:
    """Of each model the share that ran of every `TOGETHER` of its requests, at the number of the last of them among all
    requests; a rest of fewer is left out."""
    own: dict[str, list[bool]] = {}
    found: dict[str, list[tuple[int, float]]] = {}
    for number, request in enumerate(requests, 1):
        ran = own.setdefault(request.model, [])
        ran.append(request.runs)
        if len(ran) % TOGETHER == 0:
            found.setdefault(request.model, []).append((number, sum(ran[-TOGETHER:]) / TOGETHER))
    return found


def lately(requests: Sequence[Request]) -> dict[str, str]:
    """Model → how often its answers ran of late, in a line: a bar for every `TOGETHER` requests of the last ones, and
    the count of as many."""
    own: dict[str, list[bool]] = {}
    for request in requests:
        own.setdefault(request.model, []).append(request.runs)
    rates = run_rates(requests)
    lines = {}
    for model, ran in own.items():
        drawn = bars(rate for _, rate in rates.get(model, ())[-BARS:])
        last = ran[-TOGETHER:]
        words = f"{sum(last)} of {'the last ' if len(ran) > len(last) else ''}{counted(len(last), 'answer')} ran"
        lines[model] = f"{drawn} {words}".strip()
    return lines


def _times(values: Iterable[float | None]) -> dict[str, float] | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return {"median": statistics.median(known), "p95": known[max(0, -(-95 * len(known) // 100) - 1)]}
