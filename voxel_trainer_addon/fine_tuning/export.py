# SPDX-License-Identifier: GPL-3.0-or-later
"""A tuned model taken elsewhere: merged, checked, with its card and the words to paste, whole or not at all."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__, prompts
from ..errors import Unavailable, UserError
from ..files import now, read_json, replacing_folder, sha256_of, write_json, write_text
from ..paths import DataFolder
from ..providers.local import Asker, Local
from ..providers.local.base import EMBEDDED, lost
from ..words import size
from . import card, elsewhere

FORMS = ("safetensors", "gguf", "adapter")
QUANTISED = ("q8_0", "f16", "bf16", "f32")
FACTS = "export.json"
TOLD_BEFORE = ("evaluation.json", "ATTRIBUTION.md")
"""Goes along where the model has it."""
PHASES = {
    "load": "Loading the model.",
    "merge": "Merging the adapter.",
    "save": "Writing the model.",
    "check": "Reading it again, to compare.",
}
COMPARED = {"prompt": 'Make a material with red noise. Name it "Rust".', "completion": "import bpy"}
"""The chat whose logits are compared before and after an adapter is merged."""


@dataclass(frozen=True)
class Tuned:
    """A finished model on this machine: its folder, the facts of its job, and the folder of its weights."""

    folder: Path
    job: dict[str, Any]
    weights: Path

    @property
    def name(self) -> str:
        """Like `voxel-v3`: for file names and other programs."""
        return re.sub(r"[^\w.-]+", "-", f"{self.job['dataset']}-{self.job['version']}").lower()


@dataclass(frozen=True)
class Exported:
    """What was written: the folder, and the content of its `export.json`."""

    folder: Path
    facts: dict[str, Any]


def tuned(data: DataFolder, named: str) -> Tuned:
    """The model that a person named: `voxel/v3`, `voxel` for its newest version, or a version's folder. Raises
    UserError."""
    for folder in (Path(named).expanduser(), data.models / named, *_versions(data.models / named)):
        job = read_json(folder / "job.json", {})
        weights = next((folder / kind for kind in ("model", "adapter") if (folder / kind).is_dir()), None)
        if job.get("state") == "done" and weights:
            return Tuned(folder.absolute(), job, weights.absolute())
    known = ", ".join(
        f"{path.parent.parent.name}/{path.parent.name}" for path in sorted(data.models.glob("*/v*/job.json"))
    )
    there = f"There are {known}." if known else "There is none yet: `train` makes one."
    raise UserError(f"{named} is no model that was tuned here. {there}")


def _versions(folder: Path) -> list[Path]:
    """The versions of a model, newest first."""
    found = [path for path in folder.glob("v*") if re.fullmatch(r"v\d+", path.name)]
    return sorted(found, key=lambda path: -int(path.name[1:]))


def export(model: Tuned, form: str, quantise: str, out: Path | None, local: Local, asker: Asker) -> Exported:
    """Write `model` to `out` (default: `export/<form>` beside its weights). A folder of an earlier export is replaced,
    anything else is left alone. Raises UserError; what was cut off leaves nothing."""
    if quantise and form != "gguf":
        raise UserError("--quantise is for --form gguf: the other forms keep the weights as they are stored.")
    place = (out.expanduser() if out else model.folder / "export" / form).absolute()
    if place.exists() and not (place / FACTS).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise UserError(f"{place} is there already and is no export of a model. Name another folder with --out.")
    local.environment(asker)
    base = _base(model, local, asker)
    with replacing_folder(place) as part:
        facts = _written(model, form, quantise, base, part, local, asker)
    return Exported(place, facts)


def _base(model: Tuned, local: Local, asker: Asker) -> Path | None:
    """The folder of the model that was tuned; None where it is not here and is not needed. Raises UserError where an
    adapter's base is gone, or is not what it was."""
    job = model.job
    if job["base_hash"] == local.known(EMBEDDED).hash:
        return local.base(EMBEDDED, asker).folder
    folder = Path(job["base"])
    if not folder.is_dir() and model.weights.name == "model":
        return None
    if why := lost(job):
        raise UserError(why)
    return folder


def _written(
    model: Tuned, form: str, quantise: str, base: Path | None, part: Path, local: Local, asker: Asker
) -> dict[str, Any]:
    """Everything into `part`; the facts of the export."""
    job = model.job
    request = {
        "model": str(model.weights),
        "base": str(base or ""),
        "base_name": job["model"],
        "form": form,
        "quantise": quantise,
        "out": str(part),
        "name": model.name,
        "licence": job["base_licence"],
        "chat": {
            "id": "compared",
            "messages": prompts.messages(COMPARED),
            "completion": prompts.answer_of(COMPARED),
        },
    }
    ended = local.export(request, lambda line: asker.note(PHASES[line["name"]]), asker.tick)
    if not ended.ok:
        raise Unavailable(f"{model.name} was not exported. {ended.sentence}")
    done = ended.body
    write_text(
        part / "HOW-TO.md", elsewhere.how_to(form, model.name, done["files"], job["model"], done.get("context", 0))
    )
    if form == "gguf":
        write_text(part / "Modelfile", elsewhere.modelfile(_gguf(done["files"]), done["chatml"], done["end"]))
    facts = {
        "form": form,
        "made_at": now(),
        "by": f"Voxel Trainer {__version__}",
        "job": job["id"],
        **{key: value for key, value in done.items() if key != "files"},
        "files": {
            name: {"bytes": (part / name).stat().st_size, "sha256": sha256_of(part / name)} for name in done["files"]
        },
    }
    for name in TOLD_BEFORE:
        if (model.folder / name).is_file():
            shutil.copyfile(model.folder / name, part / name)
    write_text(part / "README.md", card.text(job) + "\n" + _section(facts))
    write_json(part / FACTS, facts)
    return facts


def _gguf(files: list[str]) -> str:
    return next(name for name in files if name.endswith(".gguf"))


def _section(facts: dict[str, Any]) -> str:
    """What the card says of the export itself, and of the model's limits."""
    form = {
        "safetensors": "Whole model as safetensors",
        "gguf": "Whole model as GGUF",
        "adapter": "PEFT adapter, to be laid over its base",
    }[facts["form"]]
    dtype = f", {facts['dtype']}" if "dtype" in facts else ""
    total = size(sum(one["bytes"] for one in facts["files"].values()))
    lines = [f"## This export\n\n{form}{dtype}, {total}, made {facts['made_at']}. How to use it is in HOW-TO.md.", ""]
    if "merge_difference" in facts:
        lines += [
            f"The adapter is merged into the base. On a chat of {facts['compared_positions']} tokens the logits differ "
            f"from those of base and adapter by {facts['merge_difference']:.1e} of the largest after merging, by "
            f"{facts['rounding_difference']:.1e} after rounding to the base's number format; the likeliest token is "
            f"the same at {facts['same_best_token']:.0%} of the positions.",
            "",
        ]
    lines += [
        "## Limits",
        "",
        "- Tuned on Blender node trees and bpy code alone: other questions it answers no better than its base, and "
        "often worse.",
        "- Answers may not run, may build something else than was asked, and name nodes of the Blender versions that "
        "the data came from.",
        "- It knows the system messages in HOW-TO.md; with others, or with another chat template, it acts untrained.",
        "- The licence of the base holds for the weights. Whether those of the data reach answers is not settled "
        "everywhere; what it was tuned on is listed above.",
    ]
    return "\n".join(lines) + "\n"
