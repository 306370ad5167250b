# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's REST interface over the universe, as far as a harvest may want it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from tests.peers.git_objects import FOLDER, SUBMODULE, Content, Entry, Snapshot, Tree, shown
from tests.peers.http_parts import Answer, Request, answer, failure
from tests.peers.limits import Limits
from tests.peers.raw import unquote_bytes
from tests.peers.search import CAP, Refused, Searches
from tests.peers.universe import LICENCES, Repository, Universe, account

JSON_FILE_MAX, RAW_FILE_MAX, FOLDER_MAX = 1 << 20, 100 << 20, 1000
"""A file in JSON and a raw one, in bytes, and the entries of a folder, that /contents gives."""
CODE_MAX = 384 * 1024
"""Larger files are not in the index of code."""
RAW = "application/vnd.github.raw"
Route = Callable[[Request, Repository, str], Answer]


@dataclass
class Settings:
    """What may be set from outside. The two figures of trees are GitHub's documented ones."""

    tree_entries: int = 100_000
    tree_bytes: int = 7_000_000
    versions: tuple[str, ...] = ("2026-03-10", "2022-11-28")
    gone_versions: tuple[str, ...] = ("2021-01-01",)


class Rest:
    """The routes. `resource` says which budget pays a request."""

    def __init__(self, universe: Universe, searches: Searches, limits: Limits, settings: Settings) -> None:
        self.universe, self.searches, self.limits, self.settings = universe, searches, limits, settings

    @staticmethod
    def resource(path: str) -> str:
        return {"/graphql": "graphql", "/search/code": "code_search", "/search/repositories": "search"}.get(
            path, "core"
        )

    def answer(self, request: Request) -> Answer:
        """The answer, or 304 where the client has it already; that costs nothing."""
        refused = self._version(request)
        if refused:
            return refused
        made = self._routed(request)
        made.cost = 0 if request.path == "/rate_limit" else 1
        if made.status == 200:
            etag = self._etag(request, made)
            made.headers |= {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"}
            if etag.removeprefix("W/") in request.headers.get("If-None-Match", ""):
                return Answer(304, headers={"ETag": etag})
        return made

    def _version(self, request: Request) -> Answer | None:
        version = request.headers.get("X-GitHub-Api-Version")
        if version is None or version in self.settings.versions:
            return None
        if version in self.settings.gone_versions:
            return failure(410, f"API version {version} is no longer supported.")
        return failure(400, f"{version} is not a supported version of the API.")

    @staticmethod
    def _etag(request: Request, made: Answer) -> str:
        seen = f"{request.account}\0{request.headers.get('Accept', '')}\0".encode()
        data = made.content.oid.encode() if made.content else made.body
        return f'W/"{hashlib.sha256(seen + data).hexdigest()}"'

    def _routed(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return failure(404, "Not Found")
        plain = {
            "/rate_limit": self._rate_limit,
            "/user": self._user,
            "/versions": lambda _request: answer(list(self.settings.versions)),
            "/search/repositories": self._search,
            "/search/code": self._code,
        }
        if request.path in plain:
            return plain[request.path](request)
        named = re.fullmatch(r"/repos/([^/]+)/([^/]+)(/.*)?", request.path)
        numbered = re.fullmatch(r"/repositories/(\d+)(/.*)?", request.path)
        if named:
            name, rest = "/".join(map(unquote, named.groups()[:2])), named[3] or ""
            moved = self.universe.moved(name) if self.universe.named(name) is None else None
            if moved:
                place = f"{request.base}/repositories/{moved.number}{rest}"
                place += f"?{urlencode(request.query)}" if request.query else ""
                return answer({"message": "Moved Permanently", "url": place}, 301, Location=place)
            return self._repository(request, self.universe.named(name), rest)
        if numbered:
            return self._repository(request, self.universe.numbered(int(numbered[1])), numbered[2] or "")
        return failure(404, "Not Found")

    def _repository(self, request: Request, one: Repository | None, rest: str) -> Answer:
        if one is None or one.state in ("gone", "private"):
            return failure(404, "Not Found")
        if one.state == "dmca":
            return failure(451, "Repository access blocked", block={"reason": "dmca", "html_url": None})
        if one.state == "disabled":
            return failure(403, "Repository access blocked", block={"reason": "tos", "html_url": None})
        routes: dict[str, Route] = {
            "": lambda request, one, _: answer(repository(one, request.base)),
            "/license": self._licence,
            "/readme": self._readme,
            "/contents": self._contents,
            "/git/trees": self._trees,
            "/git/blobs": self._blob,
        }
        for route in sorted(routes, key=len, reverse=True):
            if rest == route or (route and rest.startswith(f"{route}/")):
                return routes[route](request, one, unquote_bytes(rest.removeprefix(route).strip("/")))
        return failure(404, "Not Found")

    def _rate_limit(self, request: Request) -> Answer:
        def shown(resource: str) -> dict[str, int]:
            window = self.limits.window(request.account, resource)
            return {"limit": window.limit, "remaining": window.remaining, "used": window.used, "reset": window.reset}

        resources = {resource: shown(resource) for resource in self.limits.budgets}
        return answer({"resources": resources, "rate": resources["core"]})

    def _user(self, request: Request) -> Answer:
        if not request.account:
            return failure(401, "Requires authentication")
        return answer({"login": request.account, "id": account(request.account), "type": "User"})

    def _search(self, request: Request) -> Answer:
        query = request.query
        sort = query.get("sort", "")
        try:
            found = self.searches.find(query.get("q", ""), f"{sort}-{query.get('order', 'desc')}" if sort else "")
        except Refused as why:
            return failure(422, "Validation Failed", errors=[{"message": str(why), "code": "invalid", "field": "q"}])
        items = [repository(one, request.base) for one in found.shown]
        return _paged(request, items, found.count)

    def _code(self, request: Request) -> Answer:
        if not request.account:
            return failure(401, "Requires authentication")
        try:
            words, limits = _code_query(request.query.get("q", ""))
        except Refused as why:
            return failure(422, "Validation Failed", errors=[{"message": str(why), "code": "invalid", "field": "q"}])
        named = self.universe.named(limits["repo"]) if "repo" in limits else None
        places = self.universe.repositories if "repo" not in limits else [named] if named else []
        return _paged(request, [item for one in places for item in self._matching(one, words, limits, request.base)])

    def _matching(
        self, one: Repository, words: list[str], limits: dict[str, str], base: str
    ) -> Iterator[dict[str, Any]]:
        head = None if one.state or limits.get("user", one.owner) != one.owner else self.universe.head(one)
        for path, content in head.files.items() if head else ():
            name = path.rpartition("/")[2]
            wrong = limits.get("extension", "") not in ("", name.rpartition(".")[2])
            wrong |= limits.get("filename", name) != name or not path.startswith(limits.get("path", ""))
            if wrong or content.size >= CODE_MAX:
                continue
            data = content.read(0, content.size)
            if b"\0" not in data and all(word.encode() in data for word in words):
                url = f"{base}/repos/{one.full_name}/contents/{path}"
                repo = repository(one, base)
                yield {
                    "name": name,
                    "path": shown(path),
                    "sha": content.oid,
                    "url": url,
                    "score": 1.0,
                    "repository": repo,
                }

    def _licence(self, request: Request, one: Repository, _rest: str) -> Answer:
        head = self.universe.head(one)
        path = (
            next((p for p in sorted(head.files) if re.match(r"(?i)(licen[cs]e|copying)[^/]*$", p)), "") if head else ""
        )
        if not head or not path:
            return failure(404, "Not Found")
        value = _file(one, head, path, request.base)
        return answer({**value, "license": licence(one, request.base)})

    def _readme(self, request: Request, one: Repository, _rest: str) -> Answer:
        head = self.universe.head(one)
        path = next((p for p in sorted(head.files) if re.match(r"(?i)readme[^/]*$", p)), "") if head else ""
        return self._contents(request, one, path) if path else failure(404, "Not Found")

    def _contents(self, request: Request, one: Repository, path: str) -> Answer:
        state = self.universe.at(one, request.query.get("ref", "HEAD"))
        if state is None:
            return failure(404, "This repository is empty." if one.empty else "No commit found for the ref")
        if path in state.trees:
            entries = state.trees[path].entries[:FOLDER_MAX]
            return answer([_listed(one, state, f"{path}/{e.name}".lstrip("/"), e, request.base) for e in entries])
        content = state.files.get(path)
        if content is None or content.mode == SUBMODULE:
            return failure(404, "Not Found")
        if RAW in request.headers.get("Accept", ""):
            return _bytes(content)
        if content.size > RAW_FILE_MAX:
            return failure(403, "This API returns blobs up to 100 MB in size.", errors=[{"code": "too_large"}])
        return answer(_file(one, state, path, request.base))

    def _blob(self, request: Request, one: Repository, oid: str) -> Answer:
        held = (c for state in self.universe.history(one) for c in state.files.values() if c.oid == oid)
        content = next(held, None)
        if content is None:
            return failure(404, "Not Found")
        if RAW in request.headers.get("Accept", ""):
            return _bytes(content)
        text = base64.b64encode(content.read(0, content.size)).decode()
        return answer({"sha": oid, "size": content.size, "encoding": "base64", "content": text})

    def _trees(self, request: Request, one: Repository, ref: str) -> Answer:
        if one.empty:
            return failure(409, "Git Repository is empty.")
        state = self.universe.at(one, ref)
        found = (state, state.root) if state else self._tree(one, ref)
        if found is None:
            return failure(404, "Not Found")
        state, tree = found
        listed: list[dict[str, Any]] = []
        size, whole = 0, True
        for path, entry in _walked(state, tree, "", "recursive" in request.query):
            line = {"path": shown(path), "mode": f"{entry.mode:06o}", "type": entry.type, "sha": entry.oid}
            line |= {"size": entry.size} if entry.type == "blob" else {}
            line |= {"url": f"{request.base}/repos/{one.full_name}/git/{entry.type}s/{entry.oid}"}
            size += len(line["path"]) + 180
            if len(listed) >= self.settings.tree_entries or size > self.settings.tree_bytes:
                whole = False
                break
            listed.append(line)
        url = f"{request.base}/repos/{one.full_name}/git/trees/{tree.oid}"
        return answer({"sha": tree.oid, "url": url, "tree": listed, "truncated": not whole})

    def _tree(self, one: Repository, oid: str) -> tuple[Snapshot, Tree] | None:
        states = reversed(self.universe.history(one))
        return next(((state, state.by_oid[oid]) for state in states if oid in state.by_oid), None)


def _walked(state: Snapshot, tree: Tree, path: str, deep: bool) -> Iterator[tuple[str, Entry]]:
    for entry in tree.entries:
        yield path + entry.name, entry
        if deep and entry.mode == FOLDER:
            inside = f"{tree.path}/{entry.name}" if tree.path else entry.name
            yield from _walked(state, state.trees[inside], f"{path}{entry.name}/", deep)


def _bytes(content: Content) -> Answer:
    headers = {"Content-Type": f"{RAW}; charset=utf-8"}
    return Answer(200, headers=headers, content=content, length=content.size)


def licence(one: Repository, base: str) -> dict[str, Any] | None:
    """A licence as it stands in other answers."""
    if not one.licence:
        return None
    spdx, name = LICENCES[one.licence]
    url = None if one.licence == "other" else f"{base}/licenses/{one.licence}"
    return {"key": one.licence, "name": name, "spdx_id": spdx, "url": url, "node_id": f"L_{one.licence}"}


def repository(one: Repository, base: str) -> dict[str, Any]:
    """A repository as REST shows it."""
    html = f"https://github.com/{one.full_name}"
    owner = {"login": one.owner, "id": one.owner_number, "type": one.owner_type, "node_id": f"U_{one.owner}"}
    moment = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "id": one.number,
        "node_id": one.node_id,
        "name": one.name,
        "full_name": one.full_name,
        "private": False,
        "owner": owner,
        "html_url": html,
        "description": one.description,
        "fork": bool(one.parent),
        "url": f"{base}/repos/{one.full_name}",
        "created_at": one.created.strftime(moment),
        "updated_at": one.pushed.strftime(moment),
        "pushed_at": one.pushed.strftime(moment),
        "clone_url": f"{html}.git",
        "homepage": None,
        "size": one.kilobytes,
        "stargazers_count": one.stars,
        "watchers_count": one.stars,
        "forks_count": one.forks,
        "language": one.language,
        "archived": one.archived,
        "disabled": one.state == "disabled",
        "is_template": one.template,
        "mirror_url": None,
        "license": licence(one, base),
        "topics": list(one.topics),
        "visibility": "public",
        "default_branch": one.branch,
    }


def _listed(one: Repository, state: Snapshot, path: str, entry: Entry, base: str) -> dict[str, Any]:
    url = f"{base}/repos/{one.full_name}/contents/{shown(path)}?ref={state.commit}"
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.type, "file")
    return {
        "name": shown(entry.name),
        "path": shown(path),
        "sha": entry.oid,
        "size": entry.size,
        "type": kind,
        "url": url,
    }


