# SPDX-License-Identifier: GPL-3.0-or-later
"""Training by a host: rows go up, one job is made, and each call asks once how it stands, or follows it to its end."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import SetAside, Unavailable, UserError
from ..files import digest, now, write_jsonl
from ..http import OFFLINE
from ..paths import DataFolder
from ..providers import tuning
from ..providers.answering import asks
from ..providers.hosts import Standing, Tunable, TuningHost, Wanted
from ..providers.local.base import EMBEDDED
from ..providers.refusals import PASSING, Refusal
from ..stage import Options, Outcome, Work, is_online
from ..words import counted, duration, size
from . import before, cost, rows
from .before import Consent
from .following import LOG, Following, earlier
from .jobs import Job, Jobs, recorded
from .platform_files import TERMS, lines

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""While a job is followed, each question comes half as late again as the one before."""
PATIENCE = 20
"""So many times in a row a host that is followed may fail to answer."""
TICK_S = 0.2
GOES_ON = "submitted"
"""The status of a job that runs at a host."""

T = TypeVar("T")


def run(work: Work) -> Outcome:
    """Submit the dataset to the host that the options name, or ask after the job that was submitted before."""
    options = work.options
    with _host(options.provider, options.base_url, is_online(work.host)) as host:
        options = replace(options, provider=host.provider)  # of a person\'s own file the name, not the place
        dataset = rows.read(work.folder, options, host.may_train_as)
        wanted = _wanted(work.folder, host, options, dataset)
        job = Jobs(work.folder, work.catalog).get(wanted.id)
        if job and job["status"] == "done":
            return Outcome(f"Trained already: {job['result']} at {host.url}.{_next(job)}", {"model": job["result"]})
        if sentence := _nothing(options, dataset):
            work.set_aside(SetAside("train", options.name, "no rows", sentence))
            return Outcome(sentence, aside=True)
        remind(work, but=wanted.id)
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


def plan(folder: DataFolder, options: Options, online: bool) -> Consent:
    """What `run` would want to be agreed to; nothing is sent. Raises UserError, Unavailable and Refusal."""
    with _host(options.provider, options.base_url, online) as host, tempfile.TemporaryDirectory() as place:
        dataset = rows.read(folder, options, host.may_train_as)
        if sentence := _nothing(options, dataset):
            raise Unavailable(sentence)
        wanted = _wanted(folder, host, options, dataset)
        wanted = replace(
            wanted, training=Path(place, "train.jsonl"), validation=wanted.validation and Path(place, "val.jsonl")
        )
        _write(wanted, host, dataset)
        return before.consent_to(folder, options, host, wanted, dataset)


def models(provider: str, url: str, online: bool) -> tuple[str, Sequence[Tunable]]:
    """Address of a host, and what can be tuned there now. Raises as `plan` does."""
    with _host(provider, url, online) as host:
        return host.url, host.models()


@contextlib.contextmanager
def _host(provider: str, url: str, online: bool) -> Iterator[TuningHost]:
    """The host, where Blender lets anything out. Raises Unavailable and UserError."""
    if not online:
        raise Unavailable(OFFLINE)
    with contextlib.closing(tuning.named(provider, url)) as host:
        yield host


def look(work: Work) -> Outcome:
    """Ask after every job that runs at a host, once or, with `follow`, until it has ended."""
    told = list(_looked(work, follow=work.options.follow))
    words = " ".join(outcome.words for outcome in told)
    return Outcome(words or "No job runs at a host.", aside=any(outcome.aside for outcome in told))


def remind(work: Work, but: str = "") -> None:
    """Ask once after every job that runs at a host, but that of one id, and note how it stands."""
    for outcome in _looked(work, but=but):
        work.note(outcome.words)


def _looked(work: Work, *, follow: bool = False, but: str = "") -> Iterator[Outcome]:
    """How each job stands that runs at a host. One that cannot be asked after stays as it is known."""
    for job in running(Jobs(work.folder, work.catalog).all()):
        if job["id"] == but:
            continue
        try:
            with _host(job["provider"], job["host"], is_online(work.host)) as host:
                hosted = HostedJob(work, host, job, follow=follow)
                yield hosted.go(hosted.ask)
        except (UserError, Refusal) as error:
            yield Outcome(f"The job {job['host_id']} at {job['host']} was not asked after. {error}", aside=True)


def running(jobs: list[Job]) -> list[Job]:
    """Those that run at a host, as far as it is known here."""
    return [job for job in jobs if job["status"] == GOES_ON and job.get("host_id")]


def steer(job: Job, word: str, online: bool) -> tuple[str, dict[str, Any]]:
    """Let a host pause, resume or cancel a job; the job's new status, and what is to be kept. Raises UserError."""
    with _host(job["provider"], job["host"], online) as host:
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
            _write(wanted, self.host, dataset)
            estimated = before.agree(self.work, self.host, wanted, dataset)
            self._save("submitting", cost={"estimated": estimated, "real": {}})
            self.work.note(f"{size(wanted.training.stat().st_size)} of rows go to {self.host.url}.")
            if "quote" in self.host.abilities:
                name = before.name_of(self.host)
                self.work.note(cost.asked(self.work.options, name, self.host.quote(wanted)))
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
            came = f" {told}" if (told := cost.compared(self.job["cost"])) else ""
            return Outcome(f"{self.host.url} has tuned {standing.model}.{came}{_next(self.job)}", counts)
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
    """The job that the options ask for: the same rows, model and settings give the same id. Raises
    UserError."""
    if options.model == EMBEDDED:
        raise UserError("Name the host's model with --model; the embedded one is trained with --provider local.")
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


def _nothing(options: Options, dataset: rows.Dataset) -> str:
    """That there is nothing to train on, or ''."""
    what = "no preferences" if options.objective == "dpo" else "no rows"
    return "" if dataset.train else f"The dataset {options.name} has {what} to train on; `dataset` makes it."


def _write(wanted: Wanted, host: TuningHost, dataset: rows.Dataset) -> None:
    """The files in the host's form."""
    write_jsonl(wanted.training, lines(dataset.train, host.format, wanted.objective))
    if wanted.validation:
        write_jsonl(wanted.validation, lines(dataset.held_out, host.format, wanted.objective))


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
        f"`deploy add {name} --asks {who}{where} --tuned` lets it be deployed."
    )
