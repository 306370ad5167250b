# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record tells of a file that holds something of everything; its schema, on real files too; nothing private."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import jsonschema
import pytest

from voxel_trainer_addon.data_collection import header
from voxel_trainer_addon.worker.inside import Refused, empty, read
from voxel_trainer_addon.worker.record import BESIDE, FOLDER, beside

pytestmark = pytest.mark.bpy

MAKE = Path(__file__).with_name("whole_scene.py")
HOME = "/home/jane"
EVERY = 6
"""Of the corpus's files, sorted by size, every so many."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def validator(root: Path) -> Any:
    schema = json.loads((root / "docs" / "record.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """The scratch folder, and the record of the file that holds something of everything."""
    folder = tmp_path_factory.mktemp("whole")
    words = [str(folder / "whole.blend"), str(folder / "library.blend"), HOME]
    subprocess.run([sys.executable, "-I", str(MAKE), *words], check=True, capture_output=True)
    empty()
    return folder, record_of(folder / "whole.blend", folder)


@pytest.fixture(scope="module")
def record(made: tuple[Path, Json]) -> Json:
    return made[1]


def record_of(path: Path, scratch: Path, thumbnail: bytes = b"") -> Json:
    body = {"path": str(path), "sha256": "0" * 64, "beside": True, "thumbnail": base64.b64encode(thumbnail).decode()}
    answer = read.run(body, scratch)
    found: Json = json.loads(Path(answer["record"]).read_text(encoding="utf-8"))
    assert beside(found) == set(answer["beside"])
    return found


def row(record: Json, section: str, name: str) -> Json:
    (found,) = (each for each in record[section] if each["name"] == name)
    return dict(found)


def test_everything_was_read(record: Json, validator: Any) -> None:
    assert record["set_aside"] == []
    validator.validate(record)


def test_no_private_place_and_no_secret_is_left(made: tuple[Path, Json]) -> None:
    folder, record = made
    kept = [path.read_bytes() for path in (folder / FOLDER).rglob("*") if path.is_file()]
    for text in (json.dumps(record, ensure_ascii=False).encode(), *kept):
        for private in (b"jane", b"horse", b"hunter2", str(folder).encode()):
            assert private not in text
    assert len(kept) == len(beside(record)) == 3


def test_what_lies_beside_is_what_it_is_called(made: tuple[Path, Json]) -> None:
    folder, record = made
    for name in beside(record):
        found = BESIDE.fullmatch(name)
        assert found and hashlib.sha256((folder / FOLDER / name).read_bytes()).hexdigest() == found[1]
    (text,) = record["texts"]
    assert (folder / FOLDER / text["kept"]).read_text() == 'token = "[secret]"\nopen("list.txt")\n# [address]\n'
    (packed,) = row(record, "images", "Rust")["packed"]
    data = (folder / FOLDER / packed["kept"]).read_bytes()
    assert data.startswith(b"\x89PNG") and packed["kept"].endswith(".png") and packed["bytes"] == len(data)
    (asset,) = record["assets"]
    preview = bpy.data.images.load(str(folder / FOLDER / asset["kept"]))
    assert tuple(preview.size) == (2, 2) and list(preview.pixels) == [1.0] * 16
    assert asset["catalog"] == "00000000-0000-0000-0000-000000000000" and asset["description"] == "See docs"


def test_objects(record: Json) -> None:
    box, wind = row(record, "objects", "Box"), row(record, "objects", "Wind")
    assert box["custom"] == {
        "note": "plan.txt",
        "api_key": "[secret]",
        "deep": {"group": {"size": 1.5, "list": [1, 2, 3]}},
    }
    assert (box["parent"]["name"], box["parent_type"], box["parent_bone"]) == ("Rig", "BONE", "Hand")
    assert box["rotation_mode"] == "QUATERNION" and "rotation_euler" not in box
    assert box["vertex_groups"] == ["Lid"] and box["materials"][0]["library"] == "library.blend"
    assert box["physics"]["rigid_body"]["type"] == "PASSIVE" and box["particle_systems"][0]["settings"]
    assert (wind["physics"]["field"]["type"], wind["physics"]["field"]["strength"]) == ("WIND", 3.0)
    assert row(record, "objects", "Rig")["pose"] == [
        {
            "bone": "Hand",
            "location": [0.5, 0.0, 0.0],
            "rotation_mode": "QUATERNION",
            "custom_shape": {"id": "OBJECT", "name": "Box"},
        }
    ]


def test_physics_in_the_stack(record: Json) -> None:
    held = {entry["type"]: entry["settings"] for entry in record["stacks"]["objects/Box"]["modifiers"]}
    assert set(held) == {"CLOTH", "SOFT_BODY", "COLLISION", "FLUID", "PARTICLE_SYSTEM"}
    assert held["CLOTH"]["settings"]["mass"] == 0.5 and "goal_spring" in held["SOFT_BODY"]["settings"]
    assert held["FLUID"]["domain_settings"]["cache_directory"] == "cache"


def test_data(record: Json) -> None:
    data = {each["kind"]: each for each in record["data"]}
    shapes, bones = data["meshes"]["shape_keys"], data["armatures"]["skeleton"]
    assert [key["name"] for key in shapes["keys"]] == ["Basis", "Smile"] and shapes["relative"]
    assert shapes["keys"][1]["range"] == [0.0, 2.0] and shapes["keys"][1]["relative_to"] == "Basis"
    (driver,) = data["meshes"]["drivers"]
    assert (driver["of"], driver["expression"]) == ("KEY", "side * 2")
    assert driver["variables"][0]["targets"][0] | {"transform_space": ""} == {
        "of": {"id": "OBJECT", "name": "Box"},
        "transform_type": "ROT_Z",
        "transform_space": "",
    }
    assert bones[0]["collections"] == ["Arms"] and bones[0]["custom"] == {"side": "left"}
    assert bones[1] == {
        "name": "Hand",
        "parent": "Arm",
        "head": [0.0, 0.0, 1.0],
        "tail": [0.0, 0.0, 1.5],
        "use_deform": False,
    }
    assert data["curves"]["settings"]["body"] == "Hello" and data["volumes"]["settings"]["filepath"] == "smoke.vdb"
    drawn = next(data[kind] for kind in ("grease_pencils_v3", "grease_pencils") if kind in data)["drawn"]
    assert drawn == [{"name": "Lines", "frames": 2, "range": [1, 7], "strokes": 4}]


def test_actions(record: Json) -> None:
    wind, rig = row(record, "actions", "WindAction"), row(record, "actions", "RigAction")
    assert wind["paths"] == [{"path": "location", "curves": 3, "keys": 6}] and wind["frames"] == [1.0, 20.0]
    assert rig["paths"] == [{"path": "pose.bones[].location", "curves": 6, "keys": 12}]
    if hasattr(bpy.types, "ActionSlot"):
        assert wind["slots"] == [{"name": "Wind", "for": "OBJECT", "curves": 3}] and wind["layers"] == [["KEYFRAME"]]
    animation = row(record, "objects", "Wind")["animation"]
    assert animation["action"]["name"] == "WindAction" and animation["tracks"][0]["strips"][0]["frames"] == [1.0, 20.0]


def test_the_scene(record: Json) -> None:
    (scene,) = record["scenes"]
    assert scene["frames"] == [1, 48, 1] and scene["render"]["fps"] == 30 and scene["render"]["filepath"] == "out"
    assert scene["markers"][0] == {"name": "Cut", "frame": 12, "camera": {"id": "OBJECT", "name": "Eye"}}
    (layer,) = scene["view_layers"]
    assert "use_pass_z" in layer["passes"] and layer["aovs"] == [{"name": "Mask", "type": "COLOR"}]
    assert layer["collections"] == [{"name": "Props", "exclude": True}]
    strips = {strip["name"]: strip for strip in scene["strips"]}
    assert strips["Title"]["text"] == "Hello" and strips["Title"]["frames"] == [10, 40]
    assert (strips["Still"]["file"], strips["Still"]["channel"]) == ("one.png", 1)
    assert scene["rigid_bodies"]["collection"]["name"] == "RigidBodyWorld"


def test_what_is_linked_and_lost(record: Json) -> None:
    (library,) = record["libraries"]
    assert library == {
        "name": "library.blend",
        "version": "0.0.0",
        "missing": True,
        "links": 1,
        "used": [{"id": "MATERIAL", "name": "Lost", "missing": True}],
    }


def test_nodes_name_files_without_their_folders(record: Json) -> None:
    nodes = {node["type"]: node for node in record["graphs"]["materials/Glow"]["nodes"]}
    assert nodes["ShaderNodeTexIES"]["settings"]["filepath"] == "spot.ies"
    assert nodes["ShaderNodeTexIES"]["layout"]["label"] == "from lamps"


def test_of_a_file_of_ones_own_paths_stay(made: tuple[Path, Json]) -> None:
    folder, _ = made
    body = {"path": str(folder / "whole.blend"), "sha256": "1" * 64, "look": True}
    whole = Path(read.run(body, folder)["record"]).read_text(encoding="utf-8")
    assert f'"filepath":"{HOME}/lamps/spot.ies"' in whole


def test_the_schema_refuses_what_it_does_not_know(record: Json, validator: Any) -> None:
    for wrong in ({"more": 1}, {"bytes": "1"}, {"cameras": [{"name": "Eye"}]}, {"schema": "voxel-record/1"}):
        assert not validator.is_valid({**record, **wrong})


def test_records_of_real_files_keep_to_the_schema(corpus: Path, validator: Any, tmp_path: Path) -> None:
    files = sorted(corpus.rglob("*.blend"), key=lambda path: path.stat().st_size)[::EVERY]
    seen = [(path, header.look(path, bpy.app.version)) for path in files]
    fit = [(path, look) for path, look in seen if isinstance(look, header.Look)]
    old = pictures = 0
    for path, look in fit:
        thumbnail = look.thumbnail.png() if look.thumbnail else b""
        try:
            found = record_of(path, tmp_path, thumbnail)
        except Refused:
            continue
        if thumbnail:
            assert (tmp_path / FOLDER / found["file"]["kept"]).read_bytes() == thumbnail
        assert bool(thumbnail) == ("kept" in found["file"])
        pictures += bool(thumbnail)
        validator.validate(found)
        assert found["file"]["before_2_80"] == (look.version is not None and look.version < (2, 80))
        assert str(corpus) not in json.dumps(found)
        old += found["file"]["before_2_80"]
    assert old and pictures and len(fit) > 15
