# SPDX-License-Identifier: GPL-3.0-or-later
"""A small dataset made by hand, in the form that the stage writes, for tests of what leaves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voxel_trainer_addon.dataset_builder import parquet, published
from voxel_trainer_addon.dataset_builder.form import id_of
from voxel_trainer_addon.files import digest, write_jsonl
from voxel_trainer_addon.fine_tuning.platform_files import write_platform_files
from voxel_trainer_addon.row_files import file_name

Row = dict[str, Any]
Files = dict[str, list[Row]]

LICENCES = {"": "CC0-1.0", "share-alike": "CC-BY-SA-4.0", "copyleft": "GPL-3.0-or-later"}
ROWS = {"train.jsonl": 12, "val.jsonl": 2, "test.jsonl": 3, "train.copyleft.jsonl": 2, "val.share-alike.jsonl": 1}
KINDS = ("tree", "json", "explain", "edit", "code", "preference")
AUTHOR = {"model": "m", "version": "m-1", "host": "this computer", "date": "2026-11-28", "terms": "open-weights"}
FORMS = {"json": "json", "explain": "words"}


def completion(form: str, n: int) -> str:
    """An answer that is like no other."""
    names = [f"m{digest([n, i])[:8]}" for i in range(8)]
    if form == "json":
        return json.dumps({"format": "voxel-graph/1", "trees": names})
    if form == "words":
        return f"The material {names[0]} mixes two noises."
    return "import bpy\n\n" + "".join(f"{name} = bpy.data.materials.new({name!r})\n" for name in names)


def source(n: int, licence: str = "CC0-1.0", **more: str) -> dict[str, str]:
    return {"origin": "github:materials", "path": f"o/r/{n}.blend", "sha256": f"{n:064x}", "licence": licence, **more}


def made(row: Row) -> Row:
    """The row with the id that it must have."""
    return {**row, "id": id_of(row)}


def row(n: int, licence: str = "CC0-1.0") -> Row:
    kind = KINDS[n % len(KINDS)]
    form = FORMS.get(kind, "code")
    graph = "" if kind == "code" else digest([n, "graph"])
    return made(
        {
            "kind": kind,
            "task": "function" if kind == "code" else "material",
            "prompt": f"Make the material M{n}.",
            "completion": completion(form, n),
            "form": form,
            "blender_version": "5.2.3",
            "proof": {
                "name": "compiles, names exist" if kind == "code" else "same graph",
                "graph": graph,
                "blender": "5.2.3",
                "compared": "sem",
            },
            "answer": graph or digest([n, "answer"]),
            "group": digest([n, "group"])[:16],
            "family": digest([n, "family"]),
            "nodes": 8 + n,
            "key": f"materials/M{n}",
            "score": 0.5,
            "sources": [source(n, licence)],
            **(
                {"rejected": {"completion": "import bpy\n", "what": "It makes nothing."}}
                if kind == "preference"
                else {}
            ),
            **({"given": digest([n, "given"]), "edits": 2} if kind == "edit" else {}),
            **({"author": AUTHOR} if n % 5 == 2 else {}),
            **({"patterns": ["operator", "bmesh"]} if kind == "code" else {}),
        }
    )


def rows() -> Files:
    """The rows of a dataset without a fault, by file."""
    files: Files = {}
    n = 0
    for name, count in ROWS.items():
        licence = LICENCES[name.removesuffix(".jsonl").partition(".")[2]]
        files[name] = [row(n + i, licence) for i in range(count)]
        n += count
    return files


def write(folder: Path, files: Files, settings: Mapping[str, Any] | None = None) -> Path:
    """The whole folder, as the stage leaves it."""
    for split in ("train", "val", "test"):
        files.setdefault(file_name(split), [])
    for name, held in files.items():
        write_jsonl(folder / name, sorted(held, key=lambda row: str(row["id"])))
    split = {"words": ["github:materials is split by its files."]}
    funnel = {"files parsed": 20, "left out": {"default trees": 3}}
    settings = {"seed": 0, "blender": "5.2.3", **(settings or {})}
    published.describe(folder, "small", funnel=funnel, split=split, settings=settings, unlicensed=0)
    write_platform_files(folder)
    parquet.write_parquet(folder)
    published.seal(folder)
    return folder


def changed(files: Files, name: str, at: int, change: Callable[[Row], Any], keep_id: bool = False) -> Files:
    """One row changed in place; it gets the id that it must have then."""
    held = files[name][at]
    change(held)
    files[name][at] = held if keep_id else made(held)
    return files
