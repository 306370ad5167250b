# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote control behind the panel: a plain object that outlives every file that is opened. No bpy."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import UserError
from ..files import read_json
from ..paths import DataFolder
from ..runs import (
    OWN_HOST,
    Choices,
    Harvested,
    Holding,
    Hosting,
    Models,
    Phase,
    Preview,
    Program,
    Question,
    Queue,
    Session,
)
from ..runs.holding import SLICE_S
from .view import View, view_of
from .view_evaluating import evaluating_of
from .view_hosting import hosting_of
from .view_models import model_list_of
from .view_searches import NONE, Searches, searches_of

REDRAW_S = 0.2
BEHIND_S = 0.02
REST_S = 1.0
HOME = Path("~", "voxel_training_data")


class Remote:
    """What was chosen, the run that is followed, and the view that is shown.

    `kept` is the file where choices outlive Blender; `data`, `train_env`, `contact` and `own_host` come from the
    preferences.
    `offline` says why Blender lets nothing out, '' where it does; `at` is the place chosen in the queue, `trouble` why
    the last change of it could not be. `seen` says that the panel was drawn: before, no chosen folder is looked into;
    `models_seen` the same of a part that tells of models, and `quick` runs the short commands that this takes;
    `hosting_seen` and `blender` the same of training by hosts, which wants Blender's word on the network.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything. A run that is under way goes on."""
        self.kept: Path | None = None
        self.data = self.train_env = self.contact = self.own_host = self.offline = ""
        self.choices = Choices()
        self.session = Session()
        self.view = View()
        self.queue: Queue | None = None
        self.harvested: Harvested | None = None
        self.holding, self.seen = Holding(), False
        self.preview = Preview()
        self.models: Models | None = None
        self.planned: Question | None = None
        self.hosting: Hosting | None = None
        self.quick: Program | None = None
        self.blender: Program | None = None
        self.models_seen = self.hosting_seen = self._hosts_asked = False
        self.at = 0
        self._error = self.trouble = ""
        self._drawn = 0.0

    def open(self, kept: Path, data: str = "", train_env: str = "", contact: str = "", own_host: str = "") -> None:
        """Take the choices of earlier Blenders and look for a run in their data folder."""
        self.kept, self.data, self.train_env, self.contact, self.own_host = kept, data, train_env, contact, own_host
        self.choices = Choices.load(kept)
        self.look()

    def look(self) -> None:
        """Follow the newest run of the data folder that is chosen now."""
        if self.session.data is None or self.session.data.root != self.folder:
            self.session.open(self.folder)
            data = DataFolder(self.folder)
            self.queue, self.harvested = Queue(data.queue), Harvested(data)
            self.models, self.planned, self.hosting = Models(data), Question(data), Hosting(data)
            self._hosts_asked = False
        self.refresh()

    @property
    def folder(self) -> Path:
        """The data folder: the one chosen here, else the preferences', else one in the home folder."""
        return Path(self.choices.data or self.data or HOME).expanduser()

    def asked(self) -> Choices:
        """The choices with every default filled in."""
        host = self.own_host if self.own_host and self.choices.host == OWN_HOST else self.choices.host
        return replace(self.choices, data=str(self.folder), train_env=self.train_env, contact=self.contact, host=host)

    def words(self, *, train: bool) -> list[str]:
        """The words of the command that does what is chosen."""
        return ["run", *self.asked().words(train=train, searches=self.view.searches.on > 0)]

    def start(self, program: Program, *, train: bool) -> None:
        """Start a run with what is chosen. Raises OSError.

        The data folder counts as chosen from now on, so that the next Blender finds the run.
        """
        self._keep()
        self.session.start(program, self.words(train=train))
        self.refresh()

    def plan(self, program: Program) -> None:
        """Start a run that counts what the queue would fetch, and fetches nothing. Raises OSError."""
        self._keep()
        self.session.start(program, ["harvest", *self.asked().plan_words()])
        self.refresh()

    def evaluate_words(self) -> list[str]:
        """The words of the command that evaluates the model that is chosen."""
        shown = self.view.evaluating
        live = shown.live if self.choices.against_live else ""
        return ["evaluate", *self.asked().evaluate_words(shown.subject, live)]

    def evaluate(self, program: Program) -> None:
        """Start a run that compares the chosen model with those that it has to beat. Raises OSError."""
        self._keep()
        self.session.start(program, self.evaluate_words())
        self.refresh()

    def deploy_words(self, *words: str) -> list[str]:
        """The words of the command that does with models what `words` say."""
        return self.models.command(*words) if self.models else []

    def move(self, *words: str) -> None:
        """Have `deploy` promote a model, or roll back. Raises OSError."""
        if self.models and self.quick:
            self.models.move(self.quick, words)
        self.refresh()

    def hosted_words(self) -> list[str]:
        """The words of the command that sends to the host exactly what was agreed to, and watches the job."""
        return ["train", *self.asked().hosted_words(), "--agreed", self.choices.host_agreed, "--follow"]

    def train_at_host(self, program: Program) -> None:
        """Start a training by the chosen host. Raises OSError."""
        self._keep()
        self.session.start(program, self.hosted_words())
        self.refresh()

    def ask_hosts(self, program: Program) -> None:
        """Start a run that asks once after the jobs at hosts. Raises OSError."""
        self._hosts_asked = True
        self.session.start(program, ["train", "--ask-hosts", "--data", str(self.folder)])
        self.refresh()

    def _look_at_hosts(self) -> None:
        """Take in the jobs at hosts, once in a Blender ask after those that go on, and prepare the next one."""
        if self.hosting is None or self.blender is None:
            return
        self.hosting.look_at_jobs()
        if self.offline or self.session.phase.alive:
            return
        if self.view.hosting.goes_on and not (self._hosts_asked or self.view.resumable):
            self.ask_hosts(self.blender)
        elif self.hosting_seen and (asked := self.asked()).host not in ("", OWN_HOST):
            self.hosting.look(self.blender, asked)

    def _look_at_models(self) -> None:
        """Ask short commands what there is, and what an evaluation could prove; the latter anew after each run."""
        if self.quick and self.models and self.planned and self.models_seen:
            self.models.look(self.quick)
            if self.view.evaluating.subject and not self.session.phase.alive:
                self.planned.look(self.quick, [*self.evaluate_words(), "--plan"], self.session.id)

    def _keep(self) -> None:
        self.choices.data = str(self.folder)
        if self.kept:
            self.choices.save(self.kept)

    def resume(self, program: Program) -> None:
        """Let a paused run go on, or start one that goes on where the last one stopped. Raises OSError."""
        if self.session.phase is Phase.PAUSED:
            self.session.steer("resume")
        else:
            self.session.start(program, ["resume", "--data", str(self.folder)])
        self.refresh()

    def train_again(self, program: Program, job: str, changes: Sequence[str]) -> None:
        """Start a training by the record of a job, with options that change it. Raises OSError."""
        train_env = ["--train-env", self.train_env] if self.train_env else []
        words = ["train", "--again", job, "--data", str(self.folder), *train_env, *changes]
        self.session.start(program, words)
        self.refresh()

    def log(self) -> Path | None:
        """The log of the job that is shown, where the job lies now; None where it is gone."""
        shown = self.view.training
        if shown is None:
            return None
        path = Path(shown.log)
        if path.is_file():
            return path
        made = (
            place for place in path.parent.parent.glob("v*/job.json") if read_json(place, {}).get("id") == shown.job
        )
        return next((place.with_name(path.name) for place in made if place.with_name(path.name).is_file()), None)

    def steer(self, command: str) -> None:
        """Ask the run to `pause` or `cancel`. Raises OSError."""
        self.session.steer(command)
        self.refresh()

    def change(self, what: Callable[[Queue], object], at: int | None = None) -> None:
        """Change the queue, and choose the place `at` in it; where that cannot be, the list says why."""
        self.trouble = ""
        try:
            if self.queue:
                what(self.queue)
        except (UserError, OSError) as error:
            self.trouble = str(error)
        else:
            self.at = self.at if at is None else at
        self.refresh()

    def count(self, budget_s: float = SLICE_S) -> bool:
        """Go on counting what the chosen folder holds; whether that has come to its end just now."""
        if self.holding.folder != self.choices.folder:
            self.holding.choose(self.choices.folder)
        return self.holding.step(budget_s)

    def refresh(self) -> bool:
        """Make the view anew; whether it looks different now."""
        before, searches = self.view, self._searches()
        lacking = self.asked().lacking(searches=searches.on > 0, offline=self.offline)
        self.preview.look(DataFolder(self.folder).dataset(self.choices.name))
        self.view = view_of(self.session, lacking, self._error, searches, self.holding.words, self.preview)
        if self.models and self.planned:
            evaluating = evaluating_of(self.models, self.choices, self.planned)
            told = (
                evaluating.of and self.session.phase is Phase.FINISHED and list(self.session.run.stages) == ["evaluate"]
            )
            words = "" if told else self.view.words  # the part Evaluate says it better
            self.view = replace(self.view, words=words, evaluating=evaluating, models=model_list_of(self.models))
        if self.hosting:
            dataset = (DataFolder(self.folder).dataset(self.choices.name) / "dataset.json").is_file()
            hosting = hosting_of(self.hosting, self.asked(), dataset=dataset, offline=self.offline)
            self.view = replace(self.view, hosting=hosting)
        return self.view != before

    def _searches(self) -> Searches:
        if self.queue is None or self.harvested is None:
            return NONE
        run, phase = self.session.run, self.session.phase
        self.harvested.look((self.session.id, phase, run.stage, run.waiting, len(run.plan)))
        return searches_of(
            self.queue, self.harvested, self.session, at=self.at, trouble=self.trouble, offline=self.offline
        )

    def tick(self) -> bool:
        """Take in what is new; whether the panel must be drawn again. A new phase is shown at once, figures in turn."""
        self.session.step()
        self._error = ""
        if self.queue and self.queue.look():
            self.trouble = ""
        counted = self.seen and self.count()
        self._look_at_models()
        self._look_at_hosts()
        now = time.monotonic()
        soon = not counted and now - self._drawn < REDRAW_S * 0.9 and self.view.phase is self.session.phase
        if soon or not self.refresh():
            return False
        self._drawn = now
        return True

    def failed(self, error: Exception) -> bool:
        """Show what went wrong in a tick, and log it once; whether the panel must be drawn again."""
        if not self._error:
            traceback.print_exception(error)
        self._error = f"{type(error).__name__}: {error}"
        return self.refresh()

    @property
    def interval(self) -> float:
        """Seconds until the next tick."""
        if self.session.behind or (self.seen and self.holding.busy):
            return BEHIND_S
        awaited = self.models_seen and self.models and (self.models.busy or (self.planned and self.planned.waiting))
        waits = self.hosting is not None and bool(self.hosting_seen and self.choices.host) and self.hosting.waiting
        return REDRAW_S if self.session.phase.alive or self.session.asked or awaited or waits else REST_S
