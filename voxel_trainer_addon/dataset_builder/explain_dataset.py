# SPDX-License-Identifier: GPL-3.0-or-later
"""Code to description: what a proven script builds, in words that were read off its tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..files import digest
from ..graph.wires import real_nodes
from ..graph.words.description import description
from ..graph.words.phrases import article, noun
from ..prompts import explanation
from .asking import TOLD_IN_FULL, animated, brief, has_rivals, telling, turned, without_bare
from .kinds import Ask, Draft, File, Settings, Tree, proof_of

ANSWERS = ("line", "paragraph", "full")
LONGEST = 12_000
"""Characters of a script that is asked about."""


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """Nothing: the trees are proven already."""
    yield from ()


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """Of each proven tree that is not trivial at most `settings.each` questions, their answers of different length."""
    for tree in file.trees:
        if not telling(tree.graph) or has_rivals(tree.graph) or not 0 < len(tree.code) <= LONGEST:
            continue
        choice = digest([settings.seed, "explain", tree.proof.graph])
        for variant, length in enumerate(answers(tree, choice, settings.each)):
            drawn = turned(choice, variant)
            yield tree.draft(
                "explain",
                settings,
                proof=proof_of("read off", tree.proof.graph, settings, "statements"),
                prompt=partial(explanation, tree.code, length, drawn),
                completion=told(tree, length, settings),
                form="words",
                variant=variant,
                among="tree",
            )


def answers(tree: Tree, choice: str, each: int) -> list[str]:
    """Lengths of the answers, drawn by the hash; everything is told of small trees alone."""
    allowed = ANSWERS if len(real_nodes(tree.graph)) <= TOLD_IN_FULL // 2 else ANSWERS[:2]
    first = int(choice[:4], 16) % len(allowed)
    return [allowed[(first + n) % len(allowed)] for n in range(min(each, len(allowed)))]


def told(tree: Tree, length: str, settings: Settings) -> str:
    """The answer. Every statement in it holds of the tree; a line has the tree's name before it."""
    if length == "line":
        what = noun(tree.graph.key, tree.graph.type)
        return f'It builds {article(what)} {brief(tree.graph)}, named "{tree.graph.name}".'
    statements = description(tree.graph, length, settings.plain(tree.graph.type))
    sentences = without_bare([statement.text for statement in statements])
    return " ".join([*sentences, *animated(tree.graph)])
