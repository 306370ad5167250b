# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation laid by hand: three prompts for a small material, answered by four contestants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.report.graphs import EVIL, brick, with_value, without
from voxel_trainer_addon.graph.model import Graph

LABELS = {
    "base": "the base model",
    "few-shot": "the base model with examples",
    "retrieval": "the nearest training answer",
    "tuned": "the tuned model",
}
RUNGS = ("finished", "parses", "imports_bpy", "safe", "names_valid", "runs", "has_effect", "conditions_all")


def score(rungs: int, f1: float, error: str = "") -> dict[str, Any]:
    """A score that reaches so many rungs of the ladder."""
    ladder = {rung: int(place < rungs) for place, rung in enumerate(RUNGS)}
    graded = dict.fromkeys(("conditions_met", "adherence", "node_f1", "link_f1", "parameter_f1", "edit_similarity"), f1)
    same = {"makes_tree": int(f1 > 0), "graph_match": int(f1 == 1.0)}
    told = {"repeated": 0.1, "copied": 0, "shared_words": 0.0, "dropped": 0, "missed": [], "error": error}
    return {**ladder, **graded, **same, **told}


def answer(code: str, graph: Graph | None, judged: dict[str, Any], **more: Any) -> dict[str, Any]:
    text = f"```python\n{code}```" if code else "I cannot."
    drawn = graph.as_json() if graph else None
    return {
        "text": text,
        "code": code,
        "tokens": 9,
        "seconds": 0.5,
        "source": "",
        "score": judged,
        "graph": drawn,
    } | more


def line(number: int, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": f"{number:064x}",
        "kind": "tree",
        "task": "material",
        "test": "near",
        "source": "bundled:5.2",
        "group": f"group {number}",
        "prompt": f"Make the material “{EVIL}” number {number}.",
        "reference": "import bpy\nmade = 1\n",
        "asked": ["has Brick Texture"],
        "graph": with_value(brick("Brick"), 0.5).as_json(),
        "losses": {"base": 1.6, "tuned": 0.2},
        "answers": answers,
    } | more


def lines() -> list[dict[str, Any]]:
    """Tuned passes alone, base passes alone, both fail; the first has a wrong value and lacks a node."""
    wanted = with_value(brick("Brick"), 0.5)
    nearly = without(with_value(brick("Brick"), 0.25), "Noise")
    renamed = replace(brick("Other"), nodes=brick("Other").nodes[:3], links=())
    passed, failed = score(7, 0.8), score(1, 0.0, "The answer holds no Python that parses.")
    retrieved = answer("import bpy\nother = 2\n", renamed, score(6, 0.4))
    by_row = [(answer("import bpy\nnearly = 1\n", nearly, passed), answer("", None, failed))]
    by_row.append((answer("", None, failed), answer("import bpy\nmade = 1\n", wanted, score(8, 1.0))))
    by_row.append((answer("", None, failed), answer("", None, failed)))
    return [
        line(n, {"base": base, "few-shot": base, "retrieval": retrieved, "tuned": tuned})
        for n, (tuned, base) in enumerate(by_row)
    ]


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": max(0.0, value - 0.2), "high": min(1.0, value + 0.2)}


def metric(name: str, label: str, binary: bool, *, few: bool = False) -> dict[str, Any]:
    values = {"base": 0.1, "few-shot": 0.35, "retrieval": 0.4, "tuned": 0.8}
    told = {who: {"value": value} if few else interval(value) for who, value in values.items()}
    return {"metric": name, "label": label, "binary": binary, "prompts": 3, "does_not_apply": 0, "values": told}


def comparison(who: str, verdict: str, name: str = "node_f1", label: str = "has the nodes (F1)") -> dict[str, Any]:
    words = "Better than" if verdict == "better" else "Not shown to be better or worse than"
    return {
        **{"metric": name, "label": label, "against": who, "against_label": LABELS[who]},
        **{"tuned": 0.8, "other": 0.1, "difference": {"value": 0.7, "low": 0.5, "high": 0.9}},
        **{"prompts": 3, "groups": 3, "p": 0.01, "verdict": verdict, "settles_at": None},
        "words": f"{words} {LABELS[who]}: 0.80 against 0.10 on 3 prompts, difference +0.70.",
    }


