# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers tried in a worker: refused, run, read back, and told as edits where a tree was to be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ...bpy_code import allowed, source
from ...errors import UserError
from ...graph.canonical import Form, mapping
from ...graph.diff import diff, diff_of
from ...graph.edits import Edit, apply
from ...graph.model import Graph, Graphs, closure
from ...graph.near import meant
from ...graph.similarity import root
from ...graph.words.view import has_effect
from ...words import harmless
from ...worker.protocol import Answer, Request
from .wish import Wish

LIMIT_S = 10.0
"""Seconds that one script may take; proven ones take hundredths."""
PICTURE_S = 15.0
LEAST_S = 1.0
"""A script gets so long whatever the deadline says; a picture that would have less is not begun."""
SIZE, SAMPLES = 128, 16

Work = Callable[[Request], Answer]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, in words."""

    ok: bool
    words: str


@dataclass(frozen=True)
class Candidate:
    """One answer and what came of it. `script` makes its tree in an empty Blender, under `made`; `key` is what the tree
    is called among `graphs`, '' where there is none to show; `line` and `error` are Blender's words, or ours, for who
    mends it."""

    code: str
    checks: tuple[Check, ...]
    script: str = ""
    key: str = ""
    made: str = ""
    graphs: Graphs = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    line: int = 0
    error: str = ""

    @property
    def passed(self) -> int:
        return sum(check.ok for check in self.checks)

    @property
    def whole(self) -> bool:
        """Whether nothing speaks against it."""
        return bool(self.key) and all(check.ok for check in self.checks)

    @property
    def safe(self) -> bool:
        return self.passed > 1

    @property
    def runs(self) -> bool:
        return self.passed > 2


class _Failed(Exception):
    """A check failed: what it was, and what who mends it is told."""

    def __init__(self, words: str, error: str = "", line: int = 0) -> None:
        self.words, self.error, self.line = words, error or words, line


class Bench:
    """Where the answers to one wish are tried. Raises UserError where the tree to be changed cannot be told as code."""

    def __init__(self, wish: Wish, blender: str, work: Work) -> None:
        self.wish, self.blender, self.work = wish, blender, work
        self.tree = _There.of(wish, work) if wish.tree else None

    @property
    def given(self) -> str:
        """The script that makes the tree to be changed."""
        return self.tree.script if self.tree else ""

    def warm(self) -> None:
        """Have a worker ready, while a model thinks."""
        if self.tree is None:
            self.work(Request("node_table", {"types": {}}, "a start"))

    def tried(self, code: str, left_s: float) -> Candidate:
        """What came of an answer's code in at most so many seconds."""
        passed: list[str] = []
        try:
            found = self._tried(code, passed, min(LIMIT_S, max(LEAST_S, left_s)))
        except _Failed as failed:
            checks = (*(Check(True, words) for words in passed), Check(False, harmless(failed.words, 300)))
            return Candidate(code, checks, line=failed.line, error=failed.error)
        effect = has_effect(found.graphs[found.key])
        words = "something comes into its output" if effect else "nothing comes into its output"
        checks = (*(Check(True, words) for words in passed), Check(effect, words))
        return replace(found, checks=checks, error="" if effect else f"The script runs, but {words}.")

    def _tried(self, code: str, passed: list[str], limit_s: float) -> Candidate:
        """Raises _Failed at the first check that fails; those before it are in `passed`."""
        if not source.parses(code):
            raise _Failed("is no Python" if code.strip() else "holds no code", *_syntax(code))
        passed.append("is Python")
        if findings := allowed.unsafe(code):
            raise _Failed(f"refused by the allow-list: {'; '.join(findings[:3])}")
        passed.append("passes the allow-list")
        script = f"{self.given}\n{code}" if self.tree else code
        told = self.work(Request("run_answer", {"code": script}, "the answer", limit_s=limit_s, once=True))
        if not told.ok:
            raise _Failed(told.sentence or told.code, told.detail)
        if not told.body["ran"]:
            line = max(0, told.body["line"] - (script.count("\n") - code.count("\n")))
            raise _Failed(
                f"stops in Blender {self.blender}, line {line}: {told.body['error']}", told.body["error"], line
            )
        passed.append(f"runs in Blender {self.blender}")
        graphs = {key: Graph.from_json(graph) for key, graph in told.body["graphs"].items()}
        found = self._changed(self.tree, graphs) if self.tree else self._made(graphs)
        passed.append(f"changes the {self.wish.noun} alone" if self.tree else f"makes a {self.wish.noun}")
        return replace(found, code=code, script=script)

    def _made(self, graphs: Graphs) -> Candidate:
        graph = root({key: one for key, one in graphs.items() if self.wish.target.holds(one)})
        if graph is None:
            raise _Failed(f"makes no {self.wish.noun}")
        return Candidate("", (), key=graph.key, made=graph.key, graphs=_by_key(closure(graph, graphs)))

    def _changed(self, tree: _There, graphs: Graphs) -> Candidate:
        made, edits = tree.edits_to(graphs)
        if not edits:
            raise _Failed("changes nothing")
        if any(edit.moves for edit in edits):
            raise _Failed("changes drivers or keyframes, which are left as they are")
        try:
            after = apply(tree.graph, edits)
        except ValueError as error:
            raise _Failed(f"makes a change that cannot be told as edits: {error}") from error
        below = closure(after, {**graphs, **{graph.key: graph for graph in tree.below}})
        return Candidate("", (), key=after.key, made=made, graphs=_by_key(below), edits=tuple(edits))

    def picture(self, candidate: Candidate, left_s: float) -> str:
        """PNG in base64; '' where there is nothing to picture, or not enough time."""
        if left_s < LEAST_S or self.wish.target.type == "CompositorNodeTree":
            return ""
        body = {"code": candidate.script, "key": candidate.made, "seeds": [0], "frame": [], "size": SIZE}
        limit_s = min(PICTURE_S, left_s)
        asked = Request("render_answer", {**body, "samples": SAMPLES}, "the preview", limit_s=limit_s, once=True)
        told = self.work(asked)
        return str(next(iter(told.body["pictures"]), "")) if told.ok else ""


