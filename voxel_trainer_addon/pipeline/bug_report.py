# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for Blender's developers on a file that crashed it: what happened, and the smallest part that still does it.

No private path leaves: words are cleaned of them, and in the part they are written over."""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import __version__
from ..catalog import Catalog
from ..data_collection.blend_file import Unfit, smaller
from ..data_collection.blobs import original
from ..data_collection.header import Look, look
from ..errors import UserError
from ..files import write_text
from ..paths import DataFolder
from ..words import counted, harmless, size
from ..worker.pool import Pool
from ..worker.private import scrubbed
from ..worker.protocol import Answer, Host, Request

SMALLER_S = 60.0
"""So long is looked for a smaller part."""
LIMIT_S = 30.0
MEMORY_MB = 4000
LOG_LINES = 30
DEATHS = ("crashed", "time", "memory")
WAYS = {
    "fast": "`bpy.data.temp_data()` and in it `libraries.load(PATH, link=True)`, with all names asked for",
    "open": "`bpy.ops.wm.open_mainfile(filepath=PATH, load_ui=False, use_scripts=False)`",
}
PATH = re.compile(r"(?:[A-Za-z]:)?[/\\][^\s'\"<>|*?]{2,}")
"""Any path from a root: a log may name folders that `private` takes for the system's."""


def write(
    folder: DataFolder,
    catalog: Catalog,
    host: Host,
    sha256: str,
    out: Path,
    with_file: bool,
    tick: Callable[[], bool],
) -> Path:
    """Let the file crash a worker once more and write a report into `out`; its path. With `with_file` also the file
    and the smallest part. Raises UserError where the file is not there or crashes nothing."""
    with contextlib.ExitStack() as held:
        scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="voxel-bug-")))
        sha256, path = _found(folder, catalog, sha256, scratch)
        pool = held.enter_context(_pool(host, path, scratch))

        def tried(other: Path, way: str) -> Answer:
            body = {"path": str(other), "sha256": sha256, "way": way}
            (answer,) = pool.run([Request("read", body, path.name, sha256, LIMIT_S)], tick)
            return answer

        answers = ((way, tried(path, way)) for way in ("fast", "open"))
        way, answer = next((pair for pair in answers if pair[1].code in DEATHS), ("", None))
        if answer is None:
            raise UserError(f"Blender {host.name} does not crash over it now; parse --retry reads it.")
        sentence, part = answer.sentence, scratch / "part.blend"

        def still(content: bytes) -> bool:
            part.write_bytes(content)
            return tried(part, way).sentence == sentence

        try:
            smallest = smaller.smallest(path, still, SMALLER_S)
        except (Unfit, ValueError):
            smallest = None
        out.mkdir(parents=True, exist_ok=True)
        if with_file:
            shutil.copyfile(path, out / f"{sha256[:12]}.blend")
            if smallest:
                (out / f"{sha256[:12]}-smallest.blend").write_bytes(smallest)
        report = out / f"{sha256[:12]}.md"
        write_text(report, _text(host, sha256, path, way, answer, smallest))
        return report


def _pool(host: Host, path: Path, scratch: Path) -> Pool:
    readable = [path.resolve().parent, scratch]
    return Pool(host, workers=1, memory_mb=MEMORY_MB, scratch=scratch, readable=readable, tries_max=1)


def _found(folder: DataFolder, catalog: Catalog, start: str, scratch: Path) -> tuple[str, Path]:
    """The one content whose hash begins so, and a place where it lies, unpacked in `scratch` if need be."""
    if not re.fullmatch(r"[0-9a-f]{6,64}", start):
        raise UserError(f"“{harmless(start, 70)}” is no SHA-256: write at least its first six digits.")
    roots = catalog.roots()
    places = {
        origin.sha256: folder.blob(origin.sha256) if origin.stored else roots[origin.source] / origin.path
        for origin in catalog.origins()
        if origin.sha256.startswith(start) and (origin.stored or origin.source in roots)
    }
    if len(places) != 1:
        raise UserError(f"{counted(len(places), 'file')} in {folder.root.name} with the hash {start}: one is wanted.")
    ((sha256, path),) = places.items()
    found = original(path, sha256, scratch) if path.is_file() else None
    if not found:
        raise UserError("The file is no longer where it was harvested. Harvest again.")
    return sha256, found


def _text(host: Host, sha256: str, path: Path, way: str, answer: Answer, smallest: bytes | None) -> str:
    """The report in Markdown."""
    seen = look(path)
    wrote = f"Blender {'.'.join(map(str, seen.version))}" if isinstance(seen, Look) and seen.version else "unknown"
    part = f"{size(len(smallest))} of its content do so too" if smallest else "no smaller part was found"
    lines = [
        f"# {harmless(answer.sentence)}",
        "",
        f"- Blender: {host.name}{' (the module bpy)' if host.is_module else ''}, in the background, factory settings",
        f"- System: {platform.system()} {platform.release()}, {platform.machine()}, {' '.join(platform.libc_ver())}",
        f"- How it was read: {WAYS[way]}",
        f"- File: SHA-256 `{sha256}`, {size(path.stat().st_size)}, saved by {wrote}",
        f"- Smallest form: {part}",
        f"- Reported by Voxel Trainer {__version__}",
        "",
        "## The last that it said",
        "",
        "```",
        *(_clean(line, path) for line in answer.detail.splitlines()[-LOG_LINES:]),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _clean(line: str, path: Path) -> str:
    """A line of a log without the file's place (which may hold blanks), other paths, keys and addresses."""
    return harmless(scrubbed(PATH.sub("[path]", line.replace(str(path), "[path]"))), 300)
