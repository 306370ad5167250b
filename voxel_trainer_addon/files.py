# SPDX-License-Identifier: GPL-3.0-or-later
"""Files written whole or not at all, and read without trust."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 20


def now() -> str:
    """The time in UTC as ISO 8601 with Z, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes the place of `path` when the block ends well, and leaves it alone otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", newline="\n") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(place: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `place` when the block ends well, and leaves it alone otherwise."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        shutil.rmtree(place, ignore_errors=True)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, atomically."""
    with replacing(path) as out:
        out.write(text)


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write `value` as JSON to `path`, atomically. `indent=None` for large records: it is much quicker."""
    separators = (",", ":") if indent is None else None
    with replacing(path) as out:  # dumps, not dump: only that goes through the C encoder
        out.write(json.dumps(value, ensure_ascii=False, indent=indent, separators=separators) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> int:
    """Write one JSON value a line, atomically; the number of lines."""
    return write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines, atomically; their number."""
    count = 0
    with replacing(path) as out:
        for line in lines:
            out.write(line + "\n")
            count += 1
    return count


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON value in `path`; `default` where the file is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def read_jsonl(path: Path) -> Iterator[Any]:
    """The JSON values of a file, line by line. A last line without an end is not there yet: it is left out."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n") and line.strip():
                yield json.loads(line)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in one fixed spelling (sorted keys, no spaces)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
