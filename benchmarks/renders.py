# SPDX-License-Identifier: GPL-3.0-or-later
"""What pictures tell apart: materials with one thing changed, against the same material with other noise.

    python benchmarks/renders.py --blender PATH [--scripts FOLDER] [--against PATH] [--workers N]

PATH is a Blender, or a Python that has bpy; this Python needs numpy. The materials are twelve that are made at random
here, and those in FOLDER (what `run_headless.py code` wrote) that have a Principled BSDF and a procedural texture, and
no image. `--against`: the same pictures by another Blender. Where flip-evaluator is installed, our FLIP is compared
with it. Prints one JSON object: for each change the median distance, and in how many of the materials that it applies
to it is above the greatest noise of any (`above`). Distances: 1 − FLIP is the metric `render_flip`, `lab` is in units
of Lab.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from voxel_trainer_addon.cli.host import ask  # noqa: E402
from voxel_trainer_addon.evaluation import pictures  # noqa: E402
from voxel_trainer_addon.evaluation.rendering import BARE, LIMIT_S, SAMPLES, SIZE  # noqa: E402
from voxel_trainer_addon.worker.pool import Pool  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host, Request  # noqa: E402

MADE = """import bpy
made = bpy.data.materials.new("Made")
if made.node_tree is None:
    made.use_nodes = True
nodes, links = made.node_tree.nodes, made.node_tree.links
shader = nodes["Principled BSDF"]
shader.inputs["Roughness"].default_value = {roughness}
shader.inputs["Metallic"].default_value = {metallic}
texture = nodes.new("{texture}")
texture.inputs["Scale"].default_value = {scale}
ramp = nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.elements[0].color = ({low}, 1.0)
ramp.color_ramp.elements[1].color = ({high}, 1.0)
links.new(texture.outputs[0], ramp.inputs[0])
links.new(ramp.outputs[0], shader.inputs["Base Color"])
bump = nodes.new("ShaderNodeBump")
bump.inputs["Distance"].default_value = {distance}
links.new(texture.outputs[0], bump.inputs["Height"])
links.new(bump.outputs[0], shader.inputs["Normal"])
"""
TEXTURES = ("ShaderNodeTexNoise", "ShaderNodeTexVoronoi", "ShaderNodeTexWave", "ShaderNodeTexMagic")
EACH = """
for node in bpy.data.materials["{name}"].node_tree.nodes:
    {body}
