# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of evaluations beside running one: `evaluate --plan`."""

from __future__ import annotations

import argparse
import json

from ..errors import Exit
from ..evaluation import choice
from ..paths import DataFolder
from ..stage import Options


def plan(found: argparse.Namespace, folder: DataFolder, options: Options) -> int:
    """What an evaluation would ask and what that can prove, with nothing loaded."""
    facts = choice.planned(folder, options)
    print(json.dumps(facts) if found.json else facts["words"])
    return Exit.DONE
