# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: one HTML file that opens offline, asks for nothing, runs no script and escapes all it shows."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from .. import __version__
from ..catalog import Catalog
from ..files import write_text
from ..paths import DataFolder
from . import facts as gathered
from . import judged, ledger, made
from .facts import Facts
from .html import Markup, join, tag, text
from .style import CSS

PARTS = (
    ("better", "Is it better?"),
    ("answers", "Answers side by side"),
    ("training", "Training"),
    ("rows", "Some rows"),
    ("sources", "Sources and licences"),
    ("aside", "Set aside"),
    ("settings", "Settings"),
    ("places", "Where everything lies"),
)


def write(folder: DataFolder, catalog: Catalog, name: str) -> Path:
    """Write `datasets/<name>/report.html` from what there is by now, and say where it lies."""
    path = folder.dataset(name) / "report.html"
    write_text(path, page(gathered.gather(folder, catalog, name)))
    return path


def page(facts: Facts) -> str:
    """The whole report as HTML."""
    sections = {
        "better": join(judged.verdicts(facts), judged.table(facts) if facts.evaluation else None),
        "answers": judged.examples(facts),
        "training": judged.training(facts),
        "rows": made.rows(facts),
        "sources": made.sources(facts),
        "aside": ledger.set_aside(facts),
        "settings": settings(facts),
        "places": ledger.places(facts),
    }
    body = tag(
        "main",
        tag("p", f"Voxel Trainer {__version__} · {facts.made_at}", class_="kicker"),
        tag("h1", facts.name),
        tag("p", made.sentence(facts), class_="lead"),
        made.funnel(facts),
        tag("nav", [tag("a", heading, href=f"#{id}") for id, heading in PARTS], aria_label="Parts of this report"),
        [made.section(id, heading, sections[id]) for id, heading in PARTS],
        tag(
            "footer", "Made by Voxel Trainer. This file holds everything it shows; it asks for nothing from elsewhere."
        ),
    )
    return document(facts.name, body)


def settings(facts: Facts) -> Markup:
    """Settings with the commands to make the same again."""
    return join(ledger.settings(facts), tag("h3", "Make it again"), ledger.commands(facts))


def document(title: str, body: Markup) -> str:
    """A document whose policy allows this style sheet and embedded pictures, and nothing else."""
    style = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{title} · Voxel Trainer"),
        tag("style", Markup(CSS)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body), lang=text('en'))}\n"
