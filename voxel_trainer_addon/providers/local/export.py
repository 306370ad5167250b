# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `export`: a tuned model in a form that other programs read, checked against what was tuned before it is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from . import chat, devices, models
from .channel import Channel, Refused

IN_FLOAT32 = 4_000_000_000
"""Up to so many parameters an adapter is merged in float32 (4 bytes each), above that in the model's own format."""
SAME = {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""Number format of a merge → how far logits may be off, as a part of the largest."""
TOKENIZER = (
    "tokenizer*",
    "chat_template.jinja",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
)
"""Goes along as it is: a tokenizer that is read and written again may say the same in other words."""
TERMS = ("LICENSE*", "NOTICE*")


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Write the model in the folder `body["model"]` (an adapter is merged into the one in `base`) into the empty folder
    `out`.

    More keys: `form` (safetensors, gguf, adapter); `quantise` (GGUF's number format; empty: as the weights are stored);
    `name` and `licence` for the file's head and its name; `base_name`, what an adapter names its base; `chat`, a row
    whose logits are compared; `threads`. Lines: `phase`. Gives `files`, `dtype` and what was compared.
    """
    models.quiet()
    devices.set_threads(body["threads"])
    channel.say("phase", name="load")
    folder, out = Path(body["model"]), Path(body["out"])
    _take_along(Path(body["base"]), TERMS, out)
    if body["form"] == "adapter":
        return _adapter(body, folder, out)
    tokenizer = models.tokenizer_of(str(folder))
    model, facts = _whole(body, folder, tokenizer, channel)
    channel.say("phase", name="save")
    if body["form"] == "gguf":
        from . import to_gguf

        kind = body["quantise"] or to_gguf.AS_STORED[model.dtype]
        path = out / f"{body['name']}-{kind.upper()}.gguf"
        to_gguf.write(model, tokenizer, path, kind, body["name"], body["licence"])
        channel.say("phase", name="check")
        to_gguf.check(path, model)
        facts |= {"dtype": kind, "context": model.config.max_position_embeddings}
    else:
        model.save_pretrained(out)
        _take_along(folder, TOKENIZER, out)
        channel.say("phase", name="check")
        _check(out, model)
    return {
        **facts,
        "files": sorted(path.name for path in out.iterdir()),
        "chatml": is_chatml(tokenizer),
        "end": tokenizer.eos_token,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


def _whole(body: dict[str, Any], folder: Path, tokenizer: Any, channel: Channel) -> tuple[Any, dict[str, Any]]:
    """The model with its adapter merged in, on the processor, in the number format that its weights are stored in."""
    source = body["base"] if models.is_adapter(str(folder)) else str(folder)
    stored = getattr(models.config_of(source), "dtype", None) or torch.float32
    if source == str(folder):
        return models.load(source, stored).cpu().eval(), {"dtype": _name(stored)}
    dtype = torch.float32 if models.parameters_of(source) <= IN_FLOAT32 else stored
    adapted = models.with_adapter(models.load(source, dtype).cpu(), str(folder)).eval()
    tokens = chat.encoded(tokenizer, body["chat"]).tokens
    before = _logits(adapted, tokens)
    channel.say("phase", name="merge")
    merged = adapted.merge_and_unload(safe_merge=True)
    difference = float((_logits(merged, tokens) - before).abs().max() / before.abs().max())
    if not difference <= SAME[dtype]:
        raise Refused("merge", f"The merged model answers unlike the adapter (logits differ by {difference:.1%}).")
    rounded = _logits(merged.to(stored).to(dtype), tokens)
    return merged.to(stored), {
        "dtype": _name(stored),
        "merge_difference": difference,
        "rounding_difference": float((rounded - before).abs().max() / before.abs().max()),
        "same_best_token": float((rounded.argmax(-1) == before.argmax(-1)).float().mean()),
        "compared_positions": len(tokens),
    }


def _logits(model: Any, tokens: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].float()


def _check(out: Path, model: Any) -> None:
    """Read the folder as others will: the same weights, byte for byte."""
    read = models.load(str(out), model.dtype).cpu().state_dict()
    wanted = model.state_dict()
    if read.keys() != wanted.keys() or not all(torch.equal(read[name], wanted[name]) for name in wanted):
        raise Refused("export", "The exported weights are not those of the model: export it again.")


def _adapter(body: dict[str, Any], folder: Path, out: Path) -> dict[str, Any]:
    """The adapter as it is, but that it names its base by name and not by a folder of this machine."""
    if not models.is_adapter(str(folder)):
        raise Refused("adapter", "This model was tuned whole and has no adapter: export it as safetensors or gguf.")
    for path in folder.glob("adapter_model*"):
        shutil.copyfile(path, out / path.name)
    config = json.loads((folder / models.ADAPTER).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = body["base_name"]
    (out / models.ADAPTER).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _take_along(folder, TOKENIZER, out)
    return {"files": sorted(path.name for path in out.iterdir())}


def _take_along(folder: Path, patterns: Sequence[str], out: Path) -> None:
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        shutil.copyfile(path, out / path.name)


def is_chatml(tokenizer: Any) -> bool:
    """Whether the chat template writes ChatML: each message between <|im_start|> with its role and <|im_end|>."""
    said = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    text = "".join(f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in said)
    written = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    return bool(written == text + "<|im_start|>assistant\n")


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
