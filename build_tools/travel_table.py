# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two Blenders' readings of the same files, counted: renames, replacements, and the rest.

A change is (kind, tree type, type, name, becomes). Kinds:
`type`: a node type becomes others, or none;
`setting`: becomes `setting:x`, `input:X` or nothing; `superseded`: it stays, but an input counts;
`item`: `setting=ITEM` becomes another item;
`input`, `output`: an identifier becomes another, or is gone;
`input name`, `output name`, `input type`, `output type`: of one identifier;
`new setting`, `new input`;
`tree setting`, `interface setting`: `gone` or `new`; `interface`: more or fewer items; `tree`: `gone`, `appears`, or
has more nodes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Change = tuple[str, str, str, str, str | None]
Record = Mapping[str, Any]
Row = list[Any]
MAIN = "N"
"""What `travel_inside` calls the one node of each tree of its sample."""
COMPUTED = frozenset({"socket_idname"})
SCENE = "scenes/"


@dataclass
class Evidence:
    """How often a change was seen: in nodes, trees and files that people made, and in trees of the sample."""

    nodes: int = 0
    trees: set[tuple[str, str]] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    sample: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)

    def saw(self, place: tuple[str, str], sample: bool) -> None:
        if sample:
            self.sample.add(place[1].split("/", 1)[1])
        else:
            self.nodes += 1
            self.trees.add(place)
            self.files.add(place[0])


@dataclass
class Findings:
    """All changes with their evidence, and what no change explains."""

    changes: dict[Change, Evidence] = field(default_factory=lambda: defaultdict(Evidence))
    rest: Counter[tuple[str, ...]] = field(default_factory=Counter)
    pairs: int = 0
    files: int = 0


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def paired(before: Record, after: Record) -> Iterator[tuple[str, Record, Record]]:
    """(key, tree before, tree after) of one file. From 5.0 on a scene's compositor tree is a group."""
    for key, tree in before["trees"].items():
        other = key
        if key.startswith(SCENE) and key not in after["trees"]:
            other = f"node_groups/{after['compositors'].get(key.removeprefix(SCENE))}"
        if other in after["trees"]:
            yield key, tree, after["trees"][other]


def compare(before: Mapping[str, Record], after: Mapping[str, Record], old: str, sample: Mapping[str, Any]) -> Findings:
    """All that differs in the files that both could open and that a version up to `old` wrote. `sample`: tree name →
    [node type, setting or None, value], for the file whose name begins with `sample-`."""
    found = Findings()
    for file in sorted(before.keys() & after.keys()):
        a, b = before[file], after[file]
        if "error" in a or "error" in b or version(a["written"]) > version(old):
            continue
        made = is_sample(file)
        found.files += not made
        met = set()
        for key, x, y in paired(a, b):
            met |= {key, y["key"]}
            found.pairs += not made
            if not made or key.split("/", 1)[1] in sample:
                trees(found, (file, key), x, y, made)
        for read, how in ((a, "gone"), (b, "appears")) if not made else ():
            for key in sorted(read["trees"].keys() - met):
                found.changes["tree", read["trees"][key]["type"], key.split("/")[0], "", how].saw((file, key), made)
    both = [(a, after[f]) for f, a in before.items() if is_sample(f) and f in after]
    settings_that_moved(found, [(a, b) for a, b in both if "error" not in a and "error" not in b], sample)
    return found


def is_sample(file: str) -> bool:
    return file.rsplit("/", 1)[-1].startswith("sample-")


def trees(found: Findings, place: tuple[str, str], a: Record, b: Record, made: bool) -> None:
    """One tree in both readings; nodes are matched by name."""

    def saw(kind: str, of: str, name: str, becomes: str | None) -> None:
        found.changes[kind, a["type"], of, name, becomes].saw(place, made)

    for name in sorted(a["settings"].keys() ^ b["settings"].keys()):
        saw("tree setting", "", name, "gone" if name in a["settings"] else "new")
    if len(a["interface"]) == len(b["interface"]):
        for x, y in zip(a["interface"], b["interface"], strict=True):
            for name in sorted(x["settings"].keys() ^ y["settings"].keys()):
                saw("interface setting", "", name, "gone" if name in x["settings"] else "new")
    else:
        saw("interface", "", "", f"{len(b['interface']) - len(a['interface']):+d} items")
    ours, theirs = ({node["name"]: node for node in tree["nodes"]} for tree in (a, b))
    added = sorted(theirs[name]["type"] for name in theirs.keys() - ours.keys())
    added = [kind for kind in added if kind != "NodeFrame"]
    for name, x in ours.items():
        if name not in theirs:
            if made or alone(x, added):
                saw("type", x["type"], "", " + ".join(added) or None)
            else:
                found.rest["a node that is gone", x["type"]] += 1
            continue
        y = theirs[name]
        if x["type"] != y["type"]:
            gone = "Undefined" in y["type"]
            saw("type", x["type"], "", None if gone else y["type"])
            if gone:
                continue
        settings(found, saw, x, y)
        for side in ("inputs", "outputs"):
            sockets(found, saw, side.removesuffix("s"), x, y)
    lost = {str(x["type"]) for name, x in ours.items() if name not in theirs}
    if added and not lost:
        saw("tree", place[1].split("/")[0], "", f"more nodes: {' + '.join(added)}")
    elif added and not made and lost != {"CompositorNodeComposite"}:
        found.rest["nodes that were not there", " + ".join(added)] += 1


