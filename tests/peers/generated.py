# SPDX-License-Identifier: GPL-3.0-or-later
"""A universe of any size by formula: the same seed gives the same repositories, files and bytes. No file is kept."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.peers.git_objects import Blend, Content, Data
from tests.peers.universe import LICENCES, Repository, Universe

SHARES = {
    "": 30,
    "other": 10,
    "mit": 19,
    "gpl-3.0": 12,
    "apache-2.0": 6,
    "cc0-1.0": 7,
    "cc-by-4.0": 6,
    "cc-by-sa-4.0": 3,
    "bsd-3-clause": 2,
    "unlicense": 2,
    "agpl-3.0": 2,
    "mpl-2.0": 1,
}
"""GitHub's key of a licence → how many of a hundred repositories have it."""
SUBJECTS = (
    "materials",
    "models",
    "animation",
    "procedural",
    "game-assets",
    "architecture",
    "characters",
    "tutorials",
    "python",
)
TOPICS = ("blender", "blender3d", "blender-addon", "geometry-nodes", "3d-models", "shader-nodes")
FIRST_DAY, LAST_DAY = datetime(2011, 1, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
BUSY_DAY = datetime(2021, 4, 1, tzinfo=UTC)
FOLDERS = ("assets", "assets/props", "scenes", "lib/materials")
POOL = 50
"""So many files are shared by many repositories, as those of an asset pack are."""


def universe(repositories: int, files: int, seed: int) -> Universe:
    """`repositories` of them, with `files` .blend files each; about two of five have some in folders."""
    made: list[Repository] = []
    for at in range(repositories):
        made.append(_repository(at, files, seed, made))
    return Universe(made)


def _repository(at: int, files: int, seed: int, before: list[Repository]) -> Repository:
    rng = random.Random(f"{seed}:{at}")
    subject = SUBJECTS[at % len(SUBJECTS)]
    licence = rng.choices(list(SHARES), list(SHARES.values()))[0]
    nested = rng.random() < 0.4
    repository = Repository(
        number=1_000_000 + 13 * at,
        owner=f"artist{rng.randrange(max(1, len(SUBJECTS) * (at + 9) // 30))}",
        name=f"blender-{subject}-{at}",
        source=functools.partial(_files, f"{seed}:{at}", files, nested, licence),
        created=_created(rng),
        licence=licence,
        description=f"Blender {subject.replace('-', ' ')}, set {at}" if rng.random() < 0.9 else None,
        owner_type="Organization" if rng.random() < 0.15 else "User",
        stars=min(60_000, int(7 * rng.paretovariate(0.9))),
        forks=rng.randrange(40),
        kilobytes=1 + files,
        language="Python" if rng.random() < 0.7 else None,
        topics=tuple(sorted({subject, *rng.sample(TOPICS, rng.randrange(4))})),
        archived=rng.random() < 0.04,
        empty=rng.random() < 0.01,
        template=rng.random() < 0.01,
        mirror=rng.random() < 0.003,
        state="disabled" if rng.random() < 0.003 else "",
        branch="master" if rng.random() < 0.3 else "main",
        pushed_days=rng.randrange(60),
    )
    if before and rng.random() < 0.05:
        origin = rng.choice(before)
        return replace(
            repository,
            source=origin.source,
            parent=origin.full_name,
            licence=origin.licence,
            empty=origin.empty,
            name=f"{origin.name}-fork-{at}",
        )
    return repository


def _created(rng: random.Random) -> datetime:
    """More in later years, and a day on which a fiftieth of all was made."""
    if rng.random() < 0.02:
        return BUSY_DAY + timedelta(seconds=rng.randrange(86_400))
    span = int((LAST_DAY - FIRST_DAY).total_seconds())
    return FIRST_DAY + timedelta(seconds=int(span * rng.random() ** 0.6))


def _files(seed: str, number: int, nested: bool, licence: str) -> Mapping[str, Content]:
    files: dict[str, Content] = {}
    for at in range(number):
        folder = FOLDERS[at % len(FOLDERS)] if nested and at % 2 else ""
        shared = random.Random(f"{seed}:{at}").random() < 0.02
        content = Blend(f"pool:{(at * 7 + len(seed)) % POOL}" if shared else f"{seed}:{at}")
        files[f"{folder}/object_{at:03}.blend" if folder else f"object_{at:03}.blend"] = content
    files["README.md"] = Data(f"# Set {seed}\n\nMade in Blender.\n".encode())
    files["build.py"] = Data(f"import bpy\n\nbpy.ops.mesh.primitive_cube_add(size={number})\n".encode())
    if licence:
        files["LICENSE"] = Data(_licence(licence))
    return files


def _licence(key: str) -> bytes:
    spdx, name = LICENCES[key]
    if key == "other":
        return b"You may use these files for personal use only. No resale.\n"
    return f"SPDX-License-Identifier: {spdx}\n\n{name}\n\nSee https://spdx.org/licenses/{spdx}.html\n".encode()
