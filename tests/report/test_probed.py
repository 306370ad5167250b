# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes are told as they are: shares with intervals, what was forgotten, and each probe with its answers."""

from __future__ import annotations

import pytest

from tests.report import evaluated
from tests.report.elements import Elements
from voxel_trainer_addon.report import probed

pytestmark = pytest.mark.plain


def test_figures_of_base_and_tuned_model_stand_side_by_side() -> None:
    shown = probed.probes(evaluated.evaluation(probes=evaluated.probes()), evaluated.probe_lines())
    text = Elements(shown).text
    assert Elements(shown).open == [] and evaluated.EVIL in text
    for words in ("gives the trained answer back", "30 to 70 %", "a number in 1, an option in 0 and a node in 1"):
        assert words in text
    assert "few-shot" not in text and "nearest training answer" not in text
    assert "Left out, for they are too long for one of the models: 1." in text


def test_each_probe_opens_with_what_was_asked_and_said() -> None:
    text = Elements(probed.probes(evaluated.evaluation(probes=evaluated.probes()), evaluated.probe_lines())).text
    for words in ("Asked for now: Noise Texture: Scale 4", "trained = 2", "wanted = 4", "said = 2", "I cannot."):
        assert words in text
    for words in ("✗ tuned model gives the trained answer back", "✗ tuned model runs", "Not as asked: scene.objects."):
        assert words in text
    assert "base model: too long" in text and "tuned model 0.93" in text


def test_without_probes_it_says_how_to_have_them() -> None:
    assert "evaluate --probes" in probed.probes(evaluated.evaluation(), [])
    none = evaluated.probes()
    for part in (none["memorisation"], *none["forgetting"].values()):
        part |= {"prompts": 0, "values": {}}
    assert Elements(probed.probes(evaluated.evaluation(probes=none), [])).open == []
