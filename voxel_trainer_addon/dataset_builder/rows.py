# SPDX-License-Identifier: GPL-3.0-or-later
"""From drafts to rows: which side everything stands on, so that nothing leaks, and what a row says of its sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..catalog import Origin
from ..files import digest
from ..licences.classes import NO_USE, Policy, class_of
from ..row_files import SPLITS
from ..stage import EVALUATED
from ..words import counted
from .alike import Alike
from .drafts import Drafts, Example
from .form import id_of
from .kinds import Json, Place
from .near import Index
from .parts import makers, part
from .splits import FEW_GROUPS, TELLING_NODES, Groups, allotted, enough, near_test

UNLICENSED = "unlicensed"

Origins = Callable[[str], Sequence[Origin]]


@dataclass(frozen=True)
class Sides:
    """Each place's group and each group's split. `by_file` tells for each source whether it was split by its files and
    repositories; `near` are groups of trees that were taken out of train's for the near test, by `trees`."""

    by_file: Mapping[str, bool]
    atom: Callable[[Place], str]
    groups: Groups
    split: Mapping[str, str]
    largest: int
    held: frozenset[str]
    tree: Callable[[Place], str]
    trees: Groups
    near: frozenset[str] = frozenset()

    def group(self, place: Place) -> str:
        inner = self.trees.of(self.tree(place))
        return inner if inner in self.near else self.groups.of(self.atom(place))

    def of(self, place: Place) -> str:
        return self.split.get(self.group(place), "test")

    def facts(self) -> Json:
        """How the rows were split, for programs and in words."""
        ways = {
            True: "its repositories and files",
            False: "trees that share groups, for it has too few files that differ",
        }
        told = [f"{source} is split by {ways[by_file]}." for source, by_file in self.by_file.items()]
        groups = {side: sum(split == side for split in self.split.values()) for side in SPLITS}
        told.append(
            f"Of {counted(len(self.split), 'group')} val has {groups['val']:,} and test {groups['test']:,}; the "
            f"largest has {counted(self.largest, 'row')}."
        )
        if self.near:
            told.append(
                f"The near test has {counted(len(self.near), 'group')} of trees besides, of files that train knows: "
                "trees that share node groups or are nearly equal stay together."
            )
        if self.held:
            told.append(f"{counted(len(self.held), 'group')} were kept for test on purpose.")
        by = {source: "file" if by_file else "trees that share groups" for source, by_file in self.by_file.items()}
        return {"by": by, "groups": groups, "largest_group_rows": self.largest, "words": told}


def home(origins: Sequence[Origin]) -> list[str]:
    """What a file's origins belong to as a whole: the repository, or the file with its earlier states."""
    found = set()
    for origin in origins:
        repository = str(origin.provenance.get("repository", ""))
        found.add(f"repository {repository}" if repository else f"file {origin.source}/{_first_name(origin.path)}")
    return sorted(found)


def _first_name(path: str) -> str:
    """`a.blend` for `a.blend1` too, which is an earlier save of it."""
    stem, ending, number = path.rpartition(".blend")
    return stem + ending if ending and number.isdigit() else path


@dataclass(frozen=True)
class Held:
    """What is kept for the test: whole sources, and the files of a test split that was made before, which then takes no
    others."""

    sources: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def has(self, place: Place, origins: Origins) -> bool:
        return place.sha256 in self.files or any(o.source in self.sources for o in origins(place.sha256))


