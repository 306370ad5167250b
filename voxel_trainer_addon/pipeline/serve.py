# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `serve`: one warm background Blender for the artist at the node editor.

What is asked comes as control lines and files, answers go out as events and files; no run's lock is taken and nothing
of the data folder is changed. It leaves by itself after ten idle minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..deployment.assistant.answering import Stopped
from ..deployment.assistant.wish import Wish
from ..errors import Cancelled, Exit, FolderInUse, UserError
from ..events import EventLog, event
from ..files import read_json, write_json
from ..graph.check import check
from ..graph.diff import diff
from ..graph.model import Graph
from ..graph.words.description import LENGTHS, description
from ..locks import FolderLock
from ..paths import DataFolder
from ..worker.pool import Pool
from ..worker.protocol import Answer, Host, Request
from . import trees
from .assistant import Assistant, Unanswered
from .control import Control
from .run import WORKER_MB

IDLE_S = 600.0
LIMIT_S = 300.0
POLL_S = 0.02
ASK = re.compile(r"[0-9a-f]{1,32}")

Body = Mapping[str, Any]


class Serve:
    """Answers asks in one data folder, for one version of Blender, one after the other."""

    def __init__(self, folder: DataFolder, host: Host, idle_s: float = IDLE_S) -> None:
        self.folder, self.host, self.idle_s = folder, host, idle_s
        self.place = folder.serve(host.name)
        self._control = Control(self.place / "control.jsonl")
        self._fresh: dict[tuple[str, str], Any] = {}
        self._pool: Pool | None = None
        self._tell: Callable[[dict[str, Any]], None] = lambda line: None
        self._ask = ""
        self._assistant = Assistant(folder, host, self._run, self.place / "pictures")

    def go(self) -> Exit:
        """Serve until nothing was asked for `idle_s` seconds or somebody says cancel. Raises FolderInUse where the same
        Blender is served here already."""
        with FolderLock(self.folder.serve_lock(self.host.name), f"serve, process {os.getpid()}") as lock:
            if not lock.acquire():
                raise FolderInUse(f"Blender {self.host.name} is served in {self.folder.root} already.")
            shutil.rmtree(self.place, ignore_errors=True)
            log = EventLog(self.place / "events.jsonl")
            self._tell = log.write
            self._control.listen()
            try:
                self._tell(event("serving", version=__version__, blender=self.host.name))
                self._answer_all()
                self._tell(event("ended", exit=int(Exit.DONE), words="Nobody asked for anything.", report="", next=[]))
            except Cancelled:
                self._tell(event("ended", exit=int(Exit.INTERRUPTED), words="Stopped.", report="", next=[]))
            finally:
                self._control.unlisten()
                if self._pool:
                    self._pool.close()
                log.close()
                for name in ("asks", "answers", "records", "pictures"):
                    shutil.rmtree(self.place / name, ignore_errors=True)
                shutil.rmtree(self.folder.serve_copies, ignore_errors=True)
        return Exit.DONE

    def _answer_all(self) -> None:
        heard = time.monotonic()
        while time.monotonic() - heard < self.idle_s:
            self._tick()
            if not self._control.asks:
                time.sleep(POLL_S)
                continue
            line = self._control.asks.popleft()
            name, job = str(line.get("ask", "")), str(line.get("job", ""))
            if not ASK.fullmatch(name):
                continue
            self._ask = name
            ok, answer = self._answered(job, self.place / "asks" / f"{name}.json")
            write_json(self.place / "answers" / f"{name}.json", answer, indent=None)
            self._tell(event("answer", ask=name, ok=ok))
            heard = time.monotonic()

    def _tick(self) -> bool:
        self._control.read()
        if self._control.cancelled:
            raise Cancelled
        return True

    def _answered(self, job: str, ask: Path) -> tuple[bool, dict[str, Any]]:
        """Whether it could be answered, and the answer or a sentence."""
        body = read_json(ask)
        ask.unlink(missing_ok=True)
        if not isinstance(body, dict) or job not in self.jobs:
            return False, {"sentence": f"Nothing can be said to “{job}”."}
        try:
            return True, self.jobs[job](self, body)
        except Unanswered as error:
            return False, error.told
        except UserError as error:
            return False, {"sentence": str(error)}
        except Cancelled:
            raise
        except Exception as error:
            traceback.print_exc()
            return False, {"sentence": f"This is a fault of Voxel Trainer ({type(error).__name__}: {error})."}

    # the jobs

    def _proven(self, body: Body) -> dict[str, Any]:
        """A view of one tree or stack: `view` is the worker's job; `graphs` (and `stacks`) hold it, or `copy` is the
        path of a .blend file with it. The answer: `code`, `proven`, `reason`."""
        key = body["key"]
        held: dict[str, Any] = {name: body[name] for name in ("graphs", "stacks") if name in body}
        if "copy" in body:
            held = {"record": str(self._record(Path(body["copy"])))}
        asked = {**held, "roots": [key], "layout": body["layout"], "arrange": not body["layout"]}
        answer: dict[str, Any] = self._work(Request(body["view"], asked, key, limit_s=LIMIT_S)).body["scripts"][key]
        return {name: answer[name] for name in ("code", "proven", "reason")}

    def _explain(self, body: Body) -> dict[str, Any]:
        """The description at every length: `text` and `nodes` of its statements."""
        graph = self._graph(body)
        fresh = self._fresh_of(graph)
        plain = {node.type: node for node in fresh.nodes}
        told = {length: description(graph, length, plain) for length in LENGTHS}
        return {length: [{"text": s.text, "nodes": s.nodes} for s in said] for length, said in told.items()}

    def _check(self, body: Body) -> dict[str, Any]:
        graph = self._graph(body)
        if body["to"]:
            trees.measured(self.host.name, body["to"])
        more: dict[str, Any] = {"fresh": self._fresh_of(graph), "pictures": body["pictures"]}
        found = check(graph, since=self.host.name, to=body["to"], **more)
        return {"findings": [finding.as_json() for finding in found]}

    def _diff(self, body: Body) -> dict[str, Any]:
        """What makes the other tree of this one: `other` is a body as this one's, or `file` and `key` say where it
        lies."""
        if "file" in body:
            other = trees.one_file(Path(body["file"]), self.host, self._tick).chosen(body["key"])[body["key"]]
        else:
            other = self._graph(body["other"])
        edits = diff(self._graph(body), other)
        return {"edits": [{**edit.as_json(), "words": edit.words()} for edit in edits]}

    def _keys(self, body: Body) -> dict[str, Any]:
        """The trees of a file: key and type."""
        file = trees.one_file(Path(body["file"]), self.host, self._tick)
        return {"keys": [[key, graph.type] for key, graph in file.trees.items()]}

    def _assist(self, body: Body) -> dict[str, Any]:
        """What makes the tree that somebody asks for in words (docs/deploy.md)."""

        def tick() -> None:
            self._tick()
            if self._ask in self._control.dropped:
                raise Stopped

        def tell(words: str) -> None:
            tick()
            self._tell(event("thinking", ask=self._ask, words=words))

        return self._assistant.answer(Wish.of(body), tell, tick)

    jobs: Mapping[str, Callable[[Serve, Body], dict[str, Any]]] = {
        "proven": _proven,
        "explain": _explain,
        "check": _check,
        "diff": _diff,
        "keys": _keys,
        "assist": _assist,
    }

    def _graph(self, body: Body) -> Graph:
        """The tree that is asked about: among `graphs`, or in the file `copy`, by its `root`."""
        graphs = body["graphs"] if "copy" not in body else read_json(self._record(Path(body["copy"])))["graphs"]
        return Graph.from_json(graphs[body["root"]])

    # the worker

    def _work(self, request: Request) -> Answer:
        """What the warm worker answers. Raises UserError where it does not."""
        answer = self._run(request)
        if not answer.ok:
            raise UserError(answer.sentence)
        return answer

    def _run(self, request: Request) -> Answer:
        """One request to the warm worker, started where there is none, and what came of it. Raises UserError where it
        cannot be started."""
        if self._pool is None:
            copies = self.folder.serve_copies
            copies.mkdir(parents=True, exist_ok=True)
            self._pool = Pool(
                self.host, workers=1, memory_mb=WORKER_MB * 4, scratch=self.place, readable=[self.place, copies]
            )
        try:
            (answer,) = self._pool.run([request], self._tick)
        except UserError:
            self._pool = None
            raise
        return answer

    def _record(self, copy: Path) -> Path:
        """The record of a copy of the artist's file, which is deleted."""
        try:
            made = self._work(trees.reading(copy, self.host, copy.name)).body["record"]
        finally:
            copy.unlink(missing_ok=True)
        kept = self.place / "records" / "copy.json"
        kept.parent.mkdir(exist_ok=True)
        os.replace(made, kept)
        return kept

    def _fresh_of(self, graph: Graph) -> Graph:
        """A tree with a node of each type in `graph` as Blender makes it; what was made once is kept."""
        wanted = sorted({node.type for node in graph.nodes if (graph.type, node.type) not in self._fresh})
        if wanted and not graph.refused:
            request = Request("node_table", {"types": {graph.type: wanted}}, graph.key, limit_s=LIMIT_S)
            made = Graph.from_json(self._work(request).body["trees"][graph.type])
            nodes = {node.type: node for node in made.nodes}
            self._fresh |= {(graph.type, name): nodes.get(name) for name in wanted}
            self._fresh[graph.type, ""] = made
        known = {node.type: self._fresh.get((graph.type, node.type)) for node in graph.nodes}
        empty: Graph = self._fresh.get((graph.type, ""), Graph(graph.key, graph.type))
        return replace(empty, nodes=tuple(node for node in known.values() if node))
