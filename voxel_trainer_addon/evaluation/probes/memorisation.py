# SPDX-License-Identifier: GPL-3.0-or-later
"""Training prompts with one number, option or node changed: a model that learnt follows, one that copies does not.

A change is made in the prompt's text and in its answer's alike. Blender then runs the changed answer, and the
conditions of both prompts must differ in exactly one, which holds for one answer and not for the other: so every probe
is known to be readable, possible and telling, whatever was changed. Of a node that stands for another, what comes into
it and out of it is called by another name too; that it is there is the condition that tells.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...bpy_code import source
from ...bpy_code.names import Names
from ...files import digest
from ...graph import similarity
from ...graph.describe import literal, value_words
from ...graph.menu import type_words
from ...graph.model import Graph, Value
from ...stage import EVALUATED
from ...words import counted
from ..choice import in_order
from ..conditions import Condition, Tree, conditions, kind
from ..quality_metrics import Ran
from ..statistics import wilson_by_group

RAREST_FIRST = ("node", "option", "number")
"""What may be changed."""
OUTCOMES = ("followed", "copied", "neither", "no_tree")
FAMILIES = tuple(
    frozenset(f"{kind}Node{name}" for name in names.split())
    for kind, names in (
        ("Shader", "TexNoise TexVoronoi TexWave TexMagic TexChecker TexBrick TexGradient TexWhiteNoise"),
        ("Shader", "BsdfDiffuse BsdfAnisotropic BsdfGlass BsdfRefraction BsdfTranslucent BsdfTransparent BsdfToon"),
        ("Shader", "Gamma Invert HueSaturation BrightContrast"),
        ("Geometry", "MeshCube MeshUVSphere MeshCylinder MeshCone MeshGrid"),
        ("Geometry", "CurvePrimitiveCircle CurvePrimitiveQuadrilateral CurveStar CurveSpiral"),
        ("Geometry", "SubdivideMesh SubdivisionSurface Triangulate FlipFaces DualMesh"),
        ("Geometry", "TranslateInstances RotateInstances ScaleInstances"),
        ("Geometry", "SetPosition SetShadeSmooth SetMaterial SetID"),
        ("Compositor", "Blur Denoise Filter Glare Pixelate"),
    )
)
"""Nodes that can stand for each other; whether they can in a tree is found by running it."""
_TYPES = frozenset().union(*FAMILIES)
DRAFTS_MAX = 3
"""Changes of one row that are tried: about half of them prove."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """A change to be tried: `what` is one of RAREST_FIRST; `without` is the answer without the statement that
    was changed (empty where it cannot be cut out): what is so without it is Blender's default, which tells nothing."""

    row: Row
    what: str
    prompt: str
    completion: str
    without: str = ""


@dataclass(frozen=True)
class Probe:
    """A changed prompt: `was` is the condition that it no longer states, `asks` the one that it states instead; `graph`
    is the tree that its `completion` makes."""

    source: Row
    what: str
    prompt: str
    completion: str
    was: Condition
    asks: Condition
    graph: Graph

    @property
    def group(self) -> str:
        """What is alike: probes of one family of training rows. Groups would be too few: a few hold most rows."""
        return family(self.source)

    @property
    def id(self) -> str:
        return f"memorisation/{digest([self.prompt, self.completion])[:16]}"

    @property
    def row(self) -> dict[str, Any]:
        """What models are asked."""
        return _asked(self.id, self.prompt, self.completion)

    @property
    def control(self) -> dict[str, Any]:
        """The same prompt as it was trained on."""
        return _asked(f"{self.id}/unchanged", str(self.source["prompt"]), str(self.source["completion"]))

    def outcome(self, ran: Ran) -> str:
        """One of OUTCOMES for an answer that was run: a tree that is still as the old prompt asks is copied."""
        made = similarity.nearest(self.graph, ran.graphs or {})
        if made is None:
            return "no_tree"
        tree = Tree(made)
        return "copied" if self.was.met(tree) else "followed" if self.asks.met(tree) else "neither"


def _asked(id: str, prompt: str, completion: str) -> dict[str, Any]:
    return {"id": id, "prompt": prompt, "completion": completion, "form": "code"}


def candidates(train: Sequence[Row], seed: int, longest: int) -> list[Row]:
    """Rows for probes in an order that the seed fixes, one of each family in turn, and one for each answer of at most
    `longest` characters. A third are rows with a node that another may stand for, while there are any: few have one."""
    fit = [row for row in train if row["kind"] in EVALUATED and row.get("form", "code") == "code"]
    ordered = in_order([row for row in fit if len(row["completion"]) <= longest], seed, family)
    rows = list({str(row["completion"]): row for row in reversed(ordered)}.values())[::-1]

    def rare(row: Row) -> bool:
        return not _TYPES.isdisjoint(re.findall(r"\w+", row["completion"]))

    ranked = [
        *enumerate(row for row in rows if not rare(row)),
        *((2 * n, row) for n, row in enumerate(filter(rare, rows))),
    ]
    return [row for _, row in sorted(ranked, key=lambda entry: entry[0])]


