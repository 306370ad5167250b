# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a stranger's file is nobody's business, taken out of what is kept: folders of a disk, keys, addresses."""

from __future__ import annotations

import json
import re
from typing import Any

from ..words import ADDRESS

ROOTS = "home|Users|root|mnt|media|Volumes|run|tmp|var|private|srv|net|export|nas"
"""Top folders of POSIX systems below which people keep files."""
HOMES = frozenset({"home", "users", "media", "documents and settings"})
"""Folders whose next part is somebody's name."""

START = (
    rf"(?:file://+(?:(?:{ROOTS})/|[A-Za-z]:/)|(?<![\w./\\~-])/(?:{ROOTS})/"
    r"|(?<![A-Za-z])[A-Za-z]:[\\/](?!/)|(?<![\w\\:])\\\\+(?=\w))"
)
PATH = re.compile(
    rf"""\A{START}[^"'<>|*?\n]*\Z"""  # all of a value, or all between quotes: with blanks
    rf"""|(?<="){START}[^"<>|*?\n]*(?=")|(?<='){START}[^'<>|*?\n]*(?=')"""
    rf"""|{START}[^\s"'`<>|*?,;()\[\]{{}}]*"""
)
TELLING = re.compile(rf"/(?:{ROOTS})/"), re.compile(r":(?:\\\\|/(?!/))"), re.compile(r"\\\\\\\\\w")
"""In JSON, what every private path has: three searches by one letter, as one for all takes ten times as long."""
KEYED = re.compile(r"[a-z_]+/(?=/)")
"""How the key of a data-block begins whose name is a path: `materials//home/…`."""

KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:sk|rk|pk)[-_](?=[\w-]{0,99}\d)[\w-]{20,}|\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}|\bhf_\w{30,}|\bxox[abeoprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{10,999}\.[\w-]{10,9999}\.[\w-]{10,}",
    re.DOTALL,
)
"""Keys that can be known by their form. Repeats that something must follow are bounded, for hostile texts."""
KEY_PARTS = (
    *("PRIVATE KEY", "sk-", "sk_", "rk-", "rk_", "pk-", "pk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "AKIA", "ASIA", "AIza", "hf_", "xox", "eyJ"),
)
"""What a text with such a key holds: to look for these is much quicker."""
SECRET_NAME = re.compile(r"api_?key|access_?key|secret|passw(?:or)?d|token|credential", re.IGNORECASE)
ASSIGNED = re.compile(
    rf"""((?:{SECRET_NAME.pattern})\w{{0,40}}["']?\]?[ \t]{{0,40}}[:=][ \t]{{0,40}})(["'])[^"'\n]{{8,}}\2""",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(?<=://)[^/\s:@\"']+:[^/\s@\"']+@")


def base_name(path: str) -> str:
    """The last part of a path of any system; empty where that is somebody's name."""
    parts = [part for part in re.split(r"[\\/]+", path) if part]
    if parts and re.fullmatch(r"[A-Za-z]:|file:", parts[0]):
        del parts[0]
    if path[:1] in "\\/" or len(parts) > 1:
        while parts and parts[0].lower() in HOMES and not path.startswith("//"):
            del parts[:2]
    return parts[-1].encode("utf-8", "replace").decode("utf-8") if parts else ""


def without_paths(text: str) -> str:
    """`text` where every absolute path is cut to its last part."""
    return PATH.sub(lambda found: base_name(found[0]), text) if "/" in text or "\\" in text else text


def scrubbed(text: str) -> str:
    """`text` without private paths, keys, passwords and e-mail addresses."""
    if any(part in text for part in KEY_PARTS):
        text = KEY.sub("[secret]", text)
    if '"' in text or "'" in text:
        text = ASSIGNED.sub(r"\1\2[secret]\2", text)
    if "@" in text:
        text = ADDRESS.sub("[address]", LOGIN.sub("", text))
    return without_paths(text)


def encodable(text: str) -> str:
    """The text with a replacement character for whatever of it is no Unicode: names in damaged and very old files."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass").decode(errors="replace")
    return text


def clean_json(text: str) -> str:
    """A JSON text where no string holds a private path; nearly free where there is none."""
    if not any(tell.search(text) for tell in TELLING):
        return text
    return json.dumps(_cleaned(json.loads(text)), ensure_ascii=False, separators=(",", ":"))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        key = KEYED.match(value)
        return key[0] + without_paths(value[key.end() :]) if key else without_paths(value)
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(inner) for key, inner in value.items()}
    return value
