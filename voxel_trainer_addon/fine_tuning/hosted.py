# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host: rows go up, one job is made, and each call asks once how it stands, or follows it to its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from ..errors import SetAside, Unavailable, UserError
from ..files import digest, now, read_json, write_jsonl
from ..http import OFFLINE
from ..paths import DataFolder
from ..prompts import CHARACTERS_A_TOKEN
from ..providers import tuning
from ..providers.answering import asks
from ..providers.hosts import Standing, TuningHost, Wanted
from ..providers.local.base import EMBEDDED
from ..providers.refusals import PASSING, Refusal
from ..stage import Options, Outcome, Work
from ..words import counted, duration, size
from . import rows
from .following import LOG, Following, earlier
from .jobs import Job, Jobs, recorded
from .platform_files import TERMS, lines

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""While a job is followed, each question comes half as late again as the one before."""
PATIENCE = 20
"""So many times in a row a host that is followed may fail to answer."""
TICK_S = 0.2
ENDS_SOON_D = 30
"""A model that ends within so many days is tuned only with a yes."""
GOES_ON = "submitted"
"""The status of a job that runs at a host."""

T = TypeVar("T")


def run(work: Work) -> Outcome:
    """Submit the dataset to the host that the options name, or ask after the job that was submitted before."""
    options = work.options
    if options.model == EMBEDDED:
        raise UserError("Name the host's model with --model; the embedded one is trained with --provider local.")
    if _is_offline(work):
        raise Unavailable(OFFLINE)
    with contextlib.closing(tuning.named(options.provider, options.base_url)) as host:
        dataset = rows.read(work.folder, options, host.may_train_as)
        wanted = _wanted(work.folder, host, options, dataset)
        job = Jobs(work.folder, work.catalog).get(wanted.id)
        if job and job["status"] == "done":
            return Outcome(f"Trained already: {job['result']} at {host.url}.{_next(job)}", {"model": job["result"]})
        if not dataset.train:
            what = "no preferences" if options.objective == "dpo" else "no rows"
            sentence = f"The dataset {options.name} has {what} to train on; `dataset` makes it."
            work.set_aside(SetAside("train", options.name, "no rows", sentence))
            return Outcome(sentence, aside=True)
        look(work, but=wanted.id)
        hosted = HostedJob(work, host, job or _new(host, options, wanted), follow=options.follow)
        if dataset.withheld and not hosted.is_submitted:
            work.note(f"{counted(dataset.withheld, 'row')} left out: {TERMS}.")
        try:
            outcome = hosted.go(hosted.ask if hosted.is_submitted else lambda: hosted.submit(wanted, dataset))
        except Refusal as refusal:
            work.set_aside(SetAside("train", options.name, refusal.code, refusal.sentence, refusal.detail))
            return Outcome(refusal.sentence, aside=True)
        if outcome.aside:
            work.set_aside(SetAside("train", options.name, str(hosted.job["status"]), outcome.words))
        return outcome


def look(work: Work, *, follow: bool = False, but: str = "") -> Outcome:
    """Ask after every job that runs at a host, but that of one id, once or, with `follow`, until it has ended. What
    cannot be asked is told, and stays as it is known."""
    told: list[Outcome] = []
    for job in running(Jobs(work.folder, work.catalog).all()):
        if job["id"] == but:
            continue
        try:
            if _is_offline(work):
                raise Unavailable(OFFLINE)
            with contextlib.closing(tuning.named(job["provider"], job["host"])) as host:
                hosted = HostedJob(work, host, job, follow=follow)
                told.append(hosted.go(hosted.ask))
        except (UserError, Refusal) as error:
            told.append(Outcome(f"The job {job['host_id']} at {job['host']} was not asked after. {error}", aside=True))
        work.note(told[-1].words)
    words = " ".join(outcome.words for outcome in told)
    return Outcome(words or "No job runs at a host.", aside=any(outcome.aside for outcome in told))


def running(jobs: list[Job]) -> list[Job]:
    """Those that run at a host, as far as it is known here."""
    return [job for job in jobs if job["status"] == GOES_ON and job.get("host_id")]


def steer(job: Job, word: str) -> tuple[str, dict[str, Any]]:
    """Let a host pause, resume or cancel a job; the job's new status, and what is to be kept. Raises UserError."""
    with contextlib.closing(tuning.named(job["provider"], job["host"])) as host:
        if word not in host.abilities:
            raise UserError(f"{host.url} cannot {word} a job.")
        try:
            standing: Standing = getattr(host, word)(job["host_id"])
        except Refusal as refusal:
            raise Unavailable(refusal.sentence) from refusal
    return standing.end or GOES_ON, _facts(job, standing)


