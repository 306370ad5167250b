# SPDX-License-Identifier: GPL-3.0-or-later
"""One chat whose answer is heard as it comes, in a thread of its own that is cut off when nobody waits any more.

OpenAI's protocol is spoken without its package, which no Blender brings: servers of one's own need nothing more.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from importlib import import_module
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .. import tokens
from ..words import harmless
from .answering import WHAT, Answer, BedrockAnswers, Chat, ClaudeAnswers, Host, OpenAIAnswers
from .openai_api import OWN_URL
from .refusals import Refusal, refusal

LINE_MAX = 1 << 20
BODY_MAX = 4 << 20
"""Bytes of an answer that comes in one piece."""


@dataclass(frozen=True)
class Asked:
    """What a host is asked: at most `most` tokens; `temperature` 0 wants the likeliest ones, above it `seed` tells
    answers apart. `seconds`: longer silence ends it. `key` is the token, else it is looked up by its name."""

    chat: Chat
    most: int
    seconds: float
    temperature: float = 0.0
    seed: int = 0
    key: str = field(default="", repr=False)


class Talk:
    """A chat under way. `first` is the time of the first piece by the monotonic clock, None before it."""

    def __init__(self, say: Callable[[Talk], Answer]) -> None:
        self.first: float | None = None
        self._say = say
        self._outcome: Answer | Exception | None = None
        self._ends: Callable[[], None] | None = None
        self._cut = False
        threading.Thread(target=self._go, daemon=True).start()

    @property
    def over(self) -> bool:
        return self._outcome is not None

    def answer(self) -> Answer:
        """What was answered, once it is over. Raises Refusal, Unavailable."""
        if isinstance(self._outcome, Answer):
            return self._outcome
        assert self._outcome is not None, "the talk is not over"
        raise self._outcome

    def cut(self) -> None:
        """Listen no more; the host sees the connection end."""
        self._cut = True
        if self._ends:
            with suppress(Exception):  # it may have ended by itself meanwhile
                self._ends()

    def ends_by(self, ends: Callable[[], None]) -> None:
        """How it is cut off from now on."""
        self._ends = ends
        if self._cut:
            ends()

    def heard(self, piece: str) -> None:
        if piece and self.first is None:
            self.first = time.monotonic()

    def _go(self) -> None:
        try:
            self._outcome = self._say(self)
        except Exception as error:
            self._outcome = error


def begin(who: Host, asked: Asked) -> Talk:
    """Ask a host; returns at once."""
    if isinstance(who, BedrockAnswers):
        return Talk(lambda talk: _bedrock(who, asked, talk))
    if isinstance(who, ClaudeAnswers):
        return Talk(lambda talk: _claude(who, asked, talk))
    return Talk(lambda talk: _openai(who, asked, talk))


def _claude(who: ClaudeAnswers, asked: Asked, talk: Talk) -> Answer:
    sdk, client = who.client()
    talk.ends_by(client.close)
    with (
        who.asking(sdk),
        client.messages.stream(**who.request(asked.chat, asked.most)) as stream,
    ):
        for piece in stream.text_stream:
            talk.heard(piece)
        return who.answer(stream.get_final_message())


def _bedrock(who: BedrockAnswers, asked: Asked, talk: Talk) -> Answer:
    sdk, client = who.client()
    text, why, used = "", "", None
    with who.asking(sdk), closing(client):
        stream = client.converse_stream(**who.request(asked.chat, asked.most))["stream"]
        talk.ends_by(stream.close)
        for event in stream:
            piece = event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
            talk.heard(piece)
            text += piece
            why = event.get("messageStop", {}).get("stopReason", why)
            used = event.get("metadata", {}).get("usage", used)
        if used is None:
            raise Refusal("cut", f"{who.host} broke off in the middle of its answer.")
        return who.answer(text, used, why)


def _openai(who: OpenAIAnswers, asked: Asked, talk: Talk) -> Answer:
    key = asked.key or who.key()
    body = {**who.request(asked.chat, asked.most), "stream": True, "stream_options": {"include_usage": True}}
    if who.host != OWN_URL:  # some models of OpenAI take no temperature
        body |= {"temperature": asked.temperature, "seed": asked.seed}
    place = urlsplit(who.host)
    connection = _connection(place, asked.seconds, near=who.near)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}
    try:
        connection.connect()
        held = connection.sock
        talk.ends_by(lambda: held.shutdown(socket.SHUT_RDWR))
        connection.request("POST", f"{place.path.rstrip('/')}/chat/completions", json.dumps(body), headers)
        told = connection.getresponse()
        if told.status != 200:
            raise refusal(told.status, WHAT, who.host, who.token, told.read(LINE_MAX).decode(errors="replace"))
        return _streamed(who, told, talk)
    except (OSError, HTTPException) as error:
        raise Refusal("unreachable", f"{who.host} could not be reached, or broke off.", repr(error)) from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise who.odd(f"{type(error).__name__}") from error
    finally:
        connection.close()


def _connection(place: SplitResult, seconds: float, *, near: bool) -> HTTPConnection:
    """To a host, through the proxy that the environment or the system names for it; to this computer without one."""
    host = place.hostname or ""
    named = "" if near or proxy_bypass(host) else getproxies().get(place.scheme, "")
    proxy = urlsplit(named if "://" in named else f"//{named}")
    to, port = (proxy.hostname, proxy.port) if proxy.hostname else (host, place.port)
    if place.scheme == "http":
        connection = HTTPConnection(to, port, timeout=seconds)
    else:
        trusted = None
        with suppress(ImportError):  # Blender brings it; not every system tells Python whom it trusts
            trusted = import_module("certifi").where()
        context = ssl.create_default_context(cafile=trusted)
        connection = HTTPSConnection(to, port, timeout=seconds, context=context)
    if proxy.hostname:
        person = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
        headers = {"Proxy-Authorization": f"Basic {b64encode(person).decode()}"} if proxy.username else {}
        connection.set_tunnel(host, place.port, headers)
    return connection


def _streamed(who: OpenAIAnswers, told: HTTPResponse, talk: Talk) -> Answer:
    """The answer out of server-sent events, or out of one object where the host does not stream."""
    if "event-stream" not in (told.getheader("Content-Type") or ""):
        whole = json.loads(told.read(BODY_MAX))
        talk.heard(whole["choices"][0]["message"]["content"] or "")
        return _answer(
            who, whole, whole["choices"][0]["message"]["content"] or "", whole["choices"][0]["finish_reason"]
        )
    text, why, head = "", None, dict[str, Any]()
    while line := told.readline(LINE_MAX):
        if not line.startswith(b"data:"):
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            break
        event = json.loads(data)
        if "error" in event:
            said = harmless(tokens.redact(str(event["error"].get("message", ""))), 300)
            raise Refusal("host", f"{who.host} gave up in the middle of its answer. {said}")
        head |= {name: event[name] for name in ("model", "usage") if event.get(name)}
        for choice in event["choices"][:1]:
            piece = choice["delta"].get("content") or ""
            talk.heard(piece)
            text, why = text + piece, choice.get("finish_reason") or why
    if why is None:
        raise Refusal("cut", f"{who.host} broke off in the middle of its answer.")
    return _answer(who, head, text, why)


def _answer(who: OpenAIAnswers, told: Mapping[str, Any], text: str, why: str) -> Answer:
    used = told.get("usage") or {}
    there, back = (int(used.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
    return Answer(text, there, back, str(told.get("model") or who.model), why == "stop")


def wait(talks: Sequence[Talk], until: float, tick: Callable[[], object], pause_s: float = 0.02) -> list[Talk]:
    """Those that are over as soon as one is, or by the time `until` (monotonic); what `tick` raises cuts all."""
    try:
        while not (over := [talk for talk in talks if talk.over]) and time.monotonic() < until:
            tick()
            time.sleep(pause_s)
    except BaseException:
        for talk in talks:
            talk.cut()
        raise
    return over
