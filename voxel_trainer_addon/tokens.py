# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: from the environment or a `.env` file, known by name, and never in anything that we write."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GITHUB_TOKEN",
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
        """`text` with every token's value replaced by its name."""
        for name, value in sorted(self.values.items(), key=lambda pair: -len(pair[1])):
            if len(value) >= SHORTEST:
                text = text.replace(value, f"[{name}]")
        return text


def find(named: Path | None = None) -> Tokens:
    """Tokens from the environment, and from the `.env` file named or lying in the current folder.

    The environment wins. Only the names in `NAMES` are read; other lines of the file are none of our business.
    """
    path = named or Path(".env")
    values, warnings = {}, []
    if path.is_file():
        values = _read(path)
        if values and os.name != "nt" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            warnings.append(f"{path.name} holds tokens and can be read by others: `chmod 600 {path.name}` closes it.")
    elif named:
        warnings.append(f"{path} is not there; tokens come from the environment only.")
    values |= {name: os.environ[name] for name in NAMES if os.environ.get(name)}
    return Tokens(values, tuple(warnings))


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
        if equals and value and name.strip() in NAMES:
            found[name.strip()] = value
    return found
