# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `compact`: trees become compact JSON, and that JSON is built in an empty Blender: does it make the same trees?

Body: `record` (path of a parsed record) and `roots` (keys). Answer as of `prove`: `scripts`, by key `code` (the form's
text), `proven`, `reason`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy

from ...graph.blender.build import NotTaken, build, make_placeholders
from ...graph.compact import NotTold, compact, graphs, text
from ...graph.model import Graph, closure
from ...graph.write import Block, variables
from . import empty
from .trial import LazyGraphs, compared, held, refusal


def run(body: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """See the module."""
    found = LazyGraphs(held(body)["graphs"])
    return {"scripts": {key: _answer(closure(found[key], found)) for key in body["roots"]}}


def _answer(trees: Sequence[Graph]) -> dict[str, Any]:
    reason, form = refusal(trees), ""
    try:
        if not reason:
            blocks = built(trees)
            form = text(compact(blocks, variables(blocks), bpy.app.version_string.split()[0]))
            reason = _trial(form, trees)
    except (NotTold, NotTaken) as error:
        reason = f"refused: {error}"
    except Exception as error:  # whatever Blender raises belongs to this tree alone
        reason = f"failed: {type(error).__name__}: {error}"
    return {"code": form, "proven": not reason, "reason": reason}


def built(trees: Sequence[Graph]) -> list[Block]:
    """The trees made in an empty Blender, groups first, with the steps that it took."""
    empty()
    make_placeholders(trees)
    return [Block(tree, build(tree)) for tree in trees]


def _trial(form: str, trees: Sequence[Graph]) -> str:
    """Build what the text says in an empty Blender and compare; empty if it is the same."""
    built(graphs(json.loads(form)))
    return compared(trees, trees[-1], {})
