# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and strangers' names as people read them, in terminal and panel alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ADDRESS = re.compile(r"<?[^\s<>()@:,;]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}>?")


def harmless(text: object, limit: int = 0) -> str:
    """`text` without control, format and surrogate characters, cut to `limit` characters (0: whole).

    Names come from strangers' files: an escape code must not reach a terminal, nor a right-to-left mark a label.
    """
    kept = str(text)
    if not kept.isprintable():
        kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in kept)
        kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    return kept if not limit or len(kept) <= limit else kept[: limit - 1] + "…"


def without_addresses(text: str) -> str:
    """`text` without e-mail addresses: a name is enough to give credit."""
    return " ".join(ADDRESS.sub("", text).split())


def size(count: float) -> str:
    """A number of bytes: `812 B`, `4.2 MB`, `1.5 GB` (powers of 1,000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def duration(seconds: float) -> str:
    """A time span: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def bars(shares: Iterable[float]) -> str:
    """Shares from 0 to 1 as bars of eight heights: `▁▄█`."""
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * share))] for share in shares)


def slug(text: str) -> str:
    """A name as a key: small letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") or "model"


def share(value: float, binary: bool = True) -> str:
    """A yes-or-no metric as a share of prompts, another as its mean: `12 %`, `0.12`."""
    return f"{value:.0%}".replace("%", " %") if binary else f"{value:.2f}"


def between(low: float, high: float, binary: bool = True) -> str:
    """An interval of such a figure: `5 to 18 %`, `0.05 to 0.18`."""
    if low == high:
        return "on every prompt"
    return f"{100 * low:.0f} to {100 * high:.0f} %" if binary else f"{low:.2f} to {high:.2f}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `1,200 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