def family(row: Row) -> str:
    """What training rows are alike in."""
    return str(row["family"])


def drafts(row: Row, ran: Ran, names: Names | None, seed: int) -> list[Draft]:
    """Changes of a row to be tried, given what its answer makes; without `names` no options."""
    graph = similarity.root(ran.graphs or {}, str(row.get("key", "")))
    if graph is None or not ran.ran:
        return []
    found = [*_nodes(row, graph), *_values(row, graph, names, seed)]
    turns = Counter[str]()
    ranked: list[tuple[int, int, Draft]] = []
    for draft in sorted(found, key=lambda draft: digest([seed, draft.completion])):
        turns[draft.what] += 1
        ranked.append((turns[draft.what], RAREST_FIRST.index(draft.what), draft))
    return [draft for *_, draft in sorted(ranked, key=lambda entry: entry[:2])][:DRAFTS_MAX]


def proven(tried: Sequence[Draft], ran: Mapping[str, Ran], count: int) -> list[Probe]:
    """At most `count` probes, one a row, of numbers, options and nodes as evenly as they come. `ran` tells what came of
    the answers: those of the rows, `completion` and `without` of the drafts."""
    by_row: dict[str, list[Draft]] = {}
    for draft in tried:
        by_row.setdefault(str(draft.row["id"]), []).append(draft)
    used: Counter[str] = Counter()
    probes: list[Probe] = []
    for of_row in by_row.values():
        held = [probe for probe in (possible(draft, ran) for draft in of_row) if probe]
        if held and len(probes) < count:
            probes.append(min(held, key=lambda probe: used[probe.what]))
            used[probes[-1].what] += 1
    return probes


def possible(draft: Draft, ran: Mapping[str, Ran]) -> Probe | None:
    """The probe that a draft makes, as far as `ran` tells; None where the changed answer does not run, where its prompt
    asks for more or less than the other, and where not exactly one condition tells the prompts and answers apart."""
    key = str(draft.row.get("key", ""))
    codes = str(draft.row["completion"]), draft.completion, draft.without
    first, second, bare = (similarity.root(ran.get(code, Ran()).graphs or {}, key) for code in codes)
    if first is None or second is None or not ran[draft.completion].ran:
        return None
    before, after = conditions(first, str(draft.row["prompt"])), conditions(second, draft.prompt)
    was, asks = [one for one in before if one not in after], [one for one in after if one not in before]
    if Counter(one.kind for one in was) != Counter(one.kind for one in asks):
        return None
    if draft.what == "node":
        was, asks = ([one for one in some if one.kind == "node"] for some in (was, asks))
    if len(was) != 1 or len(asks) != 1:
        return None
    others = [first, *([bare] if bare else [])]
    if was[0].met(Tree(second)) or any(asks[0].met(Tree(tree)) for tree in others):
        return None
    return Probe(draft.row, draft.what, draft.prompt, draft.completion, was[0], asks[0], second)


def _nodes(row: Row, graph: Graph) -> Iterator[Draft]:
    prompt, code = str(row["prompt"]), str(row["completion"])
    named = " ".join(re.findall(r'"[^"]*"', prompt))
    for several in FAMILIES:
        for old in sorted({node.type for node in graph.nodes} & several):
            for new in sorted(several):
                told = prompt
                for spelled, instead in ((old, new), (type_words(old), type_words(new))):
                    told = re.sub(rf"\b{re.escape(spelled)}\b", instead, told)
                known = type_words(old) in named or new in code or type_words(new) in prompt
                if told != prompt and not known:
                    yield Draft(row, "node", told, code.replace(old, new))


def _values(row: Row, graph: Graph, names: Names | None, seed: int) -> Iterator[Draft]:
    prompt, code = str(row["prompt"]), str(row["completion"])
    types = {kind(node): node.type for node in graph.nodes}
    for condition in conditions(graph, prompt):
        if condition.kind != "value" or condition.times > 1:
            continue
        name, where, value = condition.key
        text = condition.words.removeprefix(f"{name}: ")
        there = list(re.finditer(rf"(?<![\w.]){re.escape(text)}(?!\w|\.\d)", prompt))
        words = next((words for words in (literal(value), value_words(value)) if words and words in text), "")
        if len(there) != 1 or not words:
            continue
        head, _, tail = text.rpartition(words)
        for new in _others(value, types[str(name)], str(where), names, digest([seed, row["id"]])):
            told = head + (literal(new) if words == literal(value) else value_words(new) or "") + tail
            changed = prompt[: there[0].start()] + told + prompt[there[0].end() :]
            what = "option" if isinstance(value, str) else "number"
            for completion, without in _in_code(code, value, new):
                yield Draft(row, what, changed, completion, without)


