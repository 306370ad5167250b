# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `serving`: models over HTTP on this computer alone, in the form of OpenAI's chat completions."""

from __future__ import annotations

import hmac
import json
import os
import queue
import secrets
import select
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

from ... import exposition, files, locks
from . import devices, models
from .answer_turns import Request, Turns, Unfit
from .channel import Channel, Refused
from .loaded import Loaded
from .metrics import Metrics

BODY_MAX = 4 << 20
LOOK_S = 0.25
"""How often it is looked whether who asked is still there."""
QUIET_S = 60.0
"""A connection on which nothing comes for so long is closed."""
MEMORY_SHARE = 0.5
"""Of the machine's memory, what weights may take where nobody says otherwise."""


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Serve until nobody asked for `idle_s` seconds, or somebody with the token says stop.

    Keys: `models`, name → folder, `over`, adapter → folder of the model below, `aliases`, other name → name; `lock`, a
    file that is held while this runs; `state`, where port, token and process id are written for this person's eyes
    only, and beside it the token alone, as Prometheus reads it; `port` (0: any); `threads`, the most; `numbers` (see
    `devices.numbers_of`); `memory`, bytes of weights (0: half of the machine's); `idle_s`; `outlives` (see `program`).
    Raises Refused where the port is taken, another server holds the lock, or an adapter cannot be read.
    """
    os.umask(0o077)
    models.quiet()
    loaded = Loaded(devices.numbers_of(body["numbers"]), body["memory"] or int(MEMORY_SHARE * _memory()))
    lock = locks.FolderLock(Path(body["lock"]), str(os.getpid()))
    if not lock.acquire():
        raise Refused("running", "Another server of this data folder is running.")
    with lock:
        turns, token = Turns(loaded, body["idle_s"], body["threads"]), secrets.token_urlsafe(32)
        state = Path(body["state"])
        server = _listening(body["port"], turns, token)
        try:
            server.begin_with(body)
            port = server.server_address[1]
            files.write_json(state, {"port": port, "pid": os.getpid(), "token": token})
            files.write_text(state.with_suffix(".token"), token)
            channel.say("serving", port=port)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                turns.run()
            finally:
                server.shutdown()
        finally:
            server.server_close()
            for path in (state, state.with_suffix(".token")):
                path.unlink(missing_ok=True)
    return {}


def _memory() -> int:
    """Bytes that weights may be held in: the card's, or the machine's; 0 where nobody tells."""
    if own := devices.found().memory:
        return own
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two servers have one port

    def __init__(self, port: int, turns: Turns, token: str) -> None:
        self.turns, self.token, self.began = turns, token, int(time.time())
        self.metrics = Metrics()
        self.aliases: dict[str, str] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def begin_with(self, body: dict[str, Any]) -> None:
        """`name`, where there is nobody yet who could be answered. Raises Refused."""
        try:
            self.name(body)
        except Unfit as unfit:
            raise Refused(unfit.code, unfit.sentence) from unfit

    def name(self, body: dict[str, Any]) -> None:
        """More names for folders, and aliases, which may change: then they hold for who asks from now on. Raises
        Unfit."""
        over = _one(body, "over", dict, {})
        try:
            for name, folder in _one(body, "models", dict, {}).items():
                self.turns.loaded.name(name, folder, over.get(name, ""))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise Unfit(400, "model", f"A model was not taken in. {error}") from error
        self.aliases = {**self.aliases, **_one(body, "aliases", dict, {})}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _listening(port: int, turns: Turns, token: str) -> _Server:
    try:
        return _Server(port, turns, token)
    except OSError as error:
        raise Refused("port", f"Port {port} is taken by another program. Choose another one.") from error


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = QUIET_S
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """What is asked stays between those who talk."""

    def do_GET(self) -> None:
        self._answered({"/v1/models": self._models, "/voxel/state": self._state, "/metrics": self._metrics})

    def do_POST(self) -> None:
        self._answered(
            {"/v1/chat/completions": self._chat, "/voxel/models": self._name_models, "/voxel/stop": self._stop}
        )

    def _answered(self, routes: dict[str, Any]) -> None:
        try:
            self._check_token()
            if self.path.startswith("/v1/models/") and self.command == "GET":
                self._send(200, self._model(self.path.removeprefix("/v1/models/")))
            elif route := routes.get(self.path.partition("?")[0]):
                route()
            else:
                raise Unfit(404, "unknown_url", f"There is no {self.command} {self.path} here.")
        except Unfit as unfit:
            self.close_connection = True  # the body may not have been read, and who asks must know not to go on here
            kind = "invalid_request_error" if unfit.status < 500 else "server_error"
            told = {"message": unfit.sentence, "type": kind, "code": unfit.code, "param": None}
            self._send(unfit.status, {"error": told})

    def _check_token(self) -> None:
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.server.token}".encode()):
            raise Unfit(401, "invalid_api_key", "The token is not this server's.")

    def _send(self, status: int, value: Any) -> None:
        self._send_text(status, json.dumps(value, ensure_ascii=False), "application/json")

    def _send_text(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> dict[str, Any]:
        size = self.headers.get("Content-Length", "")
        if not size.isdigit():
            raise Unfit(411, "no_length", "The request does not say how long it is.")
        if int(size) > BODY_MAX:
            raise Unfit(413, "too_large", f"A request may have {BODY_MAX >> 20} MB.")
        try:
            body = json.loads(self.rfile.read(int(size)))
        except (ValueError, RecursionError) as error:
            raise Unfit(400, "invalid_json", f"The request is no JSON: {error}") from error
        if not isinstance(body, dict):
            raise Unfit(400, "invalid_json", "The request is no JSON object.")
        return body

    def _models(self) -> None:
        names = dict.fromkeys([*self.server.turns.loaded, *self.server.aliases])
        self._send(200, {"object": "list", "data": [self._model(name) for name in names]})

    def _model(self, name: str) -> dict[str, Any]:
        if self.server.aliases.get(name, name) not in self.server.turns.loaded:
            raise Unfit(404, "model_not_found", f"There is no model {name} here.")
        return {"id": name, "object": "model", "created": self.server.began, "owned_by": "voxel-trainer"}

    def _name_models(self) -> None:
        self.server.name(self._body())
        self._models()

    def _state(self) -> None:
        self._send(200, self.server.turns.state())

    def _metrics(self) -> None:
        turns = self.server.turns
        text = self.server.metrics.text(turns.state(), turns.loaded.held())
        self._send_text(200, text, exposition.CONTENT_TYPE)

    def _stop(self) -> None:
        self._send(200, {})
        self.server.turns.end()

    def _chat(self) -> None:
        body, began = self._body(), time.monotonic()
        request = asked(body)
        name = request.model
        self._model(name)
        request.model = self.server.aliases.get(name, name)
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model}
        first_s, error = None, "client_closed"
        try:
            self.server.turns.ask(request)
            parts = self._parts(request)
            first = next(parts, "")  # before it nothing was sent, so that an error has its status
            first_s = time.monotonic() - began
            if body.get("stream"):
                count = bool((body.get("stream_options") or {}).get("include_usage"))
                error = self._stream(head, request, first, parts, count)
            else:
                message = {"role": "assistant", "content": first + "".join(parts)}
                choice = {"index": 0, "message": message, "finish_reason": request.why, "logprobs": None}
                self._send(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage(request)})
                error = ""
        except Unfit as unfit:
            error = unfit.code
            raise
        finally:
            request.gone = True
            self.server.metrics.heard(name, request, first_s, time.monotonic() - began, error)

    def _parts(self, request: Request) -> Iterator[str]:
        """The text as it comes. Raises Unfit; ConnectionError where who asked is gone."""
        looked = time.monotonic()
        while True:
            try:
                part = request.told.get(timeout=LOOK_S)
            except queue.Empty:
                part = ""
            if part is None:
                return
            if isinstance(part, Unfit):
                raise part
            if part:
                yield part
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                if self._is_gone():
                    raise ConnectionAbortedError

    def _is_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        with suppress(OSError):
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        return True

    def _stream(self, head: dict[str, Any], request: Request, first: str, parts: Iterator[str], count: bool) -> str:
        """Server-sent events; the connection's end is theirs. An error after the first is an event of its own: its
        code, '' where there was none."""
        error = ""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()

        def event(delta: dict[str, str], why: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": why, "logprobs": None}
            self._event({**head, "object": "chat.completion.chunk", "choices": [choice]})

        try:
            event({"role": "assistant", "content": first})
            for part in parts:
                event({"content": part})
            event({}, request.why)
            if count:
                self._event({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage(request)})
        except Unfit as unfit:
            error = unfit.code
            self._event({"error": {"message": unfit.sentence, "type": "server_error", "code": error}})
        self.wfile.write(b"data: [DONE]\n\n")
        return error

    def _event(self, value: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")
        self.wfile.flush()


def usage(request: Request) -> dict[str, int]:
    """The tokens of a request and its answer."""
    return {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": request.tokens,
        "total_tokens": request.prompt_tokens + request.tokens,
    }


def asked(body: dict[str, Any]) -> Request:
    """A request in the form of OpenAI's chat completions. Without a temperature the likeliest tokens are taken, as when
    a model is evaluated. Raises Unfit; what is not known is passed over."""
    stop = body.get("stop") or []
    return Request(
        model=_one(body, "model", str, ""),
        messages=[_message(one) for one in _one(body, "messages", list, [])] or _wrong("messages", "empty"),
        most=_within(body, "max_completion_tokens" if body.get("max_completion_tokens") else "max_tokens", int, 0, 1),
        temperature=_within(body, "temperature", float, 0.0, 0, 2),
        top_p=_within(body, "top_p", float, 1.0, 0, 1),
        seed=_one(body, "seed", int, None),
        stop=[one for one in ([stop] if isinstance(stop, str) else stop) if isinstance(one, str) and one],
    )


def _message(given: Any) -> dict[str, str]:
    content = given.get("content") if isinstance(given, dict) else None
    if isinstance(content, list) and all(isinstance(one, dict) and one.get("type") == "text" for one in content):
        content = "".join(str(one.get("text", "")) for one in content)
    if not isinstance(content, str) or not isinstance(given.get("role"), str):
        _wrong("messages", "no list of texts with a role and a content each")
    return {"role": given["role"], "content": content}


def _one(body: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = body.get(key)
    if value is None:
        return default
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return value if isinstance(value, kind) and not isinstance(value, bool) else _wrong(key, f"no {kind.__name__}")


def _within(body: dict[str, Any], key: str, kind: type, default: Any, low: float, high: float = float("inf")) -> Any:
    value = _one(body, key, kind, default)
    return value if body.get(key) is None or low <= value <= high else _wrong(key, f"not from {low} to {high}")


def _wrong(key: str, why: str) -> NoReturn:
    raise Unfit(400, "invalid_value", f"{key} is {why}.")
