# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel Ask Voxel asks, waits for and offers: a plain object that outlives every file. No bpy."""

from __future__ import annotations

import contextlib
import hashlib
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..graph.edits import Edit, apply
from ..graph.heads import title
from ..graph.model import Graph, Graphs
from ..runs import ALIKE, BOTH_BAD, Answer, Askables, Helper, became, fought
from ..words import counted, harmless
from . import sketch
from .desk import Compared, Line, edit_lines

LATE_S = 30.0
"""So long after its deadline an answer is waited for no more: the other end hangs."""
NODES_SHOWN = 16
CANDIDATES = 3
SKETCH, RENDER = "sketch", "render"
OWN = "OWN"
"""Stands for a model that is named by hand."""
NO_DUEL = "Only one of the two models gave an answer that can be shown, so there is no duel."
THANKS = "That is kept on this computer. Ask again for another answer."
DAMAGES = (ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class Place:
    """What an answer can become: a new tree of a kind (`target`), or a change of the one that is there."""

    id: str
    label: str
    about: str
    target: str
    new: bool = False


NEW_MATERIAL = Place("NEW_MATERIAL", "New Material", "Make a material for the active object", "material", True)
NEW_MODIFIER = Place("NEW_MODIFIER", "New Modifier", "Make a node group and a modifier that runs it", "geometry", True)
NEW_COMPOSITOR = Place("NEW_COMPOSITOR", "New Compositor", "Make the compositor of this scene", "compositor", True)
THIS_MATERIAL = Place("THIS_MATERIAL", "This Material", "Change the material of the active object", "material")
THIS_MODIFIER = Place("THIS_MODIFIER", "This Modifier", "Change the node group of the active modifier", "geometry")
THIS_SHADER = Place("THIS_TREE", "This Tree", "Change the tree in this editor", "material")
THIS_GEOMETRY = replace(THIS_SHADER, target="geometry")
THIS_COMPOSITOR = replace(THIS_SHADER, target="compositor")
PLACES: Mapping[str, tuple[Place, ...]] = {
    "view": (NEW_MATERIAL, THIS_MATERIAL, NEW_MODIFIER, THIS_MODIFIER),
    "shader": (THIS_SHADER, NEW_MATERIAL),
    "geometry": (THIS_GEOMETRY, NEW_MODIFIER),
    "compositor": (THIS_COMPOSITOR, NEW_COMPOSITOR),
}
"""Editor → what can be asked for in it, the usual first."""


@dataclass(frozen=True)
class Asked:
    """A request: its id, words and place; for a change the `key` of the tree and how it was with its groups, else the
    names of the `ob` and `scene` that the new one is for. `model` and `url` say who is asked, `yes` that the person
    agreed; `refused` are SHA-256 of the codes that were not wanted, `replaces` the id of the last of them."""

    id: str
    text: str
    place: Place
    key: str = ""
    before: Graphs | None = None
    ob: str = ""
    scene: str = ""
    model: str = ""
    url: str = ""
    yes: bool = False
    refused: tuple[str, ...] = ()
    replaces: str = ""

    @property
    def name(self) -> str:
        return self.key.split("/", 1)[-1]


@dataclass(frozen=True)
class Offer:
    """An answer as it is shown. `lines` are its nodes, or for a change its edits; `checks` whether each was passed, and
    in words; `state`: '' while it is offered, then `applied` or `undone`."""

    heading: str
    lines: tuple[Line, ...]
    more: str
    checks: tuple[tuple[bool, str], ...]
    label: str
    honest: str
    code: tuple[str, ...]
    changes: bool
    state: str = ""


@dataclass(frozen=True)
class Answered:
    """A request with its answer, as it came and as it is shown; `signs` of the nodes that a change is about."""

    asked: Asked
    body: Mapping[str, Any]
    offer: Offer
    signs: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """SHA-256 of the script."""
        return hashlib.sha256(str(self.body["code"]).encode()).hexdigest()

    def sketched(self) -> array[int] | None:
        """The answer's drawing, None where there is none to show."""
        with contextlib.suppress(*DAMAGES):  # Apply says what is wrong with it
            return self._sketched()
        return None

    def _sketched(self) -> array[int] | None:
        if not self.asked.before:
            return sketch.picture(Graph.from_json(self.body["graphs"][self.body["key"]]))
        before = self.asked.before[self.asked.key]
        edits = list(map(Edit.from_json, self.body["edits"]))
        after = apply(before, edits)
        gone = [node for node in before.nodes if node.name not in {node.name for node in after.nodes}]
        lost = [link for link in before.links if {link.source, link.target} & {node.name for node in gone}]
        both = replace(after, nodes=(*after.nodes, *gone), links=(*after.links, *lost))
        new = {edit.what["name"]: "+" for edit in edits if edit.do == "add node"}
        return sketch.picture(both, {**self.signs, **new})


@dataclass(frozen=True)
class AssistView:
    """What the panel shows: what is thought (with the `seconds` since), an offer, or the two of a `duel`, the last
    outcome."""

    thinking: str = ""
    seconds: int = 0
    offer: Offer | None = None
    duel: tuple[Offer, ...] = ()
    note: tuple[str, str] | None = None


@dataclass
class Done:
    """An answer that was applied: the tree before (None: it was not there) and after, and when."""

    key: str
    before: Graphs | None
    after: Graphs
    at: float
    undone: bool = False


class Assist:
    """One request at a time, its answer, and what becomes of it; for a duel two, and `answer` stays empty until one of
    the `answers` is chosen. `agreed` are hosts that may read requests; `seen` says that the panel was drawn: before,
    nobody needs to know whom it can ask. `undrawn` are pictures of answers that are not made yet, by kind and place,
    each for a tick of its own."""

    def __init__(self) -> None:
        self.text = self.model = self.own = self.url = ""
        self.places: dict[str, str] = {}
        self.agreed: set[str] = set()
        self.seen = False
        self.askables = Askables()
        self.reset()

    def reset(self) -> None:
        """Nothing is asked or shown."""
        self.view = AssistView()
        self.helper: Helper | None = None
        self.asked: Asked | None = None
        self.answer: Mapping[str, Any] = {}
        self.answers: list[Answered] = []
        self.done: Done | None = None
        self.undrawn: list[tuple[str, int]] = []
        self._asks: list[str] = []
        self._wanted: tuple[Asked, ...] = ()
        self._came: dict[str, Answer] = {}
        self._began = self._ready = self._limit_s = 0.0

    @property
    def thinking(self) -> bool:
        return bool(self._asks)

    @property
    def marks(self) -> tuple[str, Mapping[str, str]]:
        """The tree that the offer changes, and its nodes' signs; nothing where none is offered."""
        if self.asked and self.view.offer and not self.view.offer.state:
            return self.asked.key, self.answers[0].signs
        return "", {}

    def place(self, editor: str) -> Place:
        """What is asked for in an editor."""
        chosen = self.places.get(editor)
        return next((place for place in PLACES[editor] if place.id == chosen), PLACES[editor][0])

    def ask(self, helper: Helper, *wanted: Asked, deadline_s: float, online: bool) -> None:
        """Ask, and drop what was asked before. Two requests are a duel, in the order in which their answers are to be
        shown. Raises OSError."""
        self.stop()
        self.helper, self.asked, self.done = helper, wanted[0], None
        self.answer, self.answers, self._wanted, self._came = {}, [], wanted, {}
        self._began = self._ready = time.monotonic()
        self._limit_s = deadline_s * len(wanted) + LATE_S
        self.view = AssistView(thinking="Asking")
        for one in wanted:
            body = {**_told(one), "deadline_s": deadline_s, "candidates": CANDIDATES, "online": online}
            self._asks.append(helper.ask("assist", body, partial(self._take, one), self._hear))

    def following(self, asked: Asked) -> Asked:
        """A request as one for another answer, where it is the last one again."""
        last = self.asked
        if last is None or (last.text, last.place, last.key) != (asked.text, asked.place, asked.key):
            return asked
        return replace(asked, refused=(*last.refused, *(one.code for one in self.answers)), replaces=last.id)

    def stop(self) -> None:
        """Wait no more."""
        if self._asks and self.helper:
            for name in self._asks:
                self.helper.drop(name)
            self._asks.clear()
            self.view = AssistView(note=("INFO", "Stopped. Nothing was changed."))

    def forget(self) -> None:
        """Another file, or the extension is switched off: what was asked was about trees that are gone."""
        self.stop()
        self.reset()

    def say(self, icon: str, sentence: str) -> None:
        self.view = replace(self.view, note=(icon, harmless(sentence)))

    def step(self) -> bool:
        """Take in how time goes; whether the panel must be drawn again."""
        before = self.view
        if self._asks and self.helper:
            now = time.monotonic()
            if self.helper.starting:
                self._ready = now
            if now - self._ready > self._limit_s:
                self.stop()
                self.view = AssistView(note=("ERROR", f"No answer came within {self._limit_s:.0f} seconds."))
            else:
                self.view = replace(self.view, seconds=int(now - self._began))
        return self.view != before

    def _hear(self, words: str) -> None:
        if len(self._wanted) == 1:  # who is asked, and when, is nothing to be seen in a duel
            self.view = replace(self.view, thinking=harmless(words))

    def _take(self, asked: Asked, answer: Answer) -> None:
        self._came[asked.id] = answer
        if len(self._came) < len(self._wanted):
            return
        self._asks.clear()
        assert self.helper
        found = [answered(one, self._came[one.id]) for one in self._wanted]
        self.answers = [one for one in found if isinstance(one, Answered)]
        sentences = tuple(one for one in found if isinstance(one, str))
        for one in self.answers:
            became(self.helper.data, one.asked.id, shown=True)
        if len(self.answers) == 1:
            self._offer(self.answers[0], ("INFO", f"{NO_DUEL} {sentences[0]}") if sentences else None)
        elif self.answers:
            self._draw()
            self.view = AssistView(duel=tuple(one.offer for one in self.answers))
        else:
            self.view = AssistView(note=("ERROR", " ".join(dict.fromkeys(sentences))))

    def _offer(self, one: Answered, note: tuple[str, str] | None) -> None:
        """Show one answer."""
        self.asked, self.answer, self.answers = one.asked, one.body, [one]
        self._draw()
        self.view = AssistView(offer=one.offer, note=note)

    def _draw(self) -> None:
        self.undrawn = [(picture, place) for place in range(len(self.answers)) for picture in (SKETCH, RENDER)]

    def judge(self, chosen: str) -> None:
        """The artist said which of two answers is better, A or B: that one is offered, of two that are alike the
        first; or that both are bad. Only now their models are told."""
        assert self.helper
        first, second = self.answers
        fought(self.helper.data, first.asked.id, first.asked.model, second.asked.model, chosen)
        if chosen == BOTH_BAD:
            self.asked, self.answers = replace(first.asked, refused=self.following(first.asked).refused), []
            self.view = AssistView(note=("INFO", f"Neither was kept. {THANKS}"))
            return
        kept, other = (second, first) if chosen == "B" else (first, second)
        words = f"Both alike: the first, of {kept.asked.model}" if chosen == ALIKE else f"Kept: {kept.asked.model}"
        self._offer(kept, ("CHECKMARK", harmless(f"{words}; the other was {other.asked.model}. Apply takes it.")))

    # what becomes of it

    def became(self, **outcome: Any) -> None:
        """Keep what was done with the answer that is shown."""
        if self.helper and self.asked:
            became(self.helper.data, self.asked.id, **outcome)

    def applied(self, key: str, after: Graphs, told: Sequence[str]) -> None:
        """The answer is in the file."""
        assert self.asked and self.view.offer
        before = self.asked.before if key == self.asked.key else None
        self.done = Done(key, before, after, time.monotonic())
        offer = replace(self.view.offer, state="applied")
        self.view = AssistView(offer=offer, note=("CHECKMARK", harmless(" ".join(("Applied.", *told)))))
        self.became(applied=True)

    def undone(self, gone: bool) -> None:
        """The artist undid it, or did it again."""
        if self.done is None or gone == self.done.undone or self.view.offer is None:
            return
        self.done.undone = gone
        self.became(undone_s=round(time.monotonic() - self.done.at, 1) if gone else None)
        note = ("INFO", "Undone. Why not?") if gone else ("CHECKMARK", "Applied.")
        self.view = AssistView(offer=replace(self.view.offer, state="undone" if gone else "applied"), note=note)

    def kept(self, now: Graphs, *, edited: bool) -> None:
        """The answer is still there when the artist goes on, changed by hand maybe."""
        if self.done and not self.done.undone:
            self.became(tree=(self.done.key, now) if edited else None, kept=True, edited=edited)

    def refuse(self, reason: str) -> None:
        """The artist said why not."""
        assert self.asked
        self.became(reason=reason)
        self.asked = replace(self.asked, refused=(*self.asked.refused, *(one.code for one in self.answers)))
        self.answer, self.answers, self.done = {}, [], None
        self.view = AssistView(note=("INFO", f"Thank you. {THANKS}"))


def _told(asked: Asked) -> dict[str, Any]:
    """A request as the job `assist` takes it (docs/deploy.md)."""
    tree = {"key": asked.key, "graphs": {k: g.as_json() for k, g in asked.before.items()}} if asked.before else None
    return {
        "request": asked.id,
        "text": asked.text,
        "target": asked.place.target,
        "tree": tree,
        "model": asked.model,
        "url": asked.url,
        "yes": asked.yes,
        "seed": len(asked.refused),
        "instead_of": list(asked.refused),
        "replaces": asked.replaces,
    }


def answered(asked: Asked, answer: Answer) -> Answered | str:
    """An answer that can be shown, or the sentence that says why not."""
    if not answer.ok:
        return harmless(answer.sentence)
    try:
        offer = offer_of(asked, answer.body)
        return Answered(asked, answer.body, offer, Compared(edits=answer.body["edits"]).marks if offer.changes else {})
    except DAMAGES:
        return "The answer is damaged and cannot be shown."


def offer_of(asked: Asked, body: Mapping[str, Any]) -> Offer:
    """An answer as it is shown. Raises one of `DAMAGES`."""
    root = Graph.from_json(body["graphs"][body["key"]])
    changes = asked.before is not None
    if (body["kind"] == "edit") != changes:
        raise ValueError("it is an answer to something else")
    if changes:
        edits = [{**edit, "words": Edit.from_json(edit).words()} for edit in body["edits"]]
        lines = edit_lines(edits)
        heading = f"{counted(len(edits), 'change')} to “{asked.name}”" if edits else f"“{asked.name}” as it is"
    else:
        names = {node.name: title(node) for node in root.nodes}
        lines = tuple(Line("DOT", f"{n}  {harmless(names[x])}", (x,)) for n, x in enumerate(sketch.order(root), 1))
        heading = f"{asked.place.label}: {counted(len(lines), 'node')}"
    return Offer(
        heading=harmless(heading),
        lines=lines[:NODES_SHOWN],
        more=f"{len(lines) - NODES_SHOWN:,} more" if len(lines) > NODES_SHOWN else "",
        checks=tuple((bool(check["ok"]), harmless(str(check["words"]))) for check in body["checks"]),
        label=harmless(str(body["label"])),
        honest=harmless(str(body["honest"])),
        code=tuple(harmless(line.expandtabs(4)).rstrip() for line in str(body["code"]).strip().splitlines()),
        changes=changes,
    )
