# SPDX-License-Identifier: GPL-3.0-or-later
"""What sets the tree of an answer apart from the wanted one: marks for both drawings, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..graph.diff import called_alike, paired
from ..graph.edits import Edit, socket_key
from ..graph.flow import FRAME
from ..graph.model import Graph, Link, Value
from .drawing import LETTERS, Marks

CHANGES_SHOWN = 4
"""Changed values that a node's box tells; the rest is counted."""
Ends = tuple[str, str, str, str]


@dataclass(frozen=True)
class Differences:
    """`wanted` marks what the answer lacks, `answer` what nobody asked for and what has another value; `edits` make
    the answer's tree of the wanted one."""

    wanted: Marks
    answer: Marks
    edits: tuple[Edit, ...]


def between(wanted: Graph, answer: Graph) -> Differences:
    """Nodes are paired as an edit from one tree to the other would pair them: by name or likeness, whichever leaves
    less to change."""
    pairs, edits = paired(wanted, answer)
    alike = called_alike(wanted, answer, pairs)
    ours = {link: _ends(wanted, link, lambda name: pairs.get(name, "")) for link in wanted.links}
    theirs = {link: _ends(alike, link, str) for link in answer.links}
    changed: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.do not in ("add node", "remove node") and (node := edit.what.get("node")) in pairs:
            changed.setdefault(str(node), []).append(edit)
    return Differences(
        wanted=Marks(
            "−",
            frozenset(node.name for node in wanted.nodes if node.type != FRAME) - pairs.keys(),
            _lacking(ours, theirs),
            dict.fromkeys(changed, ()),
        ),
        answer=Marks(
            "+",
            frozenset(node.name for node in answer.nodes if node.type != FRAME) - set(pairs.values()),
            _lacking(theirs, ours),
            {pairs[node]: list(_lines(of_node)) for node, of_node in changed.items()},
        ),
        edits=tuple(edits),
    )


def sign(edit: Edit) -> str:
    """Whether an edit brings something (`+`), takes it away (`−`) or changes it (`~`)."""
    return {"add": "+", "link": "+", "remove": "−", "unlink": "−", "unset": "−"}.get(edit.do.split()[0], "~")


def _ends(graph: Graph, link: Link, called: Callable[[str], str]) -> Ends:
    """A link by nodes and sockets, as both trees call them; '' for a node that the other tree lacks."""
    nodes = {node.name: node for node in graph.nodes}
    output = socket_key(nodes[link.source].outputs, link.output)
    return called(link.source), output, called(link.target), socket_key(nodes[link.target].inputs, link.input)


def _lacking(ours: Mapping[Link, Ends], theirs: Mapping[Link, Ends]) -> frozenset[Link]:
    """The links of one tree that the other lacks."""
    left = Counter(theirs.values())
    found = set()
    for link, ends in ours.items():
        if left[ends] and ends[0] and ends[2]:
            left[ends] -= 1
        else:
            found.add(link)
    return frozenset(found)


def _lines(edits: list[Edit]) -> Iterator[str]:
    """The changes of a node in lines that fit its box."""
    for edit in edits[:CHANGES_SHOWN]:
        path = ".".join(map(str, edit.what.get("path", ())[-2:]))
        yield f"~ {edit.what.get('socket_name') or path or edit.what.get('property') or edit.do}"
        if "new" in edit.what:
            new, old = told(edit.what["new"]), told(edit.what["old"])
            whole = f"{new}, not {old}"
            yield from [whole] if len(whole) <= LETTERS else [new, f"not {old}"]
    if len(edits) > CHANGES_SHOWN:
        yield f"~ {len(edits) - CHANGES_SHOWN} more"


def told(value: Value) -> str:
    """A value in few letters."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:.3g}"
        case str() | int():
            return str(value)
        case list() | tuple():
            return " ".join(map(told, value))
        case {"id": _, "name": name}:
            return str(name)
    return "another"
