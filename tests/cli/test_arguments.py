# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line and the TOML file say the same things."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel_trainer_addon.cli.arguments import options_of, parsed
from voxel_trainer_addon.stage import STAGES, Options

pytestmark = pytest.mark.plain


def test_defaults_are_those_of_the_options() -> None:
    assert options_of(parsed(["run"])) == Options()
    assert parsed(["run"]).stages == STAGES


def test_command_line_wins_over_toml(tmp_path: Path) -> None:
    config = tmp_path / "voxel.toml"
    config.write_text(
        'source = ["bundled:", "folder:/rocks"]\nworkers = 3\nblend1 = true\n'
        '[run]\ntrain-time = "2m"\nseed = 7\n[parse]\nworkers = 9\n'
    )
    found = options_of(parsed(["run", "--config", str(config), "--workers", "1"]))
    assert found == Options(source=("bundled:", "folder:/rocks"), workers=1, blend1=True, train_s=120.0, seed=7)


@pytest.mark.parametrize("words", [["run", "--stages", "parse,bake"], ["run", "--train-time", "soon"], ["nonsense"]])
def test_wrong_usage_exits_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words)
    assert ended.value.code == 2


def test_stages_keep_their_order() -> None:
    assert parsed(["run", "--stages", "parse,harvest"]).stages == ("harvest", "parse")


def test_dataset_builds_unless_it_is_asked_of_one_that_is_there(tmp_path: Path) -> None:
    config = tmp_path / "voxel.toml"
    config.write_text("[dataset]\npieces = 3\njson = true\n")
    found = parsed(["dataset", "--config", str(config)])
    assert found.action is None and found.preview is None and options_of(found).pieces == 3
    found = parsed(["dataset", "--config", str(config), "verify", "made"])
    assert (found.action, found.folder, found.json) == ("verify", Path("made"), True)
    assert parsed(["dataset", "diff", "old", "new"]).json is False


@pytest.mark.parametrize("words", [["verify"], ["diff", "old"], ["--preview"], ["nonsense"]])
def test_what_is_asked_of_datasets_must_be_whole(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(["dataset", *words])
    assert ended.value.code == 2
