# SPDX-License-Identifier: GPL-3.0-or-later
"""The words to paste: how an exported model is taken into other programs, and Ollama's Modelfile."""

from __future__ import annotations

from collections.abc import Sequence

from .. import prompts

CHATML = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
"""ChatML in Go's template language, as Ollama reads it
(https://docs.ollama.com/modelfile#template): every message in turn, that of the system among them."""
TEMPLATE_WITHIN = "# TEMPLATE is left out: Ollama goes by the chat template inside the GGUF file."


def modelfile(gguf: str, chatml: bool, end: str) -> str:
    """A Modelfile for the GGUF file of that name beside it. `end` is the token that ends an answer."""
    template = f'TEMPLATE """{CHATML}"""' if chatml else TEMPLATE_WITHIN
    return (
        f'FROM ./{gguf}\n{template}\nSYSTEM """{prompts.SYSTEM}"""\nPARAMETER temperature 0\nPARAMETER stop "{end}"\n'
    )


def how_to(form: str, name: str, files: Sequence[str], base: str, context: int = 0) -> str:
    """HOW-TO.md for an export: what to type, and what every program must be told."""
    gguf = next((file for file in files if file.endswith(".gguf")), "")
    words = {"gguf": _gguf, "safetensors": _safetensors, "adapter": _adapter}[form](name, gguf or base, context)
    systems = "\n".join(f"- for {form}: `{text}`" for form, text in prompts.SYSTEMS.items())
    return (
        f"# How to use {name}\n\n"
        f"All commands are for this folder.\n\n{words}\n"
        "## What every program must be told\n\n"
        "The system message decides the form of the answer; the model was tuned with exactly these:\n\n"
        f"{systems}\n\n"
        "Temperature 0. A prompt names the kind of thing and its name, as in: "
        '`Make a material with red noise. Name it "Rust".` Answers are code from a model: read them before you run '
        "them, and run them on files of which you have a copy.\n"
    )


def _gguf(name: str, file: str, context: int) -> str:
    return (
        "## llama.cpp\n\n"
        f"    llama-server -m {file} --jinja -c {min(context, 4096)} --temp 0\n\n"
        "It answers at http://127.0.0.1:8080/v1 as OpenAI does, and has a page for chats at http://127.0.0.1:8080.\n\n"
        "## Ollama\n\n"
        f"    ollama create {name} -f Modelfile\n"
        f"    ollama run {name}\n\n"
        "## LM Studio\n\n"
        f"    lms import {file}\n\n"
        "Then choose the model in a chat, and paste the system message below into System Prompt.\n"
    )


def _safetensors(name: str, base: str, context: int) -> str:
    return (
        "## Transformers\n\n"
        '    pipeline("text-generation", model=".", torch_dtype="auto")\n\n'
        "## vLLM\n\n"
        f"    vllm serve . --served-model-name {name}\n\n"
        "## mlx-lm, on a Mac\n\n"
        '    mlx_lm.generate --model . --system-prompt "…" --prompt "…" --temp 0\n'
    )


def _adapter(name: str, base: str, context: int) -> str:
    return (
        "## PEFT\n\n"
        f"The adapter is laid over its base, {base}, in the revision that the model card names; over another one it "
        "answers nonsense.\n\n"
        '    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), ".")\n\n'
        "Programs without adapters want the whole model: export it with `--form safetensors` or `--form gguf`.\n"
    )
