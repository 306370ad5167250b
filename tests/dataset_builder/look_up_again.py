# SPDX-License-Identifier: GPL-3.0-or-later
"""Code rows of a dataset looked through again by the running Blender, with nothing of the package that made them.

`PYTHON_WITH_BPY tests/dataset_builder/look_up_again.py DATASET [COUNT] [SEED]`: draws rows of the kind code (50),
compiles each and asks this Blender itself for every name that the text alone tells: chains that begin with a module of
Blender, imports, operators with their arguments, and node types, each of which is made. Exit status 4 where something
is missing.
"""

from __future__ import annotations

import ast
import importlib
import json
import random
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

TREES = {"Shader": "ShaderNodeTree", "Geometry": "GeometryNodeTree", "Compositor": "CompositorNodeTree"}
NODE = re.compile(r"(Shader|Geometry|Compositor|Texture|Function)Node(?!Tree$)[A-Z]\w*")
MODULES = ("bpy", "bmesh", "mathutils", "bpy_extras", "gpu", "blf")


def code_rows(folder: Path) -> list[dict[str, Any]]:
    """Every code row of a dataset that is in a split, ordered by id."""
    rows = {}
    for split in ("train", "val", "test"):
        for path in folder.glob(f"{split}*.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                if row["kind"] == "code":
                    rows[row["id"]] = row
    return [rows[id] for id in sorted(rows)]


def faults(code: str) -> list[str]:
    """What of a script's text this Blender lacks; the first is that it does not compile."""
    try:
        compile(code, "<row>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return [f"it does not compile: {error}"]
    module = ast.parse(code)
    own = {statement.name for statement in ast.walk(module) if isinstance(statement, ast.ClassDef)}
    own |= {node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    registered = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute) and _stored(node)}
    asked = [*_imports(module), *_chains(module)]
    lacking = [name for name in asked if not _is_there(name, own, registered)]
    return lacking + [*_arguments(module, own)] + [name for name in _nodes(module) if not _can_be_made(name)]


def _stored(node: ast.Attribute) -> bool:
    """`bpy.types.Scene.size = …` makes a name."""
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Attribute)


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _chain(node: ast.expr) -> str:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([*names, node.id][::-1]) if isinstance(node, ast.Name) else ""


def _chains(module: ast.Module) -> Iterator[str]:
    inner = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            chain = _chain(node)
            if chain.partition(".")[0] in MODULES and chain.count("."):
                yield chain


def _is_there(name: str, own: set[str], registered: set[str]) -> bool:
    """Follow a chain in this Blender, as far as its values are there; what a new file lacks is asked of its type."""
    import bpy

    parts = name.split(".")
    value: Any = importlib.import_module(parts[0])
    for place, part in enumerate(parts[1:], 1):
        if ".".join(parts[:place]) == "bpy.ops" and any(idname.startswith(f"{part}.") for idname in own):
            return True
        if (value is bpy.types and part in own) or part in registered:
            return True
        if parts[:place] == ["bpy", "context"] and not hasattr(bpy.context, part):
            return part in _editors()
        if place == 3 and parts[:2] == ["bpy", "ops"]:
            return part in dir(value)
        if not hasattr(value, part):
            try:
                value = importlib.import_module(".".join(parts[: place + 1]))
                continue
            except ImportError:
                return False
        value = getattr(value, part)
        if value is None:
            return True
        if isinstance(value, bpy.types.bpy_struct) and not isinstance(value, bpy.types.BlendData | bpy.types.Context):
            rest = parts[place + 1 :]
            return not rest or any(_has(kind, rest[0]) for kind in _kinds(value))
    return True


@cache
def _editors() -> set[str]:
    """What bpy.context has in any editor."""
    import bpy

    window = bpy.data.window_managers[0].windows[0]
    area = window.screen.areas[0]
    found = set(dir(bpy.context))
    for item in bpy.types.Area.bl_rna.properties["type"].enum_items:
        if item.identifier != "EMPTY":
            area.type = item.identifier
            for region in area.regions:
                with bpy.context.temp_override(window=window, area=area, region=region):
                    found |= set(dir(bpy.context))
    return found


def _kinds(value: Any) -> list[Any]:
    kind = type(value)
    return [kind, *_below(kind)]


def _below(kind: Any) -> Iterator[Any]:
    for heir in kind.__subclasses__():
        yield heir
        yield from _below(heir)


def _has(kind: Any, name: str) -> bool:
    rna = getattr(kind, "bl_rna", None)
    return hasattr(kind, name) or (rna is not None and (name in rna.properties or name in rna.functions))


def _arguments(module: ast.Module, own: set[str]) -> Iterator[str]:
    import bpy

    for node in ast.walk(module):
        if isinstance(node, ast.Call) and re.fullmatch(r"bpy\.ops\.\w+\.\w+", chain := _chain(node.func)):
            _, _, kind, name = chain.split(".")
            if f"{kind}.{name}" not in own and name in dir(getattr(bpy.ops, kind)):
                known = getattr(getattr(bpy.ops, kind), name).get_rna_type().properties
                yield from (f"{chain}({word.arg}=)" for word in node.keywords if word.arg and word.arg not in known)


def _nodes(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "new":
            for value in [*node.args, *(word.value for word in node.keywords)]:
                if isinstance(value, ast.Constant) and NODE.fullmatch(str(value.value)):
                    yield str(value.value)


def _can_be_made(node: str) -> bool:
    import bpy

    family = NODE.fullmatch(node)
    assert family
    for tree_type in [TREES[family[1]]] if family[1] in TREES else ["GeometryNodeTree", "TextureNodeTree"]:
        tree = bpy.data.node_groups.new("Again", tree_type)
        try:
            tree.nodes.new(node)
            return True
        except RuntimeError:
            if tree_type == "CompositorNodeTree" and bpy.app.version < (5, 0):  # there it must be a scene's
                return hasattr(bpy.types, node)
        finally:
            bpy.data.node_groups.remove(tree)
    return False


def look_up(folder: Path, count: int = 50, seed: int = 0) -> tuple[int, dict[str, list[str]]]:
    """(rows looked at, faults by id)."""
    rows = code_rows(folder)
    drawn = random.Random(seed).sample(rows, min(count, len(rows)))
    found = {row["id"]: faults(row["completion"]) for row in drawn}
    return len(drawn), {id: wrong for id, wrong in found.items() if wrong}


if __name__ == "__main__":
    looked, wrong = look_up(Path(sys.argv[1]), *map(int, sys.argv[2:4]))
    for id, names in wrong.items():
        print(id, "; ".join(names))
    print(f"{looked} code rows looked up again, {len(wrong)} with names that this Blender lacks")
    sys.exit(4 if wrong or not looked else 0)