def alone(node: Record, added: list[str]) -> bool:
    """Whether the one new node can only be the replacement of the one that is gone: outputs of a compositor tree."""
    return node["type"] == "CompositorNodeComposite" and set(added) == {"NodeGroupOutput"}


def settings(found: Findings, saw: Any, x: Record, y: Record) -> None:
    """Settings of one node that are there in one reading only, or have another value."""
    same = x["type"] == y["type"]
    for name, value in x["settings"].items():
        now = y["settings"].get(name)
        if name in y["settings"] and value != now:
            if isinstance(value, str) and isinstance(now, str):
                saw("item", x["type"], f"{name}={value}", now)
            else:
                found.rest["a setting with another value", x["type"], name] += 1
        elif name not in y["settings"]:
            saw("setting", x["type"], name, None)
    for name in y["settings"] if same else ():
        if name not in x["settings"] and name not in COMPUTED:
            saw("new setting", x["type"], name, None)


def sockets(found: Findings, saw: Any, side: str, x: Record, y: Record) -> None:
    """Sockets in use: gone, new, renamed, of another type."""
    a, b = ({s["identifier"]: s for s in node[f"{side}s"] if s["available"]} for node in (x, y))
    gone, new = [s for i, s in a.items() if i not in b], [s for i, s in b.items() if i not in a]
    renamed = matched(gone, new, another=x["type"] != y["type"])
    for identifier, socket in a.items():
        if identifier in b or identifier in renamed:
            now = b[renamed.get(identifier, identifier)]
            if identifier in renamed:
                saw(side, x["type"], identifier, now["identifier"])
            if socket["name"] != now["name"]:
                saw(f"{side} name", x["type"], identifier, now["name"])
            if socket["type"] != now["type"]:
                saw(f"{side} type", x["type"], identifier, f"{socket['type']} → {now['type']}")
            elif side == "input" and socket["value"] != now["value"]:
                found.rest["an input with another value", x["type"], identifier] += 1
        else:
            saw(side, x["type"], identifier, None)
    if x["type"] == y["type"] and side == "input":
        for identifier in b.keys() - a.keys() - set(renamed.values()):
            saw("new input", x["type"], identifier, None)


def matched(gone: list[Record], new: list[Record], *, another: bool) -> dict[str, str]:
    """Identifier that is gone → the one that took its place: alike in name and type, then in name, then, where as many
    of a type are gone as are new (or fewer, where `another` node took the place of the first), in order."""
    out: dict[str, str] = {}

    def pair(a: Record, b: Record) -> None:
        out[a["identifier"]] = b["identifier"]
        gone.remove(a)
        new.remove(b)

    for keys in (("name", "type"), ("name",)):
        for a in list(gone):
            alike = [b for b in new if all(a[key] == b[key] for key in keys)]
            if alike:
                pair(a, alike[0])
    for kind in sorted({a["type"] for a in gone}):
        ones, others = ([s for s in side if s["type"] == kind] for side in (gone, new))
        if len(ones) == len(others) or (another and len(ones) < len(others)):
            for a, b in zip(ones, others, strict=False):
                pair(a, b)
    return out


# Settings that became something else are found in the sample, where one setting was changed at a time.


