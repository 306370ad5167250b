# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of stage evaluate begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluation import stand_ins


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[stand_ins.Desk]:
    """A desk on an empty data folder."""
    made = stand_ins.desk(tmp_path)
    yield made
    made.catalog.close()
