# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: one HTML file that opens offline, asks for nothing, runs no script and escapes all it shows."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from .. import __version__
from ..catalog import Catalog
from ..examples import SAMPLE, told
from ..files import now, write_jsonl, write_text
from ..paths import DataFolder
from . import answers, browser, by_judges, contents, in_use, judged, ledger, losses, made, probed, training
from . import facts as gathered
from .facts import Facts
from .html import Markup, join, tag, text
from .rows import Json
from .style import CSS

TRAINED = (
    ("better", "Is it better?"),
    ("errors", "What goes wrong first"),
    ("answers", "Every prompt with its answers"),
    ("probes", "Does it copy, has it forgotten?"),
    ("training", "Training"),
    ("use", "In use"),
)
DATASET = (
    ("dataset", "What is in the dataset"),
    ("examples", "Examples"),
    ("way", "From files to examples"),
    ("split", "Split and leaks"),
    ("sources", "Sources and licences"),
)
FOOTER = tag(
    "footer", "Made by Voxel Trainer. This file holds everything it shows; it asks for nothing from elsewhere."
)
END = (("aside", "Set aside"), ("settings", "Settings"), ("places", "Where everything lies"))


def write(folder: DataFolder, catalog: Catalog, name: str, used: Json | None = None) -> Path:
    """Write `datasets/<name>/report.html` from what there is by now, and say where it lies. `used` is what is known of
    models in use (see `deployment.in_use`). Beside it lies the sample that it shows, for the panel."""
    facts = gathered.gather(folder, catalog, name, used or {})
    path = folder.dataset(name) / "report.html"
    write_jsonl(path.with_name(SAMPLE), (told(split, row) for split, row in facts.rows.sample))
    write_text(path, page(facts))
    return path


def write_in_use(folder: DataFolder, used: Json) -> Path:
    """Write the part about models in use as a page of its own, which waits for no run: `watched/report.html`."""
    title = "Models in use"
    body = tag(
        "main",
        tag("p", f"Voxel Trainer {__version__} · {now()}", class_="kicker"),
        tag("h1", title),
        in_use.in_use(used),
        FOOTER,
    )
    path = folder.watched / "report.html"
    write_text(path, document(title, body, CSS))
    return path


def page(facts: Facts) -> str:
    """The whole report as HTML. What was trained comes first, where something was."""
    sections = {
        **_evaluated(facts),
        "training": training.training(facts),
        "use": in_use.in_use(facts.in_use),
        "dataset": contents.contained(facts),
        "examples": browser.browser(facts),
        "way": losses.way(facts),
        "split": contents.split(facts),
        "sources": join(made.sources(facts), contents.licences(facts)),
        "aside": ledger.set_aside(facts),
        "settings": settings(facts),
        "places": ledger.places(facts),
    }
    parts = (*TRAINED, *DATASET, *END) if facts.version else (*DATASET, *TRAINED, *END)
    body = tag(
        "main",
        tag("p", f"Voxel Trainer {__version__} · {facts.made_at}", class_="kicker"),
        tag("h1", facts.name),
        tag("p", made.sentence(facts), class_="lead"),
        made.funnel(facts) if facts.version or not facts.rows.count else None,
        tag("nav", [tag("a", heading, href=f"#{id}") for id, heading in parts], aria_label="Parts of this report"),
        [made.section(id, heading, sections[id]) for id, heading in parts],
        FOOTER,
    )
    return document(
        facts.name, body, CSS + browser.styles(facts) + answers.styles(len(facts.evaluation.get("contestants", ())))
    )


def _evaluated(facts: Facts) -> dict[str, Markup]:
    """The parts about the evaluation; each says why where there is nothing to show."""
    evaluation = facts.evaluation
    if not evaluation or (older := judged.readable(evaluation)):
        why = made.missing(older if evaluation else facts.why("evaluate"))
        return dict.fromkeys(("better", "errors", "answers", "probes"), why)
    rows = answers.shown(evaluation, facts.answers)
    return {
        "better": join(
            judged.verdict(evaluation), judged.table(evaluation), by_judges.verdicts(facts.model, evaluation)
        ),
        "errors": judged.errors(evaluation, rows.numbers),
        "answers": answers.browser(rows),
        "probes": probed.probes(evaluation, facts.probes),
    }


def settings(facts: Facts) -> Markup:
    """Settings with the commands to make the same again."""
    return join(ledger.settings(facts), tag("h3", "Make it again"), ledger.commands(facts))


def document(title: str, body: Markup, css: str) -> str:
    """A document whose policy allows this style sheet and embedded pictures, and nothing else."""
    style = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{title} · Voxel Trainer"),
        tag("style", Markup(css)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body), lang=text('en'))}\n"
