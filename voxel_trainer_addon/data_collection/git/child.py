# SPDX-License-Identifier: GPL-3.0-or-later
"""One git command as our child: its output in pieces, its silence and time bounded, ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ...words import duration, harmless
from .model import GitProblem, Limits, Tick

if sys.platform == "linux":
    import resource

TICK_S = 0.2
PIECE = 1 << 18
TAIL = 16_000
GRACE_S = 2.0
PROGRESS = re.compile(rb"\d+% \(\d+/\d+\)|: \d+, done\.|^remote: Total \d")


class Failed(Exception):
    """git ended badly; `said` is the end of its stderr, without progress."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def output(
    argv: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    limits: Limits,
    tick: Tick,
    stdin: IO[bytes] | None = None,
) -> Generator[bytes, None, str]:
    """What the command writes to stdout, piece by piece; it returns what it said on stderr. `tick` is called a few
    times a second while waiting.

    Raises Failed with what git said, GitProblem where it is silent or takes too long, and what `tick` raises; in each
    case, and when the iterator is closed, the process and its children are ended.
    """
    with _Child(argv, environment, folder, limits.memory, stdin) as child:
        waited, heard, ticked, ended = 0.0, child.heard, 0.0, False
        while not ended or child.status(TICK_S) is None:
            since, piece = time.monotonic(), b""
            if since - ticked >= TICK_S:
                ticked = since
                tick()
            if not ended:
                with contextlib.suppress(queue.Empty):
                    got = child.pieces.get(timeout=TICK_S)
                    ended, piece = got is None, got or b""
            now = time.monotonic()
            waited += now - since
            heard = max(heard, child.heard)
            if now - heard > limits.silence_s:
                words = f"Nothing came from the repository for {duration(limits.silence_s)}. Try again later."
                raise GitProblem("silent", words, child.said())
            if waited > limits.seconds:
                words = f"The repository took longer than {duration(limits.seconds)}. Try again, or allow more time."
                raise GitProblem("slow", words, child.said())
            if piece:
                yield piece
                heard = time.monotonic()
        child.join()
        if child.status(0):
            raise Failed(child.said())
        return child.said()


def run(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, limits: Limits, tick: Tick
) -> tuple[bytes, str]:
    """All that a command with a short answer writes to stdout and stderr. Raises as `output`."""
    pieces, found = output(argv, environment, folder, limits, tick), bytearray()
    try:
        while True:
            found += next(pieces)
    except StopIteration as end:
        return bytes(found), end.value


class _Child:
    """The process, with a thread for each of its two streams. `pieces` ends with None."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, memory: int, stdin: IO[bytes] | None
    ) -> None:
        self.pieces: queue.Queue[bytes | None] = queue.Queue(8)
        self.tail = bytearray()
        self.heard = time.monotonic()
        self._over = False
        own: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        self._process = subprocess.Popen(
            argv,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=folder,
            bufsize=0,
            **own,
        )
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (memory, memory))
        self._threads = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._end()
        self.join()
        for pipe, thread in zip((self._process.stdout, self._process.stderr), self._threads, strict=True):
            if pipe and not thread.is_alive():
                pipe.close()

    def status(self, wait_s: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(wait_s)
        return None

    def join(self) -> None:
        for thread in self._threads:
            thread.join(GRACE_S)

    def said(self) -> str:
        """The last lines of stderr that are no progress, made harmless: servers write into it too."""
        lines = [line for line in re.split(rb"[\r\n]+", bytes(self.tail)) if line and not PROGRESS.search(line)]
        return "\n".join(harmless(line.decode("utf-8", "replace").strip(), 300) for line in lines[-12:])

    def _read_out(self) -> None:
        assert self._process.stdout
        with contextlib.suppress(OSError, ValueError):
            while piece := self._process.stdout.read(PIECE):
                self.heard = time.monotonic()
                self._put(piece)
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        while not self._over:
            with contextlib.suppress(queue.Full):
                self.pieces.put(piece, timeout=TICK_S)
                return

    def _read_err(self) -> None:
        assert self._process.stderr
        with contextlib.suppress(OSError, ValueError):
            while piece := self._process.stderr.read(4096):
                self.heard = time.monotonic()
                self.tail += piece
                del self.tail[:-TAIL]

    def _end(self) -> None:
        """Ask it to go, so that git removes what it had begun, and kill what does not."""
        for how in ("SIGTERM", "SIGKILL"):
            if self._process.poll() is None:
                self._send(how)
                self.status(GRACE_S)
        self._process.wait()

    def _send(self, how: str) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, getattr(signal, how))
            else:
                self._process.kill()
