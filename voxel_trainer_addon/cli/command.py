# SPDX-License-Identifier: GPL-3.0-or-later
"""From argv to an exit status: every way into the headless command meets here."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .. import __version__, tokens
from ..catalog import Catalog
from ..errors import Cancelled, Exit, UserError
from ..files import read_json, write_text
from ..paths import DataFolder
from ..pipeline import bug_report, code, status
from ..pipeline.control import Control
from ..pipeline.run import Run
from ..pipeline.serve import Serve
from ..runs.queue import Queue
from ..stage import STAGES, Options, is_online
from ..worker.protocol import Host
from . import (
    asking,
    benchmarks,
    deploying,
    evaluating,
    host,
    judges,
    look,
    made_datasets,
    made_models,
    skills,
    training,
    training_setup,
)
from .arguments import options_of, parsed
from .terminal import Terminal, asides_text, goals_text, json_lines, status_text

Facts = Callable[[], dict[str, Any] | None]


def main(words: Sequence[str], facts: Facts, script: Path) -> int:
    """Do what `words` ask; the exit status (see `errors.Exit`). `facts` asks this process's Blender about itself."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        found = parsed(words) if words else None
        return _waiting(facts, script) if found is None or found.command is None else _command(found, facts, script)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else Exit.USAGE
    except UserError as error:
        print(str(error), file=sys.stderr)
        return error.exit
    except (Cancelled, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception:
        traceback.print_exc()
        print(f"This is a fault of Voxel Trainer {__version__}.", file=sys.stderr)
        return Exit.BUG


def _command(found: argparse.Namespace, facts: Facts, script: Path) -> int:
    def online() -> bool:
        return is_online(host.find(getattr(found, "blender", ""), facts, script))

    if found.env:
        tokens.read_from(found.env.expanduser())
    if found.command == "facts":
        print(host.MARK + json.dumps(facts()))
        return Exit.DONE
    if found.command == "code":
        return _code(found, facts, script)
    if found.command == "graph":
        return _graph(found, facts, script)
    if found.command in look.COMMANDS:
        return look.COMMANDS[found.command](found, _blender(found, facts, script), _tick())
    if found.command == "benchmark" and found.action == "make":
        return benchmarks.ACTIONS[found.action](found, _blender(found, facts, script), _tick())
    if getattr(found, "models", False) and options_of(found).provider != "local":
        return training.models(found, options_of(found), online())
    if getattr(found, "setup", False) or getattr(found, "models", False):
        return training_setup.asked(found, options_of(found), _tick())
    if getattr(found, "action", "") == "export":
        return made_models.take_elsewhere(found, options_of(found), _tick())
    if getattr(found, "action", "") == "compare":
        return evaluating.compare(found)
    if getattr(found, "action", "") == "judge":
        return judges.judge(found, options_of(found), online(), _tick())
    if getattr(found, "action", "") == "prompt":
        return skills.prompt(found, online())
    if getattr(found, "action", None) and found.command == "dataset":
        return made_datasets.ACTIONS[found.action](found)
    folder = DataFolder(found.data.expanduser().resolve())
    if getattr(found, "preview", None) is not None:
        return made_datasets.preview(folder, options_of(found), found.preview)
    if found.command == "serve" and found.model:
        return asking.serve(found, folder, _tick())
    if found.command == "serve":
        return Serve(folder, _blender(found, facts, script), found.idle).go()
    if found.command == "ask":
        return asking.ask(found, folder, _blender(found, facts, script), _tick())
    if found.command == "deploy":
        return deploying.asked(found, folder, online=online())
    if found.command == "status":
        return _status(found, folder)
    if getattr(found, "bug_report", ""):
        return _bug_report(found, folder, _blender(found, facts, script))
    options, stages = options_of(found), getattr(found, "stages", (found.command,))
    if getattr(found, "queue", False):
        options = _with_queue(options, folder)
    if found.command == "evaluate" and options.plan:
        return evaluating.plan(found, folder, options)
    if found.command == "train":
        done = training.asked(found, folder, options, online)
        if isinstance(done, int):
            return done
        options = done
    if found.command == "benchmark":
        options, stages = replace(options, test_set=str(found.folder.expanduser().absolute())), ("evaluate",)
    if found.command == "parse" and options.source:
        stages = ("harvest", "parse")
    if found.command == "resume":
        options, stages = _asked_before(folder, found.run)
    return _run(found, folder, options, stages, host.find(found.blender, facts, script))


def _run(
    found: argparse.Namespace, folder: DataFolder, options: Options, stages: Sequence[str], blender: Host | None
) -> int:
    listener = json_lines(sys.stdout) if found.json else Terminal(data=found.data)
    return Run(folder, options, blender, stages, [listener], found.run_id).go()


def _with_queue(options: Options, folder: DataFolder) -> Options:
    """The searches of the queue that are on, behind the sources that were named."""
    queue = Queue(folder.queue)
    if queue.problem:
        raise UserError(f"{queue.problem} Mend it, or move it away.")
    sources = (*options.source, *queue.sources)
    if not sources:
        raise UserError(
            f"No search is on in {folder.queue.name}. Add one in Blender's panel, or name it with --source."
        )
    return replace(options, source=sources)


def _asked_before(folder: DataFolder, run: str) -> tuple[Options, tuple[str, ...]]:
    for path in sorted(folder.runs.glob(f"{run or '*'}/options.json"), reverse=True):
        asked = read_json(path)
        if isinstance(asked, dict):
            return replace(Options.from_json(asked), retry=""), tuple(asked.get("stages", STAGES))
    raise UserError(f"No run to go on with in {folder.root}. Begin one with `run --source folder:PATH`.")


def _waiting(facts: Facts, script: Path) -> int:
    """Without arguments: parse what waits in ./training_data, or say how to begin."""
    folder = DataFolder(Path("training_data").resolve())
    inbox = any(folder.inbox.rglob("*.blend"))
    if not inbox and not folder.metadata.is_file():
        print(
            "Nothing waits here. Lay .blend files into training_data/inbox/ and start this again, or try:\n"
            "  run_headless.py run --source folder:PATH\n  run_headless.py --help"
        )
        return Exit.USAGE
    stages = ("harvest", "parse") if inbox else ("parse",)
    found = parsed(["parse"])
    return _run(found, folder, Options(), stages, host.find("", facts, script))


def _status(found: argparse.Namespace, folder: DataFolder) -> int:
    if not folder.root.is_dir():
        raise UserError(f"{folder.root} is no data folder. Begin with `run --source folder:PATH --data {found.data}`.")
    with Catalog(folder.catalog) as catalog:
        if found.handoff:
            status.handoff(folder, catalog)
            print(f"Written: {folder.root / 'HANDOFF.md'}")
            return Exit.DONE
        shown: Any
        if found.goals:
            text = goals_text(shown := status.goals(folder, catalog))
        elif found.set_aside is not None:
            text = asides_text(shown := status.set_aside(catalog, found.set_aside))
        else:
            text = status_text(shown := status.gather(folder, catalog), found.data)
    print(json.dumps(shown, ensure_ascii=True) if found.json else text)
    return Exit.DONE


def _bug_report(found: argparse.Namespace, folder: DataFolder, blender: Host) -> int:
    if found.out is None:
        raise UserError("Name a folder for the report: --out DIR.")
    with Catalog(folder.catalog) as catalog:
        place = bug_report.write(folder, catalog, blender, found.bug_report, found.out, found.with_file, _tick())
    print(json.dumps({"report": str(place)}) if found.json else f"Written: {place}")
    return Exit.DONE


def _code(found: argparse.Namespace, facts: Facts, script: Path) -> int:
    def told(words: str) -> None:
        if not found.json:
            Terminal().say(words)

    blender = _blender(found, facts, script)
    written = code.write_views(
        found.file, found.out, blender, tick=_tick(), told=told, layout=found.layout, bare=found.bare
    )
    return _written(found, written)


def _graph(found: argparse.Namespace, facts: Facts, script: Path) -> int:
    """Compact forms into a folder or onto standard output, or the schema of them."""
    if (found.file is None) != found.schema:
        raise UserError("`graph` wants a FILE.blend, or --schema alone. `graph --help` tells more.")
    blender, tick = _blender(found, facts, script), _tick()
    if found.schema:
        text = code.schema(blender, tick)
        if found.out is None:
            sys.stdout.write(text)
        else:
            write_text(found.out / f"voxel-graph-1.blender-{blender.name}.schema.json", text)
        return Exit.DONE
    write = partial(code.write_views, view=code.COMPACT, key=found.key, layout=found.layout)
    if found.out is not None:
        told = Terminal().say if not found.json else lambda words: None
        return _written(found, write(found.file, found.out, blender, tick=tick, told=told))
    if found.file.is_dir():
        raise UserError("Name a folder for the forms of a whole folder: --out DIR.")
    with tempfile.TemporaryDirectory(prefix="voxel-graph-") as folder:
        written = write(found.file, Path(folder), blender, tick=tick, told=lambda words: None)
        for entry in read_json(written.index) or ():
            if entry["graph"]:
                sys.stdout.write((Path(folder) / entry["graph"]).read_text(encoding="utf-8"))
            else:
                print(f"{entry['key']}: {entry['reason']}", file=sys.stderr)
    return Exit.DONE if written.proven == written.trees else Exit.SET_ASIDE


def _blender(found: argparse.Namespace, facts: Facts, script: Path) -> Host:
    blender = host.find(found.blender, facts, script)
    if blender is None:
        raise UserError(
            f"`{found.command}` needs Blender. Start it with an installed Blender, or name one with --blender PATH."
        )
    return blender


def _tick() -> Callable[[], bool]:
    """What the pool asks between answers; Ctrl-C ends it."""
    control = Control(Path("/dev/null"))
    control.listen()

    def tick() -> bool:
        if control.cancelled:
            raise Cancelled
        return True

    return tick


def _written(found: argparse.Namespace, written: code.Written) -> int:
    summary = {"trees": written.trees, "proven": written.proven, "index": str(written.index)}
    stacks = ""
    if written.stacks:
        summary |= {"stacks": written.stacks, "stacks_proven": written.stacks_proven}
        stacks = f" and {written.stacks_proven} of {written.stacks} stacks"
    if written.unreadable:
        summary["unreadable"] = written.unreadable
    words = f"{written.proven} of {written.trees} trees{stacks} proven; see {written.index}"
    lost = f"; {written.unreadable} files could not be read" if written.unreadable else ""
    print(json.dumps(summary) if found.json else words + lost)
    return Exit.DONE if written.whole else Exit.SET_ASIDE
