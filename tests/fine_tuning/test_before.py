# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at and agreed to before anything goes to a host that tunes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fine_tuning.told import Told, row
from voxel_trainer_addon.errors import Unavailable
from voxel_trainer_addon.files import write_jsonl
from voxel_trainer_addon.fine_tuning import before, cost
from voxel_trainer_addon.fine_tuning import rows as training_rows
from voxel_trainer_addon.fine_tuning.platform_files import write_platform_files
from voxel_trainer_addon.providers.hosts import Limits, Tunable, Wanted
from voxel_trainer_addon.providers.makers import TrainingPrice
from voxel_trainer_addon.providers.refusals import Refusal
from voxel_trainer_addon.stage import Options

pytestmark = pytest.mark.plain

URL = "https://tunes.example/v1"
PRICE = '[training."tunes.example"]\ncurrency = "EUR"\ndate = "2026-11-01"\nmodels = { "open-*" = 4.0 }\n'


@dataclass
class Host:
    """A host that is asked for its models alone."""

    url: str = URL
    format: str = "openai"
    may_train_as: str = "local"
    limits: Limits = field(default_factory=lambda: Limits(rows=(2, 100), file_bytes=10_000, row_tokens=1_000))
    listed: tuple[Tunable, ...] = (Tunable("open-8b", ends="2099-01-14"),)
    asked: int = 0

    def models(self) -> Sequence[Tunable]:
        self.asked += 1
        return self.listed


ROWS = [row(1), row(2), row(3, "own"), row(4, author={"model": "qwen3-8b", "terms": "open-weights"})]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path, Options(provider="openai", model="open-8b", base_url=URL, yes=True))
    (tmp_path / "author.toml").write_text(PRICE)
    yield told
    told.catalog.close()


@pytest.fixture
def lay(work: Told) -> Callable[..., Wanted]:
    """Writes a dataset and tells the job that would train on it."""

    def lay(rows: Sequence[dict[str, Any]] = ROWS, **more: Any) -> Wanted:
        place = work.folder.dataset("voxel")
        write_jsonl(place / "train.jsonl", rows)
        write_jsonl(place / "val.jsonl", [row(100)])
        write_jsonl(place / "train.share-alike.jsonl", [row(50, "CC-BY-SA-4.0")])
        write_platform_files(place)
        told = Wanted("id", "0123456789abcdef", "open-8b", "sft", place / "openai/train.jsonl", None, "voxel", 0)
        return replace(told, validation=place / "openai/val.jsonl", **more)

    return lay


def consent_to(work: Told, host: Host, wanted: Wanted, platform: str = "") -> before.Consent:
    dataset = training_rows.read(work.folder, work.options, platform or host.may_train_as)
    return before.consent_to(work.folder, work.options, host, wanted, dataset)  # type: ignore[arg-type]


def agree(work: Told, host: Host, wanted: Wanted, platform: str = "") -> dict[str, Any]:
    dataset = training_rows.read(work.folder, work.options, platform or host.may_train_as)
    return before.agree(work, host, wanted, dataset)  # type: ignore[arg-type]


def test_the_consent_names_who_gets_what_and_what_it_costs(work: Told, lay: Callable[..., Wanted]) -> None:
    consent = consent_to(work, Host(), lay())
    sent, licences, own, worded, tokens, money, ends = consent.lines
    assert "tunes.example (https://tunes.example/v1) would be sent 4 training rows and 1 validation row" in sent
    assert licences == "By licence: CC0-1.0 4, own 1." and own == "Made of your own files: 1 row."
    assert "qwen3-8b 1" in worded and "25 passes" in tokens
    estimate = consent.estimate
    assert estimate.as_json()["tokens"] == 25 * estimate.tokens_a_pass > 0
    assert f"about {estimate.money} at 4.00 EUR" in money and "2026-11-01 (author.toml)" in money
    assert ends == "tunes.example shuts open-8b down on 2099-01-14, and what is tuned from it ends with it."


def test_nothing_goes_without_a_consent_to_exactly_this(work: Told, lay: Callable[..., Wanted]) -> None:
    work.options = replace(work.options, yes=False)
    with pytest.raises(Unavailable, match=r"Nothing was sent to tunes.example. --yes agrees .* --agreed [0-9a-f]{16}"):
        agree(work, Host(), lay())
    told = [event["words"] for event in work.kinds("note")]
    consent = consent_to(work, Host(), lay())
    assert told == list(consent.lines)
    work.options = replace(work.options, agreed=consent.mark)
    assert agree(work, Host(), lay()) == consent.estimate.as_json()
    changed = (
        (Host(), lay([*ROWS[1:], row(9)], dataset_hash="other")),
        (Host(url="https://other.example/v1"), lay()),
        (Host(listed=(Tunable("open-8b", ends="2099-02-01"),)), lay()),
        (Host(), lay(model="open-70b")),
    )
    work.options = replace(work.options, budget=600.0)
    for host, wanted in changed:
        with pytest.raises(Unavailable, match="What you agreed to is not what would be sent now"):
            agree(work, host, wanted)


@pytest.mark.parametrize(
    ("rows", "limits", "words"),
    [
        ([*ROWS, row(5, "CC-BY-NC-4.0")], Limits(), "1 row may be trained on by nobody: the licence is CC-BY-NC-4.0"),
        ([*ROWS, row(5, sources=[])], Limits(), "1 row may be trained on by nobody: the licence is not told"),
        (
            [*ROWS, row(5, form="words", completion=" ")],
            Limits(),
            "train.jsonl, line 5: a message of role assistant without text",
        ),
        (ROWS, Limits(rows=(10, 0)), "at least 10 training rows; there are 4"),
        (ROWS, Limits(rows=(1, 3)), "at most 3 training rows; there are 4"),
        (ROWS, Limits(validation_rows=(32, 0)), "at least 32 validation rows; there are 1"),
        (ROWS, Limits(file_bytes=100), r"files of at most 100 B; train.jsonl has .* B. .* val.jsonl"),
    ],
)
def test_what_speaks_against_it_is_told_before_the_host_is_asked(
    work: Told, lay: Callable[..., Wanted], rows: list[dict[str, Any]], limits: Limits, words: str
) -> None:
    host = Host(limits=limits)
    with pytest.raises(Unavailable, match=rf"^Nothing was sent to tunes.example\. .*{words}"):
        agree(work, host, lay(rows))
    assert not host.asked


