# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop closed once: asked, answered, judged, learnt from, tuned again, compared, promoted, rolled back.

    python benchmarks/loop.py FOLDER --blender PATH --source KIND:PLACE … --artist GLOB … [--licences FILE] [--small]

PATH is a Blender, or a Python that has bpy. Files like GLOB are the artist's, in a data folder of their own; the others
make the dataset that SmolLM2 is tuned on. So prompts that are made of the artist's files are neither trained on nor
held out. The live model answers them by `ask`. A scripted artist keeps an answer that meets all conditions of its
prompt (as evaluate has them), brings one that meets half of them to the tree that was wanted and keeps that, and takes
back any other. Everything else is a command; a second call goes on where the first was ended, up to the verdicts.

With --small (few prompts, seconds of training) the nearest example answers in the model's place, for a model that has
learnt nothing gives an artist nothing to judge. Prints a table in Markdown; what commands said is in FOLDER/log.txt.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.evaluator import run, wanted_of  # noqa: E402
from benchmarks.served import serving  # noqa: E402
from voxel_trainer_addon import prompts  # noqa: E402
from voxel_trainer_addon.cli.host import ask as ask_blender  # noqa: E402
from voxel_trainer_addon.dataset_builder.feedback_dataset import SOURCE  # noqa: E402
from voxel_trainer_addon.deployment import server  # noqa: E402
from voxel_trainer_addon.deployment.assistant.wish import TARGETS  # noqa: E402
from voxel_trainer_addon.errors import Exit  # noqa: E402
from voxel_trainer_addon.evaluation import conditions  # noqa: E402
from voxel_trainer_addon.evaluation.quality_metrics import Wanted  # noqa: E402
from voxel_trainer_addon.files import read_json  # noqa: E402
from voxel_trainer_addon.graph.diff import diff  # noqa: E402
from voxel_trainer_addon.graph.edits import apply  # noqa: E402
from voxel_trainer_addon.graph.model import Graph, closure  # noqa: E402
from voxel_trainer_addon.paths import DataFolder  # noqa: E402
from voxel_trainer_addon.row_files import SPLITS, rows_of  # noqa: E402
from voxel_trainer_addon.runs import Program, became  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402

NAME = "loop"
OLD, NEW = f"{NAME}/v1", f"{NAME}/v2"
NOT_TREES = ("piece", "explain", "json", "stack", "scene", "edit", "completion", "repair", "port", "preference")
NOT_COMPARED = tuple(kind for kind in NOT_TREES if kind != "piece")
WORDINGS = "4"
"""Of one tree of the artist's, at most."""
TOLD_AGAIN = 5
"""Prompts that each live model answers, to tell models apart bit by bit."""
TOKENS_AGAIN = 128
BUILT = (Exit.DONE, Exit.SET_ASIDE)
"""How stages end that leave out what cannot be read or proven."""
FIRST = "the first model; its test split stays unseen until the next one is compared with it"
NOT_PROVEN = "a benchmark of the loop, whatever the comparison shows"
FIGURES = ("finished", "parses", "runs", "node_f1", "conditions_met", "adherence")

Row = Mapping[str, Any]


class Failed(SystemExit):
    """A command ended as it must not."""


