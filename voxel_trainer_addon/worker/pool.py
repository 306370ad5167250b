# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm workers kept busy: fed lazily, watched for time and memory, replaced at any doubt; one answer a request."""

from __future__ import annotations

import queue
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import Unavailable
from .process import PROGRAM, Worker
from .protocol import VERSION, Answer, Host, Request, is_answer

READY_S = 60.0
TICK_S = 0.1
GRACE_S = 2.0
UNITS_MAX = 1000
"""A worker is replaced after so many units: insurance, at about a millisecond a unit."""
TRIES_MAX = 2
"""So many workers may be lost over a unit."""
STARTS_MAX = 2
"""So many workers in a row that die before they are ready end the run."""

ENDS = {
    "SIGKILL": ("memory", "was killed by the system, most likely for want of memory,"),
    "SIGXCPU": ("time", "took more processor time than it may"),
}
"""How a worker ended that did not end by a fault → code and words."""
DOING = {
    "read": "reading it",
    "prove": "proving it",
    "run_answer": "running it",
    "run_checked": "running it",
    "render_answer": "rendering it",
}


@dataclass
class _Unit:
    """A request on its way; `id` is new for every try."""

    request: Request
    tries: int = 0
    id: int = 0
    since: float = 0.0
    seconds: float = 0.0

    @property
    def body(self) -> dict[str, Any]:
        retried = self.tries > 1 and self.request.retry is not None
        return self.request.retry if retried and self.request.retry else self.request.body


