# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `ask`, and `serve --model`."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..deployment import pointer, registry, requests, server
from ..deployment.assistant.wish import Wish
from ..errors import Exit, UserError
from ..paths import DataFolder
from ..pipeline import trees
from ..pipeline.assistant import Assistant, model_server
from ..pipeline.run import WORKER_MB
from ..words import harmless
from ..worker.pool import Pool
from ..worker.protocol import Answer, Host, Request

LOOK_S = 1.0
SAVE_S = 60.0

Tick = Callable[[], bool]


def ask(found: argparse.Namespace, folder: DataFolder, blender: Host, tick: Tick) -> int:
    """Answer a wish into a new file. Nothing is ever saved over."""
    if found.out.suffix not in (".py", ".blend"):
        raise UserError("Name a file that ends in .py or .blend: --out FILE.")
    if found.out.exists():
        raise UserError(f"{found.out} is there already, and nothing is saved over. Name another file.")
    wish = Wish.of(_body(found, blender, tick))
    with (
        tempfile.TemporaryDirectory(prefix="voxel-ask-") as scratch,
        Pool(blender, workers=1, memory_mb=WORKER_MB * 4, scratch=Path(scratch)) as pool,
    ):

        def work(request: Request) -> Answer:
            (answer,) = pool.run([request], tick)
            return answer

        told = Assistant(folder, blender, work).answer(wish, _told(found), tick)
        if found.out.suffix == ".py":
            _write_new(found.out, told["script"].encode())
        else:
            saved = work(Request("save", {"graphs": told["graphs"], "root": told["key"]}, told["key"], limit_s=SAVE_S))
            if not saved.ok:
                raise UserError(f"The answer could not be saved: {saved.sentence} {saved.detail}".strip())
            _write_new(found.out, Path(saved.body["path"]).read_bytes())
    if found.json:
        print(json.dumps({**told, "out": str(found.out)}, ensure_ascii=True))
        return Exit.DONE
    print(f"Written: {found.out}")
    print(f"  by {harmless(told['label'])} ({told['honest']}); small models err, so look at it")
    for check in told["checks"]:
        print(f"  {'+' if check['ok'] else '!'} {harmless(check['words'])}")
    print(f"  {told['times']['whole_s']:.1f} s, candidates tried: {told['candidates']}, repairs: {told['repairs']}")
    return Exit.DONE


def _body(found: argparse.Namespace, blender: Host, tick: Tick) -> dict[str, Any]:
    body = {
        "request": requests.new_id(),
        "text": found.text,
        "target": found.kind,
        "tree": None,
        "model": found.model,
        "url": found.base_url,
        "yes": found.yes,
        "deadline_s": found.deadline,
        "candidates": found.candidates,
        "seed": found.seed,
        "online": blender.online,
        "instead_of": [],
    }
    if found.edit:
        file = trees.one_file(found.edit, blender, tick)
        chosen = file.chosen(found.key)
        if len(chosen) != 1:
            raise UserError(f"Say which tree is to be changed, --key KEY: {', '.join(chosen) or 'there is none'}.")
        graphs = {key: graph.as_json() for key, graph in {**file.groups, **file.trees}.items()}
        body["tree"] = {"key": next(iter(chosen)), "graphs": graphs}
    return body


def _told(found: argparse.Namespace) -> Callable[[str], None]:
    return (lambda words: None) if found.json else lambda words: print(f"{harmless(words)} …", flush=True)


def _write_new(path: Path, content: bytes) -> None:
    """A file that was not there before. Raises UserError."""
    try:
        with open(path, "xb") as out:
            out.write(content)
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}.") from error


def serve(found: argparse.Namespace, folder: DataFolder, tick: Tick) -> int:
    """Serve a model to any client of OpenAI's protocol on this computer, until somebody says stop."""
    name = pointer.read(folder).pointer.live if found.model == "live" else found.model
    if not name:
        raise UserError("No model is live. `deploy MODEL` makes one live, or name one with --model.")
    model = registry.named(folder, name)
    if not model.path:
        raise UserError(f"{model.id} answers at its host; there is nothing to serve here.")
    there, token = server.find(folder), server.Places.of(folder).token
    weights = {model.id: folder.root / model.path}
    running = model_server(folder, weights, tick=tick, port=found.port, idle_s=0.0)
    if found.json:
        told = {"url": running.url, "token": running.token, "token_file": str(token), "models": running.models}
        print(json.dumps({**told, "there_before": there is not None}), flush=True)
    else:
        print(f"{model.id} answers at {running.url}")
        print(f"  token: {running.token}, alone in {token}")
        print(f"  OPENAI_BASE_URL={running.url} OPENAI_API_KEY=… with any client of OpenAI's protocol", flush=True)
        if there:
            print("It was running already, and goes on when this command ends.")
    if there:
        return Exit.DONE
    try:
        while server.is_alive(folder):
            tick()
            time.sleep(LOOK_S)
    finally:
        server.stop(folder)
    return Exit.DONE