@dataclass
class Loop:
    """Two data folders, and what was found, a line a step: its name, figures and seconds."""

    asked: argparse.Namespace
    steps: list[tuple[str, str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place: Path = self.asked.folder.resolve()
        self.artist, self.model = DataFolder(self.place / "artist"), DataFolder(self.place / "model")
        self.host = ask_blender(self.asked.blender, ROOT / "scripts" / "run_headless.py")
        self._began = time.monotonic()

    def command(self, data: DataFolder, *words: str) -> list[str]:
        program = Program(self.host.program, self.host.is_module)
        return program.command(ROOT / "scripts" / "run_headless.py", [*words, "--data", str(data.root)])

    def do(self, data: DataFolder, *words: str, may: Sequence[int] = (Exit.DONE,)) -> str:
        """What a command prints. Raises Failed where it ends with another status than `may`."""
        told = subprocess.run(self.command(data, *words), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        with open(self.place / "log.txt", "a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(words)}\n{told.stdout}{told.stderr}exit status {told.returncode}\n")
        if told.returncode not in may:
            raise Failed(f"`{' '.join(words)}` ended with {told.returncode}: {(told.stderr or told.stdout)[-1500:]}")
        return told.stdout

    def found(self, step: str, figures: str) -> None:
        """A step is done."""
        now = time.monotonic()
        self.steps.append((step, figures, now - self._began))
        print(f"{step}: {figures} ({now - self._began:.0f} s)", file=sys.stderr, flush=True)
        self._began = now

    @property
    def environment(self) -> list[str]:
        return ["--train-env", str(self.asked.train_env)] if self.asked.train_env else []

    # the steps

    def prepared(self, data: DataFolder, name: str, which: Sequence[str], without: Sequence[str], *more: str) -> None:
        """Harvest, parse and dataset of some of the files."""
        if not (data.dataset(name) / "dataset.json").is_file():
            sources = [word for source in self.asked.source for word in ("--source", source)]
            licences = ["--licences", str(self.asked.licences)] if self.asked.licences else []
            self.do(data, "harvest", *sources, *licences, *which, may=BUILT)
            self.do(data, "parse", may=BUILT)
            self.do(data, *self.dataset(name, without), *more, may=BUILT)
        rows = read_json(data.dataset(name) / "dataset.json")["rows"]
        self.found(f"dataset of {name}", ", ".join(f"{split} {rows[split]}" for split in SPLITS))

    def dataset(self, name: str, without: Sequence[str]) -> list[str]:
        return ["dataset", "--name", name, *(word for kind in without for word in ("--without", kind))]

    def trained(self, version: str) -> None:
        if not (self.model.models / version / "job.json").is_file():
            base = ["--model", str(self.asked.base)] if self.asked.base else []
            how = ["--preset", self.asked.preset, "--train-time", self.asked.train_time]
            self.do(self.model, "train", "--name", NAME, *how, *base, *self.environment, "--yes")
        job = read_json(self.model.models / version / "job.json")
        losses = [told["loss"] for told in job["held_out"]]
        rows = f"{job['n_rows'] - job['n_over']} rows, {job['steps']} steps"
        self.found(f"train {version}", f"{rows}, loss on held-out rows {losses[0]:.2f} → {losses[-1]:.2f}")

    def prompts(self) -> list[Row]:
        """The artist's requests: one of each tree, then others in other words, short answers first."""
        rows = [row for split in SPLITS for row in rows_of(self.artist.dataset("artist"), split)]
        by_answer = defaultdict[str, list[Row]](list)
        for row in sorted(rows, key=lambda row: (len(row["completion"]), row["id"])):
            if row["task"] in TARGETS:
                by_answer[row["answer"]].append(row)
        turns = itertools.zip_longest(*by_answer.values())
        return [row for turn in turns for row in turn if row][: self.asked.prompts]

    def answered(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """What `ask` tells of each request, {} where nothing can be shown. A few are asked at once."""
        answers = self.place / "answers"
        answers.mkdir(exist_ok=True)

        def ask(row: Row) -> dict[str, Any]:
            kept = answers / f"{row['id'][:16]}.json"
            if not kept.is_file():
                out = kept.with_suffix(".py")
                out.unlink(missing_ok=True)
                who = ["--model", self.asked.answers] if self.asked.answers else []
                limits = ["--candidates", str(self.asked.candidates), "--deadline", self.asked.deadline]
                words = [row["prompt"], "--kind", row["task"], "--out", str(out), "--json", *who, *limits]
                told = self.do(self.model, "ask", *words, may=(Exit.DONE, Exit.USAGE))
                kept.write_text(told if told.startswith("{") else "{}", encoding="utf-8")
            return dict(read_json(kept))

        with ThreadPoolExecutor(self.asked.at_once) as crew:
            return list(crew.map(ask, rows))

    def judged(self, rows: Sequence[Row], answers: Sequence[Mapping[str, Any]]) -> None:
        """What the artist does with each answer."""
        with (
            tempfile.TemporaryDirectory() as scratch,
            Pool(self.host, workers=1, memory_mb=2000, scratch=Path(scratch)) as pool,
        ):
            ran = run(pool, {row["completion"] for row in rows})
        done = Counter[str]()
        for row, told in zip(rows, answers, strict=True):
            wanted = wanted_of(dict(row), ran)
            done[self._verdict(told, wanted) if told and wanted else "nothing to show"] += 1
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()
        self.found(f"{len(rows)} prompts answered", ", ".join(f"{count} {what}" for what, count in done.most_common()))

    def _verdict(self, told: Mapping[str, Any], wanted: Wanted) -> str:
        graphs = {key: Graph.from_json(graph) for key, graph in told["graphs"].items()}
        answer = graphs[told["key"]]
        tree = conditions.Tree(answer)
        met = sum(condition.met(tree) for condition in wanted.asked)
        shown = {"shown": True, "applied": True}
        if met == len(wanted.asked):
            became(self.model, told["request"], **shown, kept=True, edited=False)
            return "kept as they came"
        try:
            mended = apply(answer, diff(answer, wanted.graph)) if 2 * met >= len(wanted.asked) else None
        except ValueError:
            mended = None
        if mended is None:
            became(self.model, told["request"], **shown, undone_s=5.0, reason="not what I asked")
            return "undone"
        below = {graph.key: graph for graph in closure(mended, {**wanted.graphs, mended.key: mended})}
        became(self.model, told["request"], (mended.key, below), **shown, kept=True, edited=True)
        return "edited and kept"

    def learnt(self) -> None:
        """The dataset once more, with what the artist did."""
        before = {split: list(rows_of(self.model.dataset(NAME), split)) for split in SPLITS[1:]}
        self.do(self.model, *self.dataset(NAME, NOT_COMPARED), "--near-test", "--from-feedback", may=BUILT)
        told = Counter(
            row["kind"]
            for row in rows_of(self.model.dataset(NAME), "train")
            if any(source["origin"] == SOURCE for source in row["sources"])
        )
        same = all(list(rows_of(self.model.dataset(NAME), split)) == rows for split, rows in before.items())
        kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(told.items())) or "none"
        left = read_json(self.model.dataset(NAME) / "dataset.json")["funnel"].get("left out", {})
        why = "; ".join(f"{count} {what}" for what, count in left.items() if "feedback" in what)
        held = "val and test as they were" if same else "val or test CHANGED"
        figures = f"rows of feedback: {kinds}; left out: {why or 'none'}; {held}"
        self.found("dataset --from-feedback", figures)

    def compared(self) -> None:
        """The new model against its base and the old one, on the test split that nobody looked at before."""
        who = ["--model", NEW, "--against", "base", "--against", OLD]
        much = ["--prompts", str(self.asked.compared), "--new-tokens", "256", "--budget", self.asked.evaluate_time]
        how = ["--preset", self.asked.preset, *much, *self.environment]
        self.do(self.model, "evaluate", "--name", NAME, *who, *how, may=(Exit.DONE, Exit.ANSWER_IS_NO))
        told = read_json(self.model.models / NEW / "evaluation.json")
        self.found(
            f"evaluate {NEW}",
            f"{told['prompts']['compared']} prompts of {told['prompts']['groups']} groups, look {told['looks']} at "
            f"this test. {told['verdict']['words']}",
        )
        for one in told["metrics"]:
            if one["metric"] in FIGURES:
                values = (f"{who} {value['value']:.2f}" for who, value in one["values"].items())
                self.steps.append((f"… {one['label']}", ", ".join(values), 0.0))

    def promoted(self, model: str, reason: str) -> None:
        """Live, by force where the gate says no."""
        told = json.loads(self.do(self.model, "deploy", "promote", model, "--json", may=(Exit.DONE, Exit.ANSWER_IS_NO)))
        if "error" in told:
            self.do(self.model, "deploy", "promote", model, "--force", reason)
        against = " ".join(one["sentence"] for one in told.get("against", ())) or "nothing"
        self.found(f"promote {model}", f"against it: {against}" + (f" Forced: {reason}." if "error" in told else ""))

    def said(self, rows: Sequence[Row]) -> list[str]:
        """What the live model says to some prompts, in a process of its own."""
        server.stop(self.model)
        with serving(self.command(self.model, "serve", "--model", "live", "--json")) as say:
            told = [say(prompts.messages(row), TOKENS_AGAIN) for row in rows[:TOLD_AGAIN]]
        self._began = time.monotonic()
        return told

    def whole(self) -> None:
        """All steps."""
        which = {way: [w for glob in self.asked.artist for w in (way, glob)] for way in ("--include", "--exclude")}
        only = [word for glob in self.asked.only for word in ("--include", glob)]
        self.prepared(self.artist, "artist", which["--include"], NOT_TREES, "--each", WORDINGS)
        self.prepared(self.model, NAME, [*which["--exclude"], *only], NOT_COMPARED, "--near-test")
        self.trained(OLD)
        self.promoted(OLD, FIRST)
        self.do(self.model, "deploy", "feedback", "on")
        rows = self.prompts()
        self.judged(rows, self.answered(rows))
        self.learnt()
        self.trained(NEW)
        self.compared()
        old = self.said(rows)
        self.promoted(NEW, NOT_PROVEN)
        new = self.said(rows)
        self.do(self.model, "deploy", "rollback", "--why", "a benchmark of the loop")
        again = self.said(rows)
        differ = sum(a != b for a, b in zip(old, new, strict=True))
        same = sum(a == b for a, b in zip(old, again, strict=True))
        live = json.loads(self.do(self.model, "deploy", "list", "--json"))["live"]
        self.found(
            "rollback",
            f"{live} is live; {same} of {len(old)} of its answers are those of before, bit for bit; "
            f"{differ} of {len(old)} of {NEW} differ",
        )


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("folder", type=Path)
    words.add_argument("--blender", required=True)
    words.add_argument("--source", action="append", required=True, metavar="KIND:PLACE")
    words.add_argument("--licences", type=Path)
    words.add_argument("--artist", action="append", required=True, metavar="GLOB")
    words.add_argument("--only", action="append", default=[], metavar="GLOB", help="of the other files only such")
    words.add_argument("--small", action="store_true")
    words.add_argument("--base", type=Path, help="the model that is tuned (default: the embedded one)")
    words.add_argument("--train-env", type=Path)
    words.add_argument("--prompts", type=int)
    words.add_argument("--compared", type=int, help="prompts of the comparison, at most")
    words.add_argument("--train-time")
    words.add_argument("--evaluate-time")
    words.add_argument("--deadline", default="60s", help="of each answer")
    words.add_argument("--candidates", type=int, default=1)
    words.add_argument("--at-once", type=int, default=4, help="requests")
    asked = words.parse_args()
    usual: dict[str, Any] = (
        {"prompts": 4, "compared": 2, "train_time": "5s", "evaluate_time": "20s", "preset": "full"}
        if asked.small
        else {"prompts": 60, "compared": 48, "train_time": "9m", "evaluate_time": "15m", "preset": "quick"}
    )
    usual["answers"] = "retrieval" if asked.small else ""
    named = {name: value for name, value in vars(asked).items() if value is not None}
    loop = Loop(argparse.Namespace(**{**vars(asked), **usual, **named}))
    loop.place.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        loop.whole()
    finally:
        server.stop(loop.model)
        print("| step | figures | seconds |\n|---|---|---|")
        for step, figures, seconds in loop.steps:
            print(f"| {step} | {figures} | {f'{seconds:.0f}' if seconds else ''} |")
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes. Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
