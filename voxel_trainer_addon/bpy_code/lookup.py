# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a script's names Blender has: what each expression leads to is followed through the table, nothing is run.

A name is said to exist only where it was looked up in the table; one whose owner is not known counts as unchecked.
Variables are followed through assignments, loops, annotations and calls of the script's own functions; a parameter
called `context` is taken for Blender's, as everywhere in its API.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from .names import COLLECTION, PLAIN, STRUCT, UNKNOWN, Found, Names
from .own import OwnClass, classes, leads_to, property_call

Kinds = frozenset[str]
"""What an expression may lead to; empty: nothing that is known yet, as of None."""
NONE: Kinds = frozenset()
ANY: Kinds = frozenset({UNKNOWN})
PYTHON: Kinds = frozenset({PLAIN})
ROUNDS = 4
"""So often a script is gone through until what its variables lead to stays."""
RETURNS = {"bmesh.new": "BMesh", "bmesh.from_edit_mesh": "BMesh"}
NODE = re.compile(
    r"(?:Shader|Geometry|Compositor|Texture|Function)Node(?!Tree$)[A-Z]\w*|Node(?:Group(?:In|Out)put|Reroute|Frame)"
)
OPERATOR_CLASS = re.compile(r"([A-Z0-9_]+)_OT_(\w+)")
"""The other name of an operator, which layouts take too."""
PARAMETER = re.compile(r":(?:type|arg)[ \t]+(\w+):[ \t]*:?(?:class:)?`?(?:bpy\.types\.)?(\w+)")
"""A parameter's type as Blender's own docstrings tell it."""
BPY = {
    **{"data": "BlendData", "context": "Context", "ops": "operators ", "types": "module bpy.types"},
    **{inner: f"module bpy.{inner}" for inner in ("app", "msgbus", "path", "props", "utils")},
}
OPEN = frozenset(
    {"OperatorProperties", "Gizmo", "GizmoProperties", "PropertyGroup", "AddonPreferences"}
    | {"NodeTree", "NodesModifierProperties", "KeyConfigPreferences"}
)
"""Types whose members depend on which operator, gizmo or group of a script it is."""
ITEMS = frozenset({"sorted", "list", "tuple", "set", "reversed", "filter", "frozenset"})
ITEM = frozenset({"next", "min", "max"})


def look_up(module: ast.Module, names: Names) -> Found:
    """The names of Blender that a script uses, as far as its text tells. Raises RecursionError for a hostile one."""
    reader = _Reader(module, names)
    for _ in range(ROUNDS):
        before = reader.state()
        reader.read(module)
        if reader.state() == before:
            break
    return reader.found()


