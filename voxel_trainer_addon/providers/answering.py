# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers chats: a host that speaks OpenAI's protocol, Claude, or a model on this computer."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from .. import tokens
from ..errors import Unavailable, UserError
from ..http import OFFLINE
from .local import Asker, Local
from .openai_api import OWN_URL
from .openai_api import TOKEN as OPENAI_TOKEN
from .refusals import Refusal, asking

CLAUDE_URL = "https://api.anthropic.com"
CLAUDE_TOKEN = "ANTHROPIC_API_KEY"
PROVIDERS = ("openai", "claude", "local")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 120.0
AT_ONCE = 4
"""So many questions are under way at a host."""
TICK_S = 0.1


@dataclass(frozen=True)
class Chat:
    """Messages that end with the user's, each with `role` and `content`; the first may be the system's. The first
    `kept` of them, up to an example's answer, will be sent again before long: a host that can keep them ready is told
    so."""

    id: str
    messages: Sequence[Mapping[str, str]]
    kept: int = 0


@dataclass(frozen=True)
class Answer:
    """`model` is the name that the host gave itself, for a local model the hash of its files; tokens are 0 where the
    host does not count them; `finished`: not cut off at the limit."""

    text: str
    prompt_tokens: int
    answer_tokens: int
    model: str
    finished: bool


def near(address: str) -> bool:
    """Whether what is told to that address, '' for this computer, stays here."""
    return not address or urlsplit(address).hostname in LOOPBACK


def let_out(address: str, online: bool) -> None:
    """Raises Unavailable where Blender lets nothing out and the address is not on this computer."""
    if not online and not near(address):
        raise Unavailable(OFFLINE)


Take = Callable[[str, Answer | Refusal], None]


class Answerer(Protocol):
    """Who answers. `model` is what it was asked for by, `host` an address, empty for this computer; `licence` is that
    of a local model's folder; `near`: what it is told stays on this computer."""

    provider: str
    model: str
    host: str
    licence: str

    @property
    def near(self) -> bool: ...

    def ask(self, chats: Iterable[Chat], most: int, take: Take, tick: Callable[[], bool]) -> None:
        """Ask all, with at most `most` tokens an answer. `take` hears each answer as it comes, in any order, or why
        there is none to that one chat. `tick` is asked ten times a second: False takes up nothing new, and what it
        raises ends the asking, after the answers under way were taken. Raises Refusal where the host answers nobody,
        Unavailable where something is missing here."""


def named(who: str, url: str = "") -> Answerer:
    """Who answers by `PROVIDER:MODEL`, at another address than the provider's own where `url` is given; nothing is
    loaded or asked. Raises UserError."""
    provider, _, model = who.partition(":")
    if provider not in PROVIDERS or not model:
        raise UserError(f"{who} is no PROVIDER:MODEL; the providers are {', '.join(PROVIDERS)}.")
    if provider == "local":
        if url:
            raise UserError("A local model has no address; openai:MODEL with an address asks a server of your own.")
        return LocalAnswers(model)
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
        raise UserError("The model's address must begin with http:// or https:// and hold no password.")
    return OpenAIAnswers(model, url) if provider == "openai" else ClaudeAnswers(model, url)


def asks(provider: str, model: str, url: str) -> tuple[str, str]:
    """How a model is asked that a host tuned: by PROVIDER:MODEL, and the address, '' where it is the provider's own.
    Hosts whose tuning has a form of its own answer by OpenAI's protocol."""
    who = f"{provider if provider in PROVIDERS else 'openai'}:{model}"
    return who, "" if named(who).host == url else url


class _Hosted(ABC):
    """A host, asked several questions at a time. Its package is loaded when it is first asked."""

    provider = package = token = own_url = ""
    licence = ""

    def __init__(self, model: str, url: str = "") -> None:
        self.model, self.host = model, url or self.own_url

    @property
    def near(self) -> bool:
        return near(self.host)

    def ask(self, chats: Iterable[Chat], most: int, take: Take, tick: Callable[[], bool]) -> None:
        """See Answerer."""
        sdk, client = self.client()
        left, running = iter(chats), dict[Future[Answer], str]()

        def one(chat: Chat) -> Answer:
            with asking(sdk, "ask for an answer", self.host, self.token):
                return self._one(client, chat, most)

        def taken(done: Iterable[Future[Answer]]) -> None:
            for future in done:
                id, why = running.pop(future), future.exception()
                if isinstance(why, Refusal) and why.code == "refused":
                    take(id, why)
                elif why is not None:
                    raise why
                else:
                    take(id, future.result())

        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                going, more = tick(), True
                while running or more:
                    while going and more and len(running) < AT_ONCE:
                        if chat := next(left, None):
                            running[pool.submit(one, chat)] = chat.id
                        else:
                            more = False
                    if running:
                        taken(wait(running, TICK_S, FIRST_COMPLETED).done)
                    elif more:
                        time.sleep(TICK_S)
                    going = tick()
            finally:
                wait(running)
                taken(future for future in list(running) if not future.exception())
                client.close()

    def client(self) -> tuple[Any, Any]:
        """The package and its client. Raises Unavailable."""
        try:
            sdk = import_module(self.package)
        except ImportError as error:
            raise Unavailable(
                f"{self.provider}:{self.model} needs the {self.package} package: python -m pip install {self.package}"
            ) from error
        return sdk, self._made(sdk, self.key())

    def key(self) -> str:
        """The token; servers of one's own want none. Raises Unavailable."""
        key = tokens.find().get(self.token)
        if not key and self.host == self.own_url:
            raise Unavailable(f"{self.host} needs a token: set {self.token} in the environment or in a .env file.")
        return key or "none"

    @abstractmethod
    def _made(self, sdk: Any, key: str) -> Any:
        """The package's client."""

    @abstractmethod
    def _one(self, client: Any, chat: Chat, most: int) -> Answer:
        """What the host answers to one chat."""

    def odd(self, what: str) -> Refusal:
        return Refusal("host", f"{self.host} answers in a form that is none of its protocol: {what}.")


