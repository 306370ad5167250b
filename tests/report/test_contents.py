# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says of a dataset is what its files hold, whatever stands in them, and however many there are."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_builder import small_dataset
from tests.dataset_builder.small_dataset import KINDS, changed
from tests.report.graphs import EVIL
from tests.report.sample import LONG
from tests.report.test_page import Elements
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.dataset_builder import dataset, quality, weighing
from voxel_trainer_addon.examples import SAMPLE, Sample
from voxel_trainer_addon.files import read_jsonl
from voxel_trainer_addon.licences.classes import OBLIGATIONS
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.report import browser, losses, page, plots, rows

pytestmark = pytest.mark.plain

Report = Callable[[small_dataset.Files], str]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """The report of a dataset with these rows."""

    def written(files: small_dataset.Files) -> str:
        folder = DataFolder(tmp_path)
        small_dataset.write(folder.dataset("small"), files)
        with Catalog(folder.catalog) as catalog:
            return page.write(folder, catalog, "small").read_text(encoding="utf-8")

    return written


class Table(HTMLParser):
    """The texts of the cells of all tables, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.cell = tag in ("td", "th") or (self.cell and tag != "tr")

    def handle_endtag(self, tag: str) -> None:
        self.cell = self.cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] += data

    def row(self, start: str) -> list[str]:
        return next(row for row in self.rows if row and row[0].startswith(start))


def test_the_numbers_are_those_of_the_files(report: Report) -> None:
    text = report(small_dataset.rows())
    table = Table(text)
    assert "20 examples" in Elements(text).text
    assert table.row("Whole trees")[2:] == ["4", "4"]
    assert table.row("Whole trees")[1] == "3 train, 1 val, 0 test"
    assert table.row("5.2.3")[1] == "14 train, 3 val, 3 test"
    assert table.row("o")[2] == "20"
    assert [row[:3] for row in table.rows if row and row[0] in ("groups", "answers", "requests")] == [
        [what, "20", "none on two sides"] for what in ("groups", "answers", "requests")
    ]


def test_licences_stand_with_what_they_oblige_to(report: Report) -> None:
    text = report(small_dataset.rows())
    gpl = Table(text).row("GPL-3.0-or-later")
    assert gpl[2] == "2" and OBLIGATIONS["source"] in gpl[1] and OBLIGATIONS["share-alike"] in gpl[1]
    assert OBLIGATIONS["source"] not in Table(text).row("CC-BY-SA-4.0")[1]
    assert "train.copyleft.jsonl" in Elements(text).text


def test_what_stands_on_two_sides_is_told(report: Report) -> None:
    files = small_dataset.rows()
    group, answer = files["train.jsonl"][0]["group"], files["train.jsonl"][1]["answer"]
    changed(files, "test.jsonl", 0, lambda row: row.update(group=group, answer=answer))
    table = Table(report(files))
    assert table.row("groups")[1:3] == ["19", "1 on two sides"]
    assert table.row("answers")[1:3] == ["19", "1 on two sides"]


def test_strangers_do_nothing_wherever_they_stand(report: Report) -> None:
    files = small_dataset.rows()

    def hostile(row: dict[str, Any]) -> None:
        row.update(kind=EVIL, task=EVIL + LONG, prompt=f"{EVIL}\n```python\n{EVIL}\n```", completion=EVIL, key=EVIL)
        row["proof"]["name"] = EVIL
        row["sources"][0].update(path=f"{EVIL}/{EVIL}", licence=EVIL, author=EVIL, origin=EVIL)

    for n in range(6):
        changed(files, "train.jsonl", n, hostile)
    text = report(files)
    found = Elements(text)
    assert found.open == [] and found.text.count(EVIL) > 20
    assert not {tag for tag, _, _ in found.attributes} & {"script", "img"}
    assert EVIL not in re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]
    assert all(re.fullmatch(r"[\w -]*", value) for _, name, value in found.attributes if name in ("class", "id"))


def test_every_kind_and_task_can_be_asked_for(report: Report) -> None:
    text = report(small_dataset.rows())
    found = Elements(text).attributes
    asked = {value for tag, name, value in found if (tag, name) == ("input", "id")} - {"all"}
    cards = [value.split() for tag, name, value in found if (tag, name) == ("article", "class") if "example" in value]
    assert len(cards) == 20 and len([id for id in asked if id.startswith("k")]) == len(KINDS)
    for id in asked:
        assert f".browser:has(#{id}:checked) .example:not(.{id})" in text
        assert any(id in card for card in cards)
    assert all(sum(name.startswith("k") for name in card) == 1 for card in cards)


def test_the_panel_gets_the_same_sample(report: Report, tmp_path: Path) -> None:
    report(small_dataset.rows())
    told = list(read_jsonl(DataFolder(tmp_path).dataset("small") / SAMPLE))
    assert len(told) == 20 and [line["kind"] for line in told[:6]] == list(KINDS)


def test_rows_of_an_older_form_are_counted_as_such(report: Report, tmp_path: Path) -> None:
    files = {"train.jsonl": [{"id": str(n), "task": "material", "prompt": "p", "completion": "c"} for n in range(3)]}
    place = DataFolder(tmp_path).dataset("small")
    report(small_dataset.rows())
    for path in place.glob("*.jsonl"):
        path.unlink()
    (place / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in files["train.jsonl"]) + "no JSON\n")
    assert rows.read(place).other == 4 and rows.read(place).count == 0
    with Catalog(DataFolder(tmp_path).catalog) as catalog:
        text = page.write(DataFolder(tmp_path), catalog, "small").read_text(encoding="utf-8")
    assert "4 rows of an older form" in Elements(text).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"rejected": "worse"},
        {"rejected": {}},
        {"proof": {}},
        {"nodes": "3"},
        {"sources": []},
        {"sources": ["a"]},
        {"prompt": None},
    ],
)
def test_what_is_no_row_is_none(wrong: dict[str, Any]) -> None:
    assert rows.is_row(small_dataset.row(5)) and not rows.is_row(small_dataset.row(5) | wrong)


def test_reasons_are_told_in_sentences() -> None:
    for fault in (quality.UNLINKED, quality.NO_WAY, quality.DEFAULTS):
        assert fault in losses.LOST
    one = [weighing.Weighed(str(n), "s", "f", "h", 1.0) for n in range(9)]
    (reason,) = {why for _, why in weighing.left_out(one, weighing.Caps(shape=4))}
    assert losses.why(reason) == "More than 4 of one shape (the same nodes and links): the best are kept."
    assert losses.why("held by the benchmark BlenderBench").startswith("Part of the public benchmark BlenderBench")
    assert losses.why("of a new kind") == "Of a new kind."


def test_what_an_author_model_was_asked_for_is_told(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    place = small_dataset.write(folder.dataset("small"), small_dataset.rows())
    known = json.loads((place / "dataset.json").read_text())
    known["funnel"][dataset.AUTHORED] = {"in the words of m": 5, "left in the words of the rules: gives code away": 2}
    (place / "dataset.json").write_text(json.dumps(known))
    with Catalog(folder.catalog) as catalog:
        text = page.write(folder, catalog, "small").read_text(encoding="utf-8")
    assert losses.AUTHORED == dataset.AUTHORED
    assert "<b>7</b>" in text and "given to a model" in text and "Left in the words of the rules: gives code" in text


def test_a_worse_answer_is_held_against_the_right_one(report: Report) -> None:
    files = small_dataset.rows()
    right = files["train.jsonl"][5]["completion"]
    rejected = {"completion": right + "wrong = 1\n", "what": "It does too much."}
    text = report(changed(files, "train.jsonl", 5, lambda row: row.update(rejected=rejected)))
    assert '<span class="gone">-wrong = 1</span>' in text and "It does too much." in text


def test_long_texts_are_cut_and_counted() -> None:
    assert browser.cut("x = 1\n" * (browser.LINES + 5)).endswith("… and 5 more lines")
    assert browser.cut("x" * (browser.CHARACTERS + 7)).endswith("… and 7 more characters")
    assert browser.cut("a\nb\n") == "a\nb"


def test_sizes_are_counted_by_powers_of_two() -> None:
    assert [rows.upper(n) for n in (0, 1, 2, 3, 8, 9)] == [1, 1, 2, 4, 8, 16]
    assert plots.doubling({2: 5, 8: 1}) == [("2", 5), ("4", 0), ("8", 1)]
    assert plots.doubling({1: 1, 2: 1, 1024: 3}, most=2) == [("1", 1), ("more", 4)]
    assert plots.doubling({}) == []


def test_the_sample_is_the_same_whatever_the_order() -> None:
    every = [row for held in small_dataset.rows().values() for row in held]
    one, other = Sample(2), Sample(2)
    for row in every:
        one.add("train", row)
    for row in reversed(every):
        other.add("train", row)
    assert one.rows(99) == other.rows(99) and len(one.rows(99)) == 2 * len(KINDS)


@pytest.mark.slow
def test_fifty_thousand_rows_take_no_more_memory_than_five_thousand(tmp_path: Path) -> None:
    def many(count: int) -> Iterator[str]:
        filler = "tree.nodes.new('ShaderNodeMath')\n" * 40
        for n in range(count):
            row = small_dataset.row(n)
            yield json.dumps(row | {"completion": row["completion"] + filler}) + "\n"

    peaks = []
    for count in (5_000, 50_000):
        place = tmp_path / str(count)
        place.mkdir()
        with open(place / "train.jsonl", "w") as out:
            out.writelines(many(count))
        tracemalloc.start()
        assert rows.read(place).count == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    per_row = (peaks[1] - peaks[0]) / 45_000
    assert per_row < 400, "more is kept of a row than hashes of its group, answer and request"
