# SPDX-License-Identifier: GPL-3.0-or-later
"""What an attribute of something leads to: of a module, an operator, a struct, a collection, a class of the script."""

from __future__ import annotations

import ast
import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterator

from .names import COLLECTION, PLAIN, STRUCT, UNKNOWN, Names
from .own import OwnClass, classes, leads_to, property_call

Kinds = frozenset[str]
"""What an expression may lead to; empty: nothing that is known yet, as of None."""
NONE: Kinds = frozenset()
ANY: Kinds = frozenset({UNKNOWN})
PYTHON: Kinds = frozenset({PLAIN})
NODES, SOCKETS = "Nodes<Node>", frozenset({"NodeInputs<NodeSocket>", "NodeOutputs<NodeSocket>"})
RETURNS = {"bmesh.new": "BMesh", "bmesh.from_edit_mesh": "BMesh"}
BPY = {
    **{"data": "BlendData", "context": "Context", "ops": "operators ", "types": "module bpy.types"},
    **{inner: f"module bpy.{inner}" for inner in ("app", "msgbus", "path", "props", "utils")},
}
OPEN = frozenset(
    {"Operator", "OperatorProperties", "Gizmo", "GizmoProperties", "PropertyGroup", "AddonPreferences"}
    | {"NodesModifierProperties", "KeyConfigPreferences"}
)
"""Types whose members depend on which operator, gizmo or group of a script it is."""


