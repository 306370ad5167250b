# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw files as GitHub's second host serves them: no API, no budget, Range with If-Range, texts packed on request."""

from __future__ import annotations

import gzip
import re
from urllib.parse import quote, unquote

from tests.peers.git_objects import SUBMODULE, Content
from tests.peers.http_parts import Answer, Request
from tests.peers.universe import Universe

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
TEXTS = (".py", ".md", ".txt", ".toml", ".gitattributes", "LICENSE", "COPYING")


def answer(universe: Universe, request: Request) -> Answer:
    """GET /raw/{owner}/{name}/{commit or branch}/{path}."""
    parts = request.path.removeprefix("/raw").lstrip("/").split("/", 3)
    if request.method not in ("GET", "HEAD") or len(parts) < 4:
        return _plain(400, "400: Invalid request")
    owner, name, ref, path = map(unquote_bytes, parts)
    one = universe.named(f"{owner}/{name}")
    moved = universe.moved(f"{owner}/{name}")
    if one is None and moved:
        place = f"{request.base}/raw/{quote(moved.full_name)}/{parts[2]}/{parts[3]}"
        return Answer(301, headers={"Location": place})
    if one and one.state == "dmca":
        return _plain(451, "451: Unavailable For Legal Reasons")
    state = universe.at(one, ref) if one and not one.state else None
    content = state.files.get(path) if state else None
    if content is None or content.mode == SUBMODULE:
        return _plain(404, "404: Not Found")
    return served(request, content, text=path.endswith(TEXTS))


def unquote_bytes(part: str) -> str:
    """A percent-encoded part of a path; bytes that are no UTF-8 become surrogates, as git's names here have them."""
    return unquote(part, errors="surrogateescape")


def served(request: Request, content: Content, text: bool = False) -> Answer:
    """A content, or the part of it that Range asks for. A text is packed where the client takes gzip."""
    etag = f'"{content.oid}{"00" * 12}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "max-age=300"}
    headers["Content-Type"] = "text/plain; charset=utf-8" if text else "application/octet-stream"
    if etag in request.headers.get("If-None-Match", ""):
        return Answer(304, headers=headers)
    if text and "gzip" in request.headers.get("Accept-Encoding", ""):
        packed = gzip.compress(content.read(0, content.size), mtime=0)
        return Answer(200, packed, {**headers, "Content-Encoding": "gzip", "ETag": f"W/{etag}"})
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or not any(asked.groups()) or request.headers.get("If-Range", etag) != etag:
        return Answer(200, headers=headers, content=content, length=content.size)
    first, last = asked.groups()
    start = int(first) if first else max(0, content.size - int(last))
    end = min(content.size, int(last) + 1) if first and last else content.size
    if start >= end:
        return Answer(416, headers={**headers, "Content-Range": f"bytes */{content.size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return Answer(206, headers=headers, content=content, start=start, length=end - start)


def _plain(status: int, words: str) -> Answer:
    return Answer(status, words.encode(), {"Content-Type": "text/plain; charset=utf-8"})
