# SPDX-License-Identifier: GPL-3.0-or-later
"""`croissant.json`: the dataset told to programs in MLCommons' Croissant 1.1 (https://mlcommons.org/croissant)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..licences.classes import OWN
from ..licences.expressions import table
from ..words import harmless
from .attribution import AUTHORS
from .form import FIELDS, Field
from .parts import RowFile

NAME = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.1"
TYPES = {"text": "sc:Text", "whole": "sc:Integer", "number": "sc:Float"}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        word: f"cr:{word}"
        for word in ("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty")
    },
    **{
        word: f"cr:{word}"
        for word in ("extract", "field", "fileObject", "fileProperty", "fileSet", "format", "includes")
    },
    **{word: f"cr:{word}" for word in ("isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path")},
    **{word: f"cr:{word}" for word in ("recordSet", "references", "regex", "repeated", "replace", "samplingRate")},
    **{
        word: f"cr:{word}"
        for word in ("sdVersion", "separator", "source", "subField", "transform", "unArchive", "value")
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant(known: Mapping[str, Any], files: Iterable[tuple[RowFile, Mapping[str, Any]]]) -> dict[str, Any]:
    """The metadata. `known` is the content of `dataset.json`, `files` are the files of rows with their entries of its
    `files`. It holds no date: equal rows give equal bytes."""
    held = [(file, told) for file, told in files if told["rows"]]
    rows, title = sum(known["rows"].values()), re.sub(r"[{}\\]", " ", harmless(known["name"]))
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": harmless(known["name"]),
        "conformsTo": VERSION,
        "description": f"{rows:,} requests about Blender with proven answers, from {known['source_files']:,} files; "
        f"each row names its sources and their licences. Made by {known['tool']}.",
        "license": sorted({link for told in known["licences"] for link in links(told)}),
        "version": f"1.0.0+{known['hash'][:16]}",
        "citeAs": f"@misc{{voxel-{known['hash'][:8]}, title={{{title}}}, author={{{{{AUTHORS}}}}}, "
        f"version={{{known['hash'][:16]}}}, howpublished={{Dataset made by {known['tool']}}}}}",
        "keywords": ["Blender", "bpy", "node trees", "code generation", *known["kinds"]],
        "inLanguage": "en",
        "creator": {"@type": "sc:Organization", "name": AUTHORS},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": file.name,
                "name": file.name,
                "description": f"Rows of {file.split}, {file.part or 'open'} part.",
                "contentUrl": file.name,
                "contentSize": f"{told['bytes']} B",
                "encodingFormat": "application/jsonlines",
                "sha256": told["sha256"],
            }
            for file, told in held
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": (name := file.name.removesuffix(".jsonl")),
                "name": name,
                "description": f"The rows in {file.name}.",
                "key": {"@id": f"{name}/id"},
                "field": [*fields(name, file.name)],
            }
            for file, _ in held
        ],
    }


def fields(record_set: str, file: str) -> Iterator[dict[str, Any]]:
    """The fields that every row of a file has; those with parts once for each part."""
    for field in FIELDS:
        if field.kinds is None and field.type != "list":
            yield from _field(record_set, file, field)


def _field(record_set: str, file: str, field: Field) -> Iterator[dict[str, Any]]:
    for part in field.parts or (None,):
        told, name = part or field, f"{field.name}/{part.name}" if part else field.name
        if told.kinds is None:
            source: dict[str, Any] = {"fileObject": {"@id": file}, "extract": {"column": field.name}}
            yield {
                "@type": "cr:Field",
                "@id": f"{record_set}/{name}",
                "name": name,
                "description": told.meaning,
                "dataType": TYPES[told.type],
                "source": {**source, "transform": {"jsonPath": part.name}} if part else source,
            }


def links(licences: str) -> Iterator[str]:
    """Licences of rows (`A + B`) as links to SPDX's list; what it does not have by its name."""
    for licence in licences.split(" + "):
        known = table().get(licence.lower())
        if known:
            yield f"https://spdx.org/licenses/{known.id}.html"
        else:
            yield "The work of whoever made the dataset" if licence == OWN else harmless(licence)