def sides(drafts: Drafts, origins: Origins, seed: int, held: Held = Held()) -> Sides:
    """Split by files and repositories where there are enough of them; else sources with few files are split by trees
    that share groups. With ten repositories or more a small test is better than one that knows its makers."""
    files, repositories = Groups(), set[str]()
    for place in drafts.all_places():
        homes = home(origins(place.sha256))
        files.join(place.sha256, *homes)
        repositories.update(name for name in homes if name.startswith("repository "))
    for tied in drafts.ties():
        files.join(*(place.sha256 for place in tied))
    weights: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for example in drafts.examples():
        found = {files.of(place.sha256) for place in example.places}
        total[min(found)] += 1
        for source in {origin.source for place in example.places for origin in origins(place.sha256)}:
            counts = weights.setdefault(source, Counter())
            if len(found) == 1:  # one that other groups have too may not be theirs to hold out
                counts[min(found)] += 1
    everything = enough(total, seed, share=0.1 if len(repositories) >= FEW_GROUPS else 0.5)
    by_file = {source: everything or enough(counts, seed) for source, counts in sorted(weights.items())}

    def atom(place: Place) -> str:
        whole = any(by_file.get(origin.source, True) for origin in origins(place.sha256))
        return place.sha256 if whole else f"{place.sha256}:{place.owner}"

    groups = Groups()
    for place in drafts.all_places():
        if (name := atom(place)) == place.sha256:
            groups.join(name, *home(origins(place.sha256)))
    for tied in drafts.ties():
        groups.join(*(atom(place) for place in tied))
    rows: Counter[str] = Counter()
    with_trees = set[str]()
    for example in drafts.examples():
        found = {groups.of(atom(place)) for place in example.places}
        rows.update(found)
        if example.kind != "code":
            with_trees |= found
    kept = frozenset(groups.of(atom(place)) for place in drafts.all_places() if held.has(place, origins))
    split: dict[str, str] = {}
    for trees in (True, False):  # groups of code alone would fill val and test
        part = {group: count for group, count in rows.items() if (group in with_trees) is trees}
        split |= allotted(part, seed, kept, frozen=bool(held.files))
    return Sides(by_file, atom, groups, split, max(rows.values(), default=0), kept, tree_of(origins), Groups())


def tree_of(origins: Origins) -> Callable[[Place], str]:
    """Names a place's tree with all its states in the earlier saves and copies of its file or repository."""
    return lambda place: f"{home(origins(place.sha256))[0]}:{place.owner}"


def with_near_test(sides: Sides, drafts: Drafts, origins: Origins, seed: int) -> Sides:
    """Hold out for test some trees that train would have: where repositories are few, only trees of known makers are
    enough to show a difference by."""
    for place in drafts.all_places():
        homes = home(origins(place.sha256))
        sides.trees.join(*(f"{one}:{place.owner}" for one in homes))
    for tied in drafts.ties():
        sides.trees.join(*map(sides.tree, tied))
    weights: Counter[str] = Counter()
    for example in drafts.examples():
        if example.kind in EVALUATED and {sides.of(place) for place in example.places} == {"train"}:
            found = {sides.trees.of(sides.tree(place)) for place in example.places}
            weights.update(found if len(found) == 1 else ())
    return replace(sides, near=near_test(weights, seed))


def keep_to_licences(drafts: Drafts, origins: Origins, policy: Policy, blender: str, left_out: Counter[str]) -> None:
    """Drop what was found only where no licence lets it be used (it becomes rows of `unlicensed`) or none that the
    policy takes; of the rest, the places where that is so. Before anything is chosen: nothing may be left out for the
    sake of what cannot be used."""
    for example in drafts.examples():
        licences = {place: {o.licence for o in origins(place.sha256)} for place in example.places}
        taken = {place for place, found in licences.items() if any(map(policy.takes, found))}
        for place in example.places:
            if place not in taken:
                drafts.lose(example.id, place)
        if taken:
            continue
        if all(class_of(licence) in NO_USE for found in licences.values() for licence in found):
            sources = list(named(origins, {place.sha256 for place in example.places}))
            about = {
                "group": digest(home(origins(example.places[0].sha256)))[:16],
                "family": digest(example.answer)[:16],
                "sources": sources,
            }
            for body in drafts.wordings(example.id):
                drafts.choose(UNLICENSED, "", as_row({**body, **about}, blender))
        else:
            left_out["under a licence that was not chosen"] += 1
    drafts.drop_lost()


def tie(drafts: Drafts, families: Groups) -> None:
    """Places of large answers of one family (which equal and nearly equal ones are) belong together, those of their
    copies too."""
    for example in drafts.examples():
        if example.nodes >= TELLING_NODES:
            places = (*example.places, *drafts.copies(example.among, example.answer))
            drafts.tie(f"family {families.of(example.answer)}", places)


