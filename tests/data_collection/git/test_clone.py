# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository gives, by git and by dulwich: head, files, texts, states and wanted blobs, for few bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.data_collection.git.conftest import BUNDLES
from tests.data_collection.git.server import Host, commit, git, repository, serving
from voxel_trainer_addon.data_collection.git import Blob, Clone, GitProblem, Limits, Missing, Text, open_clone, parse

CAP = 100_000_000


def opened(host: Host, name: str, place: Path, tool: str, history: bool = True) -> Clone:
    return open_clone(parse(host.address(name)), place, history=history, tool=tool)


def told(clone: Clone, into: Path) -> tuple[object, ...]:
    """All that a repository gives, in an order that does not depend on how branches are walked."""
    states = sorted(clone.states(), key=lambda state: (state.path, state.commit))
    blobs = [blob for blob in clone.fetch([state.oid for state in states], into, CAP) if isinstance(blob, Blob)]
    return clone.head, list(clone.files()), states, sorted((blob.oid, blob.sha256, blob.size) for blob in blobs)


@pytest.mark.parametrize("name", BUNDLES)
def test_histories_cost_hardly_more_than_their_blobs_and_both_tools_tell_the_same(
    name: str, histories: Path, tmp_path: Path
) -> None:
    found = []
    for tool in ("git", "dulwich"):
        with serving(histories) as host, opened(host, f"{name}.git", tmp_path / tool, tool) as clone:
            found.append(told(clone, tmp_path / "blobs"))
            blobs = found[-1][3]
            assert isinstance(blobs, list) and len(blobs) >= 8
            assert sum(host.sent.values()) <= 1.05 * sum(size for _, _, size in blobs)
            assert host.fetches == clone.requests == 2, "one for all commits, one for all blobs, none behind our back"
            assert clone.tool.startswith(tool) and clone.filtered and not clone.notes
            for oid, sha256, size in blobs:
                content = (tmp_path / "blobs" / oid).read_bytes()
                assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size)
    assert found[0] == found[1]


def test_a_second_time_only_head_is_asked_for(host: Host, histories: Path, tmp_path: Path, tool: str) -> None:
    host.root = histories
    with opened(host, "vrm-addon.git", tmp_path / "clone", tool) as clone:
        first = told(clone, tmp_path / "blobs")
    host.requests.clear()
    with opened(host, "vrm-addon.git", tmp_path / "clone", tool) as clone:
        assert told(clone, tmp_path / "blobs") == first
        assert (clone.received, clone.requests) == (0, 0)
    assert host.requests == ["refs", "list"]


