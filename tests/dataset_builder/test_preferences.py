# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of a model's samples: what runs before what fails, alike in length, whatever the order of the samples."""

from __future__ import annotations

import random

import pytest

from voxel_trainer_addon.dataset_builder.preference_dataset import Preference, Sample, preferences

pytestmark = pytest.mark.plain

SAMPLES = [
    Sample("Make rust.", "long answer that runs\n" * 4, True, likeness=0.4),
    Sample("Make rust.", "short and right", True, likeness=0.9),
    Sample("Make rust.", "short and bad", False, "KeyError: 'Fac'"),
    Sample("Make rust.", "long answer that fails\n" * 4, False, "NameError: bpy"),
    Sample("Make rust.", "", False, "It runs, but makes no tree."),
    Sample("Make moss.", "runs", True),
    Sample("Make iron.", "fails", False, "SyntaxError"),
]


def test_the_best_runs_and_the_nearest_in_length_fails() -> None:
    assert list(preferences(SAMPLES)) == [
        Preference("Make rust.", "short and right", "short and bad", "KeyError: 'Fac'")
    ]


def test_no_sample_stands_in_two_pairs() -> None:
    pairs = list(preferences(SAMPLES, most=5))
    assert [(pair.chosen[:5], pair.rejected[:5]) for pair in pairs] == [("short", "short"), ("long ", "long ")]


def test_the_order_of_samples_plays_no_part() -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(SAMPLES, len(SAMPLES))
        assert list(preferences(shuffled, most=2)) == list(preferences(SAMPLES, most=2))


def test_equal_answers_count_once_and_blank_ones_not_at_all() -> None:
    twice = [*SAMPLES[:1], *SAMPLES[:1], SAMPLES[4]]
    assert list(preferences(twice)) == []