class Pool:
    """Background Blenders for `run`; to be used from the main thread, as workers die with the thread that started them.

    `memory_mb` is the memory that one worker may take beyond its start, `readable` what it may read besides Blender's
    own files; it may write in its own folder below `scratch` only. Workers start when first needed.
    """

    def __init__(
        self,
        host: Host,
        *,
        workers: int,
        memory_mb: int,
        scratch: Path,
        readable: Sequence[Path] = (),
        program: Path = PROGRAM,
        units_max: int = UNITS_MAX,
        ready_s: float = READY_S,
        tries_max: int = TRIES_MAX,
    ) -> None:
        self.host, self.size, self.memory_mb = host, max(1, workers), memory_mb
        self._scratch, self._readable, self._program = (
            scratch.resolve() / "workers",
            tuple(folder.resolve() for folder in readable),
            program,
        )
        self._units_max, self._ready_s, self._tries_max = units_max, ready_s, tries_max
        self._heard: queue.SimpleQueue[tuple[Worker, Any]] = queue.SimpleQueue()
        self._starting: dict[Worker, float] = {}
        self._idle: list[Worker] = []
        self._busy: dict[Worker, _Unit] = {}
        self._stillborn = self._started = self._ids = 0
        self.locked: frozenset[str] | None = None
        """What the last worker that started gave up (see `inside.lock`); None before the first."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def alive(self) -> int:
        return sum(worker.is_running() for worker in self._all())

    def rss_mb(self) -> int:
        """Memory of all workers together, in MB."""
        return sum(worker.rss_mb() for worker in self._all())

    def close(self) -> None:
        """End all workers and remove what they wrote in their scratch folders."""
        for worker in self._all():
            worker.end()
        self._starting, self._idle, self._busy = {}, [], {}
        shutil.rmtree(self._scratch, ignore_errors=True)

    def run(self, requests: Iterable[Request], tick: Callable[[], bool]) -> Iterator[Answer]:
        """Answers, as they are ready, in any order; each request gets exactly one.

        `tick` is called at least ten times a second; while it returns False nothing new is begun. What it raises ends
        all workers and passes on. Raises Unavailable when workers cannot be started.
        """
        source, waiting, again = iter(requests), deque[_Unit](), deque[_Unit]()
        more = True
        try:
            while True:
                if go := tick():
                    if more and len(waiting) < self.size:
                        request = next(source, None)
                        more = request is not None
                        if request is not None:
                            waiting.append(_Unit(request))
                    self._hand_out(waiting, again)
                    if not (more or waiting or again or self._busy):
                        return
                hungry = go and more and len(waiting) < self.size
                yield from self._listen(again, 0 if hungry else TICK_S)
                yield from self._watch(again)
        except BaseException:
            self.close()
            raise

    def _all(self) -> list[Worker]:
        return [*self._starting, *self._idle, *self._busy]

    def _hand_out(self, waiting: deque[_Unit], again: deque[_Unit]) -> None:
        """Give units to idle workers, those to be tried again to fresh ones; start the workers that are wanted."""
        for worker in [w for w in self._idle if not w.is_running()]:
            self._idle.remove(worker)
            worker.end()
        for worker in list(self._idle):
            if again and worker.units == 0:
                self._give(worker, again.popleft())
            elif waiting:
                self._give(worker, waiting.popleft())
        wanted = len(waiting) + len(again) - len(self._starting)
        if again and self._idle and not self._starting:
            self._idle.pop().end()
        for _ in range(min(wanted, self.size - len(self._all()))):
            self._start()

    def _start(self) -> None:
        scratch = self._scratch / str(self._started)
        self._started += 1
        worker = Worker(self.host, scratch, self._readable, self.memory_mb, self._heard, self._program)
        self._starting[worker] = time.monotonic()

    def _give(self, worker: Worker, unit: _Unit) -> None:
        self._idle.remove(worker)
        self._ids += 1
        unit.id, unit.since, unit.tries = self._ids, time.monotonic(), unit.tries + 1
        self._busy[worker] = unit
        request = unit.request
        frame = {"v": VERSION, "id": unit.id, "sha256": request.sha256, "job": request.job, "body": unit.body}
        worker.send({**frame, "limit_s": request.limit_s})

    def _listen(self, again: deque[_Unit], wait_s: float) -> Iterator[Answer]:
        """Everything that workers have said, after waiting for the first word at most so long."""
        while True:
            try:
                worker, frame = self._heard.get(timeout=wait_s) if wait_s else self._heard.get_nowait()
            except queue.Empty:
                return
            wait_s = 0
            if worker in self._starting:
                self._greet(worker, frame)
            elif worker in self._busy:
                yield from self._answered(worker, frame, again)

    def _answered(self, worker: Worker, frame: Any, again: deque[_Unit]) -> Iterator[Answer]:
        unit = self._busy.pop(worker)
        unit.seconds += time.monotonic() - unit.since
        request = unit.request
        if frame is None:
            yield from self._lost(worker, unit, again, "crashed", "")
            return
        if not is_answer(frame, unit.id, request.sha256):
            yield from self._lost(worker, unit, again, "protocol", "answered something else than it was asked")
            return
        if frame["worn"] or worker.units >= self._units_max:
            worker.end()
        else:
            self._idle.append(worker)
        if frame["ok"]:
            yield Answer(request, True, frame["body"], seconds=unit.seconds, tries=unit.tries)
        elif unit.tries == 1 and request.retry is not None:
            again.append(unit)
        else:
            reason = (frame["code"], frame["sentence"], frame["detail"])
            yield Answer(request, False, {}, *reason, seconds=unit.seconds, tries=unit.tries)

    def _greet(self, worker: Worker, frame: Any) -> None:
        del self._starting[worker]
        if isinstance(frame, dict) and frame.get("v") == VERSION:
            worker.ready = frame
            self.locked = frozenset(map(str, frame.get("locked", ())))
            self._stillborn = 0
            self._idle.append(worker)
        else:
            self._mourn(worker, "")

    def _mourn(self, worker: Worker, why: str) -> None:
        """A worker ended before it was ready."""
        ended = worker.end(grace_s=0.0 if why else GRACE_S)
        self._stillborn += 1
        if self._stillborn >= STARTS_MAX:
            last = worker.log_tail().splitlines()[-1:] or ["It said nothing."]
            raise Unavailable(
                f"Blender {self.host.name} could not be started in the background: {self._stillborn} workers in a row "
                f"ended before they were ready ({why or ended}). {last[0][:300]}"
            )

    def _watch(self, again: deque[_Unit]) -> Iterator[Answer]:
        """End workers that take too long, too much memory, or print without end."""
        now = time.monotonic()
        for worker, since in list(self._starting.items()):
            if now - since > self._ready_s:
                del self._starting[worker]
                self._mourn(worker, f"not ready within {self._ready_s:g} s")
        for worker, unit in list(self._busy.items()):
            worker.trim_log()
            if now - unit.since > unit.request.limit_s:
                code, words = "time", f"took longer than {unit.request.limit_s:g} s"
            elif worker.rss_mb() > self.memory_mb:
                code, words = "memory", f"took more than {self.memory_mb:,} MB of memory"
            else:
                continue
            del self._busy[worker]
            unit.seconds += now - unit.since
            yield from self._lost(worker, unit, again, code, words)

    def _lost(self, worker: Worker, unit: _Unit, again: deque[_Unit], code: str, words: str) -> Iterator[Answer]:
        """A worker was lost over a unit: once more in a fresh one, or the reason."""
        ended = worker.end(grace_s=0.0 if words else GRACE_S)
        if unit.tries < self._tries_max and not unit.request.once:
            again.append(unit)
            return
        if not words:
            code, words = ENDS.get(ended, (code, f"crashed ({ended})"))
        sentence = f"Blender {self.host.name} {words} while {DOING.get(unit.request.job, 'working on it')}"
        yield Answer(unit.request, False, {}, code, sentence, worker.log_tail(), unit.seconds, unit.tries)
