# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage parse: every harvested .blend file becomes one record, read by Blender in a worker, or a reason why not."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..catalog import Due
from ..errors import SetAside, Unavailable
from ..stage import Outcome, Work
from ..words import counted, harmless
from ..worker.protocol import Answer, Host, Request
from ..worker.record import STATES, VERSION, load
from .ahead import ahead
from .beside import take
from .blend_file import NotReadable
from .blobs import holds
from .header import Look, look
from .licences import with_assets

LIMIT_S, LIMIT_S_PER_MB, LIMIT_S_MAX = 20.0, 1.0, 120.0
CHECKPOINT_FILES = 10
AHEAD = 100
"""Files that are looked into before the workers want them: what fits into the time that Blender takes to start."""
UNC = re.compile(r"(?!//)[/\\]{2}")
"""How paths on network shares begin; two slashes alone mean the folder of the .blend file."""
ALL = "all"
"""The option `retry` for every code."""
FILE_COST = 200_000
"""What a file costs besides its bytes, in bytes: for the time that is left."""

Body = dict[str, Any]
"""Of a request."""


class BlendParser:
    """One pass over the files that have no record yet for this Blender, the largest first."""

    def __init__(self, work: Work, host: Host) -> None:
        self.work, self.host = work, host
        self._try_again(work.options.retry)
        self.due = work.catalog.due_for_parse(host.name, VERSION)
        self.total = work.catalog.counts()["files"]
        self.parsed = len(work.catalog.parsed(host.name, VERSION))
        self.done = self.total - len(self.due)
        self.failed = 0
        self.current = ""
        self._pending: dict[str, Due] = {}
        self._began: float | None = None
        self._cost_left = self._cost = self.due.bytes + FILE_COST * len(self.due)
        self._since_checkpoint = 0

    def parse(self) -> Outcome:
        """Read all that is due. A stop costs what the workers have in hand."""
        places = [*self.work.catalog.roots().values(), self.work.folder.blobs]
        roots = [place for place in places if place.is_dir()]
        try:
            with contextlib.closing(ahead(self._body, self.due, AHEAD)) as bodies:
                for answer in self.work.answers(self._requests(bodies), readable=roots):
                    self._take(self._pending.pop(answer.request.sha256), answer)
        finally:
            self._checkpoint("running")
        self._read_licences()
        self._checkpoint("done")
        aside = self.work.catalog.count_asides("parse")
        words = counted(self.parsed, "file") + " parsed"
        return Outcome(
            f"{words}, {aside:,} set aside." if aside else f"{words}.",
            {
                "parsed": self.parsed,
                "parsed_now": self.done - self.total + len(self.due) - self.failed,
                "aside": aside,
            },
        )

    def _try_again(self, code: str) -> None:
        """Forget why files were set aside: all of them, or those of one code."""
        if code:
            found = self.work.catalog.drop_asides("parse", self.host.name, code="" if code == ALL else code)
            words = f"{counted(found, 'file')} that {'was' if found == 1 else 'were'} set aside: tried again."
            self.work.note(
                words if found else f"No file is set aside as “{harmless(code, 40)}”; see status --set-aside."
            )

    def _requests(self, bodies: Iterable[tuple[Due, Body | NotReadable]]) -> Iterator[Request]:
        """A request for each file that is fit for Blender; the others are set aside on the way."""
        for due, body in bodies:
            if isinstance(body, NotReadable):
                self._set_aside(due, body.code, body.sentence)
                continue
            self._pending[due.sha256] = due
            limit = round(min(LIMIT_S + LIMIT_S_PER_MB * due.bytes / 1e6, LIMIT_S_MAX))
            yield Request("read", body, due.path, due.sha256, limit, retry={**body, "way": "open"})

    def _body(self, due: Due) -> Body | NotReadable:
        """What a worker is told of a file, or why none is (in a thread)."""
        seen = self._look(due)
        if isinstance(seen, NotReadable):
            return seen
        body: Body = {
            "path": str(due.location),
            "sha256": due.sha256,
            "bytes": due.bytes,
            "way": "fast",
            "blocks": seen.blocks,
            "beside": True,
        }
        if seen.thumbnail:
            body["thumbnail"] = base64.b64encode(seen.thumbnail.png()).decode()
        return body

    def _look(self, due: Due) -> Look | NotReadable:
        """Whether the file is still what was harvested, and whether this Blender can read it."""
        try:
            found = os.stat(due.location)
            if not stat.S_ISREG(found.st_mode):
                return NotReadable("not-a-file", "It is no regular file.")
            same = found.st_mtime_ns == due.mtime_ns and (due.stored or found.st_size == due.bytes)
            if not (same or holds(due.location, due.sha256)):
                return NotReadable("changed", "It has changed since it was harvested. Harvest again.")
            seen = look(due.location, self.host.version)
        except FileNotFoundError:
            return NotReadable("gone", "It is no longer where it was harvested. Harvest again.")
        except OSError as error:
            return NotReadable("no-access", f"It cannot be opened: {error.strerror}.")
        return (isinstance(seen, Look) and _unsafe(due.location.parent, seen.libraries)) or seen

    def _take(self, due: Due, answer: Answer) -> None:
        if not answer.ok:
            self._set_aside(due, answer.code, answer.sentence, answer.detail)
            return
        record = self.work.folder.record(due.sha256)
        body = answer.body
        try:
            if not (isinstance(body.get("counts"), dict) and body.get("state") in STATES):
                raise ValueError("the answer is not that of the job read")
            take(Path(str(body.get("record"))), body.get("beside", ()), record, self.work.folder)
        except (OSError, ValueError) as error:
            self._set_aside(due, "no-record", "Its record could not be kept. Is the disk full?", str(error))
            return
        place = record.relative_to(self.work.folder.root).as_posix()
        self.work.catalog.add_record(due.sha256, self.host.name, VERSION, body["state"], place, body["counts"])
        self.parsed += 1
        self._finish(due)

    def _read_licences(self) -> None:
        """What assets say of their licence counts; again in every run, as a harvest tells what it knows anew."""
        for sha256 in self.work.catalog.with_assets(self.host.name):
            assets = (load(self.work.folder.record(sha256)) or {}).get("assets", ())
            origins = list(self.work.catalog.origins(sha256))
            self.work.catalog.add_origins(filter(None, (with_assets(origin, assets) for origin in origins)))

    def _set_aside(self, due: Due, code: str, sentence: str, detail: str = "") -> None:
        self.failed += 1
        self.work.set_aside(SetAside("parse", due.sha256, code, f"{harmless(due.path, 120)}: {sentence}", detail))
        self._finish(due)

    def _finish(self, due: Due) -> None:
        self.done += 1
        self.current = harmless(due.path, 120)
        self._cost_left -= due.bytes + FILE_COST
        self.work.progress(self.done, self.total, self.current, self._left_s())
        self._since_checkpoint += 1
        if self._since_checkpoint >= max(CHECKPOINT_FILES, self.done // 100):  # it holds all hashes: seldom when many
            self._checkpoint("running")

    def _left_s(self) -> float | None:
        """Seconds left, by the bytes read since the first file was done: workers take a while to start."""
        if self._began is None:
            self._began, self._cost = time.monotonic(), self._cost_left
        spent, gone = time.monotonic() - self._began, self._cost - self._cost_left
        return round(spent * self._cost_left / gone, 1) if spent > 1 and gone else None

    def _checkpoint(self, status: str) -> None:
        self._since_checkpoint = 0
        progress = {
            "total_files": self.total,
            "parsed_files": self.parsed,
            "failed_files": self.work.catalog.count_asides("parse"),
            "current_file": self.current or None,
        }
        state: dict[str, Any] = {
            "parsed_hashes": self.work.catalog.parsed(self.host.name, VERSION),
            "blender_version": self.host.name,
            "record_version": VERSION,
        }
        self.work.checkpoint(status, progress, state)


def _unsafe(folder: Path, libraries: Sequence[str]) -> NotReadable | None:
    """Why none of these libraries may be opened by a worker that is not locked in, or that may read `folder`."""
    for path in libraries:
        if sys.platform != "linux" and UNC.match(path):
            return NotReadable("network-library", "It links a file on a network share, which would learn who you are.")
        beside = folder / path[2:].replace("\\", "/") if path.startswith("//") else None
        with contextlib.suppress(OSError, ValueError):
            if beside and not stat.S_ISREG(os.stat(beside).st_mode):
                return NotReadable("not-a-file", "It links what is no regular file: Blender might wait for ever.")
    return None


def run(work: Work) -> Outcome:
    """Stage parse. Raises Unavailable where there is no Blender to read with."""
    if work.host is None:
        raise Unavailable("Parse needs Blender. Start it with an installed Blender, or name one with --blender PATH.")
    return BlendParser(work, work.host).parse()
