# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the headless command: what can be asked, and how a TOML file says the same."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..dataset_builder.form import KINDS
from ..errors import UserError
from ..graph.words.description import LENGTHS
from ..licences.classes import BY_CHOICE
from ..stage import STAGES, Options
from . import (
    ask_arguments,
    benchmark_arguments,
    dataset_arguments,
    deploy_arguments,
    evaluate_arguments,
    train_arguments,
)

DESCRIPTION = """\
Voxel Trainer turns .blend files into proven training data and tuned models.

  run        harvest, parse, dataset, train and evaluate, one after the other
  resume     go on where the last run stopped, with what it was asked to do
  status     where the data folder stands; --goals, --set-aside, --handoff
  code       one proven Python script for every node tree of a .blend file or folder
  graph      the same trees as compact JSON, or the JSON Schema of it
  explain    what the trees of a .blend file are and do, in words
  diff       what changed between the trees of two .blend files
  check      what breaks in another Blender, is missing or does nothing
  deploy     choose the model that answers: list, show, rollback, canary, compare, watch
  ask        have a material, geometry or compositor tree made or changed, in your words
  benchmark  make: a dataset's test split as a folder that others can run
  serve      answer what the node editors ask, for ten idle minutes; Blender starts it. With --model, serve a model

Each stage is a command too: harvest, parse, dataset, train, evaluate.
Without a command, what waits in ./training_data is parsed."""

EXAMPLES = """\
examples:
  run_headless.py run --source bundled: --source folder:~/rocks
  run_headless.py parse --source folder:~/rocks --licence CC0-1.0
  run_headless.py code rocks.blend --out scripts/
  run_headless.py graph rocks.blend materials/Rust
  run_headless.py diff rocks.blend1 rocks.blend
  run_headless.py check shots/ --for 5.2
  run_headless.py dataset verify training_data/datasets/voxel
  run_headless.py train export voxel --form gguf
  run_headless.py evaluate judge voxel --by local:FOLDER
  run_headless.py deploy voxel/v3
  run_headless.py ask "brushed copper with fine scratches" --out copper.blend
  run_headless.py status --goals

exit status: 0 done · 3 done, with files or stages set aside · 2 wrong usage · 4 the answer is no ·
  130 stopped, `resume` goes on · 75 the data folder is in use · 70 a fault of Voxel Trainer"""


