# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to a universe between two requests, and repositories that are added to provoke a client.

    {"repository": "o/n", "push": {"a.blend": null, "b.blend": {"size": 5000}}}    a commit; null takes away
    {"repository": "o/n", "move": {"old.blend": "new.blend"}}                      a commit that renames files
    {"repository": "o/n", "branch": "trunk"}                                       another default branch
    {"repository": "o/n", "rename": "p/m"}                                         301 from then on
    {"repository": "o/n", "state": "gone" | "private" | "dmca" | "disabled" | ""}
    {"add": "o/n", "files": {…}, "stars": 50, "licence": "mit", …}                 a new repository; more are the
                                                                                   fields of universe.Repository
    {"add": "o/n", "preset": "hostile" | "wide" | "flat" | "deep", "entries": N}   one that provokes

A file is {"size": N} (noise; the same "seed" gives the same), {"text": "…"}, {"lfs": N} (a pointer, and N bytes in the
store of Git LFS), {"bomb": "gzip" | "zstd", "mebibytes": N}, {"link": "target"}, {"submodule": "commit"}.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.peers import bombs, lfs
from tests.peers.git_objects import LINK, Blend, Content, Data, Large, Submodule
from tests.peers.universe import Repository, Universe

HOSTILE = (
    "/absolute.blend",
    "../outside.blend",
    "a/../../outside.blend",
    "back\\slash.blend",
    "C:\\drive.blend",
    "con.blend",
    "AUX/nul.blend",
    "dot.blend.",
    "space .blend ",
    "Case.blend",
    "case.blend",
    "CASE/one.blend",
    "Case/one.blend",
    "Größe/日本語/модель.blend",
    "cafe\u0301.blend",
    "caf\u00e9.blend",
    "right\u202eto\u202cleft.blend",
    "zero\u200bwidth.blend",
    "line\nfeed.blend",
    "tab\tstop.blend",
    "quote\"'$(x)`y`;&|.blend",
    "percent%2e%2e%2fpath.blend",
    "question?mark#hash.blend",
    "latin-\udce9.blend",
    "-option.blend",
    "~/home.blend",
    ".blend",
    "stream.blend:data",
    f"{'long' * 50}.blend",
    f"{'deep/' * 60}end.blend",
    ".git/hooks/post.blend",
)
"""Paths that a tree can carry; the bytes that are no UTF-8 stand as surrogates."""


def apply(universe: Universe, change: Mapping[str, Any]) -> None:
    """Make one change. Raises KeyError or TypeError for a repository or a change that is not known."""
    if "add" in change:
        universe.add(_added(universe, **change))
        return
    one = universe.named(change["repository"])
    if one is None:
        raise KeyError(f"no repository {change['repository']}")
    if len(change) != 2:
        raise KeyError(f"one change at a time, not {sorted(change)}")
    if "push" in change:
        universe.push(one, {path: file and content(universe, file, path) for path, file in change["push"].items()})
    elif "move" in change:
        head = universe.head(one)
        assert head
        gone: dict[str, Content | None] = dict.fromkeys(change["move"])
        universe.push(one, {**gone, **{new: head.files[old] for old, new in change["move"].items()}})
    elif "branch" in change:
        one.branch = change["branch"]
    elif "rename" in change:
        universe.rename(one, change["rename"])
    elif "state" in change:
        one.state = change["state"]
    else:
        raise KeyError(f"no change in {sorted(change)}")
    universe.version += 1


def content(universe: Universe, file: Mapping[str, Any], seed: str) -> Content:
    """The content that a description of a file stands for."""
    if "bomb" in file:
        return Data(bombs.MAKERS[file["bomb"]](file.get("mebibytes", 1024)))
    if "text" in file:
        return Data(file["text"].encode())
    if "lfs" in file:
        held = Large(seed, file["lfs"])
        sha256, pointer = lfs.pointer(held)
        universe.stored[sha256] = held
        return pointer
    if "link" in file:
        return Data(file["link"].encode(), LINK)
    if "submodule" in file:
        return Submodule(file["submodule"])
    return Large(file.get("seed", seed), file["size"])


def _added(
    universe: Universe,
    add: str,
    files: Mapping[str, Any] | None = None,
    preset: str = "",
    entries: int = 1000,
    created: str = "2023-06-01T00:00:00+00:00",
    topics: Sequence[str] = ("blender",),
    **more: Any,
) -> Repository:
    owner, name = add.split("/")
    made = {path: content(universe, file, f"{add}/{path}") for path, file in (files or {}).items()}
    source = functools.partial(PRESETS[preset], entries) if preset else functools.partial(dict, made)
    usual: dict[str, Any] = {"licence": "cc0-1.0", "description": "Blender models", "stars": 100}
    return Repository(
        universe.next_number(),
        owner,
        name,
        source,
        datetime.fromisoformat(created).astimezone(UTC),
        topics=tuple(topics),
        empty=not source(),
        **{**usual, **more},
    )


def hostile(_entries: int) -> dict[str, Content]:
    """A file at each of the hostile paths, a link out, and a submodule."""
    files: dict[str, Content] = {path: Blend(f"hostile:{at}") for at, path in enumerate(HOSTILE)}
    return {**files, "link.blend": Data(b"../../etc/passwd", LINK), "module": Submodule("1" * 40)}


def wide(entries: int) -> dict[str, Content]:
    """So many files in one folder; all are one content."""
    one = Blend("wide")
    return {"README.md": Data(b"# Wide\n"), **{f"assets/object_{at:06}.blend": one for at in range(entries)}}


def flat(entries: int) -> dict[str, Content]:
    """So many files in the root."""
    return {path.removeprefix("assets/"): content for path, content in wide(entries).items()}


def deep(entries: int) -> dict[str, Content]:
    """So many files, a hundred in each folder, fifty folders in each above."""
    one = Blend("deep")
    return {f"assets/{at // 5000:03}/{at // 100:05}/object_{at:06}.blend": one for at in range(entries)}


PRESETS = {"hostile": hostile, "wide": wide, "flat": flat, "deep": deep}
