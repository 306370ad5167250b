# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves with the rows: parts by licence, attribution, citation, card, Croissant, Parquet, hashes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.dataset_builder.small_dataset import changed, row, rows, source, write
from voxel_trainer_addon.dataset_builder import card, parquet
from voxel_trainer_addon.dataset_builder.attribution import entry, link_of, yaml
from voxel_trainer_addon.dataset_builder.form import FIELDS
from voxel_trainer_addon.dataset_builder.parts import part, row_files
from voxel_trainer_addon.files import read_json, sha256_of
from voxel_trainer_addon.licences.classes import class_of_sources

pytestmark = pytest.mark.plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, rows())


@pytest.mark.parametrize(
    ("licences", "cls", "into"),
    [
        (["MIT"], "permissive", ""),
        (["own"], "own", ""),
        (["GPL-3.0-only", "CC0-1.0"], "public-domain", ""),  # the same found twice: whoever uses it chooses
        (["GPL-3.0-only", "CC-BY-SA-4.0"], "share-alike", "share-alike"),
        (["GPL-2.0-or-later"], "copyleft", "copyleft"),
        (["", "CC-BY-NC-4.0"], "unknown", ""),
        ([], "unknown", ""),
    ],
)
def test_a_row_is_under_the_freest_of_its_sources(licences: list[str], cls: str, into: str) -> None:
    sources = [source(n, licence) for n, licence in enumerate(licences)]
    assert (class_of_sources(sources), part(sources)) == (cls, into)


def test_of_what_a_row_needs_the_strictest_counts() -> None:
    given = [source(1, "GPL-3.0-only", of="given"), source(2, "CC-BY-SA-4.0", of="given")]
    assert part([source(0, "CC0-1.0"), *given]) == "share-alike"
    assert class_of_sources([source(0, "CC0-1.0"), source(1, "", of="given")]) == "unknown"


def test_files_come_by_part_and_split(folder: Path) -> None:
    names = ["train.jsonl", "val.jsonl", "test.jsonl", "val.share-alike.jsonl", "train.copyleft.jsonl"]
    assert [file.name for file in row_files(folder)] == names


def test_every_source_is_named_once_with_what_is_known(tmp_path: Path) -> None:
    files = rows()
    known = {
        "author": "Ann <b>",
        "commit": "c0ffee",
        "repository": "https://github.com/o/r",
    }
    changed(files, "train.jsonl", 0, lambda row: row.update(sources=[source(0, **known), source(1, "MIT")]))
    changed(files, "test.jsonl", 0, lambda row: row.update(sources=[source(0, **known)]))
    text = (write(tmp_path, files) / "ATTRIBUTION.md").read_text()
    line = "- `o/r/0.blend`: CC0-1.0, by Ann <b>, <https://github.com/o/r/blob/c0ffee/0.blend>"
    entries = [line for line in text.splitlines() if line.startswith("- ")]
    assert entries.count(line) == 1 and entries == sorted(set(entries)) and len(entries) == 20
    assert text.count("## github:materials") == 1 and "What was changed" in text


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ({}, ""),
        ({"repository": "https://git.example.org/o/r", "commit": "c"}, "https://git.example.org/o/r"),
        ({"repository": "https://alice:word@git.example.org/o/r"}, ""),
        ({"repository": "javascript:alert(1)"}, ""),
        ({"repository": "https://git.example.org/a b>"}, "https://git.example.org/a%20b%3E"),
    ],
)
def test_links_lead_to_hosts_only(more: dict[str, str], link: str) -> None:
    assert link_of(source(1, **more)) == link


def test_names_of_strangers_stay_in_their_line() -> None:
    assert entry({"path": "a`\n## b\x1b[2J", "licence": "MIT"}) == "- `a' ## b [2J`: MIT"


def test_citation_is_yaml_with_what_the_format_wants(folder: Path) -> None:
    lines = (folder / "CITATION.cff").read_text().splitlines()
    assert lines[:2] == ['cff-version: "1.2.0"', 'type: "dataset"']
    assert {line.partition(":")[0] for line in lines} >= {"authors", "message", "title", "version"}
    assert f'version: "{read_json(folder / "dataset.json")["hash"]}"' in lines
    assert not any(line.startswith(("license", "date")) for line in lines)


