# SPDX-License-Identifier: GPL-3.0-or-later
"""Git's smart HTTP by git's own server program, over bare repositories written from the universe or from bundles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import zlib
from pathlib import Path
from urllib.parse import unquote

from tests.peers.git_objects import SUBMODULE, tree_data
from tests.peers.http_parts import Answer, Request
from tests.peers.lfs import Lfs
from tests.peers.universe import Repository, Universe

CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[http]
\treceivepack = false
"""
PATH = re.compile(r"/([^/]+)/([^/]+?)\.git(/.*)")
BUNDLES = "history"


class Git:
    """`/{owner}/{name}.git` of the universe, and `/history/{bundle}.git`; made in `folder` when first asked for."""

    def __init__(self, universe: Universe, lfs: Lfs, folder: Path, bundles: Path | None) -> None:
        self.universe, self.lfs, self.folder, self.bundles = universe, lfs, folder, bundles
        self._written: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request, store: str) -> Answer:
        """What git or Git LFS asks of a repository."""
        found = PATH.fullmatch(request.path)
        if not found:
            return _plain(404, "Not Found")
        owner, name, rest = unquote(found[1]), unquote(found[2]), found[3]
        if owner == BUNDLES:
            place = self._bundle(name)
            return self._backend(request, place, rest) if place else _plain(404, "Repository not found.")
        one, moved = self.universe.named(f"{owner}/{name}"), self.universe.moved(f"{owner}/{name}")
        if one is None and moved:
            target = request.target.replace(f"/{found[1]}/{found[2]}.git", f"/{moved.full_name}.git", 1)
            return Answer(301, headers={"Location": request.base + target})
        if one is None or one.state in ("gone", "private"):
            return _plain(404, "Repository not found.")
        if one.state:
            return _plain(451 if one.state == "dmca" else 403, "Repository access blocked")
        if rest == "/info/lfs/objects/batch":
            return self.lfs.batch(request, one, store)
        return self._backend(request, self._repository(one), rest)

    def _repository(self, one: Repository) -> Path:
        place = self.folder / f"{one.number}.git"
        state = (len(one.pushes), one.branch)
        with self._lock:
            if self._written.get(place.name) != state:
                self._write(one, place)
                self._written[place.name] = state
        return place

    def _write(self, one: Repository, place: Path) -> None:
        """Every object of every commit as a loose one, and the one branch."""
        shutil.rmtree(place / "refs", ignore_errors=True)
        (place / "refs" / "heads").mkdir(parents=True)
        (place / "config").write_text(CONFIG)
        (place / "HEAD").write_text(f"ref: refs/heads/{one.branch}\n")
        (place / "objects").mkdir(exist_ok=True)
        for state in self.universe.history(one):
            for content in state.files.values():
                if content.mode != SUBMODULE:
                    _loose(place, "blob", content.oid, content.read(0, content.size))
            for tree in state.trees.values():
                _loose(place, "tree", tree.oid, tree_data(tree.entries))
            _loose(place, "commit", state.commit, state.text)
            (place / "refs" / "heads" / one.branch).write_text(f"{state.commit}\n")

    def _bundle(self, name: str) -> Path | None:
        bundle, place = self.bundles and self.bundles / f"{name}.bundle", self.folder / f"{name}.git"
        if not bundle or not bundle.is_file():
            return None
        with self._lock:
            if not place.is_dir():
                argv = ["git", "clone", "--quiet", "--bare", str(bundle), str(place)]
                subprocess.run(argv, check=True, env=_environment())
                (place / "config").write_text(CONFIG)
        return place

    def _backend(self, request: Request, place: Path, rest: str) -> Answer:
        query = request.target.partition("?")[2]
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
        given = {
            **_environment(),
            **headers,
            "GIT_PROJECT_ROOT": str(place.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "PATH_INFO": f"/{place.name}{rest}",
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "REMOTE_ADDR": "127.0.0.1",
        }
        ran = subprocess.run(["git", "http-backend"], env=given, input=request.body, capture_output=True)
        head, _, body = ran.stdout.partition(b"\r\n\r\n")
        sent = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return Answer(int(sent.pop("Status", "200").split()[0]), body, sent)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def _loose(place: Path, kind: str, oid: str, data: bytes) -> None:
    path = place / "objects" / oid[:2] / oid[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data, 1))


def _plain(status: int, words: str) -> Answer:
    return Answer(status, words.encode(), {"Content-Type": "text/plain; charset=utf-8"})
