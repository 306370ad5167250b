# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset without a fault has no findings, and each way to break one gives the finding that it should, no other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_builder.small_dataset import Files, changed, row, rows, source, write
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.dataset_builder.findings import KEPT
from voxel_trainer_addon.dataset_builder.form import id_of
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.files import read_json, write_json
from voxel_trainer_addon.pipeline.verify import verified

pytestmark = pytest.mark.plain


def copied(files: Files, *fields: str) -> Files:
    """The first test row gets fields of the first train row."""
    train = files["train.jsonl"][0]
    return changed(files, "test.jsonl", 0, lambda row: row.update({name: train[name] for name in fields}))


def in_row(change: Callable[[dict[str, Any]], Any], name: str = "train.jsonl", at: int = 0) -> Callable[[Files], Files]:
    return lambda files: changed(files, name, at, change)


def told(code: str, text: str) -> Callable[[Files], Files]:
    """A row whose completion of this form is `text`."""
    return in_row(lambda row: row.update(form=code, completion=text))


BROKEN: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a group on two sides": (lambda files: copied(files, "group"), "group"),
    "an answer on two sides": (lambda files: copied(files, "answer"), "answer"),
    "a prompt on two sides": (lambda files: copied(files, "prompt"), "prompt"),
    "a prompt in other letters": (
        in_row(lambda row: row.update(prompt="  make THE\nmaterial m0 "), "test.jsonl"),
        "prompt",
    ),
    "a completion on two sides": (lambda files: copied(files, "completion", "form"), "completion"),
    "a large family on two sides": (
        lambda files: changed(
            changed(files, "train.jsonl", 5, lambda row: row.update(family="f")),
            *("test.jsonl", 0, lambda row: row.update(family="f")),
        ),
        "family",
    ),
    "no licence": (in_row(lambda row: row.update(sources=[source(0, "")])), "licence"),
    "a licence that forbids": (in_row(lambda row: row.update(sources=[source(0, "CC-BY-NC-4.0")])), "licence"),
    "copyleft among the open": (in_row(lambda row: row.update(sources=[source(0, "GPL-2.0-only")])), "part"),
    "open among the copyleft": (
        in_row(lambda row: row.update(sources=[source(0, "MIT")]), "train.copyleft.jsonl"),
        "part",
    ),
    "copyleft that the row needs": (
        in_row(lambda row: row.update(sources=[source(0, "MIT"), source(1, "GPL-3.0-only", of="given")])),
        "part",
    ),
    "near, and called far": (in_row(lambda row: row.update(test="far"), "test.jsonl"), "far"),
    "code that is none": (told("code", "import bpy\nfor"), "code"),
    "JSON that is none": (told("json", '{"trees": ['), "json"),
    "a path": (in_row(lambda row: row.update(prompt="Load /home/alice/rust.png.")), "private"),
    "a path of Windows": (told("code", "path = r'C:\\Users\\alice\\rust.png'"), "private"),
    "an address": (in_row(lambda row: row.update(prompt="Ask alice.smith@example.org.")), "private"),
    "a key": (told("code", "token = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz'"), "secret"),
    "a password": (told("code", "PASSWORD = 'correct horse'"), "secret"),
    "a rejected answer with a key": (
        in_row(lambda row: row["rejected"].update(completion="hf_0123456789abcdefghijklmnopqrstuvw"), at=5),
        "secret",
    ),
}


@pytest.fixture
def files() -> Files:
    return rows()


def codes(folder: Path, **more: Any) -> dict[str, int]:
    return dict(verified(folder, **more).counts)


def test_nothing_is_wrong_with_a_dataset_as_it_is_made(tmp_path: Path, files: Files) -> None:
    found = verified(write(tmp_path, files))
    assert not found.first and not found.counts
    assert (found.rows, found.files) == (20, 5 + 3 * 5 + 4 + 4)


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_found_and_no_other(tmp_path: Path, files: Files, name: str) -> None:
    change, code = BROKEN[name]
    assert codes(write(tmp_path, change(files))) == {code: 1}


def test_what_is_allowed_on_two_sides(tmp_path: Path, files: Files) -> None:
    edit = files["train.jsonl"][3]
    small = {"family": files["train.jsonl"][0]["family"]}
    changed(files, "test.jsonl", 0, lambda row: row.update(small))
    held = {key: edit[key] for key in ("kind", "completion", "form")}
    changed(files, "train.jsonl", 3, lambda row: row.update(prompt=f"Mend this:\n{script(1, 60)}"))
    changed(files, "test.jsonl", 1, lambda row: row.update(held, given="2", prompt=f"Mend this:\n{script(2, 60)}"))
    assert edit["kind"] == "edit" and files["train.jsonl"][0]["nodes"] < 10
    found = verified(write(tmp_path, files))
    assert [one.sentence for one in found.first if one.code != "family"] == []


