# SPDX-License-Identifier: GPL-3.0-or-later
"""What import-linter cannot see: the package loads without bpy, by relative imports, under any name."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BLENDER_ROOMS = ("panel", "worker/inside", "graph/blender")
BY_PATH = ("providers/local",)
"""Rooms whose programs run in another environment, by their path."""

LOADS_UNDER_ANOTHER_NAME = """
import importlib, importlib.util, sys
folder, modules = sys.argv[1], sys.argv[2:]
spec = importlib.util.spec_from_file_location("elsewhere", folder + "/__init__.py", submodule_search_locations=[folder])
package = importlib.util.module_from_spec(spec)
sys.modules["elsewhere"] = package
spec.loader.exec_module(package)
for module in modules:
    importlib.import_module("elsewhere." + module)
wrong = [name for name in sys.modules if name.split(".")[0] in ("bpy", "voxel_trainer_addon", "requests", "numpy")]
sys.exit(f"imported too: {wrong}" if wrong else 0)
"""


def sources(package: Path) -> Iterator[tuple[str, Path]]:
    """Path inside the package and file of every module."""
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package).as_posix(), path


def test_every_module_outside_blenders_rooms_loads_alone_and_under_another_name(root: Path) -> None:
    package = root / "voxel_trainer_addon"
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, _ in sources(package)
        if not name.startswith((*BLENDER_ROOMS, *BY_PATH)) and name != "__init__.py"
    ]
    assert "errors" in modules
    command = [sys.executable, "-I", "-c", LOADS_UNDER_ANOTHER_NAME, str(package), *modules]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", ["relative", "no sys.path", "first line"])
def test_modules_keep_the_rules_of_an_extension(root: Path, rule: str) -> None:
    broken = []
    for name, path in sources(root / "voxel_trainer_addon"):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        if rule == "relative":
            imported = [
                node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level
            ]
            imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
            wrong = any(module.split(".")[0] == "voxel_trainer_addon" for module in imported)
        elif rule == "no sys.path":
            wrong = any(isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path" for node in ast.walk(tree))
        else:
            wrong = not text.startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n") or not ast.get_docstring(tree)
        if wrong:
            broken.append(name)
    assert broken == []
