# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which terms models write, what they may train, and what they cost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voxel_trainer_addon.errors import UserError
from voxel_trainer_addon.providers.makers import PLATFORMS, Makers, may_train, terms


@pytest.mark.parametrize(
    ("model", "licence", "id"),
    [
        ("gpt-6-luna", "", "openai"),
        ("openai/gpt-oss-20b", "", "open-weights"),
        ("claude-haiku-5-5", "", "anthropic"),
        ("gemini-3-flash", "", "google"),
        ("meta-llama/Llama-3.2-1B-Instruct", "", "llama"),
        ("SmolLM2-135M-Instruct", "Apache-2.0", "open-weights"),
        ("anything", "mit", "open-weights"),
    ],
)
def test_terms_go_by_licence_and_name(tmp_path: Path, model: str, licence: str, id: str) -> None:
    assert Makers(tmp_path).terms_of(model, licence) == id


def test_what_nobody_knows_is_asked_for_and_the_data_folder_goes_before(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"author\.toml.*\"mystery-7b\" = one of openai, anthropic"):
        Makers(tmp_path).terms_of("mystery-7b")
    assert Makers(tmp_path).price("mystery-7b") is None
    (tmp_path / "author.toml").write_text(
        '[models]\n"mystery*" = "open-weights"\n"gpt-6*" = "open-weights"\n'
        '[prices."mystery-7b"]\ninput = 1\noutput = 2.5\n'
    )
    own = Makers(tmp_path)
    assert own.terms_of("mystery-7b") == own.terms_of("gpt-6-luna") == "open-weights"
    price = own.price("mystery-7b")
    assert price is not None and price.of(2_000_000, 1_000_000) == 4.5 and price.date == "unknown"


def test_what_training_by_a_host_costs(tmp_path: Path) -> None:
    price = Makers(tmp_path).training_price("api.openai.com", "gpt-4.1-mini-2025-04-14")
    assert price is not None and price.of(2_000_000) == 10.0 and price.currency == "USD"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.date) and "https://" in price.source
    assert Makers(tmp_path).training_price("api.openai.com", "gpt-9") is None
    (tmp_path / "author.toml").write_text(
        '[training."tunes.example"]\ncurrency = "EUR"\nmodels = { "llama-*" = 0.5 }\n'
        '[training."api.openai.com".models]\n"gpt-4.1-mini-*" = 6\n'
    )
    own = Makers(tmp_path)
    other, ours = (
        own.training_price("tunes.example", "llama-8b"),
        own.training_price("api.openai.com", "gpt-4.1-mini-x"),
    )
    assert other and (other.tokens, other.currency, other.date, other.source) == (0.5, "EUR", "unknown", "author.toml")
    assert ours and (ours.tokens, ours.currency) == (6.0, "USD")


@pytest.mark.parametrize(
    "text", ["[models", '[models]\n"m" = "free"\n', '[prices.m]\ninput = "much"\n', "[training.h]\n"]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "author.toml").write_text(text)
    with pytest.raises(UserError, match=r"author\.toml could not be read"):
        Makers(tmp_path)


def test_who_may_train_on_what_a_model_wrote() -> None:
    allowed = {id: [p for p in PLATFORMS if may_train({"author": {"terms": id}}, p)] for id in [*terms(), "unheard of"]}
    assert allowed == {
        "openai": ["openai"],
        "anthropic": ["claude"],
        "google": [],
        "llama": list(PLATFORMS),
        "open-weights": list(PLATFORMS),
        "unheard of": [],
    }
    assert all(may_train({}, platform) for platform in PLATFORMS)


def test_every_entry_has_its_source_and_date(tmp_path: Path) -> None:
    for each in terms().values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", each.date) and "https://" in each.source
    price = Makers(tmp_path).price("claude-haiku-5-5")
    assert price is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", price.date) and price.source.startswith("https://")
