# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in one data folder: holds the lock, goes through the stages, and tells of it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__, checkpoints, removing, tokens
from ..catalog import Catalog
from ..deployment import registry
from ..errors import Cancelled, ComesLater, Exit, FolderInUse, SetAside, Unavailable, UserError
from ..events import EventLog, RunState, event
from ..files import write_json
from ..locks import FolderLock, holder
from ..paths import TASKS, DataFolder
from ..stage import Options, Outcome
from ..worker.pool import Pool
from ..worker.protocol import Answer, Host, Request
from . import restore, stages
from .control import Control

Listener = Callable[[dict[str, Any]], None]

BEAT_S = 1.0
PROGRESS_S = 0.2
SLEEP_S = 0.1
WORKER_MB = 1000
WHOLE = "the whole stage"
"""The item of a reason that holds for a stage, not for one file or tree."""


def new_id() -> str:
    """A run's id, sortable by time: `20261123-224501-5f3a`."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)


class Run:
    """One run of some stages. It is the `Work` that the stages are handed."""

    def __init__(
        self,
        folder: DataFolder,
        options: Options,
        host: Host | None,
        chosen: Sequence[str],
        listeners: Sequence[Listener] = (),
        run_id: str = "",
    ) -> None:
        self.folder, self.options, self.host, self.chosen = folder, options, host, chosen
        self.run_id = run_id or new_id()
        self.place = folder.runs / self.run_id
        self.state = RunState()
        self.catalog: Catalog = None  # type: ignore[assignment]  # opened by `go`, under the lock
        self._listeners = listeners
        self._control = Control(self.place / "control.jsonl")
        self._log: EventLog | None = None
        self._pool: Pool | None = None
        self._stage = ""
        self._outcomes: dict[str, Outcome] = {}
        self._last: dict[str, Any] | None = None
        self._pending: dict[str, Any] | None = None
        self._beaten = self._progressed = 0.0
        self._ending = False
        self._told_unlocked = False

    # the run

    def go(self) -> Exit:
        """Run to the end, or to the first thing that stops it, which the event `ended` tells.

        Raises UserError where the folder is in use or cannot be written to.
        """
        text = f"run {self.run_id}, process {os.getpid()}"
        with FolderLock(self.folder.lock, text) as lock:
            try:
                held = not lock.acquire()
            except OSError as error:
                raise UserError(f"{self.folder.root} cannot be written to: {error.strerror}.") from error
            if held:
                raise FolderInUse(f"{self.folder.root} is in use by {holder(self.folder.lock) or 'another run'}.")
            self._log = EventLog(self.place / "events.jsonl")
            write_json(self.place / "options.json", {**self.options.as_json(), "stages": list(self.chosen)})
            shutil.rmtree(self.folder.scratch, ignore_errors=True)
            self._control.listen()
            try:
                with Catalog(self.folder.catalog) as self.catalog:
                    return self._stages()
            finally:
                self._control.unlisten()
                self._log.close()
                shutil.rmtree(self.folder.scratch, ignore_errors=True)

    def _stages(self) -> Exit:
        blender = self.host.name if self.host else ""
        data, version = self.folder.root.name, __version__
        self.emit("run", id=self.run_id, version=version, blender=blender, stages=list(self.chosen), data=data)
        status, words, put_off = Exit.DONE, "", False
        try:
            for warning in tokens.find().warnings:
                self.note(warning)
            if found := restore.restore(self.folder, self.catalog):
                self.note(found)
            if removed := removing.apply(self.folder, self.catalog):
                self.note(removed)
            for stage in self.chosen:
                self._stage = stage
                self.wait_while_paused()
                if self._one_stage():
                    status = Exit.SET_ASIDE
        except (Cancelled, KeyboardInterrupt):
            status, words = Exit.INTERRUPTED, "Stopped. What is done is kept; `resume` goes on from here."
        except UserError as error:
            status, words, put_off = error.exit, str(error), isinstance(error, ComesLater)
        except Exception as error:
            status, words = self._fault(error)
        finally:
            self._close_pool()
        self._ending = True
        self._flush_progress()
        if self._stage in TASKS and status in (Exit.INTERRUPTED, Exit.BUG, Exit.USAGE):
            self._recheckpoint("failed" if status != Exit.INTERRUPTED else "paused" if put_off else "cancelled")
        report = ""
        try:
            self._mirror_models()
            report = stages.write_report(self.folder, self.catalog, self.options.name)
        except Exception as error:
            status, words = self._fault(error)
        if not words:
            told = [f"{name}: {state.words}" for name, state in self.state.stages.items() if state.words]
            words = " ".join(told)
            if status == Exit.DONE and any(self.catalog.count_asides(stage) for stage in self.chosen):
                status = Exit.SET_ASIDE
            if self._outcomes.get("evaluate", Outcome("")).counts.get("worse"):
                status = Exit.ANSWER_IS_NO
        following = checkpoints.next_steps(self.folder, self.catalog)
        self.emit("ended", exit=int(status), words=words, report=report, next=following)
        return status

    def _mirror_models(self) -> None:
        """Let the catalog hold the registry as its files have it now; evaluations have a table of their own."""
        models = {model.id: replace(model, evaluation={}).as_json() for model in registry.models(self.folder)}
        self.catalog.set_models(models)

    def _fault(self, error: Exception) -> tuple[Exit, str]:
        """Exit status and words for what no stage expected; the details go to the run's log."""
        if _is_full(error):
            return Exit.USAGE, "The disk is full. What is done is kept; make room and `resume`."
        details = self.place / "log.txt"
        with open(details, "a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
        words = f"This is a fault of Voxel Trainer ({type(error).__name__}: {error}). What is done is kept."
        return Exit.BUG, f"{words} The details are in {details.relative_to(self.folder.root).as_posix()}."

    def _one_stage(self) -> bool:
        """Run one stage; whether it was set aside."""
        stage = self._stage
        self.emit("stage", stage=stage, state="started", words="")
        self.catalog.drop_asides(stage, items=WHOLE)
        try:
            outcome = self._outcomes[stage] = stages.RUNNERS[stage](self)
            aside, words = outcome.aside, outcome.words
        except Unavailable as error:
            aside, words = True, str(error)
            self.set_aside(SetAside(stage, WHOLE, "unavailable", words))
        finally:
            self._close_pool()
        self._flush_progress()
        self.emit("stage", stage=stage, state="aside" if aside else "done", words=words)
        return aside

    # what stages are handed

    def emit(self, kind: str, **fields: Any) -> None:
        line = event(kind, **fields)
        self.state.fold(line)
        if self._log:
            with self._where_room():
                self._log.write(line)
        for listener in self._listeners:
            listener(line)
        if kind in ("run", "stage", "paused", "resumed", "ended"):
            self._write_state()

    def note(self, words: str) -> None:
        self.emit("note", stage=self._stage, words=words)

    def waiting(self, until: float, words: str) -> None:
        self._flush_progress()
        self.emit("waiting", stage=self._stage, until=round(until, 1), words=words)

    def plan(self, plan: dict[str, Any], words: list[str]) -> None:
        self.emit("plan", stage=self._stage, plan=plan, words=words)

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        self._pending = {"done": done, "total": total, "item": item, "left_s": left_s}
        if time.monotonic() - self._progressed >= PROGRESS_S:
            self._flush_progress()

    def set_aside(self, aside: SetAside) -> None:
        depends = aside.stage in ("parse", "dataset") and aside.item != WHOLE
        blender = self.host.name if self.host and depends else ""
        self.catalog.add_aside(aside, blender)
        self.emit("aside", stage=aside.stage, item=aside.item, code=aside.code, words=aside.sentence)

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        self._last = {"stage": self._stage, "progress": progress, "state": state}
        checkpoints.write(self.folder, self.catalog, self._stage, status, progress, state)

    def tick(self) -> bool:
        self._control.read()
        if time.monotonic() - self._beaten >= BEAT_S:
            self._beat()
        if self._control.cancelled:
            raise Cancelled
        if self._control.paused != self.state.paused:
            self._flush_progress()
            self.emit("paused" if self._control.paused else "resumed", stage=self._stage)
            self._recheckpoint("paused" if self._control.paused else "running")
        return not self._control.paused

    def wait_while_paused(self) -> None:
        while not self.tick():
            time.sleep(SLEEP_S)

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        if self.host is None:
            raise Unavailable(
                "This stage needs Blender. Start it with an installed Blender, or name one with --blender PATH."
            )
        if self._pool is None:
            memory = self.options.memory or WORKER_MB * 4
            self._pool = Pool(
                self.host,
                workers=self.options.workers or workers_that_fit(),
                memory_mb=memory,
                scratch=self.folder.scratch,
                readable=tuple(readable),
            )
        for answer in self._pool.run(requests, self.tick):
            self._tell_unlocked(self._pool)
            yield answer

    # telling

    def _tell_unlocked(self, pool: Pool) -> None:
        """Say once where the system does not keep workers from files and the network."""
        if not self._told_unlocked and pool.locked is not None and not {"files", "network"} <= pool.locked:
            self._told_unlocked = True
            self.note("This system cannot lock workers in: a file may make Blender open other files that it names.")

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        alive = self._pool.alive() if self._pool else 0
        rss = own_rss_mb() + (self._pool.rss_mb() if self._pool else 0)
        self.emit("beat", rss_mb=round(rss), workers=alive)
        self._write_state()

    def _flush_progress(self) -> None:
        if self._pending is not None and self._stage:
            aside = self.catalog.count_asides(self._stage)
            self.emit("progress", stage=self._stage, aside=aside, **self._pending)
            self._pending, self._progressed = None, time.monotonic()

    def _write_state(self) -> None:
        if self._log:
            self.state.offset = self._log.offset
            with self._where_room():
                write_json(self.place / "run.json", self.state.as_json(), indent=None)

    def _recheckpoint(self, status: str) -> None:
        """Write the stage's last checkpoint again, with what it says of the run's state now."""
        if self._last and self._last["stage"] == self._stage:
            with self._where_room():
                checkpoints.write(
                    self.folder, self.catalog, self._stage, status, self._last["progress"], self._last["state"]
                )

    @contextlib.contextmanager
    def _where_room(self) -> Iterator[None]:
        """For what is told at the end of a run: on a full disk the listeners alone hear it."""
        try:
            yield
        except OSError as error:
            if not (self._ending and _is_full(error)):
                raise

    def _close_pool(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _is_full(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def own_rss_mb() -> float:
    """Memory of this process in MB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def workers_that_fit() -> int:
    """One worker a core, fewer where memory is short."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return max(1, min(cores, int(line.split()[1]) // 1000 // WORKER_MB))
    except OSError:
        pass
    return max(1, cores)
