# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `mlx_train`: what `train` does, by mlx-lm, for Macs with Apple's own processors. Same rows, tokens, plan, lines.

A LoRA adapter is merged at the end: mlx-lm's adapters are read by nothing else, and the rest goes on as usual.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers
import mlx_lm
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.tuner.utils import linear_to_lora_layers
from transformers import AutoTokenizer

from . import chat, plan
from .channel import Channel, Refused
from .loop import Loop
from .plan import Plan
from .recipe import BATCH_TOKENS, CLIP, FLOAT32_UP_TO, FULL_UP_TO, RANK, RATES

SCALE = 2.0
"""Of the adapter; mlx-lm's scale is PEFT's alpha by rank."""
CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "model.safetensors"
LEFT_BEHIND = (".safetensors", ".safetensors.index.json", ".md", "voxel-model.json")


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train `body["model"]` and save the result below `body["out"]`, as `train.run` does; see there for keys, lines and
    facts. Supervised tuning from a whole model only, by method `full`, `lora` or `auto`."""
    return Trainer(body, channel).go()


class Trainer(Loop):
    """A run by mlx."""

    def __init__(self, body: dict[str, Any], channel: Channel) -> None:
        super().__init__(body, channel)
        self.out = Path(body["out"])
        self.out.mkdir(parents=True, exist_ok=True)

    def go(self) -> dict[str, Any]:
        arrays, kept = self._kept()
        given = kept["plan"] if kept else self.body.get("plan")
        recorded = Plan.recorded(given) if given else None
        self.channel.say("phase", name="load")
        self._load(recorded.method if recorded else self.body["method"])
        self.channel.say("phase", name="tokenise")
        self._encode(self.tokenizer)
        if kept:
            self._take_up(arrays, kept)
        else:
            self._begin(recorded)
        self._train()
        if self.channel.stopping:
            self._keep()
            return {**self._facts(), "stopped": True}
        self._last_look()
        self.channel.say("phase", name="save")
        return {**self._facts(), "stopped": False, "folder": self._save()}

    # what it trains

    def _load(self, method: str) -> None:
        folder = Path(self.body.get("start") or self.body["model"])
        try:
            self.model, _ = mlx_lm.utils.load_model(folder)
        except (OSError, ValueError) as error:
            raise Refused("model", f"{folder.name} could not be loaded by mlx-lm: {error}") from error
        self.folder = folder
        self.stored = {
            name: one.dtype for path in folder.glob("*.safetensors") for name, one in mx.load(str(path)).items()
        }
        named = dict(tree_flatten(self.model.parameters()))
        if unlike := sorted(named.keys() - self.stored.keys()):
            raise Refused(
                "model", f"mlx-lm names this model's weights otherwise ({unlike[0]}): it cannot be given back."
            )
        self.parameters = sum(weight.size for weight in named.values())
        self.method = method if method != "auto" else "full" if self.parameters <= FULL_UP_TO else "lora"
        if self.method == "full" or self.parameters <= FLOAT32_UP_TO:
            self.model.set_dtype(mx.float32)
        mx.random.seed(self.body["seed"])
        if self.method == "lora":
            self.model.freeze()
            keys = {
                name for layer in self.model.layers for name, one in layer.named_modules() if isinstance(one, nn.Linear)
            }
            shape = {"rank": int(self.body.get("rank") or RANK), "scale": SCALE, "dropout": 0.0, "keys": keys}
            linear_to_lora_layers(self.model, len(self.model.layers), shape)
        self.model.train()
        self.optimizer = optimizers.AdamW(learning_rate=0.0, weight_decay=0.0, bias_correction=True)
        self.optimizer.init(self.model.trainable_parameters())
        self.gradients = nn.value_and_grad(self.model, lambda rows: self._losses(rows).mean())
        self.tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token

    # how long

    def _begin(self, recorded: Plan | None) -> None:
        """Validate once, and lay the plan or take a recorded one."""
        self.channel.say("phase", name="measure")
        steps, seconds = int(self.body.get("steps") or 0), float(self.body.get("seconds") or 0.0)
        rate = self.body.get("rate") or RATES["sft", self.method]
        batch_tokens = int(self.body.get("batch_tokens") or BATCH_TOKENS)
        typical = sorted(self.rows, key=lambda row: len(row.tokens))[len(self.rows) // 2]
        a_row = self._timed([typical])
        held_out, validations = len(self.held_out), plan.VALIDATIONS[0]
        if not steps:  # a third of the pass forth and back is the pass forth
            held_out, validations = plan.validated(seconds, a_row / 3, held_out)
        self.plan = recorded or Plan("sft", self.method, rate, False, 0, 0, held_out, validations, batch_tokens)
        self._take_rows()
        start = time.monotonic()
        self._tell_loss(None, self._validate())
        now = time.monotonic()
        if not recorded and steps:
            self.plan = plan.stepped(self.plan, steps)
        elif not recorded:
            left = seconds - (now - self.began) - (validations - 1) * (now - start)
            self.plan = plan.timed(self.plan, max(1.0, left), a_row / len(typical.tokens))
        if self.plan.steps:
            self._tell_plan()

    def _timed(self, rows: Sequence[chat.Encoded]) -> float:
        """Seconds of one pass forth and back, the better of two."""
        found = []
        for _ in range(2):
            start = time.monotonic()
            mx.eval(self.gradients(rows))
            found.append(time.monotonic() - start)
        return min(found)

    # the steps

    def _learn(self, batch: Sequence[chat.Encoded]) -> dict[str, float]:
        self.optimizer.learning_rate = self.plan.rate_at(self.step)
        loss, gradients = self.gradients(batch)
        gradients, _ = optimizers.clip_grad_norm(gradients, CLIP)
        self.optimizer.update(self.model, gradients)
        mx.eval(loss, self.model.parameters(), self.optimizer.state)
        if not mx.isfinite(loss):
            raise Refused("diverged", "The loss became infinite: train with a lower rate or by method lora.")
        return {"loss": float(loss)}

    def _losses(self, rows: Sequence[chat.Encoded]) -> mx.array:
        """The loss at each answer token of the rows, in nats, row after row."""
        width = max(len(row.tokens) for row in rows)
        pad = self.tokenizer.pad_token_id
        tokens = mx.array([[*row.tokens, *[pad] * (width - len(row.tokens))] for row in rows])
        places = [(i, at) for i, row in enumerate(rows) for at in range(row.answer, len(row.tokens))]
        line, column = (mx.array(numbers) for numbers in zip(*places, strict=True))
        logits = self.model(tokens)[line, column - 1]
        return nn.losses.cross_entropy(logits.astype(mx.float32), tokens[line, column], reduction="none")

    def _look(self) -> dict[str, float]:
        total = count = 0.0
        for row in self.held_out:
            losses = self._losses([row])
            total, count = total + float(losses.sum()), count + losses.size
        return {"loss": total / count}

    def _memory_mb(self) -> int:
        return int(mx.get_peak_memory() / 1e6)

    # keeping and saving

    def _keep(self) -> None:
        """Write the checkpoint: one file, put in place whole."""
        if not self.plan.steps:
            return
        part = self.out / f".part.{CHECKPOINT}"
        arrays = {f"weights/{name}": one for name, one in tree_flatten(self.model.trainable_parameters())}
        arrays |= {f"optimizer/{name}": one for name, one in tree_flatten(self.optimizer.state)}
        _written(part, arrays, {"state": json.dumps(self._standing())})
        os.replace(part, self.out / CHECKPOINT)
        self.channel.say("checkpoint", step=self.step, seconds=round(self.seconds, 1))

    def _kept(self) -> tuple[dict[str, mx.array], dict[str, Any]]:
        path = self.out / CHECKPOINT
        if not path.is_file():
            return {}, {}
        arrays, facts = mx.load(str(path), return_metadata=True)
        return arrays, json.loads(facts["state"])

    def _take_up(self, arrays: dict[str, mx.array], kept: dict[str, Any]) -> None:
        """Go on from a checkpoint, by its plan."""
        self._stand(kept)
        parts: dict[str, list[tuple[str, mx.array]]] = {"weights": [], "optimizer": []}
        for name, one in arrays.items():
            kind, _, rest = name.partition("/")
            parts[kind].append((rest, one))
        self.model.update(tree_unflatten(parts["weights"]))
        self.optimizer.state = tree_unflatten(parts["optimizer"])
        mx.eval(self.model.parameters(), self.optimizer.state)
        self._tell_plan()

    def _save(self) -> str:
        """The tuned model, adapters merged, with the base's own files around it; the folder's name below `out`."""
        part, folder = self.out / ".model.part", self.out / "model"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        merged = [(name, one.fuse()) for name, one in self.model.named_modules() if hasattr(one, "fuse")]
        if merged:
            self.model.update_modules(tree_unflatten(merged))
        weights = {name: one.astype(self.stored[name]) for name, one in tree_flatten(self.model.parameters())}
        _written(part / WEIGHTS, weights, {"format": "pt"})
        for path in self.folder.iterdir():
            if path.is_file() and not path.name.endswith(LEFT_BEHIND):
                shutil.copyfile(path, part / path.name)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        return folder.name

    def _facts(self) -> dict[str, Any]:
        trained = [one for _, one in tree_flatten(self.model.trainable_parameters())]
        return {
            **self._facts_of_run(),
            "method": self.method,
            "parameters_count": self.parameters,
            "parameters_trained": sum(one.size for one in trained),
            "device": f"mlx {mx.default_device().type.name}",
            "dtype": str(trained[0].dtype).removeprefix("mlx.core."),
            "versions": {name: version(name) for name in ("mlx", "mlx-lm", "transformers")},
        }


def _written(path: Path, arrays: dict[str, mx.array], facts: dict[str, str]) -> None:
    mx.save_safetensors(str(path), arrays, metadata=facts)
    with open(path, "rb+") as written:
        os.fsync(written.fileno())