class OpenAIAnswers(_Hosted):
    """Chat completions of OpenAI, or of any host that speaks its protocol."""

    provider, package, token, own_url = "openai", "openai", OPENAI_TOKEN, OWN_URL

    def _made(self, sdk: Any, key: str) -> Any:
        return sdk.OpenAI(api_key=key, base_url=self.host, timeout=TIMEOUT_S)

    def _one(self, client: Any, chat: Chat, most: int) -> Answer:
        told = client.chat.completions.create(**self.request(chat, most))
        choices = getattr(told, "choices", None)
        if not choices:
            raise self.odd("there is no choice in it")
        used = told.usage
        return Answer(
            choices[0].message.content or "",
            used.prompt_tokens if used else 0,
            used.completion_tokens if used else 0,
            str(told.model or self.model),
            choices[0].finish_reason == "stop",
        )

    def request(self, chat: Chat, most: int) -> dict[str, Any]:
        """What the protocol calls the same."""
        limit = "max_completion_tokens" if self.host == OWN_URL else "max_tokens"
        return {"model": self.model, "messages": list(chat.messages), limit: most}


class ClaudeAnswers(_Hosted):
    """Messages of Anthropic's API, or of a host that speaks it."""

    provider, package, token, own_url = "claude", "anthropic", CLAUDE_TOKEN, CLAUDE_URL

    def _made(self, sdk: Any, key: str) -> Any:
        return sdk.Anthropic(api_key=key, base_url=self.host, timeout=TIMEOUT_S)

    def _one(self, client: Any, chat: Chat, most: int) -> Answer:
        return self.answer(client.messages.create(**self.request(chat, most)))

    def request(self, chat: Chat, most: int) -> dict[str, Any]:
        """What the package calls the same. What is kept ready ends with the message that is marked
        (https://platform.claude.com/docs/en/build-with-claude/prompt-caching)."""
        messages: list[dict[str, Any]] = [dict(message) for message in chat.messages]
        if chat.kept:
            last = messages[chat.kept - 1]
            last["content"] = [{"type": "text", "text": last["content"], "cache_control": {"type": "ephemeral"}}]
        system = " ".join(message["content"] for message in messages if message["role"] == "system")
        others = [message for message in messages if message["role"] != "system"]
        more = {"system": system} if system else {}
        return {"model": self.model, "max_tokens": most, "messages": others, **more}

    def count(self, chat: Chat) -> int:
        """How many tokens the chat has, as the host counts them. Raises Refusal, Unavailable."""
        sdk, client = self.client()
        asked = {name: value for name, value in self.request(chat, 1).items() if name != "max_tokens"}
        with closing(client), asking(sdk, "count tokens", self.host, self.token):
            return int(client.messages.count_tokens(**asked).input_tokens)

    def answer(self, told: Any) -> Answer:
        """The answer in what the package gave. Raises Refusal."""
        blocks = getattr(told, "content", None)
        if blocks is None:
            raise self.odd("there is no content in it")
        used = told.usage
        return Answer(
            "".join(block.text for block in blocks if block.type == "text"),
            used.input_tokens + (used.cache_creation_input_tokens or 0) + (used.cache_read_input_tokens or 0),
            used.output_tokens,
            str(told.model or self.model),
            told.stop_reason == "end_turn",
        )


class LocalAnswers:
    """A model in the training environment of this computer, greedy."""

    provider, host, near = "local", "", True

    def __init__(self, model: str) -> None:
        self._wanted, self._local = model, Local()
        known = self._local.known(model)
        self.model, self.hash, self.licence = known.name, known.hash, known.licence
        self.work: Asker | None = None

    def ask(self, chats: Iterable[Chat], most: int, take: Take, tick: Callable[[], bool]) -> None:
        """See Answerer. `work` must be set before: it hears what is fetched and made."""
        assert self.work is not None
        self._local.environment(self.work)
        base = self._local.base(self._wanted, self.work)
        rows = [{"id": chat.id, "messages": list(chat.messages), "completion": "."} for chat in chats]

        def on_line(line: dict[str, Any]) -> None:
            if line["kind"] == "answer":
                tokens_ = line["prompt_tokens"], line["tokens"]
                take(line["id"], Answer(line["text"], *tokens_, base.hash, line["finished"]))

        request = {"models": {"author": str(base.folder)}, "rows": rows, "max_new_tokens": most, "seconds": 0.0}
        ended = self._local.answer(request, on_line, tick)
        if not ended.ok:
            raise Refusal(ended.code, ended.sentence, ended.detail)
