# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark of real trees: its script, alone in its folder, gives the references 1.0 and other answers what we do."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blenders import NEWEST, OLDEST, slow_but_in
from tests.evaluation import mutations
from tests.evaluation.test_evaluator import Asked, asked, files, plain_json, run
from voxel_trainer_addon import prompts
from voxel_trainer_addon.dataset_builder.form import FORM
from voxel_trainer_addon.evaluation import frozen
from voxel_trainer_addon.evaluation.quality_metrics import Answered, Wanted, score
from voxel_trainer_addon.files import digest, read_jsonl, write_json, write_jsonl
from voxel_trainer_addon.graph.model import Graph
from voxel_trainer_addon.pipeline.freeze import freeze, in_blender
from voxel_trainer_addon.worker.inside import empty, prove
from voxel_trainer_addon.worker.protocol import Host

pytestmark = [pytest.mark.bpy, *slow_but_in(OLDEST, NEWEST)]
__all__ = ["asked", "files"]  # fixtures of another module
ROWS = 12
CHANGED = (
    "rearranged",
    "value x10",
    "link removed",
    "node swapped",
    "gone type",
    "empty tree",
    "prose",
    "nothing",
)
HOSTILE = {
    "loops": "import bpy\nwhile True: pass\n",
    "quits": "import bpy\nbpy.ops.wm.quit_blender()\n",
    "ends": "import os\nos._exit(0)\n",
    "raises": "import bpy\nraise SystemExit\n",
    "connects": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 5)\n",
}


def row(one: Asked, code: str) -> dict[str, Any]:
    source = {"origin": "folder:blend", "path": one.file, "sha256": digest(one.file), "licence": "CC0-1.0"}
    return {
        **{"id": digest(code), "kind": "tree", "task": one.kind, "prompt": one.prompt, "completion": code},
        **{"form": "code", "blender_version": bpy.app.version_string.split()[0], "key": one.graph.key, "test": "far"},
        **{"group": digest(one.file)[:16], "family": digest(one.file)[:16], "answer": digest(code), "nodes": 3},
        **{"sources": [source], "proof": {"name": "same graph", "graph": "", "blender": "", "compared": "sem"}},
    }


@pytest.fixture(scope="module")
def rows(asked: list[Asked], files: dict[str, dict[str, Graph]], tmp_path_factory: Any) -> list[dict[str, Any]]:
    """Proven scripts of trees of the corpus of all kinds, with the longest prompts."""
    scratch, found = tmp_path_factory.mktemp("proofs"), {}
    for one in asked:
        if one.length == "full" and 3 <= len(one.graph.nodes) <= 15 and len(found) < ROWS:
            graphs = {name: graph.as_json() for name, graph in files[one.file].items()}
            body = {"graphs": graphs, "roots": [one.graph.key]}
            answer = prove.run(plain_json(body), scratch)["scripts"][one.graph.key]
            if answer["proven"]:
                found[answer["code"]] = row(one, answer["code"])
    empty()
    return list(found.values())


@pytest.fixture(scope="module")
def folder(rows: list[dict[str, Any]], tmp_path_factory: Any) -> Iterator[Path]:
    """The benchmark, away from all that it was made of."""
    place = tmp_path_factory.mktemp("frozen")
    write_jsonl(place / "rocks" / "test.jsonl", rows)
    write_json(place / "rocks" / "dataset.json", {"row": FORM, "name": "rocks", "hash": "4b1d"})
    host = Host(sys.executable, True, bpy.app.version)
    runs = in_blender(host, lambda: True, lambda words: None)
    known = freeze(place / "rocks", place / "out", host.name, runs, lambda words: None)
    assert known["prompts"] >= ROWS - 2 and "stale" not in known["left_out"]
    shutil.rmtree(place / "rocks")
    yield place / "out"


def script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(folder / frozen.SCRIPT), *words, "--jobs", "2"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder.parent)


