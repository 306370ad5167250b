# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that every trainer goes by where nobody says otherwise. Imports nothing: each environment reads them."""

FULL_UP_TO = 200_000_000
"""Parameters up to which method `auto` tunes all of them."""
FLOAT32_UP_TO = 1_000_000_000
"""Parameters up to which a model under an adapter is held in float32 (then in bfloat16)."""
RANK = 16
"""Of a LoRA adapter."""
RATES = {("sft", "full"): 2e-4, ("sft", "lora"): 1e-3, ("dpo", "full"): 1e-6, ("dpo", "lora"): 1e-5}
"""Highest learning rates. SFT: measured on the embedded model. DPO: the default of TRL's DPOConfig (full), ten times as
much for an adapter, as TRL's documentation advises."""
BATCH_TOKENS = 1024
"""At most in a batch, padding included."""
CLIP = 1.0
"""Longest gradient (norm over all parameters)."""
