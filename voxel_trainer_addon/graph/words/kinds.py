# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of node types that techniques speak of."""

from __future__ import annotations


def shader(*names: str) -> frozenset[str]:
    return frozenset(f"ShaderNode{name}" for name in names)


def geometry(*names: str) -> frozenset[str]:
    return frozenset(f"GeometryNode{name}" for name in names)


def function(*names: str) -> frozenset[str]:
    return frozenset(f"FunctionNode{name}" for name in names)


def picture(*names: str) -> frozenset[str]:
    return frozenset(f"CompositorNode{name}" for name in names)


NOISE = shader("TexNoise", "TexMusgrave", "TexVoronoi", "TexWhiteNoise", "TexGabor")
PATTERN = NOISE | shader("TexWave", "TexMagic", "TexBrick", "TexChecker", "TexGradient")
IMAGE = shader("TexImage")
TEXTURE = PATTERN | IMAGE
RAMP = shader("ValToRGB")
MIX = shader("Mix", "MixRGB")
MIX_SHADER = shader("MixShader")
FACTOR = "Fac|Factor"
COLOR = "Base Color|Color"
NORMAL = "Normal"
SURFACE = shader(
    "BsdfPrincipled",
    "BsdfDiffuse",
    "BsdfAnisotropic",
    "BsdfGlossy",
    "BsdfGlass",
    "BsdfRefraction",
    "BsdfTranslucent",
    "BsdfTransparent",
    "BsdfMetallic",
    "BsdfSheen",
    "BsdfVelvet",
    "BsdfToon",
    "BsdfHair",
    "BsdfHairPrincipled",
    "SubsurfaceScattering",
    "EeveeSpecular",
)
PRINCIPLED = shader("BsdfPrincipled")
VOLUME = shader("VolumePrincipled", "VolumeScatter", "VolumeAbsorption", "VolumeCoefficients")
MATERIAL_OUTPUT = shader("OutputMaterial")
WORLD_OUTPUT = shader("OutputWorld")
BACKGROUND = shader("Background")
ATTRIBUTE = shader("Attribute", "VertexColor")
GROUP_INPUT = frozenset({"NodeGroupInput"})
PRIMITIVE = geometry(
    "MeshCube",
    "MeshGrid",
    "MeshCircle",
    "MeshCone",
    "MeshCylinder",
    "MeshIcoSphere",
    "MeshUVSphere",
    "MeshLine",
    "CurvePrimitiveCircle",
    "CurvePrimitiveLine",
    "CurvePrimitiveQuadrilateral",
    "CurvePrimitiveBezierSegment",
    "CurveQuadraticBezier",
    "CurveArc",
    "CurveSpiral",
    "CurveStar",
    "Points",
    "VolumeCube",
)
KEYING = picture("Keying", "ChromaMatte", "ColorMatte", "DiffMatte", "DistanceMatte", "ChannelMatte", "LumaMatte")
GRADING = picture(
    "ColorBalance",
    "ColorCorrection",
    "HueSat",
    "CurveRGB",
    "BrightContrast",
    "Exposure",
    "HueCorrect",
    "Tonemap",
    "Gamma",
) | shader("RGBCurve", "BrightContrast", "HueSaturation", "Gamma")
PICTURE_MIX = picture("MixRGB", "AlphaOver") | MIX
BLUR = picture("Blur", "DBlur", "Bilateralblur", "BokehBlur", "VecBlur", "Defocus")
