# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths a person chose by patterns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def chosen(path: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a path inside a source is like one of `include`, where there are any, and like none of `exclude`."""
    wanted = not include or any(fnmatchcase(path, pattern) for pattern in include)
    return wanted and not any(fnmatchcase(path, pattern) for pattern in exclude)
