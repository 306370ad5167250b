# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers chats, against a real server on loopback: all are asked, what is paid is kept, refusals have words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.providers.answer_server import MODEL, TOKEN, Server, answering
from voxel_trainer_addon.errors import Cancelled, Unavailable, UserError
from voxel_trainer_addon.providers.answering import Answer, Answerer, Chat, ClaudeAnswers, OpenAIAnswers, named
from voxel_trainer_addon.providers.refusals import Refusal

pytestmark = pytest.mark.plain

WHO = {"openai": "openai", "claude": "anthropic"}


@pytest.fixture
def server() -> Iterator[Server]:
    with answering(lambda text: f"You said: {text}") as server:
        yield server


@pytest.fixture(params=WHO)
def who(request: pytest.FixtureRequest, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answerer:
    pytest.importorskip(WHO[request.param])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return named(f"{request.param}:some-model", server.url if request.param == "openai" else server.address)


def chats(number: int) -> list[Chat]:
    system = {"role": "system", "content": "Be short."}
    return [Chat(str(n), [system, {"role": "user", "content": f"chat {n}"}]) for n in range(number)]


def asked(who: Answerer, number: int, tick: Callable[[], bool] = lambda: True) -> dict[str, Answer | Refusal]:
    heard: dict[str, Answer | Refusal] = {}
    who.ask(chats(number), 50, heard.__setitem__, tick)
    return heard


def test_every_chat_gets_its_answer_without_a_token(who: Answerer, server: Server) -> None:
    heard = asked(who, 11)
    assert heard == {str(n): Answer(f"You said: chat {n}", 40, 9, MODEL, True) for n in range(11)}
    assert who.near and {body["model"] for body in server.asked} == {"some-model"}
    sent = server.asked[0]
    assert sent["max_tokens"] == 50
    assert "Be short." in (sent.get("system"), sent["messages"][0]["content"])


def test_an_answer_that_was_cut_off_says_so(who: Answerer, server: Server) -> None:
    server.finish = "length"
    (answer,) = asked(who, 1).values()
    assert isinstance(answer, Answer) and not answer.finished


@pytest.mark.parametrize(("status", "code"), [(401, "token"), (404, "missing"), (429, "wait"), (503, "host")])
def test_a_host_that_answers_nobody_ends_the_asking_after_what_came(
    who: Answerer, server: Server, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    server.most, server.fault = 5, status
    heard: dict[str, Answer | Refusal] = {}
    with pytest.raises(Refusal) as refusal:
        who.ask(chats(40), 50, heard.__setitem__, lambda: True)
    assert refusal.value.code == code and TOKEN not in refusal.value.sentence
    assert len(heard) == 5 and len(server.asked) < 15


def test_a_question_that_is_refused_stands_alone(who: Answerer, server: Server) -> None:
    server.most, server.fault = 2, 400
    heard = asked(who, 4)
    assert sum(isinstance(answer, Refusal) for answer in heard.values()) == 2 and len(heard) == 4


def test_what_is_no_answer_is_a_refusal(who: Answerer, server: Server) -> None:
    server.raw = b'{"hello": 1}'
    with pytest.raises(Refusal, match="none of its protocol"):
        asked(who, 1)


def test_who_is_stopped_keeps_what_was_under_way(who: Answerer, server: Server) -> None:
    heard: dict[str, Answer | Refusal] = {}

    def tick() -> bool:
        if len(heard) >= 3:
            raise Cancelled
        return True

    with pytest.raises(Cancelled):
        who.ask(chats(100), 50, heard.__setitem__, tick)
    assert 3 <= len(heard) == len(server.asked) < 100


def test_a_host_that_cannot_be_reached_is_named(who: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    away = named(f"{who.provider}:m", "http://127.0.0.1:9/v1")
    monkeypatch.setattr("openai.DEFAULT_MAX_RETRIES", 0)
    with pytest.raises(Refusal, match="could not be reached"):
        asked(away, 1)


@pytest.mark.parametrize(("who", "token"), [("openai", "OPENAI_API_KEY"), ("claude", "ANTHROPIC_API_KEY")])
def test_the_providers_own_hosts_want_a_token(
    who: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(WHO[who])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    monkeypatch.delenv(token, raising=False)
    own = named(f"{who}:m")
    assert not own.near
    with pytest.raises(Unavailable, match=f"set {token}"):
        asked(own, 1)


@pytest.mark.parametrize("who", ["", "openai", "openai:", "else:m"])
def test_who_is_nobody_is_said(who: str) -> None:
    with pytest.raises(UserError, match="PROVIDER:MODEL"):
        named(who)


@pytest.mark.parametrize("url", ["host/v1", "ftp://host", "https://me:secret@host/v1"])
def test_an_address_with_a_password_or_another_protocol_is_none(url: str) -> None:
    with pytest.raises(UserError, match="no password") as error:
        named("openai:m", url)
    assert "secret" not in str(error.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "anthropic", None)
    with pytest.raises(Unavailable, match="pip install anthropic"):
        asked(named("claude:m"), 1)


def test_what_comes_again_is_marked_for_a_host_that_keeps_it_ready(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = pytest.importorskip("anthropic").types
    from pydantic import TypeAdapter

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user")]
    chat = Chat("1", messages, kept=3)
    claude = ClaudeAnswers("some-model", server.address)
    claude.ask([chat], 50, lambda _, answer: None, lambda: True)
    (sent,) = server.asked
    marked = {"type": "text", "text": "assistant", "cache_control": {"type": "ephemeral"}}
    assert sent["system"] == "system" and [message["content"] for message in sent["messages"]] == [
        "user",
        [marked],
        "user",
    ]
    for message in sent["messages"]:
        TypeAdapter(types.MessageParam).validate_python(message)
    assert claude.count(chat) > 0 and server.asked[-1]["messages"] == sent["messages"]
    assert OpenAIAnswers("some-model", server.url).request(chat, 50)["messages"] == messages
