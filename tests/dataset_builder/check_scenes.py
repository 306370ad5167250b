# SPDX-License-Identifier: GPL-3.0-or-later
"""Prompts of scenes and stacks held against what their answers make: `python check_scenes.py ROWS.jsonl… [--rows N]`.

For a Python with bpy. Like `check_prompts.py` it runs each answer and asks Blender; it knows nothing of how the
descriptions are written.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import bpy
import checking
from check_prompts import items, near, plain, said, split
from checking import Verdict

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
TRIPLE = rf"\(({NUMBER}), ({NUMBER}), ({NUMBER})\)"
WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
WORDS |= {"nine": 9, "ten": 10}
SINGLE = {"meshes": "mesh", "empties": "empty", "boxes": "box"}


def kind(ob: Any) -> str:
    if ob.type == "LIGHT":
        return f"{ob.data.type.lower()} light"
    return {"FONT": "text", "META": "metaball"}.get(ob.type, ob.type.lower())


def triple(found: re.Match[str], at: int) -> list[float]:
    return [float(found[at + n]) for n in range(3)]


def alike(have: Any, want: list[float], least: float = 2e-5) -> bool:
    return all(abs(a - b) <= least * max(1.0, abs(a), abs(b)) for a, b in zip(have, want, strict=True))


def names(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


def about_object(text: str) -> Verdict:
    """`Camera "Camera", in "Props", at (…): lens 35 mm.`"""
    found = re.match(r'([\w ]+) "([^"]+)"', text)
    ob = bpy.data.objects.get(found[2]) if found else None
    if found is None or ob is None:
        return None if found is None else False
    verdicts = [plain(found[1]) == plain(kind(ob))]
    head, _, tail = text[found.end() :].partition(": ")
    for part in split(head, ", "):
        verdicts.append(stands(ob, part.strip()))
    for part in split(tail, ", "):
        verdicts += [made_of(ob, each.strip()) for each in split(part, " and ")]
    return all(verdict is not False for verdict in verdicts)


def stands(ob: Any, part: str) -> Verdict:
    if found := re.fullmatch(rf"at {TRIPLE}", part):
        return alike(ob.location, triple(found, 1))
    if found := re.match(rf"turned by {TRIPLE}°", part):
        return alike([math.degrees(x) for x in ob.rotation_euler], triple(found, 1), 2e-3)
    if found := re.fullmatch(rf"scaled by {TRIPLE}", part):
        return alike(ob.scale, triple(found, 1))
    if part.startswith("child of"):
        told = names(part)
        return ob.parent is not None and ob.parent.name == told[-1] and (len(told) < 2 or ob.parent_bone == told[0])
    if part.startswith("in "):
        return {c.name for c in ob.users_collection} == set(names(part))
    if found := re.fullmatch(r"((?:hide|show|empty|display)[\w ]+?) (\S+(?: \w+)?)", part):
        held = [p for p in ob.bl_rna.properties if part.startswith(p.identifier.replace("_", " ") + " ")]
        return any(said(getattr(ob, p.identifier), part[len(p.identifier) + 1 :]) for p in held)
    return None


def made_of(ob: Any, part: str) -> Verdict:
    data = ob.data
    if found := re.match(r'the same data as "([^"]+)"', part):
        return bool(bpy.data.objects[found[1]].data == data)
    if found := re.match(rf"an? (\w+) from {TRIPLE} to {TRIPLE}", part):
        axes = list(zip(*(vertex.co for vertex in data.vertices), strict=True))
        low, high = [min(axis) for axis in axes], [max(axis) for axis in axes]
        counts = {"box": (8, 6), "plane": (4, 1), "sphere": (482, 512), "cylinder": (64, 34), "cone": (33, 33)}
        size = (len(data.vertices), len(data.polygons))
        return counts[found[1]] == size and alike(low, triple(found, 2)) and alike(high, triple(found, 5))
    if found := re.fullmatch(rf"({NUMBER}) W|strength ({NUMBER})", part):
        return near(data.energy, float(found[1] or found[2]))
    if found := re.match(rf"(lens|sensor width|clip start|clip end|ortho scale|shift x|shift y) ({NUMBER})", part):
        return near(getattr(data, found[1].replace(" ", "_")), float(found[2]))
    if found := re.match(rf"(radius|cone|angle) ({NUMBER})", part):
        held = {"radius": "shadow_soft_size", "cone": "spot_size", "angle": "angle"}[found[1]]
        value = getattr(data, held)
        return near(value, float(found[2])) or near(math.degrees(value), float(found[2]))
    if found := re.search(r'\(data "([^"]+)"\)', part):
        return bool(data.name == found[1])
    return None


def sentence(text: str) -> Verdict:
    text = text.strip().removesuffix(".")
    scene = bpy.context.scene
    if found := re.fullmatch(r"(?:It has|It holds|It is made of) ((?:an?|\d+|\w+) .+)", text):
        if "modifier" in text or "constraint" in text:
            return None
        wanted: Counter[str] = Counter()
        for part in items(found[1]):
            number, _, what = part.partition(" ")
            wanted[SINGLE.get(what, what.removesuffix("s"))] += WORDS.get(number) or int(number)
        return wanted == Counter(kind(ob) for ob in bpy.data.objects)
    if found := re.fullmatch(r"Objects: (.+)", text):
        return all(name in bpy.data.objects for name in names(found[1]))
    if found := re.fullmatch(r"Collections?: (.+)", text):
        return all(name in bpy.data.collections for name in names(found[1]))
    if found := re.fullmatch(r'"([^"]+)" is the active camera', text):
        return scene.camera is not None and scene.camera.name == found[1]
    if found := re.fullmatch(r'(.+) (?:are children|is a child) of "([^"]+)"', text):
        told = [bpy.data.objects[name] for name in names(found[1])]
        return all(ob.parent is not None and ob.parent.name == found[2] for ob in told)
    if found := re.match(r"(?:It renders|Render) with (\w+)", text):
        return plain(found[1]) in plain(scene.render.engine) and samples(scene, text)
    if found := re.fullmatch(r"Settings: (.+)", text):
        return all(setting(scene, part) is not False for part in split(found[1], ", "))
    if found := re.match(rf'The world "([^"]+)" is a plain background, color {TRIPLE}, strength ({NUMBER})', text):
        node = scene.world.node_tree.nodes["Background"]
        color, strength = node.inputs["Color"].default_value, node.inputs["Strength"].default_value
        return scene.world.name == found[1] and alike(color[:3], triple(found, 2)) and near(strength, float(found[5]))
    if found := re.match(r"(.+?) (?:stands?|stand) in for the mesh", text):
        return bool(bpy.data.meshes)
    if re.match(r'(?:"[^"]+"(?:, | and )?)+ (?:has|each have) ', text):
        told = text[: re.search(r" (?:has|each have) ", text).start()]  # type: ignore[union-attr]
        return all(stack(bpy.data.objects[name], text[len(told) :]) for name in names(told))
    return about_object(text)


def samples(scene: Any, text: str) -> bool:
    found = re.search(r"(\d+) samples", text)
    return found is None or int(found[1]) in (scene.cycles.samples, scene.eevee.taa_render_samples)


def setting(scene: Any, part: str) -> Verdict:
    if found := re.fullmatch(r"(\d+) × (\d+) pixels", part):
        return (scene.render.resolution_x, scene.render.resolution_y) == (int(found[1]), int(found[2]))
    if found := re.fullmatch(r"resolution at (\d+) %", part):
        return bool(scene.render.resolution_percentage == int(found[1]))
    if found := re.fullmatch(r"(\d+) frames a second", part):
        return bool(scene.render.fps == int(found[1]))
    if found := re.fullmatch(r"frames (-?\d+) to (-?\d+)", part):
        return (scene.frame_start, scene.frame_end) == (int(found[1]), int(found[2]))
    if found := re.fullmatch(r'view transform "?([^"]+)"?', part):
        return plain(scene.view_settings.view_transform) == plain(found[1])
    return None


def stack(ob: Any, text: str) -> bool:
    """Every modifier and constraint that is told is there, in its order, with the values that are told."""
    for side, word in ((ob.modifiers, "modifier"), (ob.constraints, "constraint")):
        at = 0
        for found in re.finditer(rf"\b([A-Z][\w ]*?) {word}(?: \"([^\"]+)\")?(?: \(((?:[^()]|\([^()]*\))*)\))?", text):
            while at < len(side) and plain(label(side[at])) != plain(found[1]):
                at += 1
            if at == len(side) or (found[2] and side[at].name != found[2]):
                return False
            if not all(told(side[at], part) for part in split(found[3] or "", ", ")):
                return False
            at += 1
    return True


def label(entry: Any) -> str:
    items = entry.bl_rna.properties["type"].enum_items
    return str(items[entry.type].name)


def told(entry: Any, part: str) -> bool:
    for p in entry.bl_rna.properties:
        words, value = p.identifier.replace("_", " "), getattr(entry, p.identifier)
        rest = part[len(words) + 1 :]
        if part.startswith(words + " ") and (
            said(value, rest) or (p.type == "POINTER" and value and told(value, rest))
        ):
            return True
    return False


def sentences(row: dict[str, Any]) -> Iterator[str]:
    prompt, name = row["prompt"], row["key"].split("/", 1)[1]
    if row["kind"] == "stack":
        found = re.search(r"It has (.+)$", prompt) or re.search(r"with (.+)$", prompt)
        assert found, prompt
        yield f'"{name}" has {found[1]}'
        return
    begins = r"It has|It holds|It is made of|Render with|Settings:|Objects:|Collections?:|[A-Z]\w+ \""
    start = re.search(begins, prompt)
    for text in split(prompt[start.start() if start else 0 :], ". "):
        if not re.match(r"(?:Build this|Make|Write|Please|I need)|.* to be made with bpy", text):
            yield text


def checked(row: dict[str, Any]) -> Iterator[tuple[Verdict, str]]:
    """What becomes of each sentence of a prompt."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    exec(compile(row["completion"], "<answer>", "exec"), {"__name__": "__main__"})
    for text in sentences(row):
        try:
            yield sentence(text), text
        except (AttributeError, KeyError):  # no such thing or setting is there
            yield False, text


if __name__ == "__main__":
    sys.exit(checking.main(checked, ("scene", "stack"), __doc__))
