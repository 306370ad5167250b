# SPDX-License-Identifier: GPL-3.0-or-later
"""An author model in a build: told what it costs, asked once, checked, kept, and bound to its maker's terms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_builder.test_dataset import FakeWork, contents, many, rows
from tests.providers.answer_server import Server, answering_here
from voxel_trainer_addon.dataset_builder import dataset, published
from voxel_trainer_addon.dataset_builder.author import Author
from voxel_trainer_addon.errors import Cancelled, Unavailable, UserError
from voxel_trainer_addon.files import read_json, read_jsonl
from voxel_trainer_addon.fine_tuning.platform_files import write_platform_files
from voxel_trainer_addon.pipeline.verify import verified
from voxel_trainer_addon.providers import answering as providers
from voxel_trainer_addon.worker.protocol import Answer, Request

pytestmark = pytest.mark.plain

NOUN = re.compile(r"(?i)\b(material|shader node group|shader group|shader|geometry node group)\b")
AUTHORED = dataset.AUTHORED


class Work(FakeWork):
    """A worker that knows no names, and a person who may press Esc."""

    stop_after_ticks = -1

    def prove(self, request: Request) -> Answer:
        if request.job == "names":
            return Answer(request, False, code="crashed", sentence="Blender ended.")
        return super().prove(request)

    def tick(self) -> bool:
        if self.stop_after_ticks == 0:
            raise Cancelled
        self.stop_after_ticks -= 1
        return True


def faithful(text: str) -> str:
    """Name and kind of what is asked for, and no more."""
    noun = NOUN.search(text)
    name = re.search(r'"([^"]+)"', text)
    assert noun and name
    return f'Hey, could you please set up the {noun[1].lower()} "{name[1]}" for me?'


def lying(text: str) -> str:
    """Every other answer claims a node, is code or has a number."""
    lies = ("with a Voronoi Texture", "by nodes.new()", "at 0.123", "")
    return f"{faithful(text)[:-1]} {lies[len(text) % 4]}?"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with answering_here(faithful, tmp_path, monkeypatch) as server:
        yield server


def work_at(root: Path, server: Server, model: str = "openai:gpt-oss-20b", **options: Any) -> Work:
    work = Work(root, author=model, author_url=server.url, author_share=1.0, pieces=0, **options)
    many(work)
    return work


def built(work: Work) -> dict[str, Any]:
    dataset.run(work)
    return dict(read_json(work.folder.dataset("d") / "dataset.json"))


def test_requests_in_a_models_words_say_who_wrote_them(tmp_path: Path, server: Server) -> None:
    work = work_at(tmp_path / "a", server)
    known = built(work)
    by_model = [row for _, row in rows(work) if "author" in row]
    assert len(by_model) == known["funnel"][AUTHORED]["in the words of gpt-oss-20b"] > 30
    author = by_model[0]["author"]
    assert author.pop("date") <= "2999-12-31"
    assert author == {
        "model": "gpt-oss-20b",
        "version": "gpt-oss-20b-of-the-host",
        "host": "this computer",
        "terms": "open-weights",
    }
    assert all(row["prompt"].startswith("Hey, could you") for row in by_model)
    assert known["authors"] == {"gpt-oss-20b (open-weights)": len(by_model)}
    assert known["settings"]["author"] == "openai:gpt-oss-20b" and server.url not in json.dumps(known)
    assert "Requests in the words of models" in (work.folder.dataset("d") / "README.md").read_text()
    ids = {row["id"] for row in work.catalog.examples("d")}
    assert {row["id"] for row in by_model} <= ids and len(ids) == len(rows(work))


def test_what_it_costs_is_told_before_the_first_byte(tmp_path: Path, server: Server) -> None:
    told: list[int] = []

    class Telling(Work):
        def note(self, words: str) -> None:
            super().note(words)
            if "characters a token" in words:
                told.append(len(server.asked))

    work = Telling(tmp_path / "a", author="openai:gpt-oss-20b", author_url=server.url, author_share=1.0, pieces=0)
    many(work)
    built(work)
    cost = next(words for words in work.notes if "characters a token" in words)
    assert told == [0] and len(server.asked) > 30
    assert f"{len(server.asked)} requests for gpt-oss-20b" in cost and "estimated" in cost and "costs nothing" in cost
    assert any(f"{len(server.asked) * 40:,} tokens there" in words for words in work.notes)


def test_nothing_leaves_this_computer_without_a_yes(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "LOOPBACK", ())
    work = work_at(tmp_path / "a", server, "openai:gpt-6-luna")
    with pytest.raises(Unavailable, match="online access is off, so nothing was sent"):
        built(work)
    assert work.host
    work.host = replace(work.host, online=True)
    with pytest.raises(Unavailable, match=r"\d+ requests would be sent to .*made of your own files: --yes"):
        built(work)
    assert not server.asked and re.search(r"about \$0\.\d\d at the price of 2026-\d\d-\d\d", work.notes[-1])
    work.options = replace(work.options, yes=True, author="openai:gpt-9-unpriced")
    built(work)
    assert server.asked and any("The price is not known" in words for words in work.notes)
    assert {row["author"]["host"] for _, row in rows(work) if "author" in row} == {"127.0.0.1"}


def test_what_fails_the_check_stays_in_the_words_of_the_rules(tmp_path: Path, server: Server) -> None:
    server.say = lying
    work = work_at(tmp_path / "a", server)
    counts = built(work)["funnel"][AUTHORED]
    found = rows(work)
    by_model = [row for _, row in found if "author" in row]
    assert counts["in the words of gpt-oss-20b"] == len(by_model) > 0
    reasons = {name.partition(": ")[2] for name in counts if name.startswith("left in")}
    assert {"gives code away", "a number that is not there"} <= reasons
    assert any("node, socket or technique" in reason for reason in reasons)
    assert not any(re.search(r"Voronoi|nodes\.new|0\.123", row["prompt"]) for _, row in found)
    assert counts.keys() == dict(sorted(counts.items())).keys() and sum(counts.values()) == len(server.asked)


def test_equal_words_are_used_once_and_leak_to_no_other_side(tmp_path: Path, server: Server) -> None:
    server.say = lambda text: "Hey, could you please set up a material or a shader node group, a shader group for me?"
    work = work_at(tmp_path / "a", server)
    built(work)
    prompts = [row["prompt"] for _, row in rows(work)]
    assert len(prompts) == len(set(prompts))


def test_a_second_build_asks_nothing_and_gives_the_same_bytes(tmp_path: Path, server: Server) -> None:
    server.say = lying
    work = work_at(tmp_path / "a", server)
    built(work)
    before, asked = contents(work), len(server.asked)
    server.most = 0
    built(work)
    assert contents(work) == before and len(server.asked) == asked


def test_a_build_that_was_killed_goes_on_and_asks_nothing_twice(tmp_path: Path, server: Server) -> None:
    whole, halted = work_at(tmp_path / "a", server), work_at(tmp_path / "b", server)
    built(whole)
    wanted = len(server.asked)
    server.asked.clear()
    halted.stop_after_ticks = 3
    with pytest.raises(Cancelled):
        built(halted)
    (kept,) = (halted.folder.datasets / ".authored").glob("*.jsonl")
    came = len(list(read_jsonl(kept)))
    assert 0 < came == len(server.asked) < wanted
    with open(kept, "a", encoding="utf-8") as cut:
        cut.write('{"asked": "0123", "te')
    halted.stop_after_ticks = -1
    built(halted)
    assert len(server.asked) == wanted and len(list(read_jsonl(kept))) == wanted
    assert contents(halted) == contents(whole)


def test_a_host_that_gives_up_leaves_the_rest_to_the_rules(tmp_path: Path, server: Server) -> None:
    server.most, server.fault = 8, 429
    work = work_at(tmp_path / "a", server)
    known = built(work)
    assert [(a.item, a.code) for a in work.asides] == [("author gpt-oss-20b", "wait")]
    assert known["authors"]["gpt-oss-20b (open-weights)"] == 8 < known["rows"]["train"]
    server.most = 1 << 30
    assert built(work)["authors"]["gpt-oss-20b (open-weights)"] > 30


def test_a_host_that_refuses_everything_is_asked_little(tmp_path: Path, server: Server) -> None:
    server.most, server.fault = 0, 400
    work = work_at(tmp_path / "a", server)
    known = built(work)
    assert len(server.asked) < 12 and [a.code for a in work.asides] == ["refused"] and "authors" not in known


def test_answers_that_were_cut_off_are_not_used(tmp_path: Path, server: Server) -> None:
    server.finish = "length"
    assert "authors" not in built(work_at(tmp_path / "a", server))


def test_by_default_half_of_the_rows_are_asked_for(tmp_path: Path, server: Server) -> None:
    whole, half = work_at(tmp_path / "a", server), work_at(tmp_path / "b", server)
    half.options = replace(half.options, author_share=0.5)
    every = sum(built(whole)["funnel"][AUTHORED].values())
    assert 0.25 < sum(built(half)["funnel"][AUTHORED].values()) / every < 0.75


def test_who_writes_under_terms_that_nobody_knows_is_not_asked(tmp_path: Path, server: Server) -> None:
    with pytest.raises(UserError, match="It is not known under which terms"):
        built(work_at(tmp_path / "a", server, "openai:mystery-7b"))
    with pytest.raises(UserError, match="--author-share"):
        Author(Work(tmp_path / "b", author="openai:gpt-oss-20b", author_share=0.0))
    assert not server.asked


@pytest.mark.parametrize(("model", "kept_from"), [("gpt-6-luna", "local"), ("claude-x", "openai"), ("gpt-oss", "")])
def test_terms_keep_rows_out_of_platform_files_and_verify_agrees(
    tmp_path: Path, server: Server, model: str, kept_from: str
) -> None:
    work = work_at(tmp_path / "a", server, f"openai:{model}")
    built(work)
    place = work.folder.dataset("d")
    findings = write_platform_files(place)
    published.seal(place)
    by_model = sum("author" in row for row in read_jsonl(place / "train.jsonl"))
    total = sum(1 for _ in read_jsonl(place / "train.jsonl"))
    for platform in ("openai", "claude", "local"):
        lines = sum(1 for _ in read_jsonl(place / platform / "train.jsonl"))
        own = {"gpt-6-luna": ["openai"], "claude-x": ["claude"], "gpt-oss": ["openai", "claude", "local"]}[model]
        assert lines == (total if platform in own else total - by_model) and by_model > 0
        assert any(words.startswith(f"{platform}/: ") and "left out" in words for words in findings) == (
            platform not in own
        )
    found = verified(place)
    assert not found.counts, found.first
    if kept_from:
        rest = place / kept_from / "train.jsonl"
        rest.write_bytes((place / own[0] / "train.jsonl").read_bytes())
        assert verified(place).counts["other rows"]


def test_a_row_of_a_model_whose_terms_nobody_knows_is_found(tmp_path: Path, server: Server) -> None:
    work = work_at(tmp_path / "a", server)
    built(work)
    place = work.folder.dataset("d")
    lines = list(read_jsonl(place / "train.jsonl"))
    next(row for row in lines if "author" in row)["author"]["terms"] = "mine"
    (place / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    assert verified(place).counts["terms"] == 1
