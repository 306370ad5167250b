# SPDX-License-Identifier: GPL-3.0-or-later
"""`dataset --preview N`: which rows are shown, and how they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dataset_builder.small_dataset import KINDS, changed, row, rows, write
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.dataset_builder.preview import CODE_LINES, chosen, lines

pytestmark = pytest.mark.plain


def ids(folder: Path, count: int, seed: int = 0) -> list[str]:
    return [row["id"] for _, row in chosen(folder, count, seed)]


def test_one_of_each_kind_in_turn_whatever_the_order(tmp_path: Path) -> None:
    one, files = write(tmp_path / "one", rows()), rows()
    files["train.jsonl"], files["val.jsonl"] = files["train.jsonl"][:6], files["val.jsonl"] + files["train.jsonl"][6:]
    other = write(tmp_path / "other", files)
    found = chosen(one, 8)
    assert [row["kind"] for _, row in found[:6]] == list(KINDS) and len({row["id"] for _, row in found}) == 8
    assert ids(one, 8) == ids(other, 8) and ids(one, 8) != ids(one, 8, seed=1)
    assert ids(one, 99) == ids(one, 20) and len(ids(one, 99)) == 20 and ids(one, 0) == []


def test_prompts_are_wrapped_and_code_is_indented() -> None:
    files = changed({"f": [row(0)]}, "f", 0, lambda row: row.update(prompt="noise " * 30 + "\n\n    given = 1"))
    held = files["f"][0]
    told = list(lines("train", held, 60))
    assert told[0] == "tree · material · train · Blender 5.2.3 · 8 nodes · same graph"[:59] + "…"
    assert all(len(line) <= 60 for line in told if not line.startswith("    "))
    assert "    import bpy" in told and "  from github:materials o/r/0.blend (CC0-1.0)" in told
    assert any(line.endswith("given = 1") for line in told)


def test_long_answers_are_cut_and_worse_ones_shown() -> None:
    held = row(5)
    held["completion"] = "\n".join(f"x = {n}" for n in range(CODE_LINES + 3))
    told = list(lines("test", held, 80))
    assert "    … 3 more lines" in told and "  rejected: It makes nothing." in told


def test_no_escape_code_reaches_the_terminal() -> None:
    held = row(0) | {"prompt": "a\x1b[2Jb", "completion": "x = '\x1b]0;t\x07'\n", "task": "\u202e"}
    assert not any(ord(c) < 32 or c == "\u202e" for line in lines("train", held, 80) for c in line)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "datasets" / "small", rows())
    words = ["dataset", "--data", str(tmp_path), "--name", "small", "--preview"]
    assert main([*words, "2"], lambda: None, Path()) == 0
    assert capsys.readouterr().out.count("─" * 40) >= 2
    words[4] = "other"
    assert main([*words, "2"], lambda: None, Path()) == 2
    assert "The stage `dataset` makes one." in capsys.readouterr().err
