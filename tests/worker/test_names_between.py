# SPDX-License-Identifier: GPL-3.0-or-later
"""The names check over what changed between Blender 4.2 and this Blender, by tables that both make of themselves: what
is gone is found, what still works is not."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

pytestmark = pytest.mark.bpy

import bpy  # noqa: E402

from build_tools import environments  # noqa: E402
from voxel_trainer_addon.bpy_code.names import Names  # noqa: E402
from voxel_trainer_addon.bpy_code.valid import names_valid  # noqa: E402
from voxel_trainer_addon.worker.inside.names import OLD_NAMES  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host, Request  # noqa: E402

HERE = (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2])


def table(program: str, version: tuple[int, int, int], scratch: Path) -> Names:
    with Pool(Host(program, True, version), workers=1, memory_mb=4000, scratch=scratch) as pool:
        (answer,) = pool.run([Request("names", {}, "names", limit_s=120)], lambda: True)
    assert answer.ok, answer.sentence
    return Names(answer.body["table"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Names, Names]:
    """(of 4.2, of this Blender)"""
    if HERE < (5, 0) or not environments.is_made("bpy-4_2", "3.11"):
        pytest.skip("needs Blender 5 here and an environment with bpy 4.2")
    before = table(str(environments.made("bpy-4_2", "3.11")), (4, 2, 0), tmp_path_factory.mktemp("before"))
    return before, table(sys.executable, HERE, tmp_path_factory.mktemp("now"))


def new(kind: str) -> str:
    return f"import bpy\nn = bpy.data.node_groups['a'].nodes.new('{kind}')\n"


def told(code: str, tables: tuple[Names, Names]) -> list[str]:
    before, now = tables
    return [finding.kind for finding in names_valid(code, now, [before])]


def test_node_types_that_are_gone_are_found(tables: tuple[Names, Names]) -> None:
    before, now = tables
    kinds: Any = bpy.types
    for kind in before.nodes:
        wanted = [] if kind in now.nodes else ["wrong version"]
        assert told(new(kind), tables) == wanted, kind
        assert kind in OLD_NAMES or hasattr(kinds, kind) or wanted, kind
    assert told(new("ShaderNodeNeverWas"), tables) == ["unknown anywhere"]
    print(f"{len(before.nodes)} node types of {before.blender}, {len(set(before.nodes) - set(now.nodes))} gone")


def test_properties_that_are_gone_are_found(tables: tuple[Names, Names]) -> None:
    before, now = tables
    kinds: Any = bpy.types
    gone = tried = 0
    for kind in sorted(set(before.nodes) & set(now.nodes) & set(before.types)):
        for name in before.types[kind]["members"]:
            tried += 1
            rna = getattr(kinds, kind).bl_rna
            works = name in rna.properties or name in rna.functions or hasattr(getattr(kinds, kind), name)
            gone += not works
            assert told(f"{new(kind)}n.{name}\n", tables) == ([] if works else ["wrong version"]), (kind, name)
    print(f"{tried} properties, {gone} gone")


def modes(node: Any) -> Iterator[None]:
    """A node in each pair of values of its enums and switches, which is another way through than the table's."""
    yield
    own = [p for p in node.bl_rna.properties if p.type in ("ENUM", "BOOLEAN") and not p.is_readonly]
    values = {
        p.identifier: [i.identifier for i in p.enum_items] if p.type == "ENUM" else [False, True]
        for p in own
        if p.identifier not in cast(Any, bpy.types.Node).bl_rna.properties and not getattr(p, "is_array", False)
    }
    for one, other in itertools.combinations([*values, ""], 2):
        for a, b in itertools.product(values[one], values.get(other, [None])):
            with contextlib.suppress(TypeError, AttributeError):
                setattr(node, one, a)
                if other:
                    setattr(node, other, b)
                yield


def works(node: Any, side: str, keys: set[str]) -> set[str]:
    """Those of the texts by which a socket can be had in some mode."""
    found: set[str] = set()
    for _ in modes(node):
        held = getattr(node, side)
        found |= {key for key in keys - found if held.get(key) is not None}
        if found == keys:
            break
    return found


def test_sockets_that_are_gone_are_found_and_those_that_work_are_not(tables: tuple[Names, Names]) -> None:
    before, now = tables
    tried = gone = hidden = 0
    scene: Any = bpy.data.node_groups
    wrong = []
    for kind in sorted(set(before.nodes) & set(now.nodes)):
        tree_type = now.nodes[kind]["trees"][0]
        tree = scene.new("a", tree_type)
        node = tree.nodes.new(kind)
        for side in ("inputs", "outputs"):
            if side not in before.nodes[kind] or side not in now.nodes[kind]:
                continue
            keys = set(before.nodes[kind][side]["keys"])
            live, fresh = works(node, side, keys), {s.name for s in getattr(tree.nodes.new(kind), side)}
            for key in sorted(keys):
                tried, gone = tried + 1, gone + (key not in live)
                hidden += key in live and key not in fresh
                said = told(f"{new(kind)}n.{side}[{key!r}]\n", tables)
                if said != ([] if key in live else ["wrong version"]):
                    wrong.append((kind, side, key, said, key in live))
        scene.remove(tree)
    print(f"{tried} names of sockets, {gone} gone, {hidden} that a new node does not show and that work")
    assert not wrong