class HostedJob:
    """One job at a host within a run."""

    def __init__(self, work: Work, host: TuningHost, job: Job, *, follow: bool) -> None:
        self.work, self.host, self.job, self.follow = work, host, job, follow
        self._jobs = Jobs(work.folder, work.catalog)
        self._place = work.folder.models / str(job["dataset"]) / f".hosted-{job['id']}"
        self._following = Following(work, job, self._place / LOG, every_s=0.0)

    @property
    def is_submitted(self) -> bool:
        return bool(self.job.get("host_id"))

    def go(self, begin: Callable[[], Standing]) -> Outcome:
        """What `begin` tells of the job; with `follow`, what is told until it has ended. Raises Refusal."""
        try:
            standing = self._patiently(begin)
            self._keep(standing)
            self._hear(first=True)
            if self.follow and not standing.end:
                standing = self._followed(standing)
            return self._ended(standing)
        except Refusal as refusal:
            if self.job["status"]:
                self._save(self.job["status"], reason=refusal.sentence)
            raise

    def ask(self) -> Standing:
        return self.host.ask(str(self.job["host_id"]))

    def submit(self, wanted: Wanted, dataset: rows.Dataset) -> Standing:
        """Agree, write the files in the host's form, hand them over. They are kept no longer than that."""
        try:
            write_jsonl(wanted.training, lines(dataset.train, self.host.format, wanted.objective))
            if wanted.validation:
                write_jsonl(wanted.validation, lines(dataset.held_out, self.host.format, wanted.objective))
            estimated = _agreed(self.work, self.host, wanted)
            self._save("submitting", cost={"estimated": estimated, "real": {}})
            self.work.note(f"{size(wanted.training.stat().st_size)} of rows go to {self.host.url}.")
            return self.host.submit(wanted)
        finally:
            for path in (wanted.training, wanted.validation):
                if path:
                    path.unlink(missing_ok=True)

    # following

    def _followed(self, standing: Standing) -> Standing:
        """The job's end."""
        self.work.note(f"The job {standing.id} at {self.host.url} is followed until it has ended.")
        wait = FIRST_WAIT_S
        while not standing.end:
            pause(wait, self.work.tick)
            before, standing = standing, self._patiently(self.ask)
            news = self._hear()
            if standing.status != before.status:
                self._keep(standing)
                self.work.note(f"The job {standing.id} stands at {standing.status}.")
            wait = FIRST_WAIT_S if news or standing.status != before.status else min(LONGEST_WAIT_S, wait * 1.5)
        return standing

    def _patiently(self, ask: Callable[[], T]) -> T:
        """What the host answers; while the job is followed, what goes by is waited for. Raises Refusal."""
        wait = FIRST_WAIT_S
        for tries in range(PATIENCE + 1):
            try:
                return ask()
            except Refusal as refusal:
                if not self.follow or refusal.code not in PASSING or tries == PATIENCE:
                    raise
                left = wait if refusal.after_s is None else refusal.after_s
                words = f"{self.host.url} does not answer now ({refusal.code}); it is asked again in {duration(left)}."
                self.work.waiting(time.time() + left, words)
                pause(left, self.work.tick)
                self.work.waiting(0.0, "")
                wait = min(LONGEST_WAIT_S, wait * 1.5)
        raise AssertionError("unreachable")

    def _hear(self, *, first: bool = False) -> bool:
        """Take what the job told since, into its log, the events and its record; whether that is news."""
        try:
            said = self._patiently(lambda: self.host.said(str(self.job["host_id"]), self.job.get("said", "")))
        except Refusal as refusal:
            if refusal.code != "missing":  # not every host tells of its jobs
                raise
            said = []
        if first:
            self._following.begin(
                f"{self.job['model']} at {self.host.url}", resumed=False, anew=not self.job.get("said")
            )
        for one in said:
            began = self.job.setdefault("began", one.at)
            if one.step is None:
                self._following.hear({"kind": "said", "id": one.id, "at": one.at, "words": one.words})
            else:
                told = {"step": one.step, "steps": 0, "loss": one.loss, "held_out": one.held_out}
                self._following.hear({"kind": "loss", **told, "seconds": max(0.0, one.at - began)})
        if said:
            seconds = max(0.0, said[-1].at - self.job["began"])
            self._following.hear({"kind": "checkpoint", "step": said[-1].step or 0, "seconds": seconds})
            self._save(self.job["status"], said=said[-1].id)
        return bool(said)

    # what is kept

    def _save(self, status: str, **more: Any) -> None:
        self.job = self._following.job = self._jobs.save(self.job, status, **more)

    def _keep(self, standing: Standing) -> None:
        """How it stands. It counts as ended when all was heard."""
        self._save(GOES_ON, **_facts(self.job, standing))
        self._following.checkpoint("running")

    def _ended(self, standing: Standing) -> Outcome:
        """What is to be told, where the job has ended or nobody waits for that."""
        counts = {"job": standing.id, "host_status": standing.status}
        where = f"The job {standing.id} at {self.host.url}"
        if not standing.end:
            words = f"{where} stands at {standing.status}. The same command asks again; it creates no second job."
            return Outcome(words, counts)
        _, held_out = earlier(self._place / LOG)
        losses = {"held_out_loss_before": held_out[0][1], "held_out_loss_after": held_out[-1][1]} if held_out else {}
        kept = self.host.checkpoints(standing.id) if "checkpoints" in self.host.abilities else []
        checkpoints = [{"model": one.model, "step": one.step, "held_out": one.held_out} for one in kept]
        self._save(standing.end, **_facts(self.job, standing), **losses, checkpoints=checkpoints)
        self._following.checkpoint("done")
        if standing.end == "done":
            return Outcome(f"{self.host.url} has tuned {standing.model}.{_next(self.job)}", counts)
        sentence = f"{where} ended as {standing.status}. {standing.words}".strip()
        sentence += f" train --again {self.job['id']} makes another one."
        return Outcome(sentence, counts, aside=True)


