# SPDX-License-Identifier: GPL-3.0-or-later
"""What the terminal tells, as it can be typed again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from voxel_trainer_addon import checkpoints
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.cli.terminal import Terminal
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


def test_the_next_step_names_the_folder_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed, out = Path("archive/my data"), io.StringIO()
    folder = DataFolder((tmp_path / typed).resolve())
    with Catalog(folder.catalog) as catalog:
        following = checkpoints.next_steps(folder, catalog)
    assert str(tmp_path) not in " ".join(following)
    Terminal(out, typed)({"kind": "ended", "words": "Done.", "report": "", "next": following})
    assert "run --source bundled: --data 'archive/my data'\n" in out.getvalue()
