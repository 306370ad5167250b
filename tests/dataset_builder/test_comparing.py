# SPDX-License-Identifier: GPL-3.0-or-later
"""`dataset diff`: rows that came, went, changed and moved, licences and settings that differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dataset_builder.small_dataset import changed, made, row, rows, source, write
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.dataset_builder.comparing import Change, compared
from voxel_trainer_addon.errors import UserError

pytestmark = pytest.mark.plain


def changes(old: Path, new: Path) -> list[Change]:
    with compared(old, new) as both:
        return list(both.changes())


def test_equal_datasets_do_not_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = write(tmp_path / "old", rows()), write(tmp_path / "new", rows())
    with compared(old, new) as both:
        assert (list(both.changes()), both.facts(), both.by_kind()) == ([], {}, {})
    assert main(["dataset", "diff", str(old), str(new)], lambda: None, Path()) == 0
    assert capsys.readouterr().out == "The datasets hold the same.\n"


def test_rows_that_came_went_changed_and_moved(tmp_path: Path) -> None:
    before, after = rows(), rows()
    gone = after["train.jsonl"].pop(0)
    after["train.jsonl"].append(row(77))
    changed(after, "val.jsonl", 0, lambda row: row.update(prompt="In other words."))
    reworded = after["val.jsonl"][0]
    to_test, to_train, to_val = after["train.jsonl"].pop(0), after["test.jsonl"].pop(0), after["train.jsonl"].pop(0)
    after["test.jsonl"].append(to_test)
    after["train.jsonl"].append(made({**to_train, "prompt": "Moved, in other words."}))
    after["val.jsonl"].append(to_val)
    found = changes(write(tmp_path / "old", before), write(tmp_path / "new", after))
    told = [(change.what, change.split, change.old) for change in found]
    assert told == [
        ("moved", "train", "test"),
        ("moved", "test", "train"),
        ("moved", "val", "train"),
        *sorted([("changed", "val", before["val.jsonl"][0]["id"]), ("changed", "train", to_train["id"])],
                key=lambda entry: ({"val": reworded["kind"], "train": to_train["kind"]}[entry[1]],)),
        ("added", "train", ""),
        ("removed", "train", ""),
    ]  # fmt: skip
    assert (found[-2].id, found[-1].id) == (row(77)["id"], gone["id"])


def test_several_rows_of_one_answer_pair_one_by_one(tmp_path: Path) -> None:
    before, after = rows(), rows()
    answer = before["train.jsonl"][0]
    before["train.jsonl"].append(made({**answer, "prompt": "Short."}))
    after["train.jsonl"] += [made({**answer, "prompt": f"Other {n}."}) for n in range(2)]
    found = changes(write(tmp_path / "old", before), write(tmp_path / "new", after))
    assert [change.what for change in found] == ["changed", "added"]


def test_licences_and_settings_that_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = changed(rows(), "train.jsonl", 0, lambda row: row.update(sources=[source(0, "MIT")]))
    old, new = write(tmp_path / "old", rows()), write(tmp_path / "new", after, {"seed": 3, "pieces": 2})
    with compared(old, new) as both:
        assert both.facts() == {
            "licences": {"CC0-1.0": (17, 16), "MIT": (None, 1)},
            "settings": {"pieces": (None, 2), "seed": (0, 3)},
        }
    assert main(["dataset", "diff", str(old), str(new)], lambda: None, Path()) == 0
    assert "settings: seed: 0 → 3\n" in capsys.readouterr().out


def test_the_command_names_what_went_from_test_to_train_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = rows()
    after["train.jsonl"].append(after["test.jsonl"].pop(0))
    after["train.jsonl"] += [row(n) for n in range(100, 130)]
    old, new = write(tmp_path / "old", rows()), write(tmp_path / "new", after)
    assert main(["dataset", "diff", str(old), str(new)], lambda: None, Path()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "moved from test to train (test.jsonl:" in lines[0] and "+ … 20 more added" in lines
    assert main(["dataset", "diff", str(old), str(new), "--json"], lambda: None, Path()) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told[0]["what"], told[0]["old"], told[0]["split"]) == ("moved", "test", "train") and len(told) == 32
    assert told[-1]["rows"]["moved"] and sum(told[-1]["rows"]["added"].values()) == 30


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    old = write(tmp_path / "old", rows())
    with pytest.raises(UserError, match="is no dataset"), compared(old, tmp_path):
        raise AssertionError
    assert main(["dataset", "diff", str(old), str(tmp_path)], lambda: None, Path()) == 2
