# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: exports read by their users' libraries answer like base and adapter.

Words: the checkout, the base, the adapter, the merged folder, and a GGUF file in q8_0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf
import numpy as np
import peft
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, MistralConfig

sys.path.insert(0, sys.argv[1])

from voxel_trainer_addon.providers.local import to_gguf
from voxel_trainer_addon.providers.local.channel import Refused

base, adapter, merged, quantised = map(Path, sys.argv[2:])
tokens = torch.tensor([[1, 70, 71, 72, 2, 1, 90, 91]])


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(input_ids=tokens).logits


def loaded(folder: Path, **words: str) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **words)


untuned = logits(loaded(base))
wanted = logits(peft.PeftModel.from_pretrained(loaded(base), adapter))
assert (wanted - untuned).abs().max() > 1e-2, "the adapter changes nothing: it proves nothing"
assert (logits(loaded(merged)) - wanted).abs().max() < 1e-4

weights = load_file(merged / "model.safetensors")
whole, tokenizer = loaded(merged), AutoTokenizer.from_pretrained(merged)
written = {kind: quantised.with_name(f"{kind}.gguf") for kind in ("f32", "bf16", "f16")}
for kind, path in written.items():
    to_gguf.write(whole, tokenizer, path, kind, "Tiny", "MIT")
    to_gguf.check(path, whole)
for path, most in ((quantised, 0.1), (written["f32"], 1e-4), (written["f16"], 0.01), (written["bf16"], 0.05)):
    assert (logits(loaded(path.parent, gguf_file=path.name)) - wanted).abs().max() < most, path.name
    reader = gguf.GGUFReader(path)
    read = {tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
    assert len(read) == len(weights)
    for theirs, ours in (
        ("model.embed_tokens.weight", "token_embd.weight"),
        ("model.layers.1.mlp.down_proj.weight", "blk.1.ffn_down.weight"),
        ("model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight"),
    ):
        assert read[ours].shape == weights[theirs].shape
        assert np.abs(read[ours] - weights[theirs].numpy()).max() < most
    assert reader.fields["tokenizer.ggml.pre"].contents() == "gpt-2"
    assert reader.fields["tokenizer.ggml.eos_token_id"].contents() == 2
    assert reader.fields["tokenizer.chat_template"].contents() == (merged / "chat_template.jinja").read_text()

sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
sizes |= {"num_key_value_heads": 2, "vocab_size": len(tokenizer), "tie_word_embeddings": False}
for kind, made in (
    ("qwen2", transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**sizes))),
    # Transformers reads heads of 128 only, whatever the file says; llama.cpp goes by the file.
    ("qwen3", transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**sizes, head_dim=128))),
):
    with torch.no_grad():
        for weight in made.parameters():
            weight += torch.randn_like(weight) / 8
    path = quantised.with_name(f"{kind}.gguf")
    to_gguf.write(made, tokenizer, path, "f32", "Tiny", "MIT")
    assert (logits(loaded(path.parent, gguf_file=path.name)) - logits(made)).abs().max() < 1e-4, kind


def refusal(change: str, value: object) -> str:
    kept = getattr(whole.config, change)
    setattr(whole.config, change, value)
    try:
        list(to_gguf.tensors(whole))
    except Refused as refused:
        return refused.sentence
    finally:
        setattr(whole.config, change, kept)
    return ""


assert not refusal("hidden_act", "silu")
assert "SiLU" in refusal("hidden_act", "gelu") and "biases" in refusal("attention_bias", True)
with torch.no_grad():
    whole.model.norm.weight += 1.0
try:
    to_gguf.check(written["f16"], whole)
except Refused as refused:
    assert "output_norm.weight differs" in refused.sentence
else:
    raise AssertionError("a file with other weights passed")
whole.config = MistralConfig()
try:
    list(to_gguf.tensors(whole))
except Refused as refused:
    assert "of type mistral" in refused.sentence and "--form safetensors" in refused.sentence
else:
    raise AssertionError("an architecture that is not known was written")

byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
digits = {"type": "Digits", "individual_digits": True}
described = {"model": {"type": "BPE"}, "normalizer": None, "pre_tokenizer": byte_level}
assert to_gguf.split_name(described) == "gpt-2"
sequence = {"type": "Sequence", "pretokenizers": [digits, byte_level]}
assert to_gguf.split_name({**described, "pre_tokenizer": sequence}) == "smollm"
for unknown in ({"pre_tokenizer": digits}, {"pre_tokenizer": None}, {"model": {"type": "Unigram"}}):
    try:
        to_gguf.split_name({**described, **unknown})
    except Refused:
        continue
    raise AssertionError(f"{unknown} has no name")
print("all good")
