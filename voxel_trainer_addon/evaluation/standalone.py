# SPDX-License-Identifier: GPL-3.0-or-later
"""Score answers to the benchmark in this folder: python run.py answers.jsonl --blender PATH

A line of answers.jsonl is {"id": …, "text": …}; a prompt without one has failed. PATH is an installed Blender or a
Python that has bpy (default: this Python). Needs nothing else. README.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

WARNING = """\
Answers are strangers' code, and nothing here judges it before it runs. It runs with your rights and can change your
files: use a machine or an account with nothing to lose. Cut off from the network here: {}."""
FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
CODE_LINE = re.compile(r"^(import |from \w|def |class |for .*:|if .*:|with .*:|#|@|[\w.\[\]'\"]+(, ?\w+)* *=|[\w.]+\()")
APART = (["unshare", "-rnpf", "--kill-child"], ["unshare", "-npf", "--kill-child"])
OWNERS = ("materials", "worlds", "lights", "linestyles", "textures", "scenes")
PLAIN = ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM")
FIGURES = ("parses", "runs", "all_conditions", "conditions", "node_f1", "link_f1")


def code_of(text: str) -> str:
    """The longest fenced block of an answer, or its bare lines from the first that looks like Python on."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = [block for _, language, block in FENCE.findall(text) if language.lower() in ("", "python", "py", "python3")]
    if not found and "```" not in text:
        lines = text.splitlines()
        found = ["\n".join(lines[next((n for n, line in enumerate(lines) if CODE_LINE.match(line)), len(lines)) :])]
    code = max(found, key=len, default="").strip("\n")
    return code + "\n" if code.strip() else ""


def parses(code: str) -> bool:
    """Whether it is Python with at least one statement."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return bool(ast.parse(code).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def inside(code: Path, told: Path) -> None:
    """In a Blender of its own: run the code, write what came of it."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 34, 1 << 34))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 26, 1 << 26))
    random.seed(0)
    error = ""
    try:
        exec(compile(code.read_text(encoding="utf-8"), "<answer>", "exec"), {"__name__": "__main__"})
    except BaseException as raised:
        error = f"{type(raised).__name__}: {raised}"[:300]
    trees = [owner.node_tree for kind in OWNERS for owner in getattr(bpy.data, kind) if hasattr(owner, "node_tree")]
    facts = [facts_of(tree) for tree in (*trees, *bpy.data.node_groups) if tree is not None and tree.nodes]
    told.write_text(json.dumps({"error": error, "blender": bpy.app.version_string, "trees": facts}), encoding="utf-8")


def facts_of(tree: Any) -> dict[str, Any]:
    """Nodes by type, links as [type, socket, type, socket], values as [type, socket or .setting, value]."""
    values = []
    for node in tree.nodes:
        names = [p.identifier for p in node.bl_rna.properties if p.type in PLAIN and not p.is_readonly]
        held = [(f".{name}", getattr(node, name)) for name in names]
        held += [(s.identifier, getattr(s, "default_value", None)) for s in node.inputs if not s.is_linked]
        values += [[node.bl_idname, where, plain(value)] for where, value in held]
    kinds = [node.bl_idname for node in tree.nodes if node.bl_idname not in ("NodeFrame", "NodeReroute")]
    return {"nodes": kinds, "links": list(links_of(tree)), "values": values}


def links_of(tree: Any) -> Iterator[list[str]]:
    """Links that are not muted; a way through reroutes is one."""
    living = [link for link in tree.links if not link.is_muted]
    into = {link.to_node.name: link for link in living if link.to_node.bl_idname == "NodeReroute"}
    for link in living:
        start, seen = link, set[str]()
        while start.from_node.name in into and start.from_node.name not in seen:
            seen.add(start.from_node.name)
            start = into[start.from_node.name]
        if "NodeReroute" not in (start.from_node.bl_idname, link.to_node.bl_idname):
            source, target = start.from_socket.identifier, link.to_socket.identifier
            yield [start.from_node.bl_idname, source, link.to_node.bl_idname, target]


def plain(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return value
    try:
        return [float(part) for part in value]
    except (TypeError, ValueError):
        return None


def f1(wanted: list[Any], made: list[Any]) -> float:
    """Of two multisets."""
    both = Counter(map(str, wanted)) & Counter(map(str, made))
    return 2 * both.total() / (len(wanted) + len(made)) if wanted or made else 1.0


def near(wanted: Any, held: Any) -> bool:
    """Equal, numbers to 1 %."""
    if isinstance(wanted, list) and isinstance(held, list):
        return len(wanted) == len(held) and all(map(near, wanted, held))
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in (wanted, held)):
        return bool(abs(wanted - held) <= 0.01 * abs(wanted) + 1e-6)
    return bool(wanted == held)


