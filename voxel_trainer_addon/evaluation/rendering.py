# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of what answers make, taken by workers and kept by content: a tree is pictured once in each Blender."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from ..files import digest, read_json, write_json
from ..stage import Work
from ..words import counted
from ..worker.protocol import Request
from . import pictures
from .pictures import Likeness

STAGE = 1
"""Version of what stands around a tree when it is pictured; a change pictures all anew."""
SIZE, SAMPLES = 128, 16
LIMIT_S = 30.0
"""Seconds that the pictures of one script may take; one takes less than a second."""

Tree = tuple[str, str]
"""A script and the key of the tree of it that is pictured."""
Frame = tuple[float, ...]
"""Centre and radius of what a picture shows, in metres; empty: what the tree itself fills."""

_MATERIAL = """import bpy
bare = bpy.data.materials.new("Bare")
if bare.node_tree is None:
    bare.use_nodes = True
"""
_GEOMETRY = """import bpy
bare = bpy.data.node_groups.new("Bare", "GeometryNodeTree")
for way in ("INPUT", "OUTPUT"):
    bare.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
bare.links.new(bare.nodes.new("NodeGroupInput").outputs[0], bare.nodes.new("NodeGroupOutput").inputs[0])
"""
BARE: Mapping[str, Tree] = {
    "materials": (_MATERIAL, "materials/Bare"),
    "node_groups": (_GEOMETRY, "node_groups/Bare"),
}
"""What stands on the stage before anything is done to it: Blender's default material, geometry as it came."""


@dataclass(frozen=True)
class Shown:
    """A wanted tree that looks like something: its picture and frame, how far the same with other noise is from it
    (`floor`: less cannot be told), and how far the bare stage is."""

    picture: bytes
    frame: Frame
    floor: Likeness
    bare: Likeness


@dataclass(frozen=True)
class _Shot:
    code: str
    key: str
    frame: Frame = ()
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class _Taken:
    pictures: Sequence[bytes]
    frame: Frame


def wanted(work: Work, trees: Iterable[Tree]) -> dict[Tree, Shown]:
    """The wanted trees with a look of their own: materials and geometry whose picture shows something, and not just
    the bare stage. For the others pictures do not apply, whoever answers."""
    if not pictures.available():
        work.note("What answers look like is not compared: this Python has no numpy, which Blender’s has.")
        return {}
    own = _take(work, [_Shot(code, key, seeds=(0, 1)) for code, key in dict.fromkeys(trees) if _kind(key) in BARE])
    bare = _take(work, [_bare(shot, taken) for shot, taken in own.items()])
    found = {}
    for shot, taken in own.items():
        stage = bare.get(_bare(shot, taken))
        if stage is None or not pictures.shows(taken.pictures[0]):
            continue
        floor, untouched = (
            pictures.compare(taken.pictures[0], other) for other in (taken.pictures[1], *stage.pictures)
        )
        if untouched.flip > floor.flip or untouched.lab > floor.lab:
            found[shot.code, shot.key] = Shown(taken.pictures[0], taken.frame, floor, untouched)
    return found


def made(work: Work, trees: Iterable[tuple[Tree, Shown]]) -> dict[tuple[Tree, Frame], bytes]:
    """Answers' trees pictured as the wanted one was; without those that show nothing, or took too long or too much."""
    shots = [_Shot(code, key, shown.frame) for (code, key), shown in trees]
    return {((shot.code, shot.key), shot.frame): taken.pictures[0] for shot, taken in _take(work, shots).items()}


def summary(shown: Sequence[Shown]) -> dict[str, Any]:
    """`renders` of an evaluation: what a perfect answer scores with other noise, and the bare stage (means)."""
    return {
        "prompts": len(shown),
        "size": SIZE,
        "samples": SAMPLES,
        "stage": STAGE,
        "floor": _means([one.floor for one in shown]),
        "bare": _means([one.bare for one in shown]),
    }


def _means(found: Sequence[Likeness]) -> dict[str, float] | None:
    if not found:
        return None
    scores = [likeness.scores() for likeness in found]
    return {name: round(fmean(each[name] for each in scores), 4) for name in scores[0]}


def _kind(key: str) -> str:
    return key.partition("/")[0]


def _bare(shot: _Shot, taken: _Taken) -> _Shot:
    return _Shot(*BARE[_kind(shot.key)], taken.frame)


def _take(work: Work, shots: Sequence[_Shot]) -> dict[_Shot, _Taken]:
    """What could be pictured. That a tree shows nothing is kept; that a worker was lost over it is not, for it may have
    been for want of time."""
    assert work.host
    folder = work.folder.models / work.options.name / "renders" / work.host.name
    places = {shot: folder / f"{digest([STAGE, SIZE, SAMPLES, asdict(shot)])}.json" for shot in dict.fromkeys(shots)}
    kept = {shot: read_json(place) for shot, place in places.items()}
    due = {f"picture {number}": shot for number, shot in enumerate(shot for shot in kept if kept[shot] is None)}
    lost = []
    for done, answer in enumerate(work.answers(_requests(due)), 1):
        work.progress(done, len(due), answer.request.item)
        shot = due[answer.request.item]
        if answer.ok or answer.code == "not-shown":
            kept[shot] = answer.body or {"pictures": [], "reason": answer.sentence}
            write_json(places[shot], kept[shot], indent=None)
        else:
            lost.append(answer.sentence)
    if lost:
        work.note(f"{counted(len(lost), 'picture')} could not be taken. The first: {lost[0]}.")
    return {
        shot: _Taken([b64decode(text) for text in body["pictures"]], tuple(body["frame"]))
        for shot, body in kept.items()
        if body and body["pictures"]
    }


def _requests(due: Mapping[str, _Shot]) -> Iterator[Request]:
    for item, shot in due.items():
        yield Request("render_answer", {**asdict(shot), "size": SIZE, "samples": SAMPLES}, item, limit_s=LIMIT_S)
