# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at before anything goes to a host that tunes: the files against its rules, what it will cost, whose
rows it gets under which licences, and the consent that names all of that. Until it is given, no row leaves this
computer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Unavailable
from ..examples import PART_WORDS
from ..files import digest, now
from ..licences.classes import BY_CHOICE, NO_USE, OWN, class_of_sources
from ..paths import DataFolder
from ..prompts import CHARACTERS_A_TOKEN
from ..providers.answering import near
from ..providers.hosts import Limits, TuningHost, Wanted
from ..providers.makers import Makers, may_train
from ..providers.refusals import Refusal
from ..stage import Options, Work
from ..words import counted, harmless, size
from .cost import Estimate, passes, within
from .platform_files import PLATFORMS, lines
from .rows import Dataset, chat_row

FINDINGS_TOLD = 5

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Consent:
    """What a person agrees to, in sentences."""

    lines: tuple[str, ...]
    estimate: Estimate

    @property
    def mark(self) -> str:
        """Stands for exactly these sentences: other rows, another host, model or price want a new consent."""
        return digest(self.lines)[:16]


def agree(work: Work, host: TuningHost, wanted: Wanted, dataset: Dataset) -> dict[str, Any]:
    """What the job on `dataset` is expected to cost, for its record. Raises Unavailable where something speaks against
    it or nobody agreed, and Refusal where the host has no such model to tune."""
    options = work.options
    consent = consent_to(work.folder, options, host, wanted, dataset)
    for line in consent.lines:
        work.note(line)
    if not options.yes and options.agreed != consent.mark:
        changed = "What you agreed to is not what would be sent now. " if options.agreed else ""
        raise Unavailable(
            f"Nothing was sent to {name_of(host)}. {changed}--yes agrees to all that is told above, --agreed "
            f"{consent.mark} to exactly that."
        )
    return consent.estimate.as_json()


def consent_to(folder: DataFolder, options: Options, host: TuningHost, wanted: Wanted, dataset: Dataset) -> Consent:
    """What a person must agree to before the job is submitted. Nothing but its list of models is asked of the host, and
    that only when all else is well. Raises as `agree` does."""
    every = (*dataset.train, *dataset.held_out)
    known = dict(zip(map(digest, lines(every, host.format, wanted.objective)), every, strict=True))
    training, findings = _read(wanted.training, known, host, wanted)
    held_out, more = _read(wanted.validation, known, host, wanted) if wanted.validation else ([], [])
    findings += [*more, *_terms(training + held_out, host), *_limits(training, held_out, host.limits, wanted)]
    if findings:
        rest = f" And {len(findings) - FINDINGS_TOLD:,} more." if len(findings) > FINDINGS_TOLD else ""
        raise Unavailable(f"Nothing was sent to {name_of(host)}. {' '.join(findings[:FINDINGS_TOLD])}{rest}")
    estimate = _estimate(folder, training, host, wanted)
    cost = within(options, name_of(host), near(host.url), wanted.model, estimate)
    told = _sent(training, held_out, host, wanted), *_whose(training + held_out), estimate.read, cost
    return Consent((*told, *_long(estimate, host), _until(host, wanted)), estimate)


def name_of(host: TuningHost) -> str:
    """The host's name, without port and path."""
    return urlsplit(host.url).hostname or host.url


def _read(path: Path, known: Mapping[str, Row], host: TuningHost, wanted: Wanted) -> tuple[list[Row], list[str]]:
    """The dataset's rows that a file holds, and what is wrong with its lines. One that is none of the `known` rows is
    wrong: nobody knows whose it is."""
    found: list[Row] = []
    faults: list[str] = []
    strange = 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if wanted.objective != "dpo":
                faults += [f"{path.name}, line {number:,}: {words}" for words in PLATFORMS[host.format].faults(line)]
            if (row := known.get(_mark(line))) is not None:
                found.append(row)
            else:
                strange += 1
    if strange:
        faults.append(
            f"{counted(strange, 'line')} of {path.name} come from no row of the dataset that may go there, by its "
            "licence (--allow) and by the terms of the model that worded it."
        )
    return found, faults


def _mark(line: str) -> str:
    try:
        return digest(json.loads(line))
    except (ValueError, RecursionError):
        return ""


# what speaks against it


def _terms(every: Sequence[Row], host: TuningHost) -> Iterator[str]:
    """Rows that nobody may train on, or that this host may not."""
    unusable = Counter(_licences(row) for row in every if class_of_sources(row.get("sources", ())) in NO_USE)
    for licence, count in unusable.items():
        yield f"{counted(count, 'row')} may be trained on by nobody: the licence is {licence or 'not told'}."
    kept = Counter(row["author"]["terms"] for row in every if not may_train(row, host.may_train_as))
    for id, count in kept.items():
        words = f"A model whose terms ({harmless(id)}) keep what it writes from this host worded"
        yield f"{words} {counted(count, 'request')}."


