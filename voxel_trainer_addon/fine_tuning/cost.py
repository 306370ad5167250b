# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job at a host is expected to cost, whether that may be spent, and how near the truth it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Unavailable
from ..providers.hosts import Quote
from ..providers.makers import OWN, TrainingPrice
from ..stage import Options

BUDGET = 500.0
"""What a job may cost where nobody names another sum, in the currency of the host's price."""
PASSES = 3
FEWEST_READ, MOST_READ, MOST_PASSES = 100, 25_000, 25
"""OpenAI's own defaults: three passes, more where fewer than 100 rows would be read in all, fewer above 25,000
(https://cookbook.openai.com/examples/chat_finetuning_data_prep)."""


@dataclass(frozen=True)
class Estimate:
    """Tokens of the training rows in one pass, and of the longest, at `characters` a token; how often they are read;
    the host's price, None where nobody knows it."""

    tokens_a_pass: int
    longest: int
    characters: float
    passes: int
    price: TrainingPrice | None

    @property
    def tokens(self) -> int:
        return self.tokens_a_pass * self.passes

    @property
    def read(self) -> str:
        """What is trained on, as a sentence."""
        how_often = "one pass" if self.passes == 1 else f"each of {self.passes} passes"
        return (
            f"About {self.tokens_a_pass:,} tokens in {how_often}, {self.tokens:,} in all: estimated by "
            f"{self.characters} characters a token, not counted."
        )

    @property
    def money(self) -> str:
        """Such as `18.51 USD`, '' where nobody knows the price."""
        return f"{self.price.of(self.tokens):,.2f} {self.price.currency}" if self.price else ""

    def as_json(self) -> dict[str, Any]:
        """For the job's record."""
        told: dict[str, Any] = {"tokens_a_pass": self.tokens_a_pass, "passes": self.passes, "tokens": self.tokens}
        if self.price:
            told |= {"money": round(self.price.of(self.tokens), 2), "price": vars(self.price)}
        return told


def passes(count: int, parameters: Mapping[str, str]) -> int:
    """How often so many rows are read: as the job's parameters say, else as OpenAI decides by itself."""
    for name, value in parameters.items():
        if "epoch" in name.lower() and value.isdecimal():
            return int(value)
    if count * PASSES < FEWEST_READ:
        return min(MOST_PASSES, FEWEST_READ // max(1, count))
    return max(1, MOST_READ // count) if count * PASSES > MOST_READ else PASSES


def within(options: Options, host: str, near: bool, model: str, estimate: Estimate) -> str:
    """How the cost stands to the budget, as a sentence. Raises Unavailable where it is above, or where nobody knows the
    price and no budget was named."""
    price, limit = estimate.price, options.budget or BUDGET
    if price is None and near:
        return f"{host} is this computer: it asks no price that is known here."
    if price is None and not options.budget:
        raise Unavailable(
            f"Nothing was sent to {host}: what it asks for training {model} is not known here. Look it up, and name "
            f"what you would pay with --budget and --yes, or write the price into {OWN} in the data folder."
        )
    if price is None:
        return f"The price is not known here: nobody can hold your budget of {limit:,.2f} but you."
    at = f"{price.tokens:,.2f} {price.currency} for a million tokens, the price of {price.date} ({price.source})"
    if price.of(estimate.tokens) > limit:
        raise Unavailable(
            f"Nothing was sent to {host}: training {model} would cost about {estimate.money}, above the budget of "
            f"{limit:,.2f} {price.currency}. --budget allows more. (About {estimate.tokens:,} tokens at {at}.)"
        )
    return f"That is about {estimate.money} at {at}; the budget is {limit:,.2f} {price.currency}."


def asked(options: Options, host: str, quote: Quote | None) -> str:
    """What the host itself asks, as a sentence. Raises Unavailable where that is more than may be spent."""
    if quote is None:
        return f"{host} cannot tell what the job costs."
    words, limit = f"{host} asks {quote.dollars:,.2f} USD for {quote.tokens:,} tokens", options.budget or BUDGET
    if quote.dollars > limit:
        raise Unavailable(
            f"No job was made, the files alone are there: {words}, above the budget of {limit:,.2f}. --budget allows "
            "more."
        )
    if not quote.allowed:
        raise Unavailable(f"No job was made, the files alone are there: {words}, and the account has not so much.")
    return f"{words}."


def compared(cost: Mapping[str, Any]) -> str:
    """How a job's estimate held, as a sentence; '' where the host does not say on how much it trained."""
    estimated, tokens = cost.get("estimated", {}), int(cost.get("real", {}).get("tokens", 0))
    if not tokens or not estimated.get("tokens"):
        return ""
    off = tokens / estimated["tokens"] - 1
    words = f"It trained on {tokens:,} tokens, {abs(off):.0%} {'more' if off > 0 else 'less'} than estimated"
    if price := estimated.get("price"):
        words += f": about {TrainingPrice(**price).of(tokens):,.2f} {price['currency']} at the price of {price['date']}"
    return f"{words}."
