# SPDX-License-Identifier: GPL-3.0-or-later
"""Modifiers and constraints of objects: stacks that need no node group, stand still and are on no bone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ..files import digest
from ..graph.stack import Stack
from ..graph.words.phrases import article, listed
from ..graph.words.scenes import several
from ..graph.words.stacks import Entry, NotTold, entries, in_order
from ..prompts import Request
from ..worker.private import scrubbed
from .asking import lengths, turned
from .kinds import Ask, Draft, File, Place, Settings, proof_of

JOB = "prove_stacks"
VERSION = 1
BODIES = {
    "ARMATURE": "armature object",
    "CAMERA": "camera",
    "CURVE": "curve object",
    "CURVES": "hair curves object",
    "EMPTY": "empty",
    "FONT": "text object",
    "GPENCIL": "Grease Pencil object",
    "GREASEPENCIL": "Grease Pencil object",
    "GREASEPENCIL_V3": "Grease Pencil object",
    "LATTICE": "lattice object",
    "LIGHT": "light",
    "MESH": "mesh object",
    "META": "metaball object",
    "POINTCLOUD": "point cloud object",
    "SPEAKER": "speaker",
    "SURFACE": "surface object",
    "VOLUME": "volume object",
}
"""Type of an object → what it is called."""


def stacks(file: File) -> Iterator[tuple[str, Stack]]:
    """(Unit, stack) of those that are plain, by key."""
    for _, row in sorted(file.record["stacks"].items()):
        moved = row["animation"]["drivers"] or row["animation"]["keys"]
        groups = any(entry["settings"].get("node_group") for entry in row["modifiers"])
        if not (moved or groups or row["bones"] or _private(row)):
            stack = Stack.from_json(row)
            if stack.entries:
                yield digest([VERSION, row]), stack


def _private(row: Any) -> bool:
    if isinstance(row, str):
        return scrubbed(row) != row
    if isinstance(row, Mapping):
        return any(map(_private, row.values()))
    return isinstance(row, list | tuple) and any(map(_private, row))


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """All stacks of the file together."""
    found = {stack.key: (unit, stack) for unit, stack in stacks(file)}
    if found:
        body = {"graphs": {}, "stacks": {key: stack.as_json() for key, (_, stack) in found.items()}}
        units = {key: unit for key, (unit, _) in found.items()}
        size = sum(len(stack.entries) for _, stack in found.values())
        yield Ask(JOB, body, units, f"the modifiers in {file.path}", size)


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """Of each proven stack a row for each length of prompt; none where its script does what has no words."""
    for unit, stack in stacks(file):
        proof = file.proof(unit)
        if proof is None or not proof.proven or not proof.code:
            continue
        try:
            made = entries(proof.code)
        except NotTold:
            continue
        answer = identity(stack)
        choice = digest([settings.seed, answer])
        told = {describe(stack, made, length): length for length in lengths(choice, settings.each)}
        for variant, length in enumerate(told.values()):
            drawn = turned(choice, variant)
            yield Draft(
                kind="stack",
                task="stack",
                answer=answer,
                prompt=partial(request, stack, made, length, drawn),
                completion=proof.code,
                proof=proof_of("same stack", "", settings, "stack"),
                places=(Place(file.sha256, stack.key),),
                nodes=len(made),
                family=digest([entry.type for entry in made]),
                key=stack.key,
                variant=variant,
                rank=(stack.key, unit),
                score=score(made),
                among="stack",
            )


def identity(stack: Stack) -> str:
    """A digest of the stack where objects are told by their number, so that twins under other names are one."""
    numbers = {name: f"object {n}" for n, name in enumerate([stack.name, *sorted(stack.bodies)])}

    def renamed(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.keys() == {"id", "name"} and value["id"] == "OBJECT":
                return {"id": "OBJECT", "name": numbers.get(value["name"], "")}
            return {name: renamed(inner) for name, inner in value.items()}
        return [renamed(inner) for inner in value] if isinstance(value, list | tuple) else value

    row = stack.as_json()
    sides = {side: renamed(row[side]) for side in ("modifiers", "constraints")}
    return digest([stack.kind, [stack.bodies[name] for name in sorted(stack.bodies)], sides])


def request(stack: Stack, made: list[Entry], length: str, choice: str) -> str:
    """What is asked, as a person would type it."""
    noun = BODIES.get(stack.kind, "object")
    return Request(noun, stack.name, describe(stack, made, length), brief=length != "full").text(choice)


def describe(stack: Stack, made: list[Entry], length: str) -> str:
    """Which modifiers and constraints: what goes on behind the noun, or in full, as sentences."""
    if length == "line":
        kinds = Counter(f"{entry.words} {entry.side[:-1]}" for entry in made)
        return f"with {listed([several(n, words) for words, n in kinds.items()])}"
    told = listed(list(in_order(made, length == "full")))
    if length == "short":
        return f"with {told}"
    others = [
        f'"{name}" is {article(BODIES.get(kind, "object"))}.'
        for name, kind in stack.bodies.items()
        if name != stack.name
    ]
    return " ".join([f"It has {told}.", *others, "Stand-ins without geometry are enough."])


def score(made: list[Entry]) -> float:
    """More entries, more kinds and more that is set, up to 1."""
    set_values = sum(len(entry.settings) for entry in made)
    kinds = len({entry.type for entry in made})
    return round((min(len(made), 3) / 3 + min(kinds, 3) / 3 + min(set_values, 6) / 6) / 3, 3)
