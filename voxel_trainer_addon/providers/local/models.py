# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in memory: loading one from a folder, and its loss on answers without paying for the rest of a row."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from .channel import Refused
from .chat import Encoded

ADAPTER = "adapter_config.json"


def quiet() -> None:
    """No progress bars and warnings of the libraries: nobody reads them here."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def device() -> str:
    """`cuda` where there is such a card, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def set_threads(threads: int) -> int:
    """Use `threads` processor threads (0: as PyTorch likes); the number in use."""
    if threads:
        torch.set_num_threads(threads)
    return int(torch.get_num_threads())


def tokenizer_of(folder: str) -> Any:
    """The tokenizer in a model's folder; it can always pad."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def config_of(folder: str) -> Any:
    """The configuration in a model's folder. Raises Refused where the library does not know it by itself."""
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


def load(folder: str, dtype: torch.dtype) -> Any:
    """The model in a folder, on the best device. Weights are read from safetensors only. Raises Refused."""
    config_of(folder)
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise Refused("model", f"{Path(folder).name} could not be loaded: {_first_line(error)}") from error
    return model.to(device())


def is_adapter(folder: str) -> bool:
    """Whether a folder holds an adapter (to be laid over its base) and not a whole model."""
    return (Path(folder) / ADAPTER).is_file()


def with_adapter(base: Any, folder: str) -> Any:
    """`base` with the adapter in `folder` laid over it (`base` itself changes; `disable_adapter` takes it off)."""
    import peft

    return peft.PeftModel.from_pretrained(base, folder, autocast_adapter_dtype=False)


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


def peak_mb() -> int:
    """The most memory that this process has had, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def has_bfloat16() -> bool:
    """Whether this machine counts in bfloat16 by itself; where it must be imitated it is slower than float32."""
    if device() == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
