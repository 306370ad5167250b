# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of a tuned model: what it was made of, under which licences, and how its loss fell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..words import counted, duration, harmless

METHODS = {"full": "full tuning of all parameters", "lora": "a LoRA adapter on all linear layers"}


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
        f"| method | {METHODS[job['method']]}, AdamW, rate {job['rate']:g}, loss on answers only |",
        f"| rows | {job['n_rows']:,} trained on, {job['n_over']:,} left out as longer than {budget:,} tokens |",
        f"| training | {steps}, {job['passes']} passes, {job['dtype']}, {job['device']} |",
        f"| dataset | {name}, hash {job['dataset_hash']} |",
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
        "What the model can do is in `evaluation.json` beside this file, once `evaluate` has run. Its answers are "
        "code: run them only where an allow-list and a locked-down Blender stand between them and your files.",
    ]
    return "\n".join(lines) + "\n"
