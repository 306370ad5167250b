# SPDX-License-Identifier: GPL-3.0-or-later
"""The part about models in use: alarms with their button, figures with intervals, duels; harmless; or a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.report.elements import Elements
from tests.report.graphs import EVIL
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.report import in_use, page

pytestmark = pytest.mark.plain


def row(model: str, blender: str, asked: int, **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("finished", "parses", "safe", "runs", "shown"), asked // 2)
    became = {"applied": asked // 4, "kept": asked // 8, "edited": 0, "undone": 1, "repaired": 2}
    about = {"requests": asked, "prompt_tokens": 90 * asked, "tokens": 9, "reasons": {"wrong look": 2, "error": 0}}
    times = {"first_s": None, "whole_s": {"median": 4.25, "p95": 9.0}}
    return {"model": model, "blender": blender, **counts, **became, **about, **times, **more}


TOLD: dict[str, Any] = {
    "live": "voxel/v2",
    "canary": {"model": "voxel/v3", "share": 0.1, "salt": "salt"},
    "requests": 340,
    "first_at": "2026-10-01T00:00:00Z",
    "last_at": "2026-11-01T00:00:00Z",
    "models": [row(EVIL, "", 100), row("voxel/v2", "", 200), row("voxel/v3", "", 40)],
    "by_blender": [
        row(EVIL, "4.5.1", 100),
        row("voxel/v2", "4.5.1", 150),
        row("voxel/v2", "5.2.3", 50),
        row("voxel/v3", "5.2.3", 40, shown=0, applied=0),
    ],
    "run_rates": {"voxel/v2": [[70, 0.5], [140, 0.6]], EVIL: [[90, 0.4]]},
    "together": 50,
    "alarms": [{"what": "run rate", "words": f"It fell. {EVIL} explains it.", "button": "Roll Back", "since": 3}],
    "watched_from": {"run rate": 200, "prompts": 400},
    "duels": [
        {
            "wins": {"voxel/v3": 9, "voxel/v2": 1},
            "alike": 2,
            "both_bad": 4,
            "winner": "",
            "words": "Undecided after 16.",
        }
    ],
    "decision": {"result": "better", "words": "voxel/v3 is better."},
    "moves": [{"at": "2026-10-01T00:00:00Z", "by": "person", "done": "promoted", "model": "voxel/v2", "why": EVIL}],
    "damaged_lines": 3,
}


def test_the_page_is_harmless_and_tells_it_all(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    text = page.write_in_use(folder, TOLD).read_text(encoding="utf-8")
    found = Elements(text)
    assert found.open == [] and EVIL in found.text
    assert not {tag for tag, _, _ in found.attributes} & {"script", "img", "link", "iframe", "form"}
    for words in (
        "340 requests from 2026-10-01 to 2026-11-01. Live is voxel/v2; the canary voxel/v3 answers 10% of the",
        "3 lines left out",
        "It fell.",
        "What helps: Roll Back.",
        "A point is 50 requests of that model.",
        "by modelvoxel/v2voxel/v3" + EVIL,  # the live one, the canary, the others
        "time to the first tokennonenonenone",
        "4.2 s 95 % within 9.0 s",
        "runs50 % 43 to 57 %",
        "4.5.1 250 requests",
        "was shown50 % 37 to 63 %0 % 0 to 9 %none",  # in 5.2.3
        "was applied, of those shown48 % 30 to 67 %nonenone",
        "voxel/v3 against voxel/v29241Undecided after 16.",
        "Canary: voxel/v3 is better.",
        "2026-10-01 promoted voxel/v2 by person: " + EVIL,
    ):
        assert words in found.text, words


def test_nothing_asked_and_no_alarm_are_lines() -> None:
    assert "No model has been asked for anything yet." in in_use.in_use({})
    quiet = Elements(in_use.in_use({**TOLD, "alarms": [], "run_rates": {}, "duels": [], "decision": None})).text
    assert "No alarm. The run rate of the live model is watched once it was asked 200 times" in quiet
    assert "Against each other" not in quiet and "A point is" not in quiet
