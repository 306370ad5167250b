# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in use, gathered: everything that was kept counts once, and no prompt is in it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks import in_use as simulated
from tests.prometheus_text import parsed
from voxel_trainer_addon.deployment import duels, in_use, requests
from voxel_trainer_addon.deployment.duels import Duel
from voxel_trainer_addon.deployment.requests import Request
from voxel_trainer_addon.paths import DataFolder

pytestmark = pytest.mark.plain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    made = DataFolder(tmp_path_factory.mktemp("data"))
    simulated.lay(made, 360, random.Random(3))
    return made


def test_all_that_is_known_is_json_and_adds_up(folder: DataFolder) -> None:
    told = json.loads(json.dumps(in_use.told(folder)))
    assert told["requests"] == 360 == sum(row["requests"] for row in told["models"])
    for row in told["models"]:
        parts = [part for part in told["by_blender"] if part["model"] == row["model"]]
        assert len(parts) == 2 and sum(part["runs"] for part in parts) == row["runs"]
    assert (told["live"], told["canary"]["model"]) == ("voxel/v3", "voxel/v4")
    (verdict,) = told["duels"]
    assert list(verdict["wins"]) == ["voxel/v4", "voxel/v3"]
    assert sum(verdict["wins"].values()) + verdict["alike"] + verdict["both_bad"] == 24
    assert told["decision"]["requests"] > 10 and [move["done"] for move in told["moves"]][-1] == "made canary"
    assert told["first_at"] < told["last_at"]


def test_an_empty_folder_is_told_and_left_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    told = in_use.told(folder)
    assert (told["requests"], told["models"], told["alarms"], told["decision"]) == (0, [], [], None)
    assert parsed(in_use.metrics(folder)) == {} and not list(tmp_path.iterdir())


def test_a_point_is_fifty_requests_of_one_model() -> None:
    asked = [Request(str(n), "a" if n % 2 else "b", "5.2.3", runs=n % 4 == 1) for n in range(210)]
    assert requests.run_rates(asked) == {"a": [(100, 0.5), (200, 0.5)], "b": [(99, 0.0), (199, 0.0)]}


def test_how_answers_ran_of_late_is_a_line() -> None:
    asked = [Request(str(n), "a", "5.2.3", runs=n >= 50 and n % 50 < 30) for n in range(120)]
    asked.append(Request("new", "b", "5.2.3", runs=True))
    assert requests.lately(asked) == {"a": "▁▅ 30 of the last 50 answers ran", "b": "1 of 1 answer ran"}


def test_every_pair_that_fought_is_judged_the_live_model_last() -> None:
    fought = [Duel("1", "z", "a", "A"), Duel("2", "a", "z", "A"), Duel("3", "m", "z", "B"), Duel("4", "b", "m", "A")]
    found = duels.all_pairs([*fought, Duel("5", "a", "a", "A")], live="m")
    assert [list(verdict.wins.items()) for verdict in found] == [
        [("b", 1), ("m", 0)],
        [("z", 1), ("m", 0)],
        [("a", 1), ("z", 1)],
    ]


def test_prometheus_reads_the_same(folder: DataFolder) -> None:
    found, rows = parsed(in_use.metrics(folder)), in_use.told(folder)["by_blender"]
    for row in rows:
        own = {f'model="{row["model"]}"', f'blender="{row["blender"]}"'}
        assert found["voxel_requests_total"][frozenset(own)] == row["requests"]
        assert found["voxel_answers_total"][frozenset({*own, 'outcome="runs"'})] == row["runs"]
    assert sum(found["gen_ai_client_operation_duration_seconds_count"].values()) == 360
    tokens = found["gen_ai_client_token_usage_sum"]
    output = sum(value for labels, value in tokens.items() if 'gen_ai_token_type="output"' in labels)
    assert output == sum(row["tokens"] for row in rows)
