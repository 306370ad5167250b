# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: what must hold of masks, batches, losses, devices and the end of circles."""

from __future__ import annotations

import importlib.util
import random
import sys
from itertools import islice

sys.path.insert(0, sys.argv[1])

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from voxel_trainer_addon.providers.local import chat, decoding, devices, models
from voxel_trainer_addon.providers.local.channel import Refused

tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
asked = [{"role": "user", "content": "Make it."}]
rows = [{"id": str(n), "messages": asked, "completion": "a = 1\n" * (n % 7 + 1)} for n in range(20)]
encoded = [chat.encode(tokenizer, row) for row in rows]
for row, one in zip(rows, encoded, strict=True):
    assert tokenizer.decode(one.tokens[one.answer :]) == row["completion"] + tokenizer.eos_token

batches = list(islice(chat.batches(encoded, 0, 300), 16))
other_order = random.Random(0).sample(encoded, len(encoded))
assert batches == list(islice(chat.batches(other_order, 0, 300), 16))
assert all(len(batch) * max(len(row.tokens) for row in batch) <= 300 for batch in batches)

model = AutoModelForCausalLM.from_pretrained(sys.argv[2], dtype=torch.float32)
ours = models.answer_losses(model, encoded[:5], tokenizer.pad_token_id)
theirs = []
for one in encoded[:5]:
    labels = [-100] * one.answer + one.tokens[one.answer :]
    loss = model(input_ids=torch.tensor([one.tokens]), labels=torch.tensor([labels])).loss
    theirs += [float(loss)] * (len(one.tokens) - one.answer)
assert abs(float(ours.mean()) - sum(theirs) / len(theirs)) < 1e-5, (float(ours.mean()), sum(theirs) / len(theirs))

cut = [chat.Encoded(str(n), [0] * (n % 5 + 3), 2) for n in range(30)]
parts = list(chat.pieces(cut, 12))
assert [one for part in parts for one in part] == cut and all(
    len(part) == 1 or chat.space(part) <= 12 for part in parts
)

small, large = 135_000_000, 8_000_000_000
card = devices.Device("cuda", "cuda", True, 24 << 30)
old = devices.Device("cuda", "rocm", False, 8 << 30)
apple, plain = devices.Device("mps", "mps", True), devices.Device("cpu", "cpu", False)
for device in (card, old, apple, plain):
    assert devices.weights_for("full", small, device) == devices.Weights(torch.float32)
    assert devices.weights_for("lora", small, device) == devices.Weights(torch.float32)
assert devices.weights_for("lora", large, card) == devices.Weights(torch.bfloat16)
assert devices.weights_for("lora", 4 * large, card) == devices.Weights(torch.bfloat16, four_bit=True)
assert devices.weights_for("lora", large, old) == devices.Weights(torch.float16, four_bit=True)
assert devices.weights_for("lora", 2_000_000_000, devices.Device("mps", "mps", False)) == devices.Weights(torch.float32)
assert devices.weights_for("lora", large, apple) == devices.weights_for("lora", large, plain)
assert devices.weights_for("qlora", small, card).four_bit
for device in (apple, plain):
    try:
        devices.weights_for("qlora", small, device)
        raise SystemExit("4-bit weights without a card")
    except Refused as refused:
        assert refused.code == "device"
if importlib.util.find_spec("bitsandbytes") is None:
    try:
        models.load(sys.argv[2], torch.bfloat16, four_bit=True)
        raise SystemExit("4-bit weights without bitsandbytes")
    except Refused as refused:
        assert refused.code == "bitsandbytes"
try:
    torch.empty(1 << 60, dtype=torch.uint8)
except RuntimeError as error:
    assert devices.is_out_of_memory(error)
assert devices.is_out_of_memory(MemoryError()) and not devices.is_out_of_memory(RuntimeError("shapes differ"))

assert decoding.goes_in_circles("a\nb\n" * 3) and decoding.goes_in_circles("x\n" * 5)
assert not decoding.goes_in_circles("a\nb\nc\nd\ne\n") and not decoding.goes_in_circles("x\n" * 4)
print("all good")
