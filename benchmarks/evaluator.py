# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator evaluated: a dataset's own answers, and each of them wrong by a known amount, through run and score.

    python benchmarks/evaluator.py DATASET_FOLDER --blender PATH [--rows N] [--workers N]

PATH is a Blender, or a Python that has bpy. Prints one JSON object: for each mutation the number of answers, the mean
of each metric and the mean grade; `disorder` names what came out in the wrong order and `yes_man` what the same check
finds where a scorer always says yes: the first must be empty, the second must not. `looseness` is the mean share of
other trees of the same kind that meet all conditions of a prompt, by how the prompt is worded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.evaluation import mutations  # noqa: E402
from voxel_trainer_addon.bpy_code import allowed, source  # noqa: E402
from voxel_trainer_addon.cli.host import ask  # noqa: E402
from voxel_trainer_addon.evaluation import conditions, prompt_words, quality_metrics  # noqa: E402
from voxel_trainer_addon.graph import similarity  # noqa: E402
from voxel_trainer_addon.graph.model import Graph  # noqa: E402
from voxel_trainer_addon.row_files import rows_of  # noqa: E402
from voxel_trainer_addon.stage import EVALUATED  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Request  # noqa: E402

METRICS = (*quality_metrics.RUNGS, *quality_metrics.GRADED)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--blender", required=True)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    rows = [row for row in rows_of(options.dataset, "test") if row["kind"] in EVALUATED]
    random.Random(0).shuffle(rows)
    host = ask(options.blender, ROOT / "scripts" / "run_headless.py")
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as scratch,
        Pool(host, workers=options.workers, memory_mb=2000, scratch=Path(scratch)) as pool,
    ):
        first = run(pool, {row["completion"] for row in rows})
        cases = cases_of(rows, first, options.rows)
        answers = [mutations.mutants(case) for _, case in cases]
        second = run(pool, {mutant.code for made in answers for mutant in made.values()})
    ran_s = time.perf_counter() - began
    began = time.perf_counter()
    scores = [
        {
            name: quality_metrics.score(
                quality_metrics.Answered(m.code, m.finished, second.get(m.code, quality_metrics.Ran())), case.wanted
            )
            for name, m in made.items()
        }
        for (_, case), made in zip(cases, answers, strict=True)
    ]
    scored_s = time.perf_counter() - began
    grades = [{name: mutations.grade(score) for name, score in each.items()} for each in scores]
    count = sum(map(len, scores))
    found = {
        "rows": len(cases),
        "no_tree": [row["id"] for row in rows if not wanted_of(row, first)],
        "mutations": {name: means([each[name] for each in scores if name in each]) for name in mutations.MUTATIONS},
        "disorder": mutations.disorder(grades),
        "yes_man": mutations.disorder([dict.fromkeys(each, 1.0) for each in grades]),
        "looseness": looseness(rows, first),
        "seconds_an_answer": {"run": round(ran_s / count, 3), "score": round(scored_s / count, 3)},
        "blender": host.name,
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
    }
    print(json.dumps(found, indent=2, ensure_ascii=False))


def run(pool: Pool, scripts: set[str]) -> dict[str, quality_metrics.Ran]:
    """What came of each script, failing lines left out where it did not run as it stands."""
    found: dict[str, quality_metrics.Ran] = {}
    safe = sorted(code for code in scripts if code.strip() and source.parses(code) and not allowed.unsafe(code))
    for drop in (False, True):
        due = sorted(code for code in scripts if code.strip() and not (found.get(code) and found[code].ran))
        asked = dict(enumerate(due if drop else safe))
        requests = (Request("run_answer", {"code": code, "drop_failing": drop}, str(n)) for n, code in asked.items())
        for answer in pool.run(requests, lambda: True):
            code, body = asked[int(answer.request.item)], answer.body if answer.ok else {}
            graphs = {key: Graph.from_json(graph) for key, graph in body.get("graphs", {}).items()}
            whole = bool(body.get("ran")) and not drop
            error = str(body.get("error") or answer.sentence)
            found[code] = quality_metrics.Ran(whole, error, int(body.get("dropped", 0)), graphs)
    return found


def wanted_of(row: dict[str, Any], ran: dict[str, quality_metrics.Ran]) -> quality_metrics.Wanted | None:
    """What a row's own answer makes; None where it makes nothing."""
    outcome = ran.get(row["completion"], quality_metrics.Ran())
    graph = similarity.root(outcome.graphs or {}, row["key"]) if outcome.ran else None
    if graph is None:
        return None
    asked = conditions.conditions(graph, row["prompt"])
    return quality_metrics.Wanted(graph, outcome.graphs or {}, asked, row["kind"] == "piece")


def cases_of(
    rows: list[dict[str, Any]], ran: dict[str, quality_metrics.Ran], most: int
) -> list[tuple[dict[str, Any], mutations.Case]]:
    """Rows with what they make, and the answer of another row of the same task."""
    found: list[tuple[dict[str, Any], mutations.Case]] = []
    for row in rows:
        wanted = wanted_of(row, ran)
        others = [each for each in rows if each["task"] == row["task"] and each["group"] != row["group"]]
        if wanted and others and len(found) < most:
            other = random.Random(row["id"]).choice(others)
            found.append((row, mutations.Case(row["completion"], wanted, other["completion"])))
    return found


def means(scores: list[quality_metrics.Score]) -> dict[str, Any]:
    """The mean of each metric over the answers that it applies to."""
    found: dict[str, Any] = {"answers": len(scores)}
    for metric in METRICS:
        values = [float(value) for score in scores if (value := getattr(score, metric)) is not None]
        if values:
            found[metric] = round(sum(values) / len(values), 3)
            if len(values) < len(scores):
                found[f"{metric} applies to"] = len(values)
    found["grade"] = round(sum(map(mutations.grade, scores)) / len(scores), 3) if scores else None
    return found


def wording(prompt: str) -> str:
    """How a prompt is worded: the longest ones list nodes or tell them in sentences; the rest is a line or short."""
    form = prompt_words.said(prompt).form
    return form if form != "counted" else "short" if "It is made of" in prompt or "It uses" in prompt else "line"


def looseness(rows: list[dict[str, Any]], ran: dict[str, quality_metrics.Ran]) -> dict[str, Any]:
    """By kind and wording: prompts with three and more nodes, mean share of others that meet all, prompts over half."""
    there = [(row, wanted) for row in rows if (wanted := wanted_of(row, ran))]
    others = {row["answer"]: (row["kind"], conditions.Tree(wanted.graph)) for row, wanted in there}.values()
    shares: dict[str, list[float]] = defaultdict(list)
    for row, wanted in there:
        alike = [tree for kind, tree in others if kind == row["kind"]]
        share = conditions.looseness(wanted.asked, wanted.graph, alike)
        if share is not None and conditions.Tree(wanted.graph).kinds.total() >= conditions.TELLING_NODES:
            shares[f"{row['kind']}, {wording(row['prompt'])}"].append(share)
    return {
        name: {
            "prompts": len(each),
            "mean": round(sum(each) / len(each), 4),
            "over_half": sum(share > conditions.LOOSE for share in each),
        }
        for name, each in sorted(shares.items())
    }


if __name__ == "__main__":
    main()
