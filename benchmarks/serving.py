# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server against plain `generate`: `<training environment>/bin/python benchmarks/serving.py MODEL`.

Prints JSON: tokens a second of one request after the other over those of the library's own `generate` with the same
prompts, interleaved; the server's memory with base, with two adapters and with a whole model beside it, over base
alone; the time to switch adapters; and how many of eight requests at once differ from the same alone, in both number
formats. Memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.generate import NUMBERS, plain
from benchmarks.train import machine, toy
from voxel_trainer_addon.deployment import server
from voxel_trainer_addon.paths import DataFolder
from voxel_trainer_addon.providers.local import chat, child, devices, loaded, models

SWITCHES = 20


class Here:
    """The provider `local` in this very environment."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def serve(self, request: dict[str, Any], log: Path) -> child.Apart:
        body = {"threads": self._threads, "outlives": True, **request}
        return child.Apart(Path(sys.executable), "serving", body, log)


def made(base: str, place: Path) -> dict[str, Path]:
    """Two adapters by chance over a model, and the model again as one of its own."""
    found = {"base": Path(base)}
    for seed, name in enumerate(("first", "second")):
        torch.manual_seed(seed)
        adapted = models.with_new_adapter(models.load(base, torch.float32), 16)
        for parameter in (one for one in adapted.parameters() if one.requires_grad):
            parameter.data.normal_(0, 0.02)
        adapted.save_pretrained(place / name)
        found[name] = place / name
    whole = models.load(base, torch.bfloat16)
    whole.save_pretrained(place / "whole")
    models.tokenizer_of(base).save_pretrained(place / "whole")
    return {**found, "whole": place / "whole"}


def ask(running: server.Running, model: str, messages: Any, most: int) -> tuple[str, int]:
    """An answer and its tokens."""
    connection = http.client.HTTPConnection(running.url.split("/")[2], timeout=600)
    body = json.dumps({"model": model, "messages": messages, "max_tokens": most})
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {running.token}"})
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told["choices"][0]["message"]["content"], told["usage"]["completion_tokens"]


def resident_mb(pid: int) -> float:
    """What a process has in memory now, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def switched(folders: dict[str, Path], numbers: torch.dtype) -> dict[str, float]:
    """Milliseconds from one adapter, or none, to another."""
    held = loaded.Loaded(numbers)
    for name in ("base", "first", "second"):
        held.name(name, str(folders[name]), str(folders["base"]))
        with held.use(name):
            pass
    took = []
    for name in ["first", "second", "base"] * SWITCHES:
        start = time.monotonic()
        with held.use(name):
            took.append((time.monotonic() - start) * 1e3)
    return {"median_ms": round(statistics.median(took), 1), "largest_ms": round(max(took), 1)}


def rate(running: server.Running, name: str, model: Any, tokenizer: Any, rounds: int, most: int) -> dict[str, Any]:
    """Tokens a second of a model in the server, and of the same model here."""
    pairs = []
    with torch.inference_mode():
        for number in range(rounds + 1):
            row = toy(number)
            prompt = chat.prompt_of(tokenizer, row["messages"])
            start = time.monotonic()
            _, count = ask(running, name, row["messages"], most)
            middle = time.monotonic()
            theirs = plain(model, tokenizer, prompt, count)
            end = time.monotonic()
            pairs.append({"server": count / (middle - start), "generate": len(theirs) / (end - middle)})
    ratios = [pair["server"] / pair["generate"] for pair in pairs[1:]]  # the first warms up
    rounded = [{side: round(value, 1) for side, value in pair.items()} for pair in pairs[1:]]
    return {"ratio": round(statistics.median(ratios), 3), "pairs": rounded}


def at_once(running: server.Running, most: int) -> dict[str, int]:
    """Of eight requests at once, those that differ from the same request alone."""
    asked = [(name, toy(number)["messages"], most) for number in (1, 2) for name in running.models]
    alone = [ask(running, *one) for one in asked]
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: ask(running, *one), asked))
    return {"requests": len(asked), "differ": sum(a != b for a, b in zip(alone, together, strict=True))}


def measured(
    running: server.Running, folders: dict[str, Path], numbers: torch.dtype, rounds: int, most: int
) -> dict[str, Any]:
    """All figures of one server, in the order in which its memory grows."""
    tokenizer, model = models.tokenizer_of(str(folders["base"])), models.load(str(folders["base"]), numbers).eval()
    memory, rates = {}, {}

    def grown(step: str, *names: str) -> None:
        for name in names:
            ask(running, name, toy(1)["messages"], 8)
        time.sleep(0.5)
        memory[step] = round(resident_mb(running.pid), 1)

    grown("base", "base")
    rates["base"] = rate(running, "base", model, tokenizer, rounds, most)
    grown("base", "base")
    grown("two_adapters", "first", "second")
    adapted = models.with_adapter(model, str(folders["first"])).eval()
    rates["adapter"] = rate(running, "first", adapted, tokenizer, rounds, most)
    grown("whole_beside", "whole")
    shares = {step: round(memory[step] / memory["base"], 3) for step in ("two_adapters", "whole_beside")}
    told = {"memory_mb": memory, "memory_over_base": shares, "rates": rates}
    return {**told, "at_once": at_once(running, most), "switch": switched(folders, numbers)}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("model", help="a model's folder")
    words.add_argument("--rounds", type=int, default=4)
    words.add_argument("--tokens", type=int, default=64)
    words.add_argument("--threads", type=int, default=1)
    asked = words.parse_args()
    models.quiet()
    result: dict[str, Any] = {"threads": devices.set_threads(asked.threads)}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["VOXEL_TRAINER_CACHE"] = scratch
        folders = made(asked.model, Path(scratch))
        for name, numbers in NUMBERS.items():
            folder = DataFolder(Path(scratch) / name)
            running = server.start(
                folder, folders, Here(asked.threads), over={one: folders["base"] for one in folders}, numbers=name
            )
            try:
                result[name] = measured(running, folders, numbers, asked.rounds, asked.tokens)
            finally:
                server.stop(folder)
    print(json.dumps({**result, "machine": machine()}, indent=2))


if __name__ == "__main__":
    main()
