# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on loopback that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any, TypeVar


@dataclass
class Page:
    """An answer. It names `length` bytes where that is not None, -1 for no length at all; of a slow one a byte comes
    every `pause` seconds; `hold` seconds pass before the first."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    pause: float = 0.0
    hold: float = 0.0


Asked = tuple[str, str, dict[str, str]]
"""Method, path and headers (names in small letters) of a request."""
Answers = dict[str, Page | Callable[[dict[str, str]], Page]]


S = TypeVar("S", bound=BaseServer)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """A server that runs while the block does."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class SmallServer:
    """Serves while the block runs. What is in no answer is 404."""

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers: Answers = answers or {}
        self.asked: list[Asked] = []
        self.connections = 0
        own = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def setup(self) -> None:
                super().setup()
                own.connections += 1

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                own.asked.append((self.command, self.path, headers))
                found = own.answers.get(self.path, Page(b"no", 404))
                self._send(found if isinstance(found, Page) else found(headers))

            do_POST = do_GET

            def _send(self, page: Page) -> None:
                time.sleep(page.hold)
                self.send_response_only(page.status)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                length = len(page.body) if page.length is None else page.length
                if length >= 0 and page.status != 304:
                    self.send_header("Content-Length", str(length))
                self.close_connection = page.length is not None
                self.end_headers()
                for at in range(0, len(page.body), 1 if page.pause else 1 << 16):
                    self.wfile.write(page.body[at : at + (1 if page.pause else 1 << 16)])
                    time.sleep(page.pause)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None: ...

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> SmallServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
