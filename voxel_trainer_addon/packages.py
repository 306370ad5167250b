# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the hosts' makers: imported only when they are used, and told of where they are missing or clash.

All extensions of a Blender share one folder of packages. Of each package Blender keeps the newest that any of them
brings, so what is found there may be another than the one that we brought.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from operator import ge, gt, le, lt
from typing import Any

from .errors import Unavailable
from .words import harmless

WANTED = {"openai": ">=3.54,<4", "anthropic": ">=2.14,<3", "boto3": ">=1.44,<2"}
"""Package → versions that this was written for."""

REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()]*)\)?\s*;?(.*)")
OF_PYTHON = re.compile(r"\s*python(?:_full)?_version\s*(\S+)\s*[\"']([\d.]+)[\"']\s*")
SPECIFIER = re.compile(r"\s*(~=|===?|!=|<=|>=|<|>)\s*([^\s,]+)")
ORDER: dict[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}


def wanted(name: str) -> Any:
    """The module of a package in `WANTED`. Raises Unavailable with what is missing, or what clashes, where it lies and
    which version is wanted."""
    if clash := _clash(f"{name}{WANTED[name]}", "Voxel Trainer", set()):
        raise Unavailable(f"{clash} Perhaps another extension brought it.")
    try:
        return import_module(name)
    except Exception as error:  # a package that meets another version than it expects may raise anything
        why = harmless(error, 300)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise Unavailable(
            f"The package {name} ({WANTED[name]}) is not in {sys.executable}: the extension's zip for this platform "
            "brings it, and so does `python3 build.py` in a checkout."
        ) from None
    raise Unavailable(f"{name} {found.version} in {found.locate_file('')} cannot be imported: {why}")


def _clash(requirement: str, by: str, seen: set[str]) -> str:
    """The first package, of those that a requirement needs, which is here in a version that does not fit; '' where all
    fit. One that is missing is no clash: the import tells of it."""
    match = REQUIREMENT.match(requirement)
    if not match or not _applies(match[3]):
        return ""
    name, specifiers = match[1], match[2].strip()
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return ""
    if found.version and not fits(found.version, specifiers):
        return f"{by} needs {name} {specifiers}; {found.version} was found in {found.locate_file('')}."
    if name in seen:
        return ""
    seen.add(name)
    clashes = (_clash(need, f"{name} {found.version}", seen) for need in found.requires or ())
    return next(filter(None, clashes), "")


def _applies(marker: str) -> bool:
    """Whether a requirement counts here: that of an extra does not. Of other markers Python's version is looked at."""
    python = OF_PYTHON.fullmatch(marker)
    return "extra" not in marker and (not python or fits(platform.python_version(), "".join(python.groups())))


def fits(version: str, specifiers: str) -> bool:
    """Whether a version meets all of `>=1.2,!=1.5.*,<2`; parts like `rc1` and `.post1` do not count."""
    return all(_holds(_release(version), *each.groups()) for each in SPECIFIER.finditer(specifiers))


def _holds(have: tuple[int, ...], operator: str, bound: str) -> bool:
    want = _release(bound)
    prefix = len(want) - (operator == "~=")
    width = max(len(have), len(want))
    have, whole = (numbers + (0,) * (width - len(numbers)) for numbers in (have, want))
    if operator == "~=":
        return have >= whole and have[:prefix] == want[:prefix]
    if operator in ORDER:
        return ORDER[operator](have, whole)
    same = have[:prefix] == want if bound.endswith(".*") else have == whole
    return same is (operator != "!=")


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version: `1.2.0rc1` → (1, 2, 0)."""
    numbers = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, numbers[1].split("."))) if numbers else ()
