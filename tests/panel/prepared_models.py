# SPDX-License-Identifier: GPL-3.0-or-later
"""A data folder with a dataset and three tuned models: one was evaluated, of one all answers are kept, so that an
evaluation asks nobody, and one is new."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.evaluation import stand_ins
from voxel_trainer_addon import prompts
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.evaluation import benchmark
from voxel_trainer_addon.files import digest, write_json
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options

CHAINS = (
    ("ShaderNodeTexNoise", "ShaderNodeValToRGB", "ShaderNodeHueSaturation"),
    ("ShaderNodeTexVoronoi", "ShaderNodeMath", "ShaderNodeInvert"),
    ("ShaderNodeTexCoord", "ShaderNodeMapping", "ShaderNodeTexWave", "ShaderNodeGamma"),
)
TEST = 12


def row(number: int) -> dict[str, Any]:
    """A row whose answer runs in any Blender."""
    types = CHAINS[number % len(CHAINS)]
    lines = ["import bpy", "", f'tree = bpy.data.node_groups.new("Tree {number}", "ShaderNodeTree")']
    lines += ["nodes, links = tree.nodes, tree.links"]
    lines += [f'node_{at} = nodes.new("{type}")' for at, type in enumerate(types)]
    lines += [f"links.new(node_{a}.outputs[0], node_{b}.inputs[0])" for a, b in pairwise(range(len(types)))]
    completion = "\n".join(lines) + "\n"
    proof = {"graph": digest(completion), "blender": "5.2.3", "compared": "sem"}
    return {**stand_ins.row(number, types), "kind": "piece", "task": "piece", "completion": completion, "proof": proof}


def first(right: int) -> Callable[[str], str]:
    """A model that answers so many prompts, and the others in prose."""

    def says(answer: str) -> str:
        code = prompts.code_of(answer)
        found = re.search(r"Tree (\d+)", code)
        return prompts.answer(code) if found and int(found[1]) < right else "Sure! Here is how you do it in Blender."

    return says


def write(data: DataFolder) -> None:
    data.root.mkdir(parents=True)
    stand_ins.lay_dataset(data, "voxel", [row(number) for number in range(100, 109)], [row(n) for n in range(TEST)])
    write_json(data.dataset("voxel") / "dataset.json", {"rows": {"train": 9, "test": TEST}})
    with Catalog(data.catalog) as catalog:
        desk = stand_ins.Desk(data, catalog, Options())
        for number, right in enumerate((2, TEST - 1, 0), 1):
            version = f"v{number}"
            base = data.root.parent / "base"
            job = {"model": "smollm2-135m", "method": "full", "base": str(base), "dataset": "voxel"}
            stand_ins.lay_model(data, "voxel", version, finished_at=f"2026-11-2{number}T10:00:00Z", **job)
            (data.model("voxel", version) / "model" / "model.safetensors").write_bytes(b"%d" % number)
            if number < 3:
                benchmark.evaluate(desk, stand_ins.Provider(base, first(1), first(right)))
    for name in ("evaluation.json", "answers.jsonl"):
        (data.model("voxel", "v2") / name).unlink()
