# SPDX-License-Identifier: GPL-3.0-or-later
"""Our trainer beside TRL's: `PYTHON benchmarks/train_peer.py dpo|sft MODEL`, in an environment that has trl too.

`dpo`: the losses of the first steps on the same pairs, ours and those of TRL's DPOTrainer, in float32. `sft`: answer
tokens a second of both, in one number format, on the same rows, pair by pair in turn, each pair a batch of two rows of
at most 512 tokens; TRL's SFTTrainer as it is by default. Prints JSON. The training environment has no trl: install
trl==1.16.0 and datasets==5.2.0 into an environment of your own that holds its packages as well.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import datasets
import torch
import transformers
import trl
from train import machine, toy

from voxel_trainer_addon.providers.local import chat
from voxel_trainer_addon.providers.local.learner import Learner

STEPS = 3
RATE = 2e-6
PAIRS = 2
BETA = 0.1


def pair(number: int) -> dict[str, Any]:
    good = toy(number)
    worse = good["completion"].replace("MULTIPLY", "ADD")
    return {"id": good["id"], "messages": good["messages"], "chosen": good["completion"], "rejected": worse}


class Losses(transformers.TrainerCallback):
    """What TRL's trainer logs."""

    def __init__(self) -> None:
        self.found: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" in logs:
            self.found.append({name: logs[name] for name in ("loss", "rewards/margins") if name in logs})


def settings(out: str, batch: int, **more: Any) -> dict[str, Any]:
    """What both trainers are given alike."""
    return {
        "output_dir": out,
        "per_device_train_batch_size": batch,
        "learning_rate": RATE,
        "weight_decay": 0.0,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": not torch.cuda.is_available(),
        **more,
    }


def theirs_dpo(model: str, pairs: list[chat.Pair], tokenizer: Any, out: str) -> list[dict[str, float]]:
    """Given as plain texts: from chats TRL counts what the template writes after the end token too."""
    shaped = [
        {
            "prompt": tokenizer.decode(pair.chosen.prompt),
            "chosen": tokenizer.decode(pair.chosen.counted),
            "rejected": tokenizer.decode(pair.rejected.counted),
        }
        for pair in pairs
    ]
    losses = Losses()
    asked = settings(out, PAIRS, max_steps=STEPS, lr_scheduler_type="constant", bf16=False, max_length=None)
    trainer = trl.DPOTrainer(
        model=transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        args=trl.DPOConfig(**asked, beta=BETA, precompute_ref_log_probs=True, gradient_checkpointing=False),
        train_dataset=datasets.Dataset.from_list(shaped),
        processing_class=transformers.AutoTokenizer.from_pretrained(model),
        callbacks=[losses],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return losses.found


def dpo(model: str) -> dict[str, Any]:
    learner = Learner({"model": model, "seed": 0, "beta": BETA}, "full", "dpo")
    pairs, _ = chat.within(learner.tokenizer, [pair(number) for number in range(PAIRS)], 0)
    learner.refer([pairs], False)
    ours = []
    for _ in range(STEPS):
        means = learner.learn([pairs], len(pairs), False)
        ours.append({"loss": means["loss"], "rewards/margins": means["margin"]})
        learner.step(RATE)
    with tempfile.TemporaryDirectory() as out:
        theirs = theirs_dpo(model, pairs, learner.tokenizer, out)
    apart = [abs(one["loss"] - other["loss"]) for one, other in zip(ours, theirs, strict=True)]
    return {"ours": ours, "theirs": theirs, "largest_difference": max(apart)}


class Pace(transformers.TrainerCallback):
    """Seconds of each step, without what comes before the first."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.start = time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.monotonic() - self.start)


def sft(model: str, pairs: int, bfloat16: bool, method: str) -> dict[str, Any]:
    """In turn one step of ours and one of theirs, on the same two rows; the first pair warms up and is not counted."""
    learner = Learner({"model": model, "seed": 0}, method, "sft")
    rows = [toy(number + 60, nodes=10) for number in range(2 * (pairs + 1))]
    encoded, _ = chat.within(learner.tokenizer, rows, 512)
    assert len(encoded) == len(rows), "rows over 512 tokens"
    peft_config = None
    if method == "lora":
        import peft

        peft_config = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    shaped = [
        {"prompt": row["messages"], "completion": [{"role": "assistant", "content": row["completion"]}]} for row in rows
    ]
    found = []
    with tempfile.TemporaryDirectory() as out:
        pace = Pace()

        class Turn(transformers.TrainerCallback):
            """Ours, before each step of theirs."""

            def on_step_begin(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
                batch = encoded[2 * state.global_step : 2 * state.global_step + 2]
                start = time.monotonic()
                learner.learn([batch], chat.counted_of(batch), bfloat16)
                learner.step(RATE)
                found.append({"ours": time.monotonic() - start, "answer_tokens": chat.counted_of(batch)})

        asked = settings(out, 2, max_steps=pairs + 1, bf16=bfloat16, max_length=512, shuffle_dataset=False)
        trainer = trl.SFTTrainer(
            model=transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
            args=trl.SFTConfig(**asked, completion_only_loss=True, gradient_checkpointing=False),
            train_dataset=datasets.Dataset.from_list(shaped),
            processing_class=transformers.AutoTokenizer.from_pretrained(model),
            peft_config=peft_config,
            callbacks=[Turn(), pace],
        )
        trainer._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(trainer.train_dataset)
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    for one, theirs in zip(found, pace.seconds, strict=True):
        one["theirs"] = theirs
        one["ratio"] = theirs / one["ours"]
    ratios = [one["ratio"] for one in found[1:]]
    return {
        "method": method,
        "numbers": "bfloat16 autocast" if bfloat16 else "float32",
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "pairs": [{name: round(value, 3) for name, value in one.items()} for one in found[1:]],
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("what", choices=("dpo", "sft"))
    words.add_argument("model", help="a model's folder")
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--method", choices=("full", "lora"), default="lora")
    words.add_argument("--bfloat16", action="store_true", help="autocast in both; else float32")
    asked = words.parse_args()
    sides = {
        "dpo": lambda: dpo(asked.model),
        "sft": lambda: sft(asked.model, asked.pairs, asked.bfloat16, asked.method),
    }
    found = sides[asked.what]()
    print(json.dumps({**found, "trl": trl.__version__, "machine": machine()}, indent=2))


if __name__ == "__main__":
    main()
