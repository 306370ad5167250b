# SPDX-License-Identifier: GPL-3.0-or-later
"""A small data folder laid by hand, with names that strangers might give, to look at reports and test them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tests.evaluation import stand_ins
from tests.report import evaluated as made
from tests.report.graphs import EVIL, brick
from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.errors import SetAside
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.paths import DataFolder

ESCAPE = "\x1b[31mred\x1b[0m \u202egnp.exe"
CHINESE = "程序化石材 · 砖墙.blend"
LONG = "é" * 100
NAME = "voxel"


def lay(root: Path, *, trained: bool = True, evaluated: bool = True) -> stand_ins.Desk:
    """A data folder below `root` as a run leaves it; the caller closes the desk's catalog."""
    desk = stand_ins.desk(root)
    harvested(desk.catalog)
    dataset(desk.folder)
    if trained:
        steps = [1.62 * math.exp(-step / 14) + 0.16 + 0.06 * math.sin(step * 1.7) for step in range(48)]
        held = [{"step": s, "seconds": s * 5.1, "loss": v} for s, v in ((0, 1.6), (24, 0.42), (48, 0.21))]
        facts = {
            "losses": steps,
            "held_out": held,
            "steps": 48,
            "seconds": 246.0,
            "passes": 1.1,
            "n_rows": 512,
            "n_over": 37,
        }
        versions = {"torch": "2.13.0+cpu", "transformers": "5.23.0"}
        stand_ins.lay_model(
            desk.folder,
            NAME,
            method="full",
            device="cpu",
            versions=versions,
            model="SmolLM2-135M-Instruct",
            peak_mb=4725,
            **facts,
        )
    if evaluated and not trained:
        desk.set_aside(SetAside("evaluate", NAME, "no model", "No model has been tuned on the dataset voxel yet."))
    elif evaluated:
        model = desk.folder.model(NAME, "v1")
        write_json(model / "evaluation.json", made.evaluation(probes=made.probes()))
        write_jsonl(model / "probes.jsonl", made.probe_lines())
        write_jsonl(model / "answers.jsonl", made.lines())
    return desk


def harvested(catalog: Catalog) -> None:
    catalog.add_source("bundled:5.2", "bundled", None)
    catalog.add_source(f"folder:{EVIL}", "folder", None)
    files = [("bundled:5.2", f"assets/{n}.blend", "CC0-1.0") for n in ("shading", "geometry", "hair", "dynamics")]
    files += [
        (f"folder:{EVIL}", name, licence) for name, licence in ((CHINESE, "CC-BY-4.0"), (LONG, "own"), (ESCAPE, "own"))
    ]
    catalog.add_origins(
        Origin(source, path, f"{n:064x}", 100_000 * (n + 1), 0, licence, {})
        for n, (source, path, licence) in enumerate(files)
    )
    for n in range(len(files) - 1):
        catalog.add_record(
            f"{n:064x}", "5.2.3", 1, "read", f"parsed_data/{n:064x}.json", {"graphs": 22 + n, "nodes": 500}
        )
    catalog.add_aside(SetAside("parse", ESCAPE, "not a blend", f"{EVIL} is not a .blend file."))
    for n in range(3):
        catalog.add_aside(SetAside("harvest", f"{EVIL}/{LONG}{n}", "unreadable", "This file could not be read."))


def in_form(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what all rows have."""
    kind = "piece" if row["task"] == "piece" else "tree"
    own = {"kind": kind, "form": "code", "answer": row["proof"]["graph"], "score": 1.0}
    return row | own | {"proof": row["proof"] | {"name": "same graph"}}


def dataset(folder: DataFolder) -> None:
    place = folder.dataset(NAME)
    record = f"{0:064x}"
    write_json(folder.record(record), {"graphs": {"materials/Brick": brick("Brick").as_json()}})
    whole = stand_ins.row(
        0, ["ShaderNodeTexBrick"], prompt=f"Make the material “{EVIL}”: bricks, worn by noise.\nUV mapped."
    )
    whole |= {"key": "materials/Brick", "task": "material", "nodes": 7}
    whole["sources"] = [{"origin": "bundled:5.2", "path": CHINESE, "sha256": record, "licence": "CC-BY-4.0"}]
    train = [whole, *stand_ins.rows(9, 50)]
    sides = {"train": train, "val": stand_ins.rows(2, 90), "test": stand_ins.rows(14, 20)}
    for side, rows in sides.items():
        write_jsonl(place / f"{side}.jsonl", map(in_form, rows))
    aside = [
        {
            "item": f"materials/{EVIL if n else CHINESE}",
            "task": "material",
            "code": "image",
            "reason": "image: the tree needs an image.",
        }
        for n in range(5)
    ]
    write_jsonl(place / "set_aside.jsonl", aside)
    known = {
        "hash": "a" * 64,
        "settings": {"blender": "5.2.3"},
        "rows": {"train": 512, "val": 40, "test": 61},
        "licences": {"CC0-1.0": 560, "CC-BY-4.0": 41, "own": 12},
        "unlicensed": 3,
        "answers": 600,
        "funnel": {"trees": 153, "trees tried": 151, "pieces": 700, "drafts": 840, "left out": {EVIL: 2}},
        "split": {"words": ["bundled:5.2 is split by trees that share groups, since it has fewer than 20 files."]},
    }
    write_json(place / "dataset.json", known)
