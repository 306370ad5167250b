# SPDX-License-Identifier: GPL-3.0-or-later
"""What artists did with answers becomes rows that hold: each is run once more, by no code of the builder's."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.small_feedback import request
from voxel_trainer_addon import feedback
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.dataset_builder.verify import verify
from voxel_trainer_addon.feedback import Failed, Feedback, Tree
from voxel_trainer_addon.files import read_jsonl
from voxel_trainer_addon.graph.blender.read import read_graphs
from voxel_trainer_addon.graph.canonical import graph_hash
from voxel_trainer_addon.prompts import code_of
from voxel_trainer_addon.worker.inside import Refused, empty
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

from .test_dataset import FakeWork

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]

BLENDER = ".".join(map(str, bpy.app.version))


class InProcess(FakeWork):
    """The pipeline with the worker's jobs in this process."""

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for asked in requests:
            job = importlib.import_module(f"voxel_trainer_addon.worker.inside.{asked.job}")
            try:
                body = job.run(json.loads(json.dumps(asked.body)), self.folder.root)
            except Refused as refused:
                yield Answer(asked, False, code=refused.code, sentence=refused.sentence)
            else:
                yield Answer(asked, True, json.loads(json.dumps(body)))


def made(*values: float, change: Callable[[Any], Any] = lambda nodes: None) -> Tree:
    """A material with a chain of noises of these scales, and what `change` does to its nodes."""
    empty()
    rust: Any = bpy.data.materials.new("Rust")
    if not rust.node_tree:
        rust.use_nodes = True
    nodes, links = rust.node_tree.nodes, rust.node_tree.links
    last = next(node for node in nodes if node.type == "BSDF_PRINCIPLED").inputs["Roughness"]
    for value in values:
        noise = nodes.new("ShaderNodeTexNoise")
        noise.inputs["Scale"].default_value = value
        links.new(noise.outputs[0], last)
        last = noise.inputs["Detail"]
    change(nodes)
    return Tree("materials/Rust", read_graphs(bpy.data)[0])


def bumped(nodes: Any) -> None:
    bump = nodes.new("ShaderNodeBump")
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    shader.id_data.links.new(bump.outputs[0], shader.inputs["Normal"])


def requests() -> list[Feedback]:
    """One kept after failures, one changed, one sent back and asked for again, one that was to change a tree."""
    failed = (
        Failed("import bpy\nbpy.data.materials.new('Rust').nodes\n", "AttributeError: as it was then"),
        Failed("import os\nos.remove('x')\n", "refused"),
    )
    kept, changed, before = made(3, 4), made(7, 8, 9), made(11, 12, 13, 14)
    both = {"prompt": "stone, worn by water", "blender": BLENDER}
    found = [
        request(1, kept, prompt="rust on an old door", failed=failed, kept=kept),
        request(2, changed, prompt="rough bark", kept=made(7, 8, 9, change=bumped)),
        request(3, made(20), **both, done="undone", reason="wrong look"),
        request(4, made(30, 31, 32, 33, change=bumped), **both, instead_of=f"{3:016x}"),
        request(5, made(11, 12, 13, 24), prompt="coarser grain", before=before, kept=made(11, 12, 13, 34)),
    ]
    found[3] = replace(found[3], kept=found[3].answer)
    return [replace(one, blender=BLENDER, done=one.done or "kept") for one in found]


def hash_of(*scripts: str) -> str:
    """What scripts make, one after the other, in an empty Blender."""
    empty()
    for script in scripts:
        exec(compile(script, "<row>", "exec"), {"__name__": "__main__"})
    return graph_hash("materials/Rust", read_graphs(bpy.data)[0])


def test_each_kind_of_feedback_becomes_its_rows(tmp_path: Path) -> None:
    work = InProcess(tmp_path, from_feedback=True)
    work.host = Host("python", True, bpy.app.version)
    feedback.switch(work.folder, True)
    told = requests()
    for one in told:
        feedback.asked(work.folder, one)
    dataset.run(work)
    rows = list(read_jsonl(work.folder.dataset("d") / "train.jsonl"))
    of = {row["id"]: next((one for one in told if one.prompt in row["prompt"] and one.kept), told[0]) for row in rows}
    assert sorted((row["kind"], of[row["id"]].prompt) for row in rows) == [
        ("edit", "coarser grain"),
        ("preference", "coarser grain"),
        ("preference", "rough bark"),
        ("preference", "stone, worn by water"),
        ("repair", "rust on an old door"),
        ("tree", "rough bark"),
        ("tree", "rust on an old door"),
        ("tree", "stone, worn by water"),
    ]
    for row in rows:
        given = [code_of(row["prompt"])] if "edits" in row else []
        kept = of[row["id"]].kept
        assert kept and hash_of(*given, row["completion"]) == row["answer"] == kept.hash
        if row["kind"] == "preference":
            assert hash_of(*given, row["rejected"]["completion"]) != row["answer"]
        if row["kind"] == "repair":
            with pytest.raises(AttributeError, match="has no attribute 'nodes'"):
                hash_of(code_of(row["prompt"]))
    assert {row["rejected"]["what"] for row in rows if "rejected" in row} == {
        "It runs, but the artist sent it back: wrong look.",
        "It runs, but makes another tree. To mend it: Add the node “Bump” (ShaderNodeBump); Link “Normal” of “Bump” to "
        "“Normal” of “Principled BSDF”.",
        "It runs, but makes another tree. To mend it: Set the input “Scale” of “Noise Texture.003” from 24.0 to 34.0.",
    }
    assert [aside.code for aside in work.asides] == ["unsafe"]
    assert set(verify(work.folder.dataset("d")).counts) <= {"files", "attribution"}  # which the pipeline adds
