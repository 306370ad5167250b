# SPDX-License-Identifier: GPL-3.0-or-later
"""A model at Amazon Bedrock answers like any other: several chats at a time, or one piece by piece."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.providers.aws_server import SECRET, Server, account, serving
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.providers.answering import Answer, BedrockAnswers, Chat, named
from voxel_trainer_addon.providers.refusals import Refusal
from voxel_trainer_addon.providers.streaming import Asked, begin, wait

pytestmark = pytest.mark.plain

DEPLOYED = "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/abcdefabcdef"
SYSTEM = {"role": "system", "content": "Be short."}


@pytest.fixture(scope="module")
def serves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with account(tmp_path_factory.mktemp("account")), serving() as server:
        yield server


@pytest.fixture
def server(serves: Server) -> Server:
    serves.forget()
    return serves


def chats(number: int) -> list[Chat]:
    return [Chat(str(n), [SYSTEM, {"role": "user", "content": f"chat {n}"}]) for n in range(number)]


def asked(server: Server, number: int) -> dict[str, Answer | Refusal]:
    heard: dict[str, Answer | Refusal] = {}
    named(f"bedrock:{DEPLOYED}", server.url).ask(chats(number), 50, heard.__setitem__, lambda: True)
    return heard


def test_every_chat_gets_its_answer(server: Server) -> None:
    assert asked(server, 6) == {str(n): Answer(f"You said: chat {n}", 40, 9, DEPLOYED, True) for n in range(6)}
    assert server.asked[0] == f"POST /model/{DEPLOYED}/converse"
    message = {"role": "user", "content": [{"text": "chat 0"}]}
    sent = {"system": [{"text": "Be short."}], "messages": [message], "inferenceConfig": {"maxTokens": 50}}
    assert sent in server.bodies
    server.stop = "max_tokens"
    (answer,) = asked(server, 1).values()
    assert isinstance(answer, Answer) and not answer.finished


def test_a_question_that_is_refused_stands_alone_and_a_host_that_refuses_all_ends_it(server: Server) -> None:
    server.faults[""] = 400, "ValidationException", f"too long {SECRET}"
    (refusal,) = asked(server, 1).values()
    assert isinstance(refusal, Refusal) and "too long" in refusal.sentence and SECRET not in refusal.sentence
    server.faults[""] = 403, "AccessDeniedException", "no access to the model"
    with pytest.raises(Refusal) as ended:
        asked(server, 9)
    assert ended.value.code == "forbidden" and len(server.asked) < 9


def test_who_answers_says_where_without_asking() -> None:
    far = named(f"bedrock:{DEPLOYED}")
    assert (far.provider, far.host, far.near) == ("bedrock", "https://bedrock.us-west-2.amazonaws.com", False)
    assert named("bedrock:some.model-v1:0", "http://127.0.0.1:9").near
    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError, match="set AWS_REGION"):
        patch.delenv("AWS_REGION", raising=False)
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        named("bedrock:some.model-v1:0")


def test_one_chat_is_heard_as_it_comes(server: Server) -> None:
    def said() -> Answer:
        who = BedrockAnswers("some.model-v1:0", server.url)
        (talk,) = wait([begin(who, Asked(chats(1)[0], 50, 20.0))], time.monotonic() + 60, lambda: None)
        assert talk.first is not None
        return talk.answer()

    assert said() == Answer("You said: chat 0", 40, 9, "some.model-v1:0", True)
    server.half = True
    with pytest.raises(Refusal, match="broke off"):
        said()
