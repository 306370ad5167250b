# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in memory: loading one from a folder, and its loss on answers without paying for the rest of a row."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors
import torch
import transformers

from . import devices
from .channel import Refused
from .chat import Encoded

ADAPTER = "adapter_config.json"


def quiet() -> None:
    """No progress bars and warnings of the libraries: nobody reads them here."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def device() -> str:
    """PyTorch's word for the best device here: `cuda` (NVIDIA and AMD cards), `mps` or `cpu`."""
    return devices.found().kind


def tokenizer_of(folder: str) -> Any:
    """The tokenizer in a model's folder; it can always pad. Raises Refused."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise Refused(
            "model", f"{Path(folder).name} has no tokenizer that can be loaded: {_first_line(error)}"
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def config_of(folder: str) -> Any:
    """The configuration in a model's folder. Raises Refused where it is gone, or unknown to the library itself."""
    if not Path(folder).is_dir():
        raise Refused(
            "model", f"The model's folder {Path(folder).name} is gone. Put it back or fetch it again, then go on."
        )
    try:
        return transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise Refused(
            "model", f"{Path(folder).name} is no model that can be loaded here: {_first_line(error)}"
        ) from error


def parameters_of(folder: str) -> int:
    """How many parameters the model in a folder has, without loading it."""
    with torch.device("meta"):
        return int(transformers.AutoModelForCausalLM.from_config(config_of(folder)).num_parameters())


def load(folder: str, dtype: torch.dtype, *, four_bit: bool = False) -> Any:
    """The model in a folder, on the best device. Weights are read from safetensors only. Raises Refused."""
    config_of(folder)
    how: dict[str, Any] = {"quantization_config": _four_bit(dtype), "device_map": {"": 0}} if four_bit else {}
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, local_files_only=True, **how
        )
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise Refused("model", f"{Path(folder).name} could not be loaded: {_first_line(error)}") from error
    return model if four_bit else model.to(device())


def _four_bit(dtype: torch.dtype) -> Any:
    """How QLoRA holds the frozen weights: NF4, its constants quantised too (Dettmers et al. 2023)."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Refused(
            "bitsandbytes", "Method qlora needs the package bitsandbytes in the training environment: install it there."
        )
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def is_adapter(folder: str) -> bool:
    """Whether a folder holds an adapter (to be laid over its base) and not a whole model."""
    return (Path(folder) / ADAPTER).is_file()


def with_adapter(base: Any, folder: str, name: str = "default") -> Any:
    """`base` with the adapter in `folder` laid over it, beside those it has; `set_adapter` chooses by name, and
    `disable_adapter` takes all off. `base` itself changes."""
    import peft

    if isinstance(base, peft.PeftModel):
        base.load_adapter(folder, name, autocast_adapter_dtype=False)
        return base
    return peft.PeftModel.from_pretrained(base, folder, name, autocast_adapter_dtype=False)


def with_new_adapter(base: Any, rank: int) -> Any:
    """`base` with a new adapter to train at all linear layers, which changes nothing yet."""
    import peft

    shape = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    return peft.get_peft_model(base, shape)


def with_adapter_to_train(base: Any, folder: str) -> Any:
    """`base` with the adapter in `folder`, to be trained on."""
    import peft

    return peft.PeftModel.from_pretrained(base, folder, is_trainable=True)


def adapter_base(folder: str) -> str:
    """The name or folder of the base that an adapter was made for."""
    return str(json.loads((Path(folder) / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"])


def answer_losses(model: Any, rows: Sequence[Encoded], pad: int) -> torch.Tensor:
    """The loss at each answer token of the rows, in nats, row after row. Shape: (answer tokens in all,).

    Only the positions before answer tokens reach the output layer: logits of prompt and padding, 49,152 numbers a token
    for the embedded model, would be worked out and kept for nothing.
    """
    where = next(model.parameters()).device
    width = max(len(row.tokens) for row in rows)
    tokens = torch.full((len(rows), width), pad, dtype=torch.long)
    attention = torch.zeros((len(rows), width), dtype=torch.long)
    counts = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens[i, : len(row.tokens)] = torch.tensor(row.tokens)
        attention[i, : len(row.tokens)] = 1
        counts[i, row.answer - 1 : len(row.tokens) - 1] = True
    targets = tokens.roll(-1, dims=1)[counts].to(where)
    counts = counts.to(where)
    output = model.get_output_embeddings()
    hook = output.register_forward_pre_hook(lambda _, inputs: (inputs[0][counts],))
    try:
        logits = model(input_ids=tokens.to(where), attention_mask=attention.to(where), use_cache=False).logits
    finally:
        hook.remove()
    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
