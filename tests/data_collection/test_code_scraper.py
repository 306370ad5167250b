# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: the licence in their own head counts before that of the repository, and may keep them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data_collection.test_harvest import Hooks
from voxel_trainer_addon.catalog import Catalog, Origin
from voxel_trainer_addon.data_collection.code_scraper import judged
from voxel_trainer_addon.data_collection.reach import Reach
from voxel_trainer_addon.http import Client
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.stage import Options
from voxel_trainer_addon.tokens import Tokens


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("# SPDX-License-Identifier: CC0-1.0\n", "CC0-1.0"),
        ("# SPDX-License-Identifier: GPL-3.0-or-later\n", None),
        ("# For personal use only.\n", None),
        ("", "MIT"),
    ],
)
def test_the_head_of_a_script_decides(tmp_path: Path, head: str, licence: str | None) -> None:
    data = DataFolder(tmp_path)
    hooks = Hooks(data, Catalog(data.catalog))
    reach = Reach(data, hooks.catalog, Options(), hooks, Client(False), Tokens({}))
    blob = data.blob("aa", "code")
    blob.parent.mkdir(parents=True)
    blob.write_text(head + "import bpy\n")
    evidence = {"evidence": [["repository", "", "", "MIT"]]}
    origin = Origin("github", "jane/rocks/a.py", "aa", 1, 0, "MIT", evidence, "code", "bb", True)
    found = judged(reach, origin)
    assert (found.licence if found else None) == licence
    assert [aside.code for aside in hooks.asides] == ([] if found else ["licence"])
    reach.close()
