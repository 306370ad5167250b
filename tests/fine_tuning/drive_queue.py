# SPDX-License-Identifier: GPL-3.0-or-later
"""Program of tests: goes through the queue of a data folder with the trainer that only speaks, until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fine_tuning.conftest import TRAINER
from tests.fine_tuning.told import Told
from voxel_trainer_addon.fine_tuning import training_orchestrator
from voxel_trainer_addon.providers.local import child, environment
from voxel_trainer_addon.stage import Options

child.PROGRAM = TRAINER
environment.checked = lambda named: Path(sys.executable)  # type: ignore[assignment]
training_orchestrator.run(Told(Path(sys.argv[1]), Options(queued=True, train_env="here")))
