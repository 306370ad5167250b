# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of models by how they do in use: `deploy compare`, `deploy watch`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from ..deployment import canary, duels, in_use, pointer, registry, requests
from ..errors import Exit, UserError
from ..files import write_text
from ..paths import DataFolder
from ..pipeline import retraining
from ..report import page
from ..words import counted, harmless


def compare(found: argparse.Namespace, folder: DataFolder) -> int:
    """What duels, and where it is the canary its requests, show of a model against the live one."""
    stands = pointer.read(folder).pointer
    name = found.tuned or (stands.canary.model if stands.canary else "")
    if not stands.live or not name:
        raise UserError("Name a model to compare with the live one: deploy compare MODEL. `deploy list` shows them.")
    model = registry.named(folder, name).id
    if model == stands.live:
        raise UserError(f"{model} is live; name another to compare it with.")
    verdict = duels.judge(duels.kept(folder), model, stands.live)
    about = stands.canary if stands.canary and stands.canary.model == model else None
    decision = canary.judge(requests.watched(folder).requests, about, stands.live) if about else None
    if found.json:
        told = {"duels": asdict(verdict), "canary": asdict(decision) if decision else None}
        print(json.dumps({"model": model, "live": stands.live, **told}))
        return Exit.DONE
    print(f"{harmless(model)} against {harmless(stands.live)}")
    print(f"  Duels: {harmless(verdict.words)}")
    if decision:
        print(f"  Canary: {harmless(decision.words)}")
    return Exit.DONE


def watch(found: argparse.Namespace, folder: DataFolder) -> int:
    """What became of requests, by model and Blender, and what has changed: told, and drawn on a page."""
    told = in_use.told(folder)
    retrain = retraining.suggested(folder)
    if found.prometheus:
        write_text(found.prometheus, in_use.metrics(folder))
    place = page.write_in_use(folder, told).relative_to(folder.root).as_posix() if told["requests"] else ""
    if found.json:
        print(json.dumps({**told, "page": place, "retrain": asdict(retrain)}))
        return Exit.DONE
    if not told["requests"]:
        print("Nothing was asked yet.")
    for row in told["by_blender"]:
        asked = f"{harmless(row['model'])} in Blender {harmless(row['blender'])}: {counted(row['requests'], 'request')}"
        print(asked + (f", {row['whole_s']['median']:.1f} s in the middle" if row["whole_s"] else ""))
        print("  " + ", ".join(f"{name} {row[name]}" for name in requests.SHARES))
    if told["damaged_lines"]:
        print(f"Left out, for the log is damaged: {counted(told['damaged_lines'], 'line')}.")
    for alarm in told["alarms"]:
        print(f"! {harmless(alarm['words'])} What helps: {alarm['button']}.")
    if retrain.enough:
        print(f"! {harmless(retrain.words)}")
    if place:
        print(f"Page: {place} in the data folder")
    return Exit.DONE
