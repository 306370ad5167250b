# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes without Blender: functions of the standard library, changes of code, and figures."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation import stand_ins
from tests.evaluation.stand_ins import Ended, Provider
from voxel_trainer_addon import prompts
from voxel_trainer_addon.bpy_code import allowed, source
from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.evaluation import benchmark
from voxel_trainer_addon.evaluation.contestants import Row
from voxel_trainer_addon.evaluation.probes import forgetting, general, memorisation, plain_python
from voxel_trainer_addon.evaluation.probes.forgetting import Checked
from voxel_trainer_addon.files import read_json, read_jsonl

pytestmark = pytest.mark.plain


def test_functions_of_the_standard_library() -> None:
    rows = plain_python.rows(0, 100)
    assert len(rows) > 80 and len({row["group"] for row in rows[:30]}) == 30
    for row in rows:
        (function,) = ast.parse(row["completion"]).body
        assert isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is None
        assert function.name in row["prompt"]
        assert prompts.messages(row) == [{"role": "user", "content": row["prompt"]}]
    assert plain_python.digest_of(rows) == plain_python.digest_of(plain_python.rows(0, 100))
    assert plain_python.digest_of(rows) != plain_python.digest_of(plain_python.rows(1, 100))


def test_a_hundred_general_requests() -> None:
    rows = general.rows()
    assert len(rows) == len({row["prompt"] for row in rows}) == len({row["id"] for row in rows}) == 100
    for row in rows:
        assert source.parses(row["completion"]) and not allowed.unsafe(row["completion"]), row["id"]
        assert row["checks"] and all(check.keys() & {"scene", "data"} for check in row["checks"])


@pytest.mark.parametrize(
    ("value", "others"),
    [
        (12.5, [6.25, 25.0]),
        (0.6, [0.3]),
        (0.1, [0.05, 0.2]),
        (1.0, [0.5]),
        (1.5, [3.0]),
        (3, [6]),
        (0.0, []),
        (True, []),
    ],
)
def test_other_numbers_are_clearly_others_on_the_same_side_of_one(value: Any, others: list[Any]) -> None:
    assert memorisation._others(value, "ShaderNodeMath", "first Value", None, "") == others


def test_code_is_changed_place_by_place() -> None:
    code = 'a = "é"; b.x = 0.2\nfor name, value in (("Scale", 0.2), ("Detail", 2)):\n    s[name].value = value\n'
    found = list(memorisation._in_code(code, 0.20000000298, 0.4))
    assert [(changed.count("0.4"), changed.count("0.2")) for changed, _ in found] == [(1, 1), (1, 1)]
    assert found[0][0] == code.replace("b.x = 0.2", "b.x = 0.4")
    assert found[0][1] == code.replace("b.x = 0.2", "") and found[1][1] == ""


def said(loss: float, rows: list[Row]) -> dict[str, dict[str, Any]]:
    return {row["id"]: {"loss": loss + 0.01 * (number % 5), "tokens": 50} for number, row in enumerate(rows)}


def test_a_higher_loss_on_python_is_worse_and_the_same_is_not_shown() -> None:
    """Functions without a loss are left out on both sides and counted."""
    rows = plain_python.rows(0, 20)
    base, tuned = said(1, rows), said(1.2, rows)
    tuned[rows[18]["id"]] = {"text": "", "finished": False, "tokens": 0}
    del base[rows[19]["id"]]
    worse = forgetting.python(rows, {"base": base, "tuned": tuned}, ("base", "tuned"), 0)
    same = forgetting.python(rows, {"base": base, "tuned": base}, ("base", "tuned"), 0)
    assert (worse["verdict"], same["verdict"]) == ("worse", "not shown")
    assert [worse[key] for key in ("wanted", "prompts", "unmeasured")] == [20, 18, 1]
    losses = [1.2 + 0.01 * (n % 5) for n in range(18)]
    assert worse["values"]["tuned"]["token"]["value"] == pytest.approx(sum(losses) / 18)
    by_byte = [loss * 50 / row["bytes"] for loss, row in zip(losses, rows[:18], strict=True)]
    assert worse["values"]["tuned"]["byte"]["value"] == pytest.approx(sum(by_byte) / 18)
    alone = {"base": said(1, rows[:1]), "tuned": said(1, rows[:1])}
    assert forgetting.python(rows, alone, ("base", "tuned"), 0)["verdict"] == "not shown"


