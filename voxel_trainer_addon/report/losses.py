# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's way from files to examples: what was found, what was lost on the way, and why, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..words import counted
from .facts import Facts
from .html import Markup, join, tag
from .made import missing

FOUND = {
    "files parsed": ("files read", ""),
    "files read with errors, left out": (
        "files left out, of which Blender reported errors",
        "It read them all the same, but what is in them may not be what somebody made.",
    ),
    "trees": ("node trees in them", ""),
    "trees tried": ("whole trees tried", "Each was written as code, and the code was run in an empty Blender."),
    "pieces": ("pieces tried", "Connected nodes of a tree, tried in the same way."),
    "trees as JSON tried": ("trees tried as JSON", "Each was written in the compact form and built from it."),
    "scenes tried": ("scenes tried", "Each was written as code, run, and read again."),
    "modifier stacks tried": ("modifier stacks tried", "Each was written as code, run, and read again."),
    "edits tried": ("changes tried", "Each was run on the tree that it changes."),
    "broken scripts tried": (
        "broken scripts tried",
        "Each was broken on purpose and run, to hear what Blender says.",
    ),
    "drafts": (
        "proven answers, as often as they were found",
        "Equal ones become one example, which names all the files that hold it.",
    ),
}
"""Name in the funnel → what is counted, and what was done."""
LOST = {
    "trees with fewer than two nodes": "Trees with fewer than two nodes: there is nothing to learn from them.",
    "nothing linked": "Trees in which nothing is linked.",
    "no way to the output": "Trees of which nothing reaches an output: they make nothing.",
    "defaults only": "Small trees as Blender makes them by itself, with nothing set.",
    "nearly equal to another, which is kept": "Nearly equal to another. The best is kept and names the sources of all.",
    "in val or test equal to one in an earlier split": "In val or test, and the same is in train: kept in train alone.",
    "equal to one in an earlier split": "The answer stands in train (or val) already: left out of val and test.",
    "nearly equal to one in train": "In val or test, and nearly equal to one in train: it would test memory alone.",
    "stands against something on another side": "A change whose two trees belong to different sides of the split.",
    "under a licence that was not chosen": "Under a share-alike or copyleft licence, which were not chosen.",
    "answered in the same words as one in an earlier split": "In val or test, and train has the same answer in words.",
    "nearly the same text as one in train": "In val or test, and the answer's text is nearly one of train's.",
    "asked for in the same words as another": "Asked for in the same words as another, for another answer.",
}
"""Why something was left out → the same in a sentence."""
CAPPED = re.compile(r"more than ([\d,]+) of one (\w+)")
CAPS = {
    "shape": "More than {} of one shape (the same nodes and links): the best are kept.",
    "family": "More than {} of nearly equal shapes: the best are kept.",
    "source": "More than {} from one source: no source speaks for all.",
}
AUTHORED = "requests that an author model was asked for"
LEFT = "left in the words of the rules"
CHECKED = "Each answer was checked against what it asks for; rules worded all others."
BENCHMARK = "held by the benchmark "


def why(reason: str) -> str:
    """A reason of the funnel in a sentence; as it stands where there is none."""
    if (capped := CAPPED.fullmatch(reason)) and capped[2] in CAPS:
        return CAPS[capped[2]].format(capped[1])
    if reason.startswith(BENCHMARK):
        return f"Part of the public benchmark {reason.removeprefix(BENCHMARK)}: models are measured by it elsewhere."
    return LOST.get(reason, f"{reason[:1].upper()}{reason[1:]}.")


def way(facts: Facts) -> Markup:
    """From files to examples, step by step, with what each step lost."""
    funnel = facts.dataset.get("funnel")
    if not isinstance(funnel, Mapping) or not funnel:
        return missing(facts.why("dataset"))
    return tag("ol", list(_steps(facts, funnel)), class_="card way")


def _steps(facts: Facts, funnel: Mapping[str, object]) -> Iterator[Markup]:
    counts = {name: count for name, count in funnel.items() if isinstance(count, int)}
    yield _step(
        int(facts.counts.get("files", 0)),
        "files harvested",
        "",
        [_aside(facts, stage) for stage in ("harvest", "parse")],
    )
    for name, count in counts.items():
        if name in LOST or name.endswith(", not proven"):
            continue
        words, about = FOUND.get(name, (name, ""))
        yield _step(count, words, about, [_lost(counts, name)])
    left_out = funnel.get("left out")
    reasons = dict(left_out) if isinstance(left_out, Mapping) else {}
    lost = [(int(count), why(reason)) for reason, count in sorted(reasons.items(), key=lambda e: (-int(e[1]), e[0]))]
    if unlicensed := int(facts.dataset.get("unlicensed", 0)):
        lost.append((unlicensed, "No licence lets them be used: kept apart in unlicensed.jsonl, in no split."))
    rows = sum(map(int, facts.dataset.get("rows", {}).values()))
    answers = facts.dataset.get("answers")
    distinct = f"With {counted(int(answers), 'distinct answer')}." if answers else ""
    if lost:
        yield tag("li", tag("span", "Left out", class_="what"), tag("ul", [_loss(*one) for one in lost]))
    yield _step(rows, "examples", distinct, [])
    if isinstance(authored := funnel.get(AUTHORED), Mapping):
        kept: list[tuple[int, str] | None] = [
            (int(n), f"{what[:1].upper()}{what[1:]}.") for what, n in authored.items() if what.startswith(LEFT)
        ]
        yield _step(
            sum(map(int, authored.values())), "of their requests given to a model for other words", CHECKED, kept
        )


def _lost(counts: Mapping[str, int], name: str) -> tuple[int, str] | None:
    """What a step lost: the small trees, or what could not be proven."""
    if name == "trees":
        small = "trees with fewer than two nodes"
        return counts.get(small, 0), LOST[small]
    return counts.get(f"{name}, not proven", 0), "Not proven: it made something else. The reasons are under Set aside."


def _aside(facts: Facts, stage: str) -> tuple[int, str]:
    words = {
        "harvest": "Set aside at the harvest: no licence that lets them be used, not reached, or no .blend file.",
        "parse": "Set aside when they were read: broken, of a newer Blender, or not to be opened.",
    }
    return facts.set_aside(stage), f"{words[stage]} The reasons are under Set aside."


def _step(count: int, words: str, about: str, lost: list[tuple[int, str] | None]) -> Markup:
    losses = [_loss(*one) for one in lost if one and one[0]]
    return tag(
        "li",
        tag("b", f"{count:,}"),
        tag("span", words, class_="what"),
        tag("small", about, class_="soft") if about else None,
        tag("ul", losses) if losses else None,
    )


def _loss(count: int, words: str) -> Markup:
    return tag("li", tag("b", f"−{count:,}"), join(" ", words))
