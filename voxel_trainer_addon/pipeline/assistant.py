# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistant in a data folder, for `serve` and `ask`: who answers, with which examples, and what is kept of it."""

from __future__ import annotations

import contextlib
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import feedback
from ..deployment import canary, requests, server
from ..deployment.assistant.answering import Found, Search, Tell, Tick, Times, failure, result
from ..deployment.assistant.trying import Bench, Candidate, Work
from ..deployment.assistant.voices import Voice, chosen
from ..deployment.assistant.wish import Wish
from ..deployment.assistant.wording import examples
from ..errors import UserError
from ..feedback import Failed, Feedback, Tree
from ..graph.menu import type_words
from ..paths import DataFolder
from ..providers.local import Local
from ..row_files import rows_of
from ..stage import Options, last_options
from ..worker.protocol import Host


class Unanswered(UserError):
    """Nothing can be shown. `told` is the answer to the job: a sentence, and what came instead."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(told["sentence"])
        self.told = dict(told)


@dataclass
class Assistant:
    """Answers wishes, one after the other. `work` runs one job in a worker and gives its answer, whatever that is;
    previews go into the folder `pictures` (None: none are made)."""

    folder: DataFolder
    host: Host
    work: Work
    pictures: Path | None = None
    _rows: tuple[object, Sequence[Mapping[str, Any]]] = field(default=(None, ()))

    def answer(self, wish: Wish, tell: Tell, tick: Tick) -> dict[str, Any]:
        """The answer to the job `assist` (docs/deploy.md). Raises Unanswered, UserError, and what `tick` raises."""
        times = Times()
        voice = chosen(self.folder, wish, lambda models, over: model_server(self.folder, models, over, tick=tick))
        asked = times.passed
        bench = Bench(wish, self.host.name, self.work)
        times.execute_s = times.passed - asked
        rows = () if voice.tuned else self._examples()
        own = voice.host is None or voice.host.near
        index = examples(rows, wish, self.host.name, own=own)
        found = Search(wish, voice, bench, times, tell, tick).run(index)
        picture = self._picture(wish, bench, found, times)
        told = result(wish, voice, found, times, picture) if found.best and found.best.key else None
        with contextlib.suppress(OSError, UserError):  # a full disk or a busy registry must not take the answer
            self._keep(wish, voice, found, times)
        if told is None:
            raise Unanswered(failure(wish, found))
        return told

    def _examples(self) -> Sequence[Mapping[str, Any]]:
        """The training rows of all datasets here, read again when one of them was written."""
        places = sorted(path for path in self.folder.datasets.glob("[!.]*") if path.is_dir())
        state = [(file, file.stat().st_mtime_ns) for place in places for file in sorted(place.glob("train*.jsonl"))]
        if self._rows[0] != state:
            self._rows = state, list({row["id"]: row for place in places for row in rows_of(place, "train")}.values())
        return self._rows[1]

    def _picture(self, wish: Wish, bench: Bench, found: Found, times: Times) -> str:
        """The path of the preview, or ''."""
        best, before = found.best, times.passed
        if not self.pictures or not best or not best.key:
            return ""
        made = bench.picture(best, wish.deadline_s - before)
        times.picture_s = times.passed - before
        if not made:
            return ""
        path = self.pictures / f"{wish.id}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b64decode(made))
        except OSError:
            return ""
        return str(path)

    def _keep(self, wish: Wish, voice: Voice, found: Found, times: Times) -> None:
        """The line of the watch log, all of it where the person agreed to that, and a look at the canary."""
        best, said = found.best, found.said
        if best is None or said is None:
            return
        if best.key:
            self._learn(wish, voice, best, found.failed)
        types = {node.type for graph in (*wish.graphs.values(), *best.graphs.values()) for node in graph.nodes}
        requests.answered(
            self.folder,
            requests.Request(
                wish.id,
                re.sub(r"[^\w./:+-]", "-", voice.id)[:100],
                self.host.name,
                canary=voice.salt,
                kind=f"{wish.kind}-{wish.noun.replace(' ', '-')}",
                nodes=tuple(sorted(name for name in types if type_words(name).lower() in wish.text.lower())),
                prompt_tokens=said.prompt_tokens,
                tokens=said.answer_tokens,
                first_s=times.first_s,
                whole_s=round(times.passed, 3),
                finished=said.finished,
                parses=best.passed > 0,
                safe=best.safe,
                runs=best.runs,
                repairs=found.repairs,
            ),
        )
        if voice.salt:
            canary.look(self.folder)

    def _learn(self, wish: Wish, voice: Voice, best: Candidate, failed: Sequence[Candidate]) -> None:
        """The request with its answer, where the artist agreed to keep that."""
        before = Tree(wish.tree, wish.graphs) if wish.tree else None
        stopped = tuple(Failed(one.code, one.error) for one in failed)
        who = wish.target.name, self.host.name, voice.id
        answer = Tree(best.key, best.graphs)
        feedback.asked(
            self.folder, Feedback(wish.id, wish.text, *who, best.code, answer, before, stopped, wish.replaces)
        )


def model_server(
    folder: DataFolder,
    models: Mapping[str, Path],
    over: Mapping[str, Path] | None = None,
    tick: Callable[[], object] = lambda: None,
    **more: Any,
) -> server.Running:
    """The server of a data folder with these models, started in the training environment where none runs; `more` as
    `server.start` takes it. Raises Unavailable."""
    local, options = Local(), last_options(folder)
    if options.train_env:
        local.environment(_Asker(options))
    return server.start(folder, models, local, over=over, tick=tick, **more)


@dataclass(frozen=True)
class _Asker:
    """Who wants an environment that is there already: nothing is made, nobody is told."""

    options: Options

    def note(self, words: str) -> None:
        """Nothing to tell."""

    def tick(self) -> bool:
        return True