def settings_that_moved(found: Findings, files: list[tuple[Record, Record]], sample: Mapping[str, Any]) -> None:
    """Say of each setting that is gone what it became: whatever else changed when it alone was changed. One that is
    still there, but whose change shows in a new input too, is `superseded` by that input."""
    trees = [tree for a, b in files for tree in paired(a, b)]
    before, after = ({key.split("/", 1)[1]: tree[n] for key, *tree in trees} for n in (0, 1))
    usual = {
        (before[name]["type"], kind): name
        for name, (kind, setting, _) in sample.items()
        if not setting and name in after
    }
    moves: dict[Change, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for name, (kind, setting, value) in sample.items():
        plain = usual.get((before[name]["type"], kind)) if setting and name in after else None
        if plain is None:
            continue
        a, b, x, y = holds(before[plain]), holds(before[name]), holds(after[plain]), holds(after[name])
        own = f"setting:{setting}"
        changed = {place for place in y if x.get(place) != y[place] and place != own and alike(x.get(place), y[place])}
        moved = {place for place in changed if a.get(place) == b.get(place)}
        if own not in y and not moved:  # the input was there already, and its old name beside it
            moved = {place for place in changed if place.startswith("input:")}
        if own in y:
            moved = {place for place in moved if place.startswith("input:") and place not in b}
        if moved:
            change: Change = ("superseded" if own in y else "setting", before[name]["type"], kind, setting, None)
            moves[change] += [
                (str(value), {place: y[place] for place in moved}),
                (str(a.get(own)), {place: x.get(place) for place in moved}),
            ]
            found.changes[change].sample.add(name)
    for change, seen in moves.items():
        common = set.intersection(*(set(moved) for _, moved in seen))
        places = sorted(common or {place for _, moved in seen for place in moved})
        evidence = found.changes.pop(change)
        if len(places) == 1:
            evidence.values = {value: moved[places[0]] for value, moved in seen if places[0] in moved}
        found.changes[(*change[:4], " + ".join(places))] = evidence
        for place in places:
            if place.startswith("input:"):
                found.changes.pop(("new input", change[1], change[2], place.removeprefix("input:"), None), None)


def alike(a: Any, b: Any) -> bool:
    """Whether two values are of one kind: an input that changed its type has another value for that alone."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b)
    return a is None or type(a) is type(b)


def holds(tree: Record) -> dict[str, Any]:
    """All values of a tree's nodes: `setting:x` and `input:X`; of other nodes than the main one with their type."""
    out: dict[str, Any] = {}
    for node in tree["nodes"]:
        where = "" if node["name"] == MAIN else f"{node['type']}."
        out |= {f"{where}setting:{name}": value for name, value in node["settings"].items() if name not in COMPUTED}
        out |= {f"{where}input:{s['identifier']}": s["value"] for s in node["inputs"] if s["value"] is not None}
    return out


def defaults(
    before: Mapping[str, Record], after: Mapping[str, Record], sample: Mapping[str, Any], fresh: Mapping[str, Record]
) -> list[Row]:
    """Rows of the kind `default`: what a node that the older version made has in the newer one (`now`), where one that
    the newer makes has something else. A form of the older version that does not mention it means that. `fresh`: tree
    type → a tree with a node of each type as the newer version makes it."""
    rows: list[Row] = []
    for file in filter(is_sample, sorted(before.keys() & after.keys())):
        if "error" in before[file] or "error" in after[file]:
            continue
        for key, tree, opened in paired(before[file], after[file]):
            kind, setting, _ = sample.get(key.split("/", 1)[1], ("", "", ""))
            node = next((node for node in opened["nodes"] if node["name"] == "N"), None)
            usual = {node["type"]: node for node in fresh[opened["type"]]["nodes"]} if opened["type"] in fresh else {}
            if not kind or setting or node is None or node["type"] not in usual:
                continue
            ours, theirs = _held(node), _held(usual[node["type"]])
            for place in sorted(ours.keys() & theirs.keys()):
                if ours[place] != theirs[place]:
                    rows.append(["default", tree["type"], kind, place, None, [0, 0, 0, 1], {"now": ours[place]}])
    return rows


def _held(node: Record) -> dict[str, Any]:
    """Place → short value of a node: settings and inputs in use."""
    found = {f"setting:{name}": value for name, value in node["settings"].items()}
    found |= {f"input:{socket['identifier']}": socket["value"] for socket in node["inputs"] if socket["available"]}
    return {
        place: value
        for place, value in found.items()
        if isinstance(value, int | float | str) or (isinstance(value, list) and not _has_parts(value))
    }


def _has_parts(value: list[Any]) -> bool:
    return any(isinstance(part, dict | list) for part in value)


def as_json(found: Findings) -> dict[str, Any]:
    """The table of one pair of versions: `changes` are [kind, tree type, type, name, becomes, [nodes, trees, files,
    trees of the sample], values], the last one left out where there are none; `unexplained` are [words …, count]."""
    rows = []
    for change in sorted(found.changes, key=lambda change: tuple(str(part) for part in change)):
        seen = found.changes[change]
        row: list[Any] = [*change, [seen.nodes, len(seen.trees), len(seen.files), len(seen.sample)]]
        rows.append([*row, seen.values] if seen.values else row)
    unexplained = [[*words, count] for words, count in sorted(found.rest.items())]
    return {"files": found.files, "trees": found.pairs, "changes": rows, "unexplained": unexplained}
