# SPDX-License-Identifier: GPL-3.0-or-later
"""What the assets inside a file say of their licence, against what was known before the file was opened."""

from __future__ import annotations

from typing import Any

import pytest

from voxel_trainer_addon.catalog import Origin
from voxel_trainer_addon.data_collection.licences import with_assets

REPOSITORY = [["repository", "", "", "MIT"]]
NEAREST = [["nearest", "LICENSE", "ab", "MIT"]]


def origin(licence: str, evidence: Any) -> Origin:
    return Origin("github", "jane/rocks/a.blend", "aa", 1, 0, licence, {"evidence": evidence, "author": "jane"})


@pytest.mark.parametrize(
    ("licence", "evidence", "asset", "after"),
    [
        ("MIT", REPOSITORY, "CC-BY-4.0", "CC-BY-4.0"),
        ("", [], "CC0", "CC0-1.0"),
        ("MIT", NEAREST, "CC0-1.0", None),
        ("MIT", NEAREST, "CC-BY-NC-4.0", "CC-BY-NC-4.0"),
        ("CC0-1.0", "stated by the user", "Free for personal use only", "LicenseRef-personal-use"),
        ("CC0-1.0", "stated by the user", "CC-BY-4.0", None),
        ("own", "stated by the user", "CC-BY-NC-4.0", None),
        ("MIT", REPOSITORY, "", None),
    ],
)
def test_assets_count_over_the_repository_and_what_forbids_counts_always(
    licence: str, evidence: Any, asset: str, after: str | None
) -> None:
    changed = with_assets(origin(licence, evidence), [{"license": asset, "copyright": ""}])
    assert (changed.licence if changed else None) == after
    if changed:
        assert changed.provenance["evidence"][0][0] == "asset" and changed.provenance["author"] == "jane"
