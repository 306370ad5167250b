# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that answers chats by OpenAI's protocol and by Anthropic's, as it is told to."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import small_server

TOKEN = "sk-loopback-9876543210"
MODEL = "gpt-oss-20b-of-the-host"


class Server(ThreadingHTTPServer):
    """`say` makes an answer of the user's message; after `most` answers each is `fault`. Where it streams, `pause_s`
    stands before each of two pieces, and `half` ends it after the first. `batches` are those of Anthropic with their
    questions, answered once they are `ended`; `lose` cuts the connection after one was made."""

    daemon_threads = True

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say = say
        self.asked: list[dict[str, Any]] = []
        self.most, self.fault = 1 << 30, 0
        self.finish, self.model = "stop", MODEL
        self.raw = b""
        self.pause_s, self.half = 0.0, False
        self.batches: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        self.lose = False

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
        if self.path.endswith("/batches"):
            return self._batch(body["requests"])
        model, text = self.server.model, self.server.say(body["messages"][-1]["content"])
        if body.get("stream") and not self.server.raw:
            return self._stream(text, self._events_of_claude if self.path.endswith("/messages") else self._events)
        if self.path.endswith("/count_tokens"):
            return self._send({"input_tokens": sum(len(str(message)) for message in body["messages"])})
        if self.path.endswith("/messages"):
            return self._send(self._message(text))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.server.finish}
        used = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}
        return self._send(
            {"id": "c", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": used}
        )

    def _message(self, text: str) -> dict[str, Any]:
        end = {"stop": "end_turn", "length": "max_tokens"}[self.server.finish]
        used = {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 25, "output_tokens": 9}
        head = {"id": "m", "type": "message", "role": "assistant", "model": self.server.model, "stop_sequence": None}
        return {**head, "content": [{"type": "text", "text": text}], "stop_reason": end, "usage": used}

    def _batch(self, requests: list[dict[str, Any]]) -> None:
        counts = {"processing": len(requests), **dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)}
        made = datetime.now(UTC).isoformat()
        batch = {"id": f"msgbatch-{len(self.server.batches)}", "type": "message_batch", "request_counts": counts}
        batch |= {"processing_status": "in_progress", "created_at": made, "expires_at": made, "results_url": None}
        self.server.batches.append((batch, requests))
        if self.server.lose:
            self.server.lose = False
            self.close_connection = True
            return
        self._send(batch)

    def do_GET(self) -> None:
        name = self.path.partition("/batches")[2].strip("/").partition("?")[0]
        if not name:
            return self._send({"data": [batch for batch, _ in self.server.batches[::-1]], "has_more": False})
        for batch, requests in self.server.batches:
            if name == f"{batch['id']}/results":
                return self._lines([{"custom_id": one["custom_id"], "result": self._came(one)} for one in requests])
            if name == batch["id"]:
                return self._send({**batch, "results_url": f"{self.server.address}{self.path}/results"})
        self._send({"type": "error", "error": {"type": "not_found_error", "message": "no such batch"}}, 404)

    def _came(self, one: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "succeeded",
            "message": self._message(self.server.say(one["params"]["messages"][-1]["content"])),
        }

    def _lines(self, values: list[dict[str, Any]]) -> None:
        data = "".join(json.dumps(value) + "\n" for value in values).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-jsonl")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, text: str, events: Callable[[list[str]], Iterator[dict[str, Any]]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        cut = len(text) // 2
        with contextlib.suppress(ConnectionError):  # who asked may have gone away
            for event in events([text[:cut], text[cut:]]):
                kind = f"event: {event['type']}\n" if "type" in event else ""
                self.wfile.write(f"{kind}data: {json.dumps(event)}\n\n".encode())
            if not self.server.half:
                self.wfile.write(b"data: [DONE]\n\n")

    def _events(self, pieces: list[str]) -> Iterator[dict[str, Any]]:
        head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": self.server.model}
        for piece in pieces:
            time.sleep(self.server.pause_s)
            yield {**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
            if self.server.half:
                return
        yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": self.server.finish}]}
        yield {**head, "choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}}

    def _events_of_claude(self, pieces: list[str]) -> Iterator[dict[str, Any]]:
        head = {"id": "m", "type": "message", "role": "assistant", "model": self.server.model, "content": []}
        used = {"input_tokens": 40, "output_tokens": 1}
        yield {"type": "message_start", "message": {**head, "stop_reason": None, "stop_sequence": None, "usage": used}}
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        for piece in pieces:
            time.sleep(self.server.pause_s)
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        yield {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 9}}
        yield {"type": "message_stop"}

    def _send(self, value: Any, status: int = 200) -> None:
        data = self.server.raw or json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(data)


def answering(say: Callable[[str], str]) -> AbstractContextManager[Server]:
    """A server that runs while the block does."""
    return small_server.serving(Server(say))


@contextlib.contextmanager
def answering_here(say: Callable[[str], str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The same for OpenAI's package: no file gives it a token, and no proxy stands between."""
    pytest.importorskip("openai")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with answering(say) as server:
        yield server
