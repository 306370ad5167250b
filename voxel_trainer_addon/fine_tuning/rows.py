# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job trains on: a dataset's rows of its objective, in one order, known by one hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import prompts
from ..errors import UserError
from ..files import digest, read_json, read_jsonl
from ..paths import DataFolder
from ..providers.makers import may_train
from ..row_files import OWN_PAIRS, rows_of
from ..stage import EVALUATED, Options


@dataclass(frozen=True)
class Dataset:
    """What is trained on: rows in the order of their ids, and what identifies them. `withheld`: rows whose requests a
    model wrote whose maker does not let this be trained on them."""

    name: str
    train: list[dict[str, Any]]
    held_out: list[dict[str, Any]]
    hash: str
    licences: Mapping[str, int]
    withheld: int = 0


def read(folder: DataFolder, options: Options, platform: str = "local") -> Dataset:
    """The rows that the options' objective takes, those under share-alike and copyleft licences where they were
    allowed; none where the dataset is not there. `platform` is who trains, one of `makers.PLATFORMS`. DPO takes
    preferences alone, with `own_pairs` those of the model that it begins from; the short presets of local training take
    only what evaluate compares. Raises UserError."""
    place = folder.dataset(options.name)
    every_kind = options.preset == "full" or options.provider != "local"

    def wanted(row: Mapping[str, Any]) -> bool:
        if options.objective == "dpo":
            return bool(row["kind"] == "preference")
        return bool(row["kind"] != "preference") and (every_kind or row["kind"] in EVALUATED)

    found = [
        sorted(filter(wanted, rows_of(place, split, ("", *options.allow))), key=lambda row: str(row["id"]))
        for split in ("train", "val")
    ]
    if options.own_pairs:
        found[0] = _own_pairs(folder, options)
    train, held_out = ([row for row in rows if may_train(row, platform)] for rows in found)
    ids = digest([[row["id"] for row in rows] for rows in (train, held_out)])
    licences = read_json(place / "dataset.json", {}).get("licences", {})
    return Dataset(options.name, train, held_out, ids, licences, sum(map(len, found)) - len(train) - len(held_out))


def _own_pairs(folder: DataFolder, options: Options) -> list[dict[str, Any]]:
    """A model's own answers as preferences, of those rows that train has now: what was taken out of the dataset since,
    or is held out now, is left. Raises UserError."""
    path = folder.model(options.name, options.start_from) / OWN_PAIRS
    if options.objective != "dpo" or not options.start_from or not path.is_file():
        raise UserError(
            "--own-pairs wants --objective dpo and a --start-from VERSION with pairs of its own: "
            f"`evaluate --name {options.name} --model VERSION --set :train --samples 8` makes them."
        )
    rows = {str(row["id"]): row for row in rows_of(folder.dataset(options.name), "train", ("", *options.allow))}
    pairs = read_jsonl(path)
    return [{**rows[pair["row"]], **pair, "kind": "preference"} for pair in pairs if pair["row"] in rows]


def chat_row(row: Mapping[str, Any], objective: str) -> dict[str, Any]:
    """A dataset row as the trainer takes it for an objective (`sft`, `dpo`)."""
    asked = {"id": str(row["id"]), "messages": prompts.messages(row)}
    if objective == "dpo":
        rejected = prompts.answer(row["rejected"]["completion"], row.get("form", "code"))
        return {**asked, "chosen": prompts.answer_of(row), "rejected": rejected}
    return {**asked, "completion": prompts.answer_of(row)}
