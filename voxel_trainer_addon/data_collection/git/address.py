# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a repository is: addresses that are read, and the ways that lead to others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from ...errors import UserError

Way = Literal["https", "http", "git", "ssh", "file"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SCP = re.compile(r"[\w.-]+@[\w.-]+:(?!//)[^:]+")
"""`git@host:owner/repository`, the short form of an ssh address."""


@dataclass(frozen=True)
class Address:
    """An address as git takes it. `way` is the protocol that it uses, the only one that is allowed then."""

    text: str
    way: Way

    @property
    def is_local(self) -> bool:
        return self.way == "file"

    @property
    def is_bundle(self) -> bool:
        return self.is_local and Path(self.text).is_file()


def parse(text: str, *, ssh: bool = False) -> Address:
    """The address in `text`: https://, git://, a folder or a bundle; ssh where `ssh` says so, http on loopback alone.

    Raises UserError where it is none of these, or holds a name, password or query: secrets stand in no address.
    """
    if not text.isprintable() or text.startswith("-") or not text.strip():
        raise UserError("A git address is one line of printable characters, such as https://example.org/rocks.git.")
    if SCP.fullmatch(text):
        return _ssh(text, ssh)
    if text.startswith("file://"):
        return _local(text.removeprefix("file://"))
    if "://" not in text:
        return _local(text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UserError(f"“{text}” is no address: {error}.") from None
    if not host or host.startswith("-") or not parts.path.strip("/"):
        raise UserError("A git address has a host and a path, as https://example.org/rocks.git has.")
    if parts.scheme == "ssh":
        return _ssh(text, ssh)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(
            "Leave name, password and everything behind “?” and “#” out of a git address: it is shown and kept."
        )
    return Address(urlunsplit(parts), _way(parts.scheme, host))


def _way(scheme: str, host: str) -> Way:
    if scheme == "https":
        return "https"
    if scheme == "git":
        return "git"
    if scheme == "http" and host in LOOPBACK:
        return "http"
    if scheme == "http":
        raise UserError("http:// is not read: anyone on the way can change what comes. Use https://.")
    raise UserError(f"{scheme}:// is no way to a git repository here. Use https://, git://, a folder or a bundle.")


def _ssh(text: str, allowed: bool) -> Address:
    if not allowed:
        raise UserError("ssh uses your own keys, so it is only used when asked for. Use the https:// address instead.")
    return Address(text, "ssh")


def _local(text: str) -> Address:
    path = Path(text).expanduser()
    if not path.exists():
        raise UserError(f"{text} is neither a git address (https://…) nor a folder or bundle on this computer.")
    return Address(str(path.resolve()), "file")
