# SPDX-License-Identifier: GPL-3.0-or-later
"""A model in memory as one GGUF file, for those architectures and tokenizers that llama.cpp reads the same way.

Names of keys and tensors come from the `gguf` package, which llama.cpp's authors publish; what else must be known of an
architecture is in `ARCHITECTURES`. What is not surely the same there is refused (docs/decisions/003-gguf.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from .channel import Refused

INSTEAD = "Export it with --form safetensors; llama.cpp's own convert_hf_to_gguf.py may know it."
TYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16", "q8_0": "Q8_0"}
FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
AS_STORED = {torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16"}
TOLERANCES = {"F32": 0.0, "F16": 2**-10, "BF16": 2**-8, "Q8_0": 1 / 127}
"""Number format → how far a weight may be off when it is read back, as a part of the largest in its tensor."""
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPLITS = {
    ("ByteLevel with regex",): "gpt-2",
    ("Digits", "ByteLevel with regex"): "smollm",
    (QWEN2, "ByteLevel"): "qwen2",
}
"""Steps of a tokenizer's pre-tokenizer → the name under which llama.cpp splits text the same way."""


@dataclass(frozen=True)
class Architecture:
    """How llama.cpp takes a Transformers architecture: its name there; whether rows of queries and keys are reordered
    for its rotary embedding (pairs side by side instead of in two halves)."""

    arch: gguf.MODEL_ARCH
    reordered: bool


ARCHITECTURES = {
    "llama": Architecture(gguf.MODEL_ARCH.LLAMA, True),
    "qwen2": Architecture(gguf.MODEL_ARCH.QWEN2, False),
    "qwen3": Architecture(gguf.MODEL_ARCH.QWEN3, False),
}


def write(model: Any, tokenizer: Any, path: Path, kind: str, name: str, licence: str) -> None:
    """Write a causal language model and its tokenizer to `path`; `kind` is one of `TYPES`. Raises Refused."""
    config = model.config
    known = _architecture(config)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[known.arch])
    try:
        writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(name)
        if licence:
            writer.add_license(licence.lower())
        _add_shape(writer, config)
        writer.add_file_type(gguf.LlamaFileType[FILE_TYPES[kind]])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        _add_tokenizer(writer, tokenizer, config.vocab_size)
        for name, values in tensors(model):
            quantised = _type(values, kind)
            stored = gguf.quant_shape_to_byte_shape(values.shape, quantised)
            if quantised in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16):
                dtype = np.float32 if quantised == gguf.GGMLQuantizationType.F32 else np.float16
                writer.add_tensor_info(name, values.shape, np.dtype(dtype), int(np.prod(stored)), quantised)
            else:
                writer.add_tensor_info(name, stored, np.dtype(np.uint8), int(np.prod(stored)), quantised)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for _, values in tensors(model):
            writer.write_tensor_data(gguf.quantize(values.float().numpy(), _type(values, kind)))
    finally:
        writer.close()


def check(path: Path, model: Any) -> None:
    """Read the file again: every tensor of the model, under its name, in its shape, with its values. Raises Refused."""
    read = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    for name, values in tensors(model):
        tensor = read.pop(name)
        got = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(values.shape)
        wanted = values.float().numpy()
        most = TOLERANCES[tensor.tensor_type.name] * float(np.abs(wanted).max())
        if not np.abs(got - wanted).max() <= most:
            raise Refused("gguf", f"The GGUF file does not hold the model's weights ({name} differs). {INSTEAD}")
    if read:
        raise Refused("gguf", f"The GGUF file holds what the model does not: {', '.join(sorted(read)[:3])}. {INSTEAD}")


