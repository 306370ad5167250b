# SPDX-License-Identifier: GPL-3.0-or-later
"""Program for the training environment: what must hold of the engine that draws answers, in float32."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

import peft
import torch
import transformers

from voxel_trainer_addon.providers.local import chat, decoding, generate, loaded, models
from voxel_trainer_addon.providers.local.decoding import Answer, Draw

TINY, SCRATCH = sys.argv[2], Path(sys.argv[3])
MOST = 20

models.quiet()
tokenizer = models.tokenizer_of(TINY)
asked = [{"role": "user", "content": "Make it " + "very " * n + f"{n}."} for n in range(12)]
prompts = [
    chat.encode(tokenizer, {"id": str(n), "messages": [one], "completion": "a = 1"}).prompt
    for n, one in enumerate(asked)
]


def drawn(model: Any, which: Iterable[int], slots: int, **how: Any) -> dict[int, list[int]]:
    """Number of the prompt → its answer's tokens, in so many slots."""
    with torch.inference_mode():
        decoder = decoding.Decoder(model, tokenizer, slots, decoding.fits_together(model, tokenizer))
        answers = (Answer(n, prompts[n], MOST, Draw(**how, chance=random.Random(f"7/{n}"))) for n in which)
        return {answer.key: answer.tokens for answer in decoder.all(answers)}


def plain(model: Any, prompt: list[int]) -> list[int]:
    with torch.inference_mode():
        tokens = torch.tensor([prompt])
        produced = model.generate(
            input_ids=tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=MOST
        )
    return list(produced[0, len(prompt) :].tolist())


def goes_on(tokens: list[int]) -> list[int]:
    """Up to where the engine would have ended an answer that goes round in circles."""
    for end in range(decoding.LOOKED_AT, len(tokens), decoding.LOOKED_AT):
        if decoding.goes_in_circles(tokenizer.decode(tokens[:end])):
            return tokens[:end]
    return tokens


def an_answer_is_what_generate_gives_and_hangs_on_its_own_row_only(model: Any) -> None:
    together = drawn(model, range(len(prompts)), 5)
    assert together == {n: goes_on(plain(model, prompt)) for n, prompt in enumerate(prompts)}
    assert together == drawn(model, reversed(range(len(prompts))), 5)
    assert together == drawn(model, range(len(prompts)), 1) == drawn(model, range(len(prompts)), 8)


def chance_hangs_on_its_own_row_only(model: Any) -> None:
    for how in ({"temperature": 1.0}, {"temperature": 0.8, "top_p": 0.9}):
        together = drawn(model, range(len(prompts)), 5, **how)
        assert together == drawn(model, reversed(range(len(prompts))), 7, **how)
        assert together[3] == drawn(model, [3], 1, **how)[3]
        assert together != drawn(model, range(len(prompts)), 5)
    assert drawn(model, [2], 1, temperature=1.0, top_p=1e-9) == drawn(model, [2], 1), "only the likeliest is left"


def tokens_are_drawn_as_likely_as_they_are() -> None:
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draw = Draw(1.0, 0.9, random.Random(5))
    counts = [0] * 4
    for _ in range(4000):
        counts[draw(shares.log())] += 1
    assert counts[3] == 0, "beyond top_p"
    assert all(
        abs(count / 4000 - share / 0.95) < 0.03 for count, share in zip(counts[:3], shares.tolist(), strict=False)
    )


