# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile .blend files of every kind, made with bpy, and what happens when one is read: what ran, what was opened.

    python tests/worker/traps.py make FOLDER        (a Python that has bpy; used by tests and by benchmarks/traps.py)
    python tests/worker/traps.py open|trust FILE

A trap that worked leaves a mark: a file in `FOLDER/ran/` that its script writes, or an event of inotify on a bait.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IN_ITS_FOLDER = ("library_unc", "library_beside")
"""Traps whose bait lies in the folder of the file, which a worker may read."""
WRITTEN_OVER: dict[str, str] = {}
IN_OPEN, IN_NONBLOCK = 0x20, 0o4000
LIMIT_S = 15.0


@dataclass
class Seen:
    """What was seen while a file was read: which scripts wrote their mark, which baits were opened, seconds."""

    ran: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    seconds: float = 0.0
    ended: str = ""

    def words(self) -> str:
        told = [f"its script ran ({', '.join(self.ran)})"] if self.ran else []
        told += [f"opened {', '.join(self.opened)}"] if self.opened else []
        return "; ".join([*told, self.ended] if self.ended else told) or "nothing"


@contextlib.contextmanager
def watched(folder: Path, name: str) -> Iterator[Seen]:
    """Watch the marks and baits of one trap while it is read."""
    seen = Seen()
    beside = folder / "files" / "server" if name in IN_ITS_FOLDER else folder / "baits" / name
    marks, baits = folder / "ran", sorted(beside.rglob("*"))
    for mark in marks.iterdir():
        mark.unlink()
    libc = ctypes.CDLL(None, use_errno=True)
    watcher = libc.inotify_init1(IN_NONBLOCK)
    names = {libc.inotify_add_watch(watcher, os.fsencode(bait), IN_OPEN): bait.name for bait in baits}
    began = time.monotonic()
    try:
        yield seen
    finally:
        seen.seconds = time.monotonic() - began
        with contextlib.suppress(BlockingIOError):
            events = os.read(watcher, 1 << 16)
            while events:
                which, length = int.from_bytes(events[:4], "little"), int.from_bytes(events[12:16], "little")
                if names[which] not in seen.opened:
                    seen.opened.append(names[which])
                events = events[16 + length :]
        os.close(watcher)
        seen.ran = sorted(mark.name for mark in marks.iterdir())


def plain(python: str, folder: Path, name: str, scripts: bool = False) -> Seen:
    """Open a trap as a person does, with automatic scripts off or on, in a process of its own."""
    opener = [python, "-I", __file__, "trust" if scripts else "open", folder / "files" / f"{name}.blend"]
    with watched(folder, name) as seen:
        try:
            done = subprocess.run(opener, capture_output=True, timeout=LIMIT_S)
            if done.returncode:
                seen.ended = f"ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            seen.ended = f"had not ended after {LIMIT_S:.0f} s"
    return seen


# what follows runs in a Blender of its own


def _text(name: str, body: str, register: bool = True) -> Any:
    import bpy

    text = bpy.data.texts.new(name)
    text.write(body)
    text.use_module = register
    return text


def _object(data: Any = None) -> Any:
    import bpy

    made = bpy.data.objects.new("Thing", data or bpy.data.meshes.new("Thing"))
    bpy.context.scene.collection.objects.link(made)
    return made


def _driven(expression: str) -> None:
    """An expression of sevens of the same length, which `make` writes over in the file: Blender would run it here."""
    _object().driver_add("location", 0).driver.expression = "7" * len(expression)
    WRITTEN_OVER["7" * len(expression)] = expression


