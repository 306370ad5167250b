# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `benchmark make`: a dataset's test split, as far as others may have it, as a folder by itself."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import __version__
from ..dataset_builder.attribution import entry, heading
from ..dataset_builder.decontamination import spellings
from ..dataset_builder.published import facts_of, held
from ..errors import UserError
from ..evaluation import frozen, separate, standalone
from ..evaluation.choice import independent
from ..evaluation.execution import LIMIT_S
from ..evaluation.frozen import Entry
from ..evaluation.frozen_card import LEFT_OUT, readme
from ..evaluation.quality_metrics import Ran
from ..files import digest, now, write_json, write_jsonl, write_lines, write_text
from ..graph.model import Graph
from ..licences.classes import OBLIGATIONS, class_of, class_of_sources, obligations, usable
from ..licences.expressions import table
from ..row_files import rows_of
from ..stage import EVALUATED
from ..words import harmless
from ..worker.pool import Pool
from ..worker.protocol import Host, Request
from .run import WORKER_MB, workers_that_fit

PASSED_ON = ("public-domain", "permissive", "attribution")
"""Classes of licences under which others may have a row as it is; own work is not for others without their word."""
HEAD = """\
# Attribution

Every file that prompts and references of this benchmark come from: its path, its licence, and where they are known its
author and a link.

**What was changed.** Node trees were read from these files and turned into Python code, graphs as JSON and descriptions
in words; parts were left out and renamed. The files themselves are not passed on. Copyright notices stand in the
repositories that the links lead to.

## Licences

"""


Runs = Callable[[Collection[str]], Mapping[str, Ran]]
"""Scripts → what came of each in an empty Blender."""


def freeze(dataset: Path, out: Path, blender: str, runs: Runs, told: Callable[[str], None]) -> dict[str, Any]:
    """Make a benchmark of the test split of the dataset in the folder `dataset`; the content of its `benchmark.json`.
    `runs` runs the references once more, in the Blender of the version `blender`.

    Raises UserError where there is no dataset, `out` is not empty, train and test share a group, or no row is left.
    """
    source = facts_of(dataset)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty. Name a new folder with --out; a benchmark is never written over another.")
    left: Counter[str] = Counter()
    rows = [row for row in rows_of(dataset, "test") if _of_kind(row, left)]
    separate.refuse_shared((row for row in rows_of(dataset, "train") if row["kind"] in EVALUATED), rows)
    free = [(row, sources) for row in rows if (sources := _free(row, left))]
    ran = runs({str(row["completion"]) for row, _ in free})
    proven = [
        Entry(row, sources, graphs)
        for row, sources in free
        if (graphs := _proven(row, ran[row["completion"]], blender, told))
    ]
    entries = frozen.telling(proven)
    left |= {"stale": len(free) - len(proven), "loose": len(proven) - len(entries)}
    if not entries:
        raise UserError(f"No row of the test split of {dataset} can be a prompt of a benchmark: {_words(left)}.")
    return _write(out, entries, source, left, blender)


def in_blender(host: Host, tick: Callable[[], bool], told: Callable[[str], None]) -> Runs:
    """The way to run references in workers of this Blender."""

    def runs(codes: Collection[str]) -> dict[str, Ran]:
        found = {}
        requests = (Request("run_answer", {"code": code}, digest(code)[:12], limit_s=LIMIT_S) for code in sorted(codes))
        with (
            tempfile.TemporaryDirectory(prefix="voxel-benchmark-") as scratch,
            Pool(host, workers=workers_that_fit(), memory_mb=WORKER_MB * 4, scratch=Path(scratch)) as pool,
        ):
            for done, answer in enumerate(pool.run(requests, tick), 1):
                graphs = {key: Graph.from_json(graph) for key, graph in answer.body.get("graphs", {}).items()}
                error = str(answer.body.get("error") or answer.sentence or answer.code)
                found[answer.request.body["code"]] = Ran(bool(answer.body.get("ran")), error, graphs=graphs)
                if done == len(codes) or not done % 50:
                    told(f"{done:,} of {len(codes):,} references run")
        return found

    return runs


def _of_kind(row: Mapping[str, Any], left: Counter[str]) -> bool:
    fits = row["kind"] in EVALUATED
    left["other kind"] += not fits
    return fits


