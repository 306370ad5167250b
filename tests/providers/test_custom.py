# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts by a person's own file: the documentation's example against a server on loopback, and files with faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told
from tests.small_server import serving
from voxel_trainer_addon import tokens
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.files import write_json, write_jsonl
from voxel_trainer_addon.fine_tuning import hosted, training_orchestrator
from voxel_trainer_addon.providers import tuning
from voxel_trainer_addon.providers.hosts import Said, Standing, Tunable, Wanted
from voxel_trainer_addon.providers.refusals import Refusal
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_host.py"
KEY = "my-own-key-0123456789"


class Handler(BaseHTTPRequestHandler):
    jobs: dict[str, Any]

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        place, _, what = self.path.removeprefix("/api/").partition("/")
        id, _, more = what.partition("/")
        if self.command == "PUT":
            self.jobs.setdefault(id, {**body, "id": id, "state": "waiting"})
        if more == "stop":
            self.jobs[id]["state"] = "stopped"
        known = {"log": [{"at": 1.0, "words": "on"}, {"at": 2.0, "words": "step", "loss": 0.5}]}
        told: Any = ["qwen3-8b"] if place == "models" else known.get(more) or self.jobs.get(id)
        allowed = self.headers["Authorization"] == f"Bearer {KEY}" and told is not None
        self.send_response(200 if allowed else 404)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    do_GET = do_POST = do_PUT


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("MY_HOST_KEY", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(Handler, "jobs", {}, raising=False)
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}/api"


def test_the_example_lives_a_whole_life(url: str, tmp_path: Path) -> None:
    host = tuning.named(str(EXAMPLE), url)
    rows = tmp_path / "train.jsonl"
    rows.write_text("{}\n{}\n")
    wanted = Wanted("ours", "d" * 64, "qwen3-8b", "sft", rows, None, "voxel", 7, {"epochs": "3"})
    assert host.models() == [Tunable("qwen3-8b")]
    assert host.submit(wanted) == host.submit(wanted) == host.ask("ours") == Standing("ours", "waiting")
    assert len(Handler.jobs) == 1 and Handler.jobs["ours"]["epochs"] == "3"
    assert host.said("ours") == [Said("1", 1.0, "on"), Said("2", 2.0, "step", loss=0.5)]
    assert host.said("ours", "1") == [Said("2", 2.0, "step", loss=0.5)]
    assert host.cancel("ours").end == "cancelled" and host.provider == "my-host"
    with pytest.raises(Refusal, match="says 404"):
        host.ask("nobody's")
    assert tuning.named("my-host", url).ask("ours") == host.ask("ours")  # by name, once its file was named
    assert KEY not in tokens.redact(f"it said {KEY}")
    host.close()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL_TRAINER_CONFIG", str(tmp_path / "config"))


def test_the_stage_trains_by_it_and_keeps_its_name_alone(url: str, tmp_path: Path) -> None:
    work = Told(tmp_path / "data", Options(provider=str(EXAMPLE), model="qwen3-8b", base_url=url, yes=True))
    more = {"form": "code", "sources": [{"licence": "CC0-1.0"}]}
    rows = [{"id": f"{n}", "kind": "tree", "prompt": "a", "completion": f"{n}", **more} for n in range(10)]
    write_jsonl(work.folder.dataset("voxel") / "train.jsonl", rows)
    write_json(work.folder.dataset("voxel") / "dataset.json", {"licences": {"CC0-1.0": 10}})
    assert "stands at waiting" in training_orchestrator.run(work).words
    (job,) = Handler.jobs.values()
    job |= {"state": "trained", "tuned": "mine-1"}
    assert "has tuned mine-1" in hosted.look(work).words
    kept = work.folder.jobs.read_text(encoding="utf-8")
    assert '"provider": "my-host"' in kept and str(EXAMPLE) not in kept and KEY not in kept
    work.catalog.close()


def written(folder: Path, *edits: tuple[str, str]) -> str:
    text = EXAMPLE.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "mine.py").write_text(text)
    return str(folder / "mine.py")


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([("def host(", "def hots(")], "has no function host"),
        ([("    def ask(", "    def asks("), ('    format = "openai"', "    form = 1")], r"lacks format, ask\(\)"),
        ([('frozenset({"cancel"})', 'frozenset({"pause"})')], r"lacks pause\(\)"),
        ([('frozenset({"cancel"})', 'frozenset({"close"})')], "is able to close; known are quote"),
        ([('format = "openai"', 'format = "xml"')], "format of the host of .* is none of openai"),
        ([('provider = "my-host"', 'provider = "openai"')], "calls itself openai"),
        ([("class MyHost:", "class MyHost")], r"mine.py, line \d+: SyntaxError"),
        ([("import json", "import jsson")], r"mine.py, line 8: ModuleNotFoundError"),
    ],
)
def test_what_a_file_lacks_is_said(tmp_path: Path, edits: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(UserError, match=words):
        tuning.named(written(tmp_path, *edits), "http://127.0.0.1:9")


def test_a_fault_inside_names_its_line_and_no_token(tmp_path: Path, url: str) -> None:
    host = tuning.named(
        written(tmp_path, ("return [Tunable", "raise RuntimeError(self.key)\n        return [Tunable")), url
    )
    lines = (tmp_path / "mine.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "RuntimeError" in text)
    with pytest.raises(Refusal) as refusal:
        host.models()
    assert f"mine.py, line {line}: RuntimeError: [MY_HOST_KEY]" in refusal.value.sentence
    assert KEY not in refusal.value.detail


def test_a_file_of_a_data_folder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").touch()
    (tmp_path / "blobs").mkdir()
    path = tmp_path / "blobs" / "host.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match="lies in a data folder"):
        tuning.named(str(path))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UserError, match="There is no file"):
        tuning.named(str(tmp_path / "gone.py"))
