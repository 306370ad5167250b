# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a dataset as examples for people: what their kinds are called, and a sample drawn without reading twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any, TypeVar

from .files import digest
from .words import counted

Row = Mapping[str, Any]
T = TypeVar("T")

KINDS = {
    "tree": ("Whole trees", "A tree is asked for in words; the answer is the code that makes it."),
    "piece": ("Pieces", "A few connected nodes are asked for; the answer is the code that makes them."),
    "json": ("Trees as JSON", "A tree is asked for in words; the answer is the tree in the compact form."),
    "explain": ("Explanations", "Code is given; the answer says in words what it makes."),
    "stack": ("Modifier stacks", "Modifiers and constraints are asked for; the answer is the code that adds them."),
    "scene": ("Scenes", "Objects, lights and cameras are asked for; the answer is the code that makes them."),
    "edit": ("Edits", "A tree and a wish are given; the answer is the code that changes the tree."),
    "completion": ("Completions", "A tree that lacks a part is given; the answer is the code that puts it in."),
    "repair": ("Repairs", "Code that fails is given, with what Blender says; the answer is the code that works."),
    "port": ("Ports", "Code for one Blender is given; the answer is the code for another."),
    "code": ("Functions and operators", "What a script does is told; the answer is code that a person wrote."),
    "preference": ("Preferences", "A request, the right answer, and a worse one that is to be avoided."),
}
"""Kind of row → what it is called, and what it asks and answers."""
SIZED = {"code": "line", "scene": "object", "stack": "modifier"}
"""Kind of row → what its field `nodes` counts, where that is not nodes."""
PROOFS = {
    "same graph": "the code was run in an empty Blender and made the graph that it claims, by canonical hash",
    "same stack": "the code was run in an empty Blender and made the modifiers and constraints that it claims",
    "same scene": "the code was run in an empty Blender and made the scene that it claims, as far as it is compared",
    "built": "the JSON was built in an empty Blender and made the graph that it claims",
    "applied": "the code was run on the tree that was given and made the graph that it claims",
    "read off": "the words were read off a graph and checked against it",
    "compiles, names exist": "the code compiles, and the names of bpy in it exist in that Blender; it was never run",
}
"""Name of a proof → what it says."""
PART_WORDS = {
    "": "free for any use, with the notices and names that each licence asks for; own work is not for others",
    "share-alike": "what is made from it may have to come under the same licence",
    "copyleft": "what is made from it may have to come under the same licence, with its source",
}
"""Part by licence, which has files of its own → what it means."""
TESTS = {
    "far": "are far: nothing else of their repositories or sources is in train.",
    "near": "are near: train has other rows of their repositories or sources.",
}
"""How far a row of test is from train, after their number."""
SAMPLE = ".sample.jsonl"
"""The report's sample in a dataset's folder: what `told` tells, one example a line."""
PROMPT_CHARS, ANSWER_CHARS = 4_000, 4_000


def tokens_told(estimated: Mapping[str, Mapping[str, int]]) -> str:
    """How many tokens training reads in one pass, as the sentence that everybody sees, from `dataset.json`; '' where it
    does not tell."""
    if "local" not in estimated:
        return ""
    hosted = f"{estimated['openai']['train']:,} by OpenAI's tokenizer and {estimated['claude']['train']:,} by Claude's"
    return (
        f"About {estimated['local']['train']:,} tokens are read in one pass over train, {hosted}: estimated from the "
        "number of characters, not counted."
    )


def called(kind: str) -> str:
    """What a kind of row is called."""
    return KINDS[kind][0] if kind in KINDS else kind


def sized(row: Row) -> str:
    """How large a row's answer is: `8 nodes`, `12 lines`."""
    return counted(int(row["nodes"]), SIZED.get(str(row["kind"]), "node"))


class Sample:
    """Rows of every kind and task, at most `most` of each, no two with one answer; which ones is drawn by `seed`,
    whatever the order of the rows."""

    def __init__(self, most: int, seed: int = 0) -> None:
        self.most, self.seed = most, seed
        self._drawn: dict[tuple[str, str], dict[str, tuple[str, str, Row]]] = {}

    def add(self, split: str, row: Row) -> None:
        """Take in a row, and keep it as long as no better one comes."""
        held = self._drawn.setdefault((str(row["kind"]), str(row["task"])), {})
        place, own = digest([self.seed, row["answer"]]), digest([self.seed, row["id"]])
        if place not in held and len(held) >= self.most:
            last = max(held, default="")
            if place > last:
                return
            del held[last]
        if place not in held or own < held[place][0]:
            held[place] = own, split, row

    def rows(self, count: int) -> list[tuple[str, Row]]:
        """At most `count` rows with their split: of the kinds in turn, and in a kind of its tasks in turn."""
        kinds: dict[str, list[list[tuple[str, Row]]]] = {}
        for kind, task in sorted(self._drawn):
            held = sorted(self._drawn[kind, task].items())
            kinds.setdefault(kind, []).append([entry[1:] for _, entry in held])
        return list(islice(in_turn(list(in_turn(kinds[kind])) for kind in in_order(kinds)), count))


def in_order(kinds: Collection[str]) -> list[str]:
    """Kinds in the order of `KINDS`, those that are not known at the end."""
    return [*(kind for kind in KINDS if kind in kinds), *sorted(set(kinds) - KINDS.keys())]


def in_turn(lists: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each, then the second of each, and so on."""
    nothing: Any = object()
    for turn in zip_longest(*lists, fillvalue=nothing):
        yield from (one for one in turn if one is not nothing)


def told(split: str, row: Row) -> dict[str, Any]:
    """An example as the panel shows it: long texts are cut, `lines` says how many the answer has."""
    return {
        "split": split,
        "kind": row["kind"],
        "task": row["task"],
        "form": row["form"],
        "prompt": row["prompt"][:PROMPT_CHARS],
        "completion": row["completion"][:ANSWER_CHARS],
        "lines": len(row["completion"].splitlines()),
        "blender_version": row["blender_version"],
        "proof": row["proof"]["name"],
        "source": row["sources"][0]["path"],
        "licence": row["sources"][0]["licence"],
    }
