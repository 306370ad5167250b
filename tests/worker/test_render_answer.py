# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer makes is pictured, always in the same way; hostile answers are contained here too."""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.worker.test_hostile import ANSWERS, PROGRAMS, listing
from tests.worker.test_render import BALL, GLOW
from voxel_trainer_addon.evaluation import pictures
from voxel_trainer_addon.worker.inside import Refused, render_answer
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Answer, Host, Request

pytestmark = pytest.mark.bpy

SMALL = {"size": 48, "samples": 8, "seeds": (0,), "frame": ()}
RED, BLUE = GLOW.format("0.8, 0.0, 0.0"), GLOW.format("0.0, 0.0, 0.8")
ROUGH = """import bpy
made = bpy.data.materials.new("Rough")
if not made.node_tree:
    made.use_nodes = True
made.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = {}
"""
WORLD = 'import bpy\nmade = bpy.data.worlds.new("Sky")\nif not made.node_tree:\n    made.use_nodes = True\n'
FILE = """
image = bpy.data.images.new("Image", 8, 8)
image.source, image.filepath = "FILE", "HOME/precious"
tree.nodes.new("ShaderNodeTexImage").image = image
"""
IMPORT = """
ball.nodes.new("GeometryNodeImportSTL").inputs["Path"].default_value = "HOME/precious"
"""
DRIVEN = """
bpy.app.driver_namespace["reach"] = lambda: 5.0
curve = tree.nodes["Emission"].inputs["Strength"].driver_add("default_value")
curve.driver.expression = "reach()"
"""
REACHING = ("patches_bpy", "registers_handlers", "renders_to_home", "saves_an_image", "loads_a_library", "raises_exit")
HUGE = """
grid = ball.nodes.new("GeometryNodeMeshGrid")
for side in ("X", "Y"):
    grid.inputs["Vertices " + side].default_value = 40000
ball.links.new(grid.outputs["Mesh"], ball.nodes["Group Output"].inputs[0])
"""


def take(code: str, key: str, scratch: Path, **more: Any) -> list[bytes]:
    made = render_answer.run({"code": code, "key": key, **SMALL, **more}, scratch)
    return [b64decode(text) for text in made["pictures"]]


def test_the_same_is_the_same_and_another_colour_is_seen_above_the_noise(tmp_path: Path) -> None:
    code = ROUGH.format(0.3)
    first, noise = take(code, "materials/Rough", tmp_path, seeds=(0, 1))
    (again,) = take(code, "materials/Rough", tmp_path)
    (other,) = take(ROUGH.format(0.6), "materials/Rough", tmp_path)
    assert again == first != noise
    floor = pictures.compare(first, noise)
    assert 0 < floor.flip < pictures.compare(first, other).flip
    red, blue = (take(colour, "materials/Glow", tmp_path)[0] for colour in (RED, BLUE))
    assert pictures.compare(red, blue).flip > 0.6 and pictures.compare(red, blue).lab > 30
    assert not [*tmp_path.iterdir()]


def test_geometry_is_seen_in_the_frame_of_the_wanted_one(tmp_path: Path) -> None:
    small = render_answer.run({"code": BALL.format(0.5), "key": "node_groups/Ball", **SMALL}, tmp_path)
    (large,) = take(BALL.format(1.0), "node_groups/Ball", tmp_path)
    (framed,) = take(BALL.format(1.0), "node_groups/Ball", tmp_path, frame=small["frame"])
    wanted = b64decode(small["pictures"][0])
    assert small["frame"] == pytest.approx([0, 0, 0, 0.866], abs=0.1)
    assert pictures.compare(wanted, large).flip < 0.05 < 0.3 < pictures.compare(wanted, framed).flip
    assert not pictures.shows(take(BALL.format(0.1), "node_groups/Ball", tmp_path, frame=(9, 9, 9, 0.1))[0])


@pytest.mark.parametrize(
    ("code", "key", "why"),
    [
        (WORLD, "worlds/Sky", "neither a material nor geometry"),
        (RED, "materials/Gone", "made no materials/Gone"),
        ("nothing = here\n" + RED, "materials/Glow", "made no"),
        (BALL.format(0.5).replace("ball.links.new(", "print("), "node_groups/Ball", "no geometry"),
        (RED + FILE, "materials/Glow", "would take files"),
        pytest.param(
            *(BALL.format(0.5) + IMPORT, "node_groups/Ball", "would take files"),
            marks=pytest.mark.skipif(bpy.app.version < (4, 5), reason="has no such node"),
        ),
    ],
)
def test_what_has_no_picture_says_why(code: str, key: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=why) as refused:
        take(code, key, tmp_path)
    assert refused.value.code == "not-shown"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A worker that no list protects."""
    host = Host(sys.executable, True, (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2]))
    scratch, program = tmp_path_factory.mktemp("scratch"), PROGRAMS["past the list"]
    with Pool(host, workers=1, memory_mb=2000, scratch=scratch, program=program, tries_max=1) as made:
        yield made


def ask(pool: Pool, code: str, key: str = "materials/Glow") -> Answer:
    request = Request("render_answer", {"code": code, "key": key, **SMALL}, "it", limit_s=30)
    (answer,) = pool.run([request], lambda: True)
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
@pytest.mark.parametrize("name", REACHING)
def test_what_the_guard_stopped_is_not_pictured(pool: Pool, name: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("secret")
    before, fresh = listing(tmp_path), ask(pool, BLUE).body
    answer = ask(pool, RED + ANSWERS[name].replace("HOME", str(tmp_path)))
    assert answer.code in ("unsafe", "not-shown"), answer
    assert listing(tmp_path) == before
    assert fresh and ask(pool, BLUE).body == fresh


def test_no_driver_runs_python_while_it_is_pictured(pool: Pool) -> None:
    answer = ask(pool, RED + DRIVEN)
    assert (answer.code, answer.detail) == ("not-shown", "reach()")
    assert ask(pool, RED + DRIVEN.replace("reach()", "sin(frame)")).ok


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have the pool's limit alone")
def test_a_picture_that_takes_too_much_memory_is_a_reason(pool: Pool) -> None:
    answer = ask(pool, BALL.format(0.5) + HUGE, "node_groups/Ball")
    assert not answer.ok and answer.code in ("memory", "crashed", "time", "not-shown"), answer.sentence
    assert ask(pool, BLUE).ok
