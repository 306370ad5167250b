# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of models in use: `deploy MODEL`, `deploy list` and its other words."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..deployment import gate, pointer, promotion, registry, requests
from ..deployment.promotion import Moved, Refused
from ..deployment.registry import Model
from ..errors import Exit, UserError
from ..evaluation.result import LOSS
from ..paths import DataFolder
from ..report import judged
from ..words import harmless
from . import feedback, hosting, watching

SHARE = 0.1
MAIN_FIGURES = ("parses", "runs", "conditions_met")
"""Metrics that are told beside the deciding one."""


def asked(found: argparse.Namespace, folder: DataFolder, *, online: bool = True) -> int:
    """Do what `deploy` was asked; the exit status. `online` is Blender's own word. With `--json` what cannot be done is
    told as JSON too: `error`, and `against`, what the gate has against a model."""
    found.online = online
    try:
        return _do(found, folder)
    except UserError as error:
        if not found.json:
            raise
        against = [asdict(one) for one in error.against] if isinstance(error, Refused) else []
        print(json.dumps({"error": str(error), "against": against}))
        return error.exit


def _do(found: argparse.Namespace, folder: DataFolder) -> int:
    """A word that is none of ours is a model to be made live."""
    if found.which and found.word != "feedback":
        raise UserError(f"`deploy {found.word}` is about one thing; {harmless(found.which)} is one too many.")
    if found.word in WORDS:
        return WORDS[found.word](found, folder)
    if found.tuned:
        raise UserError(f"{found.word} is no word of `deploy`; they are {', '.join(WORDS)}.")
    return _promote(argparse.Namespace(**{**vars(found), "tuned": found.word}), folder)


def _list(found: argparse.Namespace, folder: DataFolder) -> int:
    standing, known = pointer.read(folder), registry.models(folder)
    lately = requests.lately(requests.watched(folder).requests)
    known.sort(key=lambda model: pointer.STATES.index(model.state))
    if found.json:
        shown = [{**_brief(model), "lately": lately.get(model.id, "")} for model in known]
        print(json.dumps({**standing.pointer.as_json(), "problem": standing.problem, "models": shown}))
        return Exit.DONE
    if standing.problem:
        print(standing.problem)
    if not known:
        print("No model is there yet: `train` makes one.")
    for model in known:
        print(f"{model.state:<10}{harmless(model.id):<24}{model.finished_at[:10]:<12}{model.honest}")
        if model.id in lately:
            print(f"{'':<10}{'in use':<36}{lately[model.id]}")
    live = standing.pointer.live
    if live and live not in {model.id for model in known}:
        print(f"{harmless(live)} is live, but its files are gone. `deploy rollback` goes back to the one before.")
    if canary := standing.pointer.canary:
        print(f"The canary {harmless(canary.model)} answers {canary.share:.0%} of the requests.")
    return Exit.DONE


def _show(found: argparse.Namespace, folder: DataFolder) -> int:
    model = registry.named(folder, _model(found))
    live = next((other for other in registry.models(folder) if other.state == "live" and other.id != model.id), None)
    against = gate.check(folder, model, live)
    moves = [entry for entry in pointer.history(folder) if entry["model"] == model.id]
    if found.json:
        sentences = [one.sentence for one in against]
        print(json.dumps({"id": model.id, **model.as_json(), "against": sentences, "history": moves}))
        return Exit.DONE
    origin = (
        f"{model.asked['provider']} at {model.asked['url']}" if model.asked else f"{model.method} tuning, {model.path}"
    )
    print(f"{model.id}: {model.state}, {model.honest}")
    print(f"  {harmless(model.base)}, {harmless(origin)}, {model.finished_at}")
    if words := model.evaluation.get("verdict", {}).get("words"):
        print(f"  {harmless(words)}")
    for one in against:
        print(f"  ! {harmless(one.sentence)}")
    for entry in moves:
        why = f": {harmless(entry['why'])}" if entry["why"] else ""
        print(f"  {entry['at']}  {entry['done']} {model.id} by {entry['by']}{why}")
    return Exit.DONE


def _promote(found: argparse.Namespace, folder: DataFolder) -> int:
    moved = promotion.promote(folder, _model(found), found.force, found.why)
    return _moved(found, moved, f"Live: {moved.pointer.live}.")


def _rollback(found: argparse.Namespace, folder: DataFolder) -> int:
    moved = promotion.rollback(folder, found.why)
    return _moved(found, moved, f"Live again: {moved.pointer.live}.")


def _canary(found: argparse.Namespace, folder: DataFolder) -> int:
    if found.share == 0:
        moved = promotion.withdraw(folder, pointer.read(folder).pointer, found.why)
        return _moved(found, moved, f"{moved.model} is no canary any more; {moved.pointer.live} answers all requests.")
    share = SHARE if found.share is None else found.share
    moved = promotion.canary(folder, _model(found), share, found.force)
    return _moved(found, moved, f"Canary: {moved.model} answers {share:.0%} of the requests.")


def _add(found: argparse.Namespace, folder: DataFolder) -> int:
    if not found.asks or not found.tuned:
        raise UserError("Say which model, and on which dataset it is evaluated: deploy add DATASET --asks openai:NAME.")
    model = registry.add(folder, found.tuned, found.asks, found.base_url, tuned=found.was_tuned)
    words = f"Added: {model.id}. Evaluate it, then `deploy {model.id}`."
    print(json.dumps(_brief(model)) if found.json else words)
    return Exit.DONE


def _model(found: argparse.Namespace) -> str:
    if not found.tuned:
        raise UserError(f"Name a model: deploy {found.word} MODEL. `deploy list` shows them.")
    return str(found.tuned)


def _moved(found: argparse.Namespace, moved: Moved, words: str) -> int:
    if found.json:
        told = {"forced": moved.forced, "notes": moved.notes}
        print(json.dumps({"model": moved.model, **moved.pointer.as_json(), **told}))
        return Exit.DONE
    print(words)
    for note in moved.notes:
        print(f"  {harmless(note)}")
    for sentence in moved.forced:
        print(f"  ! overruled: {harmless(sentence)}")
    return Exit.DONE


def _brief(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "state": model.state,
        "base": model.base,
        "method": model.method,
        "finished_at": model.finished_at,
        "honest": model.honest,
        "verdict": model.evaluation.get("verdict", {}).get("result"),
        "evaluated": _evaluated(model.evaluation),
    }


def _evaluated(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The verdict in a sentence, and the deciding metric and some others with the values of all contestants; None where
    there is no evaluation that can be read."""
    if not evaluation or judged.readable(evaluation):
        return None
    deciding = evaluation["verdict"]["metric"]
    known = {metric["metric"]: metric for metric in evaluation["metrics"]}
    if loss := evaluation.get("loss"):
        known[LOSS] = {**loss, "metric": LOSS, "binary": False}
    return {
        "at": evaluation["finished_at"],
        "prompts": evaluation["prompts"]["compared"],
        "sentence": judged.sentence(evaluation),
        "subject": evaluation["subject"],
        "contestants": judged.heads(evaluation),
        "figures": [known[metric] for metric in dict.fromkeys((deciding, *MAIN_FIGURES)) if metric in known],
    }


WORDS = {
    "list": _list,
    "show": _show,
    "promote": _promote,
    "rollback": _rollback,
    "canary": _canary,
    "add": _add,
    "host": hosting.host,
    "hosted": hosting.hosted,
    "unhost": hosting.unhost,
    "compare": watching.compare,
    "watch": watching.watch,
    "feedback": feedback.asked,
}
