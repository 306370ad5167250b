# SPDX-License-Identifier: GPL-3.0-or-later
"""What peers write for the trees that our scripts make: one text a tree, to be counted by tokens.py.

    python benchmarks/peers.py FOLDER SCRIPTS --peer NAME=PLACE --out TEXTS [--least N]      (a Python that has bpy)

SCRIPTS is what `code FOLDER --out SCRIPTS --bare` wrote. PLACE is the folder that holds the peer's package; each writes
as it does unless told otherwise. Trees have at least N nodes of their own (10), frames apart. Prints one JSON object:
how many trees were written, and why others were not. Each file has a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Peer:
    """`export`: the text for a tree by its key. `rebuild`: makes it of that text, where that can be measured."""

    export: Callable[[str], str]
    rebuild: Callable[[str], None] | None = None


def owner(key: str) -> Any:
    """The data-block of a key, `node_groups/Dirt`, in the open file itself."""
    import bpy

    collection, name = key.split("/", 1)
    return next(found for found in getattr(bpy.data, collection) if found.name == name and found.library is None)


def tree_of(key: str) -> Any:
    found = owner(key)
    return found if key.startswith("node_groups/") else found.node_tree


def node_to_python() -> Peer:
    """A script, through the add-on's operator; it keeps the text in the clipboard, which is not everywhere."""
    import bpy

    importlib.import_module("NodeToPython").register()
    operator = importlib.import_module("NodeToPython.export.ntp_operator")
    written: list[str] = []

    class Kept(io.StringIO):
        def close(self) -> None:
            written.append(self.getvalue())

    operator.StringIO = Kept
    editors = {"ShaderNodeTree": "shader", "GeometryNodeTree": "geometry", "CompositorNodeTree": "compositor"}
    owners = {
        "materials": "material",
        "worlds": "world",
        "lights": "light",
        "linestyles": "line_style",
        "scenes": "scene",
    }

    def export(key: str) -> str:
        scene: Any = bpy.context.scene
        for name in (*(f"{editor}_node_group" for editor in editors.values()), *owners.values()):
            getattr(scene, f"ntp_{name}_slots").clear()
        collection, found = key.split("/", 1)[0], owner(key)
        if collection == "node_groups":
            slot, kind = f"{editors[found.bl_idname]}_node_group", "node_tree"
        else:
            slot = kind = owners[collection]
        setattr(getattr(scene, f"ntp_{slot}_slots").add(), kind, found)
        scene.ntp_options.mode = "SCRIPT"
        written.clear()
        operators: Any = bpy.ops
        operators.ntp.export()
        return max(written, key=len)

    return Peer(export, lambda text: exec(compile(text, "<NodeToPython>", "exec"), {"__name__": "__main__"}))


def tree_clipper() -> Peer:
    """JSON."""
    export = importlib.import_module("tree_clipper.export_nodes")
    back = importlib.import_module("tree_clipper.import_nodes")
    special = importlib.import_module("tree_clipper.specific_handlers")

    def exported(key: str) -> str:
        collection, name = key.split("/", 1)
        if collection not in ("materials", "node_groups"):
            raise NotImplementedError(f"{collection} are not taken")
        asked = export.ExportParameters(
            is_material=collection == "materials",
            name=name,
            specific_handlers=special.BUILT_IN_EXPORTER,
            debug_prints=False,
            write_from_roots=False,
        )
        job = export.ExportIntermediate(asked)
        while job.step():
            pass
        return json.dumps(job.data, cls=export._Encoder)

    def rebuilt(text: str) -> None:
        job = back.ImportIntermediate(string=text)
        job.set_external(iter(()))
        job.import_all(back.ImportParameters(specific_handlers=special.BUILT_IN_IMPORTER, debug_prints=False))

    return Peer(exported, rebuilt)


def nodebpy() -> Peer:
    """Code in the package's own language."""
    return Peer(lambda key: str(importlib.import_module("nodebpy.export").to_python(tree_of(key))))


def procfunc() -> Peer:
    """Code in the package's own language; bpy 4.2.0 alone."""
    transpiler = importlib.import_module("procfunc.transpiler.main")
    return Peer(lambda key: str(transpiler.transpile_targets([owner(key)], [])))


