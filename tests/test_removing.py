# SPDX-License-Identifier: GPL-3.0-or-later
"""The removal list: what it covers, and that nothing of it is left in a data folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.errors import Exit, UserError
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.pipeline.run import Run
from voxel_trainer_addon.removal import RemovalList
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.record import SCHEMA


@pytest.fixture
def listed(tmp_path: Path) -> RemovalList:
    path = tmp_path / "removal_list.txt"
    path.write_text("# asked for\nrepository https://github.com/Jane/Rocks.git  # by mail\n\nauthor Joe\nsha256 ab\n")
    return RemovalList.read(path)


@pytest.mark.parametrize(
    ("sha256", "provenance"),
    [
        ("ab", {}),
        ("cd", {"repository": "http://www.github.com/jane/rocks/"}),
        ("cd", {"author": "joe"}),
    ],
)
def test_one_spelling_for_all(listed: RemovalList, sha256: str, provenance: dict[str, str]) -> None:
    assert listed.covers(sha256, provenance)
    assert not listed.covers("cd", {"repository": "https://github.com/jane/rocks2", "author": "joey", "address": ""})


def test_a_line_that_names_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("author joe\nrepo x\n")
    with pytest.raises(UserError, match=r"list.txt, line 2"):
        RemovalList.read(tmp_path / "list.txt")


def _record(*kept: str) -> dict[str, object]:
    return {"schema": SCHEMA, "file": {}, "images": [], "assets": [], "texts": [{"kept": name} for name in kept]}


def test_nothing_of_it_is_left(tmp_path: Path) -> None:
    rocks, data = tmp_path / "rocks", DataFolder(tmp_path / "data")
    rocks.mkdir()
    (rocks / "a.blend").write_bytes(b"kept")
    (rocks / "b.blend").write_bytes(b"gone")
    write_json(tmp_path / "licences.json", {"files": [{"path": "b.blend", "licence": "MIT", "author": "Joe"}]})
    options = Options(source=(f"folder:{rocks}",), licences=str(tmp_path / "licences.json"))
    assert Run(data, options, None, ("harvest",)).go() == Exit.DONE
    sha256 = hashlib.sha256(b"gone").hexdigest()
    with Catalog(data.catalog) as catalog:
        source = next(origin.source for origin in catalog.origins())
        catalog.add_record(sha256, "5.2.3", 1, "read", f"parsed_data/{sha256}.json", {})
        row = {"id": "1", "sources": [{"origin": source, "path": "b.blend"}]}
        catalog.set_examples("voxel", [("train", row)])
    write_json(data.record(sha256), _record("texts/1.txt", "texts/2.txt"))
    write_json(data.record("0" * 64), _record("texts/2.txt"))
    (data.parsed / "texts").mkdir()
    for number in (1, 2):
        (data.parsed / "texts" / f"{number}.txt").write_text("made by Joe")
    write_jsonl(data.dataset("voxel") / "train.jsonl", [row])
    (data.dataset("voxel") / "openai").mkdir()
    write_jsonl(data.dataset("voxel") / "openai" / "train.jsonl", [row])

    answers = [
        {"asked": "1", "text": "Joe's rock", "files": [sha256]},
        {"asked": "2", "text": "b", "files": ["0" * 64]},
    ]
    said_by_models = (data.authored / "0.jsonl", data.judged("voxel") / "0.jsonl")
    for path in said_by_models:
        write_jsonl(path, answers)

    data.removal_list.write_text("author joe\n")
    again = Run(data, options, None, ("harvest",))
    assert again.go() == Exit.DONE
    with Catalog(data.catalog) as catalog:
        assert [origin.path for origin in catalog.origins()] == ["a.blend"]
        for path in said_by_models:
            assert [json.loads(line)["asked"] for line in path.read_text().splitlines()] == ["2"]
        assert not catalog.records() and not list(catalog.examples("voxel"))
    assert not data.record(sha256).exists()
    assert [path.name for path in (data.parsed / "texts").iterdir()] == ["2.txt"], "another file has the same text"
    assert not list(data.dataset("voxel").rglob("*.jsonl"))
    notes = [json.loads(line).get("words", "") for line in (again.place / "events.jsonl").read_text().splitlines()]
    assert any("The dataset voxel named some" in str(words) for words in notes)
    assert sha256 not in data.metadata.read_text()
