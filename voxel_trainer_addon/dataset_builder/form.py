# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a row, `voxel-row/2`: its fields, what they mean, and what is wrong with a value that should be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..files import digest

FORM = "voxel-row/2"
KINDS = (
    *("tree", "explain", "json", "piece", "stack", "scene", "edit", "completion", "repair", "port", "code"),
    "preference",
)
FORMS = ("code", "json", "words")
HEX = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Field:
    """A field: its type is text, texts, whole (a whole number), number, object or list (of objects); `parts` are the
    fields of objects. `kinds`: where it must stand, `()` where it may be left out, None everywhere."""

    name: str
    type: str
    meaning: str
    parts: tuple[Field, ...] = ()
    kinds: tuple[str, ...] | None = None


def _may(name: str, type: str, meaning: str) -> Field:
    return Field(name, type, meaning, kinds=())


SOURCE = (
    Field("origin", "text", "the source that was harvested"),
    Field("path", "text", "the file's path in it"),
    Field("sha256", "text", "hash of the file's content"),
    Field("licence", "text", "SPDX expression, or own: the work of whoever made this dataset"),
    _may("commit", "text", "the commit that it was taken from"),
    _may("author", "text", "who made it"),
    _may("repository", "text", "address of its repository"),
    _may("modified", "text", "when it was last changed"),
    _may("of", "text", "what it is the source of, where a row needs several; sources of the same are alternatives"),
)
PROOF = (
    Field("name", "text", "what was shown of the answer"),
    Field("graph", "text", "canonical hash of the graph that it made, empty where there is none"),
    Field("blender", "text", "the Blender that it was shown in"),
    _may("compared", "text", "what was compared: sem, the meaning without the layout"),
    _may("names_checked", "whole", "names of bpy in the code that exist in that Blender"),
    _may("names_not_checked", "whole", "names whose owner is known only when the code runs"),
    _may("names_of_its_own", "whole", "names that the code defines itself"),
    _may("deprecated", "texts", "names that this Blender has, and will not keep"),
)
AUTHOR = (
    Field("model", "text", "the model that put the request into words, or in feedback answered"),
    Field("version", "text", "the name that its host gave it, or the hash of its files"),
    Field("host", "text", "where it answered"),
    Field("date", "text", "the day on which it answered"),
    Field("terms", "text", "id of the terms under which what it writes may train others"),
)
FIELDS = (
    Field("id", "text", "digest of kind, task, prompt, completion and Blender's version"),
    Field("kind", "text", "kind of example"),
    Field("task", "text", "what it is about"),
    Field("prompt", "text", "what is asked"),
    Field("completion", "text", "the answer"),
    Field("form", "text", "form of the answer: code, json or words"),
    Field("blender_version", "text", "the Blender that it is meant for"),
    Field("proof", "object", "how the answer was proven", PROOF),
    Field("answer", "text", "identity of the answer: canonical hash of its graph, or a digest"),
    Field("group", "text", "what the split keeps together"),
    Field("family", "text", "what is near-equal to it"),
    Field("nodes", "whole", "nodes of the tree, or lines of a function"),
    Field("key", "text", "the data-block that the code makes"),
    Field("score", "number", "quality, from 0 to 1"),
    _may("test", "text", "of test rows: far where nothing else of its repositories or sources is in train, else near"),
    Field("sources", "list", "the files that it comes from", SOURCE),
    Field(
        "rejected",
        "object",
        "a worse answer, and what it did instead",
        (Field("completion", "text", "the worse answer"), Field("what", "text", "what it did instead")),
        ("preference",),
    ),
    Field("given", "text", "digest of what was given", kinds=("edit", "completion", "repair", "port")),
    Field("from_version", "text", "the Blender that the given code was made for", kinds=("port",)),
    _may("edits", "whole", "of edits and completions: changes that the answer makes"),
    _may("message", "text", "of edits: what whoever made the change wrote of it"),
    _may("broken", "text", "of repairs: in which way the given code is broken"),
    _may("error", "text", "of repairs: what Blender said of the given code, empty where it ran"),
    Field("author", "object", "what model had a part in it; it is missing where none had", AUTHOR, ()),
    _may("patterns", "texts", "of code: what it is an example of"),
    _may("copies", "texts", "hashes of further files where it, or what is nearly equal to it, was found"),
)
TYPES = {"text": (str,), "texts": (list,), "whole": (int,), "number": (int, float), "object": (dict,), "list": (list,)}


def id_of(row: Mapping[str, Any]) -> str:
    """The id that a row must have."""
    return digest([row["kind"], row["task"], row["prompt"], row["completion"], row["blender_version"]])


def faults(row: Any) -> list[str]:
    """What is wrong with a row's form, as sentences; empty where nothing is."""
    if not isinstance(row, dict):
        return ["This is no JSON object."]
    found = list(_faults(row, FIELDS, row.get("kind")))
    if found:
        return found
    checks = (
        (row["kind"] in KINDS, "kind", "is none of " + ", ".join(KINDS)),
        (row["form"] in FORMS, "form", "is none of " + ", ".join(FORMS)),
        (bool(row["prompt"].strip()), "prompt", "is empty"),
        (bool(row["completion"].strip()), "completion", "is empty"),
        (bool(row["answer"]), "answer", "is empty"),
        (HEX.fullmatch(row["group"]) is not None, "group", "is not 16 hexadecimal digits"),
        (0 <= row["score"] <= 1, "score", "is not between 0 and 1"),
        (bool(row["sources"]), "sources", "is empty"),
    )
    return [f"The field {name} {words}." for holds, name, words in checks if not holds]


def _faults(value: Mapping[str, Any], fields: tuple[Field, ...], kind: object, before: str = "") -> Iterator[str]:
    for unknown in sorted(set(value) - {field.name for field in fields}):
        yield f"The field {before}{unknown} is not one of {FORM}."
    for field in fields:
        name = before + field.name
        if field.name not in value:
            if field.kinds is None or kind in field.kinds:
                yield f"The field {name} is missing."
            continue
        held: Any = value[field.name]
        if type(held) not in TYPES[field.type]:
            yield f"The field {name} is not of the type {field.type}."
        elif field.type == "object":
            yield from _faults(held, field.parts, kind, f"{name}.")
        elif field.type == "texts":
            if not all(isinstance(inner, str) for inner in held):
                yield f"The field {name} does not hold texts alone."
        elif field.type == "list":
            for number, inner in enumerate(held):
                if isinstance(inner, dict):
                    yield from _faults(inner, field.parts, kind, f"{name}[{number}].")
                else:
                    yield f"The field {name}[{number}] is not of the type object."
