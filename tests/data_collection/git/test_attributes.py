# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of .gitattributes, against git's own verdict (`git check-attr`)."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data_collection.git.server import git, repository
from voxel_trainer_addon.data_collection.git.attributes import Attributes

PATTERNS = (
    *(
        "*.blend",
        "a.blend",
        "/a.blend",
        "deep/*.blend",
        "deep/**",
        "**/a.blend",
        "deep/**/a.blend",
        "*",
        "?.blend",
        "deep",
    ),
    *(
        "[ab].blend",
        "[!a].blend",
        "deep/",
        "*.BLEND",
        '"with space.blend"',
        "\\*.blend",
        "a*",
        "**/deep/*",
        "[a-c]*",
        "a[.]blend",
    ),
)
WORDS = (
    "filter=lfs",
    "-filter",
    "!filter",
    "filter",
    "filter=other",
    "diff=lfs",
    "lfs",
    "-text",
    "[attr]lfs filter=lfs",
)
PATHS = (
    *("a.blend", "b.blend", "deep/a.blend", "deep/er/a.blend", "deep/er/est/c.blend", "with space.blend", "*.blend"),
    *("other/deep/a.blend", "A.BLEND", "deep", "a.txt", "other/a.blend/b.blend"),
)

line = st.one_of(
    st.tuples(st.sampled_from(PATTERNS), st.sampled_from(WORDS[:-1])).map(" ".join),
    st.just("[attr]lfs filter=lfs diff=lfs -text"),
    st.just("# a comment filter=lfs"),
)
files = st.dictionaries(
    st.sampled_from([".gitattributes", "deep/.gitattributes"]), st.lists(line, max_size=4), min_size=1
)


def test_rules_are_those_of_git(tmp_path: Path) -> None:
    work = repository(tmp_path / "rocks")
    (work / "deep").mkdir()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(files)
    def agree(rules: dict[str, list[str]]) -> None:
        for name in (".gitattributes", "deep/.gitattributes"):
            (work / name).write_text("".join(f"{line}\n" for line in rules.get(name, [])))
        said = git(work, "check-attr", "-z", "filter", "--", *PATHS).decode().split("\0")
        theirs = {path: value == "lfs" for path, value in zip(said[::3], said[2::3], strict=False)}
        ours = Attributes({name: "\n".join(lines) for name, lines in rules.items()})
        assert {path: ours.is_lfs(path) for path in PATHS} == theirs

    agree()
