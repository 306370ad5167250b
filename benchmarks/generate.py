# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in slots against one by one, interleaved: `<training environment>/bin/python benchmarks/generate.py MODEL`.

Rounds of as many prompts as there are slots are answered by our engine and by the library's own `generate`, prompt
after prompt, in turns. Prints JSON: tokens a second of each and the ratio by round; in how many answers they differ;
how many answers of the engine change with other neighbours, and when drawn again, in each number format; the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.train import machine, toy
from voxel_trainer_addon.providers.local import chat, devices, models
from voxel_trainer_addon.providers.local.decoding import Answer, Decoder, fits_together

NUMBERS = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def plain(model: Any, tokenizer: Any, prompt: list[int], most: int) -> list[int]:
    """What everybody would write."""
    tokens = torch.tensor([prompt], device=model.device)
    produced = model.generate(
        input_ids=tokens,
        attention_mask=torch.ones_like(tokens),
        do_sample=False,
        max_new_tokens=most,
        pad_token_id=tokenizer.pad_token_id,
    )
    return list(produced[0, len(prompt) :].tolist())


def in_slots(decoder: Decoder, prompts: list[list[int]], most: int) -> dict[int, list[int]]:
    """Number of the prompt → its answer."""
    asked = (Answer(number, prompt, most) for number, prompt in enumerate(prompts))
    return {answer.key: answer.tokens for answer in decoder.all(asked)}


def neighbours(decoder: Decoder, prompts: list[list[int]], most: int) -> dict[str, int]:
    """Answers that change when they are drawn again, beside others, and alone."""
    first = in_slots(decoder, prompts, most)
    again = in_slots(decoder, prompts, most)
    mirrored = in_slots(decoder, prompts[::-1], most)
    last = len(prompts) - 1
    alone = [in_slots(decoder, [prompt], most)[0] for prompt in prompts]
    return {
        "answers": len(first),
        "again": sum(first[n] != again[n] for n in first),
        "other_neighbours": sum(first[n] != mirrored[last - n] for n in first),
        "alone": sum(first[n] != alone[n] for n in first),
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("model", help="a model's folder")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--slots", type=int, default=8)
    words.add_argument("--tokens", type=int, default=96)
    words.add_argument("--threads", type=int, default=0, help="0: as PyTorch likes")
    words.add_argument("--numbers", choices=NUMBERS, default="bfloat16" if devices.found().bfloat16 else "float32")
    words.add_argument("--neighbours", action="store_true", help="also look at what changes with the neighbours")
    asked = words.parse_args()
    models.quiet()
    threads = devices.set_threads(asked.threads)
    tokenizer = models.tokenizer_of(asked.model)
    rows = [toy(number) for number in range(asked.rounds * asked.slots)]
    prompts = [row.prompt for row in chat.within(tokenizer, rows, 0)[0]]
    result: dict[str, Any] = {"numbers": asked.numbers, "threads": threads, "slots": asked.slots, "rounds": []}
    with torch.inference_mode():
        model = models.load(asked.model, NUMBERS[asked.numbers]).eval()
        decoder = Decoder(model, tokenizer, asked.slots, fits_together(model, tokenizer))
        in_slots(decoder, prompts[: asked.slots], 4)  # warms up
        plain(model, tokenizer, prompts[0], 4)
        for number in range(asked.rounds):
            some = prompts[number * asked.slots : (number + 1) * asked.slots]
            start = time.monotonic()
            ours = in_slots(decoder, some, asked.tokens)
            middle = time.monotonic()
            theirs = [plain(model, tokenizer, prompt, asked.tokens) for prompt in some]
            end = time.monotonic()
            fast = sum(map(len, ours.values())) / (middle - start)
            slow = sum(map(len, theirs)) / (end - middle)
            differ = sum(ours[i] != theirs[i][: len(ours[i])] for i in ours)
            one = {"slots": round(fast, 1), "one_by_one": round(slow, 1), "ratio": round(fast / slow, 2)}
            result["rounds"].append({**one, "differ": differ})
        if asked.neighbours:
            for name, numbers in NUMBERS.items():
                model = models.load(asked.model, numbers).eval()
                decoder = Decoder(model, tokenizer, asked.slots, fits_together(model, tokenizer))
                result[f"changed_{name}"] = neighbours(decoder, prompts, asked.tokens)
    result["ratio"] = statistics.median(one["ratio"] for one in result["rounds"])
    print(json.dumps({**result, "peak_mb": devices.peak_mb(), "machine": machine()}, indent=2))


if __name__ == "__main__":
    main()
