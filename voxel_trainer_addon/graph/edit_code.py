# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes a tree as a short script of plain bpy, for a Blender that holds the tree already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .model import Graph
from .names import snake, wishes
from .steps import KINDS, TREE, At, Step, data, placeholder
from .write import Block, Writer, bases_of, literal, step_references

NODES, ITEMS = TREE / "nodes", TREE / "interface" / "items_tree"


@dataclass(frozen=True)
class There:
    """What is in Blender before. `found`: base of a node or interface item → its name there, or an item's place;
    `called`: base → its variable in the code that made it, where it has one; `data`: (ID type, name) of data-blocks."""

    found: Mapping[str, str | int]
    called: Mapping[str, str]
    data: frozenset[tuple[str, str]]


def edit_script(graph: Graph, steps: Sequence[Step], there: There) -> str:
    """The script that does the steps, which make `graph` of what is there. What they use is fetched by its name."""
    return "".join(line + "\n" for line in _EditWriter(Block(graph, tuple(steps)), there).lines())


class _EditWriter(Writer):
    def __init__(self, block: Block, there: There) -> None:
        super().__init__([block])
        self.there = there

    def lines(self) -> Iterator[str]:
        (block,) = self.blocks
        collection, name = block.graph.key.split("/", 1)
        owner = f"bpy.data.{collection}[{literal(name)}]"
        self.variables = {TREE.base: "tree", "link": "wire", "fonts": "fonts", "body": "body"}
        self.common.taken.update(self.there.called.values())
        yield "import bpy"
        yield ""
        yield from self.data(block.steps)
        yield f"tree = {owner}" if collection == "node_groups" else f"tree = {owner}.node_tree"
        yield from self.fetches(block)
        yield from self.body(block.graph, block.steps)

    def data(self, steps: Iterable[Step]) -> Iterator[str]:
        """The data-blocks that the steps refer to: what is there is found, for the rest stand-ins are made."""
        for kind, name in dict.fromkeys(ref for step in steps for ref in step_references(step)):
            if not name:
                continue
            base, noun = data(kind, name).base, "group" if kind == "NODETREE" else kind
            self.variables[base] = self.common.give(f"{snake(name)[:20]}_{noun}")
            if kind == "NODETREE" or (kind, name) in self.there.data:
                yield f"{self.variables[base]} = bpy.data.{KINDS[kind].collection}[{literal(name)}]"
            else:
                for step in placeholder(kind, name):
                    yield from self.statement(step, {base, "fonts", "body"})

    def fetches(self, block: Block) -> Iterator[str]:
        """A variable for what is used more than once; the rest is fetched where it is used."""
        uses = Counter(base for step in block.steps for base in bases_of(step))
        wish = wishes(block.graph)
        for base, found in self.there.found.items():
            item = base.partition("/")[0] in ("item", "lost")
            expression = self.at((ITEMS if item else NODES) / At(found))
            if uses[base] > 1 or (uses[base] and isinstance(found, int)):
                called = self.there.called.get(base)
                if called is None:
                    called = self.common.give(wish.get(base.partition("/")[2], "") or snake(str(found)) or "item")
                yield f"{called} = {expression}"
                expression = called
            self.variables[base] = expression
