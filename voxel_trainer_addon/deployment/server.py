# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a data folder's models: found where it runs, started where it does not, stopped. All share one.

What finds it again (port, token, process id) lies in the cache of this person, never in the data folder.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .. import locks
from ..errors import Unavailable
from ..files import digest, read_json
from ..paths import DataFolder, cache_home

HOST = "127.0.0.1"
IDLE_S = 1800.0
"""A server that nobody asked for so long ends by itself."""
START_S = 120.0
ANSWER_S = 5.0
"""A server that does not even list its models in this time hangs."""
TICK_S = 0.1


@dataclass(frozen=True)
class Running:
    """A server: the address for clients of OpenAI's protocol, and the token that it wants."""

    url: str
    token: str = field(repr=False)
    pid: int = 0
    models: tuple[str, ...] = ()


class Started(Protocol):
    """A server's process. `ended` gives its end (`ok`, or a `sentence`), None while it runs."""

    def ended(self) -> Any: ...

    def kill(self) -> None: ...


class Provider(Protocol):
    """What serves (see `providers.local.Local`)."""

    def serve(self, request: dict[str, Any], log: Path, /) -> Started:
        """Start the server of a request as a process that outlives this one."""


@dataclass(frozen=True)
class Places:
    """Where what belongs to one data folder's server lies."""

    home: Path

    @classmethod
    def of(cls, folder: DataFolder) -> Places:
        return cls(cache_home() / "servers" / digest(str(folder.root.resolve()))[:16])

    @property
    def state(self) -> Path:
        return self.home / "server.json"

    @property
    def token(self) -> Path:
        """The token alone, for Prometheus; written by the server."""
        return self.state.with_suffix(".token")

    @property
    def lock(self) -> Path:
        """Held by the server as long as it lives."""
        return self.home / "server.lock"

    @property
    def starting(self) -> Path:
        """Held by who starts or stops it."""
        return self.home / "starting.lock"

    @property
    def log(self) -> Path:
        return self.home / "server.log"


def find(folder: DataFolder) -> Running | None:
    """The server of a data folder, if one runs and answers."""
    places = Places.of(folder)
    state = read_json(places.state)
    if not isinstance(state, dict) or not locks.probe(places.lock):
        return None
    try:
        running = Running(f"http://{HOST}:{state['port']}/v1", str(state["token"]), int(state["pid"]))
        told = _ask(running, "GET", "/v1/models")
    except (KeyError, TypeError, ValueError, OSError, http.client.HTTPException):
        return None
    return _with_models(running, told)


def is_alive(folder: DataFolder) -> bool:
    """Whether the process of a data folder's server lives, however busy it is."""
    return locks.probe(Places.of(folder).lock)


def start(
    folder: DataFolder,
    models: Mapping[str, Path],
    provider: Provider,
    *,
    over: Mapping[str, Path] | None = None,
    aliases: Mapping[str, str] | None = None,
    port: int = 0,
    idle_s: float = IDLE_S,
    memory: int = 0,
    numbers: str = "auto",
    tick: Callable[[], object] = lambda: None,
) -> Running:
    """The server of a data folder, with these models among others by their names: the one that runs, or a new one in
    place of one that hangs or crashed. A name stays with its folder; `aliases` (name → name) may change, and each
    answer says by which name it was given. `over` has the base's folder of an adapter where it is not the one that the
    adapter names; `port` (0: any free one), `idle_s` (0: never), `memory` (bytes of weights, 0: half of the machine's)
    and `numbers` hold for a new one only. `tick` is called while it starts, and what it raises ends that. Models are
    loaded when they are first asked. Raises Unavailable.
    """
    places = Places.of(folder)
    places.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    named: dict[str, Any] = {
        "models": {name: str(path.resolve()) for name, path in models.items()},
        "over": {name: str(path.resolve()) for name, path in (over or {}).items()},
        "aliases": dict(aliases or {}),
    }
    with locks.FolderLock(places.starting) as lock:
        if not lock.acquire(START_S):
            raise Unavailable(
                "Another Blender has been starting the model server for too long. Close it, then ask again."
            )
        if running := find(folder):
            try:
                return _with_models(running, _ask(running, "POST", "/voxel/models", named))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise Unavailable(f"The model server took no further models: {error}") from error
        _end(places)
        own = {"lock": str(places.lock), "state": str(places.state)}
        request = {**named, **own, "port": port, "idle_s": idle_s, "memory": memory, "numbers": numbers}
        process = provider.serve(request, places.log)
        try:
            return _wait(folder, process, tick)
        except BaseException:
            process.kill()
            raise


def _wait(folder: DataFolder, process: Started, tick: Callable[[], object]) -> Running:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        tick()
        if running := find(folder):
            return running
        if ended := process.ended():
            raise Unavailable(f"The model server did not start. {getattr(ended, 'sentence', '')}".strip())
        time.sleep(TICK_S)
    raise Unavailable(f"The model server did not start within {START_S:.0f} seconds.")


def stop(folder: DataFolder) -> bool:
    """End the server of a data folder; whether there was one. Answers under way are cut off."""
    places = Places.of(folder)
    if not places.home.is_dir():
        return False
    with locks.FolderLock(places.starting) as lock:
        if not lock.acquire(START_S):
            raise Unavailable("Another Blender is starting the model server. Ask again in a moment.")
        was = locks.probe(places.lock)
        if running := find(folder):
            with suppress(OSError, http.client.HTTPException, ValueError):
                _ask(running, "POST", "/voxel/stop", {})
            end = time.monotonic() + ANSWER_S
            while locks.probe(places.lock) and time.monotonic() < end:
                time.sleep(TICK_S)
        _end(places)
        return was


def _end(places: Places) -> None:
    """Kill a server that holds its lock and does not answer, and forget it."""
    holder = locks.holder(places.lock)
    if holder.isdigit():
        with suppress(ProcessLookupError):
            os.kill(int(holder), getattr(signal, "SIGKILL", signal.SIGTERM))
        end = time.monotonic() + ANSWER_S
        while locks.probe(places.lock) and time.monotonic() < end:
            time.sleep(TICK_S)
    places.state.unlink(missing_ok=True)


def _with_models(running: Running, told: Any) -> Running:
    return Running(running.url, running.token, running.pid, tuple(one["id"] for one in told["data"]))


def _ask(running: Running, method: str, path: str, body: Any = None) -> Any:
    """What the server answers. Raises OSError, HTTPException or ValueError."""
    port = int(running.url.rsplit(":", 1)[1].partition("/")[0])
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_S)
    try:
        headers = {"Authorization": f"Bearer {running.token}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(json.loads(answer.read())["error"]["message"])
        return json.loads(answer.read())
    finally:
        connection.close()