def _limits(training: Sized, held_out: Sized, limits: Limits, wanted: Wanted) -> Iterator[str]:
    for what, rows_, (fewest, most) in (
        ("training", training, limits.rows),
        ("validation", held_out, limits.validation_rows),
    ):
        if len(rows_) < fewest and (rows_ or what == "training"):
            yield f"The host takes at least {counted(fewest, f'{what} row')}; there are {len(rows_):,}."
        if 0 < most < len(rows_):
            yield f"The host takes at most {counted(most, f'{what} row')}; there are {len(rows_):,}."
    for path in filter(None, (wanted.training, wanted.validation)):
        if 0 < limits.file_bytes < (bytes_ := path.stat().st_size):
            yield f"The host takes files of at most {size(limits.file_bytes)}; {path.name} has {size(bytes_)}."


# what is told


def _estimate(folder: DataFolder, training: Sequence[Row], host: TuningHost, wanted: Wanted) -> Estimate:
    characters = CHARACTERS_A_TOKEN[host.format]
    lengths = [_length(row, wanted.objective) for row in training]
    price = Makers(folder.root).training_price(name_of(host), wanted.model)
    often = passes(len(training), wanted.parameters)
    return Estimate(round(sum(lengths) / characters), round(max(lengths) / characters), characters, often, price)


def _length(row: Row, objective: str) -> int:
    """Characters of a row's chat."""
    chat = chat_row(row, objective)
    answers = (str(chat.get(name, "")) for name in ("completion", "chosen", "rejected"))
    return sum(len(message["content"]) for message in chat["messages"]) + sum(map(len, answers))


def _licences(row: Row) -> str:
    return " + ".join(sorted({harmless(source["licence"]) for source in row.get("sources", ())}))


def _sent(training: Sized, held_out: Sized, host: TuningHost, wanted: Wanted) -> str:
    files = [path for path in (wanted.training, wanted.validation) if path]
    total = size(sum(path.stat().st_size for path in files))
    return (
        f"{name_of(host)} ({host.url}) would be sent {counted(len(training), 'training row')} and "
        f"{counted(len(held_out), 'validation row')}, {total} (dataset {wanted.dataset_hash[:12]}), to tune "
        f"{wanted.model}."
    )


def _whose(every: Sequence[Row]) -> Iterator[str]:
    """Under which licences the rows are, what these ask for, and whose they are."""
    by_licence = Counter(map(_licences, every)).most_common()
    yield f"By licence: {', '.join(f'{licence} {count:,}' for licence, count in by_licence)}."
    if own := sum(any(source["licence"] == OWN for source in row["sources"]) for row in every):
        yield f"Made of your own files: {counted(own, 'row')}."
    classes = Counter(class_of_sources(row["sources"]) for row in every)
    for part in BY_CHOICE:
        if classes[part]:
            yield f"{part.capitalize()}: {counted(classes[part], 'row')}; {PART_WORDS[part]}."
    if worded := Counter(harmless(row["author"]["model"]) for row in every if row.get("author")):
        told = ", ".join(f"{model} {count:,}" for model, count in worded.most_common())
        yield f"Requests that models worded, by whose terms this is allowed: {told}."


def _long(estimate: Estimate, host: TuningHost) -> Iterator[str]:
    if 0 < host.limits.row_tokens < estimate.longest:
        yield (
            f"The longest row has about {estimate.longest:,} tokens; the host takes {host.limits.row_tokens:,}, and "
            "cuts or refuses what is longer."
        )


def _until(host: TuningHost, wanted: Wanted) -> str:
    """How long the model that is tuned will be there. Raises Refusal where it is gone, or cannot be tuned so."""
    name = name_of(host)
    try:
        model = next((one for one in host.models() if one.id == wanted.model), None)
    except Refusal as refusal:
        if refusal.code != "missing":  # not every host has a list
            raise
        model = None
    if model is None:
        return f"{name} does not list {wanted.model} among the models that can be tuned now, and may refuse the job."
    if wanted.objective not in model.objectives:
        words = f"{name} tunes {model.id} by {', '.join(model.objectives)} alone, not by {wanted.objective}."
        raise Refusal("refused", words)
    if not model.ends:
        return f"{name} names no day on which it shuts {model.id} down."
    if model.ends <= now()[:10]:
        raise Refusal("closed", f"{name} has shut {model.id} down on {model.ends}: it can be tuned no more.")
    return f"{name} shuts {model.id} down on {model.ends}, and what is tuned from it ends with it."
