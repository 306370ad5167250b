# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's public GraphQL schema, from the package index once and then from the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from voxel_trainer_addon.paths import cache_home

PACKAGE, VERSION = "@octokit/graphql-schema", "15.26.1"
SHA256 = "3c62d0526d133cee53221c89de9b455ade24db78b9e7ad56d642c4c15bce2654"
"""Of schema.graphql in that version."""


class Missing(Exception):
    """The schema is neither in the cache nor to be had."""


def text() -> str:
    """The schema. Raises Missing."""
    kept = cache_home() / "peers" / f"github-{VERSION}.graphql"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _fetch(Path(folder)).replace(kept)
    data = kept.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        kept.unlink()
        raise Missing(f"{kept} was not the schema of version {VERSION}; it is deleted")
    return data.decode()


def _fetch(folder: Path) -> Path:
    npm = shutil.which("npm")
    if not npm:
        raise Missing(f"npm is needed once, for {PACKAGE}")
    argv = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent"]
    packed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300)
    if packed.returncode:
        raise Missing(f"npm pack {PACKAGE}: {packed.stderr.strip()[-500:]}")
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        held = archive.extractfile("package/schema.graphql")
        assert held
        (folder / "schema.graphql").write_bytes(held.read())
    return folder / "schema.graphql"