def stage_words(text: str) -> tuple[str, ...]:
    """`parse,dataset` as stage words in their order."""
    chosen = text.split(",")
    if unknown := [word for word in chosen if word not in STAGES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the stages are {', '.join(STAGES)}")
    return tuple(stage for stage in STAGES if stage in chosen)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        "run_headless.py",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s COMMAND [options]   (COMMAND --help tells more)",
    )
    commands = top.add_subparsers(
        dest="command", metavar="COMMAND", prog=top.prog, title=argparse.SUPPRESS, help=argparse.SUPPRESS
    )

    run = _command(commands, "run", "Run all stages, or those named, one after the other.")
    run.add_argument(
        "--stages", type=stage_words, default=STAGES, help="only these, with commas: harvest,parse,dataset"
    )
    for add in (_sources, _work, _dataset, train_arguments.tuning, evaluate_arguments.budget):
        add(run)
    harvest = _command(
        commands,
        "harvest",
        "Find .blend files and their licences. Folders are read where they lie; from hosts only what may be taken "
        "comes, after a list of it was made.",
    )
    _sources(harvest)
    parse = _command(commands, "parse", "Read every file that waits; with --source, harvest first.")
    _sources(parse)
    _work(parse)
    _set_aside(parse)
    dataset = _command(commands, "dataset", "Prove the node trees that were read and write prompts and completions.")
    dataset.usage = "%(prog)s [options] | --preview N | verify FOLDER | diff OLD NEW"
    _work(dataset)
    _dataset(dataset)
    train_arguments.train_env(dataset.add_argument_group("author model on this computer"))
    _allow(dataset)
    dataset_arguments.made_datasets(dataset)
    train = _command(commands, "train", "Tune a model on the dataset, on this computer or at a host.")
    train.usage = "%(prog)s [options] | --setup | --models | --queue | --jobs | --cancel ID | --follow | export MODEL"
    train_arguments.tuning(train)
    train_arguments.setup(train)
    train_arguments.jobs(train)
    _dataset_name(train)
    _allow(train)
    train_arguments.made_models(train)
    evaluate = _command(
        commands,
        "evaluate",
        "Compare a model with its base, with the base shown examples and with the nearest training answer, on "
        "held-out examples.",
    )
    evaluate.epilog = "exit status: 4 when the metric got provably worse than the base's"
    evaluate.usage = "%(prog)s [options] | --plan | compare MODEL MODEL | judge MODEL"
    evaluate_arguments.compared(evaluate)
    evaluate_arguments.budget(evaluate)
    _work(evaluate)
    _dataset_name(evaluate)
    _allow(evaluate)
    evaluate_arguments.made_evaluations(evaluate)
    deploy = _command(commands, "deploy", "Choose the model that answers, and take it back.")
    deploy_arguments.deploy(deploy)
    benchmark = _command(commands, "benchmark", "Make a benchmark that others can run.")
    benchmark.usage = "%(prog)s make DATASET[:test] --out DIR [options]"
    benchmark_arguments.actions(benchmark)
    resume = _command(commands, "resume", "Go on where the last run stopped, with what it was asked to do.")
    resume.add_argument("--run", metavar="ID", default="", help="the run to go on with (default: the newest)")
    status = _command(commands, "status", "Where the data folder stands.")
    status.add_argument("--goals", action="store_true", help="the success criteria, with figures and what is lacking")
    status.add_argument(
        "--set-aside",
        nargs="?",
        const="",
        metavar="CODE",
        help="what was set aside, in groups; with a code, all of that group",
    )
    status.add_argument("--handoff", action="store_true", help="write HANDOFF.md into the data folder")
    serve = _command(commands, "serve", "Answer what the node editors of this Blender ask; they start it themselves.")
    ask_arguments.serve(serve)
    ask_arguments.ask(_command(commands, "ask", "Have a node tree made or changed, in your own words."))
    code = commands.add_parser(
        "code",
        description="Write one proven script for each node tree of a .blend file, or of every file in a folder, and "
        "for each object's modifiers and constraints.",
        usage="%(prog)s FILE.blend|FOLDER --out DIR [options]",
    )
    code.add_argument("file", type=Path, metavar="FILE.blend|FOLDER")
    code.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for index.json, stacks.json and the scripts; of FOLDER/a/b.blend they lie in DIR/a/b",
    )
    form = code.add_mutually_exclusive_group()
    form.add_argument("--layout", action="store_true", help="keep names, places, frames and colours of nodes too")
    form.add_argument("--bare", action="store_true", help="leave out the lines at the end that arrange the nodes")
    graph = commands.add_parser(
        "graph",
        description="Tell the node trees of a .blend file, or that of a KEY such as materials/Rust, as compact JSON.",
        usage="%(prog)s FILE.blend [KEY] [--layout] [--out DIR] | --schema [--out DIR]",
    )
    graph.add_argument("file", type=Path, nargs="?", metavar="FILE.blend")
    graph.add_argument("key", nargs="?", default="", metavar="KEY")
    graph.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for index.json and the forms; without it they come after what Blender itself prints",
    )
    graph.add_argument("--layout", action="store_true", help="tell names, places, frames and colours of nodes too")
    graph.add_argument("--schema", action="store_true", help="the JSON Schema of the form, asked of this Blender")
    explain = commands.add_parser(
        "explain",
        description="Tell what the node trees of a .blend file are and do, or that of a KEY such as materials/Rust. "
        "Every sentence was checked against the tree.",
        usage="%(prog)s FILE.blend [KEY] [--length line|paragraph|full] [--json]",
    )
    explain.add_argument("file", type=Path, metavar="FILE.blend")
    explain.add_argument("key", nargs="?", default="", metavar="KEY")
    explain.add_argument("--length", choices=LENGTHS, default="paragraph", help="how much is told (default: paragraph)")
    diff = commands.add_parser(
        "diff",
        description="Tell what changed between the node trees of two .blend files (earlier saves, .blend1, too), as "
        "edits that make the second of the first. With a KEY only that tree; with two, one tree against the other.",
        usage="%(prog)s OLD.blend NEW.blend [KEY [KEY]] [--json]",
    )
    diff.add_argument("old", type=Path, metavar="OLD.blend")
    diff.add_argument("new", type=Path, metavar="NEW.blend")
    diff.add_argument("key", nargs="?", default="", metavar="KEY")
    diff.add_argument("other", nargs="?", default="", metavar="KEY")
    check = commands.add_parser(
        "check",
        description="Tell what is wrong with the node trees of a .blend file, or of every file in a folder: unknown "
        "node types, pictures that are missing, links that bring nothing, nodes without effect, trees that are as "
        "Blender makes them; with --for, also what another Blender will lose or change.",
        usage="%(prog)s FILE.blend [KEY] | FOLDER [--for VERSION] [--json]",
        epilog="exit status: 4 when something breaks or is unknown, 3 when files could not be read, else 0",
    )
    check.add_argument("file", type=Path, metavar="FILE.blend|FOLDER")
    check.add_argument("key", nargs="?", default="", metavar="KEY")
    check.add_argument("--for", dest="to", default="", metavar="VERSION", help="a newer Blender, such as 5.2")
    commands.add_parser("facts")
    for command in commands.choices.values():
        _general(command)
    return top