def _file(one: Repository, state: Snapshot, path: str, base: str) -> dict[str, Any]:
    content = state.files[path]
    entry = Entry(path.rpartition("/")[2], content.mode, content.oid, content.size)
    small = content.size <= JSON_FILE_MAX
    text = base64.encodebytes(content.read(0, content.size)).decode() if small else ""
    return {**_listed(one, state, path, entry, base), "content": text, "encoding": "base64" if small else "none"}


def _code_query(query: str) -> tuple[list[str], dict[str, str]]:
    """Words and qualifiers of a search for code. Raises Refused."""
    words: list[str] = []
    limits: dict[str, str] = {}
    for name, text in re.findall(r'(?:([a-z]+):)?("[^"]*"|\S+)', query):
        if not name:
            words.append(text.strip('"'))
        elif name not in ("repo", "user", "extension", "filename", "path", "language"):
            raise Refused(f"{name}: is no qualifier of code searches")
        elif name == "language":
            if text.lower() != "python":
                raise Refused("This test GitHub knows language:python only")
            limits["extension"] = "py"
        else:
            limits[name] = text.strip('"').removeprefix(".")
    if not words and not {"filename", "extension"} & limits.keys():
        raise Refused("A search for code needs a word")
    return words, limits


def _paged(request: Request, items: list[dict[str, Any]], count: int | None = None) -> Answer:
    """One page of at most `CAP` results, and the addresses of the pages around it."""
    try:
        size, page = min(100, int(request.query.get("per_page", "30"))), int(request.query.get("page", "1"))
    except ValueError:
        return failure(422, "Validation Failed")
    if (page - 1) * size >= CAP:
        return failure(422, "Only the first 1000 search results are available")
    last = -(-min(CAP, len(items)) // size)
    pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    pages = {rel: to for rel, to in pages.items() if 1 <= to <= last and to != page}

    def link(to: int) -> str:
        return f"{request.base}{request.path}?{urlencode({**request.query, 'page': to})}"

    total = len(items) if count is None else count
    body = {"total_count": total, "incomplete_results": False, "items": items[:CAP][(page - 1) * size : page * size]}
    links = ", ".join(f'<{link(to)}>; rel="{rel}"' for rel, to in pages.items())
    return answer(body, **({"Link": links} if links else {}))
