# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dataset does for models that nobody can tune: `dataset skill` and `dataset prompt`."""

from __future__ import annotations

import argparse
import json
import sys

from .. import prompts, tokens
from ..dataset_builder import skill
from ..errors import Exit, Unavailable
from ..providers.answering import Chat, ClaudeAnswers, let_out
from ..providers.refusals import Refusal
from ..words import counted

MOST_TOKENS = 4096
"""Of the answer to a prompt."""


def write(found: argparse.Namespace) -> int:
    """An Agent Skill."""
    made = skill.write(found.folder, found.out, allow=found.allow, own=found.yes, tokens=found.tokens)
    if found.json:
        print(json.dumps({**vars(made), "folder": str(made.folder)}))
        return Exit.DONE
    print(
        f"{counted(made.examples, 'example')} in {counted(made.files, 'file')}, about {made.tokens:,} tokens: "
        f"{made.folder}"
    )
    if made.own:
        print(f"{counted(made.own, 'example')} of your own files left out; --yes takes them.")
    return Exit.DONE


def prompt(found: argparse.Namespace, online: bool) -> int:
    """A request with the nearest examples, to standard output; what it comes to is told beside it. `online`: Blender
    lets something out."""
    chat = skill.prompt(found.folder, found.request, allow=found.allow, own=found.yes)
    who = ClaudeAnswers(found.model, found.url)
    json.dump(who.request(chat, MOST_TOKENS), sys.stdout, ensure_ascii=True, indent=2)
    print()
    print(f"{counted(chat.kept // 2, 'example')}, {_tokens(who, chat, found.yes, online)}", file=sys.stderr)
    return Exit.DONE


def _tokens(who: ClaudeAnswers, chat: Chat, yes: bool, online: bool) -> str:
    """How many tokens the chat has: counted by the host where a person lets it have the chat, else estimated."""
    why = ""
    if yes and (who.near or tokens.find().get(who.token)):
        try:
            let_out(who.host, online)
            return f"{who.count(chat):,} tokens by {who.host}'s own count."
        except (Refusal, Unavailable) as error:
            why = f" {error}"
    characters = sum(len(message["content"]) for message in chat.messages)
    return f"about {round(characters / prompts.CHARACTERS_A_TOKEN['claude']):,} tokens by its length.{why}"