def a_model_with_another_memory_answers_too() -> None:
    torch.manual_seed(2)
    shape = {"vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "eos_token_id": 2}
    heads = {"intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
    sliding = transformers.MistralForCausalLM(transformers.MistralConfig(**shape, **heads, sliding_window=8))
    mixed = transformers.Lfm2ForCausalLM(
        transformers.Lfm2Config(**shape, **heads, layer_types=["conv", "full_attention"])
    )
    for model in (sliding.eval(), mixed.eval()):
        with torch.inference_mode():
            assert not decoding.fits_together(model, tokenizer)
        assert drawn(model, range(4), 3) == {n: goes_on(plain(model, prompts[n])) for n in range(4)}


def adapter(name: str, seed: int) -> str:
    torch.manual_seed(seed)
    made = models.with_new_adapter(models.load(TINY, torch.float32), 4)
    for parameter in (one for one in made.parameters() if one.requires_grad):
        parameter.data.normal_(0, 0.3)
    made.save_pretrained(SCRATCH / name)
    return str(SCRATCH / name)


def adapters_lie_side_by_side_over_one_base(model: Any) -> None:
    first, second = adapter("first", 1), adapter("second", 2)
    held = loaded.Loaded(torch.float32)
    for name, folder in {"base": TINY, "few": TINY, "one": first, "two": second}.items():
        held.name(name, folder)
    assert len({id(held.weights(name)) for name in held}) == 1
    alone = {"base": model, "few": model}
    for name, folder in (("one", first), ("two", second)):
        alone[name] = peft.PeftModel.from_pretrained(models.load(TINY, torch.float32), folder).eval()
    wanted = {name: drawn(one, range(4), 4) for name, one in alone.items()}
    assert wanted["one"] != wanted["two"] != wanted["base"] == wanted["few"]
    for name in ("two", "base", "one", "two", "few"):
        with held.decoding(name, 4) as decoder:
            found = {answer.key: answer.tokens for answer in decoder.all(Answer(n, prompts[n], MOST) for n in range(4))}
        assert found == wanted[name], name


class Heard:
    """A channel that keeps what is said."""

    stopping = False

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def say(self, kind: str, **told: Any) -> None:
        if kind == "answer":
            self.texts[told["model"]] = told["text"]

    def wait_while_paused(self) -> None:
        pass


def an_adapter_may_be_named_before_the_base_that_it_lies_over() -> None:
    about = SCRATCH / "first" / models.ADAPTER
    about.write_text(json.dumps({**json.loads(about.read_text()), "base_model_name_or_path": "gone"}))
    places, rows = (
        {"tuned": str(SCRATCH / "first"), "base": TINY},
        [{"id": "r", "messages": asked[:1], "completion": "a"}],
    )
    found = []
    for names in (("tuned", "base"), ("base", "tuned")):
        body = {"models": {name: places[name] for name in names}, "rows": rows, "max_new_tokens": MOST, "probe": False}
        generate.run({**body, "batch": 2, "seconds": 0, "threads": 1, "numbers": "float32"}, heard := Heard())
        found.append(heard.texts)
    assert found[0] == found[1] and found[0]["tuned"] != found[0]["base"]


def a_decoder_grows_while_answers_are_under_way(model: Any) -> None:
    alone = drawn(model, range(6), 1)
    with torch.inference_mode():
        decoder = decoding.Decoder(model, tokenizer, 1, True)
        under_way = [Answer(n, prompts[n], MOST) for n in range(6)]
        for slots, at in ((1, 0), (3, 1), (3, 2), (6, 3), (6, 4), (6, 5)):
            decoder.widen(slots)
            decoder.begin(under_way[at])
            decoder.step()
        while decoder.free < decoder.slots:
            decoder.step()
    assert {answer.key: answer.tokens for answer in under_way} == alone


def the_least_used_weights_go_first() -> None:
    size = models.parameters_of(TINY) * 4
    held = loaded.Loaded(torch.float32, 2 * size)
    for name in ("a", "b", "c"):
        shutil.copytree(TINY, SCRATCH / name)
        held.name(name, str(SCRATCH / name))
    a, b = held.weights("a"), held.weights("b")
    assert held.weights("a") is a and held.has_room("c", {"a"}) and not held.has_room("c", {"a", "b"})
    held.weights("c", {"a"})
    assert held.weights("a") is a and held.weights("b") is not b


tiny = models.load(TINY, torch.float32).eval()
with torch.inference_mode():
    assert decoding.fits_together(tiny, tokenizer)
an_answer_is_what_generate_gives_and_hangs_on_its_own_row_only(tiny)
chance_hangs_on_its_own_row_only(tiny)
tokens_are_drawn_as_likely_as_they_are()
a_model_with_another_memory_answers_too()
adapters_lie_side_by_side_over_one_base(tiny)
an_adapter_may_be_named_before_the_base_that_it_lies_over()
a_decoder_grows_while_answers_are_under_way(tiny)
the_least_used_weights_go_first()
print("all good")