class Traps:
    """Each method makes one trap in an empty Blender; `mark(name)` is Python that leaves a mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mark(self, name: str) -> str:
        return f"open({str(self.folder / 'ran' / name)!r}, 'w').close()"

    def bait(self, trap: str, name: str, content: bytes = b"bait") -> Path:
        path = self.folder / "baits" / trap / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def text_block(self) -> None:
        _text("boom.py", self.mark("text_block"))

    def text_block_named_json(self) -> None:
        _text("json.py", self.mark("text_block_named_json"))

    def handler(self) -> None:
        body = f"import bpy\ndef boom(*_):\n    {self.mark('handler')}\nbpy.app.handlers.load_post.append(boom)\n"
        _text("handler.py", body)

    def driver_namespace(self) -> None:
        body = f"import bpy\ndef boom():\n    {self.mark('namespace')}\n    return 1.0\n"
        _text("names.py", body + "bpy.app.driver_namespace['boom'] = boom\n")
        _driven("boom()")

    def driver_that_opens(self) -> None:
        _driven(self.mark("driver").replace(".close()", " and 1.0"))

    def driver_that_imports(self) -> None:
        _driven(f"__import__('pathlib').Path({str(self.folder / 'ran' / 'import')!r}).touch()")

    def driver_that_counts(self) -> None:
        _driven("(9**9**9) % 7")

    def driver_that_grows(self) -> None:
        _driven('len("a" * 1500000000)')

    def unregistered_nodes(self) -> None:
        import bpy

        mark = self.mark("nodes")

        class Node(bpy.types.Node):
            bl_idname, bl_label = "TrapNode", "Trap"

            def update(self) -> None:
                exec(mark)

        class Tree(bpy.types.NodeTree):
            bl_idname, bl_label, bl_icon = "TrapTree", "Trap", "NODETREE"

            def update(self) -> None:
                exec(mark)

        for cls in (Node, Tree):
            bpy.utils.register_class(cls)
        tree: Any = bpy.data.node_groups.new("Trap", "TrapTree")
        tree.use_fake_user = True
        tree.nodes.new("TrapNode")

    def osl_script(self) -> None:
        import bpy

        material: Any = bpy.data.materials.new("Osl")
        material.use_fake_user = True
        if not material.node_tree:
            material.use_nodes = True
        for path in (self.bait("osl_script", "shader.osl"), self.bait("osl_script", "shader.oso")):
            node = material.node_tree.nodes.new("ShaderNodeScript")
            node.mode, node.filepath = "EXTERNAL", str(path)

    def fluid_domain(self) -> None:
        place = self.bait("fluid_domain", "cache/config/config_0001.uni").parent.parent
        domain: Any = _object().modifiers.new("Fluid", "FLUID")
        domain.fluid_type = "DOMAIN"
        domain.domain_settings.cache_directory = str(place)

    def alembic(self) -> None:
        import bpy

        bpy.ops.cachefile.open(filepath=str(self.bait("alembic", "cache.abc")))
        cache: Any = _object().modifiers.new("Cache", "MESH_SEQUENCE_CACHE")
        cache.cache_file, cache.object_path = bpy.data.cache_files[0], "/thing"

    def mesh_cache(self) -> None:
        cache: Any = _object().modifiers.new("Cache", "MESH_CACHE")
        cache.cache_format, cache.filepath = "PC2", str(self.bait("mesh_cache", "cache.pc2"))

    def volume(self) -> None:
        import bpy

        volume: Any = bpy.data.volumes.new("Cloud")
        volume.filepath = str(self.bait("volume", "cloud.vdb"))
        _object(volume)

    def font(self) -> None:
        import bpy

        source = next(Path(bpy.utils.resource_path("LOCAL")).rglob("*.ttf"), None) or next(
            Path(bpy.utils.resource_path("LOCAL")).rglob("*.woff2")
        )
        font = bpy.data.fonts.load(str(self.bait("font", "letters.ttf", source.read_bytes())))
        curve: Any = bpy.data.curves.new("Words", "FONT")
        curve.font, curve.body = font, "words"
        _object(curve)

    def picture(self) -> None:
        import bpy

        image: Any = bpy.data.images.new("Picture", 4, 4)
        image.use_fake_user, image.source = True, "FILE"
        image.filepath = str(self.bait("picture", "picture.png"))

    def _library(self, path: Path, stored: str) -> None:
        """A file that links a material from `path`, by the words `stored`."""
        import bpy

        secret = bpy.data.materials.new("Secret")
        path.parent.mkdir(parents=True, exist_ok=True)
        bpy.data.libraries.write(str(path), {secret}, fake_user=True)
        bpy.data.materials.remove(secret)
        with bpy.data.libraries.load(str(path), link=True) as (there, wanted):
            wanted.materials = there.materials
        bpy.data.libraries[0].filepath = stored
        mesh = bpy.data.meshes.new("Thing")
        mesh.materials.append(bpy.data.materials["Secret"])
        _object(mesh)

    def library_absolute(self) -> None:
        path = self.folder / "baits" / "library_absolute" / "secret.blend"
        self._library(path, str(path))

    def library_above(self) -> None:
        path = self.folder / "baits" / "library_above" / "secret.blend"
        self._library(path, "//../baits/library_above/secret.blend")

    def library_unc(self) -> None:
        path = self.folder / "files" / "server" / "share" / "secret.blend"
        self._library(path, "\\\\server\\share\\secret.blend")

    def library_beside(self) -> None:
        path = self.folder / "files" / "server" / "share" / "secret.blend"
        self._library(path, "//server/share/secret.blend")

    def library_fifo(self) -> None:
        path = self.folder / "baits" / "library_fifo" / "pipe.blend"
        self._library(path, str(path))

    def heavy_geometry(self) -> None:
        import bpy

        mesh = bpy.data.meshes.new("Plane")
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
        thing = _object(mesh)
        for level in (6, 4):
            subdivision = thing.modifiers.new("Subdivision", "SUBSURF")
            subdivision.subdivision_type, subdivision.levels = "SIMPLE", level

    def nested_properties(self) -> None:
        import bpy

        value: Any = 1
        for _ in range(3000):
            value = {"a": value}
        tree: Any = bpy.data.node_groups.new("Deep", "ShaderNodeTree")
        tree.use_fake_user = True
        tree.nodes.new("ShaderNodeMath")["deep"] = value


NAMES = tuple(name for name in vars(Traps) if not name.startswith("_") and name not in ("mark", "bait"))
NOT_UTF_8 = "name_not_utf_8"
"""The trap that is made from another by writing over a name."""


def make(folder: Path) -> None:
    """Make every trap as `FOLDER/files/<name>.blend`, with baits beside."""
    import bpy

    for place in ("ran", "baits", "files"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        with contextlib.suppress(RuntimeError):
            getattr(Traps(folder), name)()
            path = str(folder / "files" / f"{name}.blend")
            bpy.ops.wm.save_as_mainfile(filepath=path, compress=False, relative_remap=False)
            for before, after in WRITTEN_OVER.items():
                Path(path).write_bytes(Path(path).read_bytes().replace(before.encode(), after.encode()))
            WRITTEN_OVER.clear()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    _object()
    named: Any = bpy.data.materials.new("MarkedForLatin")
    named.use_fake_user = True
    path = folder / "files" / f"{NOT_UTF_8}.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False)
    path.write_bytes(path.read_bytes().replace(b"MAMarkedForLatin", b"MA\xe9\xe8\xfcarkedForLatin"[:16]))
    fifo = folder / "baits" / "library_fifo" / "pipe.blend"
    fifo.unlink()
    os.mkfifo(fifo)
    for mark in (folder / "ran").iterdir():
        mark.unlink()
    os._exit(0)


def open_file(path: str, scripts: bool = False) -> None:
    """As a person opens a file, with automatic scripts off or on."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=scripts)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    open_file(sys.argv[2], sys.argv[1] == "trust")
