# SPDX-License-Identifier: GPL-3.0-or-later
"""Proven answers through the checks that stand before a model's.

    python benchmarks/answers.py DATASET… --blender PATH

Every row whose answer is code, but rows of people's scripts, goes through the allow-list, and the answers for this
Blender through the check of names as well. All of them were proven, so each finding is a mistake. Prints JSON: rows,
those refused with the reasons, rows with drivers, answers looked up, and those with names called wrong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path

from evaluator import ROOT

from voxel_trainer_addon.bpy_code import allowed
from voxel_trainer_addon.bpy_code.names import Names
from voxel_trainer_addon.bpy_code.valid import names_valid
from voxel_trainer_addon.cli.host import ask
from voxel_trainer_addon.dataset_builder.parts import row_files
from voxel_trainer_addon.worker.pool import Pool
from voxel_trainer_addon.worker.protocol import Request


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("datasets", type=Path, nargs="+", metavar="DATASET")
    words.add_argument("--blender", required=True, metavar="PATH")
    asked = words.parse_args()
    host = ask(asked.blender, ROOT / "scripts" / "run_headless.py")
    with tempfile.TemporaryDirectory() as scratch, Pool(host, workers=1, memory_mb=4000, scratch=Path(scratch)) as pool:
        (answer,) = pool.run([Request("names", {}, "names", limit_s=120)], lambda: True)
    names = Names(answer.body["table"])
    rows, refused, drivers = 0, Counter[str](), 0
    seen: dict[str, bool] = {}
    for row in chain.from_iterable(file.rows() for folder in asked.datasets for file in row_files(folder)):
        if row["form"] != "code" or row["kind"] == "code":
            continue
        rows += 1
        code = row["completion"]
        refused.update(allowed.unsafe(code)[:1])
        drivers += ".driver_add(" in code
        seen[code] = row["blender_version"] == host.name
    looked_up = [code for code, here in seen.items() if here]
    alarms = {code[:60]: [str(one) for one in found] for code in looked_up if (found := names_valid(code, names))}
    found = {
        "rows": rows,
        "refused": sum(refused.values()),
        "why": dict(refused.most_common(20)),
        "rows_with_drivers": drivers,
        "answers_looked_up": len(looked_up),
        "answers_with_names_called_wrong": len(alarms),
        "alarms": dict(list(alarms.items())[:20]),
        "blender": host.name,
    }
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
