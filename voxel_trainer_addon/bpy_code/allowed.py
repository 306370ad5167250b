# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stranger's script may contain before it is run: an allow-list over its syntax tree.

It is the first of several layers (the worker's own limits are the others) and errs on the side of refusing.
"""

from __future__ import annotations

import ast
import builtins
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator

from . import source


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES = frozenset({"bpy", "bmesh", "mathutils", "mathutils.noise", "mathutils.geometry", "math", "random"})
FROM_BPY = frozenset({"data", "types", "context"})

BUILTINS = _words(
    """abs all any bool bytes complex dict divmod enumerate filter float format frozenset hash hex int isinstance
    issubclass iter len list map max min next oct ord chr pow print range repr reversed round set slice sorted str sum
    tuple zip True False None NotImplemented Ellipsis ArithmeticError AssertionError AttributeError Exception
    IndexError KeyError LookupError NameError OverflowError RuntimeError StopIteration TypeError ValueError
    ZeroDivisionError"""
)
"""Built-in names that a script may use freely."""

BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})
"""Built-ins that are allowed with a literal attribute name, which is then judged like any attribute."""

ASKING = frozenset({"isinstance", "issubclass"})

NEVER = frozenset({"exec", "eval", "compile", "open", "globals", "locals", "vars", "breakpoint", "super"})
"""Built-ins whose names are refused even where the script gives them another meaning (`input` and `id` are not)."""

OPERATORS = re.compile(
    r"mesh\.primitive_\w+_add"
    r"|object\.(select_all|delete|add|empty_add|light_add|camera_add|modifier_add|material_slot_add|shade_smooth|shade_flat"
    r"|mode_set)"
    r"|(material|world|texture)\.new|node\.new_geometry_nodes?_(modifier|group_assign)"
)
"""What `bpy.ops` may be used for: making things, never files, windows or scripts."""

ATTRIBUTES = _words(
    """handlers timers drivers driver_namespace expression use_self format format_map use_module as_module libraries
    temp_data preferences window_manager keyconfigs save save_render save_as write unpack pack reload path_resolve
    bl_rna_get_subclass_py bl_rna_get_subclass load script_directories as_bytes_file
    gi_frame gi_code gi_yieldfrom cr_frame cr_code ag_frame ag_code tb_frame tb_next
    f_back f_globals f_builtins f_locals f_code"""
)
"""Attributes that reach files, code that runs later, the person's settings, or Python's insides. `.format` reads any
attribute that its text names; `.expression` is Python, but for what `_plain` lets through."""

ARITHMETIC = _words(
    """min max radians degrees abs fabs floor ceil trunc round int sin cos tan asin acos atan atan2 exp log sqrt pow
    fmod lerp clamp smoothstep"""
)
"""Functions that Blender computes in a driver's expression by itself, without Python (`BLI_expr_pylike_eval`)."""

CLASSES = re.compile(r"\w+_(OT|PT|MT|HT|UL|FH|AST|KT)_\w+")
"""Registered classes of Blender's own scripts: their methods could be called from here."""

REFUSED: dict[type[ast.AST], str] = {
    ast.ClassDef: "defines a class",
    ast.Match: "uses match",
    ast.AsyncFunctionDef: "uses async",
    ast.AsyncFor: "uses async",
    ast.AsyncWith: "uses async",
    ast.Await: "uses async",
}


def unsafe(code: str) -> list[str]:
    """Why `code` must not be run: one sentence a finding (`line 3: imports os`); empty where nothing speaks against it.

    Code that does not parse cannot be judged, so it is refused too. The rules: field-notes on evaluation, section 4.
    """
    module = source.tree(code)
    if module is None:
        return ["it does not parse"]
    judge = _Judge()
    try:
        judge.visit(module)
    except RecursionError:
        return ["it is nested too deeply to be judged"]
    return judge.found


class _Judge(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[str] = []
        self.modules: dict[str, str] = {}
        self.assigned: set[str] = set()
        self.own: set[str] = set()
        self.compared: set[int] = set()
        self.named: set[str] = set()
        self.font_folders: set[str] = set()

    def refuse(self, node: ast.AST, why: str) -> None:
        sentence = f"line {getattr(node, 'lineno', 1)}: {why}"
        if sentence not in self.found:
            self.found.append(sentence)

    def visit_Module(self, node: ast.Module) -> None:
        nodes = list(ast.walk(node))
        stores = Counter(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        self.modules, self.assigned = dict(_imported(nodes)), set(stores)
        self.named = {value for target, value in _texts_given(nodes) if target.attr == "name"}
        given = {n.arg for n in nodes if isinstance(n, ast.arg)}
        self.own = {*stores, *given, *(n.name for n in nodes if isinstance(n, ast.FunctionDef))}
        folders = {name for name, function in _font_folders(nodes) if self.is_bpy(function)}
        self.font_folders = {name for name in folders - given if stores[name] == 1}
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        if type(node) in REFUSED:
            self.refuse(node, REFUSED[type(node)])
        super().generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            if name.name not in MODULES:
                self.refuse(node, f"imports {name.name}")
            elif name.asname and name.asname.startswith("_"):
                self.refuse(node, f"uses the name {name.asname}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or module not in MODULES:
            self.refuse(node, f"imports from {'.' * node.level}{module}")
        for name in node.names:
            if name.name.startswith("_") or (name.asname or "").startswith("__"):
                self.refuse(node, f"imports {name.name}")
            elif module == "bpy" and name.name not in FROM_BPY:
                self.refuse(node, f"imports bpy.{name.name}")

    def visit_Name(self, node: ast.Name) -> None:
        name = node.id
        if name.startswith("__"):
            self.refuse(node, f"uses {name}")
        elif name in self.modules and not isinstance(node.ctx, ast.Load):
            self.refuse(node, f"assigns to {name}")
        elif name in self.modules or name in BY_NAME or name == "type":
            self.refuse(node, f"hands {name} on as a value")
        elif name in NEVER or (hasattr(builtins, name) and name not in BUILTINS | self.assigned):
            self.refuse(node, f"uses {name}")

    def visit_Compare(self, node: ast.Compare) -> None:
        self.compared |= {id(side) for side in (node.left, *node.comparators)}
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr == "expression":
                self.driver(node, node.value)
                self.visit(target.value)
            else:
                self.visit(target)
        self.visit(node.value)

    def driver(self, node: ast.AST, value: ast.expr) -> None:
        """A driver's expression: arithmetic on variables of the script, as Blender computes without Python."""
        text = value.value if isinstance(value, ast.Constant) else None
        if not isinstance(text, str) or not _plain(text, self.named):
            self.refuse(node, "has a driver that needs Python")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attribute(node, node.attr)
        chain = _chain(node)
        if not chain or chain[0] not in self.modules:
            self.visit(node.value)
            return
        if len(chain) == 2 and not isinstance(node.ctx, ast.Load):
            self.refuse(node, f"assigns to {'.'.join(chain)}")
        chain = [*self.modules[chain[0]].split("."), *chain[1:]]
        for part in chain[1:-1]:
            self.attribute(node, part)
        if chain[0] != "bpy":
            return
        if chain[1] == "ops":
            if not OPERATORS.fullmatch(".".join(chain[2:])):
                self.refuse(node, f"uses {'.'.join(chain)}")
        elif chain[1] not in FROM_BPY:
            self.refuse(node, f"uses {'.'.join(chain[:2])}")
        elif chain[1] == "types":
            self.refuse(node, "uses bpy.types elsewhere than in isinstance")

    def types_in(self, node: ast.expr) -> None:
        """What `isinstance` compares with: here, and nowhere else, a type of Blender is no way to change it."""
        for part in node.elts if isinstance(node, ast.Tuple) else [node]:
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
                self.types_in(part.left)
                self.types_in(part.right)
            elif self.types_named(part):
                self.bpy_type(part, self.types_named(part))
            else:
                self.visit(part)

    def types_named(self, node: ast.expr) -> list[str]:
        """`bpy.types.X` → its names below `bpy.types`, however that was imported."""
        chain = _chain(node)
        if not chain or chain[0] not in self.modules or not isinstance(node, ast.Attribute):
            return []
        chain = [*self.modules[chain[0]].split("."), *chain[1:]]
        return chain[2:] if chain[:2] == ["bpy", "types"] else []

    def bpy_type(self, node: ast.expr, rest: list[str]) -> None:
        if len(rest) != 1 or not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            self.refuse(node, "uses bpy.types for more than the name of a type")
        elif CLASSES.fullmatch(rest[0]):
            self.refuse(node, f"uses bpy.types.{rest[0]}")

    def attribute(self, node: ast.AST, name: str) -> None:
        if name.startswith("_"):
            self.refuse(node, f"uses the attribute {name}")
        elif name in ATTRIBUTES:
            self.refuse(node, f"uses .{name}")

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        rest: list[ast.expr] = [*node.args, *(word.value for word in node.keywords)]
        if isinstance(function, ast.Name) and function.id in BY_NAME:
            name = node.args[1] if len(node.args) > 1 else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self.attribute(node, name.value)
            else:
                self.refuse(node, f"uses {function.id} with a computed name")
        elif isinstance(function, ast.Name) and function.id == "type":
            if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
                self.refuse(node, "makes a class")
            elif id(node) not in self.compared:
                self.refuse(node, "hands the type of something on as a value")
        elif isinstance(function, ast.Attribute) and (
            (function.attr == "load" and self.own_font(node)) or (function.attr == "format" and _plain_format(function))
        ):
            self.visit(function.value)
        elif _gives_font_folder(node) and self.is_bpy(function):
            pass
        elif isinstance(function, ast.Name) and function.id in ASKING - self.own and len(node.args) == 2:
            self.visit(node.args[0])
            self.types_in(node.args[1])
            rest = []
        else:
            self.visit(function)
        for value in rest:
            self.visit(value)

    def is_bpy(self, function: ast.expr) -> bool:
        """Whether a chain of names begins at the module bpy."""
        chain = _chain(function)
        return bool(chain) and self.modules.get(chain[0]) == "bpy"

    def own_font(self, node: ast.Call) -> bool:
        """`fonts.load` of what Blender brings itself: `"<builtin>"`, or a file in its folder of fonts."""
        if len(node.args) != 1 or node.keywords:
            return False
        place = node.args[0]
        if isinstance(place, ast.BinOp) and isinstance(place.op, ast.Add) and isinstance(place.left, ast.Name):
            name = place.right.value if isinstance(place.right, ast.Constant) else None
            known = place.left.id in self.font_folders
            return known and isinstance(name, str) and re.fullmatch(r"/[\w -]+(\.\w+)+", name) is not None
        return isinstance(place, ast.Constant) and place.value == "<builtin>"


def _imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """(name in the script, module) of every imported module, wherever the import stands."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.asname or name.name.partition(".")[0], name.name if name.asname else name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module == "bpy":
            for name in node.names:
                yield name.asname or name.name, f"bpy.{name.name}"


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; empty where it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [*names, node.id][::-1] if isinstance(node, ast.Name) else []


def _texts_given(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Attribute, str]]:
    """(attribute, text) of every text that is given to an attribute: `variable.name = "a"`."""
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    yield target, node.value.value


def _gives_font_folder(node: ast.expr) -> bool:
    """`bpy.utils.system_resource("DATAFILES", path="fonts")`, whatever bpy is called: where Blender's own fonts lie."""
    if not isinstance(node, ast.Call) or _chain(node.func)[1:] != ["utils", "system_resource"]:
        return False
    given = [ast.unparse(value) for value in node.args], {word.arg: ast.unparse(word.value) for word in node.keywords}
    return given == (["'DATAFILES'"], {"path": "'fonts'"})


def _font_folders(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """(name, what is called) of names that are given the folder of Blender's own fonts."""
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _gives_font_folder(node.value):
            function = node.value.func
            yield from ((target.id, function) for target in node.targets if isinstance(target, ast.Name))


def _plain_format(function: ast.Attribute) -> bool:
    """A text written out whose fields name no attribute and no item: `"{} {:.2f}".format`."""
    if not isinstance(function.value, ast.Constant) or not isinstance(function.value.value, str):
        return False
    waiting = [function.value.value]
    try:
        while waiting:
            for _, field, inner, _ in string.Formatter().parse(waiting.pop()):
                if field and not field.isalnum():
                    return False
                waiting += [inner] if inner else []
    except ValueError:
        return False
    return True


def _plain(text: str, variables: set[str]) -> bool:
    """Whether a driver's expression is arithmetic on these variables as Blender computes it by itself."""
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = {id(node.func) for node in ast.walk(body) if isinstance(node, ast.Call)}
    return all(_is_arithmetic(node, id(node) in called, variables) for node in ast.walk(body))


def _is_arithmetic(node: ast.AST, called: bool, variables: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in (ARITHMETIC if called else variables | {"pi", "frame"})
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and not node.keywords
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return isinstance(node, ARITHMETIC_NODES)


ARITHMETIC_NODES = (
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Load, ast.unaryop, ast.boolop, ast.cmpop),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div),
)
