# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is to be named: `ATTRIBUTION.md` with every source once, and `CITATION.cff` for those who cite the dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..files import replacing, write_text
from ..licences.expressions import table
from ..words import harmless
from .parts import row_files
from .spill import spilled

ATTRIBUTION, CITATION = "ATTRIBUTION.md", "CITATION.cff"
AUTHORS = "The authors of the sources in ATTRIBUTION.md"
HEAD = """\
# Attribution

Every file that rows of this dataset come from: its path, its licence, and where they are known its author and a link.
`own` is the work of whoever made the dataset.

**What was changed.** Node trees, modifiers, objects and functions were read from these files and turned into Python
code, JSON and descriptions in words; parts were left out, renamed, combined, changed and in some rows broken on
purpose. The files themselves are not passed on. Each row names its own sources in its field `sources`.
"""
SCHEMA = "CREATE TABLE source (origin TEXT, entry TEXT, PRIMARY KEY (origin, entry)) WITHOUT ROWID"


def heading(source: Mapping[str, Any]) -> str:
    """The line that entries of a source's origin stand below."""
    return f"## {harmless(source['origin'])}"


def entry(source: Mapping[str, Any]) -> str:
    """The line that names one source."""
    path = harmless(source["path"]).replace("`", "'")
    author = f", by {harmless(source['author'])}" if source.get("author") else ""
    where = f", <{link}>" if (link := link_of(source)) else ""
    return f"- `{path}`: {harmless(source['licence']) or 'no licence'}{author}{where}"


def link_of(source: Mapping[str, Any]) -> str:
    """Where a source can be looked at: the file on GitHub, else its repository, '' where none is known."""
    address, commit, path = (str(source.get(key, "")) for key in ("repository", "commit", "path"))
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return ""
    address, name = address.removesuffix("/"), parts.path.strip("/")
    if parts.hostname == "github.com" and commit and path.startswith(f"{name}/"):
        address = f"{address}/blob/{commit}/{quote(path.removeprefix(f'{name}/'))}"
    return quote(address, safe=":/?#[]@!$&'()*+,;=%~")


def write_attribution(folder: Path) -> int:
    """Write `ATTRIBUTION.md` from the files of rows in `folder`; how many sources it names."""
    count, last = 0, ""
    with spilled(SCHEMA) as sources, replacing(folder / ATTRIBUTION) as out:
        for file in row_files(folder):
            for row in file.rows():
                for source in row["sources"]:
                    sources.add("INSERT OR IGNORE INTO source VALUES (?, ?)", heading(source), entry(source))
        out.write(HEAD)
        for head, line in sources.ask("SELECT origin, entry FROM source ORDER BY origin, entry"):
            out.write(f"\n{head}\n\n{line}\n" if head != last else f"{line}\n")
            last, count = head, count + 1
    return count


def write_citation(folder: Path, known: Mapping[str, Any]) -> None:
    """Write `CITATION.cff`, Citation File Format 1.2.0 (https://citation-file-format.github.io). `known` is the content
    of `dataset.json`. It holds no date: equal rows give equal bytes."""
    rows = sum(known["rows"].values())
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "message": "If you use this dataset, please cite it, and name the sources in ATTRIBUTION.md.",
        "title": harmless(known["name"]),
        "version": known["hash"],
        "abstract": f"{rows:,} examples for Blender with {known['answers']:,} distinct answers from "
        f"{known['source_files']:,} files, made by {known['tool']}.",
        "keywords": ["Blender", "bpy", "node trees", "code generation"],
        "authors": [{"name": AUTHORS}],
    }
    if licence := only_licence(known["licences"]):
        fields["license"] = licence
    write_text(folder / CITATION, yaml(fields))


def only_licence(licences: Iterable[str]) -> str:
    """The SPDX id that all rows are under, '' where there are several or it is none."""
    found = list(licences)
    return found[0] if len(found) == 1 and found[0].lower() in table() else ""


def yaml(value: Mapping[str, Any], indent: str = "") -> str:
    """A mapping as YAML: texts in JSON's quotes, which YAML takes, lists of texts and of mappings as blocks."""
    lines = []
    for key, held in value.items():
        if isinstance(held, Mapping):
            lines.append(f"{indent}{key}:\n{yaml(held, indent + '  ')}")
        elif isinstance(held, list | tuple):
            lines.append(f"{indent}{key}:\n")
            for inner in held:
                text = yaml(inner, indent + "    ") if isinstance(inner, Mapping) else f"{indent}    {_scalar(inner)}\n"
                lines.append(f"{indent}  - {text[len(indent) + 4 :]}")
        else:
            lines.append(f"{indent}{key}: {_scalar(held)}\n")
    return "".join(lines)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
