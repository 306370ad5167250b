# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a training takes, estimated from a model's folder before it is loaded, and how much there is."""

from __future__ import annotations

import ctypes
import json
import math
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...files import read_json
from .recipe import FLOAT32_UP_TO, FULL_UP_TO, RANK

TRAINED_BYTES = 16
"""Of a trained number: weight, gradient and AdamW's two averages, each in float32."""
FOUR_BIT_BYTES = 0.56
"""Of a weight in NF4 with the scales of its blocks."""
RUNTIME_BYTES = 600e6
LOGIT_BYTES = 12
"""Of one word of the vocabulary at one answer token: the logit in two formats and its gradient."""
ACTIVATION_BYTES = {"full": 100, "lora": 115, "qlora": 60}
"""Of one number of the hidden state, one token and layer: all that is kept for the way back. Together with the figures
above it gives 5.1 GB (full) and 3.9 GB (LoRA) for the embedded model at 1,024 tokens; measured were 4.7 to 5.9 and 3.9
(2026-11). For other models it is an estimate."""
ADAPTER_WIDTHS = 18
"""The sum of inputs and outputs of a layer's linear maps, in hidden sizes (Llama's shape)."""
SHARE = 0.9
"""Of the memory that is there, what a training may take."""


@dataclass(frozen=True)
class Shape:
    """What memory goes by: numbers in the model, layers, size of the hidden state, words of the vocabulary."""

    parameters: int
    layers: int
    hidden: int
    vocabulary: int


@dataclass(frozen=True)
class Room:
    """Bytes of memory: of the machine, and of its largest card (0 where there is none, or it does not tell)."""

    machine: int
    card: int = 0

    @property
    def bytes(self) -> int:
        """What a training has: the card's where there is one."""
        return self.card or self.machine

    def holds(self, need: float) -> bool:
        """Whether a training that takes `need` bytes fits; True where nothing is known."""
        return not self.bytes or need <= SHARE * self.bytes


def shape_of(folder: Path) -> Shape | None:
    """The shape of the model in a folder, by its config.json and the heads of its safetensors files; None where they
    do not tell."""
    config = read_json(folder / "config.json") or {}
    config = config.get("text_config") or config
    layers = config.get("num_hidden_layers") or config.get("n_layer")
    hidden = config.get("hidden_size") or config.get("n_embd")
    vocabulary = config.get("vocab_size")
    try:
        parameters = sum(map(_numbers_in, folder.glob("*.safetensors")))
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None
    if not (parameters and isinstance(layers, int) and isinstance(hidden, int) and isinstance(vocabulary, int)):
        return None
    return Shape(parameters, layers, hidden, vocabulary)


def _numbers_in(path: Path) -> int:
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > path.stat().st_size:
            raise ValueError(f"{path.name} is cut off")
        head: dict[str, Any] = json.loads(file.read(length))
    return sum(math.prod(tensor["shape"]) for name, tensor in head.items() if name != "__metadata__")


def method_for(method: str, shape: Shape, card: bool = False) -> str:
    """`full`, `lora` or `qlora` for what was asked (`auto`): the least that training comes down to. On a card it
    quantises a model that it cannot hold otherwise."""
    if method == "full" or (method == "auto" and shape.parameters <= FULL_UP_TO):
        return "full"
    return "qlora" if card else "lora" if method == "auto" else method


def needed(shape: Shape, method: str, tokens: int = 1024) -> float:
    """Bytes that training takes at its peak, with batches of `tokens` tokens. An estimate."""
    weights = {
        "full": TRAINED_BYTES * shape.parameters,
        "lora": (4 if shape.parameters <= FLOAT32_UP_TO else 2) * shape.parameters,
        "qlora": FOUR_BIT_BYTES * shape.parameters,
    }[method]
    adapter = 0 if method == "full" else TRAINED_BYTES * RANK * ADAPTER_WIDTHS * shape.hidden * shape.layers
    activations = ACTIVATION_BYTES[method] * tokens * shape.layers * shape.hidden
    return weights + adapter + activations + LOGIT_BYTES * tokens * shape.vocabulary + RUNTIME_BYTES


def room() -> Room:
    """The memory of this machine."""
    return Room(_machine(), _card())


def _machine() -> int:
    if os.name == "nt":
        return _windows_memory()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0


def _windows_memory() -> int:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("others", ctypes.c_ulonglong * 6),
        )

    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - mypy knows it on Windows alone
    status = Status(ctypes.sizeof(Status))
    return int(status.total) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else 0


def _card() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    argv = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    sizes = [int(line) for line in done.stdout.split() if line.isdigit()]
    return max(sizes, default=0) * 2**20
