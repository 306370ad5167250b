# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder: what an answer must reach one rung after the other, and how like the wanted tree its tree is.

Whether a rung applies to a prompt hangs on the prompt and its reference alone, never on an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from ..bpy_code import allowed, source
from ..graph import canonical, similarity
from ..graph.model import Graph
from ..graph.words.view import has_effect
from . import copying, pictures
from .conditions import Condition, Tree

RUNGS = ("finished", "parses", "imports_bpy", "safe", "names_valid", "runs", "has_effect", "conditions_all")
"""Yes-or-no, in order: an answer that fails one has failed those after it."""
RENDERED = ("render_flip", "render_lab")
"""Of answers that reach `has_effect`, 0 for the others: how like the wanted tree's picture theirs is."""
GRADED = (
    *("makes_tree", "conditions_met", "adherence", "node_f1", "link_f1", "parameter_f1", "edit_similarity"),
    *("graph_match", *RENDERED),
)
"""Of any answer, failing lines left out: whether there is a tree at all, its likeness, and whether it is the same."""
TOLD = ("repeated", "copied", "shared_words")
"""What is told of answers and decides nothing: more is neither better nor worse by itself."""
LABELS = {
    "finished": "stopped by itself",
    "parses": "is Python",
    "imports_bpy": "imports bpy",
    "safe": "passes the safety check",
    "names_valid": "uses only names that this Blender knows",
    "runs": "runs in Blender to its end",
    "has_effect": "makes the tree with its output connected",
    "conditions_all": "meets all that the prompt asks for",
    "makes_tree": "makes a node tree, failing lines left out",
    "conditions_met": "share of what the prompt asks for",
    "adherence": "runs, times the share of what the prompt asks for",
    "node_f1": "has the nodes that were asked for (F1)",
    "link_f1": "has the links that were asked for (F1)",
    "parameter_f1": "has the values that were asked for (F1)",
    "edit_similarity": "is few edits away from the wanted tree (1 − share)",
    "graph_match": "makes exactly the same graph",
    "render_flip": "looks like what was asked for (1 − FLIP)",
    "render_lab": "has the colours of what was asked for (1 / (1 + distance of sorted Lab channels))",
    "repeated": "repeats its own words (share of 4-grams)",
    "copied": "makes a graph that stands in the training data",
    "shared_words": "longest run of words that stands in training answers (share)",
}
"""Metric → what it says of an answer, for people."""
BINARY = frozenset({*RUNGS, "makes_tree", "graph_match", "copied"})


@dataclass(frozen=True)
class Ran:
    """What came of running a script: whether it came to its end, the first error, statements left out on the second try
    (0 where it was not needed), the trees that stood at the end by key, and whether the guard stopped it."""

    ran: bool = False
    error: str = ""
    dropped: int = 0
    graphs: Mapping[str, Graph] | None = None
    stopped: bool = False


@dataclass(frozen=True)
class Wanted:
    """The tree that the reference makes, all trees it makes, what the prompt asks for (empty where it asks nothing that
    can be told), whether it is a piece of a tree, which has no output, and its picture (PNG) where that is to be judged
    and shows something."""

    graph: Graph
    graphs: Mapping[str, Graph]
    asked: tuple[Condition, ...] = ()
    piece: bool = False
    picture: bytes | None = None

    @cached_property
    def effect(self) -> bool:
        """Whether `has_effect` applies: a whole tree whose reference has it."""
        return not self.piece and has_effect(self.graph)


@dataclass(frozen=True)
class Answered:
    """One answer: its code, whether it stopped by itself, what came of running it, the names in it that the labelled
    Blender does not know (None where nobody looked), the share of it that stands in training answers in a row, and the
    picture (PNG) of its tree where one could be taken."""

    code: str
    finished: bool
    ran: Ran
    wrong_names: Sequence[str] | None = None
    shared_words: float = 0.0
    picture: bytes | None = None


@dataclass(frozen=True)
class Score:
    """One answer on the ladder. Rungs are 0 or 1, each 0 after the first 0; the other values are 0 to 1; None is what
    does not apply to the prompt. `missed` are the conditions that do not hold; `error` tells what went wrong first,
    empty where nothing did."""

    finished: int
    parses: int
    imports_bpy: int
    safe: int
    names_valid: int | None
    runs: int
    has_effect: int | None
    conditions_all: int | None
    makes_tree: int
    conditions_met: float | None
    adherence: float | None
    node_f1: float
    link_f1: float
    parameter_f1: float
    edit_similarity: float
    graph_match: int
    render_flip: float | None
    render_lab: float | None
    repeated: float
    copied: int
    shared_words: float
    dropped: int
    missed: tuple[str, ...]
    error: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def of_kind(made: Graph, wanted: Graph) -> bool:
    """Whether both are trees of the same type that belong to the same kind of data-block."""
    return (made.type, made.key.partition("/")[0]) == (wanted.type, wanted.key.partition("/")[0])