def test_an_id_that_is_not_the_rows_and_one_that_stands_twice(tmp_path: Path, files: Files) -> None:
    changed(files, "val.jsonl", 0, lambda row: row.update(id="0" * 64), keep_id=True)
    files["val.jsonl"].append(row(90) | {"id": "0" * 64})
    found = verified(write(tmp_path, files))
    assert dict(found.counts) == {"id": 2, "twice": 1}
    assert [one.place for one in found.first] == ["val.jsonl:1", "val.jsonl:2", "val.jsonl:2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row.pop("score"), "score is missing"),
        (lambda row: row.pop("given"), "given is missing"),
        (lambda row: row.update(nodes="3"), "nodes is not of the type whole"),
        (lambda row: row.update(nodes=True), "nodes is not of the type whole"),
        (lambda row: row.update(score=1.5), "score is not between 0 and 1"),
        (lambda row: row.update(kind="poem"), "kind is none of"),
        (lambda row: row.update(form="video"), "form is none of"),
        (lambda row: row.update(group="g"), "group is not 16"),
        (lambda row: row["proof"].pop("name"), "proof.name is missing"),
        (lambda row: row["sources"][0].pop("path"), "sources[0].path is missing"),
        (lambda row: row.update(sources=["a file"]), "sources[0] is not of the type object"),
        (lambda row: row.update(sources=[]), "sources is empty"),
        (lambda row: row.update(copies=["a", 3]), "copies does not hold texts alone"),
        (lambda row: row["sources"][0].update(owner="a"), "sources[0].owner is not one of voxel-row/2"),
    ],
)
def test_a_field_that_is_wrong(tmp_path: Path, files: Files, change: Callable[[Any], Any], words: str) -> None:
    write(tmp_path, files)
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    at, held = next((i, held) for i, held in enumerate(map(json.loads, lines)) if held["kind"] == "edit")
    change(held)
    lines[at] = json.dumps(held)
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n")
    found = verified(tmp_path)
    fields = [one for one in found.first if one.code == "field"]
    assert [one.place for one in fields] == [f"train.jsonl:{at + 1}"] and words in fields[0].sentence
    assert set(found.counts) == {"field", "files"}


def test_lines_that_are_no_json_and_a_file_that_was_cut(tmp_path: Path, files: Files) -> None:
    path = write(tmp_path, files) / "test.jsonl"
    path.write_bytes(b"[" * 100_000 + b"\n" + path.read_bytes()[:-1])
    found = verified(tmp_path)
    assert dict(found.counts) == {"line": 2, "files": 1, "other rows": 9}
    assert [one.place for one in found.first if one.code == "line"] == ["test.jsonl:1", "test.jsonl:4"]


def test_files_that_were_changed_or_are_gone_or_came(tmp_path: Path, files: Files) -> None:
    write(tmp_path, files)
    with open(tmp_path / "README.md", "a") as out:
        out.write("More.\n")
    (tmp_path / "CITATION.cff").unlink()
    (tmp_path / "train.old.jsonl").write_text("{}\n")
    found = verified(tmp_path)
    assert {one.file: one.sentence for one in found.first} == {
        "CITATION.cff": "dataset.json names the file, and it is not there.",
        "README.md": "Not what dataset.json says of it: sha256 and bytes. It was changed.",
        "train.old.jsonl": "dataset.json does not name the file.",
    }


def test_counts_that_are_not_those_of_the_rows(tmp_path: Path, files: Files) -> None:
    known = read_json(write(tmp_path, files) / "dataset.json")
    known["rows"]["train"] += 1
    known["answers"] += 1
    write_json(tmp_path / "dataset.json", known)
    (one,) = verified(tmp_path).first
    assert (one.code, one.sentence) == ("counts", "What it says of rows, answers is not what the rows give.")


def test_a_build_that_did_not_come_to_its_end(tmp_path: Path, files: Files) -> None:
    known = read_json(write(tmp_path, files) / "dataset.json")
    del known["files"]
    write_json(tmp_path / "dataset.json", known)
    assert codes(tmp_path) == {"files": 1}


def test_a_source_that_is_not_named(tmp_path: Path, files: Files) -> None:
    path = write(tmp_path, files) / "ATTRIBUTION.md"
    text = path.read_text()
    assert "- `o/r/4.blend`: CC0-1.0\n" in text
    path.write_text(text.replace("- `o/r/4.blend`: CC0-1.0\n", "- `o/r/4.blend`: MIT\n"))
    found = verified(tmp_path)
    assert dict(found.counts) == {"files": 1, "attribution": 1}
    path.unlink()
    assert codes(tmp_path) == {"files": 1, "attribution": 1}


