# SPDX-License-Identifier: GPL-3.0-or-later
"""`evaluate judge`: a model's verdicts, a form for a person's own, and how far the two agree."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import Exit, UserError
from ..evaluation import judging, verdict_form, verdicts
from ..evaluation.pairs import Evaluated, Pair, evaluated
from ..files import digest, write_text
from ..paths import DataFolder
from ..providers.answering import named
from ..providers.batches import HALF, ClaudeBatch
from ..report import blind
from ..stage import Options
from ..words import counted
from .made_models import Asking

PAIRS = 100
PAGE = "pairs.html"


def judge(found: argparse.Namespace, options: Options, online: bool, tick: Callable[[], bool]) -> int:
    """Do what `evaluate judge` asks; the exit status. `online`: Blender lets something out."""
    data = DataFolder(found.data.expanduser().resolve())
    done = evaluated(data, found.judged)
    against = done.opponent(found.opponent)
    if found.pairs is not None and found.pairs < 1:
        raise UserError("--pairs is a number above 0.")
    if found.form:
        return _form(found, done, against)
    if found.verdicts:
        return _read(found, done, against)
    asking = Asking(options, tick, found.json)
    who = _batched(found, data.judged(str(done.body["name"]))) if found.batch else named(found.by, found.url)
    if found.batch:
        asking.note(HALF)
    came = judging.ask(done, who, against, found.pairs or PAIRS, data, asking, online=online)
    for words in (*came.notes, came.refusal):
        if words:
            asking.note(words)
    if came.entry and came.whole:
        _tell(found, came.entry, came.whole)
    return Exit.DONE if came.entry and not came.refusal else Exit.SET_ASIDE


def _batched(found: argparse.Namespace, folder: Path) -> ClaudeBatch:
    provider, _, model = found.by.partition(":")
    if provider != "claude":
        raise UserError("--batch is for a judge by claude:NAME.")
    return ClaudeBatch(model, found.url, folder / f"batch-{digest([found.by, found.url])[:16]}.json")


def _form(found: argparse.Namespace, done: Evaluated, against: str) -> int:
    """Write the form. A folder that holds something is left alone: it may be a form that somebody fills in."""
    folder: Path = found.form.expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already. Name a new folder for the form.")
    pairs = verdict_form.formed(done.pairs(against), found.pairs or verdict_form.PAIRS)
    if not pairs:
        raise UserError("There is nothing to compare: both gave the same answer to every prompt.")
    shown = [blind.Shown(pair.prompt, _in_order(pair)) for pair in pairs]
    write_text(folder / PAGE, blind.page(shown, verdict_form.FILE, str(done.body["blender"])))
    write_text(folder / verdict_form.FILE, verdict_form.table(pairs))
    print(f"{counted(len(pairs), 'pair')} to look at: {folder / PAGE}")
    print(
        f"Write A, B or tie into the column “better” of {verdict_form.FILE} there, then: evaluate judge {found.judged} "
        f"--against {against} --verdicts {folder / verdict_form.FILE}"
    )
    return Exit.DONE


def _in_order(pair: Pair) -> tuple[Any, Any]:
    one, other = pair.lines
    return (one, other) if verdict_form.subject_first(pair) else (other, one)


def _read(found: argparse.Namespace, done: Evaluated, against: str) -> int:
    """Read a form that was filled in."""
    try:
        content = found.verdicts.expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"{found.verdicts} could not be read: {error}") from error
    told = verdict_form.read(content, done.pairs(against))
    if not told:
        raise UserError(f"No verdict is filled in in {found.verdicts}: write A, B or tie into the column “better”.")
    entry = verdicts.judgement(done, against, verdicts.PERSON, told)
    _tell(found, entry, verdicts.save(done.folder, entry))
    return Exit.DONE


def _tell(found: argparse.Namespace, entry: dict[str, Any], whole: dict[str, Any]) -> None:
    """The figures of one judgement, and how far judges agree with a person where a person gave verdicts."""
    agreed = [one for one in whole["agreement"] if one["against"] == entry["against"]]
    if found.json:
        print(json.dumps({**entry, "agreement": agreed}, ensure_ascii=True))
        return
    print(entry["words"])
    if order := verdicts.order_words(entry):
        print(order)
    for one in agreed:
        print(one["words"])
