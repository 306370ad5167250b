# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of your own for `train --provider docs/examples/my_host.py --base-url https://trainer.example/api`.

The host here keeps a job at PUT /jobs/ID, which is one job however often it is asked for. `voxel_hosts` is what Voxel
Trainer lends: the forms below, and Refusal for a host that says no. What else goes wrong is told with its line here.
"""

import json
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from voxel_hosts import Limits, Refusal, Said, Standing, Tunable

ENDS = {"trained": "done", "broken": "failed", "stopped": "cancelled"}


class MyHost:
    provider = "my-host"  # as jobs and reports call it
    format = "openai"  # it is sent datasets/<name>/openai/*.jsonl
    may_train_as = "local"  # by whose terms it may train on what models wrote
    abilities = frozenset({"cancel"})  # of quote, pause, resume, cancel and checkpoints: a method for each
    limits = Limits(rows=(10, 50_000), file_bytes=100_000_000)

    def __init__(self, url, token):
        self.url, self.key = url, token("MY_HOST_KEY")  # from the environment or a .env file

    def models(self):
        return [Tunable(name) for name in self.asked("GET", "/models")]

    def submit(self, wanted):
        rows = wanted.training.read_text(encoding="utf-8").splitlines()
        job = {"model": wanted.model, "rows": rows, "seed": wanted.seed, **wanted.parameters}
        return self.standing(self.asked("PUT", f"/jobs/{wanted.id}", job))

    def ask(self, id):
        return self.standing(self.asked("GET", f"/jobs/{id}"))

    def said(self, id, after=""):
        lines = self.asked("GET", f"/jobs/{id}/log")[int(after or 0) :]
        first = int(after or 0) + 1
        return [Said(str(n), line["at"], line["words"], loss=line.get("loss")) for n, line in enumerate(lines, first)]

    def cancel(self, id):
        return self.standing(self.asked("POST", f"/jobs/{id}/stop"))

    def close(self):
        pass

    def standing(self, job):
        return Standing(job["id"], job["state"], ENDS.get(job["state"], ""), job.get("tuned", ""))

    def asked(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            with urlopen(
                Request(self.url + path, json.dumps(body).encode(), headers, method=method), timeout=60
            ) as told:
                return json.load(told)
        except HTTPError as error:
            raise Refusal("refused", f"{self.url} says {error.code} to {method} {path}.") from error
        except URLError as error:
            raise Refusal("unreachable", f"{self.url} could not be reached; nothing is lost.") from error


def host(url, token):
    return MyHost(url, token)
