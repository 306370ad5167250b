# SPDX-License-Identifier: GPL-3.0-or-later
"""Which function does which stage, and what follows a run: platform files and the report."""

from __future__ import annotations

from collections.abc import Callable

from ..catalog import Catalog
from ..paths import DataFolder
from ..stage import Outcome, Work


def _harvest(work: Work) -> Outcome:
    from ..data_collection import blender_scraper

    return blender_scraper.run(work)


def _parse(work: Work) -> Outcome:
    from ..data_collection import blend_parser

    return blend_parser.run(work)


def _dataset(work: Work) -> Outcome:
    from ..dataset_builder import dataset, parquet, published
    from ..fine_tuning import platform_files

    outcome = dataset.run(work)
    place = work.folder.dataset(work.options.name)
    for finding in (*platform_files.write_platform_files(place), parquet.write_parquet(place)):
        if finding:
            work.note(finding)
    published.seal(place)
    return outcome


def _train(work: Work) -> Outcome:
    from ..fine_tuning import training_orchestrator

    return training_orchestrator.run(work)


def _evaluate(work: Work) -> Outcome:
    from ..evaluation import benchmark

    return benchmark.run(work)


RUNNERS: dict[str, Callable[[Work], Outcome]] = {
    "harvest": _harvest,
    "parse": _parse,
    "dataset": _dataset,
    "train": _train,
    "evaluate": _evaluate,
}


def write_report(folder: DataFolder, catalog: Catalog, name: str) -> str:
    """Write the dataset's report, where there is a dataset; its path relative to the data folder, or ''."""
    from ..deployment import in_use
    from ..report import page

    if not (folder.dataset(name) / "dataset.json").is_file():
        return ""
    return page.write(folder, catalog, name, in_use.told(folder)).relative_to(folder.root).as_posix()
