# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `code`: one .blend file in, one proven script for each of its node trees out. Needs no data folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..data_collection import header
from ..errors import UserError
from ..files import digest, read_json, sha256_of, write_json, write_text
from ..worker.pool import Pool
from ..worker.protocol import Answer, Host, Request
from .run import WORKER_MB, workers_that_fit

ROOTS_AT_ONCE = 8
LIMIT_S = 600.0


def write_scripts(
    blend: Path, out: Path, host: Host, *, layout: bool, tick: Callable[[], bool], told: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Write `out/index.json` and the scripts of the proven trees; the index: a list of key, script, proven, reason.

    Raises UserError where the file cannot be read at all; nothing is written then.
    """
    if not blend.is_file():
        raise UserError(f"{blend} is no file.")
    seen = header.look(blend, host.version)
    if isinstance(seen, header.NotReadable):
        raise UserError(f"{blend.name}: {seen.sentence}")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="voxel-code-") as scratch:
        record_path = Path(scratch) / "record.json"
        with Pool(
            host,
            workers=workers_that_fit(),
            memory_mb=WORKER_MB * 4,
            scratch=Path(scratch),
            readable=[blend.resolve().parent, Path(scratch)],
        ) as pool:
            record = _read(pool, blend.resolve(), seen.blocks, record_path, tick)
            index = {key: _entry(key, None, False, "not tried") for key in record["graphs"]}
            for answer in pool.run(_requests(record, record_path, blend, layout), tick):
                for entry in _entries(answer, out):
                    index[entry["key"]] = entry
                    told(f"{'proven' if entry['proven'] else 'refused'}  {entry['key']}  {entry['reason']}".rstrip())
    entries = sorted(index.values(), key=lambda entry: str(entry["key"]))
    write_json(out / "index.json", entries)
    return entries


def _read(pool: Pool, blend: Path, blocks: int, place: Path, tick: Callable[[], bool]) -> dict[str, Any]:
    """The file's record, kept at `place` for the workers that prove its trees."""
    sha256 = sha256_of(blend)
    body = {"path": str(blend), "sha256": sha256, "way": "fast", "blocks": blocks}
    for answer in pool.run([Request("read", body, blend.name, sha256, LIMIT_S, {**body, "way": "open"})], tick):
        if not answer.ok:
            raise UserError(f"{blend.name}: {answer.sentence}")
        os.replace(answer.body["record"], place)
    value = read_json(place)
    assert isinstance(value, dict), "the worker said that it wrote a record"
    return value


def _requests(record: dict[str, Any], path: Path, blend: Path, layout: bool) -> Iterator[Request]:
    keys = sorted(key for key in record["graphs"] if not key.startswith("linked/"))
    for start in range(0, len(keys), ROOTS_AT_ONCE):
        roots = keys[start : start + ROOTS_AT_ONCE]
        body = {"record": str(path), "roots": roots, "layout": layout}
        yield Request("prove", body, f"{blend.name}: {roots[0]} …", digest(roots), LIMIT_S)


def _entries(answer: Answer, out: Path) -> Iterator[dict[str, Any]]:
    roots = answer.request.body["roots"]
    scripts = answer.body["scripts"] if answer.ok else {}
    for key in roots:
        script = scripts.get(key)
        if script is None:
            yield _entry(key, None, False, answer.sentence or "nothing came back for it")
        elif not script["proven"]:
            yield _entry(key, None, False, script["reason"])
        else:
            name = f"{re.sub(r'[^A-Za-z0-9._-]+', '_', key)[:60]}-{digest(key)[:8]}.py"
            write_text(out / name, script["code"])
            yield _entry(key, name, True, "")


def _entry(key: str, script: str | None, proven: bool, reason: str) -> dict[str, Any]:
    return {"key": key, "script": script, "proven": proven, "reason": reason}