def _command(commands: Any, name: str, words: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, description=words, usage="%(prog)s [options]")
    command.add_argument(
        "--data", type=Path, default=Path("training_data"), metavar="DIR", help="data folder (default: training_data)"
    )
    command.add_argument("--run-id", default="", help=argparse.SUPPRESS)
    return command


def _general(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("general")
    group.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="a TOML file with options; the command line wins"
    )
    group.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
    group.add_argument(
        "--blender", default="", metavar="PATH", help="the Blender (or Python with bpy) that opens the files"
    )
    group.add_argument(
        "--yes",
        action="store_true",
        help="agree to downloads whose size is told, and to what would leave this computer",
    )
    group.add_argument(
        "--env", type=Path, metavar="FILE", help="file with tokens, a line each (default: .env in the current folder)"
    )


def _sources(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("sources")
    group.add_argument(
        "--source",
        action="append",
        metavar="KIND:PLACE",
        help='folder:PATH; bundled: for Blender\'s own libraries; github:"SEARCH", github: for all default searches '
        "(both need GITHUB_TOKEN); git:ADDRESS; list:FILE of addresses; can be repeated",
    )
    group.add_argument(
        "--queue", action="store_true", help="the searches in the data folder's harvest_queue.json that are on, too"
    )
    group.add_argument(
        "--licence",
        metavar="ID",
        help="licence of the files: an SPDX id, or own (default: own, never uploaded without asking)",
    )
    group.add_argument("--licences", metavar="FILE", help="JSON file with the licence of each path")
    group.add_argument("--blend1", action="store_true", help="read .blend1 files (earlier saves) too")
    group.add_argument("--include", action="append", metavar="GLOB", help="only paths like this; can be repeated")
    group.add_argument("--exclude", action="append", metavar="GLOB", help="no paths like this; can be repeated")
    group.add_argument("--limit", type=int, metavar="N", help="at most N files of each source")
    group.add_argument("--code", action="store_true", default=None, help="take Python that uses bpy too")
    group = command.add_argument_group("sources on the network")
    group.add_argument("--plan", action="store_true", default=None, help="list and count, fetch no file")
    group.add_argument("--wait", action="store_true", default=None, help="wait for hosts' limits, however long")
    _allow(group)
    group.add_argument("--stars", type=int, metavar="N", help="only repositories with N stars or more (default: 10)")
    group.add_argument("--archived", action="store_true", default=None, help="take archived repositories too")
    group.add_argument("--history", action="store_true", default=None, help="git: every earlier state of each file too")
    group.add_argument(
        "--lfs", action="store_true", default=None, help="fetch what lies in Git LFS; its owner pays for that"
    )
    group.add_argument("--file-mb", type=float, metavar="MB", help="no file larger than this (default: 100)")
    group.add_argument("--total-gb", type=float, metavar="GB", help="so much in all (default: 10)")
    group.add_argument("--downloads", type=int, metavar="N", help="files at a time (default: 4)")
    group.add_argument("--rate-mb", type=float, metavar="MB", help="so much a second in all (default: no limit)")
    group.add_argument(
        "--contact", metavar="ADDRESS", help="mail or web address that hosts may write to; part of every request"
    )
    group.add_argument("--github-api", metavar="VERSION", help="version of GitHub's API (default: 2022-11-28)")


def _work(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("workers")
    group.add_argument(
        "--workers", type=int, metavar="N", help="background Blenders (default: one a core, fewer when memory is short)"
    )
    group.add_argument("--memory", type=int, metavar="MB", help="memory that one of them may take (default: 4000)")


def _set_aside(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("files that were set aside")
    group.add_argument(
        "--retry", nargs="?", const="all", metavar="CODE", help="try them again: all, or those of a code such as time"
    )
    group.add_argument(
        "--bug-report",
        default="",
        metavar="SHA256",
        help="for Blender's developers: what is known of a file that crashed it, into the folder --out; the first "
        "digits of its hash are enough",
    )
    group.add_argument("--out", type=Path, metavar="DIR", help="folder for the report")
    group.add_argument(
        "--with-file", action="store_true", help="add the file itself, and the smallest part of it that still crashes"
    )


def _allow(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    command.add_argument(
        "--allow",
        action="append",
        choices=BY_CHOICE,
        metavar="CLASS",
        help="take share-alike or copyleft licences too; can be repeated",
    )


def _dataset_name(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", metavar="NAME", help="name of the dataset (default: voxel)")


def _dataset(command: argparse.ArgumentParser) -> None:
    _dataset_name(command)
    group = command.add_argument_group("examples")
    group.add_argument(
        "--without", action="append", choices=KINDS, metavar="KIND", help=f"leave out a kind of {', '.join(KINDS)}"
    )
    group.add_argument("--pieces", type=int, metavar="N", help="at most N pieces of each tree (default: 8)")
    group.add_argument("--each", type=int, metavar="N", help="at most N rows of a kind for one answer (default: 2)")
    group.add_argument(
        "--port-from",
        action="append",
        metavar="DATA",
        help="data folder of another Blender's run over the same files: rows that port between the two",
    )
    group.add_argument(
        "--from-feedback",
        action="store_true",
        default=None,
        help="rows of what was kept of the assistant's answers, too (deploy feedback)",
    )
    group.add_argument(
        "--most-of-shape", type=int, metavar="N", help="at most N answers of one shape (default: 8; 0: all)"
    )
    group.add_argument(
        "--most-of-family", type=int, metavar="N", help="at most N answers of nearly equal shapes (default: 24; 0: all)"
    )
    group.add_argument(
        "--most-of-source",
        type=float,
        metavar="SHARE",
        help="at most this share of the answers from one repository (default: 0.25; 0: all)",
    )
    group = command.add_argument_group("author model")
    group.add_argument(
        "--author",
        metavar="PROVIDER:MODEL",
        help="a model that says requests in other words, each checked: openai:NAME, claude:NAME, local:FOLDER",
    )
    group.add_argument("--author-url", metavar="URL", help="its address, where it is not the provider's own")
    group.add_argument(
        "--author-share", type=float, metavar="SHARE", help="of which share of the rows it is asked (default: 0.5)"
    )
    group = command.add_argument_group("split")
    group.add_argument("--seed", type=int, metavar="N", help="seed of every choice (default: 0)")
    group.add_argument("--hold-out", action="append", metavar="SOURCE", help="keep a whole source for test; repeat it")
    group.add_argument(
        "--near-test",
        action="store_true",
        default=None,
        help="hold out single trees of the files that train has, too, where repositories are few",
    )
    group.add_argument(
        "--keep-test",
        metavar="DATASET",
        help="keep the test split of an earlier dataset (name or folder), and add none",
    )
    group.add_argument(
        "--decontaminate",
        metavar="FILE",
        help="leave out what benchmarks hold: a list of names and SHA-256, a line each",
    )


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The command line taken apart, a TOML file's options in front of it. Exits with 2 on wrong usage."""
    top = parser()
    found = top.parse_args(words)
    if getattr(found, "config", None):
        given = list(words)
        at = given.index(found.command) + 1
        found = top.parse_args([*given[:at], *from_toml(found.config, found.command), *given[at:]])
    return found


def from_toml(path: Path, command: str) -> list[str]:
    """A TOML file as words of the command line: `source = ["bundled:"]` is `--source bundled:`. A table named like the
    command holds what is meant for it alone. Raises UserError where it cannot be read."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} could not be read as TOML: {error}") from error
    options = {key: value for key, value in table.items() if not isinstance(value, dict)}
    options.update(table.get(command, {}))
    words: list[str] = []
    for key, value in options.items():
        flag = "--" + key.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not False:
            words += [part for item in (value if isinstance(value, list) else [value]) for part in (flag, str(item))]
    return words


def options_of(found: argparse.Namespace) -> Options:
    """The options that the command line names; the others keep their defaults."""
    given = {name: getattr(found, name, None) for name in Options.__dataclass_fields__}
    return Options.from_json({name: value for name, value in given.items() if value is not None})