def infinigen() -> Peer:
    """The functions of the transpiler, without the few lines around them; bpy 4.2. Of the package no more is loaded
    than it needs: what it imports to make simulated assets is stood in for."""
    import bpy

    assets: Any = types.ModuleType("infinigen.assets.sim_objects")
    assets.mapping = {}
    sys.modules[assets.__name__] = assets
    transpiler = importlib.import_module("infinigen.core.nodes.node_transpiler.transpiler")

    def export(key: str) -> str:
        target = owner(key)
        if not key.startswith("node_groups/"):
            return str(transpiler.transpile([target])[0])
        scratch = bpy.data.node_groups.new("scratch", target.bl_idname)
        try:
            target_node: Any = scratch.nodes.new(target.bl_idname.replace("NodeTree", "NodeGroup"))
            target_node.node_tree = target
            return str(transpiler.transpile([target_node])[0])
        finally:
            bpy.data.node_groups.remove(scratch)

    return Peer(export)


PEERS = {
    "NodeToPython": node_to_python,
    "tree_clipper": tree_clipper,
    "nodebpy": nodebpy,
    "procfunc": procfunc,
    "infinigen": infinigen,
}


def peer(asked: str) -> tuple[str, Peer]:
    """Name and peer of `NAME=PLACE`."""
    name, _, place = asked.partition("=")
    sys.path.insert(0, place)
    return name, PEERS[name]()


def write_texts(peer: Peer, index: Path, least: int, out: Path) -> Counter[str]:
    """The texts for the trees of the open file that our index of it names, but those that are there; says why not."""
    said: Counter[str] = Counter()
    for entry in json.loads(index.read_text(encoding="utf-8")):
        text = out / Path(entry["script"] or "none").with_suffix(".txt")
        if not entry["script"] or text.exists():
            continue
        try:
            if sum(node.bl_idname != "NodeFrame" for node in tree_of(entry["key"]).nodes) >= least:
                text.parent.mkdir(parents=True, exist_ok=True)
                text.touch()  # stays empty if this ends Blender
                text.write_text(peer.export(entry["key"]), encoding="utf-8")
        except Exception as error:
            said[f"{type(error).__name__}: {error}".split("\n")[0][:80]] += 1
    return said


def of_one_file(options: argparse.Namespace, index: Path) -> Counter[str]:
    """The texts for one file, in this process, which is not used again."""
    import bpy

    place = index.parent.relative_to(options.scripts)
    with contextlib.suppress(RuntimeError):  # what Blender mended as it opened the file
        bpy.ops.wm.open_mainfile(filepath=str(options.folder / f"{place}.blend"), load_ui=False, use_scripts=False)
    return write_texts(peer(options.peer)[1], index, options.least, options.out / place)


def of_one_file_apart(options: argparse.Namespace, index: Path) -> Counter[str]:
    """The same in a process of its own, and in another one for the rest where a tree has ended Blender."""
    command = [sys.executable, __file__, *sys.argv[1:], "--index", str(index)]
    said: Counter[str] = Counter()
    tried = -1
    while (ended := subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)).returncode:
        said["ended Blender"] += 1
        before, tried = tried, sum(1 for _ in (options.out / index.parent.relative_to(options.scripts)).glob("*.txt"))
        if tried == before:
            return said
    said.update(json.loads(ended.stdout))
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--peer", required=True, metavar="NAME=PLACE", help=" or ".join(PEERS))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--least", type=int, default=10)
    parser.add_argument("--index", type=Path, help="this file alone")
    options = parser.parse_args()
    if options.index:
        out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # Blender and peers print as they go
        print(json.dumps(of_one_file(options, options.index)), file=out, flush=True)
        os._exit(0)
    said: Counter[str] = Counter()
    for index in sorted(options.scripts.rglob("index.json")):
        said += of_one_file_apart(options, index)
    written = sum(text.stat().st_size > 0 for text in options.out.rglob("*.txt"))
    result = {"benchmark": "peers", "peer": options.peer.partition("=")[0], "written": written, "not_written": said}
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