def test_citation_names_the_licence_where_there_is_one(tmp_path: Path) -> None:
    assert 'license: "CC0-1.0"\n' in (write(tmp_path, {"train.jsonl": [row(1)]}) / "CITATION.cff").read_text()


def test_yaml_nests() -> None:
    value = {"a": ["x: y", 1], "b": [{"c": "d", "e": [{"f": True}]}, {"c": None}]}
    text = 'a:\n  - "x: y"\n  - 1\nb:\n  - c: "d"\n    e:\n      - f: true\n  - c: null\n'
    assert yaml(value) == text


def test_dataset_json_counts_parts_kinds_and_answers(folder: Path) -> None:
    known = read_json(folder / "dataset.json")
    assert known["rows"] == {"train": 14, "val": 3, "test": 3}
    assert known["parts"] == {
        "copyleft": {"train": 2, "val": 0, "test": 0},
        "open": {"train": 12, "val": 2, "test": 3},
        "share-alike": {"train": 0, "val": 1, "test": 0},
    }
    assert sum(known["answers_of_kind"].values()) == known["answers"] == known["source_files"] == 20
    assert known["kinds"]["preference"] == {"train": 3, "val": 0, "test": 0}
    assert known["proofs"] == {"compiles, names exist": 3, "same graph": 17}
    assert known["nodes"] == {"least": 8, "p10": 10, "median": 18, "p90": 25, "most": 27}
    assert known["files"]["train.jsonl"] == {
        "sha256": sha256_of(folder / "train.jsonl"),
        "bytes": (folder / "train.jsonl").stat().st_size,
        "rows": 12,
    }


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    one = write(tmp_path / "one", rows())
    other = rows()
    for held in other.values():
        held.reverse()
    write(tmp_path / "other", other)
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(
        path.relative_to(tmp_path / "other") for path in (tmp_path / "other").rglob("*") if path.is_file()
    )
    assert all((one / name).read_bytes() == (tmp_path / "other" / name).read_bytes() for name in names)


def test_the_card_says_what_hosts_and_people_want_to_know(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    head = text.split("---\n")[1]
    assert (
        'license:\n  - "cc-by-sa-4.0"\n  - "cc0-1.0"\n  - "gpl-3.0"\n' in head
        and '  - "n<1K"' in head
        and '- config_name: "copyleft"' in head
    )
    assert 'path: "val.share-alike.jsonl"' in head and "num_examples: 12" in head
    for words in ("How it was proven", "Limits", "| same graph | 17 |", "| all | 14 | 3 | 3 | 20 |", "dataset verify"):
        assert words in text
    assert all(f"| `{field.name}` |" in text for field in FIELDS)


def test_the_hub_has_names_for_common_licences() -> None:
    assert card.licence(["CC0-1.0", "MIT + GPL-3.0-or-later"]) == {"license": ["cc0-1.0", "gpl-3.0", "mit"]}
    assert card.licence(["CC0-1.0", "own"])["license"] == "other"


def test_croissant_names_version_files_and_fields(folder: Path) -> None:
    known = read_json(folder / "croissant.json")
    assert known["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    hashes = {file["@id"]: file["sha256"] for file in known["distribution"]}
    assert hashes == {file.name: sha256_of(file.path) for file in row_files(folder)}
    names = [field["name"] for field in known["recordSet"][0]["field"]]
    assert {"id", "prompt", "completion", "proof/graph", "nodes"} <= set(names) and len(names) == len(set(names))
    assert "https://spdx.org/licenses/GPL-3.0-or-later.html" in known["license"]
    assert not re.search(r"date", json.dumps(known["distribution"]))


def test_without_pyarrow_a_sentence_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "can_read", lambda: False)
    (folder / "parquet").mkdir(exist_ok=True)
    assert "pyarrow is not installed" in parquet.write_parquet(folder) and not (folder / "parquet").exists()