def answered(folder: Path, texts: dict[str, str], *words: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Id → its figures, and what the script said before it ran anything."""
    write_jsonl(folder.parent / "answers.jsonl", ({"id": id, "text": text} for id, text in texts.items()))
    done = script(folder, str(folder.parent / "answers.jsonl"), "--out", str(folder.parent / "scores.jsonl"), *words)
    assert done.returncode == 0, done.stderr
    return {line["id"]: line for line in read_jsonl(folder.parent / "scores.jsonl")}, done.stderr


def test_the_references_score_one_everywhere(folder: Path) -> None:
    done = script(folder, "--references")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(line.split()[:2] for line in done.stdout.splitlines()[1:-1])
    assert figures == dict.fromkeys(("parses", "runs", "all_conditions", "conditions", "node_f1", "link_f1"), "1.000")
    assert "strangers' code" in done.stderr


def test_changed_answers_score_as_they_do_with_us(folder: Path, tmp_path: Path) -> None:
    loaded = frozen.load(folder)
    texts, ours = {}, {}
    for n, one in enumerate(loaded[:-1]):
        code = one["completion"]
        graphs = run(code, tmp_path).graphs or {}
        wanted = Wanted(graphs[one["key"]], graphs)
        other = loaded[(n + len(loaded) // 2) % len(loaded)]["completion"]
        made = mutations.mutants(mutations.Case(code, wanted, other))
        mutant = made.get(CHANGED[n % len(CHANGED)]) or made["another's answer"]
        ran = run(mutant.code, tmp_path)
        ours[one["id"]] = score(Answered(mutant.code, True, ran), wanted)
        texts[one["id"]] = prompts.answer(mutant.code)
    empty()
    scores, _ = answered(folder, texts)
    last = scores.pop(loaded[-1]["id"])
    assert (last["parses"], last["runs"], last["node_f1"], last["link_f1"]) == (False, False, 0, 0)
    assert scores.keys() == ours.keys()
    for id, told in scores.items():
        assert (told["parses"], told["runs"]) == (bool(ours[id].parses), bool(ours[id].runs)), texts[id]
        if told["runs"]:
            assert (told["node_f1"], told["link_f1"]) == pytest.approx((ours[id].node_f1, ours[id].link_f1), abs=1e-4)
        assert told["node_f1"] <= ours[id].node_f1 + 1e-4
    assert sum(told["runs"] for told in scores.values()) > len(scores) // 2
    assert len({told["node_f1"] for told in scores.values()}) > 2


def test_hostile_answers_fail_and_end_nothing(folder: Path) -> None:
    ids = [one["id"] for one in frozen.load(folder)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        codes = {name: code.replace("PORT", str(server.getsockname()[1])) for name, code in HOSTILE.items()}
        texts = dict(zip(ids, map(prompts.answer, codes.values()), strict=False))
        scores, said = answered(folder, texts, "--limit", "20")
        if "Cut off from the network here: yes" in said:
            with pytest.raises(TimeoutError):
                server.accept()
    told = {name: scores[id] for name, id in zip(codes, ids, strict=False)}
    assert {name for name, one in told.items() if one["runs"]} <= {"connects", "quits"}  # bpy as a module cannot quit
    assert told["loops"]["error"] == "It took more than 20 seconds."
    assert told["ends"]["error"] == "Blender ended before it could tell."
    assert told["raises"]["error"].startswith("SystemExit")
    assert all(one["node_f1"] == 0 for one in told.values())


def test_a_reference_that_was_changed_is_found_by_the_script(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "changed")
    lines = list(read_jsonl(other / frozen.REFERENCES))
    lines[0]["facts"]["nodes"].append("ShaderNodeMath")
    (other / frozen.REFERENCES).write_text("".join(json.dumps(line) + "\n" for line in lines[:1]), encoding="utf-8")
    first = next(read_jsonl(other / frozen.PROMPTS))
    (other / frozen.PROMPTS).write_text(json.dumps(first) + "\n", encoding="utf-8")
    assert script(other, "--references").returncode == 1


def test_answers_to_other_prompts_and_two_of_one_are_refused(folder: Path, tmp_path: Path) -> None:
    id = frozen.load(folder)[0]["id"]
    for lines, words in (
        ([{"id": "nobody", "text": ""}], "are to no prompt"),
        ([{"id": id, "text": ""}] * 2, "two lines of one id"),
        ([{"text": ""}], "could not be read"),
    ):
        write_jsonl(tmp_path / "answers.jsonl", lines)
        done = script(folder, str(tmp_path / "answers.jsonl"))
        assert done.returncode == 1 and words in done.stderr
    assert script(folder).returncode == 2


def test_a_program_that_is_no_blender_is_said(folder: Path) -> None:
    done = script(folder, "--references", "--blender", shutil.which("true") or "true")
    assert done.returncode == 1 and "is no Blender" in done.stderr
