# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chosen folder holds: told soon, in small steps, and as a harvest would find it."""

from __future__ import annotations

import importlib.util
import json
import os
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from voxel_trainer_addon.runs import Holding, holding

pytestmark = pytest.mark.plain
HAS_ZSTD = any(importlib.util.find_spec(name) for name in ("zstandard", "compression"))


def looked_into(folder: Path) -> Holding:
    made = Holding()
    made.choose(str(folder))
    while not made.step():
        assert made.busy
    return made


def test_the_corpus_in_short_steps(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, holding.SLICE_S / 2)
    monkeypatch.setattr(holding, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(holding, "MOST_S", 1e9)
    made, steps = Holding(), 0
    made.choose(str(corpus))
    while made.busy:
        made.step()
        steps += 1
    assert steps > 50, "a few files a step, as each takes half a slice by this clock"
    files = json.loads((corpus / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    files = [file for file in files if file["path"].endswith(".blend")]
    known = [file["header_version"] for file in files if file["compression"] != "zstd" or HAS_ZSTD]
    versions = {tuple(map(int, version.split("."))) for version in known if version}
    assert (made.files, made.bytes) == (len(files), sum(file["size"] for file in files))
    assert made.versions == versions and made.words.startswith("150 .blend files, 43.7 MB, saved by Blender 2.")


def test_what_a_harvest_leaves_out_is_not_counted_and_a_pipe_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.BLEND").write_bytes(b"BLENDER-v402" + bytes(8))
    (tmp_path / "b.blend1").write_bytes(b"BLENDER-v300")
    (tmp_path / "c.blend").symlink_to(tmp_path / "deep" / "er" / "a.BLEND")
    (tmp_path / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "d.blend")
    assert looked_into(tmp_path).words == "1 .blend file, 20 B, saved by Blender 4.2"


def test_it_says_so_where_there_is_nothing(tmp_path: Path) -> None:
    assert looked_into(tmp_path).words == "0 .blend files"
    assert looked_into(tmp_path / "none").words == "There is no such folder"
    assert Holding().words == "" and not Holding().busy and not Holding().step()


def test_it_ends_when_its_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"{number}.blend").write_bytes(b"no .blend")
    made = Holding()
    made.choose(str(tmp_path))
    assert not made.step(0) and made.words == "1 .blend file so far, 9 B"
    monkeypatch.setattr(holding, "MOST_S", 0.0)
    made.choose(str(tmp_path))
    assert made.step(0) and not made.busy and made.words == "1 .blend file or more, 9 B"