"""
CHANGES = {
    "roughness +0.15": """if node.bl_idname == "ShaderNodeBsdfPrincipled" and not node.inputs["Roughness"].is_linked:
        was = node.inputs["Roughness"].default_value
        node.inputs["Roughness"].default_value = was + 0.15 if was <= 0.85 else was - 0.15""",
    "metallic flipped": """if node.bl_idname == "ShaderNodeBsdfPrincipled" and not node.inputs["Metallic"].is_linked:
        node.inputs["Metallic"].default_value = 1.0 - node.inputs["Metallic"].default_value""",
    "texture scale x1.3": """if node.bl_idname.startswith("ShaderNodeTex") and "Scale" in node.inputs:
        node.inputs["Scale"].default_value = 1.3 * node.inputs["Scale"].default_value""",
    "one channel of the ramp inverted": """if node.bl_idname == "ShaderNodeValToRGB":
        for element in node.color_ramp.elements:
            element.color[0] = 1.0 - element.color[0]""",
    "bump removed": """if node.bl_idname == "ShaderNodeBump":
        node.mute = True""",
    "bump of 1 mm removed": "",
}
"""What is done to each node; the last has a bump of Blender 5's default distance in both pictures' stead."""
SHALLOW = 0.001


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--blender", required=True)
    parser.add_argument("--scripts", type=Path)
    parser.add_argument("--against")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    host = ask(options.blender, ROOT / "scripts" / "run_headless.py")
    groups = {"made at random": [made(number) for number in range(12)]}
    if options.scripts:
        groups["of files"] = [*of_files(options.scripts)]
    found: dict[str, Any] = {"blender": host.name, "size": SIZE, "samples": SAMPLES}
    for name, materials in groups.items():
        began = time.perf_counter()
        taken = take(host, wanted(materials), options.workers)
        count = sum(map(len, taken.values()))
        found[name] = table(len(materials), taken)
        found[name]["seconds_a_picture"] = round((time.perf_counter() - began) * options.workers / count, 2)
        if options.against:
            other = ask(options.against, ROOT / "scripts" / "run_headless.py")
            again = take(other, {(n, "as it is"): m for n, m in enumerate(materials)}, options.workers)
            pairs = [(taken[key][0], again[key][0]) for key in again if key in taken]
            found[name][f"by Blender {other.name}"] = told([pictures.compare(*pair) for pair in pairs])
    if find_spec("flip_evaluator"):
        found["flip_evaluator"] = peer([pair[0] for pair in taken.values()])
    found["machine"] = {"system": platform.platform(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    print(json.dumps(found, indent=2, ensure_ascii=False))


Material = tuple[str, str]
"""Script and key."""


def made(number: int, **given: float) -> Material:
    dice = random.Random(number)
    values = {
        "texture": dice.choice(TEXTURES),
        "scale": round(dice.uniform(2, 12), 2),
        "roughness": round(dice.uniform(0.15, 0.7), 2),
        "metallic": float(dice.random() < 0.3),
        "distance": round(dice.uniform(0.02, 0.1), 3),
        "low": ", ".join(f"{dice.random():.2f}" for _ in range(3)),
        "high": ", ".join(f"{dice.random():.2f}" for _ in range(3)),
    }
    return MADE.format(**values | given), "materials/Made"


def of_files(scripts: Path) -> Iterable[Material]:
    """Each different script once."""
    seen = set()
    for index in sorted(scripts.rglob("index.json")):
        for entry in json.loads(index.read_text(encoding="utf-8")):
            if not entry["proven"] or not entry["key"].startswith("materials/"):
                continue
            code = (index.parent / entry["script"]).read_text(encoding="utf-8")
            body = "".join(line for line in code.splitlines(keepends=True) if not line.lstrip().startswith("#"))
            textures = set(re.findall(r"ShaderNodeTex(\w+)", code)) - {"Coord"}
            if "BsdfPrincipled" in code and textures and not textures & {"Image", "Environment"} and body not in seen:
                seen.add(body)
                yield code, entry["key"]


def wanted(materials: list[Material]) -> dict[tuple[int, str], Material]:
    """(number of a material, change) → what is pictured. A change that does nothing to a material is left out."""
    found: dict[tuple[int, str], Material] = {}
    for number, (code, key) in enumerate(materials):
        found[number, "as it is"] = code, key
        name = key.partition("/")[2].replace("\\", "\\\\").replace('"', '\\"')
        for change, body in CHANGES.items():
            if body:
                found[number, change] = code + EACH.format(name=name, body=body), key
        if code.startswith(MADE[:40]):
            found[number, "bump of 1 mm"] = made(number, distance=SHALLOW)
            found[number, "bump of 1 mm removed"] = found[number, "bump removed"]
    found[-1, "Blender’s default material"] = BARE["materials"]
    return found


def take(host: Host, materials: dict[Any, Material], workers: int) -> dict[Any, list[bytes]]:
    """The pictures of each, those as it is with other noise too."""
    found = {}
    with (
        tempfile.TemporaryDirectory() as scratch,
        Pool(host, workers=workers, memory_mb=2000, scratch=Path(scratch)) as pool,
    ):
        asked = {str(number): what for number, what in enumerate(materials)}
        body = {"size": SIZE, "samples": SAMPLES, "frame": []}
        requests = (
            Request(
                "render_answer",
                {**body, "code": code, "key": key, "seeds": [0, 1] if what[1] == "as it is" else [0]},
                item,
                limit_s=LIMIT_S,
            )
            for item, what in asked.items()
            for code, key in [materials[what]]
        )
        for answer in pool.run(requests, lambda: True):
            if answer.ok:
                found[asked[answer.request.item]] = [b64decode(text) for text in answer.body["pictures"]]
            else:
                print(asked[answer.request.item], answer.sentence, answer.detail, file=sys.stderr)
    return found


def table(count: int, taken: dict[Any, list[bytes]]) -> dict[str, Any]:
    """Distances by change, and how many are above the greatest noise."""
    plain = {number: taken[number, "as it is"] for number in range(count) if (number, "as it is") in taken}
    floor = [pictures.compare(*both) for both in plain.values()]
    most = max(one.flip for one in floor), max(one.lab for one in floor)
    found: dict[str, Any] = {"materials": len(plain), "other noise": told(floor)}
    distances = defaultdict(list)
    for (number, change), (picture, *_) in taken.items():
        if change in CHANGES:
            first = taken[number, "bump of 1 mm"] if change == "bump of 1 mm removed" else plain[number]
            distances[change].append(pictures.compare(first[0], picture))
    if bare := taken.get((-1, "Blender’s default material")):
        distances["Blender’s default material"] = [pictures.compare(both[0], bare[0]) for both in plain.values()]
    for change, all_ in distances.items():
        each = [one for one in all_ if one.flip or one.lab]
        if each:
            above = {"flip": sum(one.flip > most[0] for one in each), "lab": sum(one.lab > most[1] for one in each)}
            found[change] = {"materials": len(each), "above": above, **told(each)}
    return found


def told(each: list[pictures.Likeness]) -> dict[str, Any]:
    return {
        name: {"median": round(median(values), 4), "most": round(max(values), 4)}
        for name, values in (("flip", [one.flip for one in each]), ("lab", [one.lab for one in each]))
    }


def peer(files: list[bytes]) -> dict[str, Any]:
    """Our FLIP beside that of its authors' own program, over pairs of whole pictures."""
    import flip_evaluator
    import numpy as np

    differences, ours, theirs = [], 0.0, 0.0
    read = [pictures._read(one)[0] for one in files[:60]]
    for one, other in pairwise(read):
        began = time.perf_counter()
        mine = pictures.flip(one, other).mean()
        ours += time.perf_counter() - began
        began = time.perf_counter()
        given = [np.ascontiguousarray(colours, np.float32) for colours in (one, other)]
        mean = flip_evaluator.evaluate(*given, "LDR", applyMagma=False)[1]
        theirs += time.perf_counter() - began
        differences.append(abs(float(mine) - float(mean)))
    count = len(differences)
    return {
        "pairs": count,
        "greatest_difference": round(max(differences), 6),
        "ms_a_pair": {"ours": round(1000 * ours / count), "theirs": round(1000 * theirs / count)},
    }


if __name__ == "__main__":
    main()
