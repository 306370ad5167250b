# SPDX-License-Identifier: GPL-3.0-or-later
"""The licence of a file in a repository, from all that is said about it there; every step is recorded.

Order: a tag in the file, `FILE.license`, REUSE.toml or .reuse/dep5, the nearest folder upwards whose licence file,
credits or README states one, the file's own asset metadata, the repository's licence as its host says. What is nearer
counts; what forbids counts at every level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from . import detect, reuse
from .classes import class_of, obligations, same, strictest, why
from .expressions import joined, normal, parsed, spelled

TAG, BESIDE, REUSE, NEAREST, ASSET, REPOSITORY = "tag", "beside", "reuse", "nearest", "asset", "repository"
"""Rules in the order in which they count: a licence tag in the file, a .license file beside it, REUSE.toml or
.reuse/dep5, the nearest licence file, credits or README, the asset's own metadata, the licence that the host names."""

LARGEST = detect.LONGEST
"""Bytes of a text that is worth fetching; a larger one is not read, and what it would say is unknown."""

A_FOLDER = 12
"""Texts of one folder at most."""

LICENCE_FILE = re.compile(r"(?:un)?licen[cs]es?|copying|copyrights?|legal|eula|terms")
PROSE_FILE = re.compile(r"readme|credits?|attributions?|acknowledge?ments?|notice")
NO_TEXT = re.compile(
    r"\.(?:pyc?|js|mjs|ts|json|ya?ml|blend\d*|png|jpe?g|gif|svg|webp|pdf|docx?|zip|html?\.erb|sh|bat|c|h|cpp|css|scss)$"
)
OF_CODE = re.compile(r"\b(?:code|source|src|software|scripts?|docs?|documentation|fonts?)\b")
OF_ASSETS = re.compile(r"\b(?:assets?|art|artwork|media|models?|content|data|graphics|blend|textures?)\b")


class Blob(NamedTuple):
    """A file of the listing: its git blob id, and its size in bytes."""

    oid: str
    bytes: int = 0


Listing = Mapping[str, Blob]
"""Path in the repository → file."""


class Step(NamedTuple):
    """A piece of evidence: by which rule, in which file (empty: none), its git blob id, the licence that it states."""

    rule: str
    file: str
    oid: str
    spdx: str


class AssetMetadata(NamedTuple):
    """What the assets inside a .blend say of themselves; known only after the file was read."""

    licence: str = ""
    copyright: str = ""
    author: str = ""

    @property
    def stated(self) -> str:
        """The licence in their own words: an SPDX id, or a notice."""
        if class_of(self.licence) != "unknown":
            return normal(self.licence)
        return detect.read("\n\n".join(part for part in (self.licence, self.copyright) if part)).spdx


@dataclass(frozen=True)
class Verdict:
    """The licence of a file, its class, what it obliges to, and why we think so."""

    spdx: str
    cls: str
    obligations: tuple[str, ...]
    evidence: tuple[Step, ...]
    reason: str

    def as_json(self) -> dict[str, Any]:
        """For the catalog's provenance: small, JSON types alone."""
        return {
            "spdx": self.spdx,
            "class": self.cls,
            "obligations": list(self.obligations),
            "evidence": [list(step) for step in self.evidence],
            "reason": self.reason,
        }


def wanted(paths: Iterable[str], listing: Listing) -> list[str]:
    """The texts that decide about `paths`, the deepest folders first: those beside them and in the folders above, of at
    most LARGEST bytes. REUSE's folder `LICENSES` holds texts, not statements: none of it is wanted."""
    documents = _documents(listing)
    found: dict[str, None] = {}
    folders: set[str] = set()
    for path in paths:
        found.update(dict.fromkeys([f"{path}.license"] if f"{path}.license" in listing else []))
        folders.update(_folders(path))
    for folder in sorted(folders, key=lambda name: (-len(name.split("/")) if name else 0, name)):
        found.update(dict.fromkeys(documents.get(folder, ())))
        manifest = _inside(folder, "REUSE.toml")
        found.update(dict.fromkeys([manifest] if manifest in listing else []))
    if folders and ".reuse/dep5" in listing:
        found[".reuse/dep5"] = None
    return [path for path in found if listing[path].bytes <= LARGEST]


