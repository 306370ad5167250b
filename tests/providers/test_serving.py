# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of models, asked by the `openai` package: all that it must answer, refuse and survive."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.prometheus_text import parsed
from voxel_trainer_addon import locks
from voxel_trainer_addon.deployment import server
from voxel_trainer_addon.deployment.server import Places, Running
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers.local import child

pytestmark = pytest.mark.torch

HERE = Path(__file__).parent
ASKED = [{"role": "user", "content": "Make it."}]


class Serving:
    """The provider `local`, with the training environment of the tests."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self.started: list[child.Apart] = []

    def serve(self, request: dict[str, Any], log: Path) -> child.Apart:
        made = child.Apart(self._python, "serving", {"threads": 1, "outlives": True, **request}, log)
        self.started.append(made)
        return made


@pytest.fixture(scope="module")
def tiny(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    subprocess.run([training_python, "-I", HERE / "tiny_model.py", folder, "good"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def named(training_python: Path, tiny: Path, root: Path) -> dict[str, Path]:
    """A base, two adapters over it and a whole model beside it."""
    argv: list[Any] = [training_python, HERE / "adapters_inside.py", root, tiny, tiny.parent]
    subprocess.run(argv, check=True, capture_output=True)
    return {"base": tiny, **{name: tiny.parent / name for name in ("first", "second", "whole")}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataFolder]:
    home = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOXEL_TRAINER_CACHE", str(home))
        yield DataFolder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def running(training_python: Path, folder: DataFolder, named: dict[str, Path]) -> Iterator[Running]:
    provider = Serving(training_python)
    yield server.start(folder, named, provider, numbers="float32", idle_s=300)
    server.stop(folder)


@pytest.fixture
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=running.token, base_url=running.url, max_retries=0, timeout=120) as made:
        yield made


def words(client: openai.OpenAI, model: str, asked: str, **more: Any) -> str:
    messages: Any = [{"role": "user", "content": asked}]
    told = client.chat.completions.create(model=model, messages=messages, **{"max_tokens": 24, **more})
    return told.choices[0].message.content or ""


def test_models_are_listed(client: openai.OpenAI, running: Running) -> None:
    assert {model.id for model in client.models.list()} == {"base", "first", "second", "whole"} == set(running.models)
    assert client.models.retrieve("first").owned_by == "voxel-trainer"


def test_an_answer_comes_whole_and_in_parts_with_its_counts(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "base", "messages": ASKED, "max_tokens": 15}
    whole = client.chat.completions.create(**asked)
    assert whole.choices[0].finish_reason == "length" and whole.usage
    assert (whole.usage.completion_tokens, whole.model) == (15, "base")
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 15 > 30
    events = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    said = [event.choices[0] for event in events if event.choices]
    assert "".join(one.delta.content or "" for one in said) == whole.choices[0].message.content
    assert said[0].delta.role == "assistant" and said[-1].finish_reason == "length" and len(said) > 5
    assert events[-1].usage == whole.usage


def test_many_at_once_are_answered_as_alone(client: openai.OpenAI) -> None:
    asked = [(model, f"Make {n}, " + "very " * n) for n in range(4) for model in ("base", "first", "second", "whole")]
    alone = [words(client, *one) for one in asked[:8]]
    assert len(set(alone[:4])) == 4, "each has a model of its own"
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: words(client, *one), asked))
    assert together[:8] == alone


def test_chance_and_stops(client: openai.OpenAI) -> None:
    first = words(client, "base", "Go.", temperature=1.0, seed=3)
    assert first == words(client, "base", "Go.", temperature=1.0, seed=3) != words(client, "base", "Go.")
    assert first != words(client, "base", "Go.", temperature=1.0, seed=4)
    whole = words(client, "base", "Go.")
    at = len(whole) // 2
    stop = whole[at : at + 2]
    for streamed in (False, True):
        asked: dict[str, Any] = {"model": "base", "messages": [{"role": "user", "content": "Go."}], "stop": [stop]}
        told = client.chat.completions.create(**asked, max_tokens=24, stream=streamed)
        if streamed:
            parts = [event.choices[0] for event in told]
            text, why = "".join(one.delta.content or "" for one in parts), parts[-1].finish_reason
        else:
            text, why = told.choices[0].message.content, told.choices[0].finish_reason
        assert (text, why) == (whole[: whole.index(stop)], "stop")


def raw(running: Running, body: bytes, path: str = "/v1/chat/completions", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(running.url.split("/")[2], timeout=60)
    connection.request("POST", path, body, {"Authorization": f"Bearer {running.token}", **headers})
    answer = connection.getresponse()
    assert answer.will_close == (answer.status >= 400), "who asks is told where the connection ends"
    told = answer.status, json.loads(answer.read())
    connection.close()
    return told


def test_what_cannot_be_answered_says_why(client: openai.OpenAI, running: Running) -> None:
    with (
        pytest.raises(openai.AuthenticationError, match="token"),
        openai.OpenAI(api_key="guessed", base_url=running.url, max_retries=0) as stranger,
    ):
        stranger.models.list()
    with pytest.raises(openai.NotFoundError, match="no model other"):
        words(client, "other", "Go.")
    with pytest.raises(openai.BadRequestError, match=r"The prompt has [\d,]+ tokens, and base reads 2,048"):
        words(client, "base", "long " * 500)
    with pytest.raises(openai.BadRequestError, match="temperature is not from 0 to 2"):
        words(client, "base", "Go.", temperature=3)
    for body in (b"{", b"[]", b"[" * 100_000, b"\xff"):
        assert raw(running, body)[0] == 400
    for odd in ({"messages": "Go."}, {"messages": []}, {"messages": [{"role": "user"}]}, {"max_tokens": "many"}):
        status, told = raw(running, json.dumps({"model": "base", "messages": ASKED, **odd}).encode())
        assert status == 400 and told["error"]["code"] == "invalid_value", odd
    assert raw(running, b"{}", "/v1/completions")[0] == 404
    assert raw(running, b"{}", Authorization="")[0] == 401
    assert words(client, "base", "Go."), "and it goes on"


def state(running: Running) -> Any:
    connection = http.client.HTTPConnection(running.url.split("/")[2], timeout=60)
    connection.request("GET", "/voxel/state", headers={"Authorization": f"Bearer {running.token}"})
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told


def test_who_is_gone_is_answered_no_more(client: openai.OpenAI, running: Running) -> None:
    for seed in range(20):  # chance without circles, until an answer is long
        asked: dict[str, Any] = {"model": "base", "messages": ASKED, "temperature": 1.0, "seed": seed}
        began = time.monotonic()
        whole = client.chat.completions.create(**asked)
        if whole.usage and whole.usage.completion_tokens > 300:
            break
    takes = time.monotonic() - began
    with client.chat.completions.create(**asked, stream=True) as stream:
        next(iter(stream))
        assert state(running) == {"base": {"under_way": 1, "waiting": 0}}
        began = time.monotonic()
    while state(running):
        time.sleep(0.01)
    assert time.monotonic() - began < takes / 2


def test_a_model_that_cannot_be_loaded_is_said_and_the_others_go_on(
    client: openai.OpenAI, running: Running, training_python: Path, folder: DataFolder, named: dict[str, Path]
) -> None:
    before = words(client, "first", "Go.")
    place = named["base"].parent
    odd = {name: place / name for name in ("alien", "cut", "deaf", "gone")}
    server.start(folder, odd, Serving(training_python), over={"alien": named["base"]})
    sentences = {
        "alien": "trained on another model",
        "cut": "could not be loaded",
        "deaf": "has no tokenizer",
        "gone": "is gone",
    }
    for name, sentence in sentences.items():
        with pytest.raises(openai.InternalServerError, match=sentence):
            words(client, name, "Go.")
        assert words(client, "first", "Go.") == before, "also where a broken adapter lay over its base"


def test_all_share_one_server_and_it_is_their_own(
    training_python: Path, folder: DataFolder, running: Running, named: dict[str, Path]
) -> None:
    provider = Serving(training_python)
    again = server.start(folder, {"late": named["first"]}, provider, aliases={"live": "first"})
    assert (again.url, again.token, again.pid) == (running.url, running.token, running.pid) and not provider.started
    assert {"late", "live"} <= set(again.models) and running.token not in repr(running)
    with openai.OpenAI(api_key=running.token, base_url=running.url, max_retries=0) as client:
        assert words(client, "live", "Go.") == words(client, "first", "Go.")
        server.start(folder, {}, provider, aliases={"live": "second"})
        asked: Any = ASKED
        assert client.chat.completions.create(model="live", messages=asked, max_tokens=2).model == "second"
    with pytest.raises(Unavailable, match="another model of the name late"):
        server.start(folder, {"late": named["second"]}, provider)
    places = Places.of(folder)
    assert folder.root not in places.state.parents
    if os.name != "nt":
        assert places.state.stat().st_mode & 0o777 == 0o600 and places.home.stat().st_mode & 0o777 == 0o700
    assert running.token not in places.log.read_text()


def metrics(running: Running, token: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection(running.url.split("/")[2], timeout=60)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token or running.token}"})
    answer = connection.getresponse()
    told = answer.status, answer.read().decode()
    connection.close()
    return told


def test_prometheus_is_told_what_was_done(client: openai.OpenAI, running: Running, folder: DataFolder) -> None:
    assert metrics(running, "guessed")[0] == 401
    assert metrics(running, Places.of(folder).token.read_text())[0] == 200
    before = parsed(metrics(running)[1])
    asked: Any = [{"role": "user", "content": "Keep my secret."}]
    said = client.chat.completions.create(model="whole", messages=asked, max_tokens=9)
    list(client.chat.completions.create(model="whole", messages=asked, max_tokens=9, stream=True))
    for wrong in ({"model": "whole", "messages": [{"role": "user", "content": "long " * 500}]}, {"model": "other"}):
        with pytest.raises(openai.APIStatusError):
            client.chat.completions.create(**{"messages": asked, **wrong})
    text = metrics(running)[1]
    after = parsed(text)
    assert "secret" not in text and "other" not in text, "names of models that are there, and nothing else"

    def more(series: str, **labels: str) -> float:
        wanted = {f'{key}="{value}"' for key, value in {"gen_ai_response_model": "whole", **labels}.items()}
        found = (sum(v for k, v in told.get(series, {}).items() if wanted <= k) for told in (after, before))
        return next(found) - next(found)

    assert said.usage and more("gen_ai_server_request_duration_seconds_count") == 3
    assert more("gen_ai_server_request_duration_seconds_count", error_type="context_length_exceeded") == 1
    assert more("gen_ai_server_time_to_first_token_seconds_count") == 2
    assert more("gen_ai_client_token_usage_sum", gen_ai_token_type="output") == 2 * said.usage.completion_tokens
    assert more("gen_ai_client_token_usage_sum", gen_ai_token_type="input") == 2 * said.usage.prompt_tokens
    assert after["voxel_model_loaded"][frozenset({'model="whole"'})] == 1
    assert after["voxel_requests_waiting"][frozenset({'model="whole"'})] == 0


def ends(places: Places, meanwhile: Callable[[], object] = lambda: None) -> bool:
    end = time.monotonic() + 60
    while locks.probe(places.lock) and time.monotonic() < end:
        meanwhile()
        time.sleep(0.1)
    return not locks.probe(places.lock)


def test_it_ends_when_idle_and_comes_again_after_a_crash(
    training_python: Path, tmp_path: Path, named: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    folder, provider = DataFolder(tmp_path), Serving(training_python)
    places = Places.of(folder)
    assert server.find(folder) is None and not server.stop(folder)
    first = server.start(folder, named, provider, idle_s=0)
    os.kill(first.pid, signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    provider.started[0].kill()
    assert ends(places) and places.state.exists() and server.find(folder) is None
    with ThreadPoolExecutor(3) as pool:  # three Blenders find it out at once
        found = set(pool.map(lambda _: server.start(folder, named, provider, idle_s=0), range(3)))
    (second,) = found
    assert second.pid != first.pid and second.token != first.token and len(provider.started) == 2
    if os.name != "nt":  # a server that hangs is replaced
        os.kill(second.pid, signal.SIGSTOP)
        monkeypatch.setattr(server, "ANSWER_S", 1.0)
        reaper = threading.Thread(target=provider.started[1]._process.wait)
        reaper.start()
        third = server.start(folder, named, provider, idle_s=1.0)
        reaper.join(30)
        assert third.pid != second.pid

        def scrape() -> None:
            with suppress(OSError, http.client.HTTPException):
                metrics(third)

        assert ends(places, scrape), "nobody asked it, so it ended; who looks at its figures does not count"
        provider.started[2]._process.wait(60)
        assert not places.state.exists() and not places.token.exists()
        assert server.find(folder) is None
    server.stop(folder)


def test_models_take_turns_where_memory_holds_only_one(
    training_python: Path,
    tmp_path: Path,
    client: openai.OpenAI,
    named: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = [(name, f"Make {n}.") for n in range(3) for name in ("base", "whole", "second")]
    alone = [words(client, *one) for one in asked]
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    folder, memory = DataFolder(tmp_path), int(1.5 * (named["base"] / "model.safetensors").stat().st_size)
    small = server.start(folder, named, Serving(training_python), numbers="float32", memory=memory)
    try:
        with (
            openai.OpenAI(api_key=small.token, base_url=small.url, max_retries=0) as other,
            ThreadPoolExecutor(len(asked)) as pool,
        ):
            assert list(pool.map(lambda one: words(other, *one), asked)) == alone
    finally:
        assert server.stop(folder)


def test_a_port_that_is_taken_is_said(
    training_python: Path, tmp_path: Path, running: Running, named: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL_TRAINER_CACHE", str(tmp_path / "cache"))
    taken = int(running.url.split(":")[2].split("/")[0])
    with pytest.raises(Unavailable, match=f"Port {taken} is taken"):
        server.start(DataFolder(tmp_path), named, Serving(training_python), port=taken)
