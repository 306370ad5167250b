# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset as an Agent Skill and as a prompt with examples: what may be shown, within its budget, each with its
licence; what is somebody else's folder is left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_builder import small_dataset
from tests.providers.answer_server import answering
from voxel_trainer_addon.cli import skills
from voxel_trainer_addon.cli.arguments import parsed
from voxel_trainer_addon.dataset_builder import skill
from voxel_trainer_addon.errors import Exit, UserError

pytestmark = pytest.mark.plain

TREES = 24
LINK = re.compile(r"\]\((\S+)\)")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    files = small_dataset.rows()
    tree = next(row for row in files["train.jsonl"] if row["kind"] == "tree")
    more = {"prompt": "Make a rusty material with ``` in its words.", "task": "material"}
    for n in range(100, 100 + TREES):
        source = small_dataset.source(n, "CC-BY-4.0", author="Ada", repository="https://github.com/o/r", commit="c")
        files["train.jsonl"].append(
            small_dataset.made(
                {**tree, **more, "answer": f"{n:064x}", "completion": f"import bpy\n# {n}\n", "sources": [source]}
            )
        )
    own = [small_dataset.made({**small_dataset.row(6 * n, "own"), "prompt": f"Mine {n}."}) for n in range(50, 53)]
    forbidden = small_dataset.made({**small_dataset.row(600, "CC-BY-NC-4.0"), "prompt": "Not for this."})
    files["train.jsonl"] += [*own, forbidden]
    return small_dataset.write(tmp_path / "small", files)


def read(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md")))


def test_a_skill_is_whole_and_names_everybody(dataset: Path, tmp_path: Path) -> None:
    made = skill.write(dataset, tmp_path / "skills")
    assert made.folder == tmp_path / "skills" / "blender-small" and made.own == 3
    text = (made.folder / "SKILL.md").read_text(encoding="utf-8")
    head = dict(line.split(": ", 1) for line in text.split("---")[1].strip().splitlines()[:3])
    assert json.loads(head["name"]) == made.folder.name and 0 < len(json.loads(head["description"])) <= 1024
    assert all((made.folder / link).is_file() for link in LINK.findall(text))
    whole = read(made.folder / "references")
    assert "Mine" not in whole and "Not for this" not in whole and "compiles" in whole
    assert whole.count("CC-BY-4.0, by Ada, <https://github.com/o/r") == TREES and "GPL" not in whole
    assert "````text\nMake a rusty material with ``` in its words.\n````" in whole
    attribution = (made.folder / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert attribution.count("by Ada") == TREES and "Name the author, the source and the licence." in text
    assert made.files == len([path for path in made.folder.rglob("*") if path.is_file()])
    assert skill.write(dataset, tmp_path / "skills").folder == made.folder  # ours is made anew


def test_choices_and_the_budget(dataset: Path, tmp_path: Path) -> None:
    made = skill.write(dataset, tmp_path / "more", allow=["copyleft"], own=True)
    whole = read(made.folder / "references")
    assert "Mine 50." in whole and "GPL-3.0-or-later" in whole and "Not for this" not in whole and made.own == 0
    small = skill.write(dataset, tmp_path / "few", tokens=1500)
    assert 0 < small.examples < made.examples and small.tokens < 2000
    kinds = {path.name.partition("-")[0] for path in (small.folder / "references").iterdir()}
    assert kinds == {"tree", "edit", "code"}  # of every kind before a second of one


def test_a_folder_of_somebody_else_is_left_alone(dataset: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "skills" / "blender-small" / "SKILL.md"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("---\nname: blender-small\n---\n")
    with pytest.raises(UserError, match="no skill of ours"):
        skill.write(dataset, tmp_path / "skills")
    assert theirs.read_text().startswith("---\nname: blender-small")
    with pytest.raises(UserError, match="no example that may be shown"):
        skill.write(dataset, tmp_path / "none", tokens=10)


def test_a_prompt_shows_the_nearest_and_is_counted_after_a_yes(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("anthropic")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with answering(str) as server:
        words = ["dataset", "prompt", str(dataset), "A rusty material", "--model", "claude-x", "--url", server.address]
        assert skills.prompt(parsed(words), online=True) == Exit.DONE
        told = capsys.readouterr()
        body: dict[str, Any] = json.loads(told.out)
        assert not server.asked and "by its length" in told.err
        *_, last, asked = body["messages"]
        assert (
            last["content"][0]["cache_control"] == {"type": "ephemeral"} and "rusty" in body["messages"][0]["content"]
        )
        assert asked == {"role": "user", "content": "A rusty material"} and "Mine" not in told.out
        assert skills.prompt(parsed([*words, "--yes"]), online=True) == Exit.DONE
        assert "own count" in capsys.readouterr().err
        assert [body["path"] for body in server.asked] == ["/v1/messages/count_tokens"]
