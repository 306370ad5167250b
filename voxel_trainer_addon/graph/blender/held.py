# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of node trees with Blender's updates held back: without it each edit walks the whole tree again.

Blender starts no update of node trees inside such an update, so the job runs inside one of a tree of our own. What
updates bring along is missing until the job is over: sockets of new items and of groups, availability, validity of
links. Trees, their interfaces and their removal stay outside; made inside a job they have crashed Blender.
"""

from __future__ import annotations

import atexit
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import bpy

NUMBERED = re.compile(r"\.\d{3,}$")

_jobs: list[Callable[[], None]] = []


class HeldTree(bpy.types.NodeTree):
    """A tree whose update runs the job that waits."""

    bl_idname = "VoxelTrainerHeldTree"
    bl_label = "Voxel Trainer"
    bl_icon = "NONE"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Not offered in the editor's list of trees."""
        return False

    def update(self) -> None:
        if _jobs:
            _jobs.pop()()


class NewNodes:
    """Gives nodes their names when many are made: for each new one Blender tries all the names up to the first free
    one, unless the first that has the name of its type is called otherwise for the time being."""

    def __init__(self) -> None:
        self.firsts: dict[str, Any] = {}
        self.taken: Counter[str] = Counter()

    def __call__(self, node: Any) -> Any:
        """Name a node that was just made as Blender would have done; the same node."""
        name = node.name
        if NUMBERED.search(name):  # the first of its type has its name already, so this is Blender's own choice
            return node
        if name not in self.firsts:
            self.firsts[name] = node
            node.name = f"held {len(self.firsts)}"
        else:
            self.taken[name] += 1
            node.name = f"{name}.{self.taken[name]:03}"
        return node

    def give_names(self) -> None:
        """Give back the names that were held."""
        for name, node in self.firsts.items():
            node.name = name
        self.firsts.clear()
        self.taken.clear()


@cache
def _register() -> None:
    bpy.utils.register_class(HeldTree)
    atexit.register(bpy.utils.unregister_class, HeldTree)  # else the bpy module of 4.2 crashes when Python ends


def unregister() -> None:
    """Take the class away again, as an extension does that is switched off."""
    if _register.cache_info().currsize:
        bpy.utils.unregister_class(HeldTree)
        atexit.unregister(bpy.utils.unregister_class)
        _register.cache_clear()


class Holder:
    """Runs jobs with all updates held back, as a context: it keeps a tree of its own in the open file meanwhile."""

    def __enter__(self) -> Holder:
        _register()
        groups: Any = bpy.data.node_groups
        self.trigger = groups.new("Held back by Voxel Trainer", HeldTree.bl_idname)
        return self

    def __exit__(self, *_: object) -> None:
        bpy.data.node_groups.remove(self.trigger)

    def __call__(self, job: Callable[[], None], *trees: Any) -> None:
        """Run `job` and then update the trees that it edits. Raises what the job raises."""
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                job()
            except BaseException as error:  # Blender would print it and go on
                errors.append(error)

        _jobs.append(guarded)
        try:
            self.trigger.nodes.new("NodeReroute")
        finally:
            ran = not _jobs
            _jobs.clear()
            for tree in trees:
                tree.interface_update(bpy.context)
        if errors:
            raise errors[0]
        if not ran:
            raise RuntimeError("Blender ran no update; is this called inside one?")