class Chooser:
    """Which rows stand in which split, `left_out` by reason.

    An example with places on several sides goes to the first of train, val and test, and names its sources there only;
    one that stands against something given is left out then. What is equal or nearly equal to something in an earlier
    split, or asked for in the same words, is left out. A row of test is `far` where nothing else of those whom it comes
    from is in train.
    """

    def __init__(
        self,
        drafts: Drafts,
        placed: Sides,
        families: Groups,
        origins: Origins,
        policy: Policy,
        blender: str,
        left_out: Counter[str],
    ) -> None:
        self.drafts, self.placed, self.families, self.origins = drafts, placed, families, origins
        self.policy, self.blender, self.left_out = policy, blender, left_out
        self._makers = set[str]()

    def rows(self) -> Iterator[tuple[str, str, Json]]:
        """(split, part by licence, row), in no order that matters."""
        with Index() as train, Alike() as alike:
            for number, split in enumerate(SPLITS):
                for example in self.drafts.examples():
                    found = {SPLITS.index(self.placed.of(place)) for place in example.places}
                    if min(found) == number and self._fits(example, split, len(found), train):
                        for row in self._rows(example, split):
                            if split == SPLITS[0]:
                                alike.add(row["id"], row)
                                self._makers |= makers(row["sources"])
                            elif alike.nearest(row):
                                self.left_out["nearly the same text as one in train"] += 1
                                continue
                            if split == "test":
                                row["test"] = "near" if makers(row["sources"]) & self._makers else "far"
                            yield split, part(row["sources"]), row

    def _fits(self, example: Example, split: str, several: int, train: Index) -> bool:
        reason = ""
        if several > 1 and example.given:
            reason = "stands against something on another side"
        elif self.drafts.say(example.answer, split) != split:
            reason = "equal to one in an earlier split"
        elif example.features:
            if split == SPLITS[0]:
                train.add(str(example.id), example.features)
            elif train.near(example.features):
                reason = "nearly equal to one in train"
        self.left_out[reason or "in val or test equal to one in an earlier split"] += 1 if reason else several - 1
        return not reason

    def _rows(self, example: Example, split: str) -> Iterator[Json]:
        here = [place for place in example.places if self.placed.of(place) == split]
        sources = [
            source
            for source in named(self.origins, {place.sha256 for place in here})
            if self.policy.takes(source["licence"])
        ]
        group = digest(min(self.placed.group(place) for place in here))[:16]
        copies = {place.sha256 for place in self.drafts.copies(example.among, example.answer)}
        for body in self.drafts.wordings(example.id):
            asked = digest([body["prompt"], body["kind"] == "preference"])
            if self.drafts.said(asked):
                self.left_out["asked for in the same words as another"] += 1
                continue
            if self.drafts.say(digest(body["completion"]), split) != split:
                self.left_out["answered in the same words as one in an earlier split"] += 1
                continue
            self.drafts.say(asked, split)
            family = digest(self.families.of(example.answer))[:16]
            row = as_row({**body, "group": group, "family": family, "sources": sources}, self.blender)
            if copies - {place.sha256 for place in here}:
                row["copies"] = sorted(copies - {place.sha256 for place in here})
            yield row


def as_row(body: Json, blender: str) -> Json:
    """A draft's body, to which is added what the choice made of it, as a row."""
    row = {**body, "blender_version": blender}
    if not row["given"]:
        del row["given"]
    return {"id": id_of(row), **row}


def named(origins: Origins, contents: set[str]) -> Iterator[dict[str, Any]]:
    """The origins of contents as they stand in rows, ordered."""
    found = [origin for content in contents for origin in origins(content)]
    for o in sorted(found, key=lambda o: (o.source, o.path)):
        told = {name: o.provenance[name] for name in ("repository", "commit", "author") if o.provenance.get(name)}
        yield {"origin": o.source, "path": o.path, "sha256": o.sha256, "licence": o.licence, **told}
