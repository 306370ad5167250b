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

from .calls import Calls
from .members import ANY, NODES, NONE, PYTHON, Kinds
from .names import UNKNOWN, Found, Names
from .own import OwnClass, leads_to, property_call

ROUNDS = 8
"""So often a script is gone through until what its variables lead to stays."""
PARAMETER = re.compile(r":(?:type|arg)[ \t]+(\w+):[ \t]*:?(?:class:)?`?(?:bpy\.types\.)?(\w+)")
"""A parameter's type as Blender's own docstrings tell it."""


def look_up(module: ast.Module, names: Names) -> Found:
    """The names of Blender that a script uses, as far as its text tells. Raises RecursionError for a hostile one."""
    reader = _Reader(module, names)
    for _ in range(ROUNDS):
        before = reader.state()
        reader.read(module)
        if reader.state() == before:
            break
    return reader.found()


def closed(module: ast.Module) -> dict[ast.AST, str]:
    """Functions at the top of a script that it calls itself and hands to nobody, so that all its calls of them are
    known."""
    calls = {id(node.func): node.func for node in ast.walk(module) if isinstance(node, ast.Call)}
    called = {func.id for func in calls.values() if isinstance(func, ast.Name)}
    handed = {
        node.id
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in calls
    }
    named = [node for node in module.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    return {node: node.name for node in named if node.name in called - handed}


class _Reader(Calls):
    def __init__(self, module: ast.Module, names: Names) -> None:
        super().__init__(module, names)
        self.scopes: dict[ast.AST, dict[str, Kinds]] = {}
        self.returns, self.passed = {}, {}
        self.closed = closed(module)
        self.inside: list[ast.AST] = []
        self.class_: OwnClass | None = None

    def state(self) -> tuple[object, ...]:
        scopes = {id(key): dict(value) for key, value in self.scopes.items()}
        return scopes, dict(self.returns), dict(self.passed), dict(self.registered)

    def read(self, module: ast.Module) -> None:
        for side in (self.checked, self.missing, self.unchecked, self.made, self.deprecated):
            side.clear()
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
            elif argument.arg == "context":
                scope[argument.arg] = frozenset({"Context"})
            else:
                scope[argument.arg] = self.passed.get((node.name, argument.arg), NONE) if node in self.closed else ANY
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

    def subscript(self, node: ast.Subscript) -> Kinds:
        owners = self.kinds(node.value)
        self.kinds(node.slice)
        self.socket(owners, node.slice)
        found: set[str] = set()
        for owner in owners:
            if isinstance(node.slice, ast.Slice):
                items = self.item(owner)
                found |= ANY if items == ANY else self.listed(items)
            elif owner == NODES:
                found |= self.node_called(node.slice)
            elif owner.startswith("{"):
                found |= ANY
            else:
                found |= self.item(owner)
        return frozenset(found)

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
