# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of evaluations beside running one: `evaluate --plan` and `evaluate compare`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..errors import Exit, UserError
from ..evaluation import choice, comparing
from ..evaluation.pairs import Evaluated, evaluated
from ..files import read_json, write_text
from ..paths import DataFolder
from ..report import compared as page
from ..stage import Options


def plan(found: argparse.Namespace, folder: DataFolder, options: Options) -> int:
    """What an evaluation would ask and what that can prove, with nothing loaded."""
    facts = choice.planned(folder, options)
    print(json.dumps(facts) if found.json else facts["words"])
    return Exit.DONE


def compare(found: argparse.Namespace) -> int:
    """Two evaluations on the prompts that both have, the later against the earlier; of trainings that differ by their
    seed alone, of any number, the spread between seeds. The exit status is 4 where the second is provably worse."""
    folder = DataFolder(found.data.expanduser().resolve())
    done = [evaluated(folder, name) for name in found.compared]
    if len(done) < 2:
        raise UserError("Name two models that were evaluated, or more that were trained with other seeds.")
    runs = [comparing.Run(one.body, one.lines) for one in done]
    spread = _seeds(runs, done, wanted=len(done) > 2)
    told = comparing.compare(runs[0], runs[1]) if len(done) == 2 else None
    if found.json:
        print(json.dumps({"comparison": told, "seeds": spread}))
    else:
        texts = [comparing.as_text(told) if told else "", comparing.seeds_as_text(spread) if spread else ""]
        print("\n\n".join(filter(None, texts)))
    if found.out:
        if told is None:
            raise UserError("--out writes a comparison of two models.")
        write_text(found.out, page.page(told, done[0].lines, done[1].lines, spread))
        if not found.json:
            print(f"Written: {found.out}")
    return Exit.ANSWER_IS_NO if told and told["verdict"]["result"] == "worse" else Exit.DONE


def _seeds(runs: list[comparing.Run], done: list[Evaluated], *, wanted: bool) -> dict[str, Any] | None:
    """The spread between seeds; None where the two trainings differ by more and nobody asked for it."""
    jobs = [read_json(Path(one.folder) / "job.json", {}) for one in done]
    if not wanted and any("parameters" not in job for job in jobs):
        return None
    try:
        return comparing.seeds(runs, jobs)
    except UserError:
        if wanted:
            raise
        return None
