# SPDX-License-Identifier: GPL-3.0-or-later
"""Techniques of geometry nodes, a row each: name, sentence, roles, what must hold."""

from __future__ import annotations

from . import kinds as k
from .clauses import Clause, Feeds, Holds, Only, There, Two
from .shading import some
from .technique import Technique

INSTANCE = k.geometry("InstanceOnPoints")
MOVE = k.geometry("SetPosition")


def technique(name: str, words: str, roles: dict[str, frozenset[str]], *clauses: Clause) -> Technique:
    return Technique(name, words, roles, clauses, "GeometryNodeTree")


SHAPING = (
    technique(
        "scatter on faces",
        "Instances are scattered on the faces of a mesh by {a scatter} ({scatter.distribute_method})",
        {"instance": INSTANCE, "scatter": k.geometry("DistributePointsOnFaces")},
        Feeds("scatter.Points", "instance.Points"),
        Holds("scatter.distribute_method", lambda value: isinstance(value, str)),
    ),
    technique(
        "points in a volume",
        "Instances fill a volume by {a scatter}",
        {"instance": INSTANCE, "scatter": k.geometry("DistributePointsInVolume", "DistributePointsInGrid")},
        Feeds("scatter.Points", "instance.Points"),
    ),
    technique(
        "array along a curve",
        "Instances stand in a row along a curve, at points made by {a spacing}",
        {"instance": INSTANCE, "spacing": k.geometry("CurveToPoints", "ResampleCurve", "CurvePrimitiveLine")},
        Feeds("spacing", "instance.Points"),
    ),
    technique(
        "array on a line",
        "Instances stand in a row at the points of {a line}",
        {"instance": INSTANCE, "line": k.geometry("MeshLine")},
        Feeds("line", "instance.Points"),
    ),
    technique(
        "array on a grid",
        "Instances stand at the points of {a grid}",
        {"instance": INSTANCE, "grid": k.geometry("MeshGrid")},
        Feeds("grid", "instance.Points"),
    ),
    technique("instance on points", "Geometry is instanced on points", {"instance": INSTANCE}, There("instance")),
    technique(
        "instances from a collection",
        "What is instanced comes from a collection",
        {"instance": INSTANCE, "collection": k.geometry("CollectionInfo")},
        Feeds("collection", "instance.Instance"),
    ),
    technique(
        "instances of an object",
        "What is instanced is another object",
        {"instance": INSTANCE, "object": k.geometry("ObjectInfo")},
        Feeds("object.Geometry", "instance.Instance"),
    ),
    technique(
        "picked instances",
        "Each point picks one of several instances",
        {"instance": INSTANCE},
        Holds("instance.Pick Instance", lambda value: value is True),
    ),
    technique(
        "random scale",
        "Instances get a random scale",
        {"instance": INSTANCE, "chance": k.function("RandomValue")},
        Feeds("chance", "instance.Scale"),
    ),
    technique(
        "random rotation",
        "Instances get a random rotation",
        {"instance": INSTANCE | k.geometry("RotateInstances"), "chance": k.function("RandomValue")},
        Feeds("chance", "instance.Rotation"),
    ),
    technique(
        "aligned instances",
        "Instances are turned along a direction by {a turn}",
        {
            "instance": INSTANCE | k.geometry("RotateInstances"),
            "turn": k.function("AlignEulerToVector", "AlignRotationToVector", "AxesToRotation"),
        },
        Feeds("turn", "instance.Rotation"),
    ),
    technique(
        "upright on the surface",
        "Instances stand upright on the surface that they are scattered on",
        {"instance": INSTANCE, "scatter": k.geometry("DistributePointsOnFaces")},
        Feeds("scatter.Rotation", "instance.Rotation"),
    ),
    technique(
        "extrude and scale",
        "Parts of the mesh are extruded ({extrude.mode}) and then scaled",
        {"scale": k.geometry("ScaleElements"), "extrude": k.geometry("ExtrudeMesh")},
        Feeds("extrude.Mesh", "scale.Geometry"),
        Holds("extrude.mode", lambda value: isinstance(value, str)),
    ),
    technique(
        "extrusion",
        "Parts of the mesh are extruded ({extrude.mode})",
        {"extrude": k.geometry("ExtrudeMesh")},
        Holds("extrude.mode", lambda value: isinstance(value, str)),
    ),
    technique(
        "displacement by noise",
        "{A noise} moves the points of the geometry",
        {"move": MOVE, "noise": k.NOISE},
        Feeds("noise", "move.Offset|Position"),
    ),
    technique(
        "moved along the normal",
        "Points are moved along their normals",
        {"move": MOVE, "normal": k.geometry("InputNormal")},
        Feeds("normal", "move.Offset"),
    ),
    technique(
        "boolean",
        "Meshes are combined by a boolean: {boolean.operation}",
        {"boolean": k.geometry("MeshBoolean")},
        Holds("boolean.operation", lambda value: isinstance(value, str)),
    ),
    technique(
        "mesh to volume",
        "The mesh becomes a volume and a mesh again",
        {"mesh": k.geometry("VolumeToMesh"), "volume": k.geometry("MeshToVolume")},
        Feeds("volume", "mesh.Volume"),
    ),
    technique("mesh to volume", "The mesh becomes a volume", {"volume": k.geometry("MeshToVolume")}, There("volume")),
    technique(
        "points to volume",
        "Points melt into one skin by way of a volume",
        {"mesh": k.geometry("VolumeToMesh"), "volume": k.geometry("PointsToVolume")},
        Feeds("volume", "mesh.Volume"),
    ),
    technique(
        "sweep along a curve",
        "A profile is swept along a curve: {profile} gives the profile",
        {
            "sweep": k.geometry("CurveToMesh"),
            "profile": k.PRIMITIVE | k.GROUP_INPUT | k.geometry("ObjectInfo", "Group"),
        },
        Feeds("profile", "sweep.Profile Curve"),
    ),
    technique("curve to mesh", "Curves become a mesh", {"sweep": k.geometry("CurveToMesh")}, There("sweep")),
    technique("mesh to curve", "Edges become curves", {"edges": k.geometry("MeshToCurve")}, There("edges")),
    technique(
        "simulation zone",
        "A simulation zone carries state from frame to frame",
        {"zone": k.geometry("SimulationOutput")},
        There("zone"),
    ),
    technique(
        "repeat zone", "A repeat zone does its part several times", {"zone": k.geometry("RepeatOutput")}, There("zone")
    ),
    technique(
        "for-each zone",
        "A zone works on every element of the geometry by itself",
        {"zone": k.geometry("ForeachGeometryElementOutput")},
        There("zone"),
    ),
    technique(
        "projection by rays",
        "Rays find where points land on another geometry",
        {"move": MOVE, "rays": k.geometry("Raycast")},
        Feeds("rays", "move.Position|Offset"),
    ),
    technique(
        "snapped to a surface",
        "Points are moved to places taken from the nearest surface",
        {"move": MOVE, "near": k.geometry("Proximity", "SampleNearestSurface", "SampleNearest")},
        Feeds("near", "move.Position"),
    ),
    technique(
        "effect by distance",
        "The distance to other geometry drives {the effect}",
        {
            "effect": MOVE
            | INSTANCE
            | k.geometry(
                "DeleteGeometry", "SeparateGeometry", "ScaleInstances", "ScaleElements", "StoreNamedAttribute"
            ),
            "near": k.geometry("Proximity"),
        },
        Feeds("near.Distance", "effect"),
    ),
    technique(
        "bent along a curve",
        "Points follow a curve by {a follow}",
        {"move": MOVE, "follow": k.geometry("SampleCurve")},
        Feeds("follow.Position", "move.Position|Offset"),
    ),
    technique(
        "deletion by selection",
        "Parts of the geometry are removed where a condition holds",
        {
            "remove": k.geometry("DeleteGeometry", "SeparateGeometry"),
            "test": k.function("Compare", "BooleanMath", "RandomValue"),
        },
        Feeds("test", "remove.Selection"),
    ),
    technique(
        "selection by noise",
        "{A noise} selects what {the effect} works on",
        {
            "effect": k.geometry(
                "DeleteGeometry",
                "SeparateGeometry",
                "SetMaterial",
                "InstanceOnPoints",
                "ExtrudeMesh",
                "SetPosition",
                "ScaleElements",
            ),
            "noise": k.NOISE,
        },
        Feeds("noise", "effect.Selection"),
    ),
    technique(
        "option by a switch",
        "An input of the group switches between two ways",
        {"choice": k.geometry("Switch"), "given": k.GROUP_INPUT},
        Feeds("given", "choice.Switch", near=True),
    ),
    technique(
        "change of space",
        "Places are brought from one space into another",
        {"change": k.function("TransformPoint", "TransformDirection", "ProjectPoint")},
        There("change"),
    ),
    technique(
        "calculation",
        "It does nothing but calculate with numbers, vectors and colors",
        {
            "step": k.shader("Math", "VectorMath", "MapRange", "Mix")
            | k.function("IntegerMath", "BooleanMath", "Compare")
        },
        Only("step"),
    ),
    technique(
        "menu of variants",
        "A menu offers variants",
        {"choice": k.geometry("MenuSwitch"), "given": k.GROUP_INPUT},
        Feeds("given", "choice.Menu", near=True),
    ),
    technique(
        "animated by time",
        "The time of the scene drives the geometry",
        {
            "effect": MOVE
            | INSTANCE
            | k.geometry("Transform", "RotateInstances", "TranslateInstances", "ScaleInstances", "TrimCurve"),
            "time": k.geometry("InputSceneTime"),
        },
        Feeds("time", "effect"),
    ),
    technique(
        "joined parts",
        "Several geometries are joined: {a one} and {a other} among them",
        {"join": k.geometry("JoinGeometry"), "one": k.PRIMITIVE, "other": k.PRIMITIVE},
        Feeds("one", "join.Geometry", near=True),
        Feeds("other", "join.Geometry", near=True),
        Two("one", "other"),
    ),
    technique("primitive", "It makes geometry of its own with {start}", {"start": k.PRIMITIVE}, There("start")),
    technique(
        "realized instances", "Instances become real geometry", {"real": k.geometry("RealizeInstances")}, There("real")
    ),
    technique(
        "subdivision",
        "{A cut} makes the mesh finer",
        {"cut": k.geometry("SubdivideMesh", "SubdivisionSurface")},
        There("cut"),
    ),
    technique(
        "merge by distance",
        "Points closer than {weld.Distance} m become one",
        {"weld": k.geometry("MergeByDistance")},
        Holds("weld.Distance", some),
    ),
    technique("text", "Text becomes curves", {"text": k.geometry("StringToCurves")}, There("text")),
    technique("filled curve", "Closed curves are filled", {"fill": k.geometry("FillCurve")}, There("fill")),
    technique(
        "rounded corners", "The corners of curves are rounded", {"round": k.geometry("FilletCurve")}, There("round")
    ),
    technique(
        "convex hull", "The geometry is wrapped in its convex hull", {"hull": k.geometry("ConvexHull")}, There("hull")
    ),
    technique(
        "dual mesh", "Faces and points of the mesh change places", {"dual": k.geometry("DualMesh")}, There("dual")
    ),
    technique(
        "interpolated hair",
        "More hair is grown between guide curves",
        {"hair": k.geometry("InterpolateCurves")},
        There("hair"),
    ),
    technique("smooth shading", "Smooth shading is set", {"smooth": k.geometry("SetShadeSmooth")}, There("smooth")),
    technique("material", "A material is given to the geometry", {"paint": k.geometry("SetMaterial")}, There("paint")),
    technique(
        "stored attribute",
        "The attribute {store.Name} is stored on the geometry",
        {"store": k.geometry("StoreNamedAttribute")},
        Holds("store.Name", lambda value: isinstance(value, str) and bool(value)),
    ),
    technique(
        "read attribute",
        "The attribute {read.Name} is read from the geometry",
        {"read": k.geometry("InputNamedAttribute")},
        Holds("read.Name", lambda value: isinstance(value, str) and bool(value)),
    ),
    technique(
        "captured attribute",
        "Values are captured before the geometry changes",
        {"capture": k.geometry("CaptureAttribute")},
        There("capture"),
    ),
    technique(
        "sampling",
        "Values are taken from other elements by {a sample}",
        {
            "sample": k.geometry(
                "SampleIndex", "SampleNearest", "SampleNearestSurface", "SampleUVSurface", "FieldAtIndex"
            )
        },
        There("sample"),
    ),
    technique(
        "accumulation",
        "Values are summed up from element to element",
        {"sum": k.geometry("AccumulateField")},
        There("sum"),
    ),
    technique(
        "random values", "Random numbers vary the result", {"chance": k.function("RandomValue")}, There("chance")
    ),
    technique(
        "camera as input",
        "The active camera is asked for",
        {"camera": k.geometry("InputActiveCamera")},
        There("camera"),
    ),
    technique(
        "viewport only",
        "The result differs between viewport and render",
        {"where": k.geometry("IsViewport")},
        There("where"),
    ),
)