def holds(condition: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether as many nodes, links or values are there as the simple form of a condition asks for."""
    simple = condition["simple"]
    if condition["kind"] == "value":
        found = sum(
            [kind, where] in simple["places"] and near(simple["value"], value) for kind, where, value in facts["values"]
        )
    else:
        found = sum(one in simple["any"] for one in facts[f"{condition['kind']}s"])
    return bool(found >= condition["times"])


def scored(prompt: dict[str, Any], wanted: dict[str, Any], code: str, ran: dict[str, Any]) -> dict[str, Any]:
    """An answer's figures; None where the prompt asks for nothing that can be looked at here."""
    likeness = [[f1(wanted[of], tree[of]) for of in ("nodes", "links")] for tree in ran["trees"]]
    best = max(range(len(likeness)), key=likeness.__getitem__, default=-1)
    asked = [one for one in prompt["conditions"] if "simple" in one]
    met = sum(holds(one, ran["trees"][best]) for one in asked) if likeness else 0
    runs, (nodes, links) = not ran["error"], likeness[best] if likeness else (0.0, 0.0)
    told = {"parses": parses(code), "runs": runs, "all_conditions": runs and met == len(asked) if asked else None}
    return {**told, "conditions": met / len(asked) if asked else None, "node_f1": nodes, "link_f1": links}


def run(code: str, blender: str, apart: list[str], limit: float) -> dict[str, Any]:
    """What came of a script in a fresh Blender: its error, and the trees that stood when it ended or failed."""
    if not parses(code):
        return {"error": "It is no Python.", "trees": []}
    with tempfile.TemporaryDirectory() as place:
        script, told = Path(place, "answer.py"), Path(place, "told.json")
        script.write_text(code, encoding="utf-8")
        start = [blender, "-b", "--factory-startup", "--python", __file__, "--"]
        start = [blender, __file__] if "python" in Path(blender).name.lower() else start
        child = subprocess.Popen(
            [*apart, *start, "--inside", str(script), str(told)],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            return {"error": f"It took more than {limit:g} seconds.", "trees": []}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL) if hasattr(os, "killpg") else child.kill()
            child.wait()
        try:
            return dict(json.loads(told.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {"error": "Blender ended before it could tell.", "trees": []}


def wilson(share: float, count: int) -> str:
    """Wilson's interval of a share, 95 %."""
    z = 1.959964
    middle, half = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((middle + side * half) / (1 + z * z / count) for side in (-1, 1))
    return f"{max(low, 0):.3f} to {min(high, 1):.3f}"


def lines_of(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        lines = {str(line["id"]): line for line in found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"{path} could not be read as JSON lines with an id: {error!r}")
    if len(lines) < len(found):
        sys.exit(f"{path} has two lines of one id.")
    return lines


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("run.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("answers", type=Path, nargs="?", metavar="answers.jsonl")
    parser.add_argument("--references", action="store_true", help="score the wanted answers: all figures must be 1")
    parser.add_argument("--blender", default=sys.executable, metavar="PATH")
    parser.add_argument(
        "--limit", type=float, default=60.0, metavar="S", help="seconds an answer may take (default: 60)"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="answers run at a time (default: 1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figures of every answer, a line each")
    parser.add_argument("--inside", nargs=2, type=Path, help=argparse.SUPPRESS)
    found = parser.parse_args(words)
    if found.inside:
        inside(*found.inside)
        return 0
    if (found.answers is None) != found.references:
        parser.error("name a file of answers, or --references alone")
    here = Path(__file__).resolve().parent
    prompts, references = lines_of(here / "prompts.jsonl"), lines_of(here / "references.jsonl")
    texts = {id: f"```python\n{one['code']}```" for id, one in references.items()}
    texts = texts if found.references else {id: str(one.get("text", "")) for id, one in lines_of(found.answers).items()}
    if unknown := sorted(texts.keys() - prompts.keys()):
        sys.exit(f"{len(unknown)} answers are to no prompt of this benchmark: {unknown[0]} …")
    works = (
        words
        for words in APART
        if shutil.which(words[0]) and not subprocess.run([*words, "true"], capture_output=True).returncode
    )
    apart = next(works, [])
    print(WARNING.format("yes" if apart else "NO"), file=sys.stderr)
    first = run("import bpy", found.blender, apart, found.limit)
    if first["error"]:
        sys.exit(f"{found.blender} is no Blender, nor a Python with bpy: {first['error']}")
    codes = {id: code_of(texts.get(id, "")) for id in prompts}
    with ThreadPoolExecutor(found.jobs) as pool:
        ran = dict(
            zip(codes, pool.map(lambda code: run(code, found.blender, apart, found.limit), codes.values()), strict=True)
        )
    scores = {id: scored(prompts[id], references[id]["facts"], codes[id], ran[id]) for id in prompts}
    if found.out:
        lines = [json.dumps({"id": id, **score, "error": ran[id]["error"]}) for id, score in scores.items()]
        found.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(prompts)} prompts, {len(texts)} answers, Blender {first['blender']}")
    made = json.loads((here / "benchmark.json").read_text(encoding="utf-8"))["blender"]
    if made.split(".")[:2] != first["blender"].split(".")[:2]:
        print(f"The references were proven in Blender {made}: in this one even right answers may fail.")
    whole = True
    for name in FIGURES:
        told = [float(score[name]) for score in scores.values() if score[name] is not None]
        mean = sum(told) / len(told) if told else 0.0
        whole = whole and mean == 1
        binary = name in FIGURES[:3] and told
        print(f"{name:15}{mean:.3f}  of {len(told)} prompts" + (f", 95 %: {wilson(mean, len(told))}" if binary else ""))
    print("What the full ladder has beyond these simple figures, and where it differs, is in README.md.")
    return int(found.references and not whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]))
