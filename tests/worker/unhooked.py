# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's program with allow-list and audit hook let down: what holds then is the system's lock, and the pool."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import unguarded

if __name__ == "__main__":
    sys.path.pop(0)
    unguarded.main(hooked=False)
