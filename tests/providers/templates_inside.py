# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: the counted tokens of rows are the answer and its end token, for a template.

`templates_inside.py ROOT MODEL`, and a JSON object on stdin: name → template text, or null for the model's own. Their
special tokens are added to the model's tokenizer, which stands in for their own. Prints name → words of the end token.
"""

from __future__ import annotations

import json
import sys

sys.path.insert(0, sys.argv[1])

from transformers import AutoTokenizer

from voxel_trainer_addon.providers.local import chat
from voxel_trainer_addon.providers.local.channel import Refused

SPECIAL = {
    "llama": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "qwen": ["<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_call>"],
}
END = {"llama": "<|eot_id|>", "qwen": "<|im_end|>"}
CODE = "import bpy\n\nmaterial = bpy.data.materials.new('Rust — Überzug 锈')\nmaterial.use_nodes = True\n"
ASKED = [{"role": "system", "content": "Answer with code."}, {"role": "user", "content": "Make rust.\n\nPlease."}]
BEFORE = [ASKED[0], {"role": "user", "content": "Hello."}, {"role": "assistant", "content": "x = 1"}, ASKED[1]]

found = {}
for name, template in json.load(sys.stdin).items():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
    if template is not None:
        family = name[: 5 if name.startswith("llama") else 4]
        tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL[family]})
        tokenizer.eos_token, tokenizer.chat_template = END[family], template
        if family == "llama":
            tokenizer.bos_token = SPECIAL[family][0]
    for messages in (ASKED, BEFORE):
        for answer in (CODE, "pass", f"  {CODE}  ", '{"nodes": []}'):
            one = chat.encoded(tokenizer, {"id": "1", "messages": messages, "completion": answer})
            decoded = tokenizer.decode(one.counted, clean_up_tokenization_spaces=False)
            assert decoded.strip() == answer.strip() + tokenizer.eos_token or decoded == answer + tokenizer.eos_token, (
                name,
                decoded,
            )
            assert one.counted.count(tokenizer.eos_token_id) == 1
            assert tokenizer.decode(one.prompt).count("Make rust.") == 1
    try:
        chat.encoded(tokenizer, {"id": "1", "messages": ASKED, "completion": ""})
        raise SystemExit(f"{name}: a row without an answer went through")
    except Refused as refused:
        assert "No token of the answer counts" in refused.sentence, (name, refused.sentence)
    found[name] = tokenizer.eos_token
json.dump(found, sys.stdout)
