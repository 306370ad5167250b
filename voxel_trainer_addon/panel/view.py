# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows, as a frozen value: equal views look the same, so only a changed one is drawn again. No bpy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import Exit
from ..events import RunState, StageState
from ..runs import Phase, Preview, Session
from ..stage import STAGES
from ..words import counted, duration, harmless
from .view_evaluating import NOTHING, Evaluating
from .view_examples import Example, example_of
from .view_hosting import NO_HOST, HostingView
from .view_models import NO_MODELS, ModelList
from .view_searches import NONE, Searches, local
from .view_training import Training, training_of

NEWS_S = 5.0
"""Silence that is worth telling."""
ASIDES_SHOWN = 30
NAME_CHARS = 60
CLAUSE = re.compile(r" \(|[.,;:](?: |$)")
"""Ends the first clause of a stage's outcome, which is what a row has room for."""
DIGEST = re.compile(r"[0-9a-f]{64}")

OUTCOMES = {
    Exit.DONE: ("CHECKMARK", "Done"),
    Exit.SET_ASIDE: ("CHECKMARK", "Done, with something set aside"),
    Exit.ANSWER_IS_NO: ("INFO", "Done, and the tuned model is worse"),
    Exit.INTERRUPTED: ("PAUSE", "Cancelled; what is done is kept"),
}
FAILED = ("ERROR", "The run could not go on")
PLANNED = "Planned; nothing is fetched yet"


@dataclass(frozen=True)
class Row:
    """One stage: `factor` (0 to 1) where a bar is drawn, None where `text` alone says it."""

    title: str
    state: str
    text: str
    factor: float | None = None


@dataclass(frozen=True)
class View:
    """Everything that a draw function may know; texts are harmless.

    `headline` is icon and sentence, `words` what stands below it all, `lines` short and always as many, `note` a
    sentence that says what a stage does before it has its first unit, `holds` what is in the folder to harvest,
    `example` one of the dataset's, `training` the run's newest job, `evaluating`,
    `models` and `hosting` what these parts show.
    """

    phase: Phase = Phase.IDLE
    asked: str = ""
    lacking: str = ""
    headline: tuple[str, str] | None = None
    words: str = ""
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()
    note: str = ""
    asides: tuple[tuple[str, str], ...] = ()
    aside_count: int = 0
    report: str = ""
    folder: str = ""
    planned: bool = False
    holds: str = ""
    searches: Searches = NONE
    example: Example | None = None
    training: Training | None = None
    evaluating: Evaluating = NOTHING
    models: ModelList = NO_MODELS
    hosting: HostingView = NO_HOST

    @property
    def resumable(self) -> bool:
        """Whether *Resume* starts a run that goes on with the last one."""
        return self.phase is Phase.STOPPED or (self.phase is Phase.FINISHED and self.headline_resumes)

    @property
    def harvested(self) -> bool:
        """Whether the run was one that the big button starts."""
        return bool(self.rows) and self.rows[0].title == STAGES[0].title()

    @property
    def headline_resumes(self) -> bool:
        return self.headline in (OUTCOMES[Exit.INTERRUPTED], FAILED)


def view_of(
    session: Session,
    lacking: str = "",
    error: str = "",
    searches: Searches = NONE,
    holds: str = "",
    preview: Preview | None = None,
) -> View:
    """The view of a session as it stands."""
    run, phase = session.run, session.phase
    headline, words = _headline(session, error)
    return View(
        phase=phase,
        asked=session.asked,
        lacking=lacking,
        headline=headline,
        words=harmless(words),
        rows=() if headline and headline[1] == PLANNED else _rows(run, phase),
        lines=_lines(session) if phase in (Phase.RUNNING, Phase.PAUSED) else (),
        note=harmless(run.note) if phase is Phase.RUNNING and not run.stages.get(run.stage, StageState()).item else "",
        asides=tuple(_aside(aside) for aside in reversed(run.asides[-ASIDES_SHOWN:])),
        aside_count=max(len(run.asides), sum(state.aside for state in run.stages.values())),
        report=_report(session) or (preview.report if preview else ""),
        folder=str(session.data.root) if session.data else "",
        planned=session.planned,
        holds=holds,
        searches=searches,
        example=example_of(preview) if preview else None,
        training=training_of(session),
    )


