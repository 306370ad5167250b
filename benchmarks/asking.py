# SPDX-License-Identifier: GPL-3.0-or-later
"""Time from Enter to preview, and what takes it.

    python benchmarks/asking.py DATASET_FOLDER --blender PATH [--runs N] [--data DIR --model NAME [--tokens 128]]

PATH is a Blender, or a Python that has bpy. The panel's own asking end asks `serve`, in an empty data folder, and draws
what comes, with the pauses of the panel's timer; a window and its picture of the picture (7 ms) are missing. A scripted
server on loopback answers each request of the dataset at once with its proven answer, so that what is left is ours.
With --model a tuned model of the data folder DIR writes meanwhile, at most --tokens tokens; what it wrote is replaced
by the proven answer, for most answers of a small model can not be shown. Prints Markdown: seconds, medians but for the
95th percentile.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.served import serving  # noqa: E402
from tests.providers.answer_server import answering  # noqa: E402
from voxel_trainer_addon import locks, prompts  # noqa: E402
from voxel_trainer_addon.cli.host import ask as ask_blender  # noqa: E402
from voxel_trainer_addon.graph.model import Graph  # noqa: E402
from voxel_trainer_addon.panel.assist import (  # noqa: E402
    NEW_COMPOSITOR,
    NEW_MATERIAL,
    NEW_MODIFIER,
    THIS_MATERIAL,
    Asked,
    Assist,
)
from voxel_trainer_addon.paths import DataFolder  # noqa: E402
from voxel_trainer_addon.row_files import SPLITS, rows_of  # noqa: E402
from voxel_trainer_addon.runs import Helper, Program, new_id  # noqa: E402
from voxel_trainer_addon.runs.session import control_line  # noqa: E402
from voxel_trainer_addon.worker.protocol import Host  # noqa: E402

SCRIPT = ROOT / "scripts" / "run_headless.py"
TICK_S = 0.05
"""As the panel's timer has it."""
DEADLINE_S = 120.0
END_S = 10.0
CHARACTERS = 8000
"""A longer answer is none that a model would give."""
PLACES = {"compositor": NEW_COMPOSITOR, "material": NEW_MATERIAL, "geometry": NEW_MODIFIER}
CHANGE = """import bpy

tree = bpy.data.materials[{name!r}].node_tree
bump = tree.nodes.new("ShaderNodeBump")
bump.inputs["Strength"].default_value = 0.25
"""
PARTS = ("model", "worker", "render", "drawing", "rest")


@dataclass(frozen=True)
class Timed:
    """One request that was answered: seconds in all and by part."""

    kind: str
    whole: float
    parts: Mapping[str, float]


@dataclass
class Desk:
    """The panel without a window."""

    helper: Helper
    assist: Assist = field(default_factory=Assist)

    def asked(self, kind: str, asked: Asked) -> Timed | None:
        """Ask, wait and draw as the panel does; None where nothing could be shown."""
        began = time.perf_counter()
        self.assist.ask(self.helper, asked, deadline_s=DEADLINE_S, online=False)
        while self.assist.thinking:
            time.sleep(TICK_S)
            self.helper.step()
            self.assist.step()
        if not self.assist.answer:
            return None
        time.sleep(TICK_S)  # each picture has a tick of its own
        drawn = time.perf_counter()
        self.assist.answers[0].sketched()
        ended = time.perf_counter()
        times = self.assist.answer["times"]
        names = ("generate_s", "execute_s", "picture_s")
        parts = {**dict(zip(PARTS, (times[name] for name in names), strict=False)), "drawing": ended - drawn}
        parts["rest"] = ended - began - sum(parts.values())
        return Timed(kind, ended - began, parts)