@dataclass(frozen=True)
class _There:
    """The tree that is to be changed: as it is, with the groups below it, and as its `script` makes it."""

    graph: Graph
    below: Sequence[Graph]
    script: str
    made: Graphs

    @classmethod
    def of(cls, wish: Wish, work: Work) -> _There:
        *below, graph = closure(wish.graphs[wish.tree], wish.graphs)
        held = {one.key: one.as_json() for one in (*below, graph)}
        asked = {"graphs": held, "roots": [graph.key], "layout": False, "arrange": False}
        proof = work(Request("prove", asked, graph.key))
        view: Mapping[str, Any] = proof.body["scripts"][graph.key] if proof.ok else {"reason": proof.sentence}
        if not view.get("proven"):
            raise UserError(f"“{graph.name}” cannot be told as code, so nothing can be asked of it: {view['reason']}")
        ran = work(Request("run_answer", {"code": view["code"]}, graph.key, limit_s=LIMIT_S))
        if not ran.ok or not ran.body["ran"]:
            raise UserError(f"“{graph.name}” cannot be tried in the background: {ran.detail or ran.sentence}")
        made = {key: Graph.from_json(one) for key, one in ran.body["graphs"].items()}
        return cls(graph, below, view["code"], made)

    @cached_property
    def names(self) -> dict[str, str]:
        """Nodes of the tree → what the script calls them."""
        return mapping(Form(self.graph), Form(self.made[self.graph.key]))

    @cached_property
    def noise(self) -> list[Edit]:
        """What the script says otherwise than the tree, without any meaning."""
        return diff_of(self.graph, self.made[self.graph.key], self.names)

    def edits_to(self, graphs: Graphs) -> tuple[str, list[Edit]]:
        """The key of the changed tree among what came of an answer, and what makes it of the tree: the answer changed
        it where it was, or made another one in its place. Raises _Failed where it changed a group, too."""
        for group in self.below:
            if group.key not in graphs or graphs[group.key] != self.made.get(group.key):
                raise _Failed(f"changes the group “{group.name}”, which others may use")
        after = graphs.get(self.graph.key)
        if after is None or after == self.made[self.graph.key]:
            after = root(dict(self._new(graphs))) or self.made[self.graph.key]
        types = {node.name: node.type for node in after.nodes}
        stayed = {node.name: self.names.get(node.name, "") for node in self.graph.nodes}
        pairs = {node.name: stayed[node.name] for node in self.graph.nodes if types.get(stayed[node.name]) == node.type}
        called = replace(after, key=self.graph.key)
        ways = (diff_of(self.graph, called, pairs), diff(self.graph, called))
        told = ([edit for edit in meant(way) if edit not in self.noise] for way in ways)
        return after.key, min(told, key=len)

    def _new(self, graphs: Graphs) -> Iterator[tuple[str, Graph]]:
        owner = self.graph.key.partition("/")[0]
        for key, graph in graphs.items():
            if key not in self.made and graph.type == self.graph.type and key.partition("/")[0] == owner:
                yield key, graph


def _by_key(graphs: Sequence[Graph]) -> dict[str, Graph]:
    return {graph.key: graph for graph in graphs}


def _syntax(code: str) -> tuple[str, int]:
    """What Python says of code that it cannot read, and of which line."""
    try:
        compile(code, "<answer>", "exec")
    except (SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error}", getattr(error, "lineno", 0) or 0
    return "", 0
