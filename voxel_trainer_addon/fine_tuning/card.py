# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of a tuned model: what it was made of, under which licences, and how its loss fell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..words import counted, duration, harmless

OBJECTIVES = {
    "sft": "supervised: the loss counts the tokens of answers only",
    "dpo": "preferences (DPO): of two answers to a request the better one is made likelier",
}
METHODS = {
    "full": "full tuning of all parameters",
    "lora": "a LoRA adapter on all linear layers",
    "qlora": "a LoRA adapter on all linear layers of a base held in 4 bits",
}


def text(job: Mapping[str, Any]) -> str:
    """The card as Markdown, from the facts in `job.json`."""
    name, base = harmless(job["dataset"]), harmless(job["model"])
    budget = job["parameters"]["tokens"]
    steps = f"{counted(job['steps'], 'step')} in {duration(job['seconds'])}"
    licence = job["base_licence"] or "not stated by its folder"
    lines = [
        "---",
        *([f"license: {job['base_licence'].lower()}"] if job["base_licence"] else []),
        f"base_model: {base}",
        "language: [en, code]",
        "pipeline_tag: text-generation",
        "tags: [blender, bpy, node-trees]",
        "---",
        "",
        f"# {name} {job['version']}",
        "",
        f"{base}, tuned by Voxel Trainer {__version__} to answer requests for Blender node trees with bpy code.",
        "",
        "| | |",
        "|---|---|",
        f"| base | {base}, licence {licence}, {job['parameters_count']:,} parameters |",
        f"| objective | {OBJECTIVES[job['parameters'].get('objective', 'sft')]} |",
        f"| method | {METHODS[job['method']]}, AdamW, rate {job['rate']:g} |",
        *([f"| begun from | {harmless(job['parameters']['start'])} |"] if job["parameters"].get("start") else []),
        f"| rows | {job['n_rows']:,} trained on, {job['n_over']:,} left out as longer than {budget:,} tokens |",
        f"| training | {steps}, {job['passes']} passes, {job['dtype']}, {job['device']} |",
        f"| plan | {_plan(job)} |",
        f"| seed | {job['parameters']['seed']} |",
        f"| dataset | {name}, hash {job['dataset_hash']} |",
        f"| versions | {', '.join(f'{n} {v}' for n, v in job['versions'].items())}; {job['threads']} threads |",
        "",
        "Licences of the data (rows by the licences of the files that they come from):",
        "",
        *(f"- {harmless(licence)}: {rows:,}" for licence, rows in job["data_licences"].items()),
        "",
        "Loss on held-out rows, nats a token:",
        "",
        "| step | seconds | loss |",
        "|---|---|---|",
        *(f"| {point['step']} | {point['seconds']} | {point['loss']:.3f} |" for point in job["held_out"]),
        "",
        f"To train it once more by its record: `train --again {job['id']}`. On one machine in float32, with the same "
        "versions and threads, the weights come out the same.",
        "",
        "What the model can do is in `evaluation.json` beside this file, once `evaluate` has run. Its answers are "
        "code: run them only where an allow-list and a locked-down Blender stand between them and your files.",
    ]
    return "\n".join(lines) + "\n"


def _plan(job: Mapping[str, Any]) -> str:
    """How long it was to be, and what ended it."""
    ended = {"clock": "the clock ended it earlier", "plan": "followed to its end"}.get(job["ended_by"], job["ended_by"])
    saved = job.get("saved_step", job["steps"])
    kept = f"; kept is the state after step {saved}, the best on held-out rows" if saved != job["steps"] else ""
    return f"{counted(job['planned_steps'], 'step')}, {ended}{kept}"
