# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside a real worker: what it may not touch, what a hostile file cannot do, and what a record says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.bpy

from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.process import PROGRAM  # noqa: E402
from voxel_trainer_addon.worker.protocol import Answer, Host, Request  # noqa: E402

LOCKED = """
import json, os, resource, signal, socket, subprocess, sys
sys.argv = ["program", "{}"]
import importlib.util
spec = importlib.util.spec_from_file_location("program", sys.stdin.readline().strip())
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
program.load_package()
from pathlib import Path
import bpy
from voxel_trainer_addon.worker.inside import lock
scratch, readable, outside = (Path(sys.stdin.readline().strip()) for _ in range(3))
done = lock.lock(scratch, [readable], 4000)

def allowed(act):
    try:
        act()
    except (OSError, MemoryError):
        return False
    return True

def threads():
    import threading
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()

json.dump({
    "locked": done,
    "read inside": allowed(lambda: (readable / "a").read_text()),
    "write scratch": allowed(lambda: (scratch / "b").write_text("b")),
    "read outside": allowed(lambda: (outside / "secret").read_text()),
    "read passwords": allowed(lambda: open("/etc/passwd").read()),
    "write inside": allowed(lambda: (readable / "c").write_text("c")),
    "write outside": allowed(lambda: (outside / "c").write_text("c")),
    "connect": allowed(lambda: socket.socket(socket.AF_INET)),
    "run": allowed(lambda: subprocess.run(["true"])),
    "start a process": allowed(lambda: os.fork() or os._exit(0)),
    "signal another": allowed(lambda: os.kill(os.getppid(), 0)),
    "change who may read": allowed(lambda: os.chmod(outside / "secret", 0o644)),
    "use threads": allowed(threads),
    "write without end": allowed(lambda: os.truncate(scratch / "b", 2 << 30)),
    "take memory without end": allowed(lambda: bytearray(6 << 30)),
    "dump a core": resource.getrlimit(resource.RLIMIT_CORE)[0] > 0,
    "import": bool(__import__("zoneinfo")),
    "open": bool(bpy.ops.wm.read_homefile(use_empty=True)),
}, sys.stdout)
sys.stdout.flush()
lock.limit_processor(0)
while True:
    pass
"""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    scratch, readable, outside = (tmp_path / name for name in ("scratch", "readable", "outside"))
    for place in (scratch, readable, outside):
        place.mkdir()
    (readable / "a").write_text("a")
    (outside / "secret").write_text("secret")
    return scratch, readable, outside


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
def test_a_locked_worker_can_do_its_work_and_nothing_else(places: tuple[Path, Path, Path]) -> None:
    words = "\n".join(map(str, (PROGRAM, *places))) + "\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOCKED], input=words, capture_output=True, text=True, timeout=120
    )
    seen = json.loads(done.stdout[done.stdout.index("{") :])
    if "files" not in seen["locked"]:
        pytest.skip("this kernel has no Landlock")
    assert seen == {
        "locked": ["limits", "files", "network", "programs"],
        **dict.fromkeys(("read inside", "write scratch", "use threads", "import", "open"), True),
        **dict.fromkeys(("read outside", "read passwords", "write inside", "write outside", "connect", "run"), False),
        **dict.fromkeys(("start a process", "signal another", "change who may read"), False),
        **dict.fromkeys(("write without end", "take memory without end", "dump a core"), False),
    }
    assert done.returncode == -signal.SIGXCPU


@pytest.fixture
def pool(tmp_path: Path, places: tuple[Path, Path, Path]) -> Iterator[Pool]:
    import bpy

    version = (bpy.app.version[0], bpy.app.version[1], bpy.app.version[2])
    host = Host(sys.executable, True, version)
    with Pool(host, workers=1, memory_mb=4000, scratch=tmp_path / "pool", readable=[places[1]]) as made:
        yield made


def read(pool: Pool, path: Path, way: str = "fast") -> tuple[Answer, dict[str, Any]]:
    body = {"path": str(path), "sha256": "0" * 64, "way": way, "blocks": 1}
    (answer,) = pool.run([Request("read", body, path.name, "0" * 64, 60)], lambda: True)
    return answer, json.loads(Path(answer.body["record"]).read_text(encoding="utf-8")) if answer.ok else {}