def pause(seconds: float, tick: Callable[[], object]) -> None:
    """Let time go by; what `tick` raises ends it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        tick()
        time.sleep(min(TICK_S, left))


# what is asked for


def _wanted(folder: DataFolder, host: TuningHost, options: Options, dataset: rows.Dataset) -> Wanted:
    """The job that the options ask for: the same rows, model and settings give the same id."""
    set_ = dict(one.split("=", 1) for one in options.hyper if "=" in one)
    if len(set_) < len(options.hyper):
        raise UserError("--hyper wants NAME=VALUE by the host's own names, such as --hyper n_epochs=3, each once.")
    what = [host.provider, host.url, options.model, options.objective, options.seed, set_, dataset.hash, options.again]
    id = digest(what)[:16]
    place = folder.models / options.name / f".hosted-{id}"
    return Wanted(
        id,
        dataset.hash,
        options.model,
        options.objective,
        place / "train.jsonl",
        place / "val.jsonl" if dataset.held_out else None,
        options.name,
        options.seed,
        set_,
    )


def _new(host: TuningHost, options: Options, wanted: Wanted) -> Job:
    return {
        "id": wanted.id,
        "provider": options.provider,
        "host": host.url,
        "model": wanted.model,
        "dataset": options.name,
        "dataset_hash": wanted.dataset_hash,
        "parameters": {"objective": wanted.objective, "seed": wanted.seed, **wanted.parameters},
        "options": recorded(options),
        **({"repeats": options.again} if options.again else {}),
        "status": "",
        "history": [],
    }


def _facts(job: Job, standing: Standing) -> dict[str, Any]:
    """What a job's record keeps of how it stands at the host."""
    told = list(job.get("host_history", ()))
    if not told or told[-1]["status"] != standing.status:
        told.append({"status": standing.status, "at": now()})
    real = {"tokens": standing.tokens} if standing.tokens else {}
    return {
        "host_id": standing.id,
        "host_status": standing.status,
        "host_history": told,
        "result": standing.model,
        "reason": standing.words,
        "cost": {**job.get("cost", {}), "real": real},
    }


def _next(job: Job) -> str:
    """The commands that come next, with the model that a job made."""
    who, url = asks(job["provider"], str(job["result"]), job["host"])
    where = f" --base-url {url}" if url else ""
    name = job["dataset"]
    return (
        f" Next: `evaluate --name {name} --model {who}{where}`; "
        f"`deploy add {name} --asks {who}{where}` lets it be deployed."
    )


# before anything is sent


def _is_offline(work: Work) -> bool:
    return work.host is not None and not work.host.online


def _agreed(work: Work, host: TuningHost, wanted: Wanted) -> dict[str, Any]:
    """What the job is expected to cost. Rows made of a person's own files leave this machine only when that person said
    so, and what is tuned does not end soon unless they know. Raises Unavailable and Refusal."""
    facts: dict[str, Any] = read_json(work.folder.dataset(work.options.name) / "dataset.json", {})
    own = sum(count for licence, count in facts.get("licences", {}).items() if "own" in licence.split(" + "))
    if own and not work.options.yes:
        raise Unavailable(
            f"{own:,} rows are made of your own files, and training by a host sends them to {host.url}: --yes allows "
            "that."
        )
    _lasts(work, host, wanted)
    return {"tokens_a_pass": round(wanted.training.stat().st_size / CHARACTERS_A_TOKEN["openai"])}


def _lasts(work: Work, host: TuningHost, wanted: Wanted) -> None:
    """Tell until when there will be what is tuned, as the host says it. Raises Unavailable and Refusal."""
    try:
        model = next((one for one in host.models() if one.id == wanted.model), None)
    except Refusal as refusal:
        if refusal.code != "missing":
            raise
        model = None
    if model is None:
        work.note(
            f"{host.url} does not list {wanted.model}: whether it can be tuned, and how long it lasts, is not known."
        )
        return
    if wanted.objective not in model.objectives:
        raise Refusal("refused", f"{host.url} tunes {wanted.model} by {', '.join(model.objectives)} alone.")
    if not model.ends:
        return
    left = (date.fromisoformat(model.ends) - date.today()).days
    if left <= 0:
        raise Refusal("closed", f"{host.url} has shut {wanted.model} down on {model.ends}.")
    words = f"{host.url} shuts {wanted.model} down on {model.ends}, in {counted(left, 'day')}, with all tuned from it."
    if left <= ENDS_SOON_D and not work.options.yes:
        raise Unavailable(f"{words} --yes tunes it all the same.")
    work.note(words)