def _headline(session: Session, error: str) -> tuple[tuple[str, str] | None, str]:
    """Icon and sentence over everything else, and the words below it."""
    run, phase = session.run, session.phase
    if error:
        return ("ERROR", "The panel could not follow the run"), error
    if phase is Phase.STARTING:
        return ("TIME", "Starting…"), ""
    if phase is Phase.STOPPED:
        return ("PAUSE", "Stopped without a last word; what is done is kept"), ""
    if phase is Phase.FINISHED:
        status = Exit(run.exit) if run.exit in list(Exit) else None
        if status is Exit.INTERRUPTED:
            return OUTCOMES[status], ""
        if session.planned and status in OUTCOMES:
            return (OUTCOMES[status][0], PLANNED), ""
        return (OUTCOMES[status], _outcome(run)) if status in OUTCOMES else (FAILED, run.words)
    if session.message:
        return ("INFO", session.message.partition(". ")[0]), session.message.partition(". ")[2]
    if session.asked == "cancel":
        return ("TIME", "Cancelling…"), ""
    if session.asked == "pause":
        return ("TIME", "Pausing after the work in hand…"), ""
    if phase is Phase.PAUSED:
        return ("PAUSE", "Paused"), ""
    if phase is Phase.RUNNING and run.waiting:
        return ("TIME", local(harmless(run.waiting))), ""
    return (("PLAY", "Running; Blender stays yours"), "") if phase is Phase.RUNNING else (None, "")


def _outcome(run: RunState) -> str:
    """The sentences that the rows have no room for: what set a stage aside, and how the last one ended."""
    told = [state for state in run.stages.values() if state.words]
    words = [state.words for state in told[:-1] if state.state == "aside"] + [state.words for state in told[-1:]]
    return " ".join(words) or run.words


def _aside(aside: dict[str, str]) -> tuple[str, str]:
    """Name and reason. Where the item is a content's hash, the file's name stands before the sentence."""
    item, words = aside["item"], aside["words"]
    if DIGEST.fullmatch(item):
        item, _, words = words.partition(": ")
    return harmless(item, NAME_CHARS), harmless(words, 200)


def _rows(run: RunState, phase: Phase) -> tuple[Row, ...]:
    return tuple(_row(name, state, phase) for name, state in run.stages.items())


def _row(name: str, state: StageState, phase: Phase) -> Row:
    title = name.title()
    if state.state == "waiting":
        return Row(title, state.state, "")
    if state.state == "started":
        shown = duration if name == "train" else "{:,}".format  # training is limited by time and counts seconds
        text = (
            f"{shown(state.done)} of {shown(state.total)}" if state.total else shown(state.done) if state.done else ""
        )
        factor = round(min(1.0, state.done / state.total), 2) if state.total else 0.0
        return Row(title, state.state, text or "…", factor) if phase.alive else Row(title, "broken off", text)
    if state.state == "done":
        aside = f"{state.aside:,} set aside" if state.aside else ""
        return Row(title, state.state, ", ".join(filter(None, (harmless(CLAUSE.split(state.words)[0], 40), aside))))
    return Row(title, state.state, {"skipped": "skipped", "aside": "set aside"}.get(state.state, state.state))


def _lines(session: Session) -> tuple[str, ...]:
    """Always three, so that nothing below them jumps: the item, time or silence, what it takes."""
    stage = session.run.stages.get(session.run.stage, StageState())
    return harmless(stage.item, NAME_CHARS), _time(session, stage), _means(session.run)


def _time(session: Session, stage: StageState) -> str:
    silent = session.silent_s()
    if silent > NEWS_S:
        return f"No news for {duration(silent)}"
    if stage.left_s is None or session.run.paused:
        return ""
    step = 5 if stage.left_s < 120 else 60
    return f"About {duration(max(step, round(stage.left_s / step) * step))} left in this stage"


def _means(run: RunState) -> str:
    parts = []
    if run.workers:
        parts.append(counted(run.workers, "worker"))
    if run.rss_mb:
        parts.append(f"{run.rss_mb / 1000:.1f} GB of memory")
    return ", ".join(parts)


def _report(session: Session) -> str:
    """The place of the report, or ''. The event names it within the data folder."""
    return str(session.data.root / session.run.report) if session.data and session.run.report else ""