def to_picture(answer: Answered, wanted: Wanted) -> str:
    """The key of the tree whose picture is to be judged; empty where the answer does not reach `has_effect`."""
    made = similarity.nearest(wanted.graph, answer.ran.graphs or {})
    rungs, _ = _ladder(answer, wanted, made, ())
    return made.key if made and rungs["has_effect"] else ""


def score(answer: Answered, wanted: Wanted, train: frozenset[str] = frozenset()) -> Score:
    """Judge one answer against the tree that the reference makes and what the prompt asks for; `train` are the
    canonical hashes of the training answers."""
    graphs = answer.ran.graphs or {}
    made = similarity.nearest(wanted.graph, graphs)
    missed = _missed(wanted.asked, made)
    rungs, error = _ladder(answer, wanted, made, missed)
    looks = _rendered(answer, wanted, reached=bool(rungs["has_effect"]))
    share = round(1 - len(missed) / len(wanted.asked), 4) if wanted.asked else None
    return Score(
        **rungs,
        makes_tree=int(made is not None),
        conditions_met=share,
        adherence=None if share is None else share * (rungs["runs"] or 0),
        node_f1=round(similarity.node_f1(wanted.graph, made), 4) if made else 0.0,
        link_f1=round(similarity.link_f1(wanted.graph, made), 4) if made else 0.0,
        parameter_f1=round(similarity.parameter_f1(wanted.graph, made), 4) if made else 0.0,
        edit_similarity=round(similarity.edit_similarity(wanted.graph, made), 4) if made else 0.0,
        graph_match=int(bool(made and not canonical.differences(wanted.graph, made, wanted.graphs, graphs))),
        render_flip=looks["render_flip"],
        render_lab=looks["render_lab"],
        repeated=round(copying.repeated(answer.code), 4),
        copied=int(bool(made and train and canonical.graph_hash(made.key, graphs) in train)),
        shared_words=round(answer.shared_words, 4),
        dropped=answer.ran.dropped,
        missed=tuple(one.words for one in missed),
        error=error,
    )


def _rendered(answer: Answered, wanted: Wanted, *, reached: bool) -> dict[str, float | None]:
    if wanted.picture is None or not wanted.effect:
        return dict.fromkeys(RENDERED)
    if answer.picture is None or not reached:
        return dict.fromkeys(RENDERED, 0.0)
    return {name: round(value, 4) for name, value in pictures.compare(wanted.picture, answer.picture).scores().items()}


def _missed(asked: Sequence[Condition], made: Graph | None) -> list[Condition]:
    if made is None:
        return list(asked)
    tree = Tree(made)
    return [one for one in asked if not one.met(tree)]


def _ladder(
    answer: Answered, wanted: Wanted, made: Graph | None, missed: Sequence[Condition]
) -> tuple[dict[str, Any], str]:
    """Rung → 1, 0, or None where it does not apply; and what went wrong first."""
    code, findings, names = answer.code, allowed.unsafe(answer.code), answer.wrong_names
    empty = "The answer holds no Python that parses." if code.strip() else "The answer holds no code."
    facts: dict[str, tuple[bool | None, str]] = {
        "finished": (answer.finished, "The answer was cut off at the token limit."),
        "parses": (source.parses(code), empty),
        "imports_bpy": (source.imports_bpy(code), "The script never imports bpy."),
        "safe": (
            not findings and not answer.ran.stopped,
            f"Not run: {'; '.join(findings[:3])}." if findings else answer.ran.error,
        ),
        "names_valid": (None if names is None else not names, f"Unknown: {', '.join(list(names or ())[:3])}."),
        "runs": (answer.ran.ran, answer.ran.error or "The script did not come to its end."),
        "has_effect": (
            (made is not None and of_kind(made, wanted.graph) and has_effect(made)) if wanted.effect else None,
            "The tree that was asked for is not there, or nothing comes into its output.",
        ),
        "conditions_all": (not missed if wanted.asked else None, f"Not met: {', '.join(c.words for c in missed[:3])}."),
    }
    rungs: dict[str, int | None] = {}
    error = ""
    for rung, (fact, words) in facts.items():
        error = error or (words if fact is False else "")
        rungs[rung] = None if fact is None else int(not error)
    return rungs, error
