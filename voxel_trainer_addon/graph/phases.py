# SPDX-License-Identifier: GPL-3.0-or-later
"""A written script cut into parts that may run with updates held back, each sorted by phase; nothing is executed.

The nodes of a tree can be made first and then get all settings, values and links: what later nodes bring does not reach
back. Where it might (a statement that comes back to a node, one that is not understood) the script keeps its order.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

PHASES = ("new", "settings", "values", "links", "looks")
"""In the order in which they run. Looks stay apart, where they stand."""
GIVE_NAME = "__give_name__"
"""Every node that a part makes goes through this function, which whoever runs it brings along."""

VARIABLE = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*")
"""Words in a statement that may be variables: a few more than are, which only makes the reader more careful."""
CALL = re.compile(r"[\w\])]\(")
SIDES = frozenset({"inputs", "outputs"})
LOOKS = frozenset(
    {"name", "label", "location", "parent", "width", "height", "hide", "use_custom_color", "color", "show_options"}
    | {
        "show_preview",
        "show_texture",
        "show_expanded",
        "pin_gizmo",
        "warning_propagation",
        "ui_shortcut",
        "bl_width_min",
    }
)
"""What a node looks like: nothing else follows from it."""


@dataclass
class Part:
    """Statements of the tree in the variable `tree`, by phase. Without a tree they run as they stand, phase `""`."""

    tree: str
    phases: dict[str, list[ast.stmt]] = field(default_factory=dict)


def parts(code: str) -> list[Part]:
    """The script's statements, each in exactly one part. Raises SyntaxError."""
    found: list[Part] = []
    reader = _Reader(code.split("\n"))
    for statement in ast.parse(code).body:
        phase = reader.phase(statement)
        tree = reader.tree if phase else ""
        if not found or found[-1].tree != tree or (tree and (phase == "looks") != ("looks" in found[-1].phases)):
            found.append(Part(tree))
        if phase == "new":
            reader.name_nodes(statement)
        found[-1].phases.setdefault(phase, []).append(statement)
    return found


