# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says instead of an answer, in words for a person: one place for all providers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import tokens
from ..words import harmless

OF_ONE = frozenset({400, 413, 422})
"""Statuses that speak of what was asked, not of the host: the next question may fare better."""


class Refusal(Exception):
    """The host said no, or nothing: a code, and a sentence for a person that says what to do."""

    def __init__(self, code: str, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.detail = code, sentence, tokens.redact(detail)


@contextmanager
def asking(package: Any, what: str, url: str, token: str) -> Iterator[None]:
    """Turns what `package` (openai or anthropic) raises into a Refusal. `what` was wanted of `url`, with the secret
    whose name is `token`."""
    try:
        yield
    except package.APIStatusError as error:
        raise refusal(error.status_code, what, url, token, str(error)) from error
    except package.APIConnectionError as error:
        sentence = f"{url} could not be reached ({what}). Nothing is lost: start the same command again."
        raise Refusal("unreachable", sentence, str(error)) from error
    except package.APIError as error:
        sentence = f"{url} answers in a form that is none of its protocol ({what}): is the address right?"
        raise Refusal("host", sentence, str(error)) from error


def refusal(status: int, what: str, url: str, token: str, detail: str) -> Refusal:
    """What a status of HTTP means; the rest as in `asking`, `detail` is what the host said."""
    said = harmless(tokens.redact(detail), 300)
    if status == 401:
        return Refusal("token", f"{url} does not know the token in {token} ({what}). {said}", detail)
    if status == 403 and what == "create the job":
        sentence = (
            f"{url} has closed tuning to your organisation. Train with --provider local, or name another host with "
            f"--base-url. It said: {said}"
        )
        return Refusal("closed", sentence, detail)
    if status == 403:
        return Refusal("forbidden", f"{url} does not allow this to the token in {token} ({what}). {said}", detail)
    if status == 404:
        return Refusal(
            "missing", f"{url} knows no such thing ({what}): is the address right, does it end in /v1? {said}", detail
        )
    if status == 429:
        sentence = (
            f"{url} asks to wait, or the account's quota is used up ({what}): start the same command later. {said}"
        )
        return Refusal("wait", sentence, detail)
    if status >= 500:
        return Refusal(
            "host", f"{url} has a fault of its own (status {status}, {what}): start the same command later.", detail
        )
    code = "refused" if status in OF_ONE else "host"
    return Refusal(code, f"{url} refused it (status {status}, {what}): {said}", detail)
