# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which terms models write, which may keep it from training others; what they and training by a host cost."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UserError

TABLE = Path(__file__).with_name("makers.toml")
OWN = "author.toml"
"""The file in a data folder that goes before our table."""
ANYBODY = "*"
PLATFORMS = ("openai", "claude", "local")
"""Where rows may be trained on: by OpenAI itself, by Anthropic, anywhere else."""


@dataclass(frozen=True)
class Terms:
    """`trains` are the platforms on which what such a model wrote may be trained on, `*` for any; `date` is that of the
    terms that `clause` is quoted from."""

    maker: str
    clause: str
    about: str
    source: str
    date: str
    trains: tuple[str, ...]


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, read on `date` from `source`."""

    input: float
    output: float
    date: str
    source: str

    def of(self, prompt_tokens: int, answer_tokens: int) -> float:
        """US dollars."""
        return (prompt_tokens * self.input + answer_tokens * self.output) / 1e6


@dataclass(frozen=True)
class TrainingPrice:
    """What a host asks for a million tokens that it trains on, each pass counted, in `currency`, read on `date` from
    `source`."""

    tokens: float
    currency: str
    date: str
    source: str

    def of(self, tokens: int) -> float:
        """What so many tokens cost."""
        return tokens * self.tokens / 1e6


@cache
def terms() -> Mapping[str, Terms]:
    """All terms by their id."""
    return {id: Terms(**{**told, "trains": tuple(told["trains"])}) for id, told in _table()["terms"].items()}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


class Makers:
    """The table, with what the data folder in `root` says of models and prices in front. Raises UserError where that
    cannot be read."""

    def __init__(self, root: Path) -> None:
        self._own = _own(root / OWN)

    def terms_of(self, model: str, licence: str = "") -> str:
        """The id of the terms of what `model` writes: by the data folder's word, by the licence of the model's own
        folder, by its name. Raises UserError where nobody says."""
        name, table = model.rpartition("/")[2].lower(), _table()
        for told in (
            _first(self._own.get("models", {}), name, model.lower()),
            table["licences"].get(licence.lower(), ""),
            _first(table["models"], name),
        ):
            if told:
                return str(told)
        raise UserError(
            f"It is not known under which terms {model} writes. Say it in {OWN} in the data folder, below [models]: "
            f'"{model}" = one of {", ".join(terms())}.'
        )

    def price(self, model: str) -> Price | None:
        """What the tokens of a model cost, None where nobody says."""
        for prices in (self._own.get("prices", {}), _table()["prices"]):
            if told := prices.get(model):
                return Price(float(told["input"]), float(told["output"]), str(told["date"]), str(told["source"]))
        return None

    def training_price(self, host: str, model: str) -> TrainingPrice | None:
        """What the host of that name asks for training a model, None where nobody says."""
        for hosts in (self._own.get("training", {}), _table()["training"]):
            told = hosts.get(host, {})
            like = next((like for like in told.get("models", {}) if fnmatchcase(model, like)), None)
            if like is not None:
                return TrainingPrice(float(told["models"][like]), told["currency"], told["date"], told["source"])
        return None


def _first(models: Mapping[str, Any], *names: str) -> str:
    """The first of the patterns that fits one of the names."""
    found = (told for like, told in models.items() if any(fnmatchcase(name, like.lower()) for name in names))
    return str(next(found, ""))


def _own(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        for id in told.get("models", {}).values():
            if id not in terms():
                raise ValueError(f"{id} is none of {', '.join(terms())}")
        for model, price in told.get("prices", {}).items():
            if not all(isinstance(price.get(key), float | int) for key in ("input", "output")):
                raise ValueError(f"the price of {model} needs input and output, in dollars for a million tokens")
            price.setdefault("date", "unknown")
            price.setdefault("source", path.name)
        for host, price in told.get("training", {}).items():
            if not all(isinstance(value, float | int) for value in price["models"].values()):
                raise ValueError(f"the prices of {host} are numbers, what a million tokens cost")
            for key, default in (("currency", "USD"), ("date", "unknown"), ("source", path.name)):
                price[key] = str(price.get(key, default))
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{path} could not be read: {error}") from error
    return told


def may_train(row: Mapping[str, Any], platform: str) -> bool:
    """Whether a row may be trained on at one of PLATFORMS, by the terms of the model that wrote its request."""
    author = row.get("author")
    if not author:
        return True
    told = terms().get(author["terms"])
    return told is not None and (ANYBODY in told.trains or platform in told.trains)
