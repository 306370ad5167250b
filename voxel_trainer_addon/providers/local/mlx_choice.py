# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program trains: mlx-lm on Macs with Apple's own processors, PyTorch everywhere else."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import pythons


def is_apple() -> bool:
    """Whether this is a Mac with a processor of Apple's own."""
    return sys.platform == "darwin" and platform.machine() == "arm64"


def trainer(python: Path, request: Mapping[str, Any]) -> str:
    """The job that trains as `request` asks, in the environment of `python`: `mlx_train` or `train`.

    mlx-lm is not asked for preferences, for quantised bases, or to go on from an adapter, which is PEFT's.
    """
    start = request.get("start") or ""
    plain = request.get("objective", "sft") == "sft" and request["method"] in ("auto", "full", "lora")
    whole = not start or not (Path(start) / "adapter_config.json").is_file()
    return "mlx_train" if is_apple() and plain and whole and pythons.has(python, "mlx_lm") else "train"
