# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage evaluate: the tuned model against its base and the nearest training answer, on prompts that it never saw.

Three steps, each of which can be done again without the one before: answers are generated and kept, run in Blender, and
scored. The result goes to `models/<name>/<version>/evaluation.json` and `answers.jsonl` (see docs/evaluate.md).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import prompts
from ..bpy_code.names import Names
from ..bpy_code.valid import names_valid
from ..errors import SetAside
from ..files import digest, now, read_json, write_json, write_jsonl
from ..graph import similarity
from ..row_files import rows_of
from ..stage import EVALUATED, Outcome, Work
from ..words import counted
from ..worker.protocol import Host, Request
from . import copying, planning, result, separate
from .answers import Answers, model_hash
from .conditions import LOOSE, Condition, Tree, conditions, looseness
from .execution import execute
from .generation import Contestant, Generation, Provider, Reached, Row
from .quality_metrics import HEADLINE, Answered, Ran, Wanted, score
from .result import Example, Judged
from .retrieval import Nearest
from .statistics import RELATIVE_FROM

NOT_REACHED = "No prompt was answered by both models in the time given. Give it more with --evaluate-time."


@dataclass(frozen=True)
class Tuned:
    """A model that the train stage made: its version, its folder, where its weights lie, and the job that made it."""

    version: str
    folder: Path
    weights: Path
    job: Mapping[str, Any]


def run(work: Work) -> Outcome:
    """Evaluate the newest tuned model of the dataset. What cannot be evaluated is set aside with the reason."""
    from ..providers.local import Local

    return evaluate(work, Local())


def evaluate(work: Work, provider: Provider) -> Outcome:
    """`run` with the provider that answers. Raises UserError where train and test share a group."""
    work.catalog.drop_asides("evaluate")
    name = work.options.name
    parts = ("", *work.options.allow)
    test, train = (
        [row for row in rows_of(work.folder.dataset(name), split, parts) if row["kind"] in EVALUATED]
        for split in ("test", "train")
    )
    separate.refuse_shared(train, test)
    if not test:
        return _aside(work, "no held-out rows", f"The dataset {name} has no held-out rows to evaluate on.")
    tuned = newest(work.folder.models / name)
    if tuned is None:
        return _aside(work, "no model", f"No model has been tuned on the dataset {name} yet.")
    if work.host is None:
        return _aside(work, "no Blender", "Evaluate needs a Blender to run the answers in, and there is none.")
    began, started_at = time.monotonic(), now()
    order = in_order(test, work.options.seed)
    work.note(f"Evaluate: {plan(order[: int(work.options.preset_value('prompts'))])}")
    work.note("Evaluate: reading the models.")
    provider.environment(work)
    base = Path(str(tuned.job.get("base", "")))
    if not base.is_absolute() or not base.is_dir():
        base = Path(str(provider.base(work.options.model, work).folder))
    hashes = model_hash(base), model_hash(tuned.weights)
    contestants = {
        "base": Contestant(base, hashes[0]),
        "tuned": Contestant(tuned.weights, digest(hashes) if tuned.weights.name == "adapter" else hashes[1]),
    }
    store = Answers(work.folder.models / name / "answers" / f"{contestants['base'].hash[:16]}.jsonl")
    generation = Generation(work, contestants, store)
    reached = generation.run(provider, order)
    if not reached:
        return _aside(work, "no answers", generation.failed or NOT_REACHED)
    examples = judged(work, reached, train, work.host)
    if not examples:
        return _aside(work, "no reference", "No wanted answer could be run in this Blender, so nothing was compared.")
    body = {
        "schema": result.SCHEMA,
        "id": f"{name}/{tuned.version}",
        "name": name,
        "version": tuned.version,
        "started_at": started_at,
        "finished_at": now(),
        "seconds": round(time.monotonic() - began, 1),
        "blender": work.host.name,
        "dataset": {"name": name, "test_rows": len(test), "train_rows": len(train), "test": digest(_ids(test))},
        "models": {model: contestant.hash for model, contestant in contestants.items()},
        "settings": {
            "preset": work.options.preset,
            "seed": work.options.seed,
            "prompts": work.options.preset_value("prompts"),
            "new_tokens": work.options.preset_value("new_tokens"),
            "budget_tokens": work.options.preset_value("tokens"),
            "seconds": work.options.preset_value("evaluate_s"),
        },
        "prompts": {
            "held_out": len(test),
            "over_budget": sum(map(generation.over_budget, test)),
            "wanted": min(int(work.options.preset_value("prompts")), len(test)),
            "reached": len(reached),
            "compared": len(examples),
            "stale": len(reached) - len(examples),
            "groups": len({example.group for example in examples}),
            "without_conditions": sum(not example.asked for example in examples),
        },
        **result.figures(examples, work.options.seed),
    }
    write_jsonl(tuned.folder / "answers.jsonl", (example.as_json() for example in examples))
    write_json(tuned.folder / "evaluation.json", body)
    work.catalog.save_evaluation(str(body["id"]), body)
    return _outcome(body)


