# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to the network: bounded in time, speed and size, under our own name, and shut while Blender is offline.

`requests` is imported when the network is used, not before: some Blenders have none.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from . import __version__
from .words import duration, size

Kind = Literal[
    "offline",
    "dns",
    "connect",
    "tls",
    "timeout",
    "cut",
    "slow",
    "large",
    "redirects",
    "stopped",
    "http",
    "gone",
    "taken-down",
]
UNREACHABLE = ("offline", "dns", "connect", "tls", "stopped")
"""Kinds that say nothing of what was asked for: nobody answers at all."""
GONE: Mapping[int, Kind] = {404: "gone", 410: "gone", 451: "taken-down"}
"""Statuses that are final."""

CONNECT_S, READ_S = 10.0, 30.0
ANSWER_S = 120.0
"""An answer that is read whole must be there after so many seconds."""
SLOWEST, SLOWEST_S = 1_000, 60.0
"""A stream that brings less than so many bytes a second, over so many seconds, is given up."""
PIECE = 1 << 16
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
FOR_GOOD = (301, 308)


OFFLINE = (
    "Blender's online access is off, so nothing was sent. Switch on Allow Online Access in Preferences, System, or "
    "start Blender with --online-mode."
)


STOPPED = "The transfer was stopped."


class NetworkError(Exception):
    """Nothing, or nothing whole, came back. `kind` groups; the message is a sentence for a person."""

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind


@dataclass(frozen=True)
class Answer:
    """An answer read whole. `headers` have lower-case names; `moved` is the new address where it moved for good."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    moved: str = ""
    seconds: float = 0.0


class Stream:
    """An answer whose body is still to come."""

    def __init__(self, answer: Any, moved: str, stop: threading.Event) -> None:
        self._answer, self.moved, self._stop = answer, moved, stop
        self.status: int = answer.status_code
        self.headers = {name.lower(): value for name, value in answer.headers.items()}

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes over the wire, nothing unpacked. Raises NetworkError where it breaks off or drips."""
        since, count = time.monotonic(), 0
        while piece := self._piece():
            yield piece
            if self._stop.is_set():
                raise NetworkError("stopped", STOPPED)
            count += len(piece)
            if (spent := time.monotonic() - since) > SLOWEST_S:
                if count < SLOWEST * spent:
                    raise NetworkError("slow", f"Only {size(count)} came in {duration(spent)}.")
                since, count = time.monotonic(), 0

    def _piece(self) -> bytes:
        """What is there now, without waiting for more. urllib3 offers that from 2.3 on, http.client below it always."""
        raw = self._answer.raw
        with _told():
            return bytes(raw.read1(PIECE, decode_content=False) if hasattr(raw, "read1") else raw._fp.read1(PIECE))

    def whole(self, most: int) -> bytes:
        """The body, unpacked where it is gzip; at most `most` bytes. Raises NetworkError."""
        kept, came, until = bytearray(), 0, time.monotonic() + ANSWER_S
        unpacker = zlib.decompressobj(47) if self.headers.get("content-encoding") == "gzip" else None
        for piece in self.pieces():
            came += len(piece)
            try:
                kept += unpacker.decompress(piece, most + 1 - len(kept)) if unpacker else piece
            except zlib.error as error:
                raise NetworkError("cut", "The answer is damaged: it cannot be unpacked.") from error
            if len(kept) > most:
                raise NetworkError("large", f"The answer is larger than {size(most)}.")
            if time.monotonic() > until:
                raise NetworkError("slow", f"The answer was not there after {duration(ANSWER_S)}.")
        length = self.headers.get("content-length", "")
        if length.isdigit() and came < int(length):
            raise NetworkError("cut", "The answer broke off before its end.")
        return bytes(kept)


def clock(headers: Mapping[str, str]) -> float | None:
    """Seconds since 1970 by the server's clock, None where it does not tell."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds of a `retry-after`, which may also name a date (RFC 9110, 10.2.3); `now` is the server's time."""
    text = headers.get("retry-after")
    seconds = number(text)
    if seconds is None and text:
        until = clock({"date": text})
        return None if until is None else until - now
    return seconds


