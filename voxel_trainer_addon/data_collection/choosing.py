# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a source are ours to take: by their names, and by the patterns that a person gave."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..stage import Options

CODE_MOST = 384_000
"""Larger Python files are data, not scripts: GitHub's own code search leaves them out too."""


def chosen(path: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a path inside a source is like one of `include`, where there are any, and like none of `exclude`."""
    wanted = not include or any(fnmatchcase(path, pattern) for pattern in include)
    return wanted and not any(fnmatchcase(path, pattern) for pattern in exclude)


def kind_of(path: str, options: Options, bytes_: int = -1) -> str:
    """`blend` or `code` for a file of a repository that may be wanted, '' for any other."""
    if path.lower().endswith(".blend"):
        kind = "blend"
    elif options.code and path.endswith(".py") and bytes_ != 0 and bytes_ <= CODE_MOST:
        kind = "code"
    else:
        return ""
    return kind if chosen(path, options.include, options.exclude) else ""
