# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage dataset: prove what the records hold, word requests for what was proven, split, write."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..bpy_code.names import Names
from ..catalog import Proof
from ..errors import SetAside, Unavailable, UserError
from ..files import read_json, read_jsonl, write_jsonl, write_lines
from ..graph.model import Graph, closure
from ..graph.wires import real_nodes
from ..licences.classes import Policy
from ..row_files import PARTS, SPLITS, file_name
from ..stage import Outcome, Work
from ..words import counted
from ..worker.protocol import Host, Request
from . import (
    code_dataset,
    completion_dataset,
    edit_dataset,
    explain_dataset,
    json_dataset,
    port_dataset,
    preference_dataset,
    repair_dataset,
    scene_dataset,
    stack_dataset,
    tree_dataset,
)
from .author import Author
from .decontamination import Benchmarks
from .drafts import Drafts
from .feedback_dataset import FromFeedback
from .feedback_rows import Joining, held_out
from .kinds import FEWEST_NODES, Ask, FileKind, Place, Settings, WideKind
from .library import Library
from .near import Index
from .parts import part, row_files
from .proving import VERSION, Unit, asks, prove
from .published import FACTS, describe
from .quality import quality
from .rows import UNLICENSED, Chooser, Held, keep_to_licences, sides, tie, with_near_test
from .splits import Groups
from .weighing import Caps, Weighed, left_out

TREES = ("ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree")
FILE_KINDS: Mapping[str, FileKind] = {
    "explain": explain_dataset,
    "json": json_dataset,
    "stack": stack_dataset,
    "scene": scene_dataset,
    "completion": completion_dataset,
    "repair": repair_dataset,
    "preference": preference_dataset,
}
WIDE_KINDS: Mapping[str, WideKind] = {
    "edit": edit_dataset,
    "port": port_dataset,
    "code": code_dataset,
}
ASKED = {
    "compact": "trees as JSON",
    "prove_stacks": "modifier stacks",
    "prove_scenes": "scenes",
    "prove_edits": "edits",
    "try_broken": "broken scripts",
    "prove": "trees of feedback",
    "try_failed": "failed scripts of feedback",
}
"""Job → what it proves, as the funnel says it."""
CHECKPOINT_S = 5.0
PROOFS = "proofs.jsonl"
AUTHORED = "requests that an author model was asked for"


def run(work: Work) -> Outcome:
    """Build `datasets/<name>`. Raises Unavailable without a Blender."""
    if work.host is None:
        raise Unavailable("The dataset needs Blender to prove its answers. Name one with --blender PATH.")
    place = work.folder.scratch / "drafts.sqlite"
    try:
        with closing(Drafts(place)) as drafts, closing(Library(work, work.host, drafts)) as library:
            return _Build(work, work.host, library, drafts).run()
    finally:
        place.unlink(missing_ok=True)


