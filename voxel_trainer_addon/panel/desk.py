# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node editors show and wait for: a plain object that outlives every file that is opened. No bpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..graph.check import heading
from ..runs import Answer, Helper
from ..words import counted, harmless

FINDING_ICONS = {
    "breaks": "ERROR",
    "unknown": "QUESTION",
    "missing": "FILE_IMAGE",
    "dead link": "UNLINKED",
    "no effect": "GHOST_DISABLED",
    "defaults": "MESH_CIRCLE",
    "changes": "FILE_REFRESH",
}
SIGNS = {
    "add": ("+", "ADD"),
    "link": ("+", "LINKED"),
    "remove": ("−", "REMOVE"),
    "unlink": ("−", "UNLINKED"),
}
CHANGED = ("~", "GREASEPENCIL")
"""First word of an edit → its sign and icon; all other edits are changes."""


@dataclass(frozen=True)
class Line:
    """A sentence with its icon, the nodes that it is about, and its place in the list that it stands for."""

    icon: str
    text: str
    nodes: tuple[str, ...] = ()
    at: int = 0
    sign: str = ""


@dataclass(frozen=True)
class DeskView:
    """What the sidebar of a node editor shows: of which tree (`key`), under which `title`, `lines`; `busy` is what is
    waited for, `starting` whether a background Blender starts for it, `note` the last outcome as icon and sentence.
    """

    key: str = ""
    title: str = ""
    lines: tuple[Line, ...] = ()
    busy: str = ""
    starting: bool = False
    note: tuple[str, str] | None = None
    told: tuple[str, ...] = ()


def edit_lines(edits: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    """Edits that tell their `words`, each as a line with its sign."""
    lines = []
    for n, edit in enumerate(edits):
        sign, icon = SIGNS.get(edit["do"].split(" ")[0], CHANGED)
        nodes = tuple(edit[name] for name in ("node", "source", "target") if edit.get(name))
        lines.append(Line(icon, harmless(edit["words"]), nodes, n, sign))
    return tuple(lines)


@dataclass
class Compared:
    """The other tree of a comparison, and the edits that make this tree the other one; `marks`: node → its sign in the
    editor, `−` where it goes, `~` where it changes."""

    source: Mapping[str, Any] = field(default_factory=dict)
    edits: Sequence[Mapping[str, Any]] = ()
    marks: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for edit in self.edits:
            for node in (edit[name] for name in ("node", "target") if edit.get(name)):
                self.marks[node] = "−" if edit["do"] == "remove node" else self.marks.get(node, "~")


class Desk:
    """Asks, and what came of them. Every ask carries what to do with its answer; a file that is opened or an add-on
    that is switched off forgets them all."""

    def __init__(self) -> None:
        self.helper: Helper | None = None
        self.view = DeskView()
        self.words: Mapping[str, Sequence[Mapping[str, Any]]] = {}
        self.length = "paragraph"
        self.layout = False
        self.to = ""
        self.compared = Compared()
        self.asked: list[str] = []

    @property
    def waiting(self) -> bool:
        return self.helper is not None and bool(self.helper.asks)

    def forget(self) -> None:
        """Drop what is shown and what is waited for."""
        if self.helper:
            for name in self.asked:
                self.helper.drop(name)
        self.asked.clear()
        self.view, self.words, self.compared = DeskView(), {}, Compared()

    def ask(self, busy: str, job: str, body: Mapping[str, Any], take: Callable[[Answer], None]) -> None:
        """Ask for something, and take the answer when it comes. Raises OSError."""
        assert self.helper is not None
        self.view = replace(self.view, busy=busy, note=None, told=())

        def taken(answer: Answer) -> None:
            self.view = replace(self.view, busy="")
            if answer.ok:
                take(answer)
            else:
                self.say("ERROR", answer.sentence)

        self.asked.append(self.helper.ask(job, body, taken))

    def step(self) -> bool:
        """Take in what is new; whether the sidebars must be drawn again."""
        before = self.view
        if self.helper:
            self.helper.step()
            self.view = replace(self.view, starting=self.helper.starting)
        return self.view != before

    def say(self, icon: str, sentence: str, told: Sequence[str] = ()) -> None:
        """Show how something ended; `told` are sentences below it."""
        self.view = replace(self.view, busy="", note=(icon, harmless(sentence)), told=tuple(map(harmless, told)))

    # what is shown

    def show_words(self, key: str, body: Mapping[str, Any]) -> None:
        """The description of a tree, at the length that is chosen."""
        self.words = body
        lines = tuple(
            Line("DOT", harmless(one["text"]), tuple(one["nodes"]), n) for n, one in enumerate(body[self.length])
        )
        self.view = replace(self.view, key=key, title="Explain", lines=lines, note=None)

    def show_findings(self, key: str, findings: Sequence[Mapping[str, Any]], to: str) -> None:
        """What `check` found."""
        lines = tuple(
            Line(
                FINDING_ICONS[one["kind"]],
                harmless(f"{heading(one['kind'], to)}: {one['sentence']}"),
                tuple(one["nodes"]),
                n,
            )
            for n, one in enumerate(findings)
        )
        self.view = replace(self.view, key=key, title="Check", lines=lines)
        if not findings:
            where = f" and nothing that Blender {to} would lose" if to else ""
            self.say("CHECKMARK", f"Nothing is wrong with it{where}.")

    def show_keys(self, key: str, file: str, keys: Sequence[str]) -> None:
        """The trees of another file that this one can be compared with."""
        self.compared = Compared({"file": file, "keys": keys})
        lines = tuple(Line("NODETREE", harmless(one), (), n) for n, one in enumerate(keys))
        self.view = replace(self.view, key=key, title="Choose", lines=lines)
        words = "has no tree of this name. Compare with:" if keys else "has no tree of this kind."
        self.say("INFO", f"{harmless(file.replace(chr(92), '/').rsplit('/', 1)[-1])} {words}")

    def show_edits(self, key: str, source: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]) -> None:
        """What makes this tree the other one."""
        self.compared = Compared(source, edits)
        self.view = replace(self.view, key=key, title="Compare", lines=edit_lines(edits))
        if not edits:
            self.say("CHECKMARK", f"“{source['name']}” means the same.")
        else:
            self.say("INFO", f"{counted(len(edits), 'change')} would make it “{source['name']}”.")