def test_lines_of_nobody_are_not_sent(work: Told, lay: Callable[..., Wanted]) -> None:
    place = work.folder.dataset("voxel") / "openai"
    lay()
    for name in ("train.share-alike.jsonl", "train.jsonl"):
        wanted = replace(lay(), training=place / name)
        with open(place / name, "a", encoding="utf-8") as out:
            out.write('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n')
        with pytest.raises(Unavailable, match=rf"lines? of {name} come from no row of the dataset"):
            agree(work, Host(), wanted)
    work.options = replace(work.options, allow=("share-alike",))
    wanted = replace(lay(), training=place / "train.share-alike.jsonl")
    lines = consent_to(work, Host(limits=Limits()), wanted).lines
    assert "Share-alike: 1 row; what is made from it may have to come under the same licence." in lines


def test_a_models_words_go_only_where_its_terms_let_them(work: Told, lay: Callable[..., Wanted]) -> None:
    worded = [*ROWS, row(5, author={"model": "gpt-6-luna", "terms": "openai"})]
    work.options = replace(work.options, base_url="")
    openai = Host(url="https://api.openai.com/v1", may_train_as="openai")
    wanted = lay(worded, model="gpt-4.1-2025-04-14")
    assert agree(work, openai, wanted)["price"]["currency"] == "USD"
    with pytest.raises(
        Unavailable, match=r"whose terms \(openai\) keep what it writes from this host worded 1 request"
    ):
        agree(work, Host(), wanted, "openai")


def test_pairs_of_answers_are_known_by_their_rows_too(work: Told, lay: Callable[..., Wanted]) -> None:
    worse = {"completion": "pass\n", "what": "It makes nothing."}
    work.options = replace(work.options, objective="dpo")
    wanted = lay([row(number, kind="preference", rejected=worse) for number in range(3)], objective="dpo")
    wanted = replace(wanted, training=wanted.training.with_name("train.preference.jsonl"), validation=None)
    both = Host(listed=(Tunable("open-8b", ("sft", "dpo")),))
    assert "would be sent 3 training rows and 0 validation rows" in consent_to(work, both, wanted).lines[0]
    with pytest.raises(Refusal, match="tunes open-8b by sft alone, not by dpo"):
        consent_to(work, Host(), wanted)


def test_a_budget_is_kept(work: Told, lay: Callable[..., Wanted]) -> None:
    with pytest.raises(Unavailable, match=r"asks for training gpt-9 is not known here.*--budget and --yes"):
        agree(work, Host(), lay(model="gpt-9"))
    work.options = replace(work.options, budget=20.0)
    assert "money" not in agree(work, Host(), lay(model="gpt-9"))
    work.options = replace(work.options, budget=0.0001)
    with pytest.raises(Unavailable, match=r"would cost about 0\.\d+ EUR, above the budget of 0.00 EUR. --budget"):
        agree(work, Host(), lay())
    (work.folder.root / "author.toml").write_text(PRICE.replace("4.0", "4e6"))
    work.options = replace(work.options, budget=0.0)
    with pytest.raises(Unavailable, match=r"above the budget of 500.00 EUR. --budget allows more"):
        agree(work, Host(), lay())


def test_a_model_that_ended_or_cannot_be_tuned_so_is_refused(work: Told, lay: Callable[..., Wanted]) -> None:
    with pytest.raises(Refusal, match="has shut open-8b down on 2026-10-23"):
        agree(work, Host(listed=(Tunable("open-8b", ends="2026-10-23"),)), lay())
    with pytest.raises(Refusal, match="tunes open-8b by dpo alone, not by sft"):
        agree(work, Host(listed=(Tunable("open-8b", ("dpo",)),)), lay())
    assert "does not list open-8b" in consent_to(work, Host(listed=()), lay()).lines[-1]
    long = [row(n, prompt="long " * 200) for n in range(3)]
    limits = Limits(row_tokens=200)
    assert "the host takes 200, and cuts" in " ".join(consent_to(work, Host(limits=limits), lay(long)).lines)


@pytest.mark.parametrize(
    ("rows", "parameters", "times"),
    [
        (10, {}, 10),
        (1, {}, 25),
        (1_000, {}, 3),
        (10_000, {}, 2),
        (90_000, {}, 1),
        (10, {"n_epochs": "4"}, 4),
        (10, {"epochCount": "auto"}, 10),
    ],
)
def test_passes_are_those_of_the_job_or_of_the_host(rows: int, parameters: dict[str, str], times: int) -> None:
    assert cost.passes(rows, parameters) == times


def test_the_estimate_is_compared_with_what_was_trained_on() -> None:
    estimate = cost.Estimate(1_000, 40, 3.8, 3, TrainingPrice(5.0, "USD", "2026-11-01", "here"))
    told = {"estimated": estimate.as_json(), "real": {"tokens": 3_300}}
    words = "It trained on 3,300 tokens, 10% more than estimated: about 0.02 USD at the price of 2026-11-01."
    assert cost.compared(told) == words
    assert cost.compared({**told, "real": {}}) == cost.compared({"estimated": {"tokens_a_pass": 9}, "real": {}}) == ""
