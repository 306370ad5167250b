# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes between the pipeline and a worker: requests, answers, and how they are framed.

A frame is a 4-byte big-endian length and that many bytes of UTF-8 JSON. A random word, given to the worker in its
arguments, comes first on its side, so that nothing that Blender prints is taken for a frame.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import IO, Any

VERSION = 1
FRAME_MAX = 64 << 20
HEADER = struct.Struct(">I")


@dataclass(frozen=True)
class Host:
    """A Blender to run workers in.

    `program` is the Blender binary, or the Python whose `bpy` is a module (`is_module`). `version` is like
    `(5, 2, 3)`; `assets` are the folders of Blender's bundled asset libraries; `online` is Blender's own consent.
    """

    program: str
    is_module: bool
    version: tuple[int, int, int]
    assets: tuple[str, ...] = ()
    online: bool = False

    @property
    def name(self) -> str:
        """`5.2.3`: the version as it stands in records and rows."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class Request:
    """One unit of work for a worker.

    `job` is a module of `worker.inside`; `body` goes to its `run`; `item` names the unit for a person; `sha256` is
    repeated by the answer and checked. `retry`, where given, replaces `body` for the one retry in a fresh worker;
    `once` forbids any, as somebody waits.
    """

    job: str
    body: dict[str, Any]
    item: str
    sha256: str = ""
    limit_s: float = 60.0
    retry: dict[str, Any] | None = None
    once: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a request: `body` where `ok`, else a code and a sentence as in `SetAside`."""

    request: Request
    ok: bool
    body: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    sentence: str = ""
    detail: str = ""
    seconds: float = 0.0
    tries: int = 1


def packed(value: Any) -> bytes:
    """A frame. Raises ValueError above `FRAME_MAX` bytes."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(data) > FRAME_MAX:
        raise ValueError(f"a frame of {len(data)} bytes is larger than {FRAME_MAX}")
    return HEADER.pack(len(data)) + data


def unpacked(source: IO[bytes]) -> Any | None:
    """The next frame's value; None where the stream ends before a frame. Raises ValueError for what is no frame, and
    EOFError for half of one."""
    head = source.read(HEADER.size)
    if not head:
        return None
    if len(head) < HEADER.size:
        raise EOFError("the stream ended within a frame")
    (length,) = HEADER.unpack(head)
    if length > FRAME_MAX:
        raise ValueError(f"a frame of {length} bytes is larger than {FRAME_MAX}")
    data = source.read(length)
    if len(data) < length:
        raise EOFError("the stream ended within a frame")
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("a frame is nested too deep") from error


def is_answer(frame: Any, id: int, sha256: str) -> bool:
    """Whether a frame answers the request `id` about `sha256`, and has all that an answer must have."""
    if not isinstance(frame, dict) or (frame.get("id"), frame.get("sha256")) != (id, sha256):
        return False
    if not isinstance(frame.get("worn"), bool) or not isinstance(frame.get("ok"), bool):
        return False
    if frame["ok"]:
        return isinstance(frame.get("body"), dict)
    return all(isinstance(frame.get(key), str) for key in ("code", "sentence", "detail"))
