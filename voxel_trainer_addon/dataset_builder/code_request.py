# SPDX-License-Identifier: GPL-3.0-or-later
"""What code is asked for with: its docstring or the comment above it, else what its names and its calls tell.

Nothing is said that is not there: sentences of people are theirs, facts are read off the syntax tree and off the names
that were looked up in Blender.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..bpy_code.names import Found, Names
from ..bpy_code.own import property_call
from ..bpy_code.units import Unit
from ..words import harmless

FEWEST_WORDS, MOST_WORDS = 3, 80
MOST_FACTS, MOST_NAMED = 5, 6
WORD = re.compile(r"[A-Za-z][a-z']+")
FIELD = re.compile(
    r"^[ \t]*(?::\w+|@\w+|>>>|-{3,}|={3,}"
    r"|(?:Args?|Arguments|Parameters|Params?|Returns?|Raises|Yields|Examples?|Usage):|Parameters$)"
)
UNFINISHED = re.compile(
    r"\b(?:todo|fixme|xxx|hack|wip|deprecated|noqa|pylint|type: ignore|secret|address)\b", re.IGNORECASE
)
CODE_LIKE = re.compile(r"[=;{}]|\w\(.*\)|^\s*(?:import|from|def|if|for|print)\b")
LICENCE = re.compile(r"licen[cs]e|copyright|warranty|\bGPL\b|SPDX|#!|coding[:=]|free software", re.IGNORECASE)
SPACES = {
    "VIEW_3D": "3D Viewport",
    "NODE_EDITOR": "Node Editor",
    "IMAGE_EDITOR": "Image Editor",
    "SEQUENCE_EDITOR": "Video Sequencer",
    "CLIP_EDITOR": "Movie Clip Editor",
    "DOPESHEET_EDITOR": "Dope Sheet",
    "GRAPH_EDITOR": "Graph Editor",
    "NLA_EDITOR": "Nonlinear Animation editor",
    "TEXT_EDITOR": "Text Editor",
    "OUTLINER": "Outliner",
    "PROPERTIES": "Properties editor",
    "FILE_BROWSER": "File Browser",
    "PREFERENCES": "Preferences",
}
"""`bl_space_type` → the editor's name in Blender."""
DATA = re.compile(r"BlendData(\w+)\.(new|remove|load)$")


@dataclass(frozen=True)
class CodeRequest:
    """What is asked for: `what` in a noun phrase (with name and signature), `told` in somebody's own sentences (''
    where nobody said anything), `facts` as predicates that hold of the code ("adds the node Mapping")."""

    what: str
    told: str
    facts: tuple[str, ...]
    enough: int

    @property
    def says_enough(self) -> bool:
        """Whether it can be told what to write: somebody told it, or there are `enough` facts."""
        return bool(self.told) or len(self.facts) >= self.enough


def request(unit: Unit, found: Found, names: Names) -> CodeRequest:
    """The request for a unit."""
    told = _said(ast.get_docstring(unit.node) or "") or _class_told(unit) or _said(_bare(unit.comment))
    drawn = unit.kind in ("panel", "menu")
    facts = tuple(dict.fromkeys([*_drawn_facts(unit), *(() if drawn else _facts(found, names))]))
    return CodeRequest(_what(unit), told, facts[:MOST_FACTS], 2 if unit.kind in ("function", "script") else 1)


def _said(text: str) -> str:
    """The first sentences of a docstring or comment, where they say something in English; else ''."""
    kept: list[str] = []
    for line in text.strip().splitlines():
        if FIELD.match(line) or (kept and not line.strip()):
            break
        if line.strip():
            kept.append(line.strip())
    words = harmless(" ".join(kept)).strip(" -=*#\"'")
    if not FEWEST_WORDS <= len(words.split()) <= MOST_WORDS or UNFINISHED.search(words) or LICENCE.search(words):
        return ""
    letters = sum(character.isascii() and character.isalpha() for character in words)
    if letters < 0.6 * len(words) or len(WORD.findall(words)) < FEWEST_WORDS or CODE_LIKE.search(words):
        return ""
    return words[0].upper() + words[1:] + ("" if words[-1] in ".!?:" else ".")


def _bare(comment: str) -> str:
    """A block of comments as text, without what heads of files say."""
    lines = [line.lstrip("#!").strip() for line in comment.split("\n") if line.strip()]
    return "" if LICENCE.search(comment) else "\n".join(lines)


def _class_told(unit: Unit) -> str:
    """What a class tells people: `bl_description`."""
    return _said(_texts_of(unit).get("bl_description", ""))


def _texts_of(unit: Unit) -> dict[str, str]:
    if not isinstance(unit.node, ast.ClassDef):
        return {}
    found = {}
    for statement in unit.node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                    found[target.id] = statement.value.value
    return found


