# SPDX-License-Identifier: GPL-3.0-or-later
"""How quick the search among examples is: `python benchmarks/search.py [--examples 50000] [--questions 40]`.

Synthetic, seeded examples of 5 to 60 nodes are laid into a catalog; trees and words are looked for in it, some that are
there nearly like that and some that are not. Printed as JSON: milliseconds, the slowest question's too; milliseconds of
processor time, and their ratio to the floor, a plain scan that compares every tree's features or reads every row's
words; and how often the search finds the scan's nearest tree, where one is near and where none is.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.catalog import Catalog
from voxel_trainer_addon.graph.menu import TYPE_NAMES
from voxel_trainer_addon.graph.minhash import jaccard, packed

TYPES = sorted(TYPE_NAMES)
ADJECTIVES = (
    "rusty",
    "worn",
    "glossy",
    "wet",
    "cracked",
    "soft",
    "golden",
    "mossy",
    "frosted",
    "burnt",
    "woven",
    "neon",
)
NOUNS = ("iron", "wood", "rock", "glass", "leather", "fabric", "brick", "concrete", "skin", "water", "grass", "snow")
FILLERS = ("make", "a", "material", "with", "the", "noise", "texture", "scale", "set", "to", "feed", "color", "ramp")


def features(chance: random.Random) -> list[str]:
    """A made-up tree: common types are far more frequent than rare ones, as in real ones."""
    nodes = [TYPES[int(len(TYPES) * chance.random() ** 3)] for _ in range(chance.randint(5, 60))]
    held = [f"{n % 3} {kind} {what} {chance.randint(0, 4)}" for n, kind in enumerate(nodes) for what in "cn"]
    return [*(f"{n % 4} {kind}" for n, kind in enumerate(nodes)), *held, *map(" > ".join, pairwise(nodes))]


def changed(tree: list[str], share: float, chance: random.Random) -> list[str]:
    """Nearly the same tree."""
    return [f"{one} changed" if chance.random() < share else one for one in tree]


def examples(count: int) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Rows with their trees; a third are variants of the one before."""
    chance = random.Random(5)
    tree = features(chance)
    for n in range(count):
        tree = changed(tree, 0.2, chance) if n % 3 == 2 else features(chance)
        name = f"{chance.choice(ADJECTIVES).title()} {chance.choice(NOUNS).title()} {n}"
        prompt = " ".join([*chance.choices(FILLERS, k=40), name, *chance.choices((*ADJECTIVES, *NOUNS), k=3)])
        code = "\n".join(f'nodes.new("{chance.choice(TYPES)}")' for _ in range(8))
        row = {"id": f"{n:08}", "key": f"materials/{name}", "prompt": prompt, "completion": code, "answer": f"a{n}"}
        yield row, tree


Times = list[tuple[float, float]]


def timed(asked: list[Any], answer: Callable[[Any], Any]) -> tuple[Times, list[Any]]:
    """(milliseconds, those of processor time) and the answer, for each question."""
    times, answers = [], []
    for question in asked:
        wall, busy = time.perf_counter(), time.process_time()
        answers.append(answer(question))
        times.append(((time.perf_counter() - wall) * 1000, (time.process_time() - busy) * 1000))
    return times, answers


def told(times: Times, floor: Times) -> dict[str, float]:
    """Figures of one search; the ratio is that of processor times, which other programs do not touch."""
    (walls, busy), scan = zip(*times, strict=True), statistics.median(busy for _, busy in floor)
    middle = statistics.median(busy)
    return {
        "median_ms": round(statistics.median(walls), 1),
        "slowest_ms": round(max(walls), 1),
        "busy_ms": round(middle, 1),
        "scan_busy_ms": round(scan, 1),
        "of_scan": round(middle / scan, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--questions", type=int, default=40)
    options = parser.parse_args()
    chance = random.Random(9)
    trees: list[bytes] = []
    questions: list[bytes] = []
    every = max(1, options.examples * 2 // options.questions)

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        for n, (row, tree) in enumerate(examples(options.examples)):
            trees.append(packed(tree))
            if n % every == 0:
                questions.extend([packed(changed(tree, 0.3, chance)), packed(features(chance))])
            yield "train", row

    with tempfile.TemporaryDirectory() as place, Catalog(Path(place) / "catalog.sqlite") as catalog:
        start = time.perf_counter()
        catalog.set_examples("synthetic", rows(), lambda row: trees[-1])
        filled = time.perf_counter() - start
        size = (Path(place) / "catalog.sqlite").stat().st_size

        found_ms, found = timed(questions, lambda tree: catalog.search_tree(tree, most=10))
        scan_ms, best = timed(questions[:20], lambda tree: max(jaccard(tree, other) for other in trees))
        hits = [answer[0].score == share for answer, share in zip(found, best, strict=False)]

        rare = [f"{chance.choice(ADJECTIVES)} {chance.choice(NOUNS)}" for _ in range(options.questions)]
        broad = [" ".join([*chance.choices(FILLERS, k=30), words]) for words in rare]
        few_ms, _ = timed(rare, lambda words: catalog.search_words(words, most=10))
        many_ms, _ = timed(broad, lambda words: catalog.search_words(words, most=10))
        words_ms, _ = timed(rare[:3], lambda words: list(catalog._by_reading(words.split())))
        result = {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "machine": platform.machine(),
            "examples": options.examples,
            "filled_s": round(filled, 1),
            "catalog_bytes_an_example": round(size / options.examples),
            "trees": told(found_ms, scan_ms)
            | {
                "nearest_found": f"{sum(hits[::2])} of {len(hits[::2])}",
                "where_none_is_near": f"{sum(hits[1::2])} of 10",
            },
            "two words": told(few_ms, words_ms),
            "a whole sentence": told(many_ms, words_ms),
        }
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
