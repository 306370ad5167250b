# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `compact`: trees become compact JSON, and that JSON is built in an empty Blender: does it make the same trees?

Body: `record` (path of a parsed record), `roots` (keys), `layout` (tell names, places and frames too). Answer as of
`prove`: `scripts`, by key `code` (the form's text), `proven`, `reason`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.build import NotTaken, build, make_placeholders
from ...graph.compact import compact, text
from ...graph.compact_parts import NotTold
from ...graph.model import Graph, closure
from ...graph.sparse import graphs
from ...graph.write import Block, script, variables
from . import empty
from .trial import LazyGraphs, compared, held, refusal, tried


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    found, layout = LazyGraphs(held(body)["graphs"]), bool(body.get("layout"))
    return {"scripts": {key: _answer(closure(found[key], found), layout) for key in body["roots"]}}


def _answer(trees: Sequence[Graph], layout: bool) -> dict[str, Any]:
    reason, form = refusal(trees, layout), ""
    try:
        if not reason:
            blocks = built(trees, layout)
            form = text(compact(blocks, variables(blocks), bpy.app.version_string.split()[0]))
            reason = trial(form, trees, layout)
    except (NotTold, NotTaken) as error:
        reason = f"refused: {error}"
    except Exception as error:  # whatever Blender raises belongs to this tree alone
        reason = f"failed: {type(error).__name__}: {error}"
    return {"code": form, "proven": not reason, "reason": reason}


def built(trees: Sequence[Graph], layout: bool = False) -> list[Block]:
    """The trees made in an empty Blender, groups first, with the steps that it took."""
    empty()
    make_placeholders(trees)
    return [Block(tree, build(tree, layout)) for tree in trees]


def trial(form: str, trees: Sequence[Graph], layout: bool) -> str:
    """Build what a form's text says in an empty Blender; why that is not `trees`, empty if it is.

    What differs where updates were held back is run again as code, plainly, and that run decides.
    """
    blocks = built(graphs(json.loads(form)), layout)
    verdict = partial(compared, trees, trees[-1], {}, layout)
    return verdict() and tried(script(blocks), trees, verdict)