class _Reader(ast.NodeVisitor):
    def __init__(self, module: ast.Module, names: Names) -> None:
        self.names = names
        self.own = classes(module)
        self.idnames = {own.idname: own for own in self.own.values()}
        self.inherited = {n.id for own in self.own.values() for n in own.node.bases if isinstance(n, ast.Name)}
        self.registered: dict[tuple[str, str], str] = {}
        self.scopes: dict[ast.AST, dict[str, Kinds]] = {}
        self.returns: dict[str, Kinds] = {}
        self.functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
        self.inside: list[ast.AST] = []
        self.class_: OwnClass | None = None

    def state(self) -> tuple[object, ...]:
        scopes = {id(key): dict(value) for key, value in self.scopes.items()}
        return scopes, dict(self.returns), dict(self.registered)

    def read(self, module: ast.Module) -> None:
        self.checked: set[str] = set()
        self.missing: set[str] = set()
        self.unchecked: set[str] = set()
        self.made: set[str] = set()
        self.deprecated: dict[str, str] = {}
        self.inside = [module]
        for statement in module.body:
            self.visit(statement)

    def found(self) -> Found:
        """Of one name that exists here and not there, the worse counts."""
        sides = (self.checked - self.missing, self.missing, self.unchecked, self.made)
        checked, missing, unchecked, made = (tuple(sorted(side)) for side in sides)
        return Found(checked, missing, unchecked, made, dict(sorted(self.deprecated.items())))

    # names of Python

    def here(self) -> dict[str, Kinds]:
        return self.scopes.setdefault(self.inside[-1], {})

    def bind(self, name: str, kinds: Kinds) -> None:
        scope = self.here()
        scope[name] = scope.get(name, NONE) | kinds

    def name(self, name: str) -> Kinds:
        for scope in reversed(self.inside):
            if name in self.scopes.get(scope, {}) and not (
                isinstance(scope, ast.ClassDef) and scope is not self.inside[-1]
            ):
                return self.scopes[scope][name]
        if name in self.own:
            return frozenset({f"own class {name}"})
        if name in self.functions:
            return frozenset({f"own function {name}"})
        return PYTHON if hasattr(builtins, name) else ANY

    def assign(self, target: ast.expr, kinds: Kinds, value: ast.expr | None = None) -> None:
        """A target is given what `kinds` tells; `value` where it was written out."""
        if isinstance(target, ast.Name):
            self.bind(target.id, kinds)
        elif isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            paired = len(values) == len(target.elts)
            pairs = [kind[1:-1].split("|") for kind in kinds if kind.startswith("{")]
            for place, one in enumerate(target.elts):
                if paired:
                    self.assign(one, self.kinds(values[place]), values[place])
                elif pairs and all(len(pair) == len(target.elts) for pair in pairs):
                    self.assign(one, frozenset(pair[place] for pair in pairs))
                else:
                    self.assign(one, ANY)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, ANY)
        elif isinstance(target, ast.Attribute):
            self.assign_attribute(target, value)
        else:
            self.kinds(target)

    def assign_attribute(self, target: ast.Attribute, value: ast.expr | None) -> None:
        owners = self.kinds(target.value)
        for owner in owners:
            if owner.startswith("class ") and self.typed(owner[6:], target.attr) is None:
                call = property_call(value)
                self.registered[owner[6:], target.attr] = leads_to(call, self.named_type(call[1])) if call else UNKNOWN
        self.attribute(owners, target.attr)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            self.value(owners, target.attr, value.value)

    # statements

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.module(name.name)
            top = name.name if name.asname else name.name.partition(".")[0]
            self.bind(name.asname or top, self.as_module(top))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or module.partition(".")[0] not in self.names.blender_modules:
            for name in node.names:
                self.bind(name.asname or name.name, PYTHON if not node.level else ANY)
            return
        self.module(module)
        for name in node.names:
            if name.name != "*":
                inner = f"{module}.{name.name}"
                known = frozenset({f"module {inner}"}) if inner in self.names.modules else None
                self.bind(name.asname or name.name, known or self.attribute(self.as_module(module), name.name))

    def module(self, name: str) -> None:
        """A module is imported."""
        if name.partition(".")[0] in self.names.blender_modules:
            known = name in self.names.modules or name in ("bpy", "bpy.types", "bpy.ops")
            (self.checked if known else self.missing).add(name)

    def as_module(self, name: str) -> Kinds:
        if name.partition(".")[0] in self.names.blender_modules:
            return frozenset({f"module {name}"})
        return PYTHON

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d), *node.decorator_list):
            self.kinds(default)
        scope = self.scopes.setdefault(node, {})
        told = dict(PARAMETER.findall(ast.get_docstring(node, clean=False) or ""))
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        method = isinstance(self.inside[-1], ast.ClassDef)
        for place, argument in enumerate(arguments):
            if method and place == 0 and argument.arg in ("self", "cls") and self.class_:
                scope[argument.arg] = frozenset({f"own {self.class_.name}"})
            elif argument.annotation is not None:
                scope[argument.arg] = self.annotation(argument.annotation)
            elif told.get(argument.arg, "") in self.names.types:
                scope[argument.arg] = frozenset({told[argument.arg]})
            else:
                scope[argument.arg] = frozenset({"Context"}) if argument.arg == "context" else ANY
        for extra in (node.args.vararg, node.args.kwarg):
            if extra:
                scope[extra.arg] = ANY
        self.inside.append(node)
        for statement in node.body:
            self.visit(statement)
        self.inside.pop()
        if len(self.inside) > 1 and not method:
            self.bind(node.name, ANY)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.scopes[node] = {argument.arg: ANY for argument in (*node.args.args, *node.args.kwonlyargs)}
        self.inside.append(node)
        self.kinds(node.body)
        self.inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for base in (*node.bases, *node.decorator_list, *(word.value for word in node.keywords)):
            self.kinds(base)
        outer, self.class_ = self.class_, self.own[node.name]
        self.made.add(node.name)
        self.inside.append(node)
        for statement in node.body:
            self.visit(statement)
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                for target in statement.targets:
                    if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                        bases = frozenset(self.struct_bases(self.class_))
                        self.value(bases, target.id, statement.value.value)
        self.inside.pop()
        self.class_ = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        kinds = self.kinds(node.value)
        for target in node.targets:
            self.assign(target, kinds, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            kinds = self.kinds(node.value)
        elif property_call(node.annotation):
            kinds = self.kinds(node.annotation)
        else:
            kinds = NONE
        told = NONE if property_call(node.annotation) else self.annotation(node.annotation)
        self.assign(node.target, kinds if kinds and kinds != ANY else told or kinds, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.kinds(node.value)
        if isinstance(node.target, ast.Name):
            self.bind(node.target.id, NONE)
        else:
            self.kinds(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.assign(node.target, self.items(self.kinds(node.iter)))
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.kinds(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, ANY)
        for statement in node.body:
            self.visit(statement)

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.kinds(node.type)
        if node.name:
            self.bind(node.name, PYTHON)
        for statement in node.body:
            self.visit(statement)

    def visit_Return(self, node: ast.Return) -> None:
        kinds = self.kinds(node.value) if node.value is not None else NONE
        function = next((f for f in reversed(self.inside) if isinstance(f, ast.FunctionDef)), None)
        if function is not None and function.name in self.functions:
            self.returns[function.name] = self.returns.get(function.name, NONE) | kinds

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.kinds(target)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self.kinds(node)
        else:
            super().generic_visit(node)

    # expressions

    def kinds(self, node: ast.expr) -> Kinds:
        """What an expression leads to; names in it are looked up on the way."""
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Constant):
            return NONE if node.value is None else PYTHON
        if isinstance(node, ast.Attribute):
            return self.attribute(self.kinds(node.value), node.attr)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        if isinstance(node, ast.IfExp):
            self.kinds(node.test)
            return self.kinds(node.body) | self.kinds(node.orelse)
        if isinstance(node, ast.BoolOp):
            return frozenset().union(*(self.kinds(value) for value in node.values))
        if isinstance(node, ast.BinOp):
            return self.operation(self.kinds(node.left) | self.kinds(node.right), node.op)
        if isinstance(node, ast.UnaryOp):
            kinds = self.kinds(node.operand)
            return PYTHON if isinstance(node.op, ast.Not) else self.operation(kinds, node.op)
        if isinstance(node, ast.Compare):
            return self.compare(node)
        if isinstance(node, ast.List | ast.Set | ast.Tuple):
            return self.listed(frozenset().union(*(self.kinds(item) for item in node.elts)))
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            return self.comprehension(node)
        if isinstance(node, ast.NamedExpr):
            kinds = self.kinds(node.value)
            self.assign(node.target, kinds, node.value)
            return kinds
        if isinstance(node, ast.Lambda):
            self.visit_Lambda(node)
            return PYTHON
        for inner in ast.iter_child_nodes(node):
            self.visit(inner)
        return PYTHON if isinstance(node, ast.JoinedStr | ast.FormattedValue | ast.Dict | ast.Slice) else ANY

    @staticmethod
    def operation(kinds: Kinds, op: ast.operator | ast.unaryop) -> Kinds:
        maths = kinds - PYTHON
        if not maths:
            return PYTHON
        simple = isinstance(op, ast.Add | ast.Sub | ast.USub) and len(maths) == 1 and maths <= {"Vector", "Color"}
        return maths if simple else ANY

    @staticmethod
    def listed(kinds: Kinds) -> Kinds:
        """A list of things that are all of one kind; of several, nobody knows which comes out of it."""
        inner = kinds - NONE
        if len(inner) == 1 and (kind := min(inner)) not in (PLAIN, UNKNOWN) and not kind.startswith(("(", "[", "{")):
            return frozenset({f"[{kind}]"})
        return PYTHON

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Kinds:
        self.inside.append(node)
        for part in node.generators:
            self.assign(part.target, self.items(self.kinds(part.iter)))
            for test in part.ifs:
                self.kinds(test)
        if isinstance(node, ast.DictComp):
            self.kinds(node.key)
            self.kinds(node.value)
            found = PYTHON
        else:
            found = self.listed(self.kinds(node.elt))
        self.inside.pop()
        return found

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

    def subscript(self, node: ast.Subscript) -> Kinds:
        owners = self.kinds(node.value)
        self.kinds(node.slice)
        found: set[str] = set()
        for owner in owners:
            if isinstance(node.slice, ast.Slice):
                items = self.item(owner)
                found |= ANY if items == ANY else self.listed(items)
            elif owner.startswith("sockets "):
                found |= self.socket(owner, node.slice)
            elif owner.startswith("{"):
                found |= ANY
            else:
                found |= self.item(owner)
        return frozenset(found)

    def socket(self, owner: str, key: ast.expr) -> Kinds:
        """A socket of a node whose type is known: it must have one of this name or at this place."""
        _, node, side = owner.split()
        held = self.names.sockets(node, side)
        if isinstance(key, ast.Constant) and isinstance(key.value, str | int):
            if held is None:
                self.unchecked.add(f"{node}.{side}[{key.value!r}]")
            else:
                known = key.value in held if isinstance(key.value, str) else -len(held) <= key.value < len(held)
                (self.checked if known else self.missing).add(f"{node}.{side}[{key.value!r}]")
        return frozenset({"NodeSocket"})

    def compare(self, node: ast.Compare) -> Kinds:
        for value in (node.left, *node.comparators):
            self.kinds(value)
        if isinstance(node.left, ast.Attribute) and len(node.comparators) == 1:
            owners = self.kinds(node.left.value)
            other = node.comparators[0]
            texts = other.elts if isinstance(other, ast.Tuple | ast.Set | ast.List) else [other]
            whole = isinstance(other, ast.Tuple | ast.Set | ast.List) == isinstance(node.ops[0], ast.In | ast.NotIn)
            for text in texts if whole else []:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    self.value(owners, node.left.attr, text.value)
        return PYTHON

    # attributes

    def attribute(self, owners: Kinds, name: str) -> Kinds:
        """What `.name` of something leads to. It exists where one of the kinds that it may be has it, and nobody knows
        where one of them is unknown."""
        if not owners or UNKNOWN in owners:
            if not name.startswith("__"):
                self.unchecked.add(f".{name}")
            return ANY
        found = {owner: self.one(owner, name) for owner in owners}
        led = {kind for answer in found.values() if answer for kind in answer[1]}
        tellers = [answer[0] for answer in found.values() if answer]
        if not tellers:
            self.missing.add(min(f"{self.told(owner)}.{name}" for owner in owners))
            return ANY
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
        return owner.replace("operators ", "bpy.ops.").replace("operator ", "bpy.ops.").replace("bpy.ops..", "bpy.ops.")

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
        if owner.startswith(("[", "{", "(")):
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
        if name in ("inputs", "outputs") and self.names.sockets(kind, name) is not None:
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

    # calls

    def call(self, node: ast.Call) -> Kinds:
        called = self.kinds(node.func)
        arguments = [self.kinds(argument) for argument in node.args]
        for word in node.keywords:
            arguments.append(self.kinds(word.value))
        if isinstance(node.func, ast.Name) and called == PYTHON:
            return self.of_python(node, node.func.id, arguments)
        found: set[str] = set()
        for kind in called:
            found |= self.returned(node, kind, arguments)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "new":
            self.nodes_named(node)
        return frozenset(found)

    def of_python(self, node: ast.Call, name: str, arguments: list[Kinds]) -> Kinds:
        """A call of a built-in function, or of one from elsewhere."""
        first = arguments[0] if arguments else NONE
        if name in ITEMS and len(arguments) >= 1:
            items = self.items(arguments[-1] if name == "filter" else first)
            return PYTHON if items <= PYTHON else self.listed(items)
        if name in ITEM and len(arguments) >= 1:
            return self.items(first) | (arguments[1] if name == "next" and len(arguments) > 1 else NONE)
        if name == "enumerate" and arguments:
            return frozenset(f"[{{{PLAIN}|{item}}}]" for item in self.items(first)) or ANY
        if name == "zip" and arguments and not node.keywords:
            inner = [self.items(argument) for argument in arguments]
            if all(len(kinds) == 1 and "|" not in min(kinds) for kinds in inner):
                return frozenset({"[{" + "|".join(min(kinds) for kinds in inner) + "}]"})
            return ANY
        if name in ("getattr", "setattr", "delattr") and len(node.args) >= 2:
            key = node.args[1]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                if name == "setattr" and len(node.args) == 3:
                    for owner in first:
                        if owner.startswith("class ") and (call := property_call(node.args[2])):
                            self.registered[owner[6:], key.value] = leads_to(call, self.named_type(call[1]))
                if name != "getattr" or len(node.args) == 2:
                    return self.attribute(first, key.value)
            return ANY
        if hasattr(builtins, name):
            return ANY if name in ("super", "vars", "globals", "locals", "eval", "map", "iter") else PYTHON
        return PYTHON if all(kinds <= PYTHON for kinds in arguments) else ANY

    def returned(self, node: ast.Call, kind: str, arguments: list[Kinds]) -> Kinds:
        """What calling one kind gives."""
        word, _, rest = kind.partition(" ")
        if word == "operator":
            self.operator_call(node, rest)
            return PYTHON
        if word == "class":
            return frozenset({rest})
        if kind.startswith("own class "):
            return frozenset({f"own {kind[10:]}"})
        if kind.startswith("own function "):
            return self.returns.get(kind[13:], NONE)
        if kind.startswith("()"):
            led, _, of = kind[2:].partition(" ")
            return self.function_call(node, of, led) if of else frozenset({led})
        if kind == PLAIN:
            text = isinstance(node.func, ast.Attribute) and node.func.attr in dir(str)
            return PYTHON if text or (arguments and all(kinds <= PYTHON for kinds in arguments)) else ANY
        return ANY

    def operator_call(self, node: ast.Call, idname: str) -> None:
        own = self.idnames.get(idname)
        for word in node.keywords:
            if word.arg is None:
                continue
            if own is not None:
                known = word.arg in own.members
                (self.made if known else self.missing).add(word.arg if known else f"bpy.ops.{idname}({word.arg}=)")
                continue
            properties = self.names.operators[idname]["properties"]
            name = f"bpy.ops.{idname}({word.arg}=)"
            (self.checked if word.arg in properties else self.missing).add(name)
            self.literal(name, word.value, properties.get(word.arg))

    def function_call(self, node: ast.Call, of: str, led: str) -> Kinds:
        """A call of a function that RNA describes: its parameters, and texts that name something of Blender."""
        kind, _, function = of.rpartition(".")
        parameters = self.names.parameters(kind, function)
        given: dict[str, ast.expr] = {word.arg: word.value for word in node.keywords if word.arg}
        if parameters is not None:
            for name in given:
                told = f"{kind}.{function}({name}=)"
                (self.checked if name in parameters else self.missing).add(told)
            if not any(isinstance(argument, ast.Starred) for argument in node.args):
                given |= dict(zip(parameters, node.args, strict=False))
            for name, value in given.items():
                self.literal(f"{kind}.{function}({name}=)", value, parameters.get(name))
        if kind == "Nodes" and function == "new":
            return self.new_node(given.get("type"))
        if kind == "UILayout":
            return self.drawn(function, given, led)
        return frozenset({led})

    def literal(self, name: str, value: ast.expr, items: list[str] | None) -> None:
        texts = value.elts if isinstance(value, ast.Set) else [value]
        for text in texts if items else []:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                (self.checked if text.value in (items or ()) else self.missing).add(f"{name} = {text.value!r}")

    def new_node(self, value: ast.expr | None) -> Kinds:
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            return frozenset({"Node"})
        if value.value in self.idnames:
            return frozenset({f"own {self.idnames[value.value].name}"})
        known = value.value in self.names.nodes
        (self.checked if known else self.missing).add(f"node {value.value}")
        return frozenset({value.value if known and value.value in self.names.types else "Node"})

    def nodes_named(self, node: ast.Call) -> None:
        """`….new("ShaderNodeMath")` names a node, whatever it is called on."""
        for value in (*node.args, *(word.value for word in node.keywords)):
            name = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
            if NODE.fullmatch(name) and name not in self.idnames:
                (self.checked if name in self.names.nodes else self.missing).add(f"node {name}")

    def drawn(self, function: str, given: dict[str, ast.expr], led: str) -> Kinds:
        """Texts in a layout that name properties, operators and menus."""

        def text(name: str) -> str:
            value = given.get(name)
            return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""

        if function.startswith("prop") and "data" in given and (name := text("property")):
            owners = self.kinds(given["data"])
            if not name.startswith("["):
                self.attribute(owners, name)
        if function == "operator":
            idname = text("operator") or self.own_idname(given.get("operator"))
            if idname:
                if found := OPERATOR_CLASS.fullmatch(idname):
                    idname = f"{found[1].lower()}.{found[2]}"
                answer = self.of_operators(*idname.split(".", 1)) if "." in idname else None
                (self.made if answer and answer[0] == "own" else self.checked if answer else self.missing).add(
                    f"bpy.ops.{idname}"
                )
                return frozenset({f"properties {idname}"}) if answer else ANY
            return ANY
        if function in ("menu", "popover") and (name := text("menu") or text("panel")):
            own = name in self.idnames or name in self.own
            (self.made if own else self.checked if name in self.names.types else self.missing).add(f"bpy.types.{name}")
        return frozenset({led})

    def own_idname(self, value: ast.expr | None) -> str:
        """`MyOperator.bl_idname` as text."""
        if isinstance(value, ast.Attribute) and value.attr == "bl_idname" and isinstance(value.value, ast.Name):
            own = self.own.get(value.value.id)
            return own.idname if own else ""
        return ""

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
