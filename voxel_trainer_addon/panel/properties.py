# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's fields. They keep nothing, as opening a file would empty them: each one mirrors a choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..runs import OWN_HOST, PROVIDERS
from ..runs.choices import DEFAULTS
from ..runs.holding import FIRST_S
from ..stage import BASELINES, PRESETS
from ..words import duration
from .blender import REMOTE, mirror, opened

LICENCES = (
    ("own", "My Own Work", "Yours: used on this computer, never uploaded without asking"),
    ("CC0-1.0", "CC0 1.0", "Public domain"),
    ("CC-BY-4.0", "CC BY 4.0", "Free with credit"),
    ("CC-BY-SA-4.0", "CC BY-SA 4.0", "Free with credit, under the same licence"),
    ("MIT", "MIT", "Free with the notice"),
    ("Apache-2.0", "Apache 2.0", "Free with the notice"),
    ("GPL-2.0-or-later", "GPL 2.0 or Later", "Free under the same licence"),
    ("GPL-3.0-or-later", "GPL 3.0 or Later", "Free under the same licence"),
)

HOSTS = {
    "": ("This Computer", "Harvest & Train tunes here, and nothing leaves this computer"),
    "openai": ("OpenAI's Protocol", "OpenAI, or by its address any host that speaks its protocol"),
    "claude": ("Claude", "Claude by Amazon Bedrock, where one can be tuned there"),
    **{name: (name.title(), f"The host {name.title()}") for name in PROVIDERS if name not in ("openai", "claude")},
    OWN_HOST: ("Host of Your Own", "By the Python file that the preferences name"),
}
HOST_ITEMS = tuple((id or "HERE", *told) for id, told in HOSTS.items())


def _preset(name: str) -> tuple[str, str, str]:
    value = PRESETS[name]
    train, evaluate = duration(value["train_s"]), duration(value["evaluate_s"])
    return name, name.title(), f"Train for {train}, then compare before and after for {evaluate}"


PRESET_ITEMS = tuple(map(_preset, PRESETS))


