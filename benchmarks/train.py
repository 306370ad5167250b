# SPDX-License-Identifier: GPL-3.0-or-later
"""Our training step against the plain one, interleaved: `<training environment>/bin/python benchmarks/train.py MODEL`.

Both go forth and back over the same batches of toy rows, once with logits at answer positions only (ours), once by
`model(labels=…)`. Prints JSON: seconds of each, the ratio by pair and its median, the losses, and the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from voxel_trainer_addon import prompts
from voxel_trainer_addon.providers.local import chat, devices, models

NODE = "math_{n} = tree.nodes.new('ShaderNodeMath')\nmath_{n}.operation = 'MULTIPLY'\nmath_{n}.location = ({n}, 0)\n"


def toy(number: int, nodes: int = 0) -> dict[str, Any]:
    """A row whose answer has so many nodes (0: two to seven, by its number)."""
    nodes = nodes or number % 6 + 2
    code = "import bpy\n\ntree = bpy.data.node_groups.new('Rocks', 'ShaderNodeTree')\n"
    code += "".join(NODE.format(n=n) for n in range(nodes))
    asked = {"prompt": f'Make the node group "Rocks {number}". It multiplies {nodes} times.'}
    return {"id": str(number), "messages": prompts.messages(asked), "completion": prompts.answer(code)}


def plain_loss(model: Any, rows: list[chat.Encoded], pad: int) -> torch.Tensor:
    """What everybody would write: all logits, prompt and padding masked by labels."""
    width = max(len(row.tokens) for row in rows)
    tokens = torch.tensor([row.tokens + [pad] * (width - len(row.tokens)) for row in rows])
    attention = torch.tensor([[1] * len(row.tokens) + [0] * (width - len(row.tokens)) for row in rows])
    labels = tokens.clone()
    for i, row in enumerate(rows):
        labels[i, : row.answer] = -100
        labels[i, len(row.tokens) :] = -100
    where = model.device
    loss: torch.Tensor = model(
        input_ids=tokens.to(where), attention_mask=attention.to(where), labels=labels.to(where), use_cache=False
    ).loss
    return loss


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("model", help="a model's folder")
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--batch-tokens", type=int, default=1024)
    asked = words.parse_args()
    models.quiet()
    tokenizer = models.tokenizer_of(asked.model)
    pad = tokenizer.pad_token_id
    rows, _ = chat.within(tokenizer, [toy(number) for number in range(60)], 0)
    model = models.load(asked.model, torch.float32).train()
    batches = list(islice(chat.batches(rows, 0, asked.batch_tokens), asked.pairs + 1))
    found: list[dict[str, float]] = []
    for number, batch in enumerate(batches):
        pair: dict[str, float] = {"tokens": sum(len(row.tokens) for row in batch)}
        ways = {"ours": lambda batch=batch: models.answer_losses(model, batch, pad).mean()}
        ways["plain"] = lambda batch=batch: plain_loss(model, batch, pad)
        for name in list(ways) if number % 2 else reversed(list(ways)):
            start = time.monotonic()
            loss = ways[name]()
            loss.backward()
            pair[name], pair[f"{name}_loss"] = round(time.monotonic() - start, 3), round(float(loss.detach()), 4)
            model.zero_grad()
        found.append({**pair, "ratio": round(pair["plain"] / pair["ours"], 3)})
    measured = found[1:]  # the first pair warms up
    result = {
        "ratio": statistics.median(pair["ratio"] for pair in measured),
        "pairs": measured,
        "peak_mb": devices.peak_mb(),
        "machine": machine(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