def by_kind(dataset: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Requests for whole trees with their answers, of each kind in turn, over and over."""
    every = [row for split in SPLITS for row in rows_of(dataset, split) if row["kind"] == "tree"]
    rows = {
        kind: [row for row in every if row["task"] == kind and len(row["completion"]) <= CHARACTERS] for kind in PLACES
    }
    found = [itertools.cycle([(kind, row) for row in each]) for kind, each in rows.items() if each]
    if not found:
        raise SystemExit(f"{dataset} has no requests for {', '.join(PLACES)}.")
    return itertools.chain.from_iterable(zip(*found, strict=False))


def asked(desk: Desk, dataset: Path, runs: int, write: Callable[[str], object]) -> Iterator[Timed | None]:
    """New trees, and a change of each material; `write` takes its time over each prompt."""
    answer = ""

    def say(prompt: str) -> str:
        write(prompt)
        return prompts.answer(answer)

    with answering(say) as host:
        who = {"model": "openai:scripted", "url": host.url}
        for kind, row in itertools.islice(by_kind(dataset), runs):
            answer = row["completion"]
            yield desk.asked(f"new {kind}", Asked(new_id(), row["prompt"], PLACES[kind], **who))
            if kind == "material" and desk.assist.answer:
                told = desk.assist.answer
                before = {key: Graph.from_json(graph) for key, graph in told["graphs"].items()}
                answer = CHANGE.format(name=told["key"].partition("/")[2])
                wanted = Asked(new_id(), "bumpier", THIS_MATERIAL, key=told["key"], before=before, **who)
                yield desk.asked("change of a material", wanted)


@contextlib.contextmanager
def writing(options: argparse.Namespace, host: Host) -> Iterator[Callable[[str], object]]:
    """What writes an answer that nobody reads: the model that was named, or nothing."""
    if not options.model:
        yield lambda prompt: None
        return
    words = ["serve", "--model", options.model, "--json", "--data", str(options.data.resolve())]
    with serving(Program(host.program, host.is_module).command(SCRIPT, words)) as say:
        yield lambda prompt: say(prompts.messages({"prompt": prompt}), options.tokens)


def row(name: str, found: Sequence[Timed]) -> str:
    """A line of the table."""
    whole = sorted(one.whole for one in found)
    late = whole[math.ceil(0.95 * len(whole)) - 1]
    parts = ([one.parts[part] for part in PARTS] for one in found)
    middle = [statistics.median(values) for values in zip(*parts, strict=True)]
    cells = [statistics.median(whole), late, *middle]
    return f"| {name} | {len(found)} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |"


def table(cold: Timed | None, warm: Sequence[Timed]) -> Iterator[str]:
    yield f"| | requests | Enter to preview | 95th percentile | {' | '.join(PARTS)} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    if cold:
        yield row(f"{cold.kind}, the first request", [cold])
    for kind in sorted({one.kind for one in warm}):
        yield row(kind, [one for one in warm if one.kind == kind])
    if warm:
        yield row("all but the first", warm)


@contextlib.contextmanager
def desk_in(folder: DataFolder, host: Host) -> Iterator[Desk]:
    """A desk whose `serve` ends with it."""
    helper = Helper(folder, host.name, Program(host.program, host.is_module))
    try:
        yield Desk(helper)
    finally:
        control_line(helper.place, {"command": "cancel"})
        end = time.monotonic() + END_S
        while locks.probe(folder.serve_lock(host.name)) and time.monotonic() < end:
            time.sleep(TICK_S)


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("dataset", type=Path)
    words.add_argument("--blender", required=True)
    words.add_argument("--runs", type=int, default=30)
    words.add_argument("--data", type=Path)
    words.add_argument("--model", default="")
    words.add_argument("--tokens", type=int, default=128)
    options = words.parse_args()
    if bool(options.model) != bool(options.data):
        words.error("--model and --data belong together")
    host = ask_blender(options.blender, SCRIPT)
    with (
        tempfile.TemporaryDirectory() as scratch,
        writing(options, host) as write,
        desk_in(DataFolder(Path(scratch)), host) as desk,
    ):
        cold, *others = asked(desk, options.dataset, options.runs, write)
    warm = [one for one in others if one]
    print("\n".join(table(cold, warm)))
    print(f"\nWithout an answer that can be shown: {len(others) - len(warm)}. ", end="")
    print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