def _text(key: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a text field over the choice `key`; an emptied one goes back to its default."""

    def read(_: Any) -> str:
        return str(getattr(REMOTE.choices, key))

    def write(_: Any, value: str) -> None:
        setattr(REMOTE.choices, key, value.strip() or getattr(DEFAULTS, key, ""))
        REMOTE.refresh()

    return {"get": read, "set": write}


def _item(key: str, items: tuple[tuple[str, str, str], ...]) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a menu over the choice `key`."""
    ids = [item[0] for item in items]

    def read(_: Any) -> int:
        chosen = getattr(REMOTE.choices, key)
        return ids.index(chosen) if chosen in ids else 0

    def write(_: Any, value: int) -> None:
        setattr(REMOTE.choices, key, ids[value])
        REMOTE.refresh()

    return {"get": read, "set": write}


def _value(key: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a number or a check box over the choice `key`."""

    def read(_: Any) -> Any:
        return getattr(REMOTE.choices, key)

    def write(_: Any, value: Any) -> None:
        setattr(REMOTE.choices, key, value)
        REMOTE.refresh()

    return {"get": read, "set": write}


def _allowed(name: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a check box for a class of licences."""

    def read(_: Any) -> bool:
        return name in REMOTE.choices.allow

    def write(_: Any, value: bool) -> None:
        others = [other for other in REMOTE.choices.allow if other != name]
        REMOTE.choices.allow = [*others, name] if value else others
        REMOTE.refresh()

    return {"get": read, "set": write}


def _opponent(name: str) -> dict[str, Callable[..., Any]]:
    """`get` and `set` of a check box for one that a model has to beat; with none it is those of the preset."""

    def read(_: Any) -> bool:
        return name in REMOTE.choices.opponents

    def write(_: Any, value: bool) -> None:
        now = REMOTE.choices.opponents
        REMOTE.choices.against = [one for one in BASELINES if (value if one == name else one in now)]
        REMOTE.refresh()

    return {"get": read, "set": write}


def _models(_: Any, __: Any) -> list[tuple[str, str, str, int]]:
    """The models that can be evaluated, behind the newest."""
    told = [("NEWEST", "Newest", "The model that was tuned last, of the chosen dataset where it has one")]
    told += [(id, id, "") for id in REMOTE.view.evaluating.models]
    _offered[:] = [(*item, number) for number, item in enumerate(told)]
    return _offered


_offered: list[tuple[str, str, str, int]] = []
"""Blender keeps no hold of the texts of a menu."""


def _model(_: Any) -> int:
    models, chosen = REMOTE.view.evaluating.models, REMOTE.choices.evaluated
    return 1 + models.index(chosen) if chosen in models else 0


def _set_model(_: Any, value: int) -> None:
    REMOTE.choices.evaluated = REMOTE.view.evaluating.models[value - 1] if value else ""
    REMOTE.refresh()


def _minutes(_: Any) -> float:
    return REMOTE.choices.minutes


def _set_minutes(_: Any, value: float) -> None:
    REMOTE.choices.evaluate_min = value
    REMOTE.refresh()


def _host(_: Any) -> int:
    ids = [item[0] for item in HOST_ITEMS]
    return ids.index(REMOTE.choices.host) if REMOTE.choices.host in ids else 0


def _set_host(_: Any, value: int) -> None:
    REMOTE.choices.host = HOST_ITEMS[value][0] if value else ""
    REMOTE.refresh()


def _host_models(_: Any, __: Any, ___: str) -> list[str]:
    return list(REMOTE.view.hosting.models)


def _agreed(_: Any) -> bool:
    return REMOTE.view.hosting.agreed


def _agree(_: Any, value: bool) -> None:
    """The mark of the words that are shown: other words want another tick."""
    REMOTE.choices.host_agreed = REMOTE.view.hosting.mark if value else ""
    REMOTE.refresh()


def _absolute(value: str) -> str:
    """A path from a field as an absolute one: Blender's `//` means beside the open file, and that changes."""
    return str(Path(bpy.path.abspath(value)).expanduser().absolute()) if value.strip() else ""


def _folder(_: Any) -> str:
    return REMOTE.choices.folder


def _set_folder(_: Any, value: str) -> None:
    """Another folder is another question of licence."""
    folder = _absolute(value)
    if folder != REMOTE.choices.folder:
        REMOTE.choices.folder, REMOTE.choices.licence = folder, DEFAULTS.licence
    REMOTE.count(FIRST_S)
    REMOTE.refresh()


def _data(_: Any) -> str:
    return str(REMOTE.folder)


def _set_data(_: Any, value: str) -> None:
    opened()
    REMOTE.choices.data = _absolute(value)
    REMOTE.look()
    mirror()


def _at(item: Any) -> int:
    """The place of an item in its list: `…searches[3]`."""
    return int(item.path_from_id().rpartition("[")[2].rstrip("]"))


def _search(item: Any) -> Any:
    searches, at = REMOTE.queue.searches if REMOTE.queue else (), _at(item)
    return searches[at] if at < len(searches) else None


def _search_text(item: Any) -> str:
    search = _search(item)
    return search.text if search else ""


def _set_search_text(item: Any, value: str) -> None:
    if value.strip() and value != _search_text(item):
        at = _at(item)
        REMOTE.change(lambda queue: queue.rename(at, value))


def _search_on(item: Any) -> bool:
    search = _search(item)
    return bool(search and search.on)


def _switch_search(item: Any, value: bool) -> None:
    at = _at(item)
    REMOTE.change(lambda queue: queue.switch(at, value))


def _chosen(_: Any) -> int:
    return REMOTE.view.searches.at


def _choose(_: Any, value: int) -> None:
    REMOTE.at = value
    REMOTE.refresh()


class VOXEL_PG_search(bpy.types.PropertyGroup):
    if TYPE_CHECKING:
        name: str
        on: bool
    else:
        name: StringProperty(
            name="Search",
            description="Words to search GitHub for, as on github.com, or the address of a git repository",
            get=_search_text,
            set=_set_search_text,
        )
        on: BoolProperty(
            name="Search This", description="Go through this search in the next run", get=_search_on, set=_switch_search
        )


class VOXEL_PG_choices(bpy.types.PropertyGroup):
    if TYPE_CHECKING:
        folder: str
        licence: str
        data: str
        bundled: bool
        preset: str
        name: str
        model: str
        evaluated: str
        against_base: bool
        against_few_shot: bool
        against_retrieval: bool
        against_live: bool
        evaluate_min: float
        host: str
        host_url: str
        host_model: str
        host_agreed: bool
        budget: float
        searches: Any
        search_at: int
        stars: int
        file_mb: float
        share_alike: bool
        copyleft: bool
        archived: bool
    else:
        folder: StringProperty(
            name="Folder",
            description="Folder whose .blend files are harvested, with all folders in it. "
            "They are read where they lie, never changed and never copied",
            subtype="DIR_PATH",
            get=_folder,
            set=_set_folder,
        )
        licence: EnumProperty(
            name="Licence",
            description="Licence of the files in the folder; every example remembers it",
            items=LICENCES,
            **_item("licence", LICENCES),
        )
        data: StringProperty(
            name="Data",
            description="Folder for the catalog, datasets, models and reports. Emptied, it is the preferences' folder",
            subtype="DIR_PATH",
            get=_data,
            set=_set_data,
        )
        bundled: BoolProperty(
            name="Bundled Libraries",
            description="Harvest Blender's own node libraries too, where this Blender has them. They are CC0",
            **_value("bundled"),
        )
        preset: EnumProperty(
            name="Preset",
            description="How much time training and comparing may take",
            items=PRESET_ITEMS,
            **_item("preset", PRESET_ITEMS),
        )
        name: StringProperty(name="Dataset", description="Name of the dataset and its models", **_text("name"))
        model: StringProperty(
            name="Model",
            description="Model to tune: the embedded smollm2-135m, or a Hugging Face name or folder",
            **_text("model"),
        )
        evaluated: EnumProperty(
            name="Model", description="Which tuned model is compared", items=_models, get=_model, set=_set_model
        )
        against_base: BoolProperty(
            name="Base", description="The model that was tuned, as it was before", **_opponent("base")
        )
        against_few_shot: BoolProperty(
            name="Few-Shot",
            description="The same, shown a few training examples with each prompt",
            **_opponent("few-shot"),
        )
        against_retrieval: BoolProperty(
            name="Retrieval",
            description="The nearest training answer as it stands: who does not beat it has learnt to copy",
            **_opponent("retrieval"),
        )
        against_live: BoolProperty(
            name="Live",
            description="The live model, so that promoting shows whether the new one is worse",
            **_value("against_live"),
        )
        evaluate_min: FloatProperty(
            name="Minutes",
            description="Time for answers; what is not asked by then is left out. Emptied to 0, it is the preset's",
            min=0.0,
            soft_max=600.0,
            precision=1,
            get=_minutes,
            set=_set_minutes,
        )
        host: EnumProperty(name="Where", description="Who tunes the model", items=HOST_ITEMS, get=_host, set=_set_host)
        host_url: StringProperty(
            name="Address",
            description="The host's address, such as https://host/v1. Emptied, it is the provider's own",
            **_text("host_url"),
        )
        host_model: StringProperty(
            name="Model",
            description="The host's model that is tuned; what it lists now is offered",
            search=_host_models,
            search_options={"SUGGESTION"},
            **_text("host_model"),
        )
        host_agreed: BoolProperty(
            name="I Agree to Exactly This",
            description="Other rows, another host, model or price ask anew",
            get=_agreed,
            set=_agree,
        )
        budget: FloatProperty(
            name="Budget",
            description="What a job may cost at most, in the currency of the host's price",
            min=0.01,
            soft_max=1000.0,
            precision=2,
            **_value("budget"),
        )
        searches: CollectionProperty(
            name="Searches", description="Searches that a run goes through", type=VOXEL_PG_search
        )
        search_at: IntProperty(name="Search", description="The search that is chosen", get=_chosen, set=_choose)
        stars: IntProperty(
            name="Stars", description="Only repositories with so many stars, or more", min=0, **_value("stars")
        )
        file_mb: FloatProperty(
            name="File Size (MB)",
            description="No file that is larger than so many megabytes",
            min=0.1,
            soft_max=1000.0,
            precision=1,
            **_value("file_mb"),
        )
        share_alike: BoolProperty(
            name="Share-Alike",
            description="Take files whose licence asks for the same licence, such as CC BY-SA. They are kept apart",
            **_allowed("share-alike"),
        )
        copyleft: BoolProperty(
            name="Copyleft",
            description="Take files under licences such as the GPL, which hold for what is made of them. "
            "They are kept apart",
            **_allowed("copyleft"),
        )
        archived: BoolProperty(
            name="Archived", description="Take repositories that their owners have closed", **_value("archived")
        )


CLASSES = (VOXEL_PG_search, VOXEL_PG_choices)
