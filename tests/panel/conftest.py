# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_tools import archive


@pytest.fixture(scope="session")
def archived(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as a zip."""
    target = tmp_path_factory.mktemp("zip") / "voxel_trainer.zip"
    archive.write(root, target)
    return target
