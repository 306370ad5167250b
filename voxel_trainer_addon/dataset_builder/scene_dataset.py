# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes, collections and hierarchies of objects: what a record holds of them and a script can make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from ..files import digest
from ..graph.minhash import packed
from ..graph.scene import COLLECTION, OBJECTS, SCENE, NotPlanned, Plan
from ..graph.scene_plan import plan, scopes
from ..graph.words.scenes import describe, kind_words
from ..prompts import Request
from ..worker.private import scrubbed
from .asking import lengths, turned
from .kinds import Ask, Draft, File, Place, Settings, proof_of

JOB = "prove_scenes"
VERSION = 1
"""Of the plan and its writer: what an older one proved is proven again."""
NOUNS = {
    SCENE: ("scene", "scene", "3D scene"),
    COLLECTION: ("collection of objects", "collection"),
    OBJECTS: ("hierarchy of objects", "group of parented objects"),
}
STARTUP = frozenset({"Camera", "Cube", "Light", "Lamp"})
"""The objects of the file that Blender begins with."""


def plans(file: File) -> Iterator[tuple[str, Plan]]:
    """(Unit, plan) of all that a file offers, but for what is only Blender's own beginning or names somebody."""
    for scope, name in scopes(file.record):
        try:
            found = plan(file.record, scope, name)
        except NotPlanned:
            continue
        if not is_startup(found) and not is_private(found):
            yield digest([VERSION, found.as_json()]), found


def is_startup(found: Plan) -> bool:
    """Whether it has no more objects than the file that Blender begins with."""
    return {ob["name"] for ob in found.objects} <= STARTUP


def is_private(found: Plan) -> bool:
    """Whether a name or text in it is an address, a key or a place on somebody's disk."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from texts(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from texts(inner)

    return any(scrubbed(text) != text for text in texts(found.as_json()))


def asks(file: File, settings: Settings) -> Iterator[Ask]:
    """Each plan by itself, as its script is run."""
    for unit, found in plans(file):
        body = {"plans": {found.key: found.as_json()}}
        yield Ask(JOB, body, {found.key: unit}, f"{found.key} in {file.path}", len(found.objects))


def drafts(file: File, settings: Settings) -> Iterator[Draft]:
    """Of each proven plan a row for each length of prompt."""
    for unit, found in plans(file):
        proof = file.proof(unit)
        if proof is None or not proof.proven or not proof.code:
            continue
        answer = digest([found.scope, found.as_json()])
        choice = digest([settings.seed, answer])
        for variant, length in enumerate(lengths(choice, settings.each)):
            drawn = turned(choice, variant)
            yield Draft(
                kind="scene",
                task=found.scope,
                answer=answer,
                prompt=partial(request, found, proof.code, length, drawn),
                completion=proof.code,
                proof=proof_of("same scene", "", settings, "plan"),
                places=(Place(file.sha256, found.key),),
                nodes=len(found.objects),
                family=family(found),
                key=found.key,
                variant=variant,
                rank=(found.key, unit),
                score=score(found),
                among="scene",
                features=packed(features(found)),
            )


def request(found: Plan, code: str, length: str, choice: str) -> str:
    """What is asked, as a person would type it."""
    nouns = NOUNS[found.scope]
    noun = nouns[int(choice[16:20], 16) % len(nouns)]
    told = describe(found, code, length)
    return Request(noun, "" if found.key == "scenes/Scene" else found.name, told).text(choice)


def family(found: Plan) -> str:
    """A hash of what hangs on what, without names and numbers."""
    data = {(row["type"], row["name"]): row for row in found.data}
    kinds = {ob["name"]: kind_words(ob, data.get((ob["type"], ob["data"]))) for ob in found.objects}
    rows = sorted((kinds[ob["name"]], kinds.get(ob.get("parent", ""), "")) for ob in found.objects)
    return digest([found.scope, rows])


def features(found: Plan) -> frozenset[str]:
    """What makes two plans near-equal: their objects by kind, parent, form and, to one digit, transform; data that they
    use, settings of the scene. Names play no part; what is there twice counts twice."""
    data = {(row["type"], row["name"]): row for row in found.data}
    kinds = {ob["name"]: kind_words(ob, data.get((ob["type"], ob["data"]))) for ob in found.objects}
    told = [found.scope, *(f"{name} {value}" for name, value in found.settings.items())]
    for ob in found.objects:
        kind = kinds[ob["name"]]
        held = data.get((ob["type"], ob["data"]), {})
        transform = [[f"{x:.1g}" for x in ob[name]] for name in ("location", "scale") if name in ob]
        stack = [entry["type"] for side in ("modifiers", "constraints") for entry in ob.get(side, ())]
        told += [kind, f"{kind} below {kinds.get(ob.get('parent', ''), '')}", f"{kind} {transform}"]
        told += [f"{kind} {held.get('form', '')} {held.get('settings', '')} {stack}"]
    return frozenset(f"{n} {what}" for what, times in Counter(told).items() for n in range(times))


def score(found: Plan) -> float:
    """More of what differs, up to 1: kinds of objects, hierarchy, settings, modifiers."""
    kinds = len({ob["type"] for ob in found.objects})
    parts = (
        min(len(found.objects), 12) / 12,
        min(kinds, 4) / 4,
        float(any("parent" in ob for ob in found.objects)),
        float(any(side in ob for ob in found.objects for side in ("modifiers", "constraints"))),
    )
    return round(sum(parts) / len(parts), 3)