def _free(row: Mapping[str, Any], left: Counter[str]) -> list[dict[str, Any]]:
    """The sources under whose licences others may have the row; empty where one that it needs has none."""
    sources = [source for source in row["sources"] if class_of(source["licence"]) in PASSED_ON]
    had = {source.get("of", "") for source in sources}
    lacking = [source for source in row["sources"] if source.get("of", "") not in had]
    if not lacking:
        return sources
    left[class_of_sources(lacking)] += 1
    return []


def _proven(row: Mapping[str, Any], ran: Ran, blender: str, told: Callable[[str], None]) -> Mapping[str, Any]:
    """All trees that the reference makes; nothing where it no longer proves."""
    sentence = separate.stale(row, ran, blender)
    if not sentence and ran.graphs and ran.graphs[row["key"]].nodes:
        return ran.graphs
    told(f"left out  {row['id'][:12]}  {sentence or 'The wanted answer makes no node.'}")
    return {}


def _write(
    out: Path, entries: Sequence[Entry], source: Mapping[str, Any], left: Mapping[str, int], blender: str
) -> dict[str, Any]:
    prompts = [one.prompt() for one in entries]
    asked = [condition for line in prompts for condition in line["conditions"]]
    known: dict[str, Any] = {
        "form": frozen.FORM,
        "name": str(source["name"]),
        "tool": f"Voxel Trainer {__version__}",
        "blender": blender,
        "dataset": {"name": source["name"], "hash": source["hash"]},
        "prompts": len(entries),
        "groups": len({independent(one.row) for one in entries}),
        "conditions": {"conditions": len(asked), "simple": sum("simple" in condition for condition in asked)},
        "by": {
            "kind": _counts(line["kind"] for line in prompts),
            "task": _counts(line["task"] for line in prompts),
            "test": _counts(line.get("test", "near") for line in prompts),
            "made for Blender": _counts(line["blender_version"] for line in prompts),
            "licence": _counts(" + ".join(line["licences"]) for line in prompts),
        },
        "left_out": {why: left[why] for why in LEFT_OUT if left.get(why)},
    }
    out.mkdir(parents=True, exist_ok=True)
    write_jsonl(out / frozen.PROMPTS, prompts)
    write_jsonl(out / frozen.REFERENCES, (one.reference() for one in entries))
    write_lines(out / frozen.HASHES, _hashes(harmless(known["name"]), entries))
    write_text(out / frozen.ATTRIBUTION, _attribution(entries))
    write_text(out / frozen.CARD, readme(known))
    shutil.copyfile(standalone.__file__, out / frozen.SCRIPT)
    files = {name: held(out / name) for name in frozen.FILES}
    told = {"digest": digest({name: file["sha256"] for name, file in files.items()}), "made_at": now(), "files": files}
    write_json(out / frozen.FACTS, {**known, **told})
    return {**known, **told}


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _hashes(name: str, entries: Iterable[Entry]) -> list[str]:
    """The list of a benchmark's texts, as `dataset --decontaminate` reads it."""
    texts = (one.row[field] for one in entries for field in ("prompt", "completion"))
    spelled = (spelling for text in texts for spelling in spellings(text) if spelling)
    hashes = (sha256(spelling.encode("utf-8", "surrogatepass")).hexdigest() for spelling in spelled)
    return [f"{name}\t{hash}" for hash in dict.fromkeys(hashes)]


def _attribution(entries: Sequence[Entry]) -> str:
    sources = [source for one in entries for source in one.sources]
    licences = sorted({usable(source["licence"]) for source in sources})
    lines = [HEAD + "\n".join(map(_licence, licences))]
    told = sorted({(heading(source), entry(source)) for source in sources})
    for head in dict.fromkeys(head for head, _ in told):
        lines += ["", head, "", *(line for above, line in told if above == head)]
    return "\n".join(lines) + "\n"


def _licence(licence: str) -> str:
    """What a licence asks for, and where its text is."""
    asked = " ".join(OBLIGATIONS[word] for word in obligations(licence)) or "It asks for nothing."
    text = f" Text: <https://spdx.org/licenses/{licence}.html>" if licence.lower() in table() else ""
    return f"- {harmless(licence)}: {asked}{text}"


def _words(left: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} have {LEFT_OUT[why]}" for why, number in left.items() if number) or "it is empty"