@pytest.mark.parametrize("platform", ["openai", "claude", "local"])
def test_platform_files_against_their_rules_and_with_other_rows(tmp_path: Path, files: Files, platform: str) -> None:
    path = write(tmp_path, files) / platform / "train.jsonl"
    lines = path.read_text().splitlines()
    held = json.loads(lines[0])
    held["messages"][-1]["content"] = " "
    lines[0] = json.dumps(held)
    path.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:-1]]) + "\n")
    found = verified(tmp_path)
    assert dict(found.counts) == {"files": 1, "platform": 1, "other rows": 3}
    assert [one.line for one in found.first if one.code == "other rows"] == [2, 3, 10]
    (tmp_path / platform / "test.jsonl").unlink()
    assert codes(tmp_path)["platform"] == 2


def test_prompts_and_code_of_benchmarks(tmp_path: Path, files: Files) -> None:
    write(tmp_path, files)
    hashes = [
        sha256(text.encode()).hexdigest() for text in ("make the material m3", files["test.jsonl"][1]["completion"])
    ]
    listed = tmp_path.parent / "hashes.tsv"
    listed.write_text("".join(f"bench\t{hash}\n" for hash in hashes))
    found = verified(tmp_path, listed)
    assert dict(found.counts) == {"benchmark": 2}
    listed.write_text("bench\n")
    with pytest.raises(UserError, match="is no name, tab and SHA-256"):
        verified(tmp_path, listed)


HELPER = "import bpy\n\n\ndef add(name):\n    thing = bpy.data.objects.new(name, None)\n\n    return thing\n\n\n"


def script(seed: int, lines: int = 20) -> str:
    return "".join(f"node_{seed}_{n} = new('Node{seed}{n}')\n" for n in range(lines))


@pytest.mark.parametrize(
    ("train", "test", "near"),
    [
        (script(1), script(1) + "last = 1\n", True),
        (script(1), script(2), False),
        (HELPER * 9 + script(1, 3), HELPER * 9 + script(2, 3), False),  # helpers say nothing of the answer
        (HELPER + script(1), HELPER * 2 + script(1) + "last = 1\n", True),
    ],
)
def test_near_duplicates_of_one_kind(tmp_path: Path, files: Files, train: str, test: str, near: bool) -> None:
    texts = {"train.jsonl": train, "test.jsonl": test, "val.jsonl": f"{test}# of another kind\n"}
    for name, text in texts.items():
        held = {"kind": "piece" if name == "val.jsonl" else "tree", "form": "code", "completion": text}
        changed(files, name, 0, partial(dict.update, **held))
    found = verified(write(tmp_path, files))
    assert dict(found.counts) == ({"near": 1} if near else {})
    if near:
        (one,) = found.first
        assert one.file == "test.jsonl" and re.fullmatch(
            r"The answer is \d\d% like one in train \(train.jsonl:\d+\)\.", one.sentence
        )


def test_many_findings_of_a_code_are_counted_but_not_kept(tmp_path: Path, files: Files) -> None:
    files["train.jsonl"] += [row(n) | {"id": f"{n:064x}"} for n in range(100, 200)]
    found = verified(write(tmp_path, files))
    assert dict(found.counts) == {"id": 100} and len(found.first) == KEPT
    assert id_of(files["train.jsonl"][0]) == files["train.jsonl"][0]["id"]


def test_a_folder_that_is_no_dataset(tmp_path: Path, files: Files) -> None:
    with pytest.raises(UserError, match="is no dataset"):
        verified(tmp_path)
    write_json(tmp_path / "dataset.json", {"schema": "voxel-dataset/1"})
    with pytest.raises(UserError, match="not of the form voxel-row/2"):
        verified(tmp_path)


def test_the_command_says_what_it_found(tmp_path: Path, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dataset", "verify", str(write(tmp_path, files))]
    assert main(words, lambda: None, Path()) == 0
    assert capsys.readouterr().out == "20 rows in 28 files: 0 findings.\n"
    files["train.jsonl"] += [row(n) | {"id": f"{n:064x}"} for n in range(100, 130)]
    write(tmp_path, copied(files, "group"))
    assert main(words, lambda: None, Path()) == 4
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13 and re.match(r"train\.jsonl:\d+: id: The id is not", lines[0])
    assert re.match(r"test\.jsonl:\d+: group: The same group stands in train \(train\.jsonl:\d+\) too\.", lines[10])
    assert lines[11:] == ["… 20 more: id", "50 rows in 28 files: 31 findings."]
    assert main([*words, "--json"], lambda: None, Path()) == 4
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1] == {"rows": 50, "files": 28, "findings": 31, "codes": {"id": 30, "group": 1}} and len(told) == 22
    assert main(["dataset", "verify", str(tmp_path / "openai")], lambda: None, Path()) == 2
