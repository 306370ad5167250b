# SPDX-License-Identifier: GPL-3.0-or-later
"""How the statements of a tree stand on the page: paragraphs, headings, and what shares a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .model import Graph
from .steps import TREE, At, Call, Place, Set, Step

WIDTH = 100
PARAGRAPH = 8
"""Lines that a paragraph has at least before a blank one ends it."""
Method = tuple[Place, str]
NEW_NODE: Method = (TREE / "nodes", "new")
LINK: Method = (TREE / "links", "new")
NEW_SOCKET: Method = (TREE / "interface", "new_socket")
SHORT = {NEW_NODE: "new", LINK: "link", NEW_SOCKET: "new_socket"}
"""Methods that a script calls so often that it gives them a name of their own."""


class Page:
    """Takes a tree's statements one by one and gives the lines of its part of the script.

    A line speaks of one node at most: of its making with its settings, and with the link or value that follows where
    that is all there is. Call `before` and then `lines` for each statement, and `end` after the last. `bound`: methods
    that have a name.
    """

    def __init__(self, graph: Graph, steps: Sequence[Step]) -> None:
        self.nodes = {f"node/{node.name}": node for node in graph.nodes}
        self.flows = {(f"node/{link.source}", f"node/{link.target}") for link in graph.links}
        self.flows |= {(f"node/{node.name}", f"node/{node.pair}") for node in graph.nodes if node.pair}
        self.calls = Counter((step.place, step.name) for step in steps if isinstance(step, Call))
        self.later = Counter(node for kind, node in map(_of, steps) if kind not in ("make", "set"))
        self.left = self.calls[NEW_NODE]
        self.bound: dict[Method, str] = {}
        self.made = self.frame = ""
        self.count = 0
        self.held = ""
        self.held_of = ("", "")

    def before(self, step: Step) -> Iterator[str]:
        """Blank lines, headings and names of methods that stand before a statement."""
        if isinstance(step, Call) and (step.place, step.name) == NEW_NODE:
            yield from self.before_node(step.result)
        elif isinstance(step, Call) and (step.place, step.name) == NEW_SOCKET:
            if NEW_SOCKET not in self.bound and self.calls[NEW_SOCKET] > 1:
                yield from self.end()
                yield self.bind(NEW_SOCKET)
        elif not self.left and step.place.base.startswith("node/") and step.place.base != self.made:
            yield from self.gap()  # what could only be settled when all was there
            self.left = -1

    def before_node(self, node: str) -> Iterator[str]:
        frame = self.heading(node)
        if not self.made:
            yield from self.end()
            yield self.bind(NEW_NODE, LINK)
            self.count = 0
        if frame != self.frame:
            yield from self.gap() if self.made else [""]
        elif self.count >= PARAGRAPH and (self.made, node) not in self.flows:
            yield from self.gap()
        if frame and frame != self.frame:
            yield comment(frame)
        self.frame, self.made = frame, node
        self.left -= 1

    def lines(self, step: Step, lines: Sequence[str]) -> Iterator[str]:
        """A statement's lines, or none yet where the next one may stand beside it."""
        kind, node = _of(step) if len(lines) == 1 else ("", "")
        begun = self.held_of in (("make", node), ("set", node))
        fits = kind == "set" or (kind in ("link", "value") and self.later[node] == 1)
        joined = f"{self.held}; {lines[0]}"
        if begun and fits and len(joined) <= WIDTH:
            self.held, self.held_of = joined, (kind, node)
            return
        yield from self.end()
        self.count += len(lines)
        yield from lines[:-1]
        self.held, self.held_of = lines[-1], (kind, node)

    def end(self) -> Iterator[str]:
        """What has waited for more."""
        if self.held:
            yield self.held
        self.held, self.held_of = "", ("", "")

    def gap(self) -> Iterator[str]:
        yield from self.end()
        if self.count:
            yield ""
        self.count = 0

    def bind(self, *methods: Method) -> str:
        """`new, link = tree.nodes.new, tree.links.new`, as far as they are called."""
        called = {method: SHORT[method] for method in methods if self.calls[method]}
        self.bound |= called
        whole = [f"tree.{place.path[0]}.{name}" for place, name in called]
        return f"{', '.join(called.values())} = {', '.join(whole)}"

    def heading(self, base: str) -> str:
        """The label of the frame that a node is in."""
        parent = self.nodes[base].layout.get("parent")
        frame = self.nodes.get(f"node/{parent}")
        return str(frame.layout.get("label", "")) if frame else ""


def _of(step: Step) -> tuple[str, str]:
    """What a statement does and to which node; empty where it is about none."""
    node = step.place.base if step.place.base.startswith("node/") else ""
    if isinstance(step, Call):
        if (step.place, step.name) == NEW_NODE:
            return "make", step.result
        if (step.place, step.name) == LINK:
            return "" if step.result else "link", step.args[1].base
    if isinstance(step, Set) and node:
        if not step.place.path:
            return "set", node
        if isinstance(step.place.path[-1], At) and step.name == "default_value":
            return "value", node
    return "", node


def comment(text: str) -> str:
    """A text as a comment of one line."""
    seen = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"# {seen}"[:WIDTH].rstrip()
