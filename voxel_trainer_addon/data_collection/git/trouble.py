# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong with a repository, from what git or dulwich says of it."""

from __future__ import annotations

import re

from ...words import harmless
from .model import GitProblem

AGAIN = "Run again: what is here already is kept."

KNOWN = (
    (
        r"returned error: 401|could not read (Username|Password)|Authentication failed|terminal prompts disabled"
        r"|HTTPUnauthorized|No valid credentials",
        "private",
        "This repository is private or gone: it asks for a name and a password. Give a token for it, or leave it out.",
    ),
    (r"returned error: 403|http resp 403", "forbidden", "The server refuses to give this repository (403)."),
    (r"returned error: 451|http resp 451", "removed", "This repository was taken down for legal reasons (451)."),
    (
        r"returned error: 429|http resp 429",
        "limit",
        "The server answers that it was asked too often (429). Try again later.",
    ),
    (
        r"returned error: 5\d\d|http resp 5\d\d",
        "server",
        "The server has a fault of its own (5xx). Try again later.",
    ),
    (
        r"unable to update url base from redirection|returned error: 30\d|http resp 30\d|[Rr]edirect",
        "moved",
        "This repository has moved. Give its new address.",
    ),
    (r"unable to look up|[Cc]ould not resolve|Name or service not known|getaddrinfo", "dns", "This host is not known."),
    (
        r"Connection refused|[Ff]ailed to connect|unable to connect|No route to host|Network is unreachable",
        "connect",
        "The server cannot be reached. Try again later.",
    ),
    (r"SSL|[Cc]ertificate|TLS", "certificate", "The server's certificate is not valid, so nothing was read from it."),
    (r"Host key verification|Permission denied \(publickey", "ssh", "ssh could not sign in. Try the address by hand."),
    (r"No space left|Disk quota", "disk", f"The disk is full. Make room. {AGAIN}"),
    (
        r"dubious ownership",
        "owner",
        "This folder belongs to another user, and git does not read it. Make a bundle of it (git bundle create).",
    ),
    (
        r"mismatched algorithms|object format|unexpected '[0-9a-f]{64}\b",
        "sha256",
        "This repository uses SHA-256, which this git cannot read. Update git.",
    ),
    (
        r"not our ref|not a valid object|not valid \[",
        "not there",
        "The server no longer has this content.",
    ),
    (
        r"unadvertised object",
        "no single files",
        "This server gives no single files. Clone the repository with git and name its folder.",
    ),
    (
        r"[Oo]ut of memory|MemoryError|bad alloc",
        "memory",
        "Reading this repository takes more memory than it may have. Leave it out.",
    ),
    (
        r"[Tt]imed? ?out|Operation too slow|too slow|Less than \d+ bytes",
        "slow",
        f"The server is too slow. {AGAIN}",
    ),
    (
        r"early EOF|unexpected disconnect|RPC failed|hung up|reset by peer|length prefix|Broken pipe|IncompleteRead"
        r"|closed the connection",
        "cut",
        f"The connection broke. {AGAIN}",
    ),
    (
        r"fsck error|index-pack failed|corrupt|inflate|bad (object|tree|pack)|[Cc]hecksum|missing (tree|commit|object)"
        r"|unable to read tree|could not fetch|Could not read [0-9a-f]{40}|decompress|unresolved delta|pack has",
        "damaged",
        "The repository, or what came of it, is damaged. It will be fetched anew.",
    ),
    (
        r"returned error: 4(04|10)|http resp 4(04|10)|[Nn]ot found|not exported|does not (exist|appear to be)"
        r"|NotGitRepository|No git repository|not a git repository|Could not read from remote repository",
        "gone",
        "There is no repository at this address, or it is private.",
    ),
)
"""Pattern in what was said, code, sentence: the first that fits. What names its cause best comes first."""


def told(said: str) -> GitProblem:
    """The problem behind what a tool said."""
    for pattern, code, sentence in KNOWN:
        if re.search(pattern, said):
            return GitProblem(code, sentence, said)
    last = next((line for line in reversed(said.splitlines()) if line.startswith(("fatal:", "error:"))), said)
    return GitProblem("git", f"The repository could not be read: {harmless(last, 200) or 'git ended badly'}.", said)


EMPTY = GitProblem("empty", "This repository is empty: it has no commit on its default branch.")
