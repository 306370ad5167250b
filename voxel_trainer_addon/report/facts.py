# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report tells, gathered from catalog and files: everything may be missing, nothing is made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..catalog import Catalog
from ..errors import SetAside
from ..files import now, read_json, read_jsonl
from ..paths import DataFolder
from ..stage import Options, last_options
from .rows import SIDES, Json, Rows, files, read

ITEMS_SHOWN = 100
"""Items named for one reason; the rest is counted, and stands in the files."""


@dataclass(frozen=True)
class Source:
    """A source as the report tells of it; `licences` counts files by SPDX id."""

    id: str
    kind: str
    words: str
    files: int
    bytes: int
    licences: Mapping[str, int]


@dataclass
class Reason:
    """What was set aside for one reason in one stage: how many, and the first of them."""

    stage: str
    code: str
    count: int = 0
    items: list[SetAside] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """All of one dataset's report. JSON values are as their rooms wrote them, empty where there is none yet."""

    name: str
    made_at: str
    options: Options
    sources: list[Source]
    counts: Json
    trees: int
    dataset: Json
    rows: Rows
    reasons: list[Reason]
    job: Json
    version: str
    jobs: list[Json]
    made: Mapping[str, Json]
    """Job's id → the `job.json` of the model that it made."""
    model: Path
    """The folder of that version."""
    evaluation: Json
    answers: list[Json]
    probes: list[Json]
    run: Json
    in_use: Json
    """What `deployment.in_use` tells, empty where nobody asked."""
    places: list[tuple[str, str, int]]
    """(path relative to the data folder, what lies there, bytes), those that exist."""

    def why(self, stage: str) -> str:
        """Why a stage has left nothing, in a sentence."""
        own = [item for reason in self.reasons if reason.stage == stage for item in reason.items]
        return own[-1].sentence if own else f"The stage {stage} has not been run yet."

    def set_aside(self, stage: str) -> int:
        return sum(reason.count for reason in self.reasons if reason.stage == stage)


def gather(folder: DataFolder, catalog: Catalog, name: str, in_use: Json) -> Facts:
    """What is known of the dataset `name`, and of models in use."""
    place = folder.dataset(name)
    dataset = _object(place / "dataset.json")
    made = [(path.parent.name, _object(path)) for path in (folder.models / name).glob("v*/job.json")]
    options = last_options(folder)
    version, job = _shown(made, name, options.evaluated)
    model = folder.model(name, version) if version else place / "no model"
    records = catalog.records()
    runs = sorted(folder.runs.glob("*/run.json"))
    return Facts(
        name=name,
        made_at=now(),
        options=options,
        sources=list(_sources(catalog)),
        counts=catalog.counts(),
        trees=sum(int(record["counts"].get("graphs", 0)) for record in records),
        dataset=dataset,
        rows=read(place),
        reasons=_reasons(catalog, place),
        job=job,
        version=version,
        jobs=[job for job in catalog.jobs() if job.get("dataset") == name],
        made={str(described.get("id")): described for _, described in made},
        model=model,
        evaluation=_object(model / "evaluation.json"),
        answers=_lines(model / "answers.jsonl"),
        probes=_lines(model / "probes.jsonl"),
        run=_object(runs[-1]) if runs else {},
        in_use=in_use,
        places=list(_places(folder, name, version)),
    )


def _object(path: Path) -> Json:
    value = read_json(path)
    return value if isinstance(value, dict) else {}


def _lines(path: Path) -> list[Json]:
    return [line for line in read_jsonl(path) if isinstance(line, dict)] if path.is_file() else []


def _sources(catalog: Catalog) -> Iterator[Source]:
    licences: dict[str, Counter[str]] = {}
    sizes: Counter[str] = Counter()
    for origin in catalog.origins():
        licences.setdefault(origin.source, Counter())[origin.licence] += 1
        sizes[origin.source] += origin.bytes
    for source in catalog.sources():
        id, counted = source["id"], licences.get(source["id"], Counter())
        yield Source(id, source["kind"], source["words"], counted.total(), sizes[id], dict(counted.most_common()))


def _shown(jobs: list[tuple[str, Json]], name: str, evaluated: str) -> tuple[str, Json]:
    """(version, job) of the model that the last run was told to evaluate, or of the one trained last; a job that ended
    well before one that did not."""
    owner, _, named = evaluated.rpartition("/")
    asked = [(version, job) for version, job in jobs if version == named and Path(owner or name).name == name]
    return max(
        asked or jobs,
        key=lambda entry: (entry[1].get("state") == "done", str(entry[1].get("finished_at", "")), entry[0]),
        default=("", {}),
    )


def _reasons(catalog: Catalog, place: Path) -> list[Reason]:
    asides = [aside for aside in catalog.asides() if aside.stage != "dataset"]
    unproven = _lines(place / "set_aside.jsonl")
    if unproven:
        asides += [SetAside("dataset", str(u["item"]), str(u["code"]), str(u["reason"])) for u in unproven]
    else:
        asides += catalog.asides("dataset")
    found: dict[tuple[str, str], Reason] = {}
    for aside in asides:
        reason = found.setdefault((aside.stage, aside.code), Reason(aside.stage, aside.code))
        reason.count += 1
        if len(reason.items) < ITEMS_SHOWN:
            reason.items.append(aside)
    return sorted(found.values(), key=lambda reason: (reason.stage, -reason.count, reason.code))


def _places(folder: DataFolder, name: str, version: str) -> Iterator[tuple[str, str, int]]:
    dataset = folder.dataset(name)
    wanted: list[tuple[Path, str]] = [
        *((path, "examples " + SIDES[split] + (f", {part}" if part else "")) for path, split, part in files(dataset)),
        (dataset / "set_aside.jsonl", "trees and pieces that were not proven, with reasons"),
        (dataset / "openai", "the same rows in OpenAI's chat format"),
        (dataset / "claude", "the same rows in Claude's format"),
        (dataset / "local", "the same rows for training on one's own machine"),
        (dataset / "parquet", "the same rows as Parquet"),
        (dataset / "README.md", "the dataset's card"),
        (dataset / "ATTRIBUTION.md", "every source with its licence"),
        (dataset / "CITATION.cff", "how to cite the dataset"),
        (dataset / "croissant.json", "what the dataset holds, for machines"),
        (dataset / "dataset.json", "counts, settings and the hash of every file"),
        (folder.parsed, "what was read from each file"),
        (folder.catalog, "the catalog: files, records, rows, jobs"),
        (folder.jobs, "every training job"),
        (folder.training_queue, "training jobs that wait"),
    ]
    if version:
        model = folder.model(name, version)
        wanted += [
            (model / "model", "the tuned model"),
            (model / "adapter", "the tuned adapter"),
            (model / "evaluation.json", "all figures of the comparison"),
            (model / "answers.jsonl", "all answers, with scores"),
            (model / "probes.jsonl", "all probes, with answers"),
        ]
    for path, what in wanted:
        if path.exists():
            yield path.relative_to(folder.root).as_posix(), what, _size(path)


def _size(path: Path) -> int:
    files: Iterable[Path] = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
