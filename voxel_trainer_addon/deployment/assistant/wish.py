# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist wants: a sentence, the kind of tree, the tree that is to be changed, and on which terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import UserError
from ...feedback import ID
from ...graph.model import Graph, Graphs
from ...graph.words.phrases import noun

TEXT_MAX = 4000
"""Characters of a request."""
DEADLINE_S = 60.0
CANDIDATES = 3


@dataclass(frozen=True)
class Target:
    """A kind of tree: what requests in the datasets call it, its type, and how keys of such trees begin."""

    name: str
    noun: str
    type: str
    owners: tuple[str, ...]

    def holds(self, graph: Graph) -> bool:
        return graph.type == self.type and graph.key.partition("/")[0] in self.owners


TARGETS = {
    one.name: one
    for one in (
        Target("material", "material", "ShaderNodeTree", ("materials",)),
        Target("geometry", "geometry node group", "GeometryNodeTree", ("node_groups",)),
        Target("compositor", "compositor node group", "CompositorNodeTree", ("node_groups", "scenes")),
    )
}


@dataclass(frozen=True)
class Wish:
    """One request. `tree` is the key of the tree among `graphs` that is to be changed, '' where a new one is wanted;
    `model` is one of the registry, PROVIDER:MODEL (asked at `url`), or '' for whoever answers by itself. `yes`: the
    person agreed that the prompt leaves this computer; `online`: Blender may reach others at all. `instead_of` are
    SHA-256 of codes that were not wanted, `replaces` is the request whose answer was sent back."""

    id: str
    text: str
    target: Target
    tree: str = ""
    graphs: Graphs = field(default_factory=dict)
    model: str = ""
    url: str = ""
    yes: bool = False
    online: bool = True
    deadline_s: float = DEADLINE_S
    candidates: int = CANDIDATES
    seed: int = 0
    instead_of: Sequence[str] = ()
    replaces: str = ""

    @property
    def noun(self) -> str:
        """What kind of thing it is about."""
        return noun(self.tree, self.graphs[self.tree].type) if self.tree else self.target.noun

    @property
    def kind(self) -> str:
        return "edit" if self.tree else "new"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Wish:
        """From the body of the job `assist` (docs/deploy.md). Raises UserError."""
        text = str(body.get("text", "")).strip()
        target = TARGETS.get(str(body.get("target", "material")))
        if not ID.fullmatch(str(body.get("request", ""))):
            raise UserError("The request has no id.")
        if not text or target is None:
            raise UserError(f"Say what you want, of these kinds: {', '.join(TARGETS)}.")
        if len(text) > TEXT_MAX:
            raise UserError(f"A request may have {TEXT_MAX:,} characters; this one has {len(text):,}.")
        tree = body.get("tree") or {"key": "", "graphs": {}}
        graphs = {key: Graph.from_json(graph) for key, graph in tree["graphs"].items()}
        if tree["key"] and tree["key"] not in graphs:
            raise UserError("The tree that is to be changed was not handed over.")
        told = {name: body[name] for name in ("model", "url", "yes", "online", "deadline_s", "seed", "instead_of")}
        candidates = min(4, max(1, int(body["candidates"])))
        told |= {"candidates": candidates, "replaces": str(body.get("replaces", ""))}
        return cls(str(body["request"]), text, target, tree["key"], graphs, **told)