def tensors(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The model's tensors under their names in a GGUF file, as llama.cpp lays them out. Raises Refused."""
    config = model.config
    known = _architecture(config)
    names = gguf.get_tensor_name_map(known.arch, config.num_hidden_layers)
    for theirs, values in model.state_dict().items():
        if theirs == "lm_head.weight" and config.tie_word_embeddings:
            continue
        name = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise Refused("gguf", f"This model has {theirs}, which has no place in a GGUF file. {INSTEAD}")
        values = values.detach().cpu()
        if known.reordered and ".attn_q." in name:
            values = _reordered(values, config.num_attention_heads)
        elif known.reordered and ".attn_k." in name:
            values = _reordered(values, config.num_key_value_heads)
        yield name, values


def _reordered(values: torch.Tensor, heads: int) -> torch.Tensor:
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return halves.transpose(1, 2).reshape(values.shape)


def _type(values: torch.Tensor, kind: str) -> gguf.GGMLQuantizationType:
    """The number format of a tensor. Norms and biases are few, and llama.cpp wants them in float32."""
    wanted = gguf.GGMLQuantizationType[TYPES[kind]]
    if values.ndim == 1:
        return gguf.GGMLQuantizationType.F32
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    return wanted if values.shape[-1] % block == 0 else gguf.GGMLQuantizationType.F16


def _architecture(config: Any) -> Architecture:
    known = ARCHITECTURES.get(config.model_type)
    if known is None:
        names = ", ".join(ARCHITECTURES)
        raise Refused(
            "gguf", f"A model of type {config.model_type} is not written as GGUF here, only {names}. {INSTEAD}"
        )
    rope = config.rope_parameters or {}
    unlike = {
        "another activation than SiLU": config.hidden_act != "silu",
        "rotary embeddings that are scaled": rope.get("rope_type", "default") != "default",
        "rotary embeddings of a part of each head": rope.get("partial_rotary_factor", 1.0) != 1.0,
        "biases": known.reordered and (config.attention_bias or config.mlp_bias),
        "a sliding window": bool(getattr(config, "use_sliding_window", False)),
    }
    if found := [words for words, is_so in unlike.items() if is_so]:
        raise Refused("gguf", f"This model has {found[0]}, which is not written as GGUF here. {INSTEAD}")
    return known


def _add_shape(writer: gguf.GGUFWriter, config: Any) -> None:
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Any, size: int) -> None:
    whole = json.loads(tokenizer.backend_tokenizer.to_str())
    added = {one["id"]: one for one in whole["added_tokens"]}
    words = {number: word for word, number in tokenizer.get_vocab().items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split_name(whole))
    writer.add_token_list([words.get(number, f"[PAD{number}]") for number in range(size)])
    writer.add_token_types([_token_type(number, words, added) for number in range(size)])
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in whole["model"]["merges"]])
    writer.add_add_bos_token(tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id])
    writer.add_add_space_prefix(False)
    for add, number in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if number is not None:
            add(number)
    writer.add_chat_template(tokenizer.chat_template)


def split_name(tokenizer: dict[str, Any]) -> str:
    """Under which name llama.cpp splits text like this `tokenizer.json` does, before pairs are merged. Raises
    Refused."""
    model, before = tokenizer["model"], tokenizer["pre_tokenizer"] or {"type": ""}
    steps = tuple(map(_step, before["pretokenizers"] if before["type"] == "Sequence" else [before]))
    normal = (tokenizer["normalizer"] or {"type": "NFC"})["type"]  # llama.cpp takes text as normalised
    if model["type"] != "BPE" or model.get("ignore_merges") or normal != "NFC" or steps not in SPLITS:
        raise Refused("gguf", f"This model's tokenizer is not known to llama.cpp under a name. {INSTEAD}")
    return SPLITS[steps]


def _step(step: dict[str, Any]) -> str:
    if step["type"] == "ByteLevel" and not step["add_prefix_space"]:
        return "ByteLevel with regex" if step.get("use_regex", True) else "ByteLevel"
    if step["type"] == "Digits" and step["individual_digits"]:
        return "Digits"
    if step["type"] == "Split" and step["behavior"] == "Isolated" and not step["invert"]:
        return str(step["pattern"].get("Regex", ""))
    return ""


def _token_type(number: int, words: dict[int, str], added: dict[int, dict[str, Any]]) -> gguf.TokenType:
    if number in added:
        return gguf.TokenType.CONTROL if added[number]["special"] else gguf.TokenType.USER_DEFINED
    return gguf.TokenType.NORMAL if number in words else gguf.TokenType.UNUSED
