# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of evidence about a file in a repository."""

from __future__ import annotations

import json
import time

import pytest

from voxel_trainer_addon.licences.evidence import LARGEST, AssetMetadata, Blob, Judge, Verdict, wanted

pytestmark = pytest.mark.plain

MIT = "MIT License\n\nCopyright (c) 2020 Jane\n"
TAG = "SPDX-FileCopyrightText: 2020 Jane\nSPDX-License-Identifier: CC-BY-4.0\n"
TOML = """version = 1

[[annotations]]
path = "assets/**"
SPDX-License-Identifier = "CC-BY-SA-4.0"

[[annotations]]
path = ["assets/*.blend", "odd\\\\*.blend"]
precedence = "%s"
SPDX-License-Identifier = "CC0-1.0"
"""


def judge(files: dict[str, str], repository: str = "") -> Judge:
    listing = {path: Blob(f"oid of {path}", len(text)) for path, text in files.items()}
    return Judge(
        listing, {path: files[path] for path in wanted(["assets/deep/rock.blend", *files], listing)}, repository
    )


def verdict(files: dict[str, str], path: str = "assets/rock.blend", repository: str = "", **more: object) -> Verdict:
    return judge({path: "", **files}, repository).licence_of(path, **more)  # type: ignore[arg-type]


def test_only_the_texts_beside_and_above_the_files_are_wanted() -> None:
    names = ["a/b/x.blend", "a/b/x.blend.license", "a/LICENSE", "a/c/LICENSE", "README.md", "REUSE.toml",
             ".reuse/dep5",
             "LICENSES/MIT.txt", "licences.py", "license.json", "a/CREDITS.txt", "COPYING.LESSER",
             "readme_images/x.png",
             "a/b/y.blend.license", "LICENSE.png", "a/b/Licence - assets.txt"]  # fmt: skip
    listing = {name: Blob(name, 100) for name in names} | {"a/b/NOTICE": Blob("big", LARGEST + 1)}
    assert wanted(["a/b/x.blend"], listing) == [
        "a/b/x.blend.license",
        "a/b/Licence - assets.txt",
        "a/LICENSE",
        "a/CREDITS.txt",
        "COPYING.LESSER",
        "README.md",
        "REUSE.toml",
        ".reuse/dep5",
    ]
    assert wanted([], listing) == []


def test_each_rule_outranks_those_after_it() -> None:
    files = {
        "LICENSE": MIT,
        "assets/LICENSE.txt": "CC BY 3.0",
        "REUSE.toml": TOML % "closest",
        "assets/rock.blend.license": TAG,
    }
    orders = [
        ("beside", "CC-BY-4.0"),
        ("reuse", "CC0-1.0"),
        ("nearest", "CC-BY-3.0"),
        ("nearest", "MIT"),
        ("repository", "ISC"),
    ]
    gone = ["assets/rock.blend.license", "REUSE.toml", "assets/LICENSE.txt", "LICENSE"]
    for (rule, spdx), leaves in zip(orders, [*gone, None], strict=True):
        found = verdict(files, repository="ISC")
        assert (found.evidence[0].rule, found.spdx) == (rule, spdx)
        files.pop(leaves or "", None)


def test_a_tag_in_a_source_file_comes_first() -> None:
    found = verdict({"LICENSE": MIT}, "tool.py", text="# SPDX-License-Identifier: GPL-2.0-or-later\n")
    assert (found.spdx, found.cls, found.evidence[0].rule) == ("GPL-2.0-or-later", "copyleft", "tag")
    assert verdict({"LICENSE": MIT}, "tool.py", text="import bpy\n").spdx == "MIT"


def test_a_readme_that_forbids_wins_over_a_free_licence_file() -> None:
    readme = "# Rocks\n\nAssets are CC-BY-NC 4.0, the code is CC0.\n"
    found = verdict({"LICENSE": "CC0 1.0 Universal", "README.md": readme}, repository="CC0-1.0")
    assert (found.spdx, found.cls) == ("CC-BY-NC-4.0", "forbidden")
    assert found.reason == "README.md: it may not be used commercially."


@pytest.mark.parametrize("where", ["README.md", "LICENSE", "CREDITS.md"])
def test_what_forbids_counts_from_every_folder_above(where: str) -> None:
    files = {"assets/LICENSE": "CC0", where: "For personal use only."}
    assert verdict(files).cls == "forbidden"
    assert verdict(files, "elsewhere/rock.blend").cls == "forbidden"
    assert (
        verdict({"assets/LICENSE": "For personal use only.", "LICENSE": "CC0"}, "elsewhere/rock.blend").cls
        == "public-domain"
    )


def test_what_is_nearer_counts_else() -> None:
    files = {"LICENSE": "GPL-3.0-or-later", "assets/LICENSE": "CC0"}
    assert verdict(files).spdx == "CC0-1.0"
    assert verdict(files, "tools/rock.blend").spdx == "GPL-3.0-or-later"


def test_of_one_folder_the_stricter_counts() -> None:
    assert verdict({"LICENSE": "CC0", "README.md": "## License\n\nCC BY-SA 4.0"}).spdx == "CC-BY-SA-4.0"
    assert verdict({"LICENSE": "CC BY-SA 4.0", "README.md": "## License\n\nCC0"}).spdx == "CC-BY-SA-4.0"
    unknown = "We grant you what we like to grant, as written in the contract with our company.\n"
    assert verdict({"LICENSE": unknown, "README.md": "## License\n\nCC0"}).cls == "unknown"
    assert verdict({"LICENSE": "\n", "README.md": "## License\n\nCC0"}).spdx == "CC0-1.0"


