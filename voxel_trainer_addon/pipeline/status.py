# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a data folder stands: counts by stage, the user's goals with what is lacking, and the hand-off note."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from .. import __version__, checkpoints
from ..catalog import Catalog
from ..deployment import registry
from ..files import now, write_text
from ..locks import holder
from ..paths import TASKS, DataFolder
from ..words import counted, harmless

EXAMPLES = 3
"""So many of a group are shown where nobody asks for that group."""
JOB_KEYS = ("id", "provider", "model", "status", "dataset", "result", "held_out_loss_after", "seconds", "reason")
TOKENS = {
    "OPENAI_API_KEY": "to train at OpenAI or a host that speaks its protocol",
    "ANTHROPIC_API_KEY": "to ask Claude",
    "GITHUB_TOKEN": "to harvest GitHub",
}
"""Names of the tokens that may be needed, and for what."""


def gather(folder: DataFolder, catalog: Catalog) -> dict[str, Any]:
    """Everything that `status` shows, as JSON types."""
    stages = {}
    for stage in TASKS:
        point = checkpoints.read(folder, stage)
        stages[stage] = {
            "status": point.get("status", "not started"),
            "last_updated": point.get("last_updated"),
            "progress": point.get("progress", {}),
            "set_aside": dict(Counter(aside.code for aside in catalog.asides(stage))),
        }
    evaluations = catalog.evaluations()
    return {
        "version": __version__,
        "data": folder.root.name,
        "in_use_by": holder(folder.lock),
        "counts": catalog.counts(),
        "stages": stages,
        "jobs": [{key: job.get(key) for key in JOB_KEYS} for job in catalog.jobs()],
        "jobs_waiting": len(list(folder.training_queue.glob("*.json"))),
        "models": [model.as_json() for model in registry.models(folder)],
        "evaluation": evaluations[-1].get("verdict") if evaluations else None,
        "next_steps": checkpoints.next_steps(folder, catalog),
    }


def goals(folder: DataFolder, catalog: Catalog) -> list[dict[str, Any]]:
    """The user's success criteria: what is wanted, what is there, whether it is reached, what is lacking."""
    counts = catalog.counts()
    models = registry.models(folder)
    verdict: dict[str, Any] = next((e["verdict"] for e in reversed(catalog.evaluations()) if "verdict" in e), {})
    better = bool(verdict) and verdict.get("result") == "better" and (verdict.get("relative_gain") or 0) > 0.2
    return [
        _goal("500+ files parsed", counts["parsed"], 500, "more sources: run --source folder:PATH"),
        _no_errors(counts, catalog.count_asides("parse")),
        _goal("10,000+ examples", counts["rows"], 10_000, "more files, or more pieces a tree: dataset --pieces N"),
        _goal("models tuned", sum(bool(model.path) for model in models), 1, "train"),
        _goal("models deployed", sum(model.state == "live" for model in models), 1, "deploy MODEL"),
        {
            "goal": "metrics over 20 % better",
            "have": verdict.get("words", "not evaluated"),
            "want": "a gain of 20 % that is shown",
            "reached": better,
            "lacking": ""
            if better
            else "a held-out comparison that shows it: more rows, longer training, more prompts",
        },
    ]


def _no_errors(counts: dict[str, int], aside: int) -> dict[str, Any]:
    """Files that Blender read with errors count, though they are not set aside."""
    have = f"{aside:,} set aside, {counts['with_errors']:,} read with errors"
    lacking = "" if counts["parsed"] else "parse"
    if aside or counts["with_errors"]:
        lacking = "see status --set-aside; parse --retry tries them again"
    return {"goal": "no errors on parse", "have": have, "want": "none", "reached": not lacking, "lacking": lacking}


def set_aside(catalog: Catalog, code: str = "") -> list[dict[str, Any]]:
    """What was set aside, in groups by stage and code, the largest first; of a stage's code all or `EXAMPLES`."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for aside in catalog.asides():
        if code not in ("", aside.code):
            continue
        group = groups.setdefault(
            (aside.stage, aside.code), {"stage": aside.stage, "code": aside.code, "count": 0, "items": []}
        )
        group["count"] += 1
        if code or group["count"] <= EXAMPLES:
            group["items"].append({"item": aside.item, "sentence": aside.sentence})
    return sorted(groups.values(), key=lambda group: (group["stage"], -group["count"], group["code"]))


def _goal(name: str, have: int, want: int, how: str) -> dict[str, Any]:
    lacking = "" if have >= want else f"{want - have:,} more; {how}"
    return {"goal": name, "have": have, "want": want, "reached": have >= want, "lacking": lacking}


def handoff(folder: DataFolder, catalog: Catalog) -> str:
    """Write `HANDOFF.md` for whoever goes on; its text. It names tokens but never holds one."""
    state = gather(folder, catalog)
    lines = [
        f"# Hand-off of {folder.root.name}",
        "",
        f"Written {now()} by Voxel Trainer {__version__}.",
        "",
        "## Progress",
        "",
    ]
    lines += ["| stage | status | last updated | progress | set aside |", "|---|---|---|---|---|"]
    for stage, seen in state["stages"].items():
        progress = ", ".join(f"{key} {value}" for key, value in seen["progress"].items())
        aside = ", ".join(f"{code}: {count}" for code, count in seen["set_aside"].items()) or "none"
        lines.append(
            f"| {stage} | {seen['status']} | {seen['last_updated'] or ''} | {cell(progress)} | {cell(aside)} |"
        )
    counts = state["counts"]
    lines += ["", f"{counted(counts['files'], 'file')}, {counts['parsed']:,} parsed, {counted(counts['rows'], 'row')}."]
    if state["jobs"]:
        lines += ["", "## Training jobs", "", "| job | status | model | result |", "|---|---|---|---|"]
        for job in state["jobs"]:
            told = job["result"] or job["reason"] or ""
            lines.append(f"| {job['id']} | {job['status']} | {cell(str(job['model']))} | {cell(str(told))} |")
    lines += ["", "## Errors", ""]
    lines += [f"- {aside.stage}: `{cell(aside.item)}`: {cell(aside.sentence)}" for aside in catalog.asides()] or [
        "None."
    ]
    lines += ["", "## Next steps", "", "```sh", *state["next_steps"], "```", "", "## Tokens", ""]
    lines += [f"- `{name}`: {why} ({'set' if os.environ.get(name) else 'not set'})" for name, why in TOKENS.items()]
    text = "\n".join(lines) + "\n"
    write_text(folder.root / "HANDOFF.md", text)
    return text


def cell(text: str) -> str:
    """`text` without what would break a Markdown table or open markup."""
    return harmless(text).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
