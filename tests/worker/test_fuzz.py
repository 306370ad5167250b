# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutated files through the whole stage: a few of each kind; `benchmarks/fuzz.py` has no end of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bpy

from benchmarks import fuzz  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host  # noqa: E402


def test_no_mutant_is_lost_or_mixed_up(tmp_path: Path, corpus: Path) -> None:
    import bpy

    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    held = fuzz.sources(corpus / "armory3d__armory_examples", host.version)
    batch = fuzz.fuzz(held, host, fuzz.Batch(host.name, 1, 0, 2 * len(fuzz.KINDS)), 2, tmp_path / "fuzz")
    assert len(held) > 20 and not (batch.lost or batch.wrong or batch.late or batch.dead or batch.faults)
    told = sum(sum(outcomes.values()) for outcomes in batch.outcomes.values())
    assert told + batch.same == batch.count
    assert {"read", "inconsistent", "truncated"} <= {code for outcomes in batch.outcomes.values() for code in outcomes}


def test_a_mutant_depends_on_its_number_alone(corpus: Path) -> None:
    held = fuzz.sources(corpus / "Hubs-Foundation__hubs-blender-exporter", (5, 2, 3))
    assert fuzz.mutant(held, 1, 7) == fuzz.mutant(held, 1, 7) != fuzz.mutant(held, 2, 7)
