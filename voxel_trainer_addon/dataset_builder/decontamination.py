# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that a benchmark holds too, known by a list of hashes, so that nobody trains on what is tested."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import UserError

LINE = re.compile(r"([^\t]+)\t([0-9a-f]{64})", re.IGNORECASE)


def normal(text: str) -> str:
    """`text` in one spelling: compatibility forms, small letters, single blanks, no full stop at the end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" .")


def spellings(text: str) -> Iterator[str]:
    """The ways in which lists spell a text before they take its hash: as it is, without blanks around it, with single
    blanks, the same in small letters, as `normal` has it, and its words alone."""
    single = " ".join(text.split())
    yield from (text, text.strip(), single, text.strip().lower(), single.lower(), normal(text))
    yield " ".join(re.findall(r"[a-z0-9]+", single.lower()))


@dataclass(frozen=True)
class Benchmarks:
    """SHA-256 of texts of benchmarks → the benchmark's name."""

    names: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Benchmarks:
        """A file with a line for each text: name, tab, SHA-256. Raises UserError."""
        names: dict[str, str] = {}
        try:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.strip() and not line.startswith("#"):
                    found = LINE.fullmatch(line.strip())
                    if not found:
                        raise UserError(f"{path}:{number} is no name, tab and SHA-256.")
                    names[found[2].lower()] = found[1].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} could not be read: {error}") from error
        return cls(names)

    def of(self, row: Mapping[str, Any]) -> str:
        """The benchmark that holds the row's prompt or completion, '' where none does."""
        for text in (row["prompt"], row["completion"]):
            for spelling in dict.fromkeys(spellings(text)):
                hash = sha256(spelling.encode("utf-8", "surrogatepass")).hexdigest()
                if hash in self.names:
                    return self.names[hash]
        return ""