class _Reader:
    """What is known where the script has been read to: the tree in hand and what its variables stand for."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.short: dict[str, tuple[str, ...]] = {}
        self.nodes: set[str] = set()
        self.begin("")

    def begin(self, tree: str) -> None:
        self.tree = tree
        self.short = {name: path for name, path in self.short.items() if path[0] not in self.nodes}
        self.nodes = set()
        self.links: set[str] = set()
        self.used: set[str] = set()
        self.late = False

    def phase(self, statement: ast.stmt) -> str:
        """The phase of the next statement, or nothing where it has to stay where it is."""
        if self.shortens(statement):
            return ""
        if isinstance(statement, ast.Assign) and self.tree in map(_name, statement.targets):
            self.begin("")
        tree = self.edited(statement)
        if tree not in ("", self.tree):
            self.begin(tree)
        if not self.tree:
            return ""
        phase = self.kind(statement, frozenset())
        names = VARIABLE.findall(self.text(statement))
        touched = {self.short.get(name, (name,))[0] for name in names} & self.nodes
        if phase == "looks":
            return phase
        if not phase or (phase in ("new", "settings") and touched & self.used):
            self.late = True
        if phase in ("values", "links"):
            self.used |= touched
        return "" if self.late else phase

    def edited(self, statement: ast.stmt) -> str:
        """The variable of the tree that a statement makes a node or link in, if it does."""
        while isinstance(statement, ast.For):
            statement = statement.body[0]
        return self.creates(statement.value)[0] if isinstance(statement, ast.Assign | ast.Expr) else ""

    def shortens(self, statement: ast.stmt) -> bool:
        """Whether it only gives short names: `nodes, links = tree.nodes, tree.links`."""
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return False
        target, value = statement.targets[0], statement.value
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        paths = [self.path(value) if isinstance(value, ast.Attribute) else () for value in values]
        if not all(path[1:2] in (("nodes",), ("links",)) for path in paths):
            return False
        self.short |= {name.id: path for name, path in zip(names, paths, strict=False) if isinstance(name, ast.Name)}
        return True

    def path(self, expression: ast.AST) -> tuple[str, ...]:
        """The variable that an expression starts from and the attributes on the way, short names spelled out."""
        path: tuple[str, ...] = ()
        while isinstance(expression, ast.Attribute | ast.Subscript):
            path = (expression.attr, *path) if isinstance(expression, ast.Attribute) else path
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return ("", *path)
        return (*self.short.get(expression.id, (expression.id,)), *path)

    def creates(self, node: ast.AST) -> tuple[str, str]:
        """(variable of the tree, `nodes` or `links`) where a call makes one of these, else empty."""
        if isinstance(node, ast.Call):
            match self.path(node.func):
                case (tree, ("nodes" | "links") as what, "new"):
                    return tree, what
        return "", ""

    def kind(self, statement: ast.stmt, loop: frozenset[str]) -> str:
        """What a statement does; `loop` are the variables of loops around it that stand for nodes."""
        if isinstance(statement, ast.For):
            stand = _names(statement.target) if _names(statement.iter) & (self.nodes | loop) else set()
            if _names(statement.target) & self.nodes:
                return ""
            kinds = {self.kind(below, loop | stand) for below in statement.body}
            return kinds.pop() if len(kinds) == 1 and not statement.orelse else ""
        if not isinstance(statement, ast.Expr | ast.Assign):
            return ""
        if self.calls(statement) != isinstance(statement.value, ast.Call):
            return ""
        return (
            self.assignment(statement, loop) if isinstance(statement, ast.Assign) else self.call(statement.value, loop)
        )

    def call(self, call: ast.expr, loop: frozenset[str]) -> str:
        _, what = self.creates(call)
        if not isinstance(call, ast.Call):
            return ""
        if what:
            return "new" if what == "nodes" else "links"
        root, *path = self.path(call.func)
        if root not in self.nodes | loop or path[0] in SIDES:
            return ""
        return "new" if path == ["pair_with_output"] else "settings"

    def assignment(self, statement: ast.Assign, loop: frozenset[str]) -> str:
        target = statement.targets[0]
        _, what = self.creates(statement.value)
        if what:
            names = set(map(_name, statement.targets))
            known = names & self.nodes  # a name that stands for two nodes binds the order
            (self.nodes if what == "nodes" else self.links).update(names)
            return "" if known or "" in names else self.call(statement.value, loop)
        if isinstance(target, ast.Name):
            return self.part_of_node(target.id, statement.value)
        if isinstance(statement.value, ast.Call):
            return ""
        root, *path = self.path(target)
        if root in self.links:
            return "links"
        if root not in self.nodes | loop or len(statement.targets) > 1 or not isinstance(target, ast.Attribute):
            return ""
        if path[-1] in LOOKS and (len(path) == 1 or path[0] in SIDES):
            return "looks"
        if path[0] in SIDES:
            return "values" if path[-1] == "default_value" else ""
        return "settings"

    def name_nodes(self, statement: ast.stmt) -> None:
        """Put the calls that make nodes inside `GIVE_NAME(…)`."""
        if isinstance(statement, ast.For):
            for below in statement.body:
                self.name_nodes(below)
        elif isinstance(statement, ast.Assign | ast.Expr) and self.creates(statement.value)[1]:
            made = statement.value
            name = ast.copy_location(ast.Name(GIVE_NAME, ast.Load()), made)
            statement.value = ast.copy_location(ast.Call(name, [made], []), made)

    def text(self, statement: ast.stmt) -> str:
        """A statement as it is spelled, without others on its lines."""
        lines = self.lines[statement.lineno - 1 : statement.end_lineno]
        lines[-1] = _between(lines[-1], 0, statement.end_col_offset)
        lines[0] = _between(lines[0], statement.col_offset, None)
        return "\n".join(lines)

    def calls(self, statement: ast.stmt) -> int:
        """How many calls a statement makes, those of `float` apart; perhaps a few more than it does."""
        text = self.text(statement)
        return len(CALL.findall(text)) - text.count("float(")

    def part_of_node(self, name: str, value: ast.expr) -> str:
        """`item = output.repeat_items.new(…)`: from here on what is done to `item` is done to that node."""
        root, *path = self.path(value.func if isinstance(value, ast.Call) else value)
        if root not in self.nodes or name in self.nodes or not path or path[0] in SIDES:
            return ""
        self.short[name] = (root, *path)
        return "settings"


def _between(line: str, begin: int, end: int | None) -> str:
    """Part of a line; columns count bytes."""
    return line[begin:end] if line.isascii() else line.encode()[begin:end].decode()


def _name(expression: ast.AST) -> str:
    return expression.id if isinstance(expression, ast.Name) else ""


def _names(*nodes: ast.AST) -> set[str]:
    """All variables below these."""
    return {below.id for node in nodes for below in ast.walk(node) if isinstance(below, ast.Name)}
