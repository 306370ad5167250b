# SPDX-License-Identifier: GPL-3.0-or-later
"""One worker process: its start, its conversation in frames, its memory and its end."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from .protocol import Host, packed, unpacked

PROGRAM = Path(__file__).parent / "inside" / "program.py"
BEFORE_WORD_MAX = 1 << 20
LOG_MAX = 4 << 20
LOG_TAIL = 2000


class Worker:
    """A running background Blender that is handed one request at a time.

    A thread of its own talks with it, so that the pipeline never blocks on a pipe, on any system; what it hears goes to
    `heard` as (worker, frame): the frame is None when the worker is gone, and a text when it talks nonsense.
    """

    def __init__(
        self,
        host: Host,
        scratch: Path,
        readable: Sequence[Path],
        memory_mb: int,
        heard: queue.SimpleQueue[tuple[Worker, Any]],
        program: Path = PROGRAM,
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.scratch, self.log = scratch, scratch / "log.txt"
        self.ready: dict[str, Any] | None = None
        self.units = 0
        self._heard, self._word = heard, secrets.token_hex(16)
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        start = {
            "word": self._word,
            "parent": os.getpid(),
            "log": str(self.log),
            "scratch": str(scratch),
            "readable": [str(folder) for folder in readable],
            "memory_mb": memory_mb,
        }
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [*_namespace(), *_command(host, program), json.dumps(start)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(scratch),
                cwd=scratch,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._converse, name=f"worker {self.pid}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, value: dict[str, Any]) -> None:
        """Hand over a request; the answer will be heard. Raises ValueError where it is too large for a frame."""
        frame = packed(value)
        self.trim_log(0)
        self.units += 1
        self._requests.put(frame)

    def _converse(self) -> None:
        assert self._process.stdin and self._process.stdout
        frame: Any = None
        try:
            _skip_to(self._word.encode(), self._process.stdout)
            self._heard.put((self, unpacked(self._process.stdout)))
            while (request := self._requests.get()) is not None:
                self._process.stdin.write(request)
                self._process.stdin.flush()
                frame = unpacked(self._process.stdout)
                if frame is None:
                    break
                self._heard.put((self, frame))
            else:
                return
        except ValueError as error:
            self._heard.put((self, f"no frame: {error}"))
            return
        except (OSError, EOFError):
            pass
        self._heard.put((self, None))

    def is_running(self) -> bool:
        return self._process.poll() is None

    def rss_mb(self) -> int:
        """Memory in use, in MB; 0 where the system does not say."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    def trim_log(self, most: int = LOG_MAX) -> None:
        """Empty the log when it holds more than `most` bytes: it is opened for appending, so the worker writes on."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > most:
                os.truncate(self.log, 0)

    def log_tail(self) -> str:
        """The last lines that the worker printed."""
        try:
            with open(self.log, "rb") as log:
                log.seek(max(0, self.log.stat().st_size - LOG_TAIL))
                return log.read(LOG_TAIL).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def end(self, grace_s: float = 0.0) -> str:
        """Kill the worker and what it started, and reap it. How it ended: `SIGSEGV`, `exit 3`. With `grace_s` one that
        is ending by itself may do so: its own reason is better than our kill."""
        self._requests.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        if self._process.poll() is None:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            else:
                self._process.kill()
        code = self._process.wait()
        self._thread.join(1.0)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe and not self._thread.is_alive():
                    pipe.close()
        if code >= 0:
            return f"exit {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


@cache
def _namespace() -> list[str]:
    """The start of a command that gives it a network and shared memory of its own, where this system lets us: it has no
    network even before it is locked. Root needs no user namespace for that, and would lose its right to read the files
    of others by one."""
    program = shutil.which("unshare") if sys.platform == "linux" else None
    user = [] if program is None or os.geteuid() == 0 else ["--user", "--map-current-user"]
    command = [program, *user, "--net", "--ipc"] if program else []
    try:
        if not command or subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode:
            return []
    except (OSError, subprocess.TimeoutExpired):
        return []
    return command


def _command(host: Host, program: Path) -> list[str]:
    if host.is_module:
        return [host.program, "-I", str(program)]
    options = ["--background", "--factory-startup", "--disable-autoexec", "--offline-mode", "--threads", "1"]
    return [host.program, *options, "--python-exit-code", "3", "--python", str(program), "--"]


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing of the person's but what programs need to start: no tokens, proxies or settings of Python and Blender."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR") if name in os.environ}
    here = str(scratch)
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "BLENDER_USER_RESOURCES"), here)
    return kept | places | {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


def _skip_to(word: bytes, source: IO[bytes]) -> None:
    """Read past `word`. What comes before it was printed by somebody else. Raises EOFError where it does not come."""
    window = b""
    for _ in range(BEFORE_WORD_MAX):
        byte = source.read(1)
        if not byte:
            raise EOFError("the worker ended before it was ready")
        window = (window + byte)[-len(word) :]
        if window == word:
            return
    raise EOFError("the worker printed too much before it was ready")
