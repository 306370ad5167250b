# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Python comes from: harvested files, and texts inside .blend files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..bpy_code.source import mentions_bpy
from ..errors import SetAside
from ..stage import Work
from ..worker.record import load
from .kinds import Place


def texts(work: Work, blender: str) -> Iterator[tuple[Place, str]]:
    """Every content that uses bpy with its place, each once, ordered: files by hash, then the texts of the records that
    `blender` made, each with one origin at least. What cannot be read is set aside."""
    roots = work.catalog.roots()
    seen = set()
    for origin in sorted((o for o in work.catalog.origins() if o.kind == "code"), key=lambda o: o.sha256):
        if origin.sha256 in seen:
            continue
        stored = work.folder.blob(origin.sha256, "code")
        root = roots.get(origin.source)
        text = _read(stored) or (_read(root / origin.path) if root else None)
        if text is None:
            sentence = "This script is gone, or its text is not UTF-8."
            work.set_aside(SetAside("dataset", f"{origin.source}/{origin.path}", "no text", sentence))
        elif mentions_bpy(text):
            seen.add(origin.sha256)
            yield Place(origin.sha256, ""), text
    for record in work.catalog.records(blender):
        if record["counts"].get("texts") and any(True for _ in work.catalog.origins(record["sha256"])):
            value = load(work.folder.root / record["path"]) or {}
            for row in value.get("texts", ()):
                text = _read(work.folder.parsed / row["kept"]) if row.get("kept") else None
                if text is not None and mentions_bpy(text):
                    yield Place(record["sha256"], f"texts/{row['name']}"), text


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError):
        return None
