# SPDX-License-Identifier: GPL-3.0-or-later
"""Git LFS: the batch interface beside git, and the store on another host. The owner is charged for downloads."""

from __future__ import annotations

import hashlib
from collections import Counter
from urllib.parse import quote

from tests.peers import raw
from tests.peers.git_objects import Content, Data
from tests.peers.http_parts import Answer, Request, answer
from tests.peers.universe import Repository, Universe

MEDIA = "application/vnd.git-lfs+json"
OBJECTS_MAX = 100
OVER = (
    "This repository exceeded its LFS budget. "
    "The account responsible for the budget should increase it to restore access."
)


def pointer(content: Content) -> tuple[str, Data]:
    """The SHA-256 of a content, and what git keeps in its place."""
    sha256 = hashlib.sha256(content.read(0, content.size)).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {content.size}\n"
    return sha256, Data(text.encode())


class Lfs:
    """Batch and store over one universe. `budget` is what each owner may have downloaded, in bytes; None is no end."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.budget: int | None = None
        self.over_status = 403
        self.used: Counter[str] = Counter()

    def batch(self, request: Request, one: Repository, store: str) -> Answer:
        """POST {repository}.git/info/lfs/objects/batch."""
        asked = request.json
        media = request.headers.get("Accept", ""), request.headers.get("Content-Type", "").partition(";")[0]
        if media[0].partition(";")[0] != MEDIA or media[1] != MEDIA:
            return _failure(406, f"Accept and Content-Type must be {MEDIA}")
        if request.method != "POST" or not isinstance(asked, dict) or not asked.get("objects"):
            return _failure(422, "No objects were named")
        if asked.get("operation") != "download":
            return _failure(403, "Nothing can be uploaded here")
        if len(asked["objects"]) > OBJECTS_MAX:
            return _failure(413, f"At most {OBJECTS_MAX} objects at once")
        if self.budget is not None and self.used[one.owner] >= self.budget:
            return _failure(self.over_status, OVER)
        objects = [self._object(wanted["oid"], wanted["size"], one, store) for wanted in asked["objects"]]
        return answer({"transfer": "basic", "objects": objects, "hash_algo": "sha256"}, Content_Type=MEDIA)

    def _object(self, oid: str, size: int, one: Repository, store: str) -> dict[str, object]:
        held = self.universe.stored.get(oid)
        if held is None:
            return {"oid": oid, "size": size, "error": {"code": 404, "message": "Object does not exist"}}
        if held.size != size:
            return {"oid": oid, "size": size, "error": {"code": 422, "message": "The size is another one"}}
        href = f"{store}/{oid}?owner={quote(one.owner)}&signature={_signature(oid, one.owner)}"
        actions = {"download": {"href": href, "header": {"x-lfs-test": "1"}, "expires_in": 3600}}
        return {"oid": oid, "size": size, "authenticated": True, "actions": actions}

    def stored(self, request: Request) -> Answer:
        """GET of the address that the batch gave."""
        oid, owner = request.path.strip("/"), request.query.get("owner", "")
        held = self.universe.stored.get(oid)
        signed = request.query.get("signature") == _signature(oid, owner)
        if held is None or not signed or request.headers.get("x-lfs-test") != "1":
            return _failure(403, "The address is not signed, or its header was not sent")
        made = raw.served(request, held)
        self.used[owner] += made.size
        return made


def _signature(oid: str, owner: str) -> str:
    return hashlib.sha256(f"{oid} {owner}".encode()).hexdigest()[:16]


def _failure(status: int, message: str) -> Answer:
    return answer({"message": message, "documentation_url": "https://git-lfs.com"}, status, Content_Type=MEDIA)
