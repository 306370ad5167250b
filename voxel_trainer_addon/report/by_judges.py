# SPDX-License-Identifier: GPL-3.0-or-later
"""What judges and a person said of an evaluation's answers, where they were asked: `judges.json` as a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import read_json
from .html import Markup, join, tag

FILE = "judges.json"
HEADINGS = ("by", "against", "pairs", "preferred", "neither", "the other", "order decides")


def verdicts(folder: Path, evaluation: Mapping[str, Any]) -> Markup | None:
    """The verdicts on this evaluation in its folder; None where nobody was asked, or only of an earlier one."""
    found = read_json(folder / FILE, {})
    told = [one for one in found.get("judgements", ()) if one["evaluated_at"] == evaluation["finished_at"]]
    if not told:
        return None
    labels = {one["who"]: one["label"] for one in evaluation["contestants"]}
    return join(
        tag("h3", "What judges say"),
        tag(
            "p",
            "Models that were asked to compare, blind and in both orders, and count as undecided where the order "
            "changed their verdict; and a person, where one gave verdicts. None of it is measured in Blender.",
            class_="soft",
        ),
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", [tag("th", heading, scope="col") for heading in HEADINGS])),
                tag("tbody", [_row(one, labels) for one in told]),
            ),
            class_="scroll",
        ),
        tag("ul", [tag("li", one["words"]) for one in (*told, *found["agreement"])], class_="plain"),
    )


def _row(one: Mapping[str, Any], labels: Mapping[str, str]) -> Markup:
    order = f"{one['order']['differs']['value']:.0%}" if one["order"] else ""
    cells = (labels.get(one["against"], one["against"]), one["pairs"], one["wins"], one["ties"], one["losses"], order)
    return tag("tr", tag("th", one["by"], scope="row"), [tag("td", cell) for cell in cells])
