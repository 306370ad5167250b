# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders, keys and addresses go; what is none of these stays as it is."""

from __future__ import annotations

import json
import time

import pytest

from voxel_trainer_addon.worker.private import base_name, clean_json, encodable, scrubbed, without_paths


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/home/jane/client/rust.png", "rust.png"),
        ("/home/jane/", ""),
        ("/media/jane/disk/a b.exr", "a b.exr"),
        ("C:\\Users\\Jane Doe\\x y.png", "x y.png"),
        ("C:\\Users\\Jane", ""),
        ("D:/art/c.exr", "c.exr"),
        ("\\\\server\\share\\a.blend", "a.blend"),
        ("//../../secret/rust.png", "rust.png"),
        ("//home/rust.png", "rust.png"),
        ("rust.png", "rust.png"),
        ("", ""),
    ],
)
def test_of_a_path_its_last_part_is_kept(path: str, last: str) -> None:
    assert base_name(path) == last


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/Users/jane/a b/c d.png", "c d.png"),
        ("file:///home/jane/z.txt", "z.txt"),
        ('open("/home/jane/my docs/a b.txt")', 'open("a b.txt")'),
        ("p = r'C:\\Users\\Jane\\k.txt'", "p = r'k.txt'"),
        ('q = "C:\\\\Users\\\\Jane\\\\k.txt"', 'q = "k.txt"'),
        ("go to /home/jane/x, then back", "go to x, then back"),
        ('nodes["/home/jane/x.png"].y', 'nodes["x.png"].y'),
        ("token = 'correct horse'", "token = '[secret]'"),
        ("use ghp_" + "a1" * 18, "use [secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx", "[secret]\nx"),
        ("https://jane:horse@example.org/x", "https://example.org/x"),
        ("by jane@example.org", "by [address]"),
    ],
)
def test_what_is_private_goes(text: str, kept: str) -> None:
    assert scrubbed(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/env python",
        "https://example.org/home/jane",
        "materials/Rust",
        "//textures/rust.png",
        "a = b / c",
        "ratio 3:4",
        "desk-lamp-with-a-very-long-name",
        "password = ''",
        "x = tokens['key']",
    ],
)
def test_what_is_not_private_stays(text: str) -> None:
    assert scrubbed(text) == without_paths(text) == text


@pytest.mark.parametrize(
    "part", ["sk-", "eyJ-", "token", "-----BEGIN ", '"/home/', "\\\\a", "a@", "://a:", "C:\\a ", "/home/"]
)
def test_a_hostile_text_takes_no_longer(part: str) -> None:
    began = time.process_time()
    scrubbed("@'" + part * (200_000 // len(part)))
    assert time.process_time() - began < 5


def test_json_is_cleaned_in_keys_and_values() -> None:
    held = {"graphs": {"materials//home/jane/a.png": [{"label": "C:\\Users\\jane\\b.png", "n": 1.5, "none": None}]}}
    cleaned = json.loads(clean_json(json.dumps(held)))
    assert cleaned == {"graphs": {"materials/a.png": [{"label": "b.png", "n": 1.5, "none": None}]}}


def test_json_without_paths_is_not_touched() -> None:
    text = '{"a": "https://example.org/x", "b": [1,2]}'
    assert clean_json(text) is text


def test_a_text_that_is_no_unicode_can_be_written_all_the_same() -> None:
    assert encodable("Metal") == "Metal"
    assert encodable('{"name": "Métal\udce9 x"}').encode().startswith('{"name": "Métal\ufffd'.encode())