class _Build:
    """One build. What it gathers lies in `drafts`, on disk; records are read one at a time."""

    def __init__(self, work: Work, host: Host, library: Library, drafts: Drafts) -> None:
        self.work, self.host, self.options = work, host, work.options
        self.library, self.drafts = library, drafts
        self.place = work.folder.dataset(self.options.name)
        self.counts: Counter[str] = Counter()
        self.left_out = library.left_out
        self.files = {name: kind for name, kind in FILE_KINDS.items() if name not in self.options.without}
        self.wide = {name: kind for name, kind in WIDE_KINDS.items() if name not in self.options.without}
        self.benchmarks = Benchmarks.read(Path(self.options.decontaminate)) if self.options.decontaminate else None
        self.author = Author(work) if self.options.author else None
        self.feedback = FromFeedback.read(work, host.name, self.counts) if self.options.from_feedback else None
        self.done = self.total = 0
        self.checked = time.monotonic()

    def run(self) -> Outcome:
        self.work.catalog.drop_asides("dataset", self.host.name)
        self.recover()
        options = self.options
        self.library.settings = Settings(
            self.host.version, options.pieces, options.seed, self.fresh(), options.each, self.names()
        )
        self.prove_trees()
        refused = self.gather_trees()
        self.prove_rest()
        refused |= self.gather_rest()
        asides = [refused[id] for id in sorted(refused)]
        policy = Policy(options.allow)
        keep_to_licences(self.drafts, self.library.origins, policy, self.host.name, self.left_out)
        families = self.keep_one_of_near()
        self.keep_to_caps(families)
        tie(self.drafts, families)
        return self.write(families, policy, asides)

    def fresh(self) -> dict[str, Graph]:
        """Tree type → a new node group with each node type that the records use, as this Blender makes them."""
        types: dict[str, set[str]] = {}
        told = self.feedback.node_types() if self.feedback else ()
        for tree_type, used in itertools.chain(self.library.node_types(), told):
            if tree_type in TREES:
                types.setdefault(tree_type, set()).update(used)
        asked = Request(
            "node_table", {"types": {t: sorted(types[t]) for t in sorted(types)}}, "fresh nodes", limit_s=120
        )
        for answer in self.work.answers([asked] if types else []):
            if answer.ok:
                return {tree_type: Graph.from_json(graph) for tree_type, graph in answer.body["trees"].items()}
            self.work.note(f"Requests tell no values, and there are no pieces: {answer.sentence}")
        return {}

    def names(self) -> Names | None:
        """The names that this Blender has, where code rows are wanted and there is code, or an author is checked."""
        wanted = self.author or ("code" in self.wide and any(True for _ in self.library.texts()))
        for answer in self.work.answers([Request("names", {}, "names", limit_s=120)] if wanted else []):
            if answer.ok:
                return Names(answer.body["table"])
            if "code" in self.wide:
                self.work.note(f"There are no code rows: {answer.sentence}")
            if self.author:
                self.work.note(f"Fewer names are known by which an author's words are checked: {answer.sentence}")
        return None

    # proving

    def recover(self) -> None:
        """Take proofs back from the dataset's own files where the catalog was lost."""
        path = self.place / PROOFS
        if path.is_file() and not any(self.work.catalog.counts()[key] for key in ("proven", "unproven")):
            kept = [
                line for line in read_jsonl(path) if (line["blender"], line["version"]) == (self.host.name, VERSION)
            ]
            names = Proof.__dataclass_fields__
            proofs = [Proof(**{name: line[name] for name in names}) for line in kept]
            self.work.catalog.add_proofs(self.host.name, VERSION, proofs)

    def prove_trees(self) -> None:
        """Have every tree and piece proven that nobody has proven yet."""
        for sha256, graphs, units in self.library.graphs():
            for place, candidate in enumerate(self.library.candidates(graphs)):
                self.drafts.plan(sha256, place, units.unit(candidate).id, self.library.proof)
        self.total, due = self.drafts.counted()
        self.done = self.total - due

        def waiting() -> Iterator[Unit]:
            for sha256, graphs, units in self.library.graphs(lambda sha256: self.drafts.planned(sha256, due=True)):
                left = self.drafts.planned(sha256, due=True)
                for place, candidate in enumerate(self.library.candidates(graphs)):
                    if place in left:
                        yield units.unit(candidate, left[place])

        self.tell(0, "")
        prove(self.work, asks(waiting()), VERSION, self.tell)
        self.checkpoint("running")

    def prove_rest(self) -> None:
        """Have proven what kinds want beyond trees."""
        if self.feedback:
            self.prove_asked(self.feedback.tree_asks(self.library.settings))
        self.prove_asked(self.asks())
        self.library.file.cache_clear()
        self.checkpoint("running")

    def prove_asked(self, asks: Iterator[Ask]) -> None:
        """Have proven what nobody has proven yet, and nothing twice."""

        def new(ask: Ask) -> Ask | None:
            units = {
                root: id
                for root, id in ask.units.items()
                if self.drafts.ask(id, ask.job, f"{root} in {ask.item}") and self.library.proof(id) is None
            }
            self.total += len(units)
            return Ask(ask.job, ask.body, units, ask.item, ask.nodes) if units else None

        prove(self.work, filter(None, map(new, asks)), VERSION, self.tell)

    def asks(self) -> Iterator[Ask]:
        settings = self.library.settings
        asking = list(dict.fromkeys(kind.asks for kind in self.files.values()))  # some kinds share what they ask
        for sha256 in self.library.files() if asking else ():
            if file := self.library.file(sha256):
                for wanted in asking:
                    yield from wanted(file, settings)
        for wide in self.wide.values():
            yield from wide.asks(self.library, settings)
        if self.feedback:
            yield from self.feedback.asks(self.library, settings)

    def tell(self, more: int, item: str) -> None:
        self.done += more
        self.work.progress(self.done, self.total, item)
        if time.monotonic() - self.checked > CHECKPOINT_S:
            self.checkpoint("running")

    def checkpoint(self, status: str, rows: int = 0) -> None:
        self.checked = time.monotonic()
        progress = {"trees_total": self.total, "trees_tried": self.done, "rows": rows}
        state = {"dataset": self.options.name, "blender": self.host.name, "records": len(self.library.records)}
        self.work.checkpoint(status, progress, state)

    # gathering

    def gather_trees(self) -> dict[str, dict[str, Any]]:
        """Take in drafts of all proven trees and pieces; a line for each that was not, by unit."""
        refused: dict[str, dict[str, Any]] = {}
        settings = self.library.settings
        for sha256, graphs, units in self.library.graphs():
            self.counts["trees"] += len(graphs)
            small = sum(len(real_nodes(graph)) < FEWEST_NODES for graph in graphs.values())
            self.counts["trees with fewer than two nodes"] += small
            for graph in graphs.values():
                below = (Place(sha256, used.key) for used in closure(graph, graphs))
                self.drafts.tie(f"groups of {sha256}:{graph.key}", below)
            planned = self.drafts.planned(sha256)
            for place, candidate in enumerate(self.library.candidates(graphs)):
                proof = self.library.proof(planned[place])
                assert proof is not None
                what = "pieces" if candidate.part else "trees tried"
                self.counts[what] += 1
                if not proof.proven:
                    self.counts[f"{what}, not proven"] += 1
                    refused.setdefault(proof.unit, unproven(units.item(candidate), candidate.task, proof))
                    continue
                at = Place(sha256, candidate.owner)
                graph = candidate.graph
                worth = quality(graph, settings.plain(graph.type), part=candidate.part)
                if worth.fault:
                    self.left_out[worth.fault] += 1
                    continue
                if not candidate.part:
                    self.drafts.add_tree(at, candidate.task, proof)
                for draft in tree_dataset.drafts(candidate, proof, at, worth.score, settings):
                    self.drafts.add(draft)
        return refused

    def gather_rest(self) -> dict[str, dict[str, Any]]:
        """Take in the drafts of all other kinds; a line for each ask that was not proven, by unit."""
        refused: dict[str, dict[str, Any]] = {}
        for id, job, item in self.drafts.asked():
            proof = self.library.proof(id)
            if proof is not None:
                what = ASKED.get(job, job)
                self.counts[f"{what} tried"] += 1
                if not proof.proven:
                    self.counts[f"{what} tried, not proven"] += 1
                    refused[id] = unproven(item, job, proof)
        settings = self.library.settings
        for sha256 in self.library.files() if self.files else ():
            if file := self.library.file(sha256):
                for kind in self.files.values():
                    for draft in kind.drafts(file, settings):
                        self.drafts.add(draft)
        for name, wide in self.wide.items():
            for draft in wide.drafts(self.library, settings):
                self.drafts.add(draft)
                self.tell(0, f"rows of the kind {name}")
        return refused

    def keep_one_of_near(self) -> Groups:
        """Of nearly equal answers keep the best. Families: answers that chains of nearly equal ones join."""
        families = Groups()
        with Index() as index:
            for among, answer, features, score in self.drafts.answers():
                index.add(f"{among}:{answer}", features, among, score)
            for cluster in index.clusters():
                families.join(*(id.partition(":")[2] for id in cluster))
            for copy in index.copies():
                among, _, answer = copy.id.partition(":")
                gone = self.drafts.replace(among, answer, kept=copy.kept.partition(":")[2])
                self.left_out["nearly equal to another, which is kept"] += gone
        return families

    def keep_to_caps(self, families: Groups) -> None:
        """No shape, family or source may speak for all."""
        options = self.options

        def weighed() -> Iterator[Weighed]:
            for among, answer, shape, score, sha256 in self.drafts.groups():
                origin = self.library.origins(sha256)[0]
                maker = origin.provenance.get("repository") or origin.source
                yield Weighed(
                    f"{among}:{answer}", f"{among} {maker}", f"{among} {families.of(answer)}", f"{among} {shape}", score
                )

        caps = Caps(options.most_of_shape, options.most_of_family, options.most_of_source)
        for id, why in left_out(weighed(), caps):
            among, _, answer = id.partition(":")
            self.left_out[why] += self.drafts.drop_answer(among, answer)

    # writing

    def write(self, families: Groups, policy: Policy, asides: list[dict[str, Any]]) -> Outcome:
        """Split, write the dataset's files, then its rows into the catalog."""
        library, drafts = self.library, self.drafts
        placed = sides(drafts, library.origins, self.options.seed, self.held())
        if self.options.near_test:
            placed = with_near_test(placed, drafts, library.origins, self.options.seed)
        chooser = Chooser(drafts, placed, families, library.origins, policy, self.host.name, self.left_out)
        for split, name, row in chooser.rows():
            if held := self.benchmarks and self.benchmarks.of(row):
                self.left_out[f"held by the benchmark {held}"] += 1
            else:
                drafts.choose(split, name, row)
        if self.author:
            self.author.reword(drafts, library.settings, self.benchmarks)
        joined = self.join(self.feedback) if self.feedback else {}
        for name in PARTS:
            for split in SPLITS:
                path = self.place / file_name(split, name)
                if not write_lines(path, drafts.chosen(split, name)) and name:
                    path.unlink()
        unlicensed = write_lines(self.place / f"{UNLICENSED}.jsonl", drafts.chosen(UNLICENSED))
        write_jsonl(self.place / "set_aside.jsonl", asides)
        write_jsonl(self.place / PROOFS, self.proofs())
        self.counts["drafts"] = drafts.found
        known = describe(
            self.place,
            self.options.name,
            funnel={
                "files parsed": len(library.records),
                "files read with errors, left out": library.with_errors,
                **self.counts,
                "left out": dict(+self.left_out),
                **({AUTHORED: dict(sorted(self.author.counts.items()))} if self.author else {}),
            },
            split=placed.facts(),
            settings=self.described(),
            unlicensed=unlicensed,
            set_aside=dict(Counter(line["code"] for line in asides).most_common()),
        )
        self.work.catalog.set_examples(
            self.options.name,
            drafts.all_chosen(),
            lambda row: drafts.features_of(row) or joined.get(row["answer"], b""),
        )
        for line in asides:
            if line["task"] != "piece":
                self.work.set_aside(SetAside("dataset", line["item"], line["code"], line["reason"]))
        self.checkpoint("done", sum(known["rows"].values()))
        for sentence in known["split"]["words"]:
            self.work.note(sentence)
        return outcome(known)

    def join(self, feedback: FromFeedback) -> dict[str, bytes]:
        """Put rows of feedback beside those that were chosen, where no author model hears of them; the features of
        their trees by answer."""
        wanted = list(feedback.drafts(self.library, self.library.settings))
        held = held_out(self.work.folder.datasets)
        with Joining(self.drafts, held, self.benchmarks, self.options.each) as joining:
            for row in joining.rows(feedback, wanted, self.host.name, self.left_out):
                self.drafts.choose("train", part(row["sources"]), row)
                self.counts["rows of feedback"] += 1
        count = counted(self.counts["rows of feedback"], "row")
        self.work.note(f"{count} of feedback joined train: your own work, which leaves this computer only as you say.")
        return {draft.answer: draft.features for draft in wanted if draft.among}

    def held(self) -> Held:
        """What is kept for test. Raises UserError where an earlier dataset is named that is not there."""
        files = set[str]()
        if name := self.options.keep_test:
            folder = Path(name) if Path(name).is_dir() else self.work.folder.dataset(name)
            rows = [file for file in row_files(folder) if file.split == "test"]
            if not rows:
                raise UserError(f"{name} is no dataset with a test split to keep.")
            if read_json(folder / FACTS, {}).get("settings", {}).get("near_test"):
                raise UserError(f"The test split of {name} holds trees of files that train has: it cannot be kept.")
            files = {source["sha256"] for file in rows for row in file.rows() for source in row["sources"]}
        return Held(frozenset(self.options.hold_out), frozenset(files))

    def proofs(self) -> Iterator[dict[str, Any]]:
        """The proofs beside the rows: with the records they are enough to go on without the catalog."""
        for unit in self.drafts.units():
            if proof := self.library.proof(unit):
                yield {**vars(proof), "blender": self.host.name, "version": VERSION}

    def described(self) -> dict[str, Any]:
        """What the rows depend on besides the records."""
        options = self.options
        return {
            "blender": self.host.name,
            "seed": options.seed,
            "pieces": options.pieces,
            "each": options.each,
            "without": sorted(options.without),
            "allow": sorted(options.allow),
            "hold_out": sorted(options.hold_out),
            "keep_test": bool(options.keep_test),
            "near_test": options.near_test,
            "decontaminated": bool(self.benchmarks),
            "caps": [options.most_of_shape, options.most_of_family, options.most_of_source],
            "author": self.author.name if self.author else "",
            "author_share": options.author_share if self.author else 0,
            "from_feedback": options.from_feedback,
            "proof_version": VERSION,
        }


def unproven(item: str, task: str, proof: Proof) -> dict[str, Any]:
    """A line of `set_aside.jsonl`. The reason's first words, up to a colon, are its code."""
    code, _, _ = proof.reason.partition(":")
    return {
        "item": item,
        "task": task,
        "unit": proof.unit,
        "nodes": proof.nodes,
        "code": code[:40],
        "reason": proof.reason,
    }


def outcome(known: Mapping[str, Any]) -> Outcome:
    """The stage's result in words and numbers."""
    rows = known["rows"]
    total = sum(rows.values())
    counts = {**rows, "rows": total, "answers": known["answers"], "set_aside": sum(known["set_aside"].values())}
    if not total:
        return Outcome(
            "No rows: nothing that was parsed could be proven. The reasons are in set_aside.jsonl.", counts, aside=True
        )
    words = (
        f"{counted(total, 'row')} ({rows['train']:,} train, {rows['val']:,} val, {rows['test']:,} test), each proven"
    )
    aside = f"; {counts['set_aside']:,} not proven" if counts["set_aside"] else ""
    return Outcome(f"{words}{aside}.", counts)
