# SPDX-License-Identifier: GPL-3.0-or-later
"""`deploy host`, `hosted` and `unhost` against a server on loopback: what costs is agreed to, made once, and ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.providers.aws_server import CUSTOM, DEPLOYMENTS, THROUGHPUTS, account, serving
from voxel_trainer_addon.cli.command import main
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.providers.answering import Answer, Chat, named

pytestmark = pytest.mark.plain


def test_a_tuned_model_answers_once_it_is_hosted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with account(tmp_path), serving() as server:

        def deploy(*words: str, online: bool = True) -> int:
            at = ("--base-url", server.url, "--data", str(tmp_path))
            facts = {"program": "blender", "is_module": False, "version": (5, 2, 3), "assets": (), "online": online}
            return main(["deploy", *words, *at], lambda: facts, Path("run_headless.py"))

        def said() -> Answer:
            heard: list[object] = []
            chat = Chat("1", [{"role": "user", "content": "hello"}])
            named(f"bedrock:{CUSTOM}", server.url).ask([chat], 50, lambda _, told: heard.append(told), lambda: True)
            (answer,) = heard
            assert isinstance(answer, Answer)
            return answer

        with pytest.raises(Unavailable, match=f"`deploy host {CUSTOM}` does that"):
            said()
        server.asked.clear()
        assert deploy("host", CUSTOM) == 3 and "cost by the hour" not in capsys.readouterr().err
        assert deploy("host", CUSTOM, "--units", "2") == 3 and "2 units of throughput cost" in capsys.readouterr().err
        assert deploy("host", "voxel/v1", "--yes") == 2 and deploy("unhost", "voxel/v1") == 2
        assert deploy("host", CUSTOM, "--yes", online=False) == 3 and not server.asked
        capsys.readouterr()

        for _ in range(2):
            assert deploy("host", CUSTOM, "--yes", "--json") == 0
        arn = json.loads(capsys.readouterr().out.splitlines()[-1])["arn"]
        (made,) = server.rented[DEPLOYMENTS]
        with pytest.raises(Unavailable, match="stands at Creating"):
            said()
        made["status"] = "Active"
        assert said() == Answer("You said: hello", 40, 9, CUSTOM, True)
        assert server.asked[-1] == f"POST /model/{arn}/converse"

        assert deploy("host", CUSTOM, "--units", "2", "--yes") == 0 and len(server.rented[THROUGHPUTS]) == 1
        assert server.bodies[-1]["modelUnits"] == 2
        capsys.readouterr()
        assert deploy("hosted") == 0
        by_token, _, by_hour, _ = capsys.readouterr().out.splitlines()
        assert by_token.split() == ["Active", "by", "the", "token", arn] and "by the hour" in by_hour
        assert deploy("unhost", arn) == 0 and deploy("unhost", by_hour.split()[-1]) == 0
        assert deploy("unhost", arn) == 3 and not server.rented[DEPLOYMENTS] and not server.rented[THROUGHPUTS]
        capsys.readouterr()
        assert deploy("hosted") == 0 and "Nothing of ours" in capsys.readouterr().out
