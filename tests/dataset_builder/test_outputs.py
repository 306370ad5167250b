# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves with the rows, read by the libraries that others would read it with."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import cffconvert
import datasets
import jsonschema
import mlcroissant
import pyarrow.parquet as parquet_of
import pytest

from tests.dataset_builder.small_dataset import KINDS, rows, write
from voxel_trainer_addon.dataset_builder import parquet
from voxel_trainer_addon.files import read_jsonl

pytestmark = pytest.mark.outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, rows())


def test_citation_passes_the_schema_of_the_format(folder: Path) -> None:
    cffconvert.Citation((folder / "CITATION.cff").read_text()).validate()


@pytest.mark.filterwarnings("default")
def test_the_library_datasets_loads_the_folder_by_its_card(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for config, sizes in (("default", {"train": 12, "validation": 2, "test": 3}), ("copyleft", {"train": 2})):
        loaded = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path / "cache"))
        assert {split: held.num_rows for split, held in loaded.items()} == sizes
    first = json.loads((folder / "train.copyleft.jsonl").read_text().splitlines()[0])
    assert bare(loaded["train"][0]) == bare(first)
    assert "Ignoring" not in caplog.text


@pytest.mark.filterwarnings("default")  # of libraries that it stands on
def test_mlcroissant_validates_and_reads_the_metadata(folder: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors, issues.report()
    held = list(dataset.records(record_set="train"))
    assert [read["train/id"].decode() for read in held] == [each["id"] for each in ids(folder)]
    assert {read["train/proof/name"].decode() for read in held} == {"same graph", "compiles, names exist"}


@pytest.mark.filterwarnings("default")
def test_rows_for_openai_are_chats_by_its_published_description(folder: Path, shared: Path) -> None:
    described = json.loads((shared / "peers" / "openapi" / "openai.json").read_text(encoding="utf-8"))
    message = {"$ref": "#/components/schemas/ChatCompletionRequestMessage"}
    is_message = jsonschema.Draft7Validator(message, resolver=jsonschema.RefResolver("", described)).is_valid
    chats = [line["messages"] for line in read_jsonl(folder / "openai" / "train.jsonl")]
    for pair in read_jsonl(folder / "openai" / "train.preference.jsonl"):
        chats += [pair["input"]["messages"], pair["preferred_output"], pair["non_preferred_output"]]
    assert len(chats) > len(KINDS) and all(map(is_message, chain.from_iterable(chats)))
    assert not any(
        map(is_message, ({"role": "poet", "content": "a"}, {"role": "user"}, {"role": "user", "content": 3}))
    )


def test_parquet_holds_the_rows(folder: Path) -> None:
    held = parquet_of.read_table(folder / "parquet" / "train.parquet").to_pylist()
    expected = ids(folder)
    assert [bare(each) for each in held] == [bare(each) for each in expected]
    before = (folder / "parquet" / "train.parquet").read_bytes()
    assert parquet.write_parquet(folder) == "" and (folder / "parquet" / "train.parquet").read_bytes() == before


def ids(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def bare(value: Any) -> Any:
    """A value without what is not there."""
    if isinstance(value, dict):
        return {key: bare(inner) for key, inner in value.items() if inner is not None}
    return [bare(inner) for inner in value] if isinstance(value, list) else value
