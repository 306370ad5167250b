# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: from the environment, our own file or a `.env` file, known by name, and never in anything else we write."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .paths import config_home

NAMES = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GITHUB_TOKEN",
    "TOGETHER_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
SHORTEST = 8
"""A shorter value is not taken out of texts: it would tear holes into ordinary words."""


@dataclass(frozen=True)
class Tokens:
    """The tokens found. `values` is kept out of the repr; `warnings` are sentences for a person."""

    values: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Tokens({', '.join(sorted(self.values)) or 'none'})"

    def get(self, name: str) -> str:
        """A token by its name, or ''."""
        return self.values.get(name, "")

    def redact(self, text: str) -> str:
        """`text` with every token's value replaced by its name, and each of several that one name holds."""
        parts = {(part, name) for name, value in self.values.items() for part in (value, *_several(value))}
        for part, name in sorted(parts, key=lambda pair: -len(pair[0])):
            if len(part) >= SHORTEST:
                text = text.replace(part, f"[{name}]")
        return text


_named: Path | None = None
_further: set[str] = set()


def names() -> frozenset[str]:
    """The names of all tokens that this process knows."""
    return frozenset((*NAMES, *_further))


def know(name: str) -> None:
    """Let this process look for a further token, and take it out of texts, too."""
    _further.add(name)


def read_from(path: Path) -> None:
    """Let this process take tokens from a `.env` file of this name, not from the one in the current folder."""
    global _named
    _named = path


def find(named: Path | None = None, folder: Path = Path()) -> Tokens:
    """Tokens from the environment, else our own file, else the `.env` file that was named or lies in `folder`.

    Only the names that are known are read; other lines of a file are none of our business.
    """
    named = named or _named
    values: dict[str, str] = {}
    warnings = []
    for path in (named or folder / ".env", own_file()):
        if path.is_file():
            found = _read(path)
            values |= found
            if found and _is_open(path):
                shown = _shown(path)
                warnings.append(f"{shown} holds tokens and can be read by others: `chmod 600 {shown}` closes it.")
        elif path == named:
            warnings.append(f"{_shown(path)} is not there, so no token is taken from it.")
    values |= {name: os.environ[name] for name in names() if os.environ.get(name)}
    return Tokens(values, tuple(warnings))


def own_file() -> Path:
    """Where `keep` writes."""
    return config_home() / "tokens.env"


def kept() -> frozenset[str]:
    """Names of the tokens in our own file."""
    return frozenset(_read(own_file())) if own_file().is_file() else frozenset()


def keep(name: str, value: str) -> None:
    """Write a token into our own file, which nobody else may read; '' takes it out. Raises OSError."""
    path, value = own_file(), " ".join(value.split())
    values = _read(path) if path.is_file() else {}
    values = {known: text for known, text in {**values, name: value}.items() if text}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as out:
            out.writelines(f"{known}={text}\n" for known, text in values.items())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _several(value: str) -> list[str]:
    return value.replace(",", " ").split()


def _shown(path: Path) -> str:
    """A file's place without the person's name."""
    return f"~/{path.relative_to(Path.home()).as_posix()}" if path.is_relative_to(Path.home()) else str(path)


def _is_open(path: Path) -> bool:
    """Whether others may read a file. On Windows the person's own folder is closed to them."""
    return os.name != "nt" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def redact(text: str) -> str:
    """`text` without the value of any token that this process can find."""
    return find().redact(text)


def _read(path: Path) -> dict[str, str]:
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        if equals and value and name.strip() in names():
            found[name.strip()] = value
    return found