Level = tuple[Step, ...]
"""Evidence that counts together: all of it applies."""


@dataclass
class Judge:
    """Says which licence each file of one repository has.

    `texts`: what was fetched of `wanted`; one that is missing makes its level unknown. `repository`: the SPDX id that
    the host tells (empty or NOASSERTION: none).
    """

    listing: Listing
    texts: Mapping[str, str]
    repository: str = ""
    _documents: Mapping[str, tuple[str, ...]] = field(init=False)
    _known: dict[tuple[str, bool], Level] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._documents = _documents(self.listing)

    def licence_of(self, path: str, text: str | None = None, asset: AssetMetadata | None = None) -> Verdict:
        """The licence of one file. `text`: its own content where it is a text; `asset`: what a .blend's assets say."""
        levels = [level for level in self._levels(path, text, asset) if level]
        forbids = tuple(step for level in levels for step in level if class_of(step.spdx) == "forbidden")
        decisive = forbids or (levels[0] if levels else ())
        spdx = _all(step.spdx for step in decisive)
        others = [step for level in levels for step in level if step not in decisive and not same(step.spdx, spdx)]
        return Verdict(spdx, class_of(spdx), obligations(spdx), (*decisive, *others)[:KEPT], _reason(spdx, decisive))

    def _levels(self, path: str, text: str | None, asset: AssetMetadata | None) -> Iterator[Level]:
        """All that is said of the file, from what counts most to what counts least."""
        yield self._stated(path, text)
        for folder in _folders(path):
            key = (folder, not path.lower().endswith(".py"))
            if key not in self._known:
                self._known[key] = self._of_folder(*key)
            yield self._known[key]
        if asset is not None:
            found = asset.stated
            yield (Step(ASSET, path, self._oid(path), found),) if found else ()
        id = normal(self.repository)
        yield (Step(REPOSITORY, "", "", id),) if id and id.upper() not in NO_LICENCE else ()

    def _stated(self, path: str, text: str | None) -> Level:
        """What the file, its companion and REUSE's lists state, by REUSE's precedence."""
        lists = [(entry, step) for entry, step in self._annotated(path) if step.spdx]
        if override := [step for entry, step in lists if entry.precedence == "override"]:
            return (override[-1],)
        own: list[Step] = []
        if text is not None and (tag := detect.read(text, path)).spdx:
            own.append(Step(TAG, path, self._oid(path), tag.spdx))
        elif f"{path}.license" in self.listing:
            own.append(self._step(BESIDE, f"{path}.license"))
        nearest = [] if own else [step for entry, step in lists if entry.precedence == "closest"][:1]
        return (*own, *nearest, *(step for entry, step in lists if entry.precedence == "aggregate"))

    def _annotated(self, path: str) -> Iterator[tuple[reuse.Annotation, Step]]:
        """The entries of REUSE's lists that fit the path, nearest first."""
        for folder in _folders(path):
            manifest = _inside(folder, "REUSE.toml")
            if manifest in self.listing:
                entries = reuse.toml_annotations(self.texts.get(manifest, "")) if manifest in self.texts else None
                fitting = _last(UNREAD if entries is None else entries, path[len(folder) + 1 if folder else 0 :])
                yield from ((entry, Step(REUSE, manifest, self._oid(manifest), entry.spdx)) for entry in fitting)
        if DEP5 in self.listing:
            fitting = _last(reuse.dep5_annotations(self.texts[DEP5]) if DEP5 in self.texts else UNREAD, path)
            yield from ((entry, Step(REUSE, DEP5, self._oid(DEP5), entry.spdx)) for entry in fitting)

    def _of_folder(self, folder: str, for_assets: bool) -> Level:
        """What the documents of one folder state; where they differ, the strictest."""
        documents = _in_scope(self._documents.get(folder, ()), for_assets)
        licences = [self._step(NEAREST, name) for name in documents if LICENCE_FILE.match(_name(name))]
        licences = [step for step in licences if step.spdx or not self._is_empty(step.file)]
        prose = [self._step(NEAREST, name) for name in documents if not LICENCE_FILE.match(_name(name))]
        prose = [step for step in prose if step.spdx]
        if len(licences) > 1:  # a README may say that one of them can be chosen
            choice = spelled(joined("OR", [value for step in licences if (value := parsed(step.spdx)) is not None]))
            if chosen := [step for step in prose if same(step.spdx, choice)]:
                return (chosen[0],)
        together = _all(step.spdx for step in licences) if all(step.spdx for step in licences) else ""
        hardest = strictest([*([together] if licences else []), *(step.spdx for step in prose)])
        if licences and hardest == together:
            return tuple(licences)
        return tuple(step for step in prose if step.spdx == hardest)[:1]

    def _step(self, rule: str, file: str) -> Step:
        text = self.texts.get(file)
        return Step(rule, file, self._oid(file), detect.read(text, file).spdx if text is not None else "")

    def _is_empty(self, file: str) -> bool:
        return len(self.texts.get(file, "x" * 99).split()) < 3 and file in self.texts

    def _oid(self, path: str) -> str:
        return self.listing[path].oid if path in self.listing else ""


