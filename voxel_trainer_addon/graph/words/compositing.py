# SPDX-License-Identifier: GPL-3.0-or-later
"""Techniques of the compositor, a row each: name, sentence, roles, what must hold."""

from __future__ import annotations

from . import kinds as k
from .clauses import Clause, Feeds, Holds, There
from .shading import Is, some
from .technique import Technique


def technique(name: str, words: str, roles: dict[str, frozenset[str]], *clauses: Clause) -> Technique:
    return Technique(name, words, roles, clauses, "CompositorNodeTree")


def told(value: object) -> bool:
    return isinstance(value, str) and bool(value)


COMPOSITING = (
    technique(
        "render as it is",
        "The render goes out as it is",
        {"output": k.picture("Composite") | frozenset({"NodeGroupOutput"}), "render": k.picture("RLayers")},
        Feeds("render.Image", "output.Image", near=True),
    ),
    technique(
        "glare",
        "Bright parts of the picture glare: {glare.glare_type|Type}",
        {"glare": k.picture("Glare")},
        Holds("glare.glare_type|Type", told),
    ),
    technique("colour grading", "{A grade} grades the colors", {"grade": k.GRADING}, There("grade")),
    technique("denoise", "The render is freed of noise", {"denoise": k.picture("Denoise")}, There("denoise")),
    technique("keying", "{A key} cuts the subject out of its background", {"key": k.KEYING}, There("key")),
    technique(
        "vignette",
        "{A mask}, blurred, darkens or lightens towards the borders of the picture",
        {"mix": k.PICTURE_MIX, "blur": k.BLUR, "mask": k.picture("EllipseMask", "BoxMask")},
        Feeds("blur", "mix"),
        Feeds("mask", "blur"),
    ),
    technique(
        "cryptomatte matte",
        "A cryptomatte matte picks out objects or materials",
        {
            "use": k.PICTURE_MIX | k.picture("SetAlpha", "OutputFile", "Composite") | k.GRADING | k.BLUR,
            "matte": k.picture("Cryptomatte", "CryptomatteV2"),
        },
        Feeds("matte.Matte", "use"),
    ),
    technique("lens distortion", "The picture is bent as by a lens", {"lens": k.picture("Lensdist")}, There("lens")),
    technique(
        "chromatic aberration",
        "Colors part towards the borders: dispersion {lens.Dispersion}",
        {"lens": k.picture("Lensdist")},
        Holds("lens.Dispersion", some),
    ),
    technique("depth of field", "Depth decides what is out of focus", {"focus": k.picture("Defocus")}, There("focus")),
    technique(
        "fog by depth",
        "The depth or mist pass mixes in {the mix}",
        {"mix": k.PICTURE_MIX, "render": k.picture("RLayers")},
        Feeds("render.Depth|Mist", f"mix.{k.FACTOR}"),
    ),
    technique(
        "bloom by blur",
        "A blurred copy is added to the picture",
        {"mix": k.picture("MixRGB") | k.MIX, "blur": k.BLUR},
        Feeds("blur", "mix"),
        Holds("mix.blend_type", Is("ADD", "SCREEN")),
    ),
    technique("blur", "{A blur} works on the picture", {"blur": k.BLUR}, There("blur")),
    technique(
        "layered pictures",
        "{A over} lays one picture over another",
        {"over": k.picture("AlphaOver", "Zcombine")},
        There("over"),
    ),
    technique(
        "ambient occlusion pass",
        "The ambient occlusion pass is mixed into the picture",
        {"mix": k.PICTURE_MIX, "render": k.picture("RLayers")},
        Feeds("render.AO|Ambient Occlusion", "mix"),
    ),
    technique(
        "film grain",
        "{A grain} puts grain on the picture",
        {"mix": k.PICTURE_MIX, "grain": k.picture("Texture") | k.NOISE},
        Feeds("grain", "mix"),
    ),
    technique(
        "sharpened or filtered",
        "A filter works on the picture: {filter.filter_type|Type}",
        {"filter": k.picture("Filter")},
        Holds("filter.filter_type|Type", told),
    ),
    technique("mask by ID", "An ID mask separates objects or materials", {"mask": k.picture("IDMask")}, There("mask")),
    technique("pixelated", "The picture is pixelated", {"pixels": k.picture("Pixelate")}, There("pixels")),
    technique(
        "scaled",
        "The picture is scaled, moved or cropped",
        {"move": k.picture("Scale", "Transform", "Translate", "Crop")},
        There("move"),
    ),
    technique("movie clip", "A movie clip is part of the picture", {"clip": k.picture("MovieClip")}, There("clip")),
    technique("images", "A stored image is part of the picture", {"image": k.picture("Image")}, There("image")),
    technique(
        "tracking",
        "Motion tracking steadies or places the picture",
        {"track": k.picture("Stabilize", "PlaneTrackDeform", "CornerPin", "TrackPos")},
        There("track"),
    ),
    technique(
        "sun beams", "Rays of light run from a point of the picture", {"rays": k.picture("SunBeams")}, There("rays")
    ),
    technique("files written", "Pictures are written to files", {"file": k.picture("OutputFile")}, There("file")),
    technique("steps of colour", "The colors are reduced to steps", {"steps": k.picture("Posterize")}, There("steps")),
)
