# SPDX-License-Identifier: GPL-3.0-or-later
"""A git host on loopback: `git http-backend` over real repositories, with every byte counted, and faults by order."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 1 << 14


@dataclass
class Host:
    """What the server saw, and what it is to do.

    `sent`: bytes of bodies by kind of request (`refs`, `list`, `fetch`). `status`: answer so instead. `cut_after`:
    break the connection after so many bytes of a fetch's answer. `slow_s`: wait so long before each piece of one.
    """

    root: Path
    filters: bool = True
    status: int = 0
    location: str = ""
    cut_after: int = 0
    slow_s: float = 0.0
    port: int = 0
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=lambda: {"refs": 0, "list": 0, "fetch": 0})

    @property
    def fetches(self) -> int:
        return self.requests.count("fetch")

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def environment(self) -> dict[str, str]:
        settings = {"http.uploadpack": "true", "safe.directory": "*"}
        for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            settings[key] = "true" if self.filters else "false"
        told = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        for number, (key, value) in enumerate(settings.items()):
            told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", **told}


class Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self) -> None:
        self._answer(b"", "refs")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self._answer(body, "list" if b"command=ls-refs" in plain else "fetch")

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bytes, kind: str) -> None:
        host = self.host
        host.requests.append(kind)
        host.headers.append({name.title(): value for name, value in self.headers.items()})
        if host.status:
            self.send_response(host.status)
            for name, value in (("Location", host.location + self.path), ("WWW-Authenticate", 'Basic realm="x"')):
                self.send_header(name, value)
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = host.environment() | {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(content, kind)

    def _send(self, content: bytes, kind: str) -> None:
        most = self.host.cut_after if kind == "fetch" and self.host.cut_after else len(content)
        for start in range(0, most, PIECE):
            if kind == "fetch" and self.host.slow_s:
                time.sleep(self.host.slow_s)
            piece = content[start : min(start + PIECE, most)]
            try:
                self.wfile.write(piece)
            except OSError:
                return
            self.host.sent[kind] += len(piece)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some tests are about."""


@contextmanager
def serving(root: Path) -> Iterator[Host]:
    """Serve the repositories in `root` over http on loopback."""
    host = Host(root)
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"host": host}))
    host.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def git(where: Path, *arguments: str, stdin: bytes | None = None, date: int = 1_700_000_000) -> bytes:
    """Run git as an author would, without any setting of this machine."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Ada Rock",
        "GIT_AUTHOR_EMAIL": "ada@rocks.example",
        "GIT_COMMITTER_NAME": "Ada Rock",
        "GIT_COMMITTER_EMAIL": "ada@rocks.example",
        "GIT_AUTHOR_DATE": f"@{date} +0100",
        "GIT_COMMITTER_DATE": f"@{date} +0100",
    }
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],
        cwd=where,
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout


def commit(where: Path, message: str, files: dict[str, bytes | None], date: int = 1_700_000_000) -> str:
    """Write (None: remove) files and commit them; the commit."""
    for name, content in files.items():
        path = where / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    git(where, "add", "-A")
    git(where, "commit", "-q", "--allow-empty", "-m", message, date=date)
    return git(where, "rev-parse", "HEAD").decode().strip()


def repository(where: Path) -> Path:
    """An empty repository to work in."""
    where.mkdir(parents=True)
    git(where, "init", "-q")
    return where
