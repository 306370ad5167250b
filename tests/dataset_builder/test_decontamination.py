# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that benchmarks hold are known by their hashes, however the list spells a text."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from voxel_trainer_addon.dataset_builder.decontamination import Benchmarks, normal
from voxel_trainer_addon.errors import UserError

pytestmark = pytest.mark.plain

PROMPT = "Design a  red\ncube."


def listed(tmp_path: Path, *texts: str) -> Benchmarks:
    path = tmp_path / "hashes.tsv"
    path.write_text("# a list\n\n" + "".join(f"some bench\t{sha256(t.encode()).hexdigest().upper()}\n" for t in texts))
    return Benchmarks.read(path)


@pytest.mark.parametrize(
    "spelled",
    [
        PROMPT,
        "Design a red cube.",
        "design a red cube.",
        "design a red cube",
        "design a  red\ncube.",
    ],
)
def test_a_prompt_is_known_in_every_spelling(tmp_path: Path, spelled: str) -> None:
    benchmarks = listed(tmp_path, spelled)
    assert benchmarks.of({"prompt": f" {PROMPT}\n" if spelled != PROMPT else PROMPT, "completion": "x"}) == "some bench"
    assert benchmarks.of({"prompt": "Design a blue cube.", "completion": "x"}) == ""
    assert benchmarks.of({"prompt": "x", "completion": spelled}) == "some bench"


def test_normal_spelling() -> None:
    assert normal(" Ｍake  THE\nﬁre . ") == "make the fire"


def test_the_list_that_is_shared_is_read(shared: Path) -> None:
    benchmarks = Benchmarks.read(shared / "decontamination_hashes.tsv")
    assert len(benchmarks.names) > 700 and set(benchmarks.names.values()) >= {"cadbench", "private"}


def test_lists_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be read"):
        Benchmarks.read(tmp_path / "none.tsv")
    (tmp_path / "bad.tsv").write_text("bench\tabc\n")
    with pytest.raises(UserError, match=r"bad\.tsv:1 is no name"):
        Benchmarks.read(tmp_path / "bad.tsv")