def test_only_what_is_new_comes_after_a_commit(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    old = [commit(work, f"State {n}", {"a.blend": bytes([n]) * 50_000}) for n in range(3)]
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert clone.head.commit == old[-1]
        oids = [state.oid for state in clone.states()]
        assert len(list(clone.fetch(oids, tmp_path / "blobs", CAP))) == 3
    new = commit(work, "More", {"a.blend": bytes(range(256)) * 200})
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        assert clone.head.commit == new
        oids = [state.oid for state in clone.states()]
        assert all(isinstance(blob, Blob) for blob in clone.fetch(oids, tmp_path / "blobs", CAP))
        assert clone.requests == 2 and clone.received < 2_000


def test_head_alone_then_its_history(host: Host, histories: Path, tmp_path: Path, tool: str) -> None:
    host.root = histories
    with opened(host, "ucupaint.git", tmp_path / "clone", tool, history=False) as clone:
        assert [entry.path for entry in clone.files()] == ["lib.blend"]
        with pytest.raises(ValueError, match="without its history"):
            next(clone.states())
        head = clone.head
    assert head.branch == "main" and head.date == "2018-06-20T23:56:22+07:00"
    with opened(host, "ucupaint.git", tmp_path / "clone", tool) as clone:
        assert (clone.head, len(list(clone.states()))) == (head, 21)


def test_states_follow_branches_merges_and_moves(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    commit(work, "One", {"a.blend": b"1", "keep.txt": b"-"}, 1)
    git(work, "checkout", "-q", "-b", "side")
    commit(work, "Two on the side", {"a.blend": b"2"}, 2)
    git(work, "checkout", "-q", "main")
    commit(work, "Other", {"B.BLEND": b"b"}, 3)
    git(work, "merge", "-q", "--no-ff", "-m", "Merge", "side", date=4)
    commit(work, "Move", {"a.blend": None, "deep/a.blend": b"2"}, 5)
    commit(work, "Move and edit", {"deep/a.blend": None, "c.blend": None, "d/a.blend": b"3"} | {"c.blend": b"c"}, 6)
    commit(work, "Rename and edit", {"d/a.blend": None, "d/z.blend": b"4"}, 7)
    commit(work, "Gone", {"d/z.blend": None}, 8)
    git(work, "checkout", "-q", "-b", "other", "HEAD~1")
    commit(work, "Theirs", {"d/z.blend": b"theirs"}, 9)
    git(work, "checkout", "-q", "-b", "mine", "HEAD~1")
    commit(work, "Mine", {"d/z.blend": b"mine"}, 10)
    git(work, "merge", "-q", "--no-commit", "-s", "ours", "other")
    commit(work, "Both", {"d/z.blend": b"both"}, 11)
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        states = list(clone.states())
        blobs = clone.fetch([state.oid for state in states], tmp_path / "blobs", CAP)
        content = {blob.oid: blob.path.read_text() for blob in blobs if isinstance(blob, Blob)}
    found = sorted(
        (
            state.date[:19],
            state.message,
            state.path,
            state.before_path,
            content.get(state.before or ""),
            content[state.oid],
        )
        for state in states
    )
    assert [row[1:] for row in found] == [
        ("One", "a.blend", None, None, "1"),
        ("Two on the side", "a.blend", "a.blend", "1", "2"),
        ("Other", "B.BLEND", None, None, "b"),
        ("Move", "deep/a.blend", "a.blend", "2", "2"),
        ("Move and edit", "c.blend", None, None, "c"),
        ("Move and edit", "d/a.blend", "deep/a.blend", "2", "3"),
        ("Rename and edit", "d/z.blend", "d/a.blend", "3", "4"),
        ("Theirs", "d/z.blend", "d/z.blend", "4", "theirs"),
        ("Mine", "d/z.blend", "d/z.blend", "4", "mine"),
        ("Both", "d/z.blend", "d/z.blend", "mine", "both"),
    ]
    assert [len(state.parents) for state in states if state.message == "Both"] == [2]
    assert not next(state for state in states if state.message == "Move").is_edit


def test_messages_and_authors_hold_no_address(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    message = "Bigger\x1b[31m rock\n\nFor ada@rocks.example.\n\nSigned-off-by: Ada Rock <ada@rocks.example>"
    commit(work, message, {"a.blend": b"1"})
    git(work, "config", "user.name", "x")
    (work / "a.blend").write_bytes(b"2")
    git(work, "commit", "-q", "-a", "--author=ada@rocks.example <ada@rocks.example>", "-m", "Two")
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        first, second = clone.states()
    assert first.message == "Bigger [31m rock\n\nFor .\n\nSigned-off-by: Ada Rock"
    assert first.author == "Ada Rock" and first.date == "2023-11-14T23:13:20+01:00"
    assert second.author.startswith("#") and len(second.author) == 13
    assert "rocks.example" not in repr((first, second))


def test_git_lfs_is_known_before_anything_is_fetched(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    attributes = {".gitattributes": b"*.blend filter=lfs -text\n", "plain/.gitattributes": b"*.blend -filter\n"}
    commit(work, "One", attributes | {"a.blend": b"pointer", "plain/b.blend": b"b", "c.txt": b""})
    with opened(host, "rocks", tmp_path / "clone", tool, history=False) as clone:
        assert [entry.path for entry in clone.files() if entry.lfs] == ["a.blend"]


def test_small_texts_come_and_others_say_why_not(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    commit(work, "One", {"LICENSE": "CC0 ©".encode(), "big.py": b"x" * 2_000, "odd.md": b"a\0b"})
    with opened(host, "rocks", tmp_path / "clone", tool, history=False) as clone:
        texts = list(clone.texts(clone.files(), most=1_000))
    assert [text.text if isinstance(text, Text) else text.code for text in texts] == ["CC0 ©", "too large", "not text"]


def test_what_the_server_does_not_have_is_told_and_the_rest_comes(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    commit(work, "One", {"a.blend": b"1", "b.blend": b"2"})
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        oids = [entry.oid for entry in clone.files()]
        found = list(clone.fetch([oids[0], "1" * 40, oids[1]], tmp_path / "blobs", CAP))
    assert [blob.oid for blob in found if isinstance(blob, Blob)] == oids
    assert [(blob.oid, blob.code) for blob in found if isinstance(blob, Missing)] == [("1" * 40, "not there")]


def test_one_file_that_is_too_large_stays_out(host: Host, tmp_path: Path, tool: str) -> None:
    work = repository(host.root / "rocks")
    commit(work, "One", {"a.blend": b"1" * 2_000, "b.blend": b"2"})
    limits = Limits(blob_bytes=1_000)
    with open_clone(parse(host.address("rocks")), tmp_path / "clone", history=False, tool=tool, limits=limits) as clone:
        found = list(clone.fetch([entry.oid for entry in clone.files()], tmp_path / "blobs", CAP))
    assert [getattr(blob, "code", "") for blob in found] == ["too large", ""]


@pytest.mark.parametrize("kind", ["bundle", "folder"])
def test_bundles_and_folders_are_read_like_servers(
    kind: str, histories: Path, shared: Path, tmp_path: Path, tool: str
) -> None:
    place = shared / "corpus" / "history" / "vrm-addon.bundle" if kind == "bundle" else histories / "vrm-addon.git"
    with open_clone(parse(str(place)), tmp_path / "clone", history=True, tool=tool) as clone:
        here = told(clone, tmp_path / "blobs")
        assert clone.filtered == ((kind, tool) == ("folder", "git"))
    with serving(histories) as host, opened(host, "vrm-addon.git", tmp_path / "other", "git") as clone:
        assert told(clone, tmp_path / "blobs") == here


def test_a_server_that_cannot_filter_sends_all_and_that_is_told(host: Host, tmp_path: Path, tool: str) -> None:
    host.filters = False
    work = repository(host.root / "rocks")
    commit(work, "One", {"a.blend": b"1" * 1_000, "b.png": bytes(range(256)) * 4})
    with opened(host, "rocks", tmp_path / "clone", tool) as clone:
        found = list(clone.fetch([state.oid for state in clone.states()], tmp_path / "blobs", CAP))
        assert [blob.size for blob in found if isinstance(blob, Blob)] == [1_000]
        assert not clone.filtered and host.fetches == 1
        assert clone.notes[0].startswith("The server gives whole repositories only")


def test_sha256_repositories_work_with_git_and_are_refused_by_dulwich(host: Host, tmp_path: Path) -> None:
    work = host.root / "rocks"
    work.mkdir()
    git(work, "init", "-q", "--object-format=sha256")
    commit(work, "One", {"a.blend": b"1"})
    with opened(host, "rocks", tmp_path / "clone", "git") as clone:
        [blob] = clone.fetch([state.oid for state in clone.states()], tmp_path / "blobs", CAP)
        assert isinstance(blob, Blob) and blob.path.read_bytes() == b"1" and len(blob.oid) == 64
    with pytest.raises(GitProblem, match="uses SHA-256"):
        opened(host, "rocks", tmp_path / "other", "dulwich")
