# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider `claude` for tuning: Amazon Bedrock, where alone Claude could be tuned, and Anthropic's models there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from .bedrock import BedrockHost
from .bedrock_families import CLAUDE


class ClaudeHost(BedrockHost):
    """Bedrock as the host of Anthropic's models."""

    provider, format, may_train_as = "claude", "claude", "claude"
    limits = replace(CLAUDE.limits, validation_rows=(0, 0))  # held-out rows that do not fit are left out

    def takes(self, model: str) -> bool:
        return model.rpartition("/")[2].startswith(CLAUDE.begins)

    def closed(self) -> str:
        return (
            f"No Claude can be tuned at {self.url}, as asked on {date.today()}. The last one, Claude 3 Haiku, ended on "
            "Bedrock on 2026-09-10. What works: the folder claude/ of the dataset keeps the rows in its format; Claude "
            "can be shown examples in its prompt (`dataset prompt`) or as an Agent Skill (`dataset skill`); --provider "
            "local tunes a model of open weights here, --provider bedrock one at Amazon."
        )


def host(url: str) -> ClaudeHost:
    """See `tuning`."""
    return ClaudeHost(url)
