# SPDX-License-Identifier: GPL-3.0-or-later
"""The test GitHub from the side of a test: start it as a process, tell it what to do wrong, ask what it saw."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("github.py")


class Peer:
    """A test GitHub that runs while the block does.

    `api`, `raw`, `git` and `store` are its addresses; a raw file is at `{raw}/{owner}/{name}/{commit}/{path}`, a
    repository at `{git}/{owner}/{name}.git`.
    """

    def __init__(self, *options: str, corpus: Path | None = None) -> None:
        named = ["--universe", "corpus", "--corpus", str(corpus)] if corpus else []
        self._argv = [sys.executable, str(PROGRAM), *named, *options]
        self.api = self.raw = self.git = self.store = ""

    def __enter__(self) -> Peer:
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError(f"The test GitHub did not start: status {self._process.returncode}")
        for name, address in json.loads(line).items():
            setattr(self, name, address)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def control(self, **asked: Any) -> dict[str, Any]:
        """What /_control answers. Raises urllib.error.HTTPError for what is not known."""
        return self._ask("/_control", asked)

    def arm(self, do: str, **given: Any) -> int:
        """Arm a fault (see faults.py); its id."""
        return int(self.control(arm={"do": do, **given})["id"])

    def disarm(self, id: int | None = None) -> None:
        """Take back one fault, or all."""
        self.control(disarm=id)

    def change(self, **given: Any) -> None:
        """Change the universe (see changes.py)."""
        self.control(change=given)

    def set(self, **given: Any) -> None:
        """Set skew, secondary, budgets, anonymous, tree_entries, tree_bytes, versions, gone_versions."""
        self.control(set=given)

    def forget(self) -> None:
        """Begin the log anew."""
        self.control(forget=True)

    def stats(self, requests: bool = True) -> dict[str, Any]:
        """`violations`, `sums`, `faults`, and `requests` one by one."""
        return self._ask("/_stats" if requests else "/_stats?summary")

    def seen(self, host: str = "", path: str = "") -> list[dict[str, Any]]:
        """The requests to a host whose address holds the regular expression `path`."""
        requests = self.stats()["requests"]
        return [one for one in requests if host in ("", one["host"]) and re.search(path, one["target"])]

    def _ask(self, path: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.api + path, data), timeout=60) as got:
            return json.load(got)  # type: ignore[no-any-return]
