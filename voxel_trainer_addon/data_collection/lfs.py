# SPDX-License-Identifier: GPL-3.0-or-later
"""Git LFS: pointers are recognised before and after a download; their contents are fetched by choice alone, because the
owner pays for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

POINTER_MOST = 200
"""A pointer has some 130 bytes; no .blend file is so small."""
POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n"
)


def patterns(attributes: str) -> Callable[[str], bool]:
    """Whether a path is kept in Git LFS, by the text of a `.gitattributes` in the root; a later line wins."""
    rules = []
    for line in attributes.splitlines():
        pattern, *words = line.split() or [""]
        if pattern and not pattern.startswith(("#", "[")) and any("filter" in word for word in words):
            rules.append((pattern.lstrip("/"), "/" in pattern.rstrip("/"), "filter=lfs" in words))

    def matches(path: str) -> bool:
        name, kept = path.rpartition("/")[2], False
        for pattern, whole, lfs in rules:
            if fnmatchcase(path if whole else name, pattern.replace("**/", "*")):
                kept = lfs
        return kept

    return matches


def pointed(content: bytes) -> tuple[str, int] | None:
    """SHA-256 and bytes of what a pointer stands for, None for any other content."""
    found = POINTER.match(content)
    return (found[1].decode(), int(found[2])) if found else None
