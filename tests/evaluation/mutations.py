# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are wrong by a known amount, made from a right one, to see that the scores come out in that order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voxel_trainer_addon.evaluation.quality_metrics import Score, Wanted
from voxel_trainer_addon.graph.words.view import View

GONE = "ShaderNodeTexMusgrave"
"""A node type that 4.0 had and no later Blender has."""
ALL_GROUPS = "for group in bpy.data.node_groups:\n    group.nodes.clear()"
GRADED = ("parses", "runs", "adherence", "node_f1", "link_f1", "parameter_f1", "edit_similarity", "graph_match")
"""What a grade is the mean of, as far as it applies."""
TIERS = (
    ("reference", "rearranged"),
    ("value x1.1", "value x10"),
    ("link removed",),
    ("node swapped",),
    ("renamed socket", "gone type"),
    ("another's answer", "default material"),
    ("empty tree",),
    ("first half",),
    ("only comments", "prose", "nothing"),
)
"""The mutations, better ones first; those of one tier are not compared with each other. A number is wrong by 10 % as by
1,000 %, for both are another value. An answer that was cut off fails every rung, so it stands below those that run.
Another prompt's answer and the material that Blender makes are guesses: which is nearer hangs on the prompts."""


@dataclass(frozen=True)
class Case:
    """A dataset row's code and what it makes; `other` is the code of a row of the same task and another group."""

    code: str
    wanted: Wanted
    other: str


@dataclass(frozen=True)
class Mutant:
    """An answer made from a right one."""

    code: str
    finished: bool = True


def mutants(case: Case) -> dict[str, Mutant]:
    """Name → answer, of those mutations that can be made of this code."""
    made = {name: make(case) for name, make in MUTATIONS.items()}
    return {name: Mutant(code, name != "first half") for name, code in made.items() if code is not None}


def _added(case: Case, line: str) -> str:
    return f"{case.code.rstrip()}\n{line}\n"


def _value(case: Case, factor: float) -> str | None:
    """A number that the prompt told where it told one, else the first that counts, times a factor."""
    told = {(c.key[1], c.key[2]) for c in case.wanted.asked if c.kind == "value" and isinstance(c.key[2], float)}
    view = View(case.wanted.graph)
    places = [
        (node.name, at, socket.value)
        for node in view.nodes.values()
        for at, socket in enumerate(node.inputs)
        if isinstance(socket.value, float) and socket.value and socket.type == "VALUE" and view.works(node)
        if socket.available and at not in view.touched[node.name]
    ]
    places.sort(key=lambda p: all(value != p[2] for _, value in told))
    for name, at, value in places[:1]:
        return _added(case, f"tree.nodes[{name!r}].inputs[{at}].default_value = {value * factor!r}")
    return None


def _removed(case: Case) -> str | None:
    view = View(case.wanted.graph)
    for wires in view.into.values():
        for wire in wires:
            target = f"link.to_node.name == {wire.target!r} and link.to_socket == link.to_node.inputs[{wire.input}]"
            return _added(case, f"for link in list(tree.links):\n    if {target}:\n        tree.links.remove(link)")
    return None


def _swapped(case: Case) -> str | None:
    """A node in the middle is gone with its links, and a node of a kind that nobody asked for stands there."""
    graph = case.wanted.graph
    stranger = next(
        (t for t in ("ShaderNodeClamp", "FunctionNodeInputInt") if t.startswith(graph.type[:6])), "ShaderNodeClamp"
    )
    view = View(graph)
    linked = [name for name in view.nodes if view.into[name] and view.out_of[name]] or list(view.nodes)
    return _added(case, f"tree.nodes.remove(tree.nodes[{linked[0]!r}])\ntree.nodes.new({stranger!r})")


def _rearranged(case: Case) -> str | None:
    """The same for a person: other places and names, a frame, a reroute that leads nowhere."""
    if case.wanted.graph.animation.keys or case.wanted.graph.animation.drivers:
        return None
    moved = "for number, one in enumerate(list(tree.nodes)):\n    one.location = (number * 200, 50)\n    one.label = ''"
    return _added(case, f"{moved}\n    one.name = 'Renamed ' + str(number)\ntree.nodes.new('NodeFrame')")


def _text(pattern: str, replacement: str) -> Callable[[Case], str | None]:
    def made(case: Case) -> str | None:
        code, times = re.subn(pattern, replacement, case.code, count=1)
        return code if times else None

    return made


def _half(case: Case) -> str:
    lines = case.code.splitlines(keepends=True)
    return "".join(lines[: len(lines) // 2])


MUTATIONS: Mapping[str, Callable[[Case], str | None]] = {
    "reference": lambda case: case.code,
    "rearranged": _rearranged,
    "value x1.1": lambda case: _value(case, 1.1),
    "value x10": lambda case: _value(case, 10),
    "link removed": _removed,
    "node swapped": _swapped,
    "renamed socket": _text(r"(puts)\[\"([^\"]+)\"\]", r'\1["\2 Renamed"]'),
    "gone type": _text(r"new\(\"\w+Node\w+\"\)", f'new("{GONE}")'),
    "first half": _half,
    "another's answer": lambda case: case.other,
    "default material": lambda case: 'import bpy\nbpy.data.materials.new("Material").use_nodes = True\n',
    "empty tree": lambda case: _added(case, f"tree.nodes.clear()\n{ALL_GROUPS}"),
    "only comments": lambda case: "".join(f"# {line}\n" for line in case.code.splitlines()),
    "prose": lambda case: "Sure! First add the nodes, then connect them.",
    "nothing": lambda case: "",
}


def grade(score: Score) -> float:
    """One number for the order: the mean of what applies."""
    values = [float(value) for name in GRADED if (value := getattr(score, name)) is not None]
    return sum(values) / len(values)


def disorder(grades: Sequence[Mapping[str, float]]) -> list[str]:
    """What is out of order, in sentences: the mean of each mutation must be above that of each one of the next tier,
    over the cases that have both. `grades` has a mapping from mutation to grade for each case."""
    found = []
    if any(one["reference"] < 1 for one in grades):
        found.append("A reference is not graded 1.")
    for better, worse in pairwise(TIERS):
        for a in better:
            for b in worse:
                both = [(one[a], one[b]) for one in grades if a in one and b in one]
                if both and _mean(x for x, _ in both) <= _mean(y for _, y in both):
                    found.append(f"{a} is not graded above {b}.")
    return found


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept)
