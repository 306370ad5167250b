# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as a person reads them in a terminal, or as JSON lines for a program."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ..words import counted, duration, harmless

Line = dict[str, Any]
ASIDES_SHOWN = 20
DIGEST = re.compile(r"[0-9a-f]{64}")
"""An item that is a content's hash says nothing to a person; its sentence names the file."""


def json_lines(out: TextIO) -> Callable[[Line], None]:
    """Each event as one line."""

    def show(line: Line) -> None:
        out.write(json.dumps(line, ensure_ascii=True) + "\n")
        out.flush()

    return show


class Terminal:
    """Each stage a heading and its outcome; one line that moves where the output is a terminal, a line now and then
    where it is a file."""

    EVERY_S = 10.0

    def __init__(self, out: TextIO = sys.stdout, data: Path | None = None) -> None:
        self.out, self.data, self.moves = out, data, out.isatty()
        self._width = self._asides = 0
        self._shown = 0.0

    def __call__(self, line: Line) -> None:
        show = getattr(self, "_" + line["kind"], None)
        if show:
            show(line)

    def say(self, words: str) -> None:
        self._clear()
        self.out.write(words + "\n")
        self.out.flush()

    def _clear(self) -> None:
        if self._width:
            self.out.write("\r" + " " * self._width + "\r")
            self._width = 0

    def _moving(self, words: str) -> None:
        words = harmless(words, max(20, shutil.get_terminal_size().columns - 1))
        self.out.write("\r" + words.ljust(self._width))
        self.out.flush()
        self._width = len(words)

    def _run(self, line: Line) -> None:
        blender = f" with Blender {line['blender']}" if line["blender"] else ""
        self.say(f"Voxel Trainer {line['version']}{blender}: {', '.join(line['stages'])} in {harmless(line['data'])}")

    def _stage(self, line: Line) -> None:
        if line["state"] == "started":
            self._asides = 0
            self._shown = line["t"]
            self.say(f"\n{line['stage']}")
        else:
            mark = {"done": "✓", "skipped": "–", "aside": "!"}[line["state"]]
            self.say(f"  {mark} {harmless(line['words'])}")

    def _progress(self, line: Line) -> None:
        done = f"{line['done']:,}" if line["done"] or line["total"] else ""  # before there is anything to count
        of = f" of {line['total']:,}" if line["total"] else ""
        left = f", {duration(line['left_s'])} left" if line["left_s"] is not None else ""
        aside = f", {line['aside']:,} set aside" if line["aside"] else ""
        words = "  " + "  ".join(filter(None, (f"{done}{of}{aside}{left}".removeprefix(", "), line["item"])))
        if self.moves:
            self._moving(words)
        elif line["t"] - self._shown >= self.EVERY_S:
            self._shown = line["t"]
            self.say(harmless(words, 150))

    def _aside(self, line: Line) -> None:
        self._asides += 1
        if self._asides <= ASIDES_SHOWN:
            named = "" if DIGEST.fullmatch(line["item"]) else f"{harmless(line['item'], 100)}: "
            self.say(f"  ! {named}{harmless(line['words'])}")
        elif self._asides == ASIDES_SHOWN + 1:
            self.say("  ! … more are set aside; `status` and the report list them all")

    def _note(self, line: Line) -> None:
        self.say(f"  {harmless(line['words'])}")

    def _waiting(self, line: Line) -> None:
        if line["words"]:
            self.say(f"  {harmless(line['words'])}")

    def _plan(self, line: Line) -> None:
        for words in line["words"]:
            self.say(f"  {harmless(words)}")

    def _loss(self, line: Line) -> None:
        if line["held_out"] is not None and line["loss"] is not None:
            self.say(f"  after {duration(line['seconds'])}: loss on held-out answers {line['held_out']:.3f}")

    def _warning(self, line: Line) -> None:
        self.say(f"  ! {harmless(line['words'])}")

    def _pair(self, line: Line) -> None:
        self.say(f"  asked: {harmless(line['prompt'], 120)}")
        for name in ("base", "tuned"):
            self.say(f"    {name + ':':<7}{harmless(' ⏎ '.join(line[name].splitlines()), 110)}")

    def _paused(self, line: Line) -> None:
        self.say("  paused")

    def _resumed(self, line: Line) -> None:
        self.say("  resumed")

    def _ended(self, line: Line) -> None:
        self.say("")
        self.say(harmless(line["words"]))
        if line["report"]:
            self.say(f"Report: {harmless(line['report'])} in the data folder")
        for number, step in enumerate(line["next"]):
            self.say(f"{'Next:   ' if not number else '        '}{typed(step, self.data)}")


def typed(step: str, data: Path | None) -> str:
    """A next step with the data folder as this person typed it."""
    if not data:
        return step
    return step.replace(f"--data {shlex.quote(data.expanduser().resolve().name)}", f"--data {shlex.quote(str(data))}")


def status_text(state: Line, data: Path) -> str:
    """`status` in words."""
    counts = state["counts"]
    with_errors = f"{counts['with_errors']:,} of them with errors, " if counts["with_errors"] else ""
    lines = [
        f"{harmless(state['data'])}: {counted(counts['files'], 'file')}, {counts['parsed']:,} parsed, "
        f"{with_errors}{counts['proven']:,} trees and pieces proven, {counted(counts['rows'], 'row')}"
    ]
    if state["in_use_by"]:
        lines.append(f"In use by {harmless(state['in_use_by'])}")
    for stage, seen in state["stages"].items():
        aside = sum(seen["set_aside"].values())
        words = f", {counted(aside, 'entry', 'entries')} set aside" if aside else ""
        lines.append(f"  {stage:<9}{seen['status']}{words}")
        lines += [f"           {count:>6,} × {harmless(code)}" for code, count in sorted(seen["set_aside"].items())]
    lines += [f"  job      {job['id']}: {job['status']} ({job['provider']}, {job['model']})" for job in state["jobs"]]
    if state["jobs_waiting"]:
        lines.append(f"  {counted(state['jobs_waiting'], 'training job')} in the queue: train --queue")
    if state["evaluation"]:
        lines.append(f"  {harmless(state['evaluation'].get('words', ''))}")
    lines += ["Next:", *(f"  {typed(step, data)}" for step in state["next_steps"])]
    return "\n".join(lines)


def asides_text(groups: list[Line]) -> str:
    """`status --set-aside` in words."""
    lines = []
    for group in groups:
        lines.append(f"{group['stage']}: {group['count']:,} × {harmless(group['code'])}")
        for one in group["items"]:
            short = one["item"][:12] if DIGEST.fullmatch(one["item"]) else harmless(one["item"], 100)
            lines.append(f"  {short}  {harmless(one['sentence'])}")
        if more := group["count"] - len(group["items"]):
            lines.append(f"  … {more:,} more: status --set-aside {harmless(group['code'])}")
    return "\n".join(lines) or "Nothing is set aside."


def goals_text(goals: list[Line]) -> str:
    """`status --goals` in words."""
    lines = []
    for goal in goals:
        have = f"{goal['have']:,}" if isinstance(goal["have"], int) else goal["have"]
        lines.append(f"{'✓' if goal['reached'] else '·'} {goal['goal']}: {have}")
        if goal["lacking"]:
            lines.append(f"    lacking: {goal['lacking']}")
    return "\n".join(lines)
