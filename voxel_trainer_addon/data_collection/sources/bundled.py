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


def open(host: Host | None, options: Options, id: str = "") -> Folder:
    """The libraries of the Blender that runs the workers. Raises NoLibraries where it has none.

    Licence: Blender's `datafiles/assets/LICENSE` states CC0 for all of them.
    """
    if host is None:
        raise NoLibraries("bundled: needs a Blender, and none was found.")
    roots = [Path(root) for root in host.assets if any(Path(root).rglob("*.blend"))]
    if not roots:
        raise NoLibraries(f"Blender {host.name} has no bundled asset libraries here. Name a folder to harvest instead.")
    known = {"evidence": "datafiles/assets/LICENSE of Blender"}
    return Folder(
        id or f"bundled:{host.name}",
        "bundled",
        roots[0].resolve(),
        licences.Licence("CC0-1.0", known),
        include=options.include,
        exclude=options.exclude,
    )
