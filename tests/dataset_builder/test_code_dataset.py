# SPDX-License-Identifier: GPL-3.0-or-later
"""Code rows: what becomes one, what it says of itself, and what is taken out of it."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bpy_code.small_table import NAMES, TABLE
from tests.dataset_builder.test_dataset import FakeWork, rows
from voxel_trainer_addon.bpy_code.units import Lost
from voxel_trainer_addon.catalog import Origin
from voxel_trainer_addon.dataset_builder import dataset
from voxel_trainer_addon.dataset_builder.code_dataset import Function, functions, shape
from voxel_trainer_addon.dataset_builder.code_private import without_private
from voxel_trainer_addon.files import read_json
from voxel_trainer_addon.worker.protocol import Answer, Request
from voxel_trainer_addon.worker.record import SCHEMA

pytestmark = pytest.mark.plain

GOOD = '''import bpy

FACTOR = 2.0


def grow(context):
    """Make all selected objects larger.

    :param context: where they are selected.
    """
    for o in context.selected_objects:
        o.location.x *= FACTOR
    bpy.ops.mesh.primitive_cube_add(size=FACTOR)
'''


def only(text: str) -> Function:
    (found,) = functions(text, NAMES)
    assert isinstance(found, Function)
    return found


def why(text: str) -> str:
    (found,) = functions(text, NAMES)
    assert isinstance(found, Lost)
    return found.reason


def test_a_function_tells_what_it_is_and_what_was_shown_of_it() -> None:
    found = only(GOOD)
    assert (found.task, found.name, found.code) == ("function", "grow", GOOD)
    assert found.request.what == "the function `grow(context)`"
    assert found.request.told == "Make all selected objects larger."
    assert found.request.facts == ("uses the operator Add Cube", "works on the selected objects")
    proof = found.proof("5.2.3")
    assert (proof["name"], proof["graph"], proof["names_not_checked"]) == ("compiles, names exist", "", 0)
    assert proof["names_checked"] == len(found.found.checked) > 4
    assert found.patterns == ("loop over objects",)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("selected_objects", "selected_things", "uses names that this Blender lacks"),
        ("primitive_cube_add", "cube_add", "uses names that this Blender lacks"),
        ("FACTOR = 2.0", "", "uses a name that its file does not define"),
        ("FACTOR = 2.0", "from .other import FACTOR", "needs another file of its own"),
        ("for o in", "for in", "does not parse"),
        ("    bpy.ops", "    break\n    bpy.ops", "does not compile"),
    ],
)
def test_what_is_not_proven_is_lost_with_its_reason(old: str, new: str, reason: str) -> None:
    assert why(GOOD.replace(old, new)) == reason


def test_without_words_of_a_person_two_facts_are_wanted() -> None:
    silent = GOOD[: GOOD.index('    """')] + GOOD[GOOD.index("    for o") :]
    assert only(silent).request.told == ""
    assert why(silent[: silent.index("    bpy.ops")] + "    FACTOR\n    FACTOR\n") == "says too little about itself"


def test_an_operator_is_asked_for_by_its_label_and_description() -> None:
    found = only(
        """import bpy
class Grow(bpy.types.Operator):
    bl_idname = "object.grow"
    bl_label = "Grow"
    bl_description = "Makes the active object larger"
    factor: bpy.props.FloatProperty()

    def execute(self, context):
        context.object.location.x *= self.factor
        return {'FINISHED'}
"""
    )
    assert found.task == "operator" and found.request.what == 'the operator "Grow" `object.grow`'
    assert found.request.told == "Makes the active object larger."
    assert found.request.facts[0] == "has the property `factor` (float)"


