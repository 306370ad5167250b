# SPDX-License-Identifier: GPL-3.0-or-later
"""One file from one address: streamed to a part, gone on with after a break, proven by its hash, renamed when whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..files import CHUNK
from ..http import GONE, Client, NetworkError, Stream
from ..words import size

TAG = ".etag"
"""How the name of a file ends that holds the ETag of a part."""


@dataclass(frozen=True)
class Want:
    """A file to fetch. `bytes` is -1, `oid` (git's SHA-1) and `sha256` are '' where nobody knows them before."""

    address: str
    bytes: int
    most: int
    oid: str = ""
    sha256: str = ""
    etag: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name of its part: by content where that is known, so that any address can go on with it."""
        return self.oid or self.sha256 or hashlib.sha256(self.address.encode()).hexdigest()


@dataclass(frozen=True)
class Got:
    """A whole file in a part. `received` counts the bytes of this time alone."""

    part: Path
    sha256: str
    oid: str
    bytes: int
    received: int
    etag: str
    headers: Mapping[str, str]


class NotFetched(Exception):
    """A file that did not come. `kind` groups; `again` says that another try may help; `at` is how far it has come, in
    bytes; the message is a sentence."""

    def __init__(self, kind: str, sentence: str, *, again: bool, received: int = 0) -> None:
        super().__init__(sentence)
        self.kind, self.again, self.received, self.at = kind, again, received, 0
        self.status, self.headers = 0, dict[str, str]()


class Unchanged(Exception):
    """The address still has what its ETag names."""


class Pace:
    """At most so many bytes a second over all threads; 0: as fast as it comes."""

    def __init__(self, bytes_s: float) -> None:
        self._bytes_s, self._lock, self._free = bytes_s, threading.Lock(), 0.0

    def spend(self, count: int) -> None:
        if not self._bytes_s:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + count / self._bytes_s
            wait = self._free - time.monotonic()
        time.sleep(max(0.0, wait))


def fetch(client: Client, want: Want, parts: Path, pace: Pace) -> Got:
    """Fetch a file into `parts`. Raises NotFetched, Unchanged, OSError (no space).

    A part from before is gone on with by Range and If-Range; git's SHA-1 is checked against the listing and SHA-256 is
    taken while it streams.
    """
    parts.mkdir(parents=True, exist_ok=True)
    before = _Part(parts / want.key, want)
    known = {"If-None-Match": want.etag} if want.etag and not before.at else {}
    headers = {"Accept-Encoding": "identity", **want.headers, **known, **before.headers()}
    try:
        if not before.is_whole(want):
            with client.stream("GET", want.address, headers) as stream:
                _check(stream, want, before)
                before.take(stream, want, pace)
        return before.finished(want)
    except NetworkError as error:
        failed = NotFetched(error.kind, str(error), again=error.kind != "offline", received=before.received)
        before.failed(failed)
        raise failed from error
    except (NotFetched, Unchanged) as error:
        before.failed(error)
        raise
    finally:
        before.close()


class _Part:
    """What is there of a file, with both hashes of it."""

    def __init__(self, path: Path, want: Want) -> None:
        self.path, self.tag = path, path.with_name(path.name + TAG)
        self._bytes, self.received, self.etag = want.bytes, 0, ""
        self.headers_seen: Mapping[str, str] = {}
        with contextlib.suppress(OSError):
            self.etag = self.tag.read_text(encoding="utf-8")
        self._out = open(path, "ab")  # noqa: SIM115 - closed by close()
        self.at = self._out.tell()
        proven = want.oid or want.sha256  # what comes is proven in the end, whatever it is asked for by
        if (not self.etag and not proven) or 0 <= want.bytes < self.at:
            self.begin_anew()
        self._hash()
        if self.at == want.bytes and not self.is_whole(want):
            self.begin_anew()

    def _hash(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(b"blob %d\0" % self._bytes, usedforsecurity=False) if self._bytes >= 0 else None
        for piece in _pieces(self.path) if self.at else ():
            self._update(piece)

    def _update(self, piece: bytes) -> None:
        self._sha256.update(piece)
        if self._sha1:
            self._sha1.update(piece)

    def is_whole(self, want: Want) -> bool:
        """Whether it is all here from before: a run may end between the last byte and its name."""
        if self.at != want.bytes or not (want.oid or want.sha256):
            return False
        return (want.oid or want.sha256) in (self._sha256.hexdigest(), self._sha1 and self._sha1.hexdigest())

    def headers(self) -> dict[str, str]:
        if not self.at:
            return {}
        strong = {} if self.etag.startswith("W/") or not self.etag else {"If-Range": self.etag}
        return {"Range": f"bytes={self.at}-", **strong}

    def begin_anew(self) -> None:
        self._out.truncate(0)
        self._out.seek(0)
        self.at = 0
        self._hash()

    def take(self, stream: Stream, want: Want, pace: Pace) -> None:
        self.headers_seen = stream.headers
        self.etag = stream.headers.get("etag", "")
        if self.etag:
            self.tag.write_text(self.etag, encoding="utf-8")
        most = want.bytes if want.bytes >= 0 else want.most
        for piece in stream.pieces():
            self._out.write(piece)
            self._update(piece)
            self.at += len(piece)
            self.received += len(piece)
            if self.at > most:
                self.drop()
                words = f"It is larger than {size(most)}."
                raise NotFetched("length", words, again=want.bytes >= 0, received=self.received)
            pace.spend(len(piece))
        self._out.flush()
        told = stream.headers.get("content-length", "")
        whole = want.bytes if want.bytes >= 0 else int(told) + self.at - self.received if told.isdigit() else self.at
        if self.at < whole:
            raise NotFetched("cut", "The connection broke off.", again=True, received=self.received)
        os.fsync(self._out.fileno())

    def failed(self, error: Exception) -> None:
        """Tell how far it has come; what has not begun leaves nothing behind."""
        if isinstance(error, NotFetched):
            error.at = self.at
        if not self.at:
            self.drop()

    def drop(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def close(self) -> None:
        self._out.close()

    def finished(self, want: Want) -> Got:
        sha256 = self._sha256.hexdigest()
        oid = self._sha1.hexdigest() if self._sha1 else oid_of(self.path)
        if (want.oid and oid != want.oid) or (want.sha256 and sha256 != want.sha256):
            page = self.headers_seen.get("content-type", "").startswith("text/html")
            self.drop()
            words = "A web page came in its place." if page else "Its content is not what the listing names."
            raise NotFetched("html" if page else "hash", words, again=True, received=self.received)
        self.tag.unlink(missing_ok=True)
        return Got(self.path, sha256, oid, self.at, self.received, self.etag, self.headers_seen)


def _check(stream: Stream, want: Want, part: _Part) -> None:
    """Whether the answer is what was asked for. Raises NotFetched, Unchanged."""
    if stream.status == 304:
        raise Unchanged
    if stream.status == 206 and part.at:
        start = stream.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
        if start == str(part.at):
            return
        raise _refused(stream, "range", "The server sent another part than was asked for.", again=True)
    if stream.status == 416 and part.at:
        part.begin_anew()
        raise _refused(stream, "range", "The file has changed since the last try.", again=True)
    if stream.status in GONE:
        raise _refused(stream, GONE[stream.status], f"The server answers {stream.status}.", again=False)
    if stream.status != 200:
        passing = stream.status in (403, 408, 429) or stream.status >= 500
        raise _refused(stream, f"http-{stream.status}", f"The server answers {stream.status}.", again=passing)
    if part.at:
        part.begin_anew()
    if "noai" in stream.headers.get("x-robots-tag", "").lower():
        raise _refused(stream, "robots", "Its host does not want it to be used for AI (X-Robots-Tag).", again=False)
    told = stream.headers.get("content-length", "")
    if want.bytes >= 0 and told.isdigit() and int(told) != want.bytes:
        page = stream.headers.get("content-type", "").startswith("text/html")
        words = f"{size(int(told))} were offered in place of {size(want.bytes)}."
        raise _refused(stream, "html" if page else "length", words, again=True)
    if told.isdigit() and int(told) > want.most:
        raise _refused(stream, "size", f"It has {size(int(told))}, more than is taken.", again=False)


def _refused(stream: Stream, kind: str, sentence: str, *, again: bool) -> NotFetched:
    error = NotFetched(kind, sentence, again=again)
    error.status, error.headers = stream.status, dict(stream.headers)
    return error


def oid_of(path: Path) -> str:
    """Git's SHA-1 of a file's content."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    for piece in _pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as data:
        while piece := data.read(CHUNK):
            yield piece
