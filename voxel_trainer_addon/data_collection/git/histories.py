# SPDX-License-Identifier: GPL-3.0-or-later
"""From the changes of a commit to states of files: what was moved, and words without addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from ...words import ADDRESS, harmless
from .model import Change, Commit, State

MESSAGE_MAX = 4_000
NAME_MAX = 200


def path_of(path: bytes) -> str | bytes:
    """A path as text, or as it is where it is none."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        return path


def states_of(commit: Commit, patterns: Sequence[str]) -> Iterator[State]:
    """What the files that fit a pattern hold after this commit.

    A file that appears takes the state before from one that goes in the same commit: first where both have the same
    content, then the same name in another folder, then where each is the only one left in one folder.
    """
    changes = [change for change in commit.changes if fits(change.path, patterns)]
    moved = _moved(changes)
    message, author, date = message_of(commit.message), author_of(commit.author), iso(commit.date)
    for change in changes:
        if change.new:
            from_ = moved.get(change.path, change)
            before = path_of(from_.path) if from_.old else None
            yield State(
                path_of(change.path), change.new, from_.old, before, commit.oid, commit.parents, message, author, date
            )


def message_of(text: bytes) -> str:
    """Subject and body, without addresses and control characters, cut to `MESSAGE_MAX` characters."""
    lines = (harmless(ADDRESS.sub("", line)).rstrip() for line in text.decode("utf-8", "replace").splitlines())
    return "\n".join(lines).strip()[:MESSAGE_MAX]


def author_of(name: bytes) -> str:
    """A name. One that is an address becomes the start of its hash: the same for the same person, and no address."""
    text = harmless(name.decode("utf-8", "replace"), NAME_MAX).strip()
    without = ADDRESS.sub("", text).strip()
    if without or not text:
        return without
    return f"#{hashlib.sha256(text.lower().encode()).hexdigest()[:12]}"


def iso(date: str) -> str:
    """`1700000000 +0100` as ISO 8601; empty where it is no date."""
    try:
        seconds, _, offset = date.partition(" ")
        sign = -1 if offset.startswith("-") else 1
        away = timedelta(hours=sign * int(offset[1:3]), minutes=sign * int(offset[3:5]))
        return datetime.fromtimestamp(int(seconds), timezone(away)).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def fits(path: bytes, patterns: Sequence[str]) -> bool:
    """Whether a pattern fits the whole path, in upper or lower case; `*` stands for slashes too."""
    name = path.decode("utf-8", "surrogateescape").lower()
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def _moved(changes: Sequence[Change]) -> dict[bytes, Change]:
    """Path that appears → the change by which its content's earlier path goes."""
    gone = [change for change in changes if change.old and not change.new]
    come = [change for change in changes if change.new and not change.old]
    moved: dict[bytes, Change] = {}
    for alike in (_content, _name, _folder):
        left, beside = _by(alike, gone), _by(alike, come)
        for key, news in beside.items():
            olds = left.get(key, [])
            if alike is not _folder or len(olds) == len(news) == 1:
                moved |= {new.path: old for new, old in zip(news, olds, strict=False)}
        used = {old.path for old in moved.values()}
        gone = [old for old in gone if old.path not in used]
        come = [new for new in come if new.path not in moved]
    return moved


def _by(key: Callable[[Change], object], changes: Sequence[Change]) -> dict[object, list[Change]]:
    found: dict[object, list[Change]] = {}
    for change in changes:
        found.setdefault(key(change), []).append(change)
    return found


def _content(change: Change) -> str | None:
    return change.new or change.old


def _name(change: Change) -> bytes:
    return change.path.rpartition(b"/")[2]


def _folder(change: Change) -> bytes:
    return change.path.rpartition(b"/")[0]
