# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine counts with, in which number format, and how a model's weights are held on it."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass

import torch

from .channel import Refused
from .recipe import FLOAT32_UP_TO

CARD_SHARE = 0.7
"""Of a card's memory, what the weights may take; the rest is for gradients, activations and logits."""
ALLOCATOR = ("can't allocate memory", "out of memory", "not enough memory", "could not create a memory object")
"""What PyTorch's allocators say in a plain RuntimeError: processor, Metal, processor on Windows, oneDNN."""


@dataclass(frozen=True)
class Device:
    """`kind` is PyTorch's word (ROCm cards are `cuda` to it), `name` is for people; `bfloat16`: it has that format by
    itself; `memory`: bytes of its own, 0 where it shares the machine's."""

    kind: str
    name: str
    bfloat16: bool
    memory: int = 0


@dataclass(frozen=True)
class Weights:
    """How frozen or trained weights are held; `four_bit`: quantised to NF4, which is QLoRA."""

    dtype: torch.dtype
    four_bit: bool = False


def found() -> Device:
    """The best device of this machine."""
    if torch.cuda.is_available():
        return Device(
            "cuda",
            "rocm" if torch.version.hip else "cuda",
            bool(torch.cuda.is_bf16_supported(including_emulation=False)),
            int(torch.cuda.get_device_properties(0).total_memory),
        )
    if torch.backends.mps.is_available():
        return Device("mps", "mps", bool(torch.backends.mps.is_macos_or_newer(14, 0)))
    return Device("cpu", "cpu", bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def numbers_of(asked: str) -> torch.dtype:
    """The format that a model answers in: `float32`, `bfloat16`, or `auto` for bfloat16 where the device has it."""
    short = asked == "bfloat16" or (asked == "auto" and found().bfloat16)
    return torch.bfloat16 if short else torch.float32


def weights_for(method: str, parameters: int, device: Device) -> Weights:
    """How the weights are held for a method (`full`, `lora`, `qlora`). Raises Refused where `qlora` has no card.

    What is trained is held in float32. A frozen model is held in bfloat16 above a billion parameters, and quantised
    where a card has not the room for that.
    """
    if method == "full" or (method == "lora" and parameters <= FLOAT32_UP_TO):
        return Weights(torch.float32)
    short = torch.bfloat16 if device.bfloat16 or device.kind == "cpu" else torch.float32
    if method == "lora" and not (device.memory and parameters * short.itemsize > CARD_SHARE * device.memory):
        return Weights(short)
    if device.kind != "cuda":
        raise Refused("device", "Method qlora needs an NVIDIA or AMD card; use method lora on this machine.")
    return Weights(torch.bfloat16 if device.bfloat16 else torch.float16, four_bit=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator had nothing more to give."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ALLOCATOR)


def let_go() -> None:
    """Give back what the allocators keep in store."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def set_threads(threads: int) -> int:
    """Use `threads` processor threads (0: as PyTorch likes); the number in use."""
    if threads:
        torch.set_num_threads(threads)
    return int(torch.get_num_threads())


def peak_mb() -> int:
    """The most memory that this process has had, on the card where there is one, in MB; 0 where nobody tells."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated() / 1e6)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