def _outcome(body: Mapping[str, Any]) -> Outcome:
    head = next(metric for metric in body["metrics"] if metric["metric"] == HEADLINE)
    prompts_ = body["prompts"]
    counts = {
        "compared": prompts_["compared"],
        "groups": prompts_["groups"],
        "verdict": body["verdict"]["result"],
        "worse": body["worse"],
        **{who: round(head[who]["value"], 4) for who in result.CONTESTANTS},
    }
    words = f"{counted(prompts_['compared'], 'prompt')} of {prompts_['wanted']} compared by node F1. "
    if prompts_["stale"]:
        words += f"Set aside, for the wanted answer no longer proves: {prompts_['stale']}. "
    return Outcome(words + body["verdict"]["words"], counts)


def newest(models: Path) -> Tuned | None:
    """The model tuned last, of those whose job ended well and whose weights are there."""
    found = []
    for path in models.glob("v*/job.json"):
        job = read_json(path, {})
        weights = next((path.parent / kind for kind in ("model", "adapter") if (path.parent / kind).is_dir()), None)
        if job.get("state") == "done" and weights:
            found.append((str(job.get("finished_at", "")), Tuned(path.parent.name, path.parent, weights, job)))
    return max(found, key=lambda entry: (entry[0], entry[1].version))[1] if found else None


