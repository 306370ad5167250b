# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of example is: what it wants proven, and the drafts of rows that it makes of what was.

A kind is a module of functions. There are three sorts: kinds of trees (`TreeKind`), kinds that read one file
(`FileKind`) and kinds that set trees of any file side by side (`WideKind`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from ..bpy_code.names import Names
from ..catalog import Origin, Proof
from ..graph.describe import Plain
from ..graph.features import graph_features
from ..graph.minhash import packed
from ..graph.model import Graph, Graphs
from ..graph.names import COPY

FEWEST_NODES = 2

Json = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What the choice of examples depends on besides the records. `fresh` has a new node group of each tree type, with
    one node of each type that the records use; `pieces` and `each` are the most pieces of a tree, and the most rows of
    one kind for one answer; `names` are those that this Blender has, where there is code to be looked through."""

    blender: tuple[int, int, int]
    pieces: int
    seed: int
    fresh: Mapping[str, Graph]
    each: int = 2
    names: Names | None = None

    @property
    def blender_name(self) -> str:
        """As rows name it: "5.2.3"."""
        return ".".join(map(str, self.blender))

    def plain(self, tree_type: str) -> Plain:
        """Node type → that node as Blender makes it in such a tree."""
        return {node.type: node for node in self.fresh[tree_type].nodes} if tree_type in self.fresh else {}


@dataclass(frozen=True, order=True)
class Place:
    """Where something was found: its file's content, and the key of the data-block that it is or was cut from."""

    sha256: str
    owner: str


@dataclass(frozen=True)
class Ask:
    """What a worker must prove: a job whose answer has `scripts`, by root `code`, `proven` and `reason` (and `graph`,
    `shape` and `nodes` where it reads a tree).

    `body` is the job's, without `roots`; `units` names each root's proof: the digest of all that it depends on but
    the Blender. Roots may be asked for one by one. `item` names them for a person, `nodes` is a measure of the work.
    """

    job: str
    body: Mapping[str, Any]
    units: Mapping[str, str]
    item: str
    nodes: int


@dataclass(frozen=True)
class Draft:
    """A row before it is chosen.

    `answer` is the identity of what is answered: a canonical graph's hash, or a digest; `given` the same of what is
    given, where the answer stands against something. Drafts of one kind with equal answer and given become one row for
    each `variant`: that with the least `rank` (then text) is kept, and all places are its sources. `prompt` is called
    only where the row is wanted.

    Of nearly equal answers one is kept: `features` (packed: `graph.minhash`) tell them, among the drafts of all kinds
    with the same `among`, for kinds that tell one answer in several ways choose together. Without `among` all are kept;
    in val and test what is nearly equal to something in train is left out all the same. `nodes` are the tree's own (or
    lines of code), `family` is the hash of its shape.
    """

    kind: str
    task: str
    answer: str
    prompt: Callable[[], str]
    completion: str
    proof: Mapping[str, Any]
    places: tuple[Place, ...]
    nodes: int
    family: str
    key: str = ""
    form: str = "code"
    given: str = ""
    variant: int = 0
    rank: Sequence[Any] = ()
    score: float = 1.0
    among: str = ""
    features: bytes = b""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A tree that may become an answer: `graph` is what the code must make, `owner` the key of the tree that it is or,
    where it is a `part`, was cut from."""

    task: str
    graph: Graph
    owner: str
    part: bool = False


@dataclass(frozen=True)
class Tree:
    """A whole tree of a file, proven, that teaches something: `below` are the groups that it uses, at any depth, and
    itself at the end; `score` is its quality."""

    task: str
    graph: Graph
    below: Sequence[Graph]
    proof: Proof
    place: Place
    score: float = 1.0

    @property
    def code(self) -> str:
        """The script that was proven."""
        return self.proof.code or ""

    @cached_property
    def features(self) -> bytes:
        """What it is nearly equal to others by, packed."""
        return packed(graph_features(self.graph))

    def draft(self, kind: str, settings: Settings, *, shown: str = "same graph", **more: Any) -> Draft:
        """A draft whose answer makes this tree. `shown` is the name of its proof; `more` are `Draft`'s fields."""
        about = {
            "task": self.task,
            "answer": self.proof.graph,
            "proof": proof_of(shown, self.proof.graph, settings),
            "places": (self.place,),
            "nodes": self.proof.nodes,
            "family": self.proof.shape,
            "key": self.graph.key,
            "rank": rank(self.graph.key, self.proof.unit),
            "score": self.score,
            "features": self.features,
        }
        return Draft(**{"kind": kind, **about, **more})


def proof_of(shown: str, graph: str, settings: Settings, compared: str = "sem") -> Json:
    """A proof as it stands in a row: what was shown, and of which canonical graph."""
    return {"name": shown, "graph": graph, "blender": settings.blender_name, "compared": compared}


def rank(key: str, unit: str) -> list[object]:
    """Of equal trees the one stays whose name says most: no number at its end, then first by name."""
    return [bool(COPY.search(key)), key, unit]


@dataclass(frozen=True)
class File:
    """A file as its record tells of it. `trees` are its proven ones that teach something, ordered by key; `proof` says
    what came of a unit in this Blender."""

    sha256: str
    path: str
    record: Json
    graphs: Graphs
    trees: Sequence[Tree]
    origins: Sequence[Origin]
    proof: Callable[[str], Proof | None]


@dataclass(frozen=True)
class Known:
    """A proven whole tree by its proof: what can be told of it without reading its record again."""

    place: Place
    task: str
    graph: str
    shape: str
    nodes: int


class Library(Protocol):
    """Everything that the build knows, for kinds that set trees side by side."""

    def known(self) -> Iterator[Known]:
        """Every proven whole tree, by shape, then graph, then place."""

    def file(self, sha256: str) -> File | None:
        """A file, read again (the last few are kept); None where its record is gone."""

    def elsewhere(self, sha256: str) -> Iterator[tuple[str, File]]:
        """The same file as other Blenders read and proved it, with the Blender's name; in order of the names."""

    def origins(self, sha256: str) -> Sequence[Origin]:
        """Where a content was found."""

    def files(self) -> Iterator[str]:
        """sha256 of every file, in order."""

    def proof(self, unit: str) -> Proof | None:
        """What came of a unit in this Blender."""

    def texts(self) -> Iterator[tuple[Place, str]]:
        """Every harvested Python file and every text in a .blend that imports bpy, in order."""

    def leave_out(self, why: str) -> None:
        """Count what cannot become a row."""


class TreeKind(Protocol):
    """A module with a kind of tree: which ones it takes."""

    def candidates(self, graphs: Graphs, settings: Settings) -> Iterator[Candidate]:
        """The trees of one file, in a fixed order."""


class FileKind(Protocol):
    """A module with a kind of example that is made of one file."""

    def asks(self, file: File, settings: Settings) -> Iterator[Ask]:
        """What must be proven, known or not; nothing where the kind needs no more than proven trees."""

    def drafts(self, file: File, settings: Settings) -> Iterator[Draft]:
        """Drafts of what was proven, in a fixed order."""


class WideKind(Protocol):
    """A module with a kind of example that sets trees side by side."""

    def asks(self, library: Library, settings: Settings) -> Iterator[Ask]:
        """As of `FileKind`."""

    def drafts(self, library: Library, settings: Settings) -> Iterator[Draft]:
        """As of `FileKind`."""