class Members(ABC, ast.NodeVisitor):
    """The script's names so far, and the lookup of one more."""

    def __init__(self, module: ast.Module, names: Names) -> None:
        self.names = names
        self.own = classes(module)
        self.idnames = {own.idname: own for own in self.own.values()}
        self.inherited = {n.id for own in self.own.values() for n in own.node.bases if isinstance(n, ast.Name)}
        self.registered: dict[tuple[str, str], str] = {}
        self.functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
        self.checked: set[str] = set()
        self.missing: set[str] = set()
        self.unchecked: set[str] = set()
        self.made: set[str] = set()
        self.deprecated: dict[str, str] = {}

    @abstractmethod
    def kinds(self, node: ast.expr) -> Kinds:
        """What an expression leads to; names in it are looked up on the way."""

    @staticmethod
    def listed(kinds: Kinds) -> Kinds:
        """A list of things that are all of one kind; of several, nobody knows which comes out of it."""
        if len(kinds) == 1 and (kind := min(kinds)) not in (PLAIN, UNKNOWN) and not kind.startswith(("(", "[", "{")):
            return frozenset({f"[{kind}]"})
        return PYTHON

    def items(self, kinds: Kinds) -> Kinds:
        """What comes out of going through something."""
        return frozenset(inner for kind in kinds for inner in self.item(kind))

    def item(self, kind: str) -> Kinds:
        if kind.startswith("[") or kind.endswith(">"):
            inner = kind[1:-1] if kind.startswith("[") else kind[kind.index("<") + 1 : -1]
            return frozenset({inner})
        if kind.startswith("sockets "):
            return frozenset({"NodeSocket"})
        held = self.names.types.get(kind, {}).get("item")
        return frozenset({held}) if held else ANY

    def node_called(self, key: ast.expr) -> Kinds:
        """The node of a tree by name: one that has the label of a single type is taken for that, as Blender names new
        nodes so."""
        label = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        of = self.names.by_label.get(label, [])
        return frozenset(of if len(of) == 1 and of[0] in self.names.types else ["Node"])

    def socket(self, owners: Kinds, key: ast.expr) -> None:
        """A socket of what may be several nodes: one of them must have one of this name or at this place."""
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int):
            return
        sides = [owner.split()[1:] for owner in sorted(owners) if owner.startswith("sockets ")]
        if owners & SOCKETS or (sides and UNKNOWN in owners):
            self.unchecked.add(f"[{key.value!r}]")
        elif sides:
            has = {
                f"{node}.{side}[{key.value!r}]": self.names.has_socket(node, side, key.value) for node, side in sides
            }
            known = [name for name, there in has.items() if there]
            of = self.checked if known else self.unchecked if None in has.values() else self.missing
            of.add(known[0] if known else min(has))

    # attributes

    def attribute(self, owners: Kinds, name: str) -> Kinds:
        """What `.name` of something leads to. It exists where one of the kinds that it may be has it, and nobody knows
        where one of them is unknown."""
        if not owners or UNKNOWN in owners:
            if not name.startswith("__"):
                self.unchecked.add(f".{name}")
            return ANY if owners else NONE
        found = {owner: self.one(owner, name) for owner in owners}
        led = {kind for answer in found.values() if answer for kind in answer[1]}
        tellers = [answer[0] for answer in found.values() if answer]
        if not tellers:
            self.missing.add(min(f"{self.told(owner)}.{name}" for owner in owners))
            return ANY
        if not any(tellers) and None in found.values():  # Python's own, or a struct that lacks it
            self.unchecked.add(f".{name}")
        for teller in tellers:
            if teller == "own":
                self.made.add(name)
            elif teller == "?":
                self.unchecked.add(f".{name}")
            elif teller:
                self.checked.add(f"{teller}.{name}")
                if note := self.names.note(teller, name):
                    self.deprecated[f"{teller}.{name}"] = note
        return frozenset(led)

    @staticmethod
    def told(owner: str) -> str:
        """An owner as people write it."""
        for start in ("module ", "class ", "own class ", "own "):
            if owner.startswith(start):
                return owner[len(start) :]
        word, _, rest = owner.partition(" ")
        return f"bpy.ops.{rest}".rstrip(".") if word in ("operators", "operator", "properties") else owner

    def one(self, owner: str, name: str) -> tuple[str, Kinds] | None:
        """(who has it, what it leads to) of an attribute of one kind; None where it has none. '' has it where it is
        Python's own, `own` where the script makes it, `?` where nobody knows."""
        if owner == PLAIN or name.startswith("__"):
            return "", PYTHON
        word, _, rest = owner.partition(" ")
        if word == "module":
            return self.of_module(rest, name)
        if word == "operators":
            return self.of_operators(rest, name)
        if word in ("operator", "properties"):
            return self.of_operator(word, rest, name)
        if word == "sockets":
            return self.of_struct(f"Node{rest.split()[1].capitalize()}", name)
        if word == "class":
            own = self.registered.get((rest, name))
            return ("own", frozenset({own})) if own is not None else self.typed(rest, name)
        if owner.startswith("own function "):
            return "", PYTHON
        if word == "own" and not owner.endswith(">"):
            return self.of_own(self.own[rest.removeprefix("class ")], name)
        if owner.startswith(("[", "{", "(", "node by name")):
            return "", ANY if name not in dir(str) else PYTHON
        if owner.endswith(">"):
            return self.of_items(owner.partition("<")[0] or COLLECTION, owner, name)
        return self.of_struct(owner, name)

    def typed(self, name: str, member: str) -> tuple[str, Kinds] | None:
        """An attribute of a class of bpy.types itself."""
        for kind in self.names.bases(name):
            if member in self.names.types[kind]["members"]:
                return kind, ANY
        return (STRUCT, ANY) if member in ("bl_rna", "mro") else None

    def of_module(self, module: str, name: str) -> tuple[str, Kinds] | None:
        if module == "bpy":
            return ("bpy", frozenset({BPY[name]})) if name in BPY else None
        if module == "bpy.types":
            if name in self.idnames or name in self.own:
                return "own", frozenset({f"own class {(self.idnames.get(name) or self.own[name]).name}"})
            return ("bpy.types", frozenset({f"class {name}"})) if name in self.names.types else None
        inner = f"{module}.{name}"
        if inner in self.names.modules:
            return module, frozenset({f"module {inner}"})
        if name not in self.names.modules.get(module, ()):
            return None
        for known in (inner, *([name] if module in ("mathutils", "bmesh.types") else [])):
            if known in self.names.types:
                return module, frozenset({f"class {known}"})
        return module, PYTHON if module.startswith("bpy.app") else frozenset({f"(){RETURNS.get(inner, UNKNOWN)}"})

    def of_operators(self, module: str, name: str) -> tuple[str, Kinds] | None:
        if not module:
            own = any(idname.startswith(f"{name}.") for idname in self.idnames)
            known = name in self.names.operator_modules or own
            return ("own" if own else "bpy.ops", frozenset({f"operators {name}"})) if known else None
        idname = f"{module}.{name}"
        if idname in self.idnames:
            return "own", frozenset({f"operator {idname}"})
        return (f"bpy.ops.{module}", frozenset({f"operator {idname}"})) if idname in self.names.operators else None

    def of_operator(self, word: str, idname: str, name: str) -> tuple[str, Kinds] | None:
        if word == "operator":
            known = name in ("poll", "idname", "idname_py", "get_rna_type", "bl_options")
            return (f"bpy.ops.{idname}", ANY) if known else None
        if idname in self.idnames:
            return self.of_own(self.idnames[idname], name)
        if name in self.names.operators[idname]["properties"]:
            return f"bpy.ops.{idname}", ANY
        return self.of_struct("OperatorProperties", name)

    def of_items(self, kind: str, owner: str, name: str) -> tuple[str, Kinds] | None:
        """An attribute of a collection: its own, or what all have."""
        items = frozenset({owner[owner.index("<") + 1 : -1]})
        if owner == NODES and name == "get":
            return COLLECTION, frozenset({"node by name"})
        if name in ("get", "values", "items"):
            pair = frozenset(f"{{{PLAIN}|{item}}}" for item in items)
            led = {"get": items, "values": self.listed(items), "items": frozenset(f"[{one}]" for one in pair)}[name]
            return COLLECTION, frozenset(f"(){one}" for one in led)
        return (self.of_struct(kind, name) if kind != COLLECTION else None) or self.of_struct(COLLECTION, name)

    def of_struct(self, kind: str, name: str) -> tuple[str, Kinds] | None:
        for base in self.names.bases(kind):
            if (base, name) in self.registered:
                return "own", frozenset({self.registered[base, name]})
        held = self.names.member(kind, name)
        if held is None:
            return ("?", ANY) if kind in OPEN or kind not in self.names.types else None
        if name in ("inputs", "outputs") and kind in self.names.nodes:
            return held[0], frozenset({f"sockets {kind} {name}"})
        if held[1].startswith("()"):
            return held[0], frozenset({f"{held[1]} {kind}.{name}"})
        return held[0], frozenset({held[1]})

    def of_own(self, own: OwnClass, name: str) -> tuple[str, Kinds] | None:
        """An attribute of a class of the script or of what it inherits from."""
        if name in own.members:
            if call := property_call(own.members[name]):
                return "own", frozenset({leads_to(call, self.named_type(call[1]))})
            return "own", PYTHON if isinstance(own.members[name], ast.Constant) and name.startswith("bl_") else ANY
        kinds = [kind for base in own.node.bases for kind in self.base(base)]
        for kind in kinds:
            if kind.startswith("own class ") and kind[10:] != own.name:
                answer = self.of_own(self.own[kind[10:]], name)
            else:
                answer = self.of_struct_alone(kind[6:], name) if kind.startswith("class ") else None
            if answer:
                return answer
        open_ = own.name in self.inherited or not kinds
        open_ = open_ or not all(kind.startswith(("class ", "own class ")) for kind in kinds)
        return ("?", ANY) if open_ or any(kind[6:] == "AddonPreferences" for kind in kinds) else None

    def of_struct_alone(self, kind: str, name: str) -> tuple[str, Kinds] | None:
        """A member of a type as such: what types below it have is not the script's."""
        known = any(name in self.names.types[base]["members"] for base in self.names.bases(kind))
        registered = any((base, name) in self.registered for base in self.names.bases(kind))
        return self.of_struct(kind, name) if known or registered else None

    def base(self, node: ast.expr) -> Kinds:
        kept = self.checked, self.missing, self.unchecked, self.made
        self.checked, self.missing, self.unchecked, self.made = set(), set(), set(), set()
        found = self.kinds(node)
        self.checked, self.missing, self.unchecked, self.made = kept
        return found

    def struct_bases(self, own: OwnClass) -> Iterator[str]:
        """The types of Blender that a class of the script inherits from."""
        for base in own.node.bases:
            for kind in self.base(base):
                if kind.startswith("class "):
                    yield kind[6:]

    def value(self, owners: Kinds, name: str, value: str) -> None:
        """A property is given, or compared with, a value: where its values are fixed, this must be one of them."""
        known: set[str] = set()
        for owner in owners:
            items = self.names.enum(owner, name) if owner in self.names.types else frozenset()
            if not items or (owner, name) in self.registered:
                return
            known |= items
        if known:
            (self.checked if value in known else self.missing).add(f"{min(owners)}.{name} = {value!r}")

    # types as written

    def annotation(self, node: ast.expr) -> Kinds:
        """What an annotation promises."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.annotation(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return ANY
        if isinstance(node, ast.Constant):
            return NONE
        if isinstance(node, ast.BinOp):
            return self.annotation(node.left) | self.annotation(node.right)
        if isinstance(node, ast.Subscript):
            name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            inner = self.annotation(node.slice) if not isinstance(node.slice, ast.Tuple) else ANY
            if name == "Optional":
                return inner
            return self.listed(inner) if name.lower() in ("list", "sequence", "iterable", "set") else ANY
        found = set()
        for kind in self.kinds(node):
            if kind.startswith("class "):
                found.add(kind[6:])
            elif kind.startswith("own class "):
                found.add(f"own {kind[10:]}")
            else:
                found.add(PLAIN if isinstance(node, ast.Name) and hasattr(builtins, node.id) else UNKNOWN)
        return frozenset(found)

    def named_type(self, node: ast.expr | None) -> str:
        """The type that a property's `type=` names, '' where it is not known."""
        kinds = self.annotation(node) if node is not None else NONE
        return min(kinds) if len(kinds) == 1 and not kinds & {PLAIN, UNKNOWN} else ""
