# SPDX-License-Identifier: GPL-3.0-or-later
"""Prism, which others wrote: it serves a published description, or stands before a server and checks what passes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "@stoplight/prism-cli@5.14.2"
UP_WITHIN_S = 180
RECEIVED = re.compile(r"\[HTTP SERVER\] (\S+ \S+) .*Request received")
VIOLATION = re.compile(r"Violation: (request.*)")
UNDESCRIBED = ("/graphql", "/versions")


class Missing(Exception):
    """Prism cannot run here."""


@dataclass(frozen=True)
class Prism:
    """One that runs: its address, and the log that it writes."""

    address: str
    log: Path

    def violations(self) -> list[str]:
        """What it found wrong with requests so far, each with its method and path.

        Read from the log: the header that it adds to an answer is cut where an answer has many faults of its own.
        What it says of answers is left out, and that a route which GitHub does not describe is not described.
        """
        found, asked = [], ""
        for line in self.log.read_text(encoding="utf-8").splitlines():
            if received := RECEIVED.search(line):
                asked = received[1]
            elif violated := VIOLATION.search(line):
                known = asked.partition(" ")[2] in UNDESCRIBED and violated[1].endswith("route not found")
                found += [] if known else [f"{asked}: {violated[1]}"]
        return found


@contextlib.contextmanager
def running(described: Path, log: Path, *options: str, before: str = "") -> Iterator[Prism]:
    """A Prism that answers by the description's examples, or passes all on to the server it stands `before`.

    Send only JSON through it: it takes every body for text, and destroys bytes. Raises Missing.
    """
    npx = shutil.which("npx")
    if not npx:
        raise Missing("Prism needs Node (npx)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    what = ["proxy" if before else "mock", *options, "-h", "127.0.0.1", "-p", str(port), str(described)]
    with open(log, "w") as out:
        argv = [npx, "-y", PACKAGE, *what, *([before] if before else [])]
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_for(port, server, log)
        yield Prism(f"http://127.0.0.1:{port}", log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)  # npx starts others and leaves them behind
        server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise Missing(f"Prism did not start: {log.read_text()[-500:]}")
