# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage evaluate: a model against its base, the base that is shown examples and the nearest training answer, on prompts
that it never saw.

Three steps, each of which can be done again without the one before: answers are generated and kept, run in Blender, and
scored. The result goes to `models/<name>/<version>/evaluation.json`, `answers.jsonl` and, where it probed,
`probes.jsonl` (see docs/evaluate.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import SetAside, UserError
from ..files import now, write_json, write_jsonl
from ..nearest import Nearest
from ..row_files import OWN_PAIRS
from ..stage import HEADLINE, PRESETS, Outcome, Work
from ..words import counted
from . import choice, own_pairs, quality_metrics, rendering, result, sampling, separate
from .choice import Test
from .contestants import BASE, SUBJECT, Asked, Contestant, Finder, Row, Tuned, newest, states_of
from .execution import execute
from .generation import Generation, Provider, Reached, Settings
from .probes import run as probing
from .probes.run import Clock, Probed
from .result import LOSS, Example, Question
from .scoring import contested, judged, known_names

NOT_REACHED = "No prompt was answered by all in the time given. Give it more with --budget."


class NotNow(Exception):
    """Why nothing is evaluated: a short code and a sentence. The stage is set aside with them."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def run(work: Work) -> Outcome:
    """Evaluate the model that is named, or the newest tuned one of the dataset. What cannot be evaluated is set aside
    with the reason."""
    from ..providers.local import Local

    return evaluate(work, Local())


def evaluate(work: Work, provider: Provider) -> Outcome:
    """`run` with the provider that answers. Raises UserError where train and test share a group, or a name means
    nothing."""
    work.catalog.drop_asides("evaluate")
    try:
        return Evaluation(work, provider).run()
    except NotNow as why:
        work.set_aside(SetAside("evaluate", work.options.name, why.code, str(why)))
        return Outcome(str(why), aside=True)


@dataclass(frozen=True)
class Looked:
    """What came of one look at a test: who took part, the prompts that all answered, and how they did."""

    question: Question
    reached: Sequence[Reached]
    examples: Sequence[Example]
    over_budget: int
    speed: Mapping[str, Any]
    renders: Mapping[str, Any] | None


class Evaluation:
    """One run of the stage."""

    def __init__(self, work: Work, provider: Provider) -> None:
        self.work, self.provider, self.options = work, provider, work.options
        self.began, self.started_at = time.monotonic(), now()
        self.settings = Settings.of(work.options)

    def run(self) -> Outcome:
        if self.options.test_set.endswith(":train"):
            return self.pairs()
        test = self.test("")
        if not test.rows:
            raise NotNow("no held-out rows", f"The dataset {test.name} has no held-out rows to evaluate on.")
        subject, tuned = self.subject()
        metric = self.metric(tuned)
        states: list[dict[str, Any]] = []
        if self.options.all_checkpoints:
            subject, states = self.best_state(tuned, metric)
        question = Question(subject, self.opponents(subject, tuned), metric)
        if self.options.probes and not {BASE, SUBJECT} <= {one.who for one in question.all}:
            raise UserError("--probes compares a model that was tuned here with its base: both have to take part.")
        if self.settings.samples and not all(one.folder for one in question.drawn):
            raise UserError("--samples draws from models on this computer: hosts do not draw by a seed.")
        test, known = separate.without_known(test, tuned)
        if not test.rows:
            raise NotNow("all known", "The model was trained on all that this test would ask.")
        sampling_s = self.settings.seconds if self.settings.samples else 0.0
        clock = Clock(time.monotonic(), float(self.options.preset_value("evaluate_s")) + sampling_s)
        looked = self.look(question, test, self.settings)
        body = self.told(looked, test, tuned, known) | {"states": states}
        if looked.renders:
            body["renders"] = looked.renders
        if samples := sampling.figures(looked.examples, self.settings):
            body["samples"] = samples
        probed = self.probed(question, test.train, clock) if self.options.probes else None
        if probed:
            body["probes"] = probed.figures
        place, ending = self.place(subject, tuned, test)
        body["id"] = f"{place.parent.name}/{place.name}{ending}"
        body["looks"] = self.work.catalog.look(test.digest, body["id"], now()) if test.split == "test" else 0
        write_jsonl(place / f"answers{ending}.jsonl", (example.as_json() for example in looked.examples))
        (place / f"probes{ending}.jsonl").unlink(missing_ok=True)  # those of an earlier evaluation
        if probed:
            write_jsonl(place / f"probes{ending}.jsonl", probed.lines)
        write_json(place / f"evaluation{ending}.json", body)
        self.work.catalog.save_evaluation(body["id"], body)
        return _outcome(body)

    def pairs(self) -> Outcome:
        """Have the model answer training prompts several times, for pairs of its own that it can be trained by. This is
        no test: nothing is compared."""
        if not self.settings.samples:
            raise UserError("What was trained on is no test. With --samples N it gives pairs for `train --own-pairs`.")
        subject, tuned = self.subject()
        test = choice.test_of(self.work.folder, self.options.name, self.options.test_set, ("", *self.options.allow))
        if tuned is None or tuned.folder.parent.name != test.name:
            raise UserError("Pairs are made of a tuned model's own answers to the prompts that it was tuned on.")
        rows = choice.in_order(test.rows, self.options.seed)[: self.settings.prompts]
        generation = Generation(self.work, [subject], Asked(Nearest([])), self.work.folder.answers, self.settings)
        drawn = generation.draw(self.provider, [Reached(row, {}, {}) for row in rows], [subject])
        reached = [one for one in drawn if one.samples]
        if not reached:
            raise NotNow("no answers", generation.failed or NOT_REACHED)
        assert self.work.host is not None
        given = [contested(one, Nearest([]), ()) for one in reached]
        ran = execute(self.work, (code for one in given for code in one.scripts))
        examples, _ = judged(self.work, given, ran, (), self.work.host)
        pairs = own_pairs.made(examples, subject.who, self.work.host.name)
        write_jsonl(tuned.folder / OWN_PAIRS, pairs)
        words = f"{counted(len(pairs), 'pair')} from {counted(len(reached), 'training prompt')}. "
        words += (
            f"`train --name {test.name} --objective dpo --start-from {tuned.version} --own-pairs` learns from them."
        )
        return Outcome(words, {"pairs": len(pairs), "prompts": len(reached)})

    # who, on what

    def test(self, split: str) -> Test:
        named = f":{split}" if split else self.options.test_set
        test = choice.test_of(self.work.folder, self.options.name, named, ("", *self.options.allow))
        separate.refuse_shared(test.train, test.rows)
        return test

    def finder(self) -> Finder:
        def base_of(name: str) -> Path:
            if (Path(name).expanduser() / "config.json").is_file():
                return Path(name).expanduser().absolute()
            return Path(str(self.provider.base(name, self.work).folder))

        return Finder(self.work.folder, self.options.name, base_of, self.options.model, self.options.base_url)

    def subject(self) -> tuple[Contestant, Tuned | None]:
        if not self.options.evaluated and newest(self.work.folder.models / self.options.name) is None:
            raise NotNow("no model", f"No model has been tuned on the dataset {self.options.name} yet.")
        if self.work.host is None:
            raise NotNow("no Blender", "Evaluate needs a Blender to run the answers in, and there is none.")
        self.work.note("Evaluate: reading the models.")
        if not self.options.evaluated.startswith(("openai:", "claude:")):
            self.provider.environment(self.work)
        return self.finder().subject(self.options.evaluated)

    def opponents(self, subject: Contestant, tuned: Tuned | None) -> list[Contestant]:
        names = self.options.against or PRESETS[self.options.preset]["against"]
        return self.finder().opponents(names, subject, tuned)

    def metric(self, tuned: Tuned | None) -> str:
        """The metric that decides: the one that is named, else the one that was fixed before training."""
        metric = self.options.metric or (str(tuned.job.get("metric", "")) if tuned else "") or HEADLINE
        known = (*quality_metrics.RUNGS, *quality_metrics.GRADED, LOSS)
        if metric not in known:
            raise UserError(f"{metric} is no metric that decides; these are: {', '.join(known)}.")
        return metric

    def best_state(self, tuned: Tuned | None, metric: str) -> tuple[Contestant, list[dict[str, Any]]]:
        """Of the states of a training that were kept the one that does best on val, which costs no look at test."""
        if tuned is None:
            raise UserError("--all-checkpoints wants a model that was tuned here.")
        val = self.test("val")
        found = {}
        for words, weights in states_of(tuned).items():
            contestant = self.finder().of_weights(tuned, weights, words)
            looked = self.look(Question(contestant, (), metric), val, replace(self.settings, samples=0))
            found[words] = contestant, result.mean_of(looked.examples, contestant.who, metric)
        told = [{"state": words, "val": value} for words, (_, value) in found.items()]
        better = min if metric == LOSS else max
        counted_ones = {words: value for words, (_, value) in found.items() if value is not None}
        if not counted_ones:
            raise NotNow("no answers", f"{result.label_of(metric)} could not be measured on val.")
        best = better(counted_ones, key=lambda words: counted_ones[words])
        self.work.note(f"Evaluate: of {counted(len(found), 'state')} {best} does best on val.")
        return found[best][0], told

    def place(self, subject: Contestant, tuned: Tuned | None, test: Test) -> tuple[Path, str]:
        """The folder that the result goes to, and what its files' names end in: nothing for a model's own test."""
        folder = tuned.folder if tuned else self.work.folder.asked(test.name, subject.who)
        own = (test.name, test.split) == (folder.parent.name, "test")
        ending = "" if own else f".{test.name}-{test.split}"
        if tuned and subject.folder != tuned.weights and subject.folder:
            ending += f".{subject.folder.name}"
        return folder, ending

    # one look

    def look(self, question: Question, test: Test, settings: Settings) -> Looked:
        """Have everybody answer, run and score it."""
        order = choice.in_order(test.rows, self.options.seed)
        index = Nearest(test.train)
        generation = Generation(self.work, question.all, Asked(index), self.work.folder.answers, settings)
        wanted = order[: settings.prompts]
        each = generation.seconds_each(wanted)
        self.work.note(f"Evaluate: {choice.plan(wanted, settings.seconds, each)}")
        reached = generation.run(self.provider, order)
        if not reached:
            raise NotNow("no answers", generation.failed or NOT_REACHED)
        if settings.samples:
            reached = generation.draw(self.provider, reached, question.drawn)
        assert self.work.host is not None
        began = time.monotonic()
        given = [contested(one, index, question.all) for one in reached]
        ran = execute(self.work, (code for one in given for code in one.scripts))
        executed = time.monotonic()
        examples, shown = judged(self.work, given, ran, test.train, self.work.host)
        if not examples:
            raise NotNow("no reference", "No wanted answer could be run in this Blender, so nothing was compared.")
        generated = {
            who: round(sum(float(one.answers[who].get("seconds", 0.0)) for one in reached), 1)
            for who in reached[0].answers
        }
        speed = {
            "generate_s": round(sum(generated.values()), 1),
            "generate_by": generated,
            "execute_s": round(executed - began, 1),
            "score_s": round(time.monotonic() - executed, 1),
        }
        renders = rendering.summary(shown) if self.options.renders else None
        return Looked(question, reached, examples, sum(map(generation.over_budget, test.rows)), speed, renders)

    def probed(self, question: Question, train: Sequence[Row], clock: Clock) -> Probed:
        """Whether the tuned model copies, and what it has forgotten, beside its base, in the time that is left."""

        def ask(
            rows: Sequence[Row], who: Sequence[str], seconds: float, *, losses: bool = False
        ) -> dict[str, dict[str, Any]]:
            asked = [one for one in question.all if one.who in who]
            new_tokens = 1 if losses else self.settings.new_tokens
            settings = Settings(len(rows), seconds, new_tokens, budget=0)
            generation = Generation(self.work, asked, Asked(Nearest([])), self.work.folder.answers, settings)
            reached = generation.run(self.provider, rows)
            return {
                name: {str(one.row["id"]): {**one.answers[name], **one.losses.get(name, {})} for one in reached}
                for name in who
            }

        return probing.run(self.work, ask, clock, train, known_names(self.work), (BASE, SUBJECT))

    # what is told

    def told(self, looked: Looked, test: Test, tuned: Tuned | None, known: int) -> dict[str, Any]:
        examples, question = looked.examples, looked.question
        fixed = str(tuned.job.get("metric", "")) if tuned else ""
        assert self.work.host is not None
        return {
            "schema": result.SCHEMA,
            "name": test.name,
            "version": tuned.version if tuned else question.subject.who,
            "started_at": self.started_at,
            "finished_at": now(),
            "seconds": round(time.monotonic() - self.began, 1),
            "speed": dict(looked.speed),
            "blender": self.work.host.name,
            "dataset": {
                "name": test.name,
                "split": test.split,
                "hash": choice.dataset_digest(self.work.folder.dataset(test.name)),
                "test_rows": len(test.rows),
                "train_rows": len(test.train),
                "test": test.digest,
            },
            "subject": question.subject.who,
            "contestants": [one.as_json() for one in question.all],
            "settings": {
                "preset": self.options.preset,
                "seed": self.options.seed,
                "prompts": self.settings.prompts,
                "new_tokens": self.settings.new_tokens,
                "budget_tokens": self.settings.budget,
                "seconds": self.settings.seconds,
            },
            "prompts": {
                "held_out": len(test.rows),
                "known_to_model": known,
                "over_budget": looked.over_budget,
                "wanted": min(self.settings.prompts, len(test.rows)),
                "reached": len(looked.reached),
                "compared": len(examples),
                "stale": len(looked.reached) - len(examples),
                "groups": len({example.group for example in examples}),
                "without_conditions": sum(not example.asked for example in examples),
            },
            "chosen": {"metric": question.metric, "before_training": question.metric == fixed},
            **result.figures(examples, question, self.options.seed),
        }


def _outcome(body: Mapping[str, Any]) -> Outcome:
    values = next((m["values"] for m in body["metrics"] if m["metric"] == body["verdict"]["metric"]), None)
    values = values or (body["loss"] or {}).get("values", {})
    prompts = body["prompts"]
    counts = {
        "compared": prompts["compared"],
        "groups": prompts["groups"],
        "verdict": body["verdict"]["result"],
        "worse": body["worse"],
        **{who: round(value["value"], 4) for who, value in values.items()},
    }
    words = f"{counted(prompts['compared'], 'prompt')} of {prompts['wanted']} compared. "
    if prompts["stale"]:
        words += f"Set aside, for the wanted answer no longer proves: {prompts['stale']}. "
    return Outcome(words + body["verdict"]["words"], counts)
