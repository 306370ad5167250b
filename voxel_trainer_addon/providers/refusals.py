# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says instead of an answer, in words for a person: one place for all providers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import tokens
from ..http import clock, retry_after
from ..words import duration, harmless

OF_ONE = frozenset({400, 413, 422})
"""Statuses that speak of what was asked, not of the host: the next question may fare better."""
PASSING = frozenset({"wait", "unreachable", "host"})
"""Codes of what goes by: the same question may be answered later."""
CLOCK_S = 3600.0
"""A clock that differs by more from the host's is wrong."""


class Refusal(Exception):
    """The host said no, or nothing: a code, and a sentence for a person that says what to do. `after_s` is for how many
    seconds the host wants to be left alone, None where it does not say."""

    def __init__(self, code: str, sentence: str, detail: str = "", after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.detail = code, sentence, tokens.redact(detail)
        self.after_s = after_s


@contextmanager
def asking(package: Any, what: str, url: str, token: str) -> Iterator[None]:
    """Turns what `package` (openai or anthropic) raises into a Refusal. `what` was wanted of `url`, with the secret
    whose name is `token`."""
    try:
        yield
    except package.APIStatusError as error:
        code = str(getattr(error, "code", None) or "")
        raise refusal(error.status_code, what, url, token, str(error), error.response.headers, code) from error
    except package.APIConnectionError as error:
        certificate = "certificate" in str(error.__cause__).lower()
        words = " Its certificate is not taken: is this computer's clock right?" if certificate else ""
        sentence = f"{url} could not be reached ({what}). Nothing is lost: start the same command again.{words}"
        raise Refusal("unreachable", sentence, str(error)) from error
    except package.APIError as error:
        raise odd(what, url, str(error)) from error


def odd(what: str, url: str, detail: str = "") -> Refusal:
    """An answer that cannot be read."""
    sentence = f"{url} answers in a form that is none of its protocol ({what}): is the address right?"
    return Refusal("odd", sentence, detail)


def refusal(
    status: int,
    what: str,
    url: str,
    token: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    code: str = "",
) -> Refusal:
    """What a status of HTTP means; the rest as in `asking`, `detail` is what the host said, `code` its own short word
    for it."""
    headers = headers or {}
    said = harmless(tokens.redact(detail), 300)
    if status == 401:
        words = wrong_clock(headers)
        return Refusal("token", f"{url} does not know the token in {token} ({what}). {words}{said}", detail)
    if status == 403:
        return Refusal("forbidden", f"{url} does not allow this to the token in {token} ({what}). {said}", detail)
    if status == 404:
        return Refusal(
            "missing", f"{url} knows no such thing ({what}): is the address right, does it end in /v1? {said}", detail
        )
    if status == 409:
        sentence = f"{url} says that this does not go with how things stand there ({what}): {said}"
        return Refusal("conflict", sentence, detail)
    if status == 429 and code == "insufficient_quota":
        return Refusal("quota", f"The account's quota at {url} is used up ({what}): fill it up there. {said}", detail)
    if status == 429:
        after = retry_after(headers, clock(headers) or time.time())
        when = "start the same command later" if after is None else f"start the same command in {duration(after)}"
        sentence = f"{url} asks to wait, or the account's quota is used up ({what}): {when}. {said}"
        return Refusal("wait", sentence, detail, after)
    if status >= 500:
        return Refusal(
            "host", f"{url} has a fault of its own (status {status}, {what}): start the same command later.", detail
        )
    code = "refused" if status in OF_ONE else "odd"
    return Refusal(code, f"{url} refused it (status {status}, {what}): {said}", detail)


def wrong_clock(headers: Mapping[str, str]) -> str:
    """A sentence where this computer's clock differs much from that of the host, by its answer's `date`; else ''."""
    ahead = time.time() - (clock(headers) or time.time())
    if abs(ahead) < CLOCK_S:
        return ""
    how = f"{duration(60 * round(abs(ahead) / 60))} {'ahead of' if ahead > 0 else 'behind'}"
    return f"This computer's clock is {how} the host's. "
