# SPDX-License-Identifier: GPL-3.0-or-later
"""Small .blend files, byte by byte: a description of a few structs, and blocks of them in either form."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

BASE = {"char": 1, "short": 2, "int": 4, "float": 4, "double": 8, "uint64_t": 8, "void": 0}
ID = (("void", "*next"), ("void", "*prev"), ("void", "*newid"), ("void", "*lib"), ("char", "name[66]"), ("short", "us"))
ONLY_ID = (("ID", "id"), ("int", "flag"))
STRUCTS: dict[str, tuple[tuple[str, str], ...]] = {
    "Link": (("Link", "*next"), ("Link", "*prev")),
    "ID": (*ID, ("int", "flag")),
    "Library": (("ID", "id"), ("char", "name[1024]")),
    "FileGlobal": (
        ("char", "subvstr[4]"),
        ("short", "subversion"),
        ("short", "minversion"),
        ("void", "*curscene"),
        ("char", "filename[1024]"),
    ),
    "Material": ONLY_ID,
    "Object": ONLY_ID,
    "Scene": ONLY_ID,
    "Brush": ONLY_ID,
}
INDEX = {name: number for number, name in enumerate(STRUCTS)}
KINDS = {"MA": "Material", "OB": "Object", "SC": "Scene", "BR": "Brush", "LI": "Library", "GLOB": "FileGlobal"}


@dataclass
class Bytes:
    """A file in the making. `new`: the form of Blender 5.0 and later."""

    version: int = 402
    new: bool = False
    wide: bool = True
    big: bool = False
    parts: list[bytes] = field(default_factory=list)

    @property
    def order(self) -> str:
        return ">" if self.big else "<"

    def block(self, code: str, data: bytes = b"", index: int = 0, count: int = 1, length: int | None = None) -> bytes:
        name, size = code.encode().ljust(4, b"\0"), len(data) if length is None else length
        address = 0x1000 * (len(self.parts) + 1)
        if self.new:
            return struct.pack("<4siQqq", name, index, address, size, count) + data
        return struct.pack(self.order + ("4siQii" if self.wide else "4siIii"), name, size, address, index, count) + data

    def add(self, code: str, name: str = "", text: str = "", data: bytes | None = None, **given: int) -> Bytes:
        """A block: of a data-block called `name`, with a library's path in `text`; or of any `data`."""
        kind = KINDS.get(code)
        if data is None and kind and code != "GLOB":
            links = bytes(4 * (8 if self.wide else 4))
            data = links + (code + name).encode()
            data = data.ljust(self.sizes()["ID"], b"\0") + text.encode()
        filled = (data or b"").ljust(self.sizes()[kind] if kind else 0, b"\0")
        self.parts.append(self.block(code, filled, **{"index": INDEX[kind] if kind else 0, **given}))
        return self

    def facts(self, subversion: int = 7, reads: int = 300, scene: int = 0, path: str = "/home/jane/secret") -> Bytes:
        address = struct.pack(self.order + ("Q" if self.wide else "I"), scene)
        head = struct.pack(self.order + "4shh", b"", subversion, reads)
        return self.add("GLOB", data=head + address + path.encode().ljust(1024, b"\0"))

    def sizes(self) -> dict[str, int]:
        sizes = dict(BASE)
        for name, members in STRUCTS.items():
            sizes[name] = sum(self._size(kind, member, sizes) for kind, member in members)
        return sizes

    def _size(self, kind: str, member: str, sizes: dict[str, int]) -> int:
        times = int(member.split("[")[1][:-1]) if "[" in member else 1
        return times * ((8 if self.wide else 4) if member[0] == "*" else sizes[kind])

    def dna(self) -> bytes:
        sizes = self.sizes()
        types, names = list(sizes), sorted({member for members in STRUCTS.values() for _, member in members})

        def padded(data: bytes) -> bytes:
            return data + bytes(-len(data) % 4)

        def strings(tag: bytes, texts: list[str]) -> bytes:
            return padded(tag + struct.pack(self.order + "i", len(texts)) + b"".join(t.encode() + b"\0" for t in texts))

        table = b"STRC" + struct.pack(self.order + "i", len(STRUCTS))
        for kind, members in STRUCTS.items():
            numbers = [types.index(kind), len(members)]
            numbers += [number for t, n in members for number in (types.index(t), names.index(n))]
            table += struct.pack(f"{self.order}{len(numbers)}H", *numbers)
        lengths = padded(struct.pack(f"{self.order}{len(types)}H", *sizes.values()))
        return b"SDNA" + strings(b"NAME", names) + strings(b"TYPE", types) + b"TLEN" + lengths + table

    def made(self, end: bool = True, dna: bytes | None = None) -> bytes:
        """The whole file."""
        form = f"{'-' if self.wide else '_'}{'V' if self.big else 'v'}{self.version}"
        head = f"BLENDER17-01v{self.version:04}" if self.new else f"BLENDER{form}"
        described = self.block("DNA1", self.dna() if dna is None else dna)
        return head.encode() + b"".join(self.parts) + described + (self.block("ENDB") if end else b"")


def blend(**form: int) -> Bytes:
    """A file with an object and two materials, and the facts of the file."""
    made = Bytes(**form).facts()  # type: ignore[arg-type]
    return made.add("OB", "Box").add("DATA", data=bytes(30)).add("MA", "Rust").add("MA", "Moss")
