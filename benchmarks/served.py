# SPDX-License-Identifier: GPL-3.0-or-later
"""A tuned model as `serve --model … --json` gives it to anybody, for benchmarks that talk with it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection
from urllib.parse import urlsplit

ANSWER_S, END_S = 600.0, 60.0

Say = Callable[[Sequence[Mapping[str, str]], int], str]
"""A chat and how many tokens the answer may have → the likeliest answer."""


@contextlib.contextmanager
def serving(command: Sequence[str]) -> Iterator[Say]:
    """What the model says that `command` serves, in a process of its own that ends with the block."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        try:
            told = next(json.loads(line) for line in child.stdout if line.startswith('{"url"'))
            place = urlsplit(told["url"])
            head = {"Authorization": f"Bearer {told['token']}", "Content-Type": "application/json"}

            def say(messages: Sequence[Mapping[str, str]], most: int) -> str:
                connection = HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_S)
                asked = {"model": told["models"][0], "messages": messages, "max_tokens": most, "temperature": 0}
                connection.request("POST", f"{place.path}/chat/completions", json.dumps({**asked, "seed": 0}), head)
                answer = json.loads(connection.getresponse().read())
                connection.close()
                return str(answer["choices"][0]["message"]["content"])

            yield say
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(END_S)
