# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures come back as they were written; anything else is told apart."""

from __future__ import annotations

import pytest

from voxel_trainer_addon.worker.png import pixels, png

pytestmark = pytest.mark.plain
DATA = bytes(range(48))


def test_pixels_come_back() -> None:
    assert pixels(png(4, 3, DATA)) == (4, 3, DATA)


@pytest.mark.parametrize("broken", [b"", png(4, 3, DATA)[:40], b"\x89PNG" + bytes(60), png(4, 3, DATA[:-16])])
def test_what_is_no_picture_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):
        pixels(broken)