def number(text: str | None) -> float | None:
    """A number of 0 or more, None where there is none."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


class Client:
    """A person's way out: one session a thread, so that connections are used again.

    `online` is Blender's own word; while it is False every request raises NetworkError of kind `offline` and nothing
    is sent. `contact` says in the User-Agent whom to write to.
    """

    def __init__(self, online: bool, contact: str = "") -> None:
        self.online, self.stop = online, threading.Event()
        about = f"; contact: {contact}" if contact else ""
        self.agent = f"voxel-trainer/{__version__} (Blender extension{about})"
        self._own = threading.local()
        self._sessions: list[Any] = []

    def close(self) -> None:
        """End what is under way, and let connections go."""
        self.stop.set()
        for session in self._sessions:
            session.close()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, body: bytes | None = None, most: int = 64 << 20
    ) -> Answer:
        """One request and its whole answer, of at most `most` bytes. Raises NetworkError."""
        began = time.monotonic()
        with self.stream(method, url, headers, body=body) as stream:
            return Answer(stream.status, stream.headers, stream.whole(most), stream.moved, time.monotonic() - began)

    @contextlib.contextmanager
    def stream(
        self, method: str, url: str, headers: Mapping[str, str], *, body: bytes | None = None
    ) -> Iterator[Stream]:
        """One request and its answer, redirects followed; no token goes to another host. Raises NetworkError."""
        if not self.online:
            raise NetworkError("offline", OFFLINE)
        sent = {"User-Agent": self.agent, "Accept-Encoding": "gzip", **headers}
        moved, session = "", self._session()
        for _ in range(REDIRECTS + 1):
            if self.stop.is_set():
                raise NetworkError("stopped", STOPPED)
            with _told():
                answer = session.request(
                    method,
                    url,
                    headers=sent,
                    data=body,
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_S, READ_S),
                    auth=_as_it_is,
                )
            try:
                target = answer.headers.get("location")
                if answer.status_code not in MOVED or not target:
                    yield Stream(answer, moved, self.stop)
                    return
                target = urljoin(url, target)
                if urlsplit(target).scheme not in ("https", urlsplit(url).scheme):
                    raise NetworkError("redirects", "The answer leads from a safe address to an unsafe one.")
                if urlsplit(target).netloc != urlsplit(url).netloc:
                    sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
                moved = target if answer.status_code in FOR_GOOD else moved
                if answer.status_code == 303:
                    method, body = "GET", None
                url = target
            finally:
                answer.close()
        raise NetworkError("redirects", f"The answer leads on and on: more than {REDIRECTS} redirects.")

    def _session(self) -> Any:
        if not hasattr(self._own, "session"):
            try:
                import requests
            except ImportError:
                raise NetworkError(
                    "offline", "This Blender has no `requests`. Start the command with a Python that has it."
                ) from None
            self._own.session = requests.Session()
            self._sessions.append(self._own.session)
        return self._own.session


def _as_it_is(request: Any) -> Any:
    """Stands in for ~/.netrc, whose passwords `requests` would send by itself."""
    return request


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What goes wrong below, as NetworkError with its kind."""
    import requests
    import urllib3

    try:
        yield
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        kind = _kind(error, requests, urllib3)
        raise NetworkError(kind, SENTENCES[kind]) from error


def _kind(error: BaseException, requests: Any, urllib3: Any) -> Kind:
    causes = [error]
    while (found := causes[-1]) and len(causes) < 8:
        inner = getattr(found, "reason", None)
        following = (
            inner
            if isinstance(inner, BaseException)
            else next((a for a in found.args if isinstance(a, BaseException)), None)
        )
        if following is None:
            break
        causes.append(following)
    words = " ".join(f"{type(cause).__name__} {cause}" for cause in causes)
    if "NameResolution" in words or "getaddrinfo" in words or "gaierror" in words or "Name or service" in words:
        return "dns"
    if isinstance(error, requests.exceptions.SSLError) or "SSLError" in words:
        return "tls"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in words:
        return "timeout"
    if isinstance(error, requests.exceptions.ConnectionError) and "NewConnection" in words:
        return "connect"
    return "cut"


SENTENCES: Mapping[Kind, str] = {
    "dns": "The host's name could not be found. Is the network there?",
    "connect": "The host took no connection.",
    "tls": "The host could not prove who it is (TLS).",
    "timeout": "The host did not answer in time.",
    "cut": "The connection broke off.",
}
