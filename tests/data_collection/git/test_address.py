# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses are read, and which are refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxel_trainer_addon.data_collection.git import parse
from voxel_trainer_addon.errors import UserError


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("https://example.org/ada/rocks.git", "https"),
        ("git://example.org:9418/rocks", "git"),
        ("http://127.0.0.1:8000/rocks", "http"),
        ("http://[::1]:8000/rocks", "http"),
    ],
)
def test_addresses_that_are_read(text: str, way: str) -> None:
    assert (parse(text).text, parse(text).way) == (text, way)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://example.org/rocks", "Use https"),
        ("https://ada:secret@example.org/rocks", "Leave name, password"),
        ("https://ada@example.org/rocks", "Leave name, password"),
        ("https://example.org/rocks?private_token=secret", "Leave name, password"),
        ("https://example.org", "a host and a path"),
        ("https://-oProxyCommand=x/rocks", "a host and a path"),
        ("https://example.org:port/rocks", "no address"),
        ("ext::sh -c true", "neither a git address"),
        ("ftp://example.org/rocks", "no way to a git repository"),
        ("--upload-pack=true", "one line of printable"),
        ("https://example.org/a\nb", "one line of printable"),
        ("git@example.org:ada/rocks", "only used when asked"),
        ("ssh://example.org/rocks", "only used when asked"),
        ("no/such/folder", "neither a git address"),
        ("", "one line of printable"),
    ],
)
def test_addresses_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        parse(text)
    assert "secret" not in str(caught.value)


def test_ssh_where_it_is_asked_for() -> None:
    assert parse("git@example.org:ada/rocks", ssh=True).way == "ssh"
    assert parse("ssh://git@example.org/rocks", ssh=True).way == "ssh"


def test_folders_and_bundles(tmp_path: Path) -> None:
    bundle = tmp_path / "rocks.bundle"
    bundle.write_bytes(b"")
    assert parse(str(tmp_path)).is_local and not parse(str(tmp_path)).is_bundle
    assert parse(bundle.as_uri()).is_bundle and parse(str(bundle)).is_bundle
