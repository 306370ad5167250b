# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a .blend file with something of everything that a record tells: `python whole_scene.py FILE LIBRARY HOME`.

Every path and many texts in it name the folder HOME of a person.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import bpy

place, library, home = sys.argv[-3:]
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene: Any = bpy.context.scene
data: Any = bpy.data


def put(name: str, block: Any) -> Any:
    ob = data.objects.new(name, block)
    scene.collection.objects.link(ob)
    return ob


# linked
lost = data.materials.new("Lost")
data.libraries.write(library, {lost}, fake_user=True)
data.materials.remove(lost)
with data.libraries.load(library, link=True) as (there, wanted):
    wanted.materials = there.materials
os.remove(library)

# a mesh with shape keys, groups and physics
mesh = data.meshes.new("Box")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 2, 0)], [], [(0, 1, 2)])
mesh.materials.append(data.materials["Lost"])
box = put("Box", mesh)
box.shape_key_add(name="Basis")
smile = box.shape_key_add(name="Smile")
smile.value, smile.slider_max = 0.25, 2.0
box.vertex_groups.new(name="Lid")
box["note"] = f"{home}/notes/plan.txt"
box["api_key"] = "hunter2 hunter2 hunter2"
box["deep"] = {"size": 1.5, "list": [1, 2, 3]}
box.rotation_mode = "QUATERNION"
driver = smile.driver_add("value").driver
driver.type = "SCRIPTED"
driver.expression = "side * 2"
side = driver.variables.new()
side.name, side.type = "side", "TRANSFORMS"
side.targets[0].id, side.targets[0].transform_type = box, "ROT_Z"
for kind in ("CLOTH", "SOFT_BODY", "COLLISION", "FLUID", "PARTICLE_SYSTEM"):
    box.modifiers.new(kind.title(), kind)
box.modifiers["Cloth"].settings.mass = 0.5
box.modifiers["Fluid"].fluid_type = "DOMAIN"
box.modifiers["Fluid"].domain_settings.cache_directory = f"{home}/cache"
bpy.context.view_layer.objects.active = box
bpy.ops.rigidbody.world_add()
bpy.ops.rigidbody.object_add(type="PASSIVE")
wind = put("Wind", None)
bpy.context.view_layer.objects.active = wind
bpy.ops.object.forcefield_toggle()
wind.field.type, wind.field.strength = "WIND", 3.0

# a rig, posed
rig = put("Rig", data.armatures.new("Rig"))
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
arm = rig.data.edit_bones.new("Arm")
arm.tail.z = 1
hand = rig.data.edit_bones.new("Hand")
hand.head.z, hand.tail.z, hand.parent, hand.use_deform = 1, 1.5, arm, False
bpy.ops.object.mode_set(mode="OBJECT")
rig.data.collections.new("Arms").assign(rig.data.bones["Arm"])
rig.data.bones["Arm"]["side"] = "left"
rig.pose.bones["Hand"].location.x = 0.5
rig.pose.bones["Hand"].custom_shape = box
box.parent, box.parent_type, box.parent_bone = rig, "BONE", "Hand"

# an action, and another on an NLA track
for frame, x in ((1, 0.0), (20, 5.0)):
    wind.location.x = x
    wind.keyframe_insert("location", frame=frame)
    rig.pose.bones["Arm"].keyframe_insert("location", frame=frame)
    rig.pose.bones["Hand"].keyframe_insert("location", frame=frame)
track = wind.animation_data.nla_tracks.new()
track.strips.new("Gust", 1, wind.animation_data.action)

# drawn with Grease Pencil, by either API
drawing = getattr(data, "grease_pencils_v3", data.grease_pencils).new("Ink")
layer = drawing.layers.new("Lines")
for number in (1, 7):
    frame = layer.frames.new(number)
    if hasattr(frame, "strokes"):
        frame.strokes.new().points.add(3)
        frame.strokes.new().points.add(2)
    else:
        frame.drawing.add_strokes([3, 2])
put("Ink", drawing)

# light, camera, text, and what lies in files
put("Sun", data.lights.new("Sun", "SUN"))
scene.camera = put("Eye", data.cameras.new("Eye"))
scene.timeline_markers.new("Cut", frame=12).camera = scene.camera
words = data.curves.new("Words", "FONT")
words.body = "Hello"
put("Words", words)
image = data.images.new("Rust", 4, 4)
image.use_fake_user = True
image.pixels = [0.5] * 64
image.pack()
image.filepath_raw = f"{home}/client/rust.png"
smoke = data.volumes.new("Smoke")
smoke.filepath = f"{home}/vdb/smoke.vdb"
put("Smoke", smoke)
text = data.texts.new("run.py")
text.write(f'token = "correct horse battery"\nopen("{home}/my files/list.txt")\n# jane@example.org\n')

# nodes that name files
glow = data.materials.new("Glow")
if not glow.node_tree:
    glow.use_nodes = True
glow.use_fake_user = True
lamp = glow.node_tree.nodes.new("ShaderNodeTexIES")
lamp.filepath = f"{home}/lamps/spot.ies"
lamp.label = f"from {home}/lamps"
group = data.node_groups.new("Rocks", "GeometryNodeTree")
group.asset_mark()
group.asset_data.description = f"See {home}/docs"
group.preview_ensure().image_size = (2, 2)
group.preview.image_pixels = [-1, -1, -1, -1]

# the scene
scene.render.filepath = f"{home}/out/"
scene.render.fps = 30
scene.frame_end = 48
scene.view_layers[0].use_pass_z = True
scene.view_layers[0].aovs.add().name = "Mask"
nested = data.collections.new("Props")
scene.collection.children.link(nested)
scene.view_layers[0].layer_collection.children["Props"].exclude = True
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
length = {"length": 30} if bpy.app.version >= (5, 0) else {"frame_end": 40}
strips.new_effect("Title", "TEXT", channel=2, frame_start=10, **length).text = "Hello"
strips.new_image("Still", filepath=f"{home}/shots/one.png", channel=1, frame_start=5)

bpy.ops.wm.save_as_mainfile(filepath=place)
os._exit(0)