def probes() -> dict[str, Any]:
    """Its `probes`: of two changed prompts the tuned model follows one and copies the other."""
    outcomes = ("followed", "copied", "neither", "no_tree", "reached")
    shares = {who: {one: interval(0.5) for one in outcomes} for who in ("base", "tuned")}
    memorised = {
        **{"wanted": 3, "prompts": 2, "groups": 2, "changed": {"number": 1, "node": 1}},
        "values": {
            who: each | {"followed_of_reached": {"prompts": 1, **interval(1.0)}} for who, each in shares.items()
        },
        "words": "Of 2 training prompts with one thing changed, the tuned model follows 50%.",
    }
    general = {who: {"runs": interval(0.4), "done": interval(0.2)} for who in ("base", "tuned")}
    python = {who: {"token": interval(0.9), "byte": interval(0.25)} for who in ("base", "tuned")}
    verdict = {"verdict": "not shown", "words": "Not shown to be better or worse than the base: the same."}
    lost = {
        "general": {"wanted": 100, "prompts": 1, "values": general, **verdict},
        "python": {"wanted": 100, "prompts": 1, "unmeasured": 1, "python": "3.13.2", "values": python, **verdict},
    }
    return {"words": "In the time both models answered 2 of 3.", "memorisation": memorised, "forgetting": lost}


def probe_lines() -> list[dict[str, Any]]:
    """Its `probes.jsonl`."""
    start = {"group": "a", "prompt": f"Make “{EVIL}” with Scale 4.", "completion": "import bpy\nwanted = 4\n"}
    changed = {"source": "0", "changed": "number", "was": "Noise Texture: Scale 2", "asks": "Noise Texture: Scale 4"}
    trained = {"prompt": f"Make “{EVIL}” with Scale 2.", "completion": "import bpy\ntrained = 2\n"}
    said = {"base": "I cannot.", "tuned": "```python\nimport bpy\nsaid = 2\n```"}
    outcomes = {"base": "no_tree", "tuned": "copied"}
    ran = {"ran": True, "done": False, "missed": ["scene.objects"], "error": ""}
    return [
        {
            **{"probe": "memorisation", "id": "memorisation/1", **start, **changed, "trained": trained},
            "answers": {who: {"text": said[who], "outcome": outcomes[who], "reached": False} for who in said},
        },
        {
            **{"probe": "general", "id": "general/a/1", **start},
            "answers": {
                "base": {"text": said["base"], "ran": False, "done": False, "missed": [], "error": f"No {EVIL}."},
                "tuned": {"text": said["tuned"], **ran},
            },
        },
        {
            **{"probe": "python", "id": "python/a.b", **start, "bytes": 90},
            "answers": {"base": {"loss": None, "tokens": None}, "tuned": {"loss": 0.93, "tokens": 40}},
        },
    ]


def evaluation(**more: Any) -> dict[str, Any]:
    """Its `evaluation.json`."""
    few = [metric("node_f1", "has the nodes (F1)", False, few=True)]
    source = {"source": EVIL, "prompts": 3, "values": {who: {"value": 0.5} for who in LABELS}}
    than = {"base": "better", "few-shot": "not shown", "retrieval": "not shown"}
    return {
        **{"schema": 2, "id": "voxel/v1", "name": "voxel", "version": "v1", "subject": "tuned", "seconds": 90.0},
        **{"started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:01:30Z", "blender": "5.2.3"},
        "contestants": [{"who": who, "label": label, "hash": f"hash of {who}"} for who, label in LABELS.items()],
        "settings": {"preset": "quick", "seed": 0, "prompts": 3, "new_tokens": 384, "budget_tokens": 512},
        "dataset": {"name": "voxel", "test_rows": 3, "train_rows": 50, "test": "digest of the test split"},
        "prompts": {"held_out": 3, "over_budget": 1, "wanted": 3, "reached": 3, "compared": 3, "stale": 0, "groups": 3},
        "metrics": [metric("runs", "runs in Blender to its end", True), metric("node_f1", "has the nodes (F1)", False)],
        "tables": [{"by": "test", "value": "far", "prompts": 3, "groups": 3, "metrics": few, "sources": [source]}],
        "loss": {"label": "loss", "prompts": 3, "values": {"base": interval(0.9), "tuned": interval(0.2)}},
        "comparisons": [comparison(who, than[who]) for who in than],
        "verdict": {"metric": "node_f1", "label": "has the nodes (F1)", "result": "not shown", "than": than},
        "errors": [{"who": "base", "words": f"NameError: {EVIL}", "prompts": [f"{n:064x}" for n in (0, 2)]}],
        "looks": 4,
        "chosen": {"metric": "node_f1", "before_training": True},
        "speed": {"generate_s": 60.0, "execute_s": 20.0, "score_s": 10.0},
    } | more
