# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer a folder: a lock that the operating system frees when its holder dies, and the question who holds it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

RETRY_S = 0.05

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int, *, shared: bool) -> bool:
        """Lock byte 0, which is all that Windows locks here: the holder's text from byte 1 on stays readable."""
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(fd: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


class FolderLock:
    """The writer's lock on a folder, kept in the file `path`; `text` tells others who holds it.

    Children do not inherit it, and `kill -9` frees it. A context manager over `release`.
    """

    def __init__(self, path: Path, text: str = "") -> None:
        self.path, self.text = path, text
        self._fd: int | None = None

    def acquire(self, wait_s: float = 1.0) -> bool:
        """Take the lock; False when another holds it for all of `wait_s` seconds.

        The wait outlives the short probes of panels. Raises OSError where the folder cannot be written.
        """
        if self._fd is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + wait_s
        while True:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            if _try_lock(fd, shared=False) and self._is_at_place(fd):
                break
            os.close(fd)
            if time.monotonic() >= end:
                return False
            time.sleep(RETRY_S)
        self._fd = fd
        os.ftruncate(fd, 1)
        os.lseek(fd, 1, os.SEEK_SET)
        os.write(fd, self.text.encode("utf-8", "replace"))
        return True

    def release(self) -> None:
        """Give the lock back, where it is held. The file stays; `remove` takes it away too."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.ftruncate(fd, 1)
            _unlock(fd)
            os.close(fd)

    def remove(self) -> None:
        """Give the lock back and delete its file; who waited for it finds that out and makes a new one."""
        if sys.platform != "win32":
            self.path.unlink(missing_ok=True)
            self.release()
        else:  # there a file that is open cannot be deleted, by nobody
            self.release()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _is_at_place(self, fd: int) -> bool:
        """Whether the file that was opened still is the one at `path`."""
        try:
            return os.path.samestat(os.fstat(fd), os.stat(self.path))
        except FileNotFoundError:
            return False

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def probe(path: Path) -> bool:
    """Whether a process (or another `FolderLock` of this one) holds the lock now. A missing file is a free lock."""
    try:
        fd = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except OSError:
        return False
    try:
        if not _try_lock(fd, shared=True):
            return True
        _unlock(fd)
        return False
    finally:
        os.close(fd)


def holder(path: Path) -> str:
    """What the holder wrote about itself, or '' where nobody holds the lock or nothing is known."""
    if not probe(path):
        return ""
    try:
        with open(path, "rb") as lock:
            lock.seek(1)
            return lock.read(500).decode("utf-8", "replace")
    except OSError:
        return ""
