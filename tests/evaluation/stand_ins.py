# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins at the borders of stage evaluate: a provider with set answers, workers that read a script's text only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bpy_code import small_table
from voxel_trainer_addon import prompts
from voxel_trainer_addon.bpy_code.sketch import sketch
from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.errors import SetAside
from voxel_trainer_addon.events import event
from voxel_trainer_addon.files import digest, read_json, write_json, write_jsonl
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

CHAINS = (
    ("ShaderNodeTexNoise", "ShaderNodeValToRGB", "ShaderNodeMix"),
    ("ShaderNodeTexVoronoi", "ShaderNodeMath", "ShaderNodeBump"),
    ("ShaderNodeTexCoord", "ShaderNodeMapping", "ShaderNodeTexBrick", "ShaderNodeBsdfPrincipled"),
    ("GeometryNodeMeshGrid", "GeometryNodeSetPosition", "GeometryNodeSubdivideMesh"),
    ("ShaderNodeFresnel", "ShaderNodeMixShader"),
)

TABLE = {
    **small_table.TABLE,
    "types": {
        **small_table.TYPES,
        "BlendData": small_table.struct(node_groups="BlendDataNodeTrees<NodeTree>"),
        "BlendDataNodeTrees": small_table.struct(new="()NodeTree"),
    },
    "nodes": {
        name: {
            "label": name,
            "trees": [],
            "inputs": {"count": 1, "keys": ["In"]},
            "outputs": {"count": 1, "keys": ["Out"]},
        }
        for chain in CHAINS
        for name in chain
    },
}
"""The names that scripts of these nodes use, as a Blender's own table."""
NAMED = re.compile(r'node_groups\.new\("([^"]+)"')
STOPPED = "stopped_by_guard = 1"
"""A script with this line in it is what the guard stops."""


def script(types: Iterable[str], name: str = "Made") -> str:
    """A script that makes nodes of these types in a row, in the form that the dataset has."""
    lines = ["import bpy", "", f'tree = bpy.data.node_groups.new("{name}", "ShaderNodeTree")']
    lines.append("nodes, links = tree.nodes, tree.links")
    made = [f"node_{number}" for number, _ in enumerate(types)]
    lines += [f'{variable} = nodes.new("{type}")' for variable, type in zip(made, types, strict=True)]
    lines += [f'links.new({a}.outputs["Out"], {b}.inputs[0])' for a, b in pairwise(made)]
    return "\n".join(lines) + "\n"


def row(number: int, types: Iterable[str], prompt: str = "", group: str = "") -> dict[str, Any]:
    """A dataset row."""
    completion = script(types, f"Tree {number}")
    return {
        "id": digest(["row", number]),
        "kind": "piece" if number % 3 else "tree",
        "task": "piece" if number % 3 else "material",
        "prompt": prompt or f'Make the node group "Tree {number}": {", then ".join(types)}.',
        "completion": completion,
        "blender_version": "5.2.3",
        "proof": {"graph": digest(completion), "blender": "5.2.3", "compared": "sem"},
        "group": group or f"group {number}",
        "family": digest(list(types)),
        "nodes": len(list(types)),
        "key": f"node_groups/Tree {number}",
        "sources": [{"origin": "bundled:5.2", "path": "shading.blend", "sha256": "0" * 64, "licence": "CC0-1.0"}],
    }


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [row(number, CHAINS[number % len(CHAINS)]) for number in range(start, start + count)]


@dataclass
class Ended:
    ok: bool = True
    sentence: str = ""
    body: dict[str, Any] = field(default_factory=dict)


@dataclass
class Base:
    folder: Path | None


