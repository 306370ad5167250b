# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in Git LFS, by choice alone: resolved by the batch API, within a cap for each owner, who pays for every byte.

The protocol is that of git-lfs's docs/api/batch.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from ...catalog import Listed, Repository
from ...errors import SetAside
from ...http import NetworkError
from ...words import size
from .. import lfs
from ..downloads import Job
from ..fetch import Want
from ..reach import Reach
from ..texts import Texts
from .api import Addresses

TYPE = "application/vnd.git-lfs+json"
AT_ONCE = 100
OWNER_FILES, OWNER_BYTES = 20, 200_000_000
"""So much of one owner's allowance is taken in a month; a free account has 10 GB (docs.github.com, 2025)."""
QUOTA = ("data quota", "lfs budget", "bandwidth limit")

Wanted = tuple[Repository, Listed]


def jobs(reach: Reach, addresses: Addresses, wanted: Sequence[Wanted], most: int) -> Iterator[Job]:
    """What to download for these files. What is too large, over an owner's cap or refused is set aside."""
    if not wanted:
        return
    month = datetime.now(UTC).strftime("%Y-%m")
    spent = reach.catalog.lfs_spent(month)
    for owner, files in groupby(wanted, key=lambda each: each[0].body["origin"]["author"]):
        count, bytes_ = spent.get(owner, (0, 0))
        chosen: list[tuple[Repository, Listed, str, int]] = []
        for repository, file, sha256, length in _pointed(reach, addresses, list(files)):
            if length > most:
                _aside(reach, repository, file, "size", f"In Git LFS it has {size(length)}, more than is taken.")
            elif count + 1 > OWNER_FILES or bytes_ + length > OWNER_BYTES:
                words = f"More of {owner}'s Git LFS allowance is not used up this month; the next one goes on."
                _aside(reach, repository, file, "lfs-cap", words)
            else:
                count, bytes_ = count + 1, bytes_ + length
                chosen.append((repository, file, sha256, length))
        yield from _resolved(reach, addresses, chosen, most, month)


def _pointed(reach: Reach, addresses: Addresses, files: list[Wanted]) -> Iterator[tuple[Repository, Listed, str, int]]:
    """Each file with SHA-256 and bytes of what its pointer stands for."""
    places = {addresses.file(r.name, f.provenance["commit"], f.path): (r, f) for r, f in files}
    for address, text in Texts(reach).read(places).items():
        repository, file = places[address]
        found = lfs.pointed(text.encode()) if isinstance(text, str) else None
        if found:
            yield repository, file, *found
        else:
            words = "It is no pointer to Git LFS after all." if isinstance(text, str) else f"Its pointer: {text}"
            _aside(reach, repository, file, "lfs", words)


def _resolved(
    reach: Reach, addresses: Addresses, files: list[tuple[Repository, Listed, str, int]], most: int, month: str
) -> Iterator[Job]:
    """Addresses of the contents, asked for by repository."""
    for name, group in groupby(files, key=lambda each: each[0].name):
        asked = {sha256: (repository, file, length) for repository, file, sha256, length in group}
        keys = list(asked)
        for start in range(0, len(keys), AT_ONCE):
            for sha256, action, refusal in _batch(
                reach, f"{addresses.web}/{name}.git", {key: asked[key][2] for key in keys[start : start + AT_ONCE]}
            ):
                repository, file, length = asked[sha256]
                if not action:
                    _aside(reach, repository, file, "lfs", refusal)
                    continue
                told = Listed(**{**vars(file), "provenance": {**file.provenance, "lfs": month}})
                want = Want(action["href"], length, most, sha256=sha256, headers=action.get("header") or {})
                yield Job(repository, told, want)


def _batch(reach: Reach, repository: str, wanted: dict[str, int]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """SHA-256, download action (empty where there is none) and why there is none. Nobody asks again after a quota."""
    body = {
        "operation": "download",
        "transfers": ["basic"],
        "objects": [{"oid": oid, "size": length} for oid, length in wanted.items()],
    }
    headers = {"Accept": TYPE, "Content-Type": TYPE}
    url = f"{repository}/info/lfs/objects/batch"
    try:
        answer = reach.call(lambda: reach.client.ask("POST", url, headers, body=json.dumps(body).encode()))
        value = json.loads(answer.body or b"{}")
    except (NetworkError, ValueError) as error:
        yield from ((oid, {}, f"Git LFS did not answer: {error}") for oid in wanted)
        return
    message = str(value.get("message", ""))
    if answer.status != 200:
        spent = answer.status == 509 or any(word in message.lower() for word in QUOTA)
        words = "Its owner's Git LFS allowance is used up." if spent else f"Git LFS answers {answer.status}."
        yield from ((oid, {}, words) for oid in wanted)
        return
    for each in value.get("objects") or ():
        if each.get("oid") in wanted:
            refusal = f"Git LFS does not have it: {(each.get('error') or {}).get('message', 'no address')}."
            yield each["oid"], (each.get("actions") or {}).get("download") or {}, refusal


def _aside(reach: Reach, repository: Repository, file: Listed, code: str, sentence: str) -> None:
    item = f"{repository.source}/{repository.name}/{file.path}"
    reach.hooks.set_aside(SetAside("harvest", item, code, sentence))
