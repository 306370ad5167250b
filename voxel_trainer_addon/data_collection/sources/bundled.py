# SPDX-License-Identifier: GPL-3.0-or-later
"""`bundled:`: the asset libraries that come inside Blender, under CC0."""

from __future__ import annotations

from pathlib import Path

from ...errors import UserError
from ...stage import Options
from ...worker.protocol import Host
from .. import licences
from .folder import Folder


class NoLibraries(UserError):
    """This Blender has no bundled asset libraries; the run goes on without them."""


def open(host: Host | None, options: Options) -> Folder:
    """The libraries of the Blender that runs the workers. Raises NoLibraries where it has none."""
    if host is None:
        raise NoLibraries("bundled: needs a Blender, and none was found.")
    roots = [Path(root) for root in host.assets if any(Path(root).rglob("*.blend"))]
    if not roots:
        raise NoLibraries(f"Blender {host.name} has no bundled asset libraries here. Name a folder to harvest instead.")
    return at(roots[0].resolve(), f"bundled:{host.name}", options)


def at(root: Path, id: str, options: Options) -> Folder:
    """Blender's libraries in the folder `root`. Licence: its file LICENSE puts all of them under CC0."""
    licence = licences.Licence("CC0-1.0", {"evidence": "LICENSE in Blender's datafiles/assets"})
    return Folder(id, "bundled", root, licence, include=options.include, exclude=options.exclude)
