# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate reads what stage evaluate writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Desk, Provider, prose
from voxel_trainer_addon import prompts
from voxel_trainer_addon.deployment import gate, promotion, registry
from voxel_trainer_addon.deployment.promotion import Refused
from voxel_trainer_addon.evaluation import benchmark

pytestmark = pytest.mark.plain


def test_a_model_that_evaluate_shows_to_run_less_often_than_the_live_one_is_refused(tmp_path: Path) -> None:
    desk = stand_ins.desk(tmp_path)
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), stand_ins.rows(16))
    for version in ("v1", "v2"):
        job = {"dataset": "voxel", "model": "Tiny", "method": "full", "base": str(tmp_path / "base")}
        base = stand_ins.lay_model(desk.folder, "voxel", version, **job)
        (desk.folder.model("voxel", version) / "model" / "model.safetensors").write_bytes(version.encode())

    def evaluate(desk: Desk, provider: Provider, model: str, *against: str) -> None:
        desk.options = replace(desk.options, evaluated=model, against=against)
        benchmark.evaluate(desk, provider)

    evaluate(desk, Provider(base, prose, prompts.answer), "voxel/v1", "base")
    assert promotion.promote(desk.folder, "voxel/v1").forced == ()
    assert registry.named(desk.folder, "voxel/v1").honest == "runs in 100% of 16 held-out prompts"

    evaluate(desk, Provider(base, prose, prose), "voxel/v2", "base", "voxel/v1")
    model, live = (registry.named(desk.folder, f"voxel/{version}") for version in ("v2", "v1"))
    assert gate.compared(model, live) and gate.check(desk.folder, model, None) == []
    with pytest.raises(Refused, match=r"voxel/v2 runs less often than voxel/v1, which is live\. Worse than"):
        promotion.promote(desk.folder, "voxel/v2")
    desk.catalog.close()
