# SPDX-License-Identifier: GPL-3.0-or-later
"""Feedback beside the rows of a build: it joins train alone, and is gone when it is deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.small_feedback import request
from voxel_trainer_addon import feedback
from voxel_trainer_addon.dataset_builder.verify import verify
from voxel_trainer_addon.feedback import Feedback, Tree
from voxel_trainer_addon.files import read_json, write_json

from .test_dataset import FakeWork, build, many, math, rows, tree

pytestmark = pytest.mark.plain


@pytest.fixture
def work(tmp_path: Path) -> FakeWork:
    """14 files, and a data folder that keeps feedback."""
    made = FakeWork(tmp_path, from_feedback=True)
    many(made, 14)
    feedback.switch(made.folder, True)
    return made


def held(value: float, nodes: int = 6, key: str = "materials/Rust") -> Tree:
    """A tree that no file has, but for values that are whole hundreds."""
    return Tree(key, {key: tree(key, nodes, value)})


def kept(work: FakeWork, number: int, answer: Tree, prompt: str = "", to: Tree | None = None, **more: Any) -> Feedback:
    one = request(number, answer, prompt=prompt or f"make rust number {number}", **more)
    feedback.asked(work.folder, one)
    feedback.became(work.folder, one.id, "kept", kept=to)
    return one


def joined(work: FakeWork) -> dict[str, dict[str, Any]]:
    """Rows of feedback by prompt, of trees."""
    found = [row for split, row in rows(work) if row["sources"][0]["origin"] == "feedback:"]
    return {row["prompt"]: row for row in found if row["kind"] == "tree"}


def left_out(work: FakeWork) -> dict[str, int]:
    told = read_json(work.folder.dataset("d") / "dataset.json")["funnel"]["left out"]
    return {why: count for why, count in told.items() if "feedback" in why or "answers of a model" in why}


def test_feedback_joins_train_and_is_gone_when_it_is_deleted(work: FakeWork) -> None:
    build(work)
    before = {split: [row for side, row in rows(work) if side == split] for split in ("train", "val", "test")}
    kept(work, 1, held(0.25))
    kept(work, 2, held(5.25, 7), to=held(9.75, 8))
    build(work)
    after = {split: [row for side, row in rows(work) if side == split] for split in ("train", "val", "test")}
    assert before["val"] == after["val"] != [] and before["test"] == after["test"] != []
    new = [row for row in after["train"] if row not in before["train"]]
    assert sorted((row["kind"], row["prompt"]) for row in new) == [
        ("preference", "Make a material. make rust number 2"),
        ("tree", "Make a material. make rust number 1"),
        ("tree", "Make a material. make rust number 2"),
    ]
    assert {row["answer"] for row in new} == {held(0.25).hash, held(9.75, 8).hash}
    assert all(row["sources"][0]["licence"] == "own" and "author" not in row for row in new)
    assert [row in after["train"] for row in before["train"]] == [True] * len(before["train"])
    assert set(verify(work.folder.dataset("d")).counts) <= {"files"}
    assert any(note.startswith("3 rows of feedback joined train: your own work") for note in work.notes)
    feedback.delete(work.folder)
    build(work)
    assert [row for split, row in rows(work) if split == "train"] == before["train"]


def test_what_val_and_test_hold_is_never_taken(work: FakeWork) -> None:
    build(work)
    tests = [row for split, row in rows(work) if split == "test" and row["key"].startswith("materials/M")]
    theirs = tests[0]
    number, nodes = int(theirs["key"].removeprefix("materials/M")), theirs["nodes"]
    same = held(number * 100.0, nodes)
    assert same.hash == theirs["answer"]
    changed = (math("n0", value=0.5), *same.graph.nodes[1:])
    near = Tree(same.key, {same.key: replace(same.graph, nodes=changed)})
    kept(work, 1, held(0.25), prompt=theirs["prompt"].upper())
    kept(work, 2, same)
    kept(work, 3, near)
    kept(work, 4, held(3.25, 5), prompt="as I wrote to ada@example.org")
    kept(work, 5, held(4.25, 5), blender="4.2.0")
    other = work.folder.dataset("other")
    other.mkdir()
    (other / "test.jsonl").write_text('{"prompt": "Make rust  number 6."}\n')
    kept(work, 6, held(6.25, 5))
    build(work)
    assert joined(work) == {}
    assert left_out(work) == {
        "feedback that asks for what is held out": 2,
        "feedback equal to what is held out": 1,
        "feedback nearly equal to what is held out": 1,
        "feedback that tells something private": 1,
    }


def test_nothing_stands_twice(work: FakeWork) -> None:
    work.options = replace(work.options, each=2)
    build(work)
    (theirs, *_) = [row for split, row in rows(work) if split == "train" and row["key"].startswith("materials/M")]
    same = held(int(theirs["key"].removeprefix("materials/M")) * 100.0, theirs["nodes"])
    kept(work, 1, same, prompt=theirs["prompt"])
    kept(work, 2, same, prompt="the same in my words")
    kept(work, 3, held(0.25), prompt="rust, once")
    kept(work, 4, held(0.25), prompt="Rust,  once")
    kept(work, 5, held(0.25), prompt="rust, again")
    build(work)
    assert sorted(row.removeprefix("Make a material. ") for row in joined(work)) == [
        "Rust,  once",
        "rust, again",
        "the same in my words",
    ]
    assert joined(work)["Make a material. the same in my words"]["family"] == theirs["family"]


def test_what_a_model_at_a_host_answered_keeps_its_terms(work: FakeWork) -> None:
    write_json(work.folder.models / "d" / "asked-x" / "asked.json", {"provider": "claude", "model": "claude-test"})
    for number, model in enumerate(("openai:gpt-5", "d/asked-x", "openai:nobody-knows", "voxel/v1"), 1):
        kept(work, number, held(number + 0.25, 3 + number), model=model)
    sent_back = request(5, held(9.25, 9), prompt="make rust number 4", model="openai:gpt-5", done="refused")
    feedback.asked(work.folder, sent_back)
    kept(work, 6, held(8.25, 10), prompt="make rust number 4", model="voxel/v1", instead_of=sent_back.id)
    (work.folder.feedback / f"{7:016x}.json").write_text("{")
    build(work)
    assert [(aside.item, aside.code) for aside in work.asides] == [("feedback", "damaged")]
    terms = {row["prompt"][-1]: row.get("author", {}).get("terms") for row in joined(work).values()}
    assert {**terms, "4": None} == {"1": "openai", "2": "anthropic", "4": None}
    assert left_out(work) == {"answers of a model whose terms nobody knows": 1}
    (preferred,) = [row for split, row in rows(work) if row["kind"] == "preference"]
    assert preferred["author"]["model"] == "gpt-5" and preferred["author"]["host"] == "openai"
