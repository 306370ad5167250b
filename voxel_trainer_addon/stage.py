# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage is handed and what it gives back: all that pipeline and stages know of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .catalog import Catalog
from .errors import SetAside
from .files import read_json
from .paths import DataFolder
from .worker.protocol import Answer, Host, Request

STAGES = ("harvest", "parse", "dataset", "train", "evaluate")
"""The stages that a run goes through, in order (deploy comes with the assistant)."""

BASELINES = ("base", "few-shot", "retrieval")
"""What a tuned model has to beat: the model that it was tuned from, the same shown training examples, and the nearest
training answer as it stands."""

PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        **{"train_s": 30.0, "evaluate_s": 30.0, "rows": 60, "prompts": 4, "tokens": 384, "new_tokens": 96},
        "against": ("base", "retrieval"),
    },
    "quick": {
        **{"train_s": 300.0, "evaluate_s": 240.0, "rows": 500, "prompts": 24, "tokens": 512, "new_tokens": 384},
        "against": BASELINES,
    },
    "full": {
        **{"train_s": 14400.0, "evaluate_s": 3600.0, "rows": 0, "prompts": 200, "tokens": 2048, "new_tokens": 1024},
        "against": BASELINES,
    },
}
"""Preset → time for train and evaluate in seconds, rows to train on at most (0: all), prompts to evaluate at most,
answer budget in tokens (prompt included), new tokens an answer may take, and whom the tuned model has to beat."""

HEADLINE = "node_f1"
"""The metric that decides where nobody names another. It is kept with a job before it trains, so that nobody can choose
the kindest afterwards. It applies to every prompt, where conditions do not, and tells small models apart that run
nothing yet."""

EVALUATED = ("tree", "piece")
"""Kinds of rows that ask for a tree in words: what evaluate compares, and what all presets but `full` train on, whose
time is too short for more."""


@dataclass(frozen=True)
class Options:
    """Everything that a person can choose about a run. The names are those of the command line and of the TOML file."""

    source: tuple[str, ...] = ()
    licence: str = "own"
    licences: str = ""
    blend1: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int = 0
    code: bool = False
    history: bool = False
    wait: bool = False
    plan: bool = False
    stars: int = 10
    archived: bool = False
    allow: tuple[str, ...] = ()
    lfs: bool = False
    file_mb: float = 100.0
    total_gb: float = 10.0
    downloads: int = 4
    rate_mb: float = 0.0
    contact: str = ""
    github_api: str = "2022-11-28"
    workers: int = 0
    memory: int = 0
    retry: str = ""
    name: str = "voxel"
    seed: int = 0
    pieces: int = 8
    each: int = 2
    without: tuple[str, ...] = ()
    port_from: tuple[str, ...] = ()
    decontaminate: str = ""
    hold_out: tuple[str, ...] = ()
    keep_test: str = ""
    near_test: bool = False
    from_feedback: bool = False
    most_of_shape: int = 8
    most_of_family: int = 24
    most_of_source: float = 0.25
    author: str = ""
    author_url: str = ""
    author_share: float = 0.5
    provider: str = "local"
    model: str = "smollm2-135m"
    method: str = "auto"
    objective: str = "sft"
    start_from: str = ""
    own_pairs: bool = False
    rate: float = 0.0
    rank: int = 0
    keep: int = 1
    again: str = ""
    queued: bool = False
    preset: str = "quick"
    train_s: float = 0.0
    evaluate_s: float = 0.0
    train_env: str = ""
    anyway: bool = False
    evaluated: str = ""
    against: tuple[str, ...] = ()
    test_set: str = ""
    metric: str = ""
    all_checkpoints: bool = False
    renders: bool = False
    probes: bool = False
    prompts: int = 0
    new_tokens: int = 0
    samples: int = 0
    temperature: float = 0.8
    base_url: str = ""
    hyper: tuple[str, ...] = ()
    follow: bool = False
    ask_hosts: bool = False
    budget: float = 0.0
    agreed: str = ""
    yes: bool = False

    def preset_value(self, key: str) -> Any:
        """A value of the preset, or the option of the same name where it was given."""
        return getattr(self, key, 0) or PRESETS[self.preset][key]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Options:
        """The options in a file; names that this version does not know are left out."""
        known: dict[str, Any] = {}
        for name in cls.__dataclass_fields__:
            if name in value:
                known[name] = tuple(value[name]) if isinstance(value[name], list) else value[name]
        return cls(**known)


def last_options(folder: DataFolder, otherwise: Options = Options()) -> Options:
    """What the newest run in this folder was asked to do, or `otherwise`."""
    for path in sorted(folder.runs.glob("*/options.json"), reverse=True):
        value = read_json(path)
        if isinstance(value, dict):
            return Options.from_json(value)
    return otherwise


def is_online(host: Host | None) -> bool:
    """Whether Blender lets anything out; a Python without Blender has no preferences to ask."""
    return host is None or host.online


@dataclass(frozen=True)
class Outcome:
    """What a stage made: a sentence for a person, counts for `status`, and whether the stage itself was set aside."""

    words: str
    counts: dict[str, Any] = field(default_factory=dict)
    aside: bool = False


class Hooks(Protocol):
    """What even the plainest work wants: to tell how far it is, to set aside, and to keep its place."""

    def progress(self, done: int, total: int, item: str = "", left_s: float | None = None) -> None:
        """Tell how far the stage is; merged to a few events a second. The pipeline counts what was set aside."""

    def note(self, words: str) -> None:
        """Tell the person one sentence."""

    def waiting(self, until: float, words: str) -> None:
        """Tell that nothing goes on until a time (seconds since 1970) that somebody else set; 0: it goes on again."""

    def plan(self, plan: dict[str, Any], words: list[str]) -> None:
        """Tell what would be fetched, before the first byte of it."""

    def set_aside(self, aside: SetAside) -> None:
        """Keep what could not be done, and tell of it."""

    def wait_while_paused(self) -> None:
        """Return at once, or when the person resumes. Raises Cancelled."""

    def checkpoint(self, status: str, progress: dict[str, Any], state: dict[str, Any]) -> None:
        """Write the running stage's checkpoint file in the user's shape; times and next steps are added."""


class Work(Hooks, Protocol):
    """The pipeline as a stage sees it."""

    folder: DataFolder
    catalog: Catalog
    options: Options
    host: Host | None
    run_id: str

    def emit(self, kind: str, **fields: Any) -> None:
        """Write an event (see `events.KINDS`)."""

    def tick(self) -> bool:
        """Called between units and while waiting, at least 5 times a second where possible: beats, reads control.

        True: take new work; False: paused, take nothing new. Raises Cancelled.
        """

    def answers(self, requests: Iterable[Request], *, readable: Iterable[Path] = ()) -> Iterator[Answer]:
        """Run requests in the worker pool (started when first needed); answers come as they are ready, in any order.

        `readable` are the folders that workers may read besides Blender's own.
        """
