# SPDX-License-Identifier: GPL-3.0-or-later
"""One chat heard as it comes, against a real server on loopback: what can go wrong has words, and ends in time."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.providers.answer_server import MODEL, TOKEN, Server, answering
from voxel_trainer_addon.providers.answering import Answer, Chat, ClaudeAnswers, OpenAIAnswers
from voxel_trainer_addon.providers.refusals import Refusal
from voxel_trainer_addon.providers.streaming import Asked, Talk, begin, wait

pytestmark = pytest.mark.plain

CHAT = Chat("0", [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hello there"}])
SAID = Answer("You said: hello there", 40, 9, MODEL, True)


@pytest.fixture
def server() -> Iterator[Server]:
    with answering(lambda text: f"You said: {text}") as server:
        yield server


def talk(server: Server, key: str = TOKEN, **asked: float) -> Talk:
    return begin(OpenAIAnswers("some-model", server.url), Asked(CHAT, 50, 20.0, key=key, **asked))  # type: ignore[arg-type]


def heard(talk: Talk, seconds: float = 10.0) -> Answer:
    assert wait([talk], time.monotonic() + seconds, lambda: None) == [talk]
    return talk.answer()


def refused(talk: Talk) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        heard(talk)
    assert TOKEN not in refusal.value.sentence
    return refusal.value


def test_an_answer_is_heard_in_pieces(server: Server) -> None:
    server.pause_s = 0.05
    began, said = time.monotonic(), talk(server, temperature=0.5, seed=3)
    assert heard(said) == SAID
    assert said.first is not None and 0.05 <= said.first - began < time.monotonic() - began - 0.04
    (sent,) = server.asked
    assert (sent["model"], sent["max_tokens"], sent["temperature"], sent["seed"]) == ("some-model", 50, 0.5, 3)


def test_claude_is_heard_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anthropic")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", TOKEN)
    said = begin(ClaudeAnswers("some-model", server.address), Asked(CHAT, 50, 20.0))
    assert heard(said) == SAID and said.first is not None


def test_a_host_that_does_not_stream_is_understood(server: Server) -> None:
    choice = {"message": {"content": "all at once"}, "finish_reason": "length"}
    server.raw = json.dumps({"model": "m", "choices": [choice], "usage": None}).encode()
    assert heard(talk(server)) == Answer("all at once", 0, 0, "m", False)


@pytest.mark.parametrize(("status", "code"), [(401, "token"), (404, "missing"), (429, "wait"), (503, "host")])
def test_a_host_that_says_no_has_words(server: Server, status: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    server.most, server.fault = 0, status
    assert refused(talk(server)).code == code


def test_half_a_stream_and_what_is_no_json(server: Server) -> None:
    server.half = True
    assert refused(talk(server)).code == "cut"
    server.raw = b"<html>busy</html>"
    assert refused(talk(server)).code == "host"
    server.raw = b'{"choices": []}'
    assert refused(talk(server)).code == "host"


def test_nobody_there() -> None:
    gone = OpenAIAnswers("some-model", "http://127.0.0.1:9/v1")
    assert refused(begin(gone, Asked(CHAT, 50, 5.0, key="x"))).code == "unreachable"


@pytest.mark.parametrize("address", ["http://", ""])
def test_a_host_is_reached_through_the_proxy_and_this_computer_without(
    server: Server, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            tunnels.append((self.path, self.headers["Proxy-Authorization"]))
            self.send_error(502)

        def log_message(self, *_: Any) -> None:
            pass

    tunnels = list[tuple[str, str]]()
    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.handle_request, daemon=True).start()
        for scheme in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(scheme, f"{address}me:it%20is@127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv("no_proxy", "")
        assert heard(talk(server)) == SAID and tunnels == []
        far = OpenAIAnswers("some-model", "https://models.example/v1")
        assert refused(begin(far, Asked(CHAT, 50, 5.0, key=TOKEN))).code == "unreachable"
    assert tunnels == [("models.example:443", f"Basic {b64encode(b'me:it is').decode()}")]


def test_one_that_hangs_is_cut_off(server: Server) -> None:
    server.pause_s = 1.0
    said = talk(server)
    assert wait([said], time.monotonic() + 0.1, lambda: None) == []
    said.cut()
    assert refused(said).code in ("unreachable", "cut")


def test_what_the_tick_raises_cuts_all(server: Server) -> None:
    server.pause_s = 1.0

    def tick() -> None:
        raise KeyboardInterrupt

    said = talk(server)
    with pytest.raises(KeyboardInterrupt):
        wait([said], time.monotonic() + 5, tick)
    assert refused(said).code in ("unreachable", "cut")
