# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist did with answers, looked at and deleted: `deploy feedback`."""

from __future__ import annotations

import argparse
import json

from .. import feedback
from ..errors import Exit, UserError
from ..paths import DataFolder
from ..words import counted, harmless

ON = (
    "Feedback is on. Of each request this data folder keeps the words, the answer, and the tree as you kept it, on "
    "this computer alone. `deploy feedback` lists them, `deploy feedback delete ID` deletes one."
)
OFF = "Feedback is off: nothing is kept. `deploy feedback on` keeps what you ask and do with the answers."
WORDS = ("list", "show", "delete", "on", "off")


def asked(found: argparse.Namespace, folder: DataFolder) -> int:
    """Do what `deploy feedback` was asked; the exit status."""
    word = found.tuned or "list"
    if word not in WORDS:
        raise UserError(f"{harmless(word)} is no word of `deploy feedback`; they are {', '.join(WORDS)}.")
    if bool(found.which) != (word in ("show", "delete")):
        raise UserError(f"Say `deploy feedback {word}{' ID' if word in ('show', 'delete') else ''}`.")
    if word == "show":
        return _show(found, folder)
    if word == "list":
        return _list(found, folder)
    words = _deleted(folder, found.which) if word == "delete" else _switched(folder, word == "on")
    print(json.dumps({"on": feedback.is_on(folder), "words": words}) if found.json else words)
    return Exit.DONE


def _list(found: argparse.Namespace, folder: DataFolder) -> int:
    kept, on = feedback.read(folder), feedback.is_on(folder)
    if found.json:
        rows = [
            {name: getattr(one, name) for name in ("id", "at", "model", "blender", "target", "state", "prompt")}
            for one in kept.feedback
        ]
        print(json.dumps({"on": on, "feedback": rows, "damaged": kept.damaged}))
        return Exit.DONE
    print(ON if on else OFF)
    for one in kept.feedback:
        prompt = harmless(" ".join(one.prompt.split()), 80)
        print(f"{one.id}  {harmless(one.at[:10]):<10}  {harmless(one.model):<20} {one.state:<8} {prompt}")
    for sentence in kept.damaged:
        print(f"! {sentence}")
    return Exit.DONE


def _show(found: argparse.Namespace, folder: DataFolder) -> int:
    one = next((one for one in feedback.read(folder).feedback if one.id == found.which), None)
    if one is None:
        raise _unknown(found.which)
    changes = [edit.words() for edit in one.edits]
    if found.json:
        print(json.dumps({**one.as_json(), "state": one.state, "changes": changes}))
        return Exit.DONE
    reason = f", {harmless(one.reason)}" if one.reason else ""
    print(
        f"{one.id}: {one.state}{reason}. {harmless(one.model)} in Blender {harmless(one.blender)}, {harmless(one.at)}"
    )
    print(f"  {harmless(one.prompt)}")
    for change in changes:
        print(f"  * {harmless(change)}")
    if one.failed:
        print(f"  Before, {counted(len(one.failed), 'script')} failed, the last with {harmless(one.failed[-1].error)}")
    print("\n" + "\n".join(map(harmless, one.code.splitlines())))
    return Exit.DONE


def _switched(folder: DataFolder, on: bool) -> str:
    feedback.switch(folder, on)
    return ON if on else f"{OFF} What was kept before is still there: `deploy feedback delete all` deletes it."


def _deleted(folder: DataFolder, which: str) -> str:
    gone = feedback.delete(folder, "" if which == "all" else which)
    if not gone and which != "all":
        raise _unknown(which)
    return f"Deleted: {counted(gone, 'request')}. Datasets hold rows of what is deleted until they are built again."


def _unknown(which: str) -> UserError:
    return UserError(f"There is no feedback {harmless(which)}. `deploy feedback` lists what is there.")
