# SPDX-License-Identifier: GPL-3.0-or-later
"""The git command: partial clones, no prompt, no hook, no checkout, and nothing of the person's but proxies."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO

from ...errors import UserError
from . import child, store, trouble
from .address import Address
from .model import Change, Commit, GitProblem, Limits, Remote, Tick, is_file

OLDEST = (2, 25)
NO_HAVES = (2, 29)
"""The first git that knows the negotiation `noop`."""
SETTINGS_BY_ENVIRONMENT = (2, 31)
"""The first git that takes a setting from the environment, out of sight of `ps`."""

HEAD = "refs/harvest/head"
ALL_COMMITS = 0x7FFFFFFF
"""The depth that git takes for infinite."""
BIG_FILE = "32m"
"""Larger files are streamed by git, not held."""

KEPT = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TMPDIR", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

LOG = "%H%x00%P%x00%an%x00%ad%x00%B%x00"
FIELD_MAX = 1 << 16
"""So much of one field of a commit is kept, in bytes."""


def find() -> tuple[Path, tuple[int, ...]] | None:
    """The git on this machine and its version, or None where there is none, or an older one than can be used."""
    program = shutil.which("git")
    if not program:
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
        found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
        if found:
            version = tuple(int(part) for part in found.groups() if part)
            return (Path(program), version) if version >= OLDEST else None
    return None


class Git:
    """A clone in `place`/clone.git, fetched into by git.

    It is read through `place`/reader.git, which has the same objects and no remote: whatever is missing is missing
    there, and no version of git can go and fetch it behind our back.
    """

    def __init__(
        self,
        program: Path,
        version: tuple[int, ...],
        address: Address,
        place: Path,
        limits: Limits,
        tick: Tick,
        header: str = "",
        agent: str = "",
    ) -> None:
        if header and version < SETTINGS_BY_ENVIRONMENT:
            raise UserError("This git is too old to be given a token in secret. Update it to 2.31 or newer.")
        self.name = f"git {'.'.join(map(str, version))}"
        self.whole = False
        self._program, self._version, self._address, self._place = program, version, address, place
        self._limits, self._tick, self._header, self._agent = limits, tick, header, agent
        self._clone, self._reader = place / store.FOLDER, place / "reader.git"

    def remote(self) -> Remote:
        what = [] if self._address.is_bundle else ["HEAD"]
        found, _ = self._network("ls-remote", "--symref", "--", self._address.text, *what)
        symref, refs = "", dict[str, str]()
        for line in found.decode("utf-8", "replace").splitlines():
            value, _, name = line.partition("\t")
            if name == "HEAD" and value.startswith("ref: "):
                symref = value.removeprefix("ref: ")
            elif name:
                refs[name] = value
        if self._address.is_bundle:
            return _of_bundle(refs)
        if "HEAD" not in refs:
            raise trouble.EMPTY
        return Remote(refs["HEAD"], symref)

    def begin(self, remote: Remote) -> None:
        form = ["--object-format=sha256"] if len(remote.commit) == 64 else []
        for folder in (self._clone, self._reader):
            shutil.rmtree(folder, ignore_errors=True)
            self._run(None, "init", "--quiet", "--bare", "--template=", *form, "--", str(folder))
        shared = self._reader / "objects" / "info" / "alternates"
        shared.parent.mkdir(exist_ok=True)
        shared.write_text(f"../../{store.FOLDER}/objects\n", encoding="ascii")
        for key, value in (
            ("remote.origin.url", self._address.text),
            ("core.repositoryFormatVersion", "1"),
            ("extensions.partialClone", "origin"),
        ):
            self._run(self._clone, "config", key, value)

    def bring_commits(self, remote: Remote, *, history: bool, deepen: bool) -> str:
        depth = [f"--depth={ALL_COMMITS}" if history else "--depth=1"] if deepen or not history else []
        source = "HEAD" if not self._address.is_bundle or not remote.ref else remote.ref
        said = self._fetch(self._limits.bytes, "--update-shallow", *depth, "origin", f"+{source}:{HEAD}")
        self.whole = "filtering not recognized" in said or self._address.is_bundle
        (self._reader / "shallow").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(self._clone / "shallow", self._reader / "shallow")
        return self._run(self._clone, "rev-parse", "--verify", f"{HEAD}^{{commit}}").decode().strip()

    def bring_blobs(self, oids: Sequence[str], most: int) -> None:
        noop = ["-c", "fetch.negotiationAlgorithm=noop"] if self._version >= NO_HAVES else []
        self._fetch(self.size() + most, "origin", *oids, settings=noop)

    def size(self) -> int:
        return store.pack_bytes(self._clone)

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        found = {}
        with self._lines(oids) as asked:
            pieces = self._read("cat-file", "--batch-check", stdin=asked)
            for line in b"".join(pieces).decode().splitlines():
                oid, kind, *rest = line.split()
                if kind == "blob":
                    found[oid] = int(rest[0])
        return found

    def is_cut(self) -> bool:
        return (self._reader / "shallow").is_file()

    def date(self, commit: str) -> str:
        said = b"".join(self._read("log", "-1", "--no-show-signature", "--date=raw", "--format=%cd", commit, "--"))
        return said.decode().strip()

    def tree(self, commit: str) -> Iterator[tuple[bytes, int, str]]:
        for line in _split(self._read("ls-tree", "-r", "-z", "--full-tree", commit)):
            head, _, path = line.partition(b"\t")
            mode, _, oid = head.decode().split()
            yield path, int(mode, 8), oid

    def log(self, commit: str, patterns: Sequence[str]) -> Iterator[Commit]:
        fields = _split(
            self._read(
                *("log", "-z", "--raw", "-c", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv"),
                *("--full-history", "--topo-order", "--reverse", "--no-show-signature", "--no-notes", "--root"),
                *("--encoding=UTF-8", "--date=raw", f"--format={LOG}", commit, "--"),
                *(f":(icase){pattern}" for pattern in patterns),
            )
        )
        head: list[bytes] = []
        changes: list[Change] = []
        for field in fields:
            raw = field.lstrip(b"\n")
            if raw.startswith(b":"):
                changes.append(_change(raw, next(fields)))
                if len(changes) > self._limits.changes:
                    raise store.too_many(self._limits.changes)
            elif raw:
                if head:
                    yield _commit(head, changes)
                head, changes = [raw, *(next(fields) for _ in range(4))], []
        if head:
            yield _commit(head, changes)

    def blobs(self, oids: Sequence[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
        with self._lines(oids) as asked:
            stream = _Stream(self._read("cat-file", "--batch", stdin=asked))
            for asked_oid in oids:
                line = stream.line().decode().split()
                if len(line) != 3:
                    raise trouble.told(f"corrupt: {asked_oid} {' '.join(line[1:])}")
                pieces = stream.pieces(int(line[2]))
                yield line[0], pieces
                for _ in pieces:
                    pass
                stream.line()

    def close(self) -> None:
        """Nothing stays open between two commands."""

    def _fetch(self, most: int, *arguments: str, settings: Sequence[str] = ()) -> str:
        """Fetch; what git said. Git checks what comes for all that can hurt who checks it out. Old programs left much
        of that too, and here names are data alone: what is refused is fetched again unchecked, but for its hashes."""
        options = ["--no-tags", "--progress", "--recurse-submodules=no"]
        if not self._address.is_bundle:
            options.append("--filter=blob:none")
        if self._address.is_local and not self._address.is_bundle:
            allowed = "-c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true"
            options.append(f"--upload-pack=git {allowed} upload-pack")
        if self._version >= NO_HAVES:
            options.append("--no-write-fetch-head")

        def watch() -> None:
            self._tick()
            if self.size() > most:
                raise store.too_large(most)

        said = ""
        for checked in (True, False):
            check = ["-c", f"transfer.fsckObjects={'true' if checked else 'false'}"]
            try:
                _, said = self._network("fetch", *options, *arguments, settings=[*check, *settings], tick=watch)
                break
            except GitProblem as problem:
                if not checked or "fsck error" not in problem.detail:
                    raise
        if self.size() > most:
            raise store.too_large(most)
        return said

    def _network(
        self, command: str, *arguments: str, settings: Sequence[str] = (), tick: Tick | None = None
    ) -> tuple[bytes, str]:
        """A command that may talk with the one address, by its one protocol."""
        way = ["-c", f"protocol.{self._address.way}.allow=always", *settings]
        argv = [str(self._program), *self._settings(), *way, command, *arguments]
        environment = self._environment(self._clone if self._clone.is_dir() else None)
        if self._header:
            key = {"GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": self._header}
            environment |= {"GIT_CONFIG_COUNT": "1", **key}
        try:
            return child.run(argv, environment, self._place, self._limits, tick or self._tick)
        except child.Failed as failed:
            raise trouble.told(failed.said) from failed

    def _read(self, *arguments: str, stdin: IO[bytes] | None = None) -> Generator[bytes, None, None]:
        """A command that reads the objects that are here."""
        argv = [str(self._program), *self._settings(), *arguments]
        try:
            yield from child.output(argv, self._environment(self._reader), self._place, self._limits, self._tick, stdin)
        except child.Failed as failed:
            raise trouble.told(failed.said) from failed

    def _run(self, repository: Path | None, *arguments: str) -> bytes:
        argv = [str(self._program), *self._settings(), *arguments]
        try:
            return child.run(argv, self._environment(repository), self._place, self._limits, self._tick)[0]
        except child.Failed as failed:
            raise trouble.told(failed.said) from failed

    def _settings(self) -> list[str]:
        settings = {
            "protocol.allow": "never",
            "protocol.version": "2",
            "core.hooksPath": os.devnull,
            "core.fsmonitor": "false",
            "core.bigFileThreshold": BIG_FILE,
            "credential.helper": "",
            "gc.auto": "0",
            "maintenance.auto": "false",
            "fetch.unpackLimit": "1",
            "transfer.bundleURI": "false",
            "http.followRedirects": "false" if self._header else "initial",
            "http.lowSpeedLimit": "100",
            "http.lowSpeedTime": str(max(1, round(self._limits.silence_s))),
            **({"http.userAgent": self._agent} if self._agent else {}),
        }
        return ["--no-pager", *(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))]

    def _environment(self, repository: Path | None) -> dict[str, str]:
        names = (*KEPT, *PROXIES, *(("SSH_AUTH_SOCK",) if self._address.way == "ssh" else ()))
        kept = {name: os.environ[name] for name in names if name in os.environ}
        homes = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME")
        own = {name: os.environ[name] for name in homes if name in os.environ}
        return kept | {
            **(own if self._address.way == "ssh" else dict.fromkeys(homes, str(self._place))),
            "GIT_CEILING_DIRECTORIES": str(self._place),
            **({"GIT_DIR": str(repository)} if repository else {}),
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LFS_SKIP_SMUDGE": "1",
        }

    @contextlib.contextmanager
    def _lines(self, oids: Sequence[str]) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{oid}\n" for oid in oids).encode())
            asked.seek(0)
            yield asked


def _of_bundle(refs: dict[str, str]) -> Remote:
    """A bundle need not say what its HEAD is: then it is its main branch, or the first."""
    branches = sorted(
        (name for name in refs if name.startswith("refs/heads/")),
        key=lambda name: (refs[name] != refs.get("HEAD"), name not in ("refs/heads/main", "refs/heads/master"), name),
    )
    if "HEAD" in refs:
        branch = branches[0] if branches and refs[branches[0]] == refs["HEAD"] else ""
        return Remote(refs["HEAD"], branch)
    if not branches:
        raise trouble.EMPTY
    return Remote(refs[branches[0]], branches[0])


def _commit(head: Sequence[bytes], changes: Sequence[Change]) -> Commit:
    oid, parents, author, date, message = head
    when = date.decode("ascii", "replace")
    return Commit(oid.decode(), tuple(parents.decode().split()), author, when, message, tuple(changes))


def _change(raw: bytes, path: bytes) -> Change:
    """`:100644 100644 old new M`, or with as many colons, modes and oids more as a merge has parents more."""
    parents = len(raw) - len(raw.lstrip(b":"))
    words = raw.lstrip(b":").decode().split()
    modes, oids = words[: parents + 1], words[parents + 1 : 2 * parents + 2]
    if len(modes) != len(oids) or not oids:
        raise trouble.told("bad object: a commit with more parents than can be read")
    files = [oid if is_file(int(mode, 8)) else None for mode, oid in zip(modes, oids, strict=True)]
    return Change(path, next((oid for oid in files[:-1] if oid), None), files[-1])


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The fields between NULs. Of one that is too long only its start is kept."""
    rest = bytearray()
    for piece in pieces:
        *whole, last = piece.split(b"\0")
        for part in whole:
            yield bytes(rest[:FIELD_MAX]) + part[: max(0, FIELD_MAX - len(rest))]
            rest.clear()
        rest += last[: max(0, FIELD_MAX - len(rest))]
    if rest:
        yield bytes(rest)


class _Stream:
    """Lines and counted bytes out of pieces of any size."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces, self._rest = pieces, b""

    def line(self) -> bytes:
        """Up to the next newline."""
        while b"\n" not in self._rest:
            self._rest += next(self._pieces, b"\n")
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes; fewer where the stream ends."""
        while count:
            piece = self._rest or next(self._pieces, b"")
            if not piece:
                return
            self._rest, piece = piece[count:], piece[:count]
            count -= len(piece)
            yield piece
