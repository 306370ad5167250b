# SPDX-License-Identifier: GPL-3.0-or-later
"""A GGUF file in llama.cpp beside the model that it was made of in Transformers: equal tokens, equal greedy answers?

    python benchmarks/gguf.py ask MODEL TEST.jsonl --out ASKED.json [--rows N] [--new N]   (the training environment)
    python benchmarks/gguf.py compare ASKED.json MODEL.gguf                   (a Python with xllamacpp 2026.10.11549)

`ask` answers the N shortest requests of a dataset's rows of kind tree in float32; `compare` has llama.cpp cut the same
text into tokens and answer it, each number format of its own, and prints one JSON object: of how many prompts the
tokens are equal, the tokens of the answers, how many of them are equal up to the first that differs, and tokens a
second (median of the prompts), with the load of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def ask(found: argparse.Namespace) -> None:
    """Greedy answers by Transformers, with the prompts as text and tokens."""
    import torch

    from voxel_trainer_addon import prompts
    from voxel_trainer_addon.providers.local import models

    models.quiet()
    tokenizer = models.tokenizer_of(str(found.model))
    model = models.load(str(found.model), torch.float32).eval()
    rows = [json.loads(line) for line in found.rows_file.read_text(encoding="utf-8").splitlines()]
    asked: list[dict[str, Any]] = []
    for row in sorted((row for row in rows if row["kind"] == "tree"), key=lambda row: len(row["prompt"]))[: found.rows]:
        text = tokenizer.apply_chat_template(prompts.messages(row), tokenize=False, add_generation_prompt=True)
        tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            whole = model.generate(
                **tokens,
                do_sample=False,
                max_new_tokens=found.new,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )[0].tolist()
        prompt = tokens.input_ids[0].tolist()
        asked.append({"text": text, "tokens": prompt, "answer": whole[len(prompt) :], "most": found.new})
    found.out.write_text(json.dumps(asked), encoding="utf-8")


def compare(found: argparse.Namespace) -> None:
    """The same prompts to llama.cpp's server, inside this process."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(found.gguf)
    settings.n_ctx, settings.n_parallel = 4096, 1
    settings.cpuparams.n_threads = os.cpu_count()
    server = xllamacpp.Server(settings)

    def post(path: str, **body: Any) -> Any:
        words = {"Content-Type": "application/json"}
        request = urllib.request.Request(server.listening_address + path, json.dumps(body).encode(), words)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    same_tokens = equal = answered = 0
    speeds = []
    asked = json.loads(found.asked.read_text(encoding="utf-8"))
    for one in asked:
        cut = post("/tokenize", content=one["text"], add_special=False, parse_special=True)["tokens"]
        same_tokens += cut == one["tokens"]
        said = post(
            "/completion",
            **{"prompt": one["tokens"], "n_predict": one["most"], "temperature": 0, "top_k": 1},
            **{"cache_prompt": False, "return_tokens": True},
        )
        pairs = zip(one["answer"], said["tokens"], strict=False)
        equal += next((i for i, (theirs, ours) in enumerate(pairs) if theirs != ours), len(said["tokens"]))
        answered += len(one["answer"])
        speeds.append(said["timings"]["predicted_per_second"])
    told = {
        **{"prompts": len(asked), "same_tokens": same_tokens, "answer_tokens": answered, "equal": equal},
        **{"tokens_s": round(statistics.median(speeds), 1), "load": [round(one, 1) for one in os.getloadavg()]},
    }
    print(json.dumps(told), flush=True)
    os._exit(0)  # the server's threads do not end by themselves


def main() -> None:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(required=True)
    asks = commands.add_parser("ask")
    asks.add_argument("model", type=Path)
    asks.add_argument("rows_file", type=Path, metavar="TEST.jsonl")
    asks.add_argument("--out", type=Path, required=True)
    asks.add_argument("--rows", type=int, default=8)
    asks.add_argument("--new", type=int, default=64)
    asks.set_defaults(does=ask)
    compares = commands.add_parser("compare")
    compares.add_argument("asked", type=Path)
    compares.add_argument("gguf", type=Path)
    compares.set_defaults(does=compare)
    found = top.parse_args()
    found.does(found)


if __name__ == "__main__":
    main()