def _others(value: Value, type: str, where: str, names: Names | None, salt: str) -> list[Any]:
    """Clearly different values that make sense in the same place: half and twice a number, on the same side of one (a
    share stays a share), or another option of a setting, drawn by `salt`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return []
    if isinstance(value, str):
        options = names.enum(type, where[1:]) - {value} if names and where.startswith(".") else frozenset()
        return sorted(options, key=lambda option: digest([salt, option]))[:1]
    if isinstance(value, int):
        return [2 * value] if value > 0 else []
    return [other for other in (_short(value / 2), _short(2 * value)) if other > 0 and (other > 1) == (value > 1)]


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _in_code(code: str, old: Value, new: Value) -> Iterator[tuple[str, str]]:
    """The code with one place where `old` is written changed to `new`, for each such place; with it, the code without
    the statement that holds the place."""
    module = source.tree(code)
    if module is None:
        return
    for statement in module.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and _is(node.value, old):
                without = _cut(code, statement, "") if isinstance(statement, ast.Assign) else ""
                yield _cut(code, node, f'"{new}"' if isinstance(new, str) else repr(new)), without


def _is(written: object, value: Value) -> bool:
    """Whether a constant is that value, as far as Blender's 32 bits tell."""
    if isinstance(written, bool) or not isinstance(written, int | float) or isinstance(value, str | bool):
        return type(written) is type(value) and written == value
    return isinstance(value, int | float) and abs(written - value) <= 1e-6 * abs(value)


def _cut(code: str, node: ast.expr | ast.stmt, instead: str) -> str:
    """The code with a node's text replaced. The syntax tree counts columns in UTF-8."""
    data = code.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    assert node.end_lineno is not None and node.end_col_offset is not None
    start = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    return (data[:start] + instead.encode() + data[end:]).decode()


def figures(
    probes: Sequence[Probe],
    outcomes: Mapping[str, Mapping[str, str]],
    reached: Mapping[str, Mapping[str, bool]],
    subject: str,
) -> dict[str, Any]:
    """Shares for each model, with intervals that tell groups of training rows apart: of OUTCOMES by probe id, of
    `reached` (unchanged, it answers the prompt as the old condition asks), and `followed_of_reached`: what of those it
    follows when changed. Only probes count that all models answered. `words` tells of `subject`."""
    told = [one for one in probes if all(one.id in by_id for held in (outcomes, reached) for by_id in held.values())]
    values = {who: _shares(told, by_id, reached[who]) for who, by_id in outcomes.items() if told}
    return {
        "wanted": len(probes),
        "prompts": len(told),
        "groups": len({one.group for one in told}),
        "changed": dict(Counter(one.what for one in told)),
        "values": values,
        "words": _sentences(len(told), values.get(subject, {})),
    }


def _shares(told: Sequence[Probe], outcomes: Mapping[str, str], reached: Mapping[str, bool]) -> dict[str, Any]:
    can = [one for one in told if reached[one.id]]

    def share(of: Sequence[Probe], holds: Sequence[bool]) -> dict[str, float]:
        return asdict(wilson_by_group(holds, [one.group for one in of]))

    follows = share(can, [outcomes[one.id] == "followed" for one in can])
    return {
        **{outcome: share(told, [outcomes[one.id] == outcome for one in told]) for outcome in OUTCOMES},
        "reached": share(told, [reached[one.id] for one in told]),
        "followed_of_reached": {"prompts": len(can), **follows},
    }


def _sentences(count: int, value: Mapping[str, Any]) -> str:
    if not count:
        return "No changed training prompt was answered by all models, so nothing is known of copying."
    can = value["followed_of_reached"]
    words = f"Of {counted(count, 'training prompt')} with one thing changed, the tuned model follows "
    words += f"{_told(value['followed'])} and gives the trained answer back to {_told(value['copied'])}. "
    if not can["prompts"]:
        return f"{words}It answers none of them rightly when unchanged either, so nothing is known of copying."
    return f"{words}Of the {can['prompts']} that it answers rightly when unchanged, it follows {_told(can)}."


def _told(share: Mapping[str, Any]) -> str:
    return f"{share['value']:.0%} (95 %: {share['low']:.0%} to {share['high']:.0%})"