@dataclass
class Narrow(Provider):
    """Its base cannot read the first function of plain Python."""

    def answer(
        self, request: dict[str, Any], on_line: Callable[[dict[str, Any]], None], tick: Callable[[], bool]
    ) -> Ended:
        too_long = request["rows"][0]["id"] if request["rows"][0]["id"].startswith("python/") else ""

        def passed(line: dict[str, Any]) -> None:
            if (line["id"], line.get("model")) != (too_long, "base"):
                on_line(line)
            elif line["kind"] == "answer":
                on_line({"kind": "too_long", "model": "base", "id": too_long, "prompt_tokens": 900, "context": 512})

        return super().answer(request, passed, tick)


def test_probes_go_beside_the_evaluation_and_keep_its_time(tmp_path: Path) -> None:
    desk = stand_ins.desk(tmp_path, probes=True, evaluate_s=10_000.0, against=("base",))
    stand_ins.lay_dataset(desk.folder, "voxel", stand_ins.rows(6, 100), stand_ins.rows(4))
    provider = Narrow(stand_ins.lay_model(desk.folder, "voxel"), lambda _: "Sure!", prompts.answer)
    benchmark.evaluate(desk, provider)
    place = desk.folder.model("voxel", "v1")
    found, lines = read_json(place / "evaluation.json")["probes"], list(read_jsonl(place / "probes.jsonl"))
    python = found["forgetting"]["python"]
    assert [python[key] for key in ("wanted", "prompts", "unmeasured")] == [100, 99, 1]
    assert Counter(line["probe"] for line in lines) == {"general": 100, "python": 100}
    assert "100 of 100 functions" in found["words"]
    asked = {request["rows"][0]["id"].partition("/")[0]: request for request in provider.requests}
    roles = {id: [one["role"] for one in request["rows"][0]["messages"]] for id, request in asked.items()}
    assert roles["python"] == ["user"] and roles["general"] == ["system", "user"]
    assert [request["seconds"] for request in provider.requests] == pytest.approx([5_000, 6_000, 10_000], abs=200)
    desk.options = replace(desk.options, probes=False)
    benchmark.evaluate(desk, provider)
    assert "probes" not in read_json(place / "evaluation.json") and not (place / "probes.jsonl").exists()
    desk.options = replace(desk.options, probes=True, against=("retrieval",))
    with pytest.raises(UserError, match="both have to take part"):
        benchmark.evaluate(desk, provider)
    desk.catalog.close()


def test_only_requests_that_all_answered_count() -> None:
    rows = general.rows()
    done, failed = Checked(True, ""), Checked(False, "NameError: bpyy")
    half_done = Checked(True, "", ("scene.objects",))
    results = {
        "base": {row["id"]: done for row in rows[:60]},
        "tuned": {row["id"]: (failed, half_done)[n % 2] for n, row in enumerate(rows)},
    }
    figures = forgetting.general(rows, results, ("base", "tuned"), 0)
    assert figures["prompts"] == 60 and figures["verdict"] == "worse"
    assert figures["values"]["tuned"]["runs"]["value"] == 0.5 and figures["values"]["tuned"]["done"]["value"] == 0
    assert figures["words"].startswith("Runs to its end: Worse than the base: 0.50 against 1.00 on 60 prompts")
    neither = {"base": dict.fromkeys(results["base"], half_done), "tuned": dict.fromkeys(results["base"], failed)}
    figures = forgetting.general(rows, neither, ("base", "tuned"), 0)
    assert figures["verdict"] == "worse" and "Does what is asked: Not shown to be better" in figures["words"]
    none = forgetting.general(rows, {"base": {}, "tuned": results["tuned"]}, ("base", "tuned"), 0)
    assert none["prompts"] == 0 and none["verdict"] == "not shown"
