# SPDX-License-Identifier: GPL-3.0-or-later
"""What this thread has used of the processor: what else the machine does must not change a verdict."""

from __future__ import annotations

import math
import time

STEP_S = 0.1
"""How long the system is not asked again: on a busy machine that can cost more than the step that is timed."""

_asked_at, _used, _told = -math.inf, 0.0, 0.0


def used_s() -> float:
    """Seconds of the processor that this thread has used, at most `STEP_S` too many; it never goes back."""
    global _asked_at, _used, _told
    now = time.monotonic()
    if now - _asked_at > STEP_S:
        _asked_at, _used = now, time.thread_time()
    _told = max(_told, _used + now - _asked_at)
    return _told
