# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of a training, as part of the frozen view. No bpy."""

from __future__ import annotations

from dataclasses import dataclass

from ..events import RunState
from ..runs import Session
from ..words import duration, harmless

WARNINGS_SHOWN = 3


@dataclass(frozen=True)
class Training:
    """The newest job of a run: `job` is its id, `train` and `held` its curve (seconds, loss), `seconds` where its axis
    of time ends at least, `lines` its figures in words, `log` the place of its log, '' where that is not known."""

    job: str
    title: str
    resumed: bool
    train: tuple[tuple[float, float], ...]
    held: tuple[tuple[float, float], ...]
    seconds: float
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    log: str


def training_of(session: Session) -> Training | None:
    """The training of a session's run, None where it has told of none."""
    run = session.run
    if not run.job:
        return None
    total = run.stages["train"].total if "train" in run.stages else 0
    return Training(
        job=run.job,
        title=harmless(run.job_words),
        resumed=run.resumed,
        train=tuple(run.losses),
        held=tuple(run.held_out),
        seconds=float(total),
        lines=_lines(run),
        warnings=tuple(map(harmless, run.warnings[-WARNINGS_SHOWN:])),
        log=str(session.data.root / run.log) if session.data and run.log else "",
    )


def _lines(run: RunState) -> tuple[str, ...]:
    """Always four, so that nothing below them jumps: losses, step and rate, speed, memory and time left."""
    now = run.training
    losses = f"Loss {run.losses[0][1]:.2f} to {run.losses[-1][1]:.2f}" if run.losses else ""
    held = f"held-out {run.held_out[0][1]:.2f} to {run.held_out[-1][1]:.2f}" if run.held_out else ""
    steps = f" of {now['steps']:,.0f}" if now.get("steps") else ""
    return (
        _joined(losses, held),
        _joined(
            f"Step {now['step']:,.0f}{steps}" if now.get("step") else "",
            f"rate {now['rate']:.2g}" if "rate" in now else "",
        ),
        _joined(
            f"{now['tokens_s']:,.0f} tokens/s" if "tokens_s" in now else "",
            f"{now['answer_tokens_s']:,.0f} of answers" if "answer_tokens_s" in now else "",
        ),
        _joined(
            f"{now['memory_mb'] / 1000:.1f} GB of memory" if "memory_mb" in now else "",
            f"about {duration(now['left_s'])} left" if now.get("left_s") else "",
        ),
    )


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))