KEPT = 4
"""Steps of a verdict at most: it is stored with every file."""

NO_LICENCE = ("NOASSERTION", "OTHER", "NONE")
DEP5 = ".reuse/dep5"
UNREAD = (reuse.Annotation((re.compile(".*", re.DOTALL),), reuse.UNREADABLE, "aggregate"),)
"""What stands for a list that is there and could not be read: it may say anything."""


def _reason(spdx: str, decisive: Level) -> str:
    """One sentence for a person."""
    if not decisive:
        return "No licence was found for it."
    step = decisive[0]
    where = step.file or "its host"
    if not step.spdx:
        return f"{where} states no licence that is known here."
    left = why(spdx)
    return f"{where}: {left}." if left else f"{spdx} by {where}."


def _all(expressions: Iterable[str]) -> str:
    parts = [value for expression in expressions if (value := parsed(expression)) is not None]
    return spelled(joined("AND", parts)) if parts else ""


def _last(entries: tuple[reuse.Annotation, ...], path: str) -> list[reuse.Annotation]:
    return [entry for entry in entries if entry.fits(path)][-1:]


def _folders(path: str) -> list[str]:
    """The folders of a path, the nearest first; the last is the root, an empty name."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _inside(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _documents(listing: Listing) -> dict[str, tuple[str, ...]]:
    """Folder → its licence files, credits and READMEs, those first that say most."""
    found: dict[str, list[str]] = {}
    for path in listing:
        name = _name(path)
        folder = path.rpartition("/")[0]
        if _is_document(name) and _name(folder) != "licenses":
            found.setdefault(folder, []).append(path)
    ordered = {
        folder: sorted(paths, key=lambda path: (not LICENCE_FILE.match(_name(path)), path))
        for folder, paths in found.items()
    }
    return {folder: tuple(paths[:A_FOLDER]) for folder, paths in ordered.items()}


def _is_document(name: str) -> bool:
    beginning = LICENCE_FILE.match(name) or PROSE_FILE.match(name)
    if beginning is None or NO_TEXT.search(name) or name.endswith(".license"):
        return False
    return not name[beginning.end() :][:1].isalpha()


def _in_scope(documents: Iterable[str], for_assets: bool) -> list[str]:
    """Without the licences that by their name are for the other kind of file (`LICENSE-CODE` for an asset)."""
    kept = list(documents)
    for other, ours in ((OF_CODE, OF_ASSETS) if for_assets else (OF_ASSETS, OF_CODE),):
        apart = [path for path in kept if other.search(_scope(path)) and not ours.search(_scope(path))]
        if len(apart) < len([path for path in kept if LICENCE_FILE.match(_name(path))]):
            kept = [path for path in kept if path not in apart]
    return kept


def _scope(path: str) -> str:
    return re.sub(r"[_.-]+", " ", _name(path)) if LICENCE_FILE.match(_name(path)) else ""