def test_a_choice_between_licence_files_is_one_where_a_readme_says_so() -> None:
    files = {"LICENSE-MIT": MIT, "LICENSE-APACHE": "Apache License, Version 2.0"}
    assert verdict(files).spdx == "Apache-2.0 AND MIT"
    readme = "## License\n\nLicensed under either of Apache 2.0 or MIT at your option."
    assert verdict({**files, "README.md": readme}).spdx == "Apache-2.0 OR MIT"


def test_licence_files_that_are_for_code_or_for_assets_by_their_name() -> None:
    files = {"LICENSE-CODE": MIT, "LICENSE-ASSETS.md": "CC BY-SA 4.0"}
    assert verdict(files).spdx == "CC-BY-SA-4.0"
    assert verdict(files, "tool.py").spdx == "MIT"
    assert verdict({"LICENSE-CODE": MIT}).spdx == "MIT"


@pytest.mark.parametrize(
    ("precedence", "beside", "spdx"),
    [
        ("closest", "", "CC0-1.0"),
        ("closest", TAG, "CC-BY-4.0"),
        ("aggregate", TAG, "CC-BY-4.0 AND CC0-1.0"),
        ("override", TAG, "CC0-1.0"),
    ],
)
def test_reuse_and_its_precedence(precedence: str, beside: str, spdx: str) -> None:
    files = {"REUSE.toml": TOML % precedence, **({"assets/rock.blend.license": beside} if beside else {})}
    assert verdict(files).spdx == spdx


def test_reuse_globs() -> None:
    files = {"REUSE.toml": TOML % "closest"}
    assert verdict(files, "assets/deep/rock.blend").spdx == "CC-BY-SA-4.0"
    assert verdict(files, "odd*.blend").spdx == "CC0-1.0"
    assert verdict(files, "oddity.blend").spdx == ""
    assert verdict({"a/REUSE.toml": TOML % "closest"}, "a/assets/rock.blend").spdx == "CC0-1.0"
    assert verdict({"a/REUSE.toml": TOML % "closest"}).spdx == ""


def test_dep5_and_a_list_that_cannot_be_read() -> None:
    dep5 = "Format: x\n\nFiles: *\nLicense: MIT\n\nFiles: assets/*\n other/*\nCopyright: J\nLicense: CC-BY-4.0\n"
    assert verdict({".reuse/dep5": dep5}, "assets/deep/rock.blend").spdx == "CC-BY-4.0"
    assert verdict({".reuse/dep5": dep5}, "a.blend").spdx == "MIT"
    assert verdict({"REUSE.toml": "not = [toml", "LICENSE": "CC0"}).cls == "unknown"


def test_the_metadata_of_assets_and_the_host_come_last() -> None:
    said = AssetMetadata("CC-BY 4.0 by Jane", "2020 Jane", "Jane")
    assert verdict({}, repository="MIT", asset=said).spdx == "CC-BY-4.0"
    assert verdict({"LICENSE": MIT}, asset=said).spdx == "MIT"
    assert verdict({"LICENSE": "CC0"}, asset=AssetMetadata("Personal use only")).cls == "forbidden"
    assert verdict({}, repository="GPL-3.0").spdx == "GPL-3.0-only"


@pytest.mark.parametrize("told", ["", "NOASSERTION", "other"])
def test_without_evidence_the_licence_is_unknown(told: str) -> None:
    found = verdict({}, repository=told)
    assert (found.spdx, found.cls, found.evidence) == ("", "unknown", ())
    assert found.reason == "No licence was found for it."


def test_a_text_that_was_not_fetched_is_unknown_and_hides_what_is_farther() -> None:
    listing = {"assets/rock.blend": Blob("1"), "assets/LICENSE": Blob("2", LARGEST + 1), "LICENSE": Blob("3", 10)}
    found = Judge(listing, {"LICENSE": "CC0"}, "CC0-1.0").licence_of("assets/rock.blend")
    assert found.cls == "unknown"
    assert found.evidence[0] == ("nearest", "assets/LICENSE", "2", "")


def test_a_verdict_is_small_and_json() -> None:
    found = verdict({"LICENSE": "CC BY 4.0", "README.md": "## License\n\nCC0"}, repository="CC0-1.0")
    value = found.as_json()
    assert json.loads(json.dumps(value)) == value
    assert value["evidence"][0] == ["nearest", "LICENSE", "oid of LICENSE", "CC-BY-4.0"]
    assert value["obligations"] == ["attribution", "changes"]
    assert len(json.dumps(value)) < 400


def test_many_files_of_one_repository_are_judged_quickly() -> None:
    paths = [f"assets/{number % 50}/{number}.blend" for number in range(20_000)]
    listing = {path: Blob(path) for path in paths} | {"LICENSE": Blob("l", 10)}
    began = time.perf_counter()
    assert wanted(paths, listing) == ["LICENSE"]
    one = Judge(listing, {"LICENSE": "CC0"})
    assert {one.licence_of(path).spdx for path in paths} == {"CC0-1.0"}
    assert time.perf_counter() - began < 10
