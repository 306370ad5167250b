# SPDX-License-Identifier: GPL-3.0-or-later
"""Techniques of materials and worlds, a row each: name, sentence, roles, what must hold."""

from __future__ import annotations

from typing import Any

from . import kinds as k
from .clauses import Apart, Clause, Feeds, Holds, Only, There
from .technique import Technique

TREE = "ShaderNodeTree"


def some(value: Any) -> bool:
    """A number above nought."""
    return isinstance(value, int | float) and value > 0


def most(value: Any) -> bool:
    """A share of more than a half."""
    return isinstance(value, int | float) and value > 0.5


def whole(value: Any) -> bool:
    """A share of nine tenths and more."""
    return isinstance(value, int | float) and value >= 0.9


def lit(value: Any) -> bool:
    """A colour that is not black."""
    return isinstance(value, list) and any(part > 0 for part in value[:3])


def turned(value: Any) -> bool:
    """A vector that is not nought."""
    return isinstance(value, list) and any(value)


class Is:
    """A value is one of these; menus of sockets say `Box`, settings `BOX`."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = {word.lower().replace("_", " ") for word in wanted}

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and value.lower().replace("_", " ") in self.wanted


def technique(name: str, words: str, roles: dict[str, frozenset[str]], *clauses: Clause) -> Technique:
    return Technique(name, words, roles, clauses, TREE)


SHADING = (
    technique(
        "noise-driven roughness",
        "{A noise} drives the roughness of the {shader}",
        {"shader": k.SURFACE, "noise": k.NOISE},
        Feeds("noise", "shader.Roughness"),
    ),
    technique(
        "roughness map",
        "{A image} gives the roughness of the {shader}",
        {"shader": k.SURFACE, "image": k.IMAGE},
        Feeds("image", "shader.Roughness"),
    ),
    technique(
        "metallic map",
        "{A image} gives the metallic value of the {shader}",
        {"shader": k.PRINCIPLED, "image": k.IMAGE},
        Feeds("image", "shader.Metallic"),
    ),
    technique(
        "colour from an image",
        "The color of the {shader} comes from {a image}",
        {"shader": k.SURFACE | k.shader("Emission"), "image": k.IMAGE},
        Feeds("image.Color", f"shader.{k.COLOR}"),
    ),
    technique(
        "procedural colour",
        "The color of the {shader} is made from {a pattern}",
        {"shader": k.SURFACE | k.shader("Emission"), "pattern": k.PATTERN},
        Feeds("pattern", f"shader.{k.COLOR}"),
    ),
    technique(
        "colour-ramped texture",
        "{A ramp} turns {a texture} into the color of the {shader}",
        {"shader": k.SURFACE | k.shader("Emission"), "ramp": k.RAMP, "texture": k.TEXTURE},
        Feeds("ramp", f"shader.{k.COLOR}"),
        Feeds("texture", f"ramp.{k.FACTOR}"),
    ),
    technique(
        "colour-ramped mask",
        "{A ramp} makes a mask of {a texture}, which mixes in {the mix}",
        {"mix": k.MIX | k.MIX_SHADER, "ramp": k.RAMP, "texture": k.TEXTURE},
        Feeds("ramp", f"mix.{k.FACTOR}"),
        Feeds("texture", f"ramp.{k.FACTOR}"),
    ),
    technique(
        "texture mask between shaders",
        "{A texture} decides where each of two shaders shows",
        {"mix": k.MIX_SHADER, "texture": k.TEXTURE},
        Feeds("texture", f"mix.{k.FACTOR}"),
    ),
    technique(
        "layered noise",
        "{A one} and {a other} are layered by {a both}",
        {"both": k.MIX | k.shader("Math", "VectorMath"), "one": k.NOISE, "other": k.NOISE},
        Apart("one", "other", "both"),
    ),
    technique(
        "warped coordinates",
        "{A noise} warps the coordinates of {a texture}",
        {"texture": k.TEXTURE, "noise": k.NOISE},
        Feeds("noise", "texture.Vector"),
    ),
    technique(
        "Fresnel mix",
        "{A rim} mixes two shaders by the angle of view",
        {"mix": k.MIX_SHADER, "rim": k.shader("Fresnel", "LayerWeight")},
        Feeds("rim", f"mix.{k.FACTOR}"),
    ),
    technique(
        "colour by angle of view",
        "{A rim} mixes colors by the angle of view",
        {"mix": k.MIX, "rim": k.shader("Fresnel", "LayerWeight")},
        Feeds("rim", f"mix.{k.FACTOR}"),
    ),
    technique(
        "bump from a height texture",
        "{A texture} is the height of a bump on the {shader}",
        {"shader": k.SURFACE, "bump": k.shader("Bump"), "texture": k.TEXTURE},
        Feeds("bump", f"shader.{k.NORMAL}"),
        Feeds("texture", "bump.Height"),
    ),
    technique(
        "normal map",
        "{A image} is the normal map of the {shader}, at strength {normal.Strength}",
        {"shader": k.SURFACE, "normal": k.shader("NormalMap"), "image": k.IMAGE},
        Feeds("normal", f"shader.{k.NORMAL}"),
        Feeds("image", "normal.Color"),
        Holds("normal.Strength", lambda value: value is not None),
    ),
    technique(
        "displaced surface",
        "{A texture} displaces the surface",
        {
            "output": k.MATERIAL_OUTPUT,
            "displacement": k.shader("Displacement", "VectorDisplacement"),
            "texture": k.TEXTURE,
        },
        Feeds("displacement", "output.Displacement"),
        Feeds("texture", "displacement.Height|Vector"),
    ),
    technique(
        "edge wear by pointiness",
        "The pointiness of the geometry, high on edges, mixes in {the mix}",
        {"mix": k.MIX | k.MIX_SHADER, "geometry": k.shader("NewGeometry")},
        Feeds("geometry.Pointiness", f"mix.{k.FACTOR}"),
    ),
    technique(
        "edge mask by bevel",
        "{A bevel} against the true normal finds the edges, which mix in {the mix}",
        {
            "mix": k.MIX | k.MIX_SHADER,
            "product": k.shader("VectorMath"),
            "bevel": k.shader("Bevel"),
            "normal": k.shader("NewGeometry", "TexCoord"),
        },
        Feeds("product", f"mix.{k.FACTOR}"),
        Holds("product.operation", Is("DOT_PRODUCT", "DISTANCE", "SUBTRACT", "CROSS_PRODUCT")),
        Feeds("bevel.Normal", "product.Vector"),
        Feeds("normal.Normal|True Normal", "product.Vector"),
    ),
    technique(
        "ambient occlusion mask",
        "{A occlusion} makes a mask of the creases, which mixes in {the mix}",
        {"mix": k.MIX | k.MIX_SHADER, "occlusion": k.shader("AmbientOcclusion")},
        Feeds("occlusion", f"mix.{k.FACTOR}"),
    ),
    technique(
        "box mapping",
        "{A image} is projected from the sides of a box, blended by {image.projection_blend}",
        {"image": k.IMAGE},
        Holds("image.projection", Is("BOX")),
    ),
    technique(
        "triplanar mapping",
        "The axes of {a normal} blend textures: {a image} by one of them",
        {
            "mix": k.MIX | k.MIX_SHADER | k.shader("VectorMath"),
            "axes": k.shader("SeparateXYZ"),
            "normal": k.shader("NewGeometry", "TexCoord"),
            "image": k.TEXTURE,
        },
        Feeds("axes", f"mix.{k.FACTOR}"),
        Feeds("normal.Normal|True Normal", "axes.Vector"),
        Feeds("image", "mix.A|B|Color1|Color2"),
    ),
    technique(
        "mask along an axis",
        "Position along Z mixes in {the mix}",
        {
            "mix": k.MIX | k.MIX_SHADER,
            "axes": k.shader("SeparateXYZ"),
            "place": k.shader("TexCoord", "NewGeometry"),
        },
        Feeds("axes.Z", f"mix.{k.FACTOR}"),
        Feeds("place.Generated|Object|Position", "axes.Vector"),
    ),
    technique(
        "emission by attribute",
        "{A attribute} drives the emission of the {shader}",
        {"shader": k.PRINCIPLED | k.shader("Emission"), "attribute": k.ATTRIBUTE},
        Feeds("attribute", "shader.Emission Color|Emission Strength|Strength"),
    ),
    technique(
        "vertex colour",
        "The color of the {shader} comes from {a attribute} of the mesh",
        {"shader": k.SURFACE | k.shader("Emission"), "attribute": k.ATTRIBUTE},
        Feeds("attribute.Color", f"shader.{k.COLOR}"),
    ),
    technique(
        "glass",
        "{A glass} lets light through with an IOR of {glass.IOR}",
        {"glass": k.shader("BsdfGlass", "BsdfRefraction")},
        Holds("glass.IOR", some),
    ),
    technique(
        "glass",
        "{A glass} lets light through: transmission {glass.Transmission Weight}, IOR {glass.IOR}",
        {"glass": k.PRINCIPLED},
        Holds("glass.Transmission Weight", most),
        Holds("glass.IOR", some),
    ),
    technique(
        "metal",
        "{A metal} is a metal: metallic {metal.Metallic}",
        {"metal": k.PRINCIPLED},
        Holds("metal.Metallic", whole),
    ),
    technique("metal", "{A metal} makes a metal", {"metal": k.shader("BsdfMetallic")}, There("metal")),
    technique(
        "subsurface scattering",
        "{A skin} scatters light under its surface: weight {skin.Subsurface Weight}",
        {"skin": k.PRINCIPLED},
        Holds("skin.Subsurface Weight", some),
    ),
    technique(
        "subsurface scattering",
        "{A skin} lets light scatter under the surface",
        {"skin": k.shader("SubsurfaceScattering")},
        There("skin"),
    ),
    technique(
        "clear coat",
        "{A shader} has a coat on top: weight {shader.Coat Weight}",
        {"shader": k.PRINCIPLED},
        Holds("shader.Coat Weight", some),
    ),
    technique(
        "sheen",
        "{A shader} has a sheen as cloth has: weight {shader.Sheen Weight}",
        {"shader": k.PRINCIPLED},
        Holds("shader.Sheen Weight", some),
    ),
    technique(
        "emission",
        "{A shader} gives off light at strength {shader.Strength}",
        {"shader": k.shader("Emission")},
        Holds("shader.Strength", some),
        Holds("shader.Color", lit, or_fed=True),
    ),
    technique(
        "emission",
        "{A shader} gives off light: emission strength {shader.Emission Strength}",
        {"shader": k.PRINCIPLED},
        Holds("shader.Emission Strength", some),
        Holds("shader.Emission Color", lit, or_fed=True),
    ),
    technique(
        "colour temperature",
        "Color comes from a temperature of {warmth.Temperature}",
        {"warmth": k.shader("Blackbody")},
        Holds("warmth.Temperature", some),
    ),
    technique(
        "alpha cut-out",
        "The alpha of {a image} cuts out the shape of the {shader}",
        {"shader": k.PRINCIPLED, "image": k.IMAGE},
        Feeds("image.Alpha", "shader.Alpha"),
    ),
    technique(
        "transparency by alpha",
        "The alpha of {a image} mixes {a clear} with another shader",
        {"mix": k.MIX_SHADER, "clear": k.shader("BsdfTransparent"), "image": k.IMAGE},
        Feeds("image.Alpha", f"mix.{k.FACTOR}"),
        Feeds("clear", "mix.Shader", near=True),
    ),
    technique(
        "toon shading",
        "Lighting is turned into a color and stepped by {a ramp} with constant interpolation",
        {"ramp": k.RAMP, "lit": k.shader("ShaderToRGB")},
        Feeds("lit", f"ramp.{k.FACTOR}"),
        Holds("ramp.color_ramp", lambda ramp: isinstance(ramp, dict) and ramp.get("interpolation") == "CONSTANT"),
    ),
    technique(
        "lighting as a colour",
        "The lighting of {a shader} is turned into a color that further nodes use",
        {"lit": k.shader("ShaderToRGB"), "shader": k.SURFACE},
        Feeds("shader", "lit.Shader", near=True),
    ),
    technique(
        "told apart by rays",
        "{A rays} lets kinds of rays see different shaders",
        {"mix": k.MIX_SHADER, "rays": k.shader("LightPath")},
        Feeds("rays", f"mix.{k.FACTOR}"),
    ),
    technique(
        "two sides",
        "Front and back of the faces get different looks",
        {"mix": k.MIX | k.MIX_SHADER, "geometry": k.shader("NewGeometry")},
        Feeds("geometry.Backfacing", f"mix.{k.FACTOR}"),
    ),
    technique(
        "variation by object",
        "A random number for each object goes into {a use}",
        {"use": k.RAMP | k.MIX | k.shader("HueSaturation", "MapRange", "Math"), "info": k.shader("ObjectInfo")},
        Feeds("info.Random", "use", near=True),
    ),
    technique(
        "wireframe",
        "The edges of the mesh mix in {the mix}",
        {"mix": k.MIX | k.MIX_SHADER, "wire": k.shader("Wireframe")},
        Feeds("wire", f"mix.{k.FACTOR}"),
    ),
    technique(
        "volume",
        "{A volume} fills the inside",
        {"output": k.MATERIAL_OUTPUT | k.WORLD_OUTPUT, "volume": k.VOLUME},
        Feeds("volume", "output.Volume", near=True),
    ),
    technique(
        "mapped texture",
        "{A mapping} places {a texture}, scaled by {mapping.Scale}",
        {"texture": k.TEXTURE | k.shader("TexEnvironment"), "mapping": k.shader("Mapping")},
        Feeds("mapping", "texture.Vector"),
        Holds("mapping.Scale", lambda value: isinstance(value, list) and any(part != 1 for part in value)),
    ),
    technique(
        "one plain shader",
        "The whole surface is {a shader}",
        {"output": k.MATERIAL_OUTPUT, "shader": k.SURFACE | k.shader("Emission")},
        Feeds("shader", "output.Surface", near=True),
    ),
    technique(
        "surface by a group",
        "The surface is made by the {group}",
        {"output": k.MATERIAL_OUTPUT, "group": k.shader("Group")},
        Feeds("group", "output.Surface", near=True),
    ),
    technique(
        "images into a group",
        "{A image} goes into the {group}",
        {"group": k.shader("Group"), "image": k.IMAGE},
        Feeds("image", "group"),
    ),
    technique(
        "transparency",
        "{A clear} is mixed in",
        {"mix": k.MIX_SHADER, "clear": k.shader("BsdfTransparent")},
        Feeds("clear", "mix.Shader", near=True),
    ),
    technique(
        "mix by an input",
        "An input of the group mixes two shaders",
        {"mix": k.MIX_SHADER, "given": k.GROUP_INPUT},
        Feeds("given", f"mix.{k.FACTOR}"),
    ),
    technique(
        "calculation",
        "It does nothing but calculate with numbers, vectors and colors",
        {"step": k.shader("Math", "VectorMath", "MapRange", "Mix", "CombineXYZ", "SeparateXYZ")},
        Only("step"),
    ),
    technique(
        "light by a group",
        "The light is made by the {group}",
        {"output": k.shader("OutputLight"), "group": k.shader("Group")},
        Feeds("group", "output.Surface", near=True),
    ),
    technique(
        "light by emission",
        "The light is {a shader} of strength {shader.Strength}",
        {"output": k.shader("OutputLight"), "shader": k.shader("Emission")},
        Feeds("shader", "output.Surface", near=True),
        Holds("shader.Strength", some),
    ),
    technique(
        "added shaders",
        "Two shaders add up: {a one} and {a other}",
        {
            "both": k.shader("AddShader"),
            "one": k.SURFACE | k.VOLUME | k.shader("Emission"),
            "other": k.SURFACE | k.VOLUME | k.shader("Emission"),
        },
        Apart("one", "other", "both"),
    ),
    technique(
        "HDRI environment",
        "{A picture} lights the world, at strength {background.Strength}",
        {"background": k.BACKGROUND, "picture": k.shader("TexEnvironment")},
        Feeds("picture", "background.Color"),
        Holds("background.Strength", some),
    ),
    technique(
        "turned environment",
        "The environment is turned by {mapping.Rotation}",
        {"picture": k.shader("TexEnvironment"), "mapping": k.shader("Mapping")},
        Feeds("mapping", "picture.Vector"),
        Holds("mapping.Rotation", turned),
    ),
    technique(
        "sky texture",
        "A sky of the model {sky.sky_type} colors the background",
        {"background": k.BACKGROUND, "sky": k.shader("TexSky")},
        Feeds("sky", "background.Color"),
    ),
    technique(
        "gradient background",
        "{A ramp} colors the background",
        {"background": k.BACKGROUND, "ramp": k.RAMP},
        Feeds("ramp", "background.Color"),
    ),
    technique(
        "plain background",
        "The background is one plain color, {background.Color}, at strength {background.Strength}",
        {"output": k.WORLD_OUTPUT, "background": k.BACKGROUND},
        Feeds("background", "output.Surface", near=True),
        Holds("background.Color", lambda value: value is not None),
        Holds("background.Strength", lambda value: value is not None),
    ),
    technique(
        "background for the camera alone",
        "{A rays} shows the camera another background than lights the scene",
        {"mix": k.MIX_SHADER, "rays": k.shader("LightPath"), "background": k.BACKGROUND},
        Feeds("rays.Is Camera Ray", f"mix.{k.FACTOR}"),
        Feeds("background", "mix.Shader", near=True),
    ),
)
