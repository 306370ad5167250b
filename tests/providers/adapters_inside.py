# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: two adapters over a model, a whole one beside it, and what is none."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

import torch
import transformers

from voxel_trainer_addon.providers.local import models


def adapter(base: str, folder: Path, seed: int) -> None:
    """One with weights by chance that change what the model says."""
    torch.manual_seed(seed)
    made = models.with_new_adapter(models.load(base, torch.float32), 4)
    for parameter in (one for one in made.parameters() if one.requires_grad):
        parameter.data.normal_(0, 0.3)
    made.save_pretrained(folder)


def whole(base: str, folder: Path) -> None:
    torch.manual_seed(3)
    made: Any = models.load(base, torch.float32)
    for parameter in made.parameters():
        parameter.data += torch.randn_like(parameter) * 0.3
    made.save_pretrained(folder)
    models.tokenizer_of(base).save_pretrained(folder)


def of_another_base(base: str, folder: Path) -> None:
    config = models.config_of(base)
    config.hidden_size = 16
    made = models.with_new_adapter(transformers.LlamaForCausalLM(config), 4)
    made.save_pretrained(folder)


def cut_short(model: Path, folder: Path) -> None:
    shutil.copytree(model, folder)
    weights = folder / "model.safetensors"
    with open(weights, "r+b") as data:
        data.truncate(weights.stat().st_size // 2)


def without_tokenizer(model: Path, folder: Path) -> None:
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("tokenizer*"))


if __name__ == "__main__":
    base, place = sys.argv[2], Path(sys.argv[3])
    adapter(base, place / "first", 1)
    adapter(base, place / "second", 2)
    whole(base, place / "whole")
    of_another_base(base, place / "alien")
    cut_short(place / "whole", place / "cut")
    without_tokenizer(place / "whole", place / "deaf")
