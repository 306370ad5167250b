# SPDX-License-Identifier: GPL-3.0-or-later
"""Prompts held against the trees that their answers make: `python check_prompts.py ROWS.jsonl… [--rows N]`.

For a Python with bpy. Knows nothing of how descriptions are written: each answer is run, and every sentence of its
prompt is asked of the tree that is then in Blender, by Blender's own names of nodes and sockets. Prints the figures as
JSON, and each sentence that is false, or that it cannot read.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import bpy
import checking
from checking import Verdict
from live_tree import COUNTED, VERBS, Live, items, near, plain, said, split, values_of


def check(live: Live, sentence: str) -> Verdict:
    """Whether a sentence is true of the tree; None where it cannot be read."""
    text = sentence.strip().removesuffix(".")
    if found := re.fullmatch(r"It (?:takes (.+?))?(?: and )?(?:gives (.+))?", text):
        sides = {"INPUT": found[1], "OUTPUT": found[2]}
        if any(sides.values()):
            return all(names is None or interface(live, side, names) for side, names in sides.items())
    if found := re.fullmatch(r"(?:It is )?(?:made of|It uses) (.+)", text):
        bare = re.sub(r'"[^"]*"|\b\d+ times|, | and ', " ", text)
        if re.fullmatch(r"It uses the [\w ]+", bare.strip()) and "made of" not in text:
            return all(exists(name) for name in re.findall(r'"([^"]+)"', found[1]))
        return all(made_of(live, part) for part in items(found[1]))
    if text == "It is empty" or text == "without nodes":
        return not [n for n in live.nodes if n.bl_idname not in ("NodeGroupInput", "NodeGroupOutput")]
    if found := re.fullmatch(r"Nodes: (.+)", text):
        return all(node_told(live, part) for part in split(found[1], ", "))
    if found := re.fullmatch(r"Connect (.+)", text):
        return all(linked(live, part) for part in split(found[1], "; "))
    if found := re.fullmatch(r"It begins with (.+?) and goes on through (.+)", text):
        return row(live, [found[1], *items(found[2])])
    if found := re.fullmatch(r"What comes in goes through (.+)", text):
        return row(live, ["Group Input", *items(found[1])])
    if found := re.fullmatch(r"(Keyframes|Drivers) move values of (.+)", text):
        return all(live.named(part) for part in items(found[2]))
    if found := re.fullmatch(r"Input ([^:]+): (.+)", text):
        return socket_told(live, found[1], found[2])
    if found := re.fullmatch(r"The attribute (.+) is (stored|read|set).*", text):
        kind = "GeometryNodeStoreNamedAttribute" if found[2] == "stored" else "GeometryNodeInputNamedAttribute"
        return any(
            n.bl_idname == kind and plain(str(entry.default_value)) == plain(found[1])
            for n in live.nodes
            for entry in n.inputs
            if entry.name == "Name"
        )
    if text.startswith("An input of the group mixes"):
        return driven_mix(live)
    if text.startswith("Front and back of the faces"):
        return bool(technique(live, "two-sided looks"))
    if text.startswith("Smooth shading is set"):
        return bool(technique(live, "smooth shading"))
    if text.startswith("It does nothing but calculate"):
        return calculates(live)
    if text.startswith("The render goes out as it is"):
        return untouched(live)
    if re.fullmatch(r"\w+ nodes? leads? to no output|\w+ nodes? (?:is|are) muted", text):
        return None
    head = split(text, ": ")
    if len(head) > 1 and live.named(head[0]):
        return all(part_told(live, head[0], part) for part in split(": ".join(head[1:]), "; "))
    return about(live, text)


def interface(live: Live, side: str, names: str) -> bool:
    there = [i.name for i in live.tree.interface.items_tree if i.item_type == "SOCKET" and i.in_out == side]
    more = re.search(r"(?:,| and) (\d+) more$", names)
    told = names[: more.start()] if more else names
    return plain(told) == plain(" ".join(there[: len(there) - int(more[1])] if more else there)) or plain(
        told.replace(" and ", " ")
    ) == plain(" ".join(there).replace(" and ", " "))


def made_of(live: Live, part: str) -> bool:
    if re.fullmatch(r"\d+ more kinds?", part):
        return True
    found = COUNTED.fullmatch(part.strip())
    assert found
    if found[2] == "no nodes":
        return True
    wanted = int(found[1] or 1)
    return len(exact(live, found[2])) == wanted


def exact(live: Live, words: str) -> list[Any]:
    """The nodes that are called so: a group by its name, others by their type."""
    group = re.fullmatch(r'the group "(.*)"', words)
    if group:
        return [n for n in live.nodes if getattr(n, "node_tree", None) and n.node_tree.name == group[1]]
    return [n for n in live.nodes if plain(words) in live.words[n.name] and not getattr(n, "node_tree", None)]


def exists(name: str) -> bool:
    kinds = (p.identifier for p in bpy.types.BlendData.bl_rna.properties if p.type == "COLLECTION")
    return any(name in getattr(bpy.data, kind) for kind in kinds if kind != "all_ids")


def node_told(live: Live, part: str) -> bool:
    found = re.fullmatch(r"(.+?)(?: \((.+)\))?", part.strip())
    assert found
    nodes = live.named(found[1])
    if not nodes:
        return False
    for told in split(found[2] or "", ", "):
        if re.fullmatch(r'".*"', told):
            name = told.strip('"')
            ok = live.is_label(name) or any(
                getattr(n, "node_tree", None) and n.node_tree.name == name for n in live.nodes
            )
        else:
            ok = live.holds_value(nodes, told)
        if not ok:
            return False
    return True


def linked(live: Live, part: str) -> bool:
    halves = split(part, " to ")
    return any(live.linked(" to ".join(halves[:n]), " to ".join(halves[n:])) for n in range(1, len(halves)))


def part_told(live: Live, who: str, part: str) -> bool:
    nodes = live.named(who)
    for told in split(part, ", "):
        found = re.fullmatch(r"(.+?) from (.+?)(?: \((.+)\))?", told)
        if found and live.named(found[2]):
            names = [found[1], re.sub(r"^(?:first|second|third|fourth|fifth) ", "", found[1])]
            sources = {n.name for n in live.named(found[2])} | {n.name for n in live.named(f"{found[2]} ({found[3]})")}
            if not any(
                plain(entry.name) in map(plain, names) and any(comes(link) in sources for link in entry.links)
                for node in nodes
                for entry in node.inputs
            ):
                return False
        elif not live.holds_value(nodes, told):
            return False
    return True


def comes(link: Any) -> str:
    while link.from_node.bl_idname == "NodeReroute" and link.from_node.inputs[0].links:
        link = link.from_node.inputs[0].links[0]
    return str(link.from_node.name)


def row(live: Live, names: list[str]) -> bool:
    names = [re.sub(r"^\d+ [×x] ", "", name) for name in names]
    return all(live.way(a, b) for a, b in itertools.pairwise(names))


def socket_told(live: Live, name: str, told: str) -> bool:
    for item in live.tree.interface.items_tree:
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and plain(item.name) == plain(name):
            found = re.search(r"(?:^|, )([^,]+|about \([^)]*\)|\([^)]*\)°?) unless set", told)
            default = getattr(item, "default_value", None)
            if found is None or said(default, found[1]) or (hasattr(default, "__len__") and said(default, told)):
                return True
            inside = re.search(r"\(([^)]*)\)", told) if hasattr(default, "__len__") else None
            if inside and said(default, inside[0]):
                return True
    return False


def about(live: Live, text: str) -> Verdict:
    """A sentence about a technique: the nodes that it names are there, a way leads between them where it says so, and
    its numbers are values of theirs."""
    text = re.sub(r'(?<!group )"[^"]*"', "", text)
    labels = {name for names in live.words.values() for name in names if len(name) > 3}
    spoken = plain(re.sub(r", in (?:more than )?\d+ places$", "", text))
    named = sorted((name for name in labels if re.search(rf"\b{re.escape(name)}\b", spoken)), key=len, reverse=True)
    kept: list[str] = []
    for name in named:
        if not any(name in longer for longer in kept):
            kept.append(name)
    capital = re.findall(r"\b(?:[A-Z][\w/]+(?: (?:to|of|on|and|in) (?=[A-Z]))?(?: [A-Z][\w/]+)*)", text[1:])
    for words in capital:
        if plain(words) not in labels and re.search(r"(?:Texture|BSDF|Shader|Ramp|Weight|Path)$", words):
            return False
    if not kept:
        return None
    nodes = [node for name in kept for node in live.nodes if name in live.words[node.name]]
    tail = re.sub(r", in (?:more than )?\d+ places$", "", text)
    for number in re.findall(r"(?<![\w.\"])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w\"])", tail):
        values = [v for node in nodes for _, v in values_of(node)]
        flat = [
            float(x)
            for v in values
            for x in (v if hasattr(v, "__len__") and not isinstance(v, str) else [v])
            if isinstance(x, int | float)
        ]
        flat += [math.degrees(x) for x in flat]
        if not any(near(float(number), x) for x in flat):
            return False
    if VERBS.search(tail) and len(kept) == 2:
        return live.way(kept[0], kept[1]) or live.way(kept[1], kept[0])
    return True


TECHNIQUES: dict[str, tuple[str, ...]] = {
    "noise-driven roughness": ("Noise", "Musgrave", "Voronoi", "WhiteNoise", "Gabor"),
    "colour from an image": ("TexImage",),
    "bump from a height texture": ("Bump",),
    "colour by angle of view": ("Fresnel", "LayerWeight"),
    "an emission shader": ("Emission",),
    "transparency": ("Transparent",),
    "a sky texture": ("TexSky",),
    "an HDRI environment": ("TexEnvironment",),
    "different looks for different rays": ("LightPath",),
    "a plain background": ("Background",),
    "metal": ("Principled", "Metallic", "Anisotropic", "Glossy"),
    "glass": ("Principled", "Glass", "Refraction"),
    "emission": ("Emission", "Principled", "EeveeSpecular"),
    "a repeat zone": ("RepeatInput",),
    "a simulation zone": ("SimulationInput",),
    "instance on points": ("InstanceOnPoints",),
    "scatter on faces": ("DistributePoints",),
    "wireframe": ("Wireframe",),
    "two-sided looks": ("NewGeometry",),
    "materials assigned": ("SetMaterial",),
    "layered noise": ("Noise", "Musgrave", "Voronoi"),
    "a roughness map": ("TexImage",),
    "a metallic map": ("TexImage",),
    "a normal map": ("NormalMap",),
    "a Fresnel mix": ("Fresnel", "LayerWeight"),
    "a boolean": ("MeshBoolean",),
    "sampling": ("Sample", "Proximity", "Raycast", "FieldAtIndex"),
    "a displaced surface": ("Displacement",),
    "a volume": ("Volume",),
    "glare": ("Glare",),
    "denoise": ("Denoise",),
    "curve to mesh": ("CurveToMesh",),
    "smooth shading": ("SetShadeSmooth",),
    "vertex colour": ("VertexColor", "Attribute"),
    "procedural colour": ("Tex",),
    "a colour-ramped texture": ("ValToRGB",),
    "a colour-ramped mask": ("ValToRGB",),
    "warped coordinates": ("VectMath", "VectorMath", "Mix", "Tex"),
    "box mapping": ("TexImage",),
    "mapped texture": ("Mapping",),
    "a mapped texture": ("Mapping",),
    "toon shading": ("ShaderToRGB", "Toon"),
    "lighting as a colour": ("ShaderToRGB",),
    "transparency by alpha": ("Principled", "Transparent"),
    "sheen": ("Principled", "Sheen", "Velvet"),
    "a clear coat": ("Principled",),
    "added shaders": ("AddShader",),
    "a read attribute": ("NamedAttribute",),
    "a stored attribute": ("StoreNamedAttribute",),
    "random values": ("RandomValue",),
    "realized instances": ("RealizeInstances",),
    "merge by distance": ("MergeByDistance",),
    "joined parts": ("JoinGeometry",),
    "an option by a switch": ("Switch",),
    "subdivision": ("Subdivi",),
    "extrusion": ("ExtrudeMesh",),
    "a mesh or curve primitive": (
        "MeshCube",
        "MeshGrid",
        "MeshCircle",
        "MeshCone",
        "MeshCylinder",
        "Sphere",
        "Line",
        "Primitive",
        "Quadratic",
        "Arc",
        "Spiral",
        "Star",
        "Points",
        "VolumeCube",
    ),
    "accumulation": ("AccumulateField",),
    "a captured attribute": ("CaptureAttribute",),
    "blur": ("Blur",),
    "colour grading": ("Color", "Hue", "Curve", "Exposure", "Gamma", "Bright", "Tonemap"),
    "layered pictures": ("Mix", "AlphaOver"),
}


def surface(live: Live) -> list[Any]:
    """What goes straight into the surface of the outputs."""
    ends = [node for node in live.nodes if node.bl_idname.startswith("ShaderNodeOutput")]
    found = [link.from_node for node in ends for link in node.inputs[0].links]
    while any(node.bl_idname == "NodeReroute" for node in found):
        found = [
            link.from_node
            for node in found
            for link in (node.inputs[0].links if node.bl_idname == "NodeReroute" else ())
        ] or [node for node in found if node.bl_idname != "NodeReroute"]
    return found


def driven_mix(live: Live) -> bool:
    mixes = [node for node in live.nodes if "Mix" in node.bl_idname]
    starts = [node for node in live.nodes if node.bl_idname == "NodeGroupInput"]
    return any(mix.name in live.after(start) and mix.inputs[0].links for mix in mixes for start in starts)


def scatters(live: Live) -> bool:
    weights = [
        entry
        for node in live.nodes
        if node.bl_idname == "ShaderNodeBsdfPrincipled"
        for entry in node.inputs
        if entry.name == "Subsurface Weight"
    ]
    return any(entry.links or entry.default_value > 0 for entry in weights) or any(
        node.bl_idname == "ShaderNodeSubsurfaceScattering" for node in live.nodes
    )


def untouched(live: Live) -> bool:
    ends = [n for n in live.nodes if n.bl_idname in ("CompositorNodeComposite", "NodeGroupOutput")]
    return any(comes_from(link) == "CompositorNodeRLayers" for n in ends for e in n.inputs for link in e.links)


def comes_from(link: Any) -> str:
    while link.from_node.bl_idname == "NodeReroute" and link.from_node.inputs[0].links:
        link = link.from_node.inputs[0].links[0]
    return str(link.from_node.bl_idname)


LOOKS: dict[str, Callable[[Live], bool]] = {
    "a single plain shader": lambda live: all(
        "Mix" not in n.bl_idname and "Add" not in n.bl_idname for n in surface(live)
    ),
    "its surface from a group": lambda live: any(n.bl_idname == "ShaderNodeGroup" for n in surface(live)),
    "its light from a group": lambda live: any(n.bl_idname == "ShaderNodeGroup" for n in surface(live)),
    "a mix that an input drives": driven_mix,
    "subsurface scattering": scatters,
    "the render as it is": untouched,
    "alpha cut-out": lambda live: any(link.from_socket.name == "Alpha" for link in live.tree.links),
    "images into a group": lambda live: any(
        n.bl_idname == "ShaderNodeTexImage" and any("Group" in live.tree.nodes[m].bl_idname for m in live.after(n))
        for n in live.nodes
    ),
    "calculation": lambda live: calculates(live),
}


def calculates(live: Live) -> bool:
    return not any(
        re.search(r"Bsdf|Tex(?!Coord)|Emission|Mesh|Curve(?!s?RGB)|Output(?!$)", n.bl_idname)
        for n in live.nodes
        if n.bl_idname != "NodeGroupOutput"
    )


def technique(live: Live, name: str) -> Verdict:
    if name in LOOKS:
        return LOOKS[name](live)
    wanted = TECHNIQUES.get(name)
    return any(part in node.bl_idname for node in live.nodes for part in wanted) if wanted else None


def sentences(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(Kind, text) of what a prompt says: techniques of a line, and sentences."""
    prompt, name = row["prompt"], row["key"].split("/", 1)[1]
    body = prompt.replace(f'"{name}"', "NAME")
    ends = r"(?:, called NAME|\. Name it|\. Its name|\.$| as compact)"
    whole = re.search(r"Nodes:|It (?:is made|takes|gives|uses)|Connect|: ", body.replace("NAME: ", ""))
    if not whole and (found := re.search(rf"\bwith (.+?){ends}", body)):
        yield from (("technique", part) for part in items(found[1]))
        return
    if not whole and (found := re.search(rf"\bmade of (.+?){ends}", body)):
        yield "sentence", f"made of {found[1]}."
        return
    body = re.sub(r"^(?:.*?\bNAME[^.]*?\. )", "", body)
    body = re.sub(r"\s*(?:Build|Write) this .*NAME.*$", "", body)
    for text in split(body.replace("NAME", f'"{name}"'), ". "):
        yield "sentence", text


def tree_of(key: str) -> Any:
    collection, name = key.split("/", 1)
    block = getattr(bpy.data, collection).get(name)
    return block if collection == "node_groups" else getattr(block, "node_tree", None)


def checked(row: dict[str, Any]) -> Iterator[tuple[Verdict, str]]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    exec(compile(row["completion"], "<answer>", "exec"), {"__name__": "__main__"})
    tree = tree_of(row["key"])
    if tree is None:
        yield False, f"no {row['key']}"
        return
    live = Live(tree, row["completion"])
    for kind, text in sentences(row):
        yield (technique(live, text) if kind == "technique" else check(live, text)), text


if __name__ == "__main__":
    sys.exit(checking.main(checked, ("tree",), __doc__))
