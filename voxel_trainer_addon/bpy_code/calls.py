# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call gives, and the names in its arguments: parameters, values of enums, nodes, texts in layouts."""

from __future__ import annotations

import ast
import builtins
import re

from .members import ANY, NONE, PYTHON, Kinds, Members
from .names import PLAIN
from .own import leads_to, property_call

NODE = re.compile(
    r"(?:Shader|Geometry|Compositor|Texture|Function)Node(?!Tree$)[A-Z]\w*|Node(?:Group(?:In|Out)put|Reroute|Frame)"
)
OPERATOR_CLASS = re.compile(r"([A-Z0-9_]+)_OT_(\w+)")
"""The other name of an operator, which layouts take too."""
ITEMS = frozenset({"sorted", "list", "tuple", "set", "reversed", "filter", "frozenset"})
ITEM = frozenset({"next", "min", "max"})


class Calls(Members):
    """Calls of operators, of functions that RNA describes, of the script's own and of Python's."""

    returns: dict[str, Kinds]
    passed: dict[tuple[str, str], Kinds]
    closed: dict[ast.AST, str]

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
        for function, name in self.closed.items():
            if f"own function {name}" in called and isinstance(function, ast.FunctionDef):
                self.pass_on(node, function)
        return frozenset(found)

    def pass_on(self, node: ast.Call, function: ast.FunctionDef) -> None:
        """What a call hands to the parameters of a function of the script's own."""
        all_ = [*function.args.posonlyargs, *function.args.args]
        defaults = dict(zip((one.arg for one in reversed(all_)), reversed(function.args.defaults), strict=False))
        only = zip((one.arg for one in function.args.kwonlyargs), function.args.kw_defaults, strict=True)
        given = defaults | {name: value for name, value in only if value}
        given |= dict(zip((one.arg for one in all_), node.args, strict=False))
        given |= {word.arg: word.value for word in node.keywords if word.arg}
        unpacked = any(isinstance(one, ast.Starred) for one in node.args) or any(not word.arg for word in node.keywords)
        for name in (one.arg for one in (*all_, *function.args.kwonlyargs)):
            kinds = ANY if unpacked or name not in given else self.kinds(given[name])
            self.passed[function.name, name] = self.passed.get((function.name, name), NONE) | kinds

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
        if kind == "node by name":
            return self.node_called(node.args[0]) if node.args else ANY
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
        kind = self.names.nodes[value.value].get("is", value.value) if known else "Node"
        return frozenset({kind if kind in self.names.types else "Node"})

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
