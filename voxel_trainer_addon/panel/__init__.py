# SPDX-License-Identifier: GPL-3.0-or-later
"""All that Blender shows: the tab Voxel. It draws and clicks; what it knows comes from `runs`.

`bpy` is imported when Blender registers the extension, so that view and layout can be tested without it.
"""

from __future__ import annotations


def register(package: str) -> None:
    """Add classes, the fields and the timer. `package` is the name under which Blender knows the extension."""
    from . import registration

    registration.register(package)


def unregister() -> None:
    """Take away what `register` added; a run that is under way goes on."""
    from . import registration

    registration.unregister()
