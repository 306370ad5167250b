# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage dataset from records to files, with a prover of our own in the worker's place."""

from __future__ import annotations

import gc
import json
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.dataset_builder.splits import NEAR_GROUPS
from voxel_trainer_addon.dataset_builder.verify import verify
from voxel_trainer_addon.errors import Cancelled, SetAside, Unavailable, UserError
from voxel_trainer_addon.files import read_json, read_jsonl
from voxel_trainer_addon.graph.canonical import graph_hash, shape_hash
from voxel_trainer_addon.graph.model import Graph, Link, Node, Socket
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options, Outcome
from voxel_trainer_addon.worker.protocol import Answer, Host, Request
from voxel_trainer_addon.worker.record import SCHEMA

pytestmark = pytest.mark.plain


class FakeWork:
    """The pipeline with a worker that proves every tree but those whose name starts with "Bad"."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.folder, self.catalog = DataFolder(root), Catalog(root / "catalog.sqlite")
        others = (*dataset.FILE_KINDS, *dataset.WIDE_KINDS)
        self.options, self.run_id = Options(name="d", **{"without": others, "each": 1, **options}), "r"
        self.host: Host | None = Host("python", True, (5, 2, 3))
        self.proven: Counter[str] = Counter()
        self.asides: list[SetAside] = []
        self.notes: list[str] = []
        self.checkpoints: list[tuple[str, dict[str, Any]]] = []
        self.stop_after = -1
        self.broken: set[str] = set()

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for request in requests:
            if self.stop_after == 0:
                raise Cancelled
            self.stop_after -= 1
            yield self.table(request) if request.job == "node_table" else self.prove(request)

    def table(self, request: Request) -> Answer:
        trees = {}
        for tree_type, types in request.body["types"].items():
            nodes = tuple(math(f"n{i}", type) for i, type in enumerate(types))
            trees[tree_type] = Graph("node_groups/Table", tree_type, nodes, settings={"description": ""}).as_json()
        return Answer(request, True, {"trees": trees})

    def prove(self, request: Request) -> Answer:
        if self.broken & set(request.body["roots"]):
            return Answer(request, False, code="crashed", sentence="Blender ended.")
        graphs = {key: Graph.from_json(json.loads(json.dumps(g))) for key, g in request.body["graphs"].items()}
        scripts = {}
        for key in request.body["roots"]:
            self.proven[key] += 1
            bad = graphs[key].name.startswith("Bad")
            scripts[key] = {
                "code": f"import bpy\nmake({key!r})\n",
                "proven": not bad,
                "reason": "differs: a value" if bad else "",
                "graph": graph_hash(key, graphs),
                "shape": shape_hash(graphs[key]),
                "nodes": len(graphs[key].nodes),
            }
        return Answer(request, True, {"scripts": scripts})

    def tick(self) -> bool:
        return True

    def wait_while_paused(self) -> None:
        return

    def emit(self, kind: str, **fields: Any) -> None:
        return

    def note(self, words: str) -> None:
        self.notes.append(words)

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        assert 0 <= done <= total

    def set_aside(self, aside: SetAside) -> None:
        self.asides.append(aside)
        self.catalog.add_aside(aside, "5.2.3")

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        self.checkpoints.append((status, progress))


def math(name: str, type: str = "ShaderNodeMath", value: float = 0.5) -> Node:
    socket = Socket("Value", "Value", "VALUE", value=value)
    return Node(name, type, {"operation": f"ADD {value}"}, (socket, replace(socket, identifier="Value_001")), (socket,))


def tree(key: str, nodes: int, value: float, type: str = "ShaderNodeTree") -> Graph:
    end = "ShaderNodeOutputMaterial" if key.startswith("materials/") else "NodeGroupOutput"
    made = tuple(math(f"n{i}", end if i == nodes - 1 else "ShaderNodeMath", value + i) for i in range(nodes))
    return Graph(key, type, made, tuple(Link(f"n{i}", 0, f"n{i + 1}", i % 2) for i in range(nodes - 1)))


def add_file(
    work: FakeWork, number: int, graphs: Iterable[Graph], source: str = "folder:f", licence: str = "own"
) -> str:
    sha256 = f"{number:064x}"
    work.catalog.add_source(source, "folder", Path("/nowhere"))
    work.catalog.add_origins([Origin(source, f"{number}.blend", sha256, 1, 1, licence, {})])
    held = {graph.key: graph.as_json() for graph in graphs}
    record = {"schema": SCHEMA, "graphs": held, "stacks": {}, "objects": [], "scenes": [], "collections": []}
    work.folder.parsed.mkdir(exist_ok=True)
    work.folder.record(sha256).write_text(json.dumps(record), encoding="utf-8")
    work.catalog.add_record(sha256, "5.2.3", 1, "read", f"parsed_data/{sha256}.json", {})
    return sha256


def many(work: FakeWork, files: int = 24) -> None:
    for n in range(files):
        add_file(work, n, [tree(f"materials/M{n}", 4 + n % 9, n * 100.0), tree(f"node_groups/G{n}", 3, n * 7.0)])


def rows(work: FakeWork) -> list[tuple[str, dict[str, Any]]]:
    place = work.folder.dataset("d")
    return [(split, row) for split in ("train", "val", "test") for row in read_jsonl(place / f"{split}.jsonl")]


def contents(work: FakeWork) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(work.folder.dataset("d").iterdir())}


def build(work: FakeWork) -> Outcome:
    return dataset.run(work)


def leaks(found: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """Groups, answers and requests that stand on two sides."""
    sides: dict[tuple[str, str], set[str]] = {}
    for split, row in found:
        for what in ("group", "answer", "prompt"):
            sides.setdefault((what, row[what]), set()).add(split)
    return [what for what, where in sides.items() if len(where) > 1]


def test_rows_tell_task_prompt_code_proof_and_sources(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    many(work)
    outcome = build(work)
    found = rows(work)
    assert outcome.counts["rows"] == len(found) > 50
    assert {row["task"] for _, row in found} == {"material", "shader", "piece"}
    row = next(row for _, row in found if row["key"] == "materials/M7")
    assert row["task"] == "material" and '"M7"' in row["prompt"] and row["completion"].startswith("import bpy")
    assert row["proof"] == {"name": "same graph", "graph": row["answer"], "blender": "5.2.3", "compared": "sem"}
    assert row["sources"] == [{"origin": "folder:f", "path": "7.blend", "sha256": f"{7:064x}", "licence": "own"}]
    assert len({row["id"] for _, row in found}) == len(found)
    assert {row["id"] for row in work.catalog.examples("d")} == {row["id"] for _, row in found}


def test_no_file_graph_group_or_prompt_stands_on_both_sides(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    many(work)
    build(work)
    found = rows(work)
    sides: dict[str, set[str]] = {}
    for split, row in found:
        for source in row["sources"]:
            sides.setdefault(source["sha256"], set()).add(split)
    assert leaks(found) == [] and all(len(where) == 1 for where in sides.values())
    assert set().union(*sides.values()) == {"train", "val", "test"}
    assert read_json(tmp_path / "datasets/d/dataset.json")["split"]["by"] == {"folder:f": "file"}


def test_rows_of_test_tell_whether_train_knows_whom_they_come_from(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, hold_out=("folder:far",), most_of_source=0.0)
    many(work)
    for n in range(30, 36):
        add_file(work, n, [tree(f"materials/F{n}", 4 + n % 9, n * 100.0)], source="folder:far")
    build(work)
    found = {(row["sources"][0]["origin"], row.get("test")) for split, row in rows(work) if split == "test"}
    assert found == {("folder:far", "far"), ("folder:f", "near")}
    assert not any("test" in row for split, row in rows(work) if split != "test")
    counts = read_json(tmp_path / "datasets/d/dataset.json")["test"]
    assert counts["far"] >= 6 and counts["near"] and sum(counts.values()) == sum(s == "test" for s, _ in rows(work))


def test_the_near_test_holds_trees_of_files_that_train_has(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, near_test=True, pieces=0, most_of_source=0.0, most_of_shape=0, most_of_family=0)
    for n in range(10):
        names = [f"materials/{n} {k}" for k in range(20 if n else 120)]
        add_file(work, n, [tree(key, 4 + k % 5, 1e4 * n + 10.0 * k) for k, key in enumerate(names)])
    build(work)
    found = rows(work)
    files = {
        side: {source["sha256"] for split, row in found if split == side for source in row["sources"]}
        for side in ("train", "test")
    }
    held = [row for split, row in found if split == "test" and row["sources"][0]["sha256"] in files["train"]]
    assert len({row["group"] for row in held}) >= NEAR_GROUPS and {row["test"] for row in held} == {"near"}
    named_later = {"files"}
    assert leaks(found) == [] and set(verify(work.folder.dataset("d")).counts) <= named_later
    (tmp_path / "again").mkdir()
    again = FakeWork(tmp_path / "again", keep_test=str(work.folder.dataset("d")))
    with pytest.raises(UserError, match="holds trees of files that train has: it cannot be kept"):
        build(again)


def test_what_is_told_in_several_ways_stands_on_one_side(tmp_path: Path) -> None:
    others = {*dataset.FILE_KINDS, *dataset.WIDE_KINDS} - {"explain", "json"}
    work = FakeWork(tmp_path, without=tuple(others), each=2)
    many(work)
    build(work)
    found = rows(work)
    assert {"tree", "piece", "explain", "json"} <= {row["kind"] for _, row in found}
    assert leaks(found) == []
    answers: dict[str, set[str]] = {}
    for side, row in found:
        answers.setdefault(row["answer"], set()).add(side)
    assert all(len(where) == 1 for where in answers.values())


def test_files_that_share_a_large_tree_stay_together(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0, most_of_shape=0, most_of_family=0)
    for n in range(40):
        shared = tree("materials/Shared", 12 + n // 2, -1000.0 * (1 + n // 2))
        add_file(work, n, [tree(f"materials/M{n}", 4, n * 100.0), shared])
    build(work)
    split = {row["sources"][0]["path"]: side for side, row in rows(work) if row["key"] != "materials/Shared"}
    assert len(split) == 40 and all(split[f"{n}.blend"] == split[f"{n + 1}.blend"] for n in range(0, 40, 2))


def test_a_small_tree_of_many_files_is_one_row_and_names_only_its_side(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0, each=1, most_of_shape=0, most_of_family=0)
    for n in range(40):
        add_file(work, n, [tree(f"materials/M{n}", 4, n * 100.0), tree(f"materials/Material.{n:03}", 2, 0.0)])
    build(work)
    found = rows(work)
    split = {row["sources"][0]["path"]: side for side, row in found if len(row["sources"]) == 1}
    ((side, common),) = [(side, row) for side, row in found if len(row["sources"]) > 1]
    assert side == "train" and {split[source["path"]] for source in common["sources"]} == {"train"}
    left_out = read_json(tmp_path / "datasets/d/dataset.json")["funnel"]["left out"]
    assert left_out == {"in val or test equal to one in an earlier split": 2}


def test_few_files_are_split_by_trees_that_share_groups(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0)
    group = {"node_tree": {"id": "NODETREE", "name": "Inner"}}
    user = replace(
        tree("materials/User", 5, 900.0), nodes=(replace(math("n0"), settings=group), *tree("x/y", 5, 9.0).nodes[1:])
    )
    trees = [tree(f"materials/M{n}", 4, n * 100.0) for n in range(20)]
    add_file(work, 1, [*trees, tree("node_groups/Inner", 3, 5.0), user])
    build(work)
    split = {row["key"]: (side, row["group"]) for side, row in rows(work)}
    assert len({side for side, _ in split.values()}) == 3
    assert split["materials/User"] == split["node_groups/Inner"]
    assert "trees that share groups" in " ".join(work.notes)


def test_what_is_not_proven_is_told_and_counted(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0)
    many(work)
    add_file(work, 99, [tree("materials/Bad", 5, 1.0), tree("materials/One", 1, 1.0)])
    outcome = build(work)
    assert outcome.counts["set_aside"] == 1 and "not proven" in outcome.words
    assert [(a.item, a.code) for a in work.asides] == [("materials/Bad in 99.blend", "differs")]
    (line,) = read_jsonl(tmp_path / "datasets/d/set_aside.jsonl")
    assert line["reason"] == "differs: a value" and line["task"] == "material"
    known = read_json(tmp_path / "datasets/d/dataset.json")
    assert known["set_aside"] == {"differs": 1} and known["funnel"]["trees with fewer than two nodes"] == 1


def test_a_batch_that_kills_blender_is_tried_tree_by_tree(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0)
    work.broken = {"materials/M3"}
    many(work)
    build(work)
    assert [(a.item, a.code) for a in work.asides] == [("materials/M3 in 3.blend", "crashed")]
    assert "materials/M4" in {row["key"] for _, row in rows(work)}


def test_a_second_build_proves_nothing_again_and_gives_the_same_bytes(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    many(work)
    build(work)
    before, proven = contents(work), work.proven.total()
    build(work)
    assert work.proven.total() == proven and contents(work) == before


def test_a_build_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, halted = FakeWork(tmp_path / "a"), FakeWork(tmp_path / "b")
    many(whole)
    many(halted)
    build(whole)
    halted.stop_after = 3
    with pytest.raises(Cancelled):
        build(halted)
    done = halted.proven.total()
    halted.stop_after = -1
    build(halted)
    assert 0 < done < halted.proven.total() == whole.proven.total()
    assert contents(halted) == contents(whole)


def test_without_the_catalog_the_proofs_come_from_the_files(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    many(work)
    build(work)
    before = contents(work)
    work.catalog.close()
    for path in tmp_path.glob("catalog.sqlite*"):
        path.unlink()
    again = FakeWork(tmp_path)
    many(again)
    build(again)
    assert again.proven.total() == 0 and contents(again) == before


def test_the_order_of_files_plays_no_part(tmp_path: Path) -> None:
    there, back = FakeWork(tmp_path / "a"), FakeWork(tmp_path / "b")
    trees = [tree(f"materials/M{n}", 4 + n % 9, (n // 2) * 100.0) for n in range(40)]
    for n in range(40):
        add_file(there, n, [trees[n]])
    for n in reversed(range(40)):
        add_file(back, n, [trees[n]])
    build(there)
    build(back)
    assert contents(there) == contents(back)


def test_rows_without_a_licence_stay_out_of_the_splits(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0, each=1)
    many(work)
    add_file(work, 99, [tree("materials/Found", 5, 4321.0)], source="folder:web", licence="NOASSERTION")
    build(work)
    (row,) = read_jsonl(tmp_path / "datasets/d/unlicensed.jsonl")
    assert row["key"] == "materials/Found" and "materials/Found" not in {row["key"] for _, row in rows(work)}
    assert read_json(tmp_path / "datasets/d/dataset.json")["unlicensed"] == 1


def test_a_record_that_is_gone_is_set_aside(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    many(work)
    work.folder.record(f"{5:064x}").unlink()
    build(work)
    assert {(a.item, a.code) for a in work.asides} == {("5.blend", "no record")}


def test_no_rows_is_said(tmp_path: Path) -> None:
    outcome = build(FakeWork(tmp_path))
    assert outcome.aside and outcome.words.startswith("No rows")


def test_without_blender_there_is_no_dataset(tmp_path: Path) -> None:
    work = FakeWork(tmp_path)
    work.host = None
    with pytest.raises(Unavailable):
        build(work)


def test_a_build_leaves_its_catalog_to_nobody(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0)
    many(work, 3)
    build(work)
    kept = weakref.ref(work.catalog)
    gc.collect()
    gc.disable()
    try:
        build(work)
        del work
        assert kept() is None, "whatever thread collects garbage could not close it"
    finally:
        gc.enable()


def test_names_from_files_are_harmless_in_the_card(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, pieces=0)
    many(work)
    add_file(work, 99, [tree("materials/\x1b[31m<script>", 2, 4321.0)])
    build(work)
    card = (tmp_path / "datasets/d/README.md").read_text(encoding="utf-8")
    assert "\x1b" not in card and 'split: "validation"' in card