SCENE = """
import bpy, os, sys
bpy.ops.wm.read_homefile(use_empty=True)
place, library = sys.argv[-2:]
secret = bpy.data.materials.new("Secret")
bpy.data.libraries.write(library, {secret}, fake_user=True)
bpy.data.materials.remove(secret)
with bpy.data.libraries.load(library, link=True) as (there, wanted):
    wanted.materials = there.materials
mesh = bpy.data.meshes.new("Box")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 2, 0)], [], [(0, 1, 2)])
mesh.materials.append(bpy.data.materials["Secret"])
box = bpy.data.objects.new("Box", mesh)
bpy.context.scene.collection.objects.link(box)
box.location.x = 0.1
group = bpy.data.node_groups.new("Rocks", "GeometryNodeTree")
count = group.interface.new_socket("Count", in_out="INPUT", socket_type="NodeSocketInt")
group.interface.new_socket("Out", in_out="OUTPUT", socket_type="NodeSocketGeometry")
group.asset_mark()
group.asset_data.author = "Jane Rock <jane@example.org>"
group.asset_data.license = "CC-BY-NC-4.0"
group.asset_data.tags.new("stone")
modifier = box.modifiers.new("Scatter", "NODES")
modifier.node_group = group
if hasattr(modifier, "properties"):
    getattr(modifier.properties.inputs, count.identifier).value = 7
else:
    modifier[count.identifier] = 7
bevel = box.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.25
rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
bpy.context.scene.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
rig.data.edit_bones.new("Arm").tail.z = 1
bpy.ops.object.mode_set(mode="OBJECT")
rig.pose.bones["Arm"].constraints.new("IK").target = box
box.constraints.new("TRACK_TO").target = rig
driver = box.driver_add("location", 2).driver
driver.expression = "open('/tmp/gone', 'w')"
image = bpy.data.images.new("Rust", 4, 4)
image.use_fake_user = True
image.source = "FILE"
image.filepath = "/home/somebody/private/rust.png"
text = bpy.data.texts.new("boom.py")
text.write("raise SystemExit('a text block ran')")
text.use_module = True
bpy.ops.wm.save_as_mainfile(filepath=place)
os._exit(0)
"""


@pytest.fixture
def scene(places: tuple[Path, Path, Path]) -> Path:
    path = places[1] / "scene.blend"
    library = places[2] / "library.blend"
    subprocess.run([sys.executable, "-I", "-c", SCENE, str(path), str(library)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("way", ["fast", "open"])
def test_a_record_says_what_the_file_holds(pool: Pool, scene: Path, way: str) -> None:
    answer, record = read(pool, scene, way)
    assert answer.ok and record["state"] == "read" and record["way"] == way
    box = next(row for row in record["objects"] if row["name"] == "Box")
    assert box["location"][0] == 0.1 and box["data"] == {"id": "MESH", "name": "Box"}
    stack, rig = record["stacks"]["objects/Box"], record["stacks"]["objects/Rig"]
    nodes, bevel = stack["modifiers"]
    assert nodes["settings"]["node_group"]["name"] == "Rocks" and 7 in nodes["inputs"][0][1].values()
    assert bevel["type"] == "BEVEL" and bevel["settings"]["width"] == 0.25
    assert stack["constraints"][0]["type"] == "TRACK_TO" and stack["bodies"] == {"Rig": "ARMATURE"}
    assert rig["bones"][0]["name"] == "Arm" and rig["bodies"] == {"Box": "MESH"}
    (driver,) = box["drivers"]
    assert (driver["path"], driver["index"], driver["expression"]) == ("location", 2, "open('gone', 'w')")
    (mesh,) = (row for row in record["data"] if row["kind"] == "meshes")
    assert (mesh["vertices"], mesh["polygons"], mesh["extent"]) == (3, 1, [[0.0, 0.0, 0.0], [1.0, 2.0, 0.0]])
    (image,) = record["images"]
    assert image["file"] == "rust.png" and "somebody" not in json.dumps(record)
    (text,) = record["texts"]
    assert text["register"] and text["characters"] == 36 and "kept" not in text
    assert "node_groups/Rocks" in record["graphs"]
    (asset,) = record["assets"]
    assert asset["of"] == {"id": "NODETREE", "name": "Rocks"} and asset["author"] == "Jane Rock"
    assert (asset["license"], asset["tags"]) == ("CC-BY-NC-4.0", ["stone"])


@pytest.mark.parametrize("way", ["fast", "open"])
def test_what_a_file_links_stays_out(pool: Pool, scene: Path, way: str) -> None:
    """A stranger's file may name any .blend on the disk: its own data alone goes into the record."""
    answer, record = read(pool, scene, way)
    assert answer.ok and record["materials"] == [] and [row["name"] for row in record["libraries"]] == ["library.blend"]
    assert "outside" not in json.dumps(record)
    if way == "fast" and "files" in (pool._all()[0].ready or {})["locked"]:
        assert [row["version"] for row in record["libraries"]] == ["0.0.0"], "the library stays closed"


def test_a_file_that_is_no_blend_is_a_reason_and_the_worker_lives_on(pool: Pool, scene: Path) -> None:
    broken = scene.with_name("broken.blend")
    broken.write_bytes(b"BLENDER-v402" + b"\xff" * 500)
    answer, _ = read(pool, broken)
    assert not answer.ok and answer.code == "unreadable" and str(broken.parent) not in answer.sentence
    pids = {worker.pid for worker in pool._all()}
    assert read(pool, scene)[0].ok and {worker.pid for worker in pool._all()} == pids


def test_a_worker_that_opened_a_file_is_replaced(pool: Pool, scene: Path) -> None:
    assert read(pool, scene, "open")[0].ok and pool.alive() == 0
    assert read(pool, scene, "fast")[0].ok and pool.alive() == 1