@dataclass
class Provider:
    """Answers by two functions from a dataset row's completion, base and tuned; remembers what it was asked."""

    folder: Path
    base_says: Callable[[str], str]
    tuned_says: Callable[[str], str]
    budget: int = 10_000
    stops_after: int = 10_000
    draws: Callable[[str, int], str] = lambda code, sample: prompts.answer(code) if sample % 2 else ""
    """What is said to a completion by chance, by the sample's number."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def environment(self, work: Any) -> None:
        """There is none."""

    def base(self, model: str, work: Any) -> Base:
        return Base(self.folder)

    def answer(
        self, request: dict[str, Any], on_line: Callable[[dict[str, Any]], None], tick: Callable[[], bool]
    ) -> Ended:
        self.requests.append(request)
        kept = [r for r in request["rows"] if len(r["completion"]) <= self.budget]
        over = [r["id"] for r in request["rows"] if len(r["completion"]) > self.budget]
        for id in over:
            on_line({"kind": "over_budget", "id": id})
        for r in kept[: min(request.get("prompts") or len(kept), self.stops_after)]:
            for model in request["models"]:
                tick()
                self.asked.append((model, r["id"]))
                if r["id"] in request.get("loss_rows", ()) and model in request["loss_models"]:
                    loss = 0.2 if model == "tuned" else 1.6
                    on_line({"kind": "loss", "model": model, "id": r["id"], "loss": loss, "tokens": 90})
                for number in r.get("samples", (None,)):
                    says = self.tuned_says if model == "tuned" else self.base_says
                    code = prompts.code_of(r["completion"])
                    text = says(code) if number is None else self.draws(code, number)
                    line = {"text": text, "finished": not text.endswith("…"), "tokens": len(text) // 3, "seconds": 0.5}
                    on_line({"kind": "answer", "model": model, "id": r["id"], "sample": number or 0, **line})
        return Ended()


@dataclass
class Desk:
    """A `Work` for one stage. Its workers make of a script what its text tells; a line with `Wrong` in it raises."""

    folder: DataFolder
    catalog: Catalog
    options: Options
    host: Host | None = field(default_factory=lambda: Host("python", True, (5, 2, 3)))
    run_id: str = "test"
    events: list[dict[str, Any]] = field(default_factory=list)

    def emit(self, kind: str, **fields: Any) -> None:
        self.events.append(event(kind, **fields))

    def note(self, words: str) -> None:
        self.emit("note", stage="evaluate", words=words)

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        assert 0 <= done <= total

    def set_aside(self, aside: SetAside) -> None:
        self.catalog.add_aside(aside)

    def tick(self) -> bool:
        return True

    def wait_while_paused(self) -> None:
        """Nobody pauses a test."""

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        """The stage has none."""

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for request in requests:
            body = request.body
            if request.job == "names":
                yield Answer(request, True, {"table": TABLE})
            elif request.job == "run_checked":
                yield Answer(request, True, {"ran": True, "error": "", "missed": []})
            elif STOPPED in body["code"]:
                yield Answer(request, False, {}, "unsafe", "The script was stopped.")
            else:
                yield Answer(request, True, worked(body))


def worked(body: Mapping[str, Any]) -> dict[str, Any]:
    """What job `run_answer` would give, as far as the text tells."""
    lines = body["code"].splitlines()
    wrong = [line for line in lines if "Wrong" in line or line.count("(") != line.count(")")]
    failed = bool(wrong) and not body["drop_failing"]
    kept = lines[: lines.index(wrong[0])] if failed else [line for line in lines if line not in wrong]
    graph = sketch("\n".join(kept))
    if graph and (named := NAMED.search(body["code"])):
        graph = replace(graph, key=f"node_groups/{named[1]}")
    return {
        "ran": not wrong,
        "error": "RuntimeError: Error: Node type is undefined" if wrong else "",
        "line": lines.index(wrong[0]) + 1 if wrong else 0,
        "dropped": len(wrong) if body["drop_failing"] else 0,
        "graphs": {graph.key: json.loads(json.dumps(graph.as_json()))} if graph else {},
    }


def desk(root: Path, **options: Any) -> Desk:
    """A desk on an empty data folder."""
    folder = DataFolder(root / "training_data")
    folder.root.mkdir(parents=True)
    return Desk(folder, Catalog(folder.catalog), Options(**options))


def prose(_: str) -> str:
    return "Sure! Here is how you do it in Blender."


def laid(desk: Desk, test: int = 8) -> Path:
    """A dataset and a model that was tuned on it; the base's folder."""
    lay_dataset(desk.folder, "voxel", rows(6, 100), rows(test))
    return lay_model(desk.folder, "voxel")


def evaluation(desk: Desk, ending: str = "", version: str = "v1") -> dict[str, Any]:
    """What the stage wrote."""
    found = read_json(desk.folder.model("voxel", version) / f"evaluation{ending}.json")
    assert isinstance(found, dict)
    return found


def lay_dataset(folder: DataFolder, name: str, train: list[dict[str, Any]], test: list[dict[str, Any]]) -> None:
    write_jsonl(folder.dataset(name) / "train.jsonl", train)
    write_jsonl(folder.dataset(name) / "test.jsonl", test)


def lay_model(folder: DataFolder, name: str, version: str = "v1", **job: Any) -> Path:
    """A tuned model as the train stage leaves it, with a few bytes as weights; the base's folder."""
    place, base = folder.model(name, version), folder.root.parent / "base"
    for model, content in ((place / "model", b"tuned"), (base, b"base")):
        model.mkdir(parents=True, exist_ok=True)
        (model / "model.safetensors").write_bytes(content)
    write_json(place / "job.json", {"state": "done", "finished_at": "2026-11-23T20:00:00Z", **job})
    return base