def _what(unit: Unit) -> str:
    """The thing with its name: `the function align(context, axis)`, `the operator "Align" (object.align)`."""
    if isinstance(unit.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"the function `{unit.name}({ast.unparse(unit.node.args)})`"
    if isinstance(unit.node, ast.Module):
        return "a script"
    texts = _texts_of(unit)
    label = harmless(texts.get("bl_label", "")).strip()
    named = f' "{label}"' if label else ""
    if unit.kind == "operator":
        return f"the operator{named} `{texts.get('bl_idname', unit.name)}`"
    if unit.kind == "panel":
        place = SPACES.get(texts.get("bl_space_type", ""), "")
        tab = harmless(texts.get("bl_category", ""))
        where = f" of the {place}" if place else ""
        side = " for the sidebar" if texts.get("bl_region_type") == "UI" and place else " for" if place else ""
        return f"the panel{named}{side}{where if side != ' for' else ' the ' + place}" + (
            f', in the tab "{tab}"' if tab else ""
        )
    if unit.kind == "menu":
        return f"the menu{named} `{texts.get('bl_idname', unit.name)}`"
    return f"the class `{unit.name}({', '.join(ast.unparse(base) for base in unit.node.bases)})`"


def _facts(found: Found, names: Names) -> Iterator[str]:
    """Predicates from the names that were found."""
    checked = set(found.checked)
    nodes = [names.nodes[name[5:]]["label"] for name in found.checked if name.startswith("node ")]
    if nodes:
        yield f"adds {_counted('the node', nodes)}"
    for name in found.checked:
        if (match := DATA.match(name)) and match[1]:
            verb = {"new": "makes a new", "remove": "removes a", "load": "loads a"}[match[2]]
            noun = _data_noun(match[1], names)
            yield f"{verb} {noun}" if verb[-1] != "a" or noun[0] not in "aeiou" else f"{verb}n {noun}"
    operators = [name[8:] for name in found.checked if name.startswith("bpy.ops.") and name.count(".") == 3]
    labels = [names.operators[o]["label"] or f"`{o}`" for o in operators if o in names.operators]
    if labels:
        yield f"uses {_counted('the operator', labels)}"
    for endings, fact in PHRASES:
        if any(name.partition(" ")[0].endswith(endings) for name in checked):
            yield fact
    for prefix, noun in (
        ("ObjectModifiers.new(type=) = ", "modifier"),
        ("ObjectConstraints.new(type=) = ", "constraint"),
    ):
        kinds = [
            name[len(prefix) + 1 : -1].replace("_", " ").lower() for name in found.checked if name.startswith(prefix)
        ]
        if kinds:
            yield f"adds {_counted(f'the {noun}', kinds)}"


PHRASES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Context.selected_objects", "Context.selected_editable_objects"), "works on the selected objects"),
    (("Context.active_object", "Context.object"), "works on the active object"),
    (("Context.selected_pose_bones",), "works on the selected pose bones"),
    (("Mesh.from_pydata",), "builds the mesh from lists of vertices, edges and faces"),
    (("bmesh.new", "bmesh.from_edit_mesh"), "edits the mesh with bmesh"),
    ((".keyframe_insert",), "inserts keyframes"),
    ((".driver_add",), "adds drivers"),
    (("NodeLinks.new",), "links the nodes"),
    (("bpy.app.timers.register",), "registers a timer"),
    (("WindowManager.modal_handler_add",), "runs as a modal operator"),
    (("WindowManager.invoke_props_dialog",), "shows its properties in a dialog first"),
    (("WindowManager.fileselect_add",), "asks for a file in the file browser"),
    (("gpu.shader", "gpu.state"), "draws with the gpu module"),
)
"""Endings of names that were found → what code with them does."""


def _drawn_facts(unit: Unit) -> Iterator[str]:
    """Predicates read off a class: its properties, and what its layout shows."""
    if not isinstance(unit.node, ast.ClassDef):
        return
    own = []
    for statement in unit.node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            call = property_call(statement.annotation)
            if call:
                own.append(f"`{statement.target.id}` ({_spaced(call[0].removesuffix('Property'))})")
    if own:
        yield f"has {_counted('the property', own, 'the properties')}"
    shown = [name for call in ast.walk(unit.node) if (name := _shown(call, "prop", 1))]
    if shown and unit.kind in ("panel", "menu"):
        yield f"shows {_counted('the property', [f'`{name}`' for name in dict.fromkeys(shown)], 'the properties')}"
    buttons = [name for call in ast.walk(unit.node) if (name := _shown(call, "operator", 0))]
    if buttons and unit.kind in ("panel", "menu"):
        yield f"has {_counted('a button for', [f'`{name}`' for name in dict.fromkeys(buttons)], 'buttons for')}"


def _shown(node: ast.AST, function: str, place: int) -> str:
    """The text at a place of a call of `….function(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == function:
        value = node.args[place] if len(node.args) > place else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def _data_noun(collection: str, names: Names) -> str:
    """What such a collection of bpy.data holds, in words."""
    members = names.types["BlendData"]["members"].values()
    item = next((led.partition("<")[2][:-1] for led in members if led.startswith(f"BlendData{collection}<")), "")
    return _spaced(item or "data-block")


def _spaced(name: str) -> str:
    """`NodeTree` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _counted(noun: str, found: Iterable[str], plural: str = "") -> str:
    """`the node A`, `the nodes A, B and C`, `the nodes A, B, C and 3 others`."""
    each = list(dict.fromkeys(found))
    if len(each) == 1:
        return f"{noun} {each[0]}"
    head = plural or f"{noun}s"
    if len(each) > MOST_NAMED:
        return f"{head} {', '.join(each[:MOST_NAMED])} and {len(each) - MOST_NAMED} more"
    return f"{head} {', '.join(each[:-1])} and {each[-1]}"