def in_order(rows: Sequence[Row], seed: int) -> list[Row]:
    """`rows` in a random order that the seed fixes, one of each group in turn: what time allows then comes from as many
    independent groups as it can."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest([seed, row["id"]])):
        groups[independent(row)].append(row)
    turns = [(turn, place, row) for place, group in enumerate(groups.values()) for turn, row in enumerate(group)]
    return [row for _, _, row in sorted(turns, key=lambda entry: entry[:2])]


def independent(row: Row) -> str:
    """What statistics draw as one: a row's family in the near test, where a few groups hold most rows; its group in the
    far test, which speaks of sources that train does not know."""
    return str(row["family"] if row.get("test") == "near" else row["group"])


def plan(rows: Sequence[Row]) -> str:
    """What these prompts can prove, at the lowest rate of the base at which a relative gain is told."""
    sizes = sorted(Counter(map(independent, rows)).values(), reverse=True)
    return f"{planning.words(sizes, RELATIVE_FROM)} Where time or tokens run out, fewer are asked."


def known_names(work: Work) -> Names | None:
    """The names that this Blender has; None, and a note, where it does not tell them."""
    for answer in work.answers([Request("names", {}, "names", limit_s=120)]):
        if answer.ok:
            return Names(answer.body["table"])
        work.note(f"Names in answers are not looked up: {answer.sentence}")
    return None


def judged(work: Work, reached: Sequence[Reached], train: Sequence[Row], host: Host) -> list[Example]:
    """Run and score what was answered. A prompt whose wanted answer no longer proves here is set aside."""
    index = Nearest(train)
    contested = {str(one.row["id"]): _contested(one, index) for one in reached}
    scripts = [one.row["completion"] for one in reached]
    codes = [code for answers in contested.values() for _, code, _, _ in answers.values()]
    ran = execute(work, [*scripts, *codes])
    copied = copying.shared(codes, (str(row["completion"]) for row in train))
    hashes = frozenset(str(row.get("answer", "")) for row in train)
    names = known_names(work)
    examples = []
    for one, wanted in _asked([(one, _wanted(work, one.row, ran, host)) for one in reached]):
        row = one.row
        table = names if _same_version(row, host) else None
        answers = {}
        for who, (text, code, finished, facts) in contested[str(row["id"])].items():
            outcome = ran.get(code, Ran())
            wrong = None if table is None else [finding.name for finding in names_valid(code, table)]
            answered = Answered(code, finished, outcome, wrong, copied[code])
            made = similarity.nearest(wanted.graph, outcome.graphs or {})
            answers[who] = Judged(text, code, score(answered, wanted, hashes), made, **facts)
        examples.append(
            Example(
                id=str(row["id"]),
                kind=str(row["kind"]),
                task=str(row.get("task", "")),
                group=independent(row),
                test=str(row.get("test", "")),
                blender_version=str(row.get("blender_version", "")),
                source=next((str(source["origin"]) for source in row.get("sources", ())), ""),
                prompt=str(row["prompt"]),
                reference=str(row["completion"]),
                graph=wanted.graph,
                asked=tuple(condition.words for condition in wanted.asked),
                answers=answers,
                losses=one.losses,
            )
        )
    return examples


def _same_version(row: Row, host: Host) -> bool:
    """Whether the row is for the Blender at hand, so that its names are those to look up; patches change none."""
    return str(row.get("blender_version", "")).split(".")[:2] == [str(part) for part in host.version[:2]]


def _wanted(work: Work, row: Row, ran: Mapping[str, Ran], host: Host) -> Wanted | None:
    """What the reference makes and what the prompt asks for; None where it no longer proves, which is set aside."""
    reference = ran.get(row["completion"], Ran())
    graphs = reference.graphs or {}
    graph = similarity.root(graphs, str(row.get("key", "")))
    sentence = separate.stale(row, reference, host.name)
    if graph is None or sentence:
        sentence = sentence or "The wanted answer made no node tree in this Blender, so nothing can be compared."
        work.set_aside(SetAside("evaluate", str(row["id"]), "reference", sentence, reference.error))
        return None
    return Wanted(graph, graphs, conditions(graph, str(row["prompt"])), piece=row["kind"] == "piece")


def _asked(found: Sequence[tuple[Reached, Wanted | None]]) -> list[tuple[Reached, Wanted]]:
    """Those with a reference; a prompt whose conditions hold for over half of the other wanted trees is not tested by
    them."""
    there = [(one, wanted) for one, wanted in found if wanted is not None]
    trees = {str(one.row.get("answer", one.row["id"])): (wanted.piece, Tree(wanted.graph)) for one, wanted in there}
    others = {is_piece: [tree for piece, tree in trees.values() if piece == is_piece] for is_piece in (False, True)}
    return [(one, replace(wanted, asked=_telling(wanted, others[wanted.piece]))) for one, wanted in there]


def _telling(wanted: Wanted, others: Sequence[Tree]) -> tuple[Condition, ...]:
    share = looseness(wanted.asked, wanted.graph, others)
    return () if share is not None and share > LOOSE else wanted.asked


def _contested(one: Reached, index: Nearest) -> dict[str, tuple[str, str, bool, dict[str, Any]]]:
    """Contestant → text, code, whether it stopped by itself, and facts about the making."""
    answers: dict[str, tuple[str, str, bool, dict[str, Any]]] = {}
    for model, line in one.answers.items():
        facts = {"tokens": int(line.get("tokens", 0)), "seconds": float(line.get("seconds", 0.0))}
        answers[model] = (line["text"], prompts.code_of(line["text"]), bool(line["finished"]), facts)
    nearest = index.find(str(one.row["prompt"]))
    code = str(nearest["completion"]) if nearest else ""
    answers["retrieval"] = (code, code, True, {"source": str(nearest["id"]) if nearest else ""})
    return answers


def _ids(rows: Sequence[Row]) -> list[str]:
    return sorted(str(row["id"]) for row in rows)


def _aside(work: Work, code: str, sentence: str) -> Outcome:
    work.set_aside(SetAside("evaluate", work.options.name, code, sentence))
    return Outcome(sentence, aside=True)
