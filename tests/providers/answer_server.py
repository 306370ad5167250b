# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that answers chats by OpenAI's protocol and by Anthropic's, as it is told to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOKEN = "sk-loopback-9876543210"
MODEL = "gpt-oss-20b-of-the-host"


class Server(ThreadingHTTPServer):
    """`say` makes an answer of the user's message; after `most` answers each is `fault`."""

    daemon_threads = True

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say = say
        self.asked: list[dict[str, Any]] = []
        self.most, self.fault = 1 << 30, 0
        self.finish = "stop"
        self.raw = b""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.address}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({**body, "path": self.path})
        if len(self.server.asked) > self.server.most:
            return self._send({"error": {"message": f"no, {TOKEN}"}}, self.server.fault)
        text = self.server.say(body["messages"][-1]["content"])
        if self.path.endswith("/messages"):
            end = {"stop": "end_turn", "length": "max_tokens"}[self.server.finish]
            content, used = [{"type": "text", "text": text}], {"input_tokens": 40, "output_tokens": 9}
            head = {"id": "m", "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}
            return self._send({**head, "content": content, "stop_reason": end, "usage": used})
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.server.finish}
        used = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}
        return self._send(
            {"id": "c", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice], "usage": used}
        )

    def _send(self, value: Any, status: int = 200) -> None:
        data = self.server.raw or json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(data)


@contextlib.contextmanager
def answering(say: Callable[[str], str]) -> Iterator[Server]:
    """A server that runs while the block does."""
    with Server(say) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def answering_here(say: Callable[[str], str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The same for OpenAI's package: no file gives it a token, and no proxy stands between."""
    pytest.importorskip("openai")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with answering(say) as server:
        yield server
