# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of the training environment as our child: started, heard, paused, stopped, and never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import tokens

PROGRAM = Path(__file__).with_name("program.py")
_WINDOWS_APART = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
TICK_S = 0.1
LOG_TAIL = 4000


@dataclass(frozen=True)
class Ended:
    """How a job in the training environment ended: its facts in `body` where `ok`, else why, as code and sentence."""

    ok: bool
    body: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    sentence: str = ""
    detail: str = ""


def run(
    python: Path,
    job: str,
    body: dict[str, Any],
    on_line: Callable[[dict[str, Any]], None],
    tick: Callable[[], bool],
    *,
    grace_s: float = 0.0,
    online: bool = False,
) -> Ended:
    """Run a job (`prepare`, `train`, `generate`) to its end.

    `on_line` gets every line but the last; `tick` is called ten times a second, and False pauses the job. What they
    raise goes on to the caller, after the job was asked to stop, given `grace_s` seconds to save, and killed.
    """
    with tempfile.TemporaryFile() as log:
        child = _Child(python, job, log, online)
        try:
            return _follow(child, body, on_line, tick, log)
        except BaseException:
            if grace_s:
                child.tell("stop")
                child.join(grace_s)
            raise
        finally:
            child.end()


def _follow(
    child: _Child,
    body: dict[str, Any],
    on_line: Callable[[dict[str, Any]], None],
    tick: Callable[[], bool],
    log: Any,
) -> Ended:
    child.tell(json.dumps(body, ensure_ascii=False))
    paused = False
    while True:
        going = tick()
        if going == paused:
            child.tell("go" if going else "pause")
            paused = not going
        with contextlib.suppress(queue.Empty):
            line = child.lines.get(timeout=TICK_S)
            if line is None:
                return _dead(child, log)
            if line["kind"] == "done":
                return Ended(True, {key: value for key, value in line.items() if key != "kind"})
            if line["kind"] == "refused":
                return Ended(False, {}, line["code"], line["sentence"], line["detail"])
            on_line(line)


def _dead(child: _Child, log: Any) -> Ended:
    """A child that ended without a last word."""
    status = child.join(10)
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL))
    tail = log.read().decode("utf-8", "replace")
    if os.name != "nt" and status == -signal.SIGKILL:
        sentence = "The training program was killed, most often because the machine ran out of memory."
        return Ended(False, {}, "killed", sentence, tail)
    return Ended(False, {}, "died", f"The training program ended by itself (status {status}).", tail)


class _Child:
    """One process. `lines` gives what it says, and None at its end."""

    def __init__(self, python: Path, job: str, log: Any, online: bool) -> None:
        self.lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._process = subprocess.Popen(
            [str(python), "-I", str(PROGRAM), job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment_of_child(online),
            start_new_session=True,  # Ctrl-C in the terminal reaches the pipeline only
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        try:
            for line in self._process.stdout:
                self.lines.put(json.loads(line))
        finally:  # also after a line that is none: nobody may wait for more for ever
            self.lines.put(None)

    def tell(self, word: str) -> None:
        """Send one line; a child that is gone hears nothing."""
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.write(word.encode("utf-8", "replace") + b"\n")
            self._process.stdin.flush()

    def join(self, seconds: float) -> int | None:
        """The exit status, or None where it still runs after so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def end(self) -> None:
        """Kill what still runs, by its own id, and clean up."""
        if self.join(0) is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with contextlib.suppress(OSError):
                pipe.close()


_outliving: list[subprocess.Popen[bytes]] = []
"""Kept so that those that ended are asked for their status, as the system wants of who started them."""


class Apart:
    """A program of the training environment that goes on when this process ends. Its lines are in the file `log`."""

    def __init__(self, python: Path, job: str, body: dict[str, Any], log: Path) -> None:
        self._log = log
        with open(log, "wb") as out:
            self._process = subprocess.Popen(
                [str(python), "-I", str(PROGRAM), job],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=environment_of_child(False),
                start_new_session=True,
                creationflags=_WINDOWS_APART,
            )
        _outliving[:] = [*(one for one in _outliving if one.poll() is None), self._process]
        assert self._process.stdin
        with contextlib.suppress(OSError), self._process.stdin as to:
            to.write(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def ended(self) -> Ended | None:
        """How it ended, or None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        said = self._log.read_text(encoding="utf-8", errors="replace")
        for line in reversed(said.splitlines()):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                told = json.loads(line)
                if told["kind"] == "refused":
                    return Ended(False, {}, told["code"], told["sentence"], told["detail"])
                return Ended(True, told)
        return Ended(False, {}, "died", f"The program ended by itself (status {status}).", said[-LOG_TAIL:])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def environment_of_child(online: bool) -> dict[str, str]:
    """This process's environment without tokens (but the model hub's where it is asked), and with what training needs.

    OpenMP's threads must sleep while they wait: on a busy machine spinning ones make training twenty times slower.
    """
    kept = {name: value for name, value in os.environ.items() if name not in tokens.names()}
    return {
        **kept,
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "0" if online else "1",
    }
