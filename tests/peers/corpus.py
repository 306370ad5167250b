# SPDX-License-Identifier: GPL-3.0-or-later
"""A small universe of real repositories: the corpus of .blend files under the names and licences they have on GitHub.

Commits are this universe's own (the corpus holds single files); forks, an empty repository, one whose files lie in
Git LFS with content that is here, and Python beside the files are added.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.peers import lfs
from tests.peers.git_objects import Content, Data, OnDisk
from tests.peers.universe import Push, Repository, Universe

KEYS = {
    "GPL-3.0-only": ("gpl-3.0", "GPL-3.0"),
    "GPL-3.0-or-later": ("gpl-3.0", "GPL-3.0"),
    "MPL-2.0": ("mpl-2.0", "MPL-2.0"),
    "MIT": ("mit", "MIT__"),
    "Apache-2.0": ("apache-2.0", "Apache-2.0"),
    "Zlib": ("zlib", "Zlib__"),
    "BSD-3-Clause": ("bsd-3-clause", "BSD-3-Clause__"),
    "MIT OR GPL-3.0-or-later": ("other", "MIT__"),
}
"""The corpus's licence → GitHub's key, and how the name of its text in the corpus begins."""
ATTRIBUTES = b"*.blend filter=lfs diff=lfs merge=lfs -text\n"
SCRIPT = """# SPDX-License-Identifier: {licence}
import bpy


def add_material(name="{name}"):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material
"""


def universe(corpus: Path) -> Universe:
    """The universe of a corpus folder (the one with blend/ and LICENSES/)."""
    manifest = json.loads((corpus / "blend" / "MANIFEST.json").read_text(encoding="utf-8"))
    listed: dict[str, list[dict[str, Any]]] = {}
    for file in manifest["files"]:
        listed.setdefault(file["repository"].removeprefix("https://github.com/"), []).append(file)
    real = [_repository(corpus, at, name, files) for at, (name, files) in enumerate(sorted(listed.items()))]
    made = Universe([*real, *_forks(real), _empty(len(real))])
    made.add(_lfs(corpus, real[0], made.stored))
    return made


def _repository(corpus: Path, at: int, full_name: str, listed: list[dict[str, Any]]) -> Repository:
    owner, name = full_name.split("/")
    licence = listed[0]["licence"]
    key, _ = KEYS[licence]
    newest: dict[str, Content] = {}
    earlier: dict[str, Content] = {}
    for file in listed:
        into = earlier if re.search(r"@[0-9a-f]+\.", file["path"]) else newest
        into[file["path_in_repository"]] = OnDisk(corpus / "blend" / file["path"])
    files = {**newest, **earlier, **_beside(corpus, full_name, licence, listed)}
    created = datetime(2014, 3, 1, 9, 30, tzinfo=UTC) + timedelta(days=211 * at)
    pushes = [Push({path: newest[path]}, created + timedelta(days=200)) for path in earlier if path in newest]
    return Repository(
        number=200_000 + 37 * at,
        owner=owner,
        name=name,
        source=functools.partial(dict, files),
        created=created,
        licence=key if any(_is_licence(path) for path in files) else "",
        description=f"Blender files of {name.replace('-', ' ').replace('_', ' ')}",
        owner_type="Organization" if at % 3 == 0 else "User",
        stars=8 + 61 * at * at,
        forks=3 * at,
        kilobytes=sum(content.size for content in files.values()) // 1024 + 1,
        topics=("blender", "materials") if at % 2 else ("blender", "geometry-nodes", "procedural"),
        archived=at == 7,
        pushed_days=100,
        pushes=pushes,
        branch="master" if at % 4 == 1 else "main",
    )


def _is_licence(path: str) -> bool:
    return re.match(r"(LICEN[CS]E|COPYING)", path) is not None


def _beside(corpus: Path, full_name: str, licence: str, listed: list[dict[str, Any]]) -> Mapping[str, Content]:
    """What lies beside the .blend files: licence, readme, Python, and the rule of Git LFS."""
    evidence = re.sub(r"\s*\((?!OPTION)[^)]*\)", "", listed[0]["licence_evidence"])
    named = [name.strip() for name in evidence.split(",") if _is_licence(name.strip())]
    texts = {path.stem: path for path in sorted((corpus / "LICENSES").iterdir())}
    name = full_name.split("/")[1]
    begins = KEYS[licence][1]
    own = [stem for stem in texts if stem.startswith(begins) and stem.endswith(name)]
    files: dict[str, Content] = {}
    for path in named:
        wanted = "GPL-3.0" if "GPL-3" in path else begins
        stem = (own if wanted == begins and own else [stem for stem in texts if stem.startswith(wanted)])[0]
        files[path] = OnDisk(texts[stem])
    files["README.md"] = Data(f"# {name}\n\n{listed[0]['licence_evidence']}\n".encode())
    files[f"{name.lower().replace('-', '_')}/materials.py"] = Data(SCRIPT.format(licence=licence, name=name).encode())
    if any(file["kind"] == "git-lfs pointer" for file in listed):
        files[".gitattributes"] = Data(ATTRIBUTES)
    return files


def _forks(real: list[Repository]) -> list[Repository]:
    """The first five again under other owners: equal trees, other names and dates."""
    return [
        replace(
            origin,
            number=300_000 + origin.number,
            owner="someone-else",
            name=f"{origin.name}-fork",
            parent=origin.full_name,
            owner_type="User",
            stars=12,
            forks=0,
            topics=(),
            pushes=list(origin.pushes),
        )
        for origin in real[:5]
    ]


def _empty(at: int) -> Repository:
    created = datetime(2025, 5, 5, tzinfo=UTC)
    return Repository(
        400_000, "nobody", "nothing-yet", dict, created, description="Blender plans", stars=11, empty=True, forks=at
    )


def _lfs(corpus: Path, origin: Repository, stored: dict[str, Content]) -> Repository:
    """The .blend files of one repository kept in Git LFS, and their content in its store."""
    files: dict[str, Content] = {}
    for path, content in origin.source().items():
        if path.endswith(".blend"):
            sha256, files[path] = lfs.pointer(content)
            stored[sha256] = content
    files[".gitattributes"] = Data(ATTRIBUTES)
    files["LICENSE"] = OnDisk(corpus / "LICENSES" / "GPL-3.0.txt")
    created = datetime(2024, 2, 29, 12, tzinfo=UTC)
    return Repository(
        400_001,
        "studio",
        "kept-in-lfs",
        functools.partial(dict, files),
        created,
        licence="gpl-3.0",
        description="Blender files kept in LFS",
        owner_type="Organization",
        stars=40,
        topics=("blender",),
    )