def test_equal_code_has_one_identity_and_renamed_code_one_family() -> None:
    same = GOOD.replace("FACTOR = 2.0\n", "FACTOR = 2.0  # twice\n").replace("Make all", "Makes all")
    renamed = GOOD.replace("grow", "enlarge").replace("FACTOR", "SIZE")
    first, second, third = (only(text) for text in (GOOD, same, renamed))
    assert first.identity == second.identity != third.identity
    assert first.family == second.family == third.family
    assert shape(ast.parse("a.b")) != shape(ast.parse("a.c"))


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("x = m@v.co\n", "x = m@v.co\n"),
        ("x = 'jane@example.org'\n", "x = '[address]'\n"),
        ("x = f'/home/jane/{n}.png'\n", "x = f'{n}.png'\n"),
        ("x = 'C:\\\\Users\\\\Jane\\\\k.txt'\n", "x = 'k.txt'\n"),
        ("x = 1  # ask jane@example.org\n", "x = 1  # ask [address]\n"),
        ("# Author: Jane\nx = 1\n", "x = 1\n"),
        ("x = 1  # Copyright 2020 Jane\n", "x = 1\n"),
        ('def f():\n    """Does.\n\n    @author: Jane\n    """\n', 'def f():\n    """Does.\n\n    """\n'),
        ('bl_info = {"author": "Jane", "name": "Grow"}\n', 'bl_info = {"author": "", "name": "Grow"}\n'),
        ('__author__ = "Jane"\n', '__author__ = ""\n'),
        ("api_key = 'correct horse battery'\n", "api_key = '[secret]'\n"),
        ("x = 'ghp_" + "a1" * 18 + "'\n", "x = '[secret]'\n"),
        ("x = 'ä', 'jane@example.org', 'ö'  # ü\n", "x = 'ä', '[address]', 'ö'  # ü\n"),
    ],
)
def test_private_things_go_and_code_stays(code: str, kept: str) -> None:
    assert without_private(code) == kept
    ast.parse(kept)


class CodeWork(FakeWork):
    """A worker that knows the small table."""

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        for request in requests:
            if request.job == "names":
                yield Answer(request, True, {"table": TABLE})
            else:
                yield from super().answers([request])


def add_script(work: FakeWork, name: str, text: str, licence: str = "MIT") -> None:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    place = work.folder.blob(sha256, "code")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    work.catalog.add_source("github:x", "github", None)
    work.catalog.add_origins([Origin("github:x", name, sha256, len(text), 1, licence, {}, "code", stored=True)])


def add_text(work: FakeWork, text: str) -> None:
    """A .blend with a script inside."""
    (work.folder.parsed / "texts").mkdir(parents=True, exist_ok=True)
    (work.folder.parsed / "texts" / "t.txt").write_text(text, encoding="utf-8")
    sha256 = f"{77:064x}"
    work.catalog.add_source("folder:f", "folder", Path("/nowhere"))
    work.catalog.add_origins([Origin("folder:f", "a.blend", sha256, 1, 1, "CC0-1.0", {})])
    record: dict[str, Any] = {"schema": SCHEMA, "graphs": {}, "texts": [{"name": "Text", "kept": "texts/t.txt"}]}
    work.folder.record(sha256).write_text(json.dumps(record), encoding="utf-8")
    work.catalog.add_record(sha256, "5.2.3", 1, "read", f"parsed_data/{sha256}.json", {"texts": 1})


def test_scripts_and_texts_become_rows_and_losses_are_counted(tmp_path: Path) -> None:
    work = CodeWork(tmp_path, without=tuple({*dataset.FILE_KINDS, *dataset.WIDE_KINDS} - {"code"}))
    add_script(work, "o/r/grow.py", GOOD)
    add_script(work, "o/r/copy.py", "# Another head.\n" + GOOD)
    add_script(work, "o/r/old.py", GOOD.replace("selected_objects", "selected_bases"))
    add_text(work, GOOD.replace("larger", "smaller").replace("*=", "/=").replace("size=FACTOR", ""))
    dataset.run(work)
    found = {row["completion"]: row for _, row in rows(work)}
    assert len(found) == 2 and all(row["kind"] == "code" for row in found.values())
    row = found[GOOD]
    assert (row["task"], row["form"], row["nodes"], row["patterns"]) == ("function", "code", 13, ["loop over objects"])
    assert "Make all selected objects larger." in row["prompt"] and "`grow(context)`" in row["prompt"]
    assert [source["path"] for source in row["sources"]] == ["o/r/copy.py", "o/r/grow.py"]
    facts = read_json(work.folder.dataset("d") / "dataset.json")
    assert facts["funnel"]["left out"]["code that uses names that this Blender lacks"] == 1


def test_without_code_nobody_is_asked_for_names(tmp_path: Path) -> None:
    work = FakeWork(tmp_path, without=())  # its worker knows no such job
    dataset.run(work)
    assert not any("code rows" in note for note in work.notes)
