# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build reads: the records of this Blender, one at a time, and what is known of the trees in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ..catalog import Catalog, Origin, Proof
from ..errors import SetAside
from ..graph.model import Graph, Graphs, closure
from ..graph.wires import real_nodes
from ..paths import DataFolder
from ..stage import Work
from ..worker.protocol import Host
from ..worker.record import STATES, load
from . import blender_dataset, code_texts, material_dataset, piece_dataset
from .drafts import Drafts
from .kinds import FEWEST_NODES, Candidate, File, Json, Known, Place, Settings, Tree, TreeKind
from .proving import VERSION, Units
from .quality import quality

WHOLE: tuple[TreeKind, ...] = (material_dataset, blender_dataset)
TREE_KINDS: tuple[TreeKind, ...] = (*WHOLE, piece_dataset)
KEPT_FILES, KEPT_ORIGINS = 8, 1024


class Library:
    """See `kinds.Library`. Records are read as often as needed, since reading is cheap and memory is not."""

    def __init__(self, work: Work, host: Host, drafts: Drafts) -> None:
        self._work, self._host, self._drafts = work, host, drafts
        rows = work.catalog.records(host.name)
        self.records = {row["sha256"]: row["path"] for row in rows if row["state"] == STATES[0]}
        self.with_errors = len(rows) - len(self.records)
        self._gone = set[str]()
        self.left_out: Counter[str] = Counter()
        self._others = [Catalog(DataFolder(Path(path)).catalog) for path in work.options.port_from]
        self.settings = Settings(host.version, 0, 0, {})
        self.file = lru_cache(maxsize=KEPT_FILES)(self._file)
        self.origins = lru_cache(maxsize=KEPT_ORIGINS)(self._origins)

    def files(self) -> Iterator[str]:
        """See `kinds.Library`; those without an origin are left out."""
        for sha256 in self.records:
            self._work.wait_while_paused()
            if self.origins(sha256):
                yield sha256

    def _origins(self, sha256: str) -> Sequence[Origin]:
        return tuple(self._work.catalog.origins(sha256))

    def proof(self, unit: str) -> Proof | None:
        """See `kinds.Library`."""
        return self._work.catalog.proof(unit, self._host.name, VERSION)

    def close(self) -> None:
        """Close the catalogs of other data folders, and let go of what is kept: a cache of its own methods would keep
        the library, and with it a catalog that only its own thread may close, until some thread collects garbage."""
        for other in self._others:
            other.close()
        del self.file, self.origins

    def node_types(self) -> Iterator[tuple[str, set[str]]]:
        """The type of each tree of each record with the types of its nodes."""
        for sha256 in self.files():
            for graph in (self._record(sha256) or {"graphs": {}})["graphs"].values():
                yield graph["type"], {node["type"] for node in graph["nodes"]}

    def graphs(self, wanted: Callable[[str], object] = bool) -> Iterator[tuple[str, Graphs, Units]]:
        """sha256, graphs and units of each record (of the `wanted` ones) that is still there."""
        for sha256 in self.files():
            if wanted(sha256):
                value = self._record(sha256)
                if value is not None:
                    graphs = _graphs(value)
                    yield sha256, graphs, Units(value["graphs"], graphs, self.origins(sha256)[0].path)

    def candidates(self, graphs: Graphs, kinds: Sequence[TreeKind] = TREE_KINDS) -> Iterator[Candidate]:
        """The trees, and pieces of them, that are to be proven."""
        for kind in kinds:
            for candidate in kind.candidates(graphs, self.settings):
                if len(real_nodes(candidate.graph)) >= FEWEST_NODES:
                    yield candidate

    def _file(self, sha256: str) -> File | None:
        value = self._record(sha256)
        return None if value is None else self._read(sha256, value, self._host.name, self._work.catalog)

    def _read(self, sha256: str, value: Json, blender: str, catalog: Catalog) -> File:
        graphs, origins = _graphs(value), self.origins(sha256)
        path = origins[0].path if origins else sha256
        units = Units(value["graphs"], graphs, path)

        def proof(unit: str) -> Proof | None:
            return catalog.proof(unit, blender, VERSION)

        trees = []
        for candidate in self.candidates(graphs, WHOLE):
            found, graph = proof(units.unit(candidate).id), candidate.graph
            worth = quality(graph, self.settings.plain(graph.type))
            if found is not None and found.proven and not worth.fault:
                place = Place(sha256, candidate.owner)
                trees.append(Tree(candidate.task, graph, closure(graph, graphs), found, place, worth.score))
        return File(sha256, path, value, graphs, trees, origins, proof)

    def elsewhere(self, sha256: str) -> Iterator[tuple[str, File]]:
        """See `kinds.Library`."""
        for other in self._others:
            for blender, path in other.records_of(sha256):
                value = load(path)
                if value is not None and blender != self._host.name:
                    yield blender, self._read(sha256, value, blender, other)

    def texts(self) -> Iterator[tuple[Place, str]]:
        """See `kinds.Library`."""
        return code_texts.texts(self._work, self._host.name)

    def leave_out(self, why: str) -> None:
        """See `kinds.Library`."""
        self.left_out[why] += 1

    def known(self) -> Iterator[Known]:
        """See `kinds.Library`."""
        return self._drafts.trees()

    def _record(self, sha256: str) -> Json | None:
        value = load(self._work.folder.root / self.records[sha256])
        if value is None and sha256 not in self._gone:
            self._gone.add(sha256)
            words = "The record of this file is gone or damaged. Parse it again."
            self._work.set_aside(SetAside("dataset", self.origins(sha256)[0].path, "no record", words))
        return value


def _graphs(value: Mapping[str, Json]) -> dict[str, Graph]:
    return {key: Graph.from_json(graph) for key, graph in value["graphs"].items()}
