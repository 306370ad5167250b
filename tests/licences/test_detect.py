# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a text states: plain words, links, tags, full texts, and what must not mislead."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.licences import detect, texts
from voxel_trainer_addon.licences.classes import class_of
from voxel_trainer_addon.licences.detect import read

pytestmark = pytest.mark.plain

DEBIAN = Path("/usr/share/common-licenses")
MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without answers of other tests."""
    monkeypatch.setattr(detect, "_kept", type(detect._kept)())


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("# Rocks\nCC-BY 4.0 by Jane", "CC-BY-4.0"),
        ("All models are CC0.", "CC0-1.0"),
        ("Everything here is in the public domain.", "LicenseRef-public-domain"),
        ("These assets are CC0: free for commercial and personal use.", "CC0-1.0"),
        ("## License\n\nMIT", "MIT"),
        ("Released under the MIT licence.", "MIT"),
        ("This project is licensed under the Apache License, Version 2.0.", "Apache-2.0"),
        ("Licensed under either of Apache 2.0 or MIT at your option.", "Apache-2.0 OR MIT"),
        ("## License\nCode: MIT. Models: CC BY-SA 4.0.", "MIT AND CC-BY-SA-4.0"),
        ("This add-on is free software, GPL v3 or later.", "GPL-3.0-or-later"),
        ("Licensed under the GNU GPL.", "GPL-1.0-or-later"),
        ("License: CC-BY-SA 3.0", "CC-BY-SA-3.0"),
        ("[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)", "CC-BY-4.0"),
        ("![](https://img.shields.io/badge/license-MIT-blue.svg)", "MIT"),
        ("The models are under the licence https://artlibre.org/licence/lal/en/", "LAL-1.3"),
        ("## Licence\n\nThis is NOT non-commercial: CC BY 4.0.", "CC-BY-4.0"),
        ("## Dependencies\n- numpy (BSD licence)\n- ffmpeg (GPL)\n\n## License\nMIT", "MIT"),
        ("We support licences such as CC-BY-NC and GPL.\n\n## License\n\nCC0", "CC0-1.0"),
        ("Uses machine learning. No AI knowledge needed.\n\n## License\n\nMIT", "MIT"),
        ("This project uses the MIT-licensed library foo.", ""),
        ("A renderer, tested at MIT, for Apache servers and BSD systems.", ""),
        ("Royalty free.", ""),
        ("Thanks to everybody!", ""),
    ],
)
def test_a_readme_is_judged_by_what_it_says_of_itself(text: str, spdx: str) -> None:
    assert read(text, "README.md").spdx == spdx


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "CREDITS.txt"])
@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("Free for personal use only.", "LicenseRef-personal-use"),
        ("You may use these models in non-commercial projects only.", "LicenseRef-non-commercial"),
        ("Not for commercial use.", "LicenseRef-non-commercial"),
        ("Commercial use is not allowed.", "LicenseRef-non-commercial"),
        ("The models may not be used commercially.", "LicenseRef-non-commercial"),
        ("Nicht kommerziell nutzbar.", "LicenseRef-non-commercial"),
        ("Do not use these models for AI training.", "LicenseRef-no-ai-training"),
        ("You may not use this asset to train generative AI.", "LicenseRef-no-ai-training"),
        ("Machine learning on these assets is prohibited.", "LicenseRef-no-ai-training"),
        ("NoAI", "LicenseRef-no-ai-training"),
        ("Please do not resell the models.", "LicenseRef-no-redistribution"),
        ("You may not modify the models.", "LicenseRef-no-derivatives"),
        ("For educational purposes only.", "LicenseRef-limited-purpose"),
        ("This work is licensed under CC BY-NC-SA 4.0.", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution-NonCommercial-NoDerivs 3.0 Unported License", "CC-BY-NC-ND-3.0"),
        ("https://creativecommons.org/licenses/by-nd/4.0/", "CC-BY-ND-4.0"),
        ("If you want to use it commercially, please contact me.", "LicenseRef-non-commercial"),
        ("CC BY. You may not use it commercially, e.g. in games.", "LicenseRef-non-commercial"),
        ("## Credits\n\nUses textures by Jane (CC BY-NC 4.0).", "CC-BY-NC-4.0"),
        ("Licensed under MIT with the Commons Clause.", "LicenseRef-source-available"),
        ("Licensed under the Business Source License 1.1.", "BUSL-1.1"),
    ],
)
def test_what_forbids_is_found_everywhere(text: str, spdx: str, name: str) -> None:
    found = read(text, name)
    assert class_of(found.spdx) == "forbidden"
    assert spdx in found.spdx


@pytest.mark.parametrize("open_one", ["Licence: CC0.", "MIT License", "CC BY 4.0", MIT, "SPDX-License-Identifier: MIT"])
@pytest.mark.parametrize("restriction", ["No commercial use.", "Personal use only.", "No AI training."])
def test_a_restriction_beside_an_open_licence_wins(open_one: str, restriction: str) -> None:
    for name in ("LICENSE", "README.md"):
        for text in (f"{open_one}\n\n{restriction}", f"{restriction}\n\n{open_one}"):
            assert class_of(read(text, name).spdx) == "forbidden", (name, text)


@pytest.mark.parametrize("url", ["by/4.0", "by-sa/3.0", "by-nc/4.0", "by-nc-nd/2.5", "by-nd/1.0", "by-nc-sa/3.0/igo"])
def test_links_of_creative_commons_name_the_licence_exactly(url: str) -> None:
    parts, version, *port = url.upper().split("/")
    expected = "-".join(["CC", parts, version, *port])
    assert read(f"See http://creativecommons.org/licenses/{url}/deed.en.", "LICENSE").spdx == expected


def test_tags_of_source_files_and_their_ends() -> None:
    head = '# SPDX-License-Identifier: GPL-2.0-or-later\nimport bpy\n\nTEXT = "personal use only"\n'
    assert read(head, "a.py").spdx == "GPL-2.0-or-later"
    assert read("/* SPDX-License-Identifier: (MIT OR GPL-2.0) */", "a.osl").spdx == "MIT OR GPL-2.0-only"
    assert read("<!-- SPDX-License-Identifier: CC0-1.0 -->", "LICENSE.md").spdx == "CC0-1.0"
    assert class_of(read("# SPDX-License-Identifier: MIT ISC OR OR", "a.py").spdx) == "unknown"
    assert read('"""Tool.\n\nReleased under the MIT licence.\n"""\nimport bpy\n', "a.py").spdx == "MIT"
    assert read("import bpy\n# the MIT licence is nice\n", "a.py").spdx == ""
    ignored = "REUSE-IgnoreStart\n# SPDX-License-Identifier: MIT\nREUSE-IgnoreEnd\n"
    assert read(f"# {ignored}# SPDX-License-Identifier: ISC", "a.py").spdx == "ISC"


@pytest.mark.parametrize("head", ["", "MIT License\n\n", "Copyright (c) 2020 Jane\n\nAll rights reserved.\n\n"])
def test_a_full_text_is_known_with_and_without_a_head(head: str) -> None:
    assert read(head + MIT, "LICENSE").spdx == "MIT"
    assert read(head + " ".join(MIT.split()), "LICENSE").spdx == "MIT"


def test_a_text_that_somebody_changed_is_not_the_licence_that_it_calls_itself() -> None:
    more = (
        "Whoever uses the Software sends the author a photograph of each product that contains it, within ten days.\n"
    )
    changed = MIT.replace("\nTHE SOFTWARE IS", f"\n{more * 2}\nTHE SOFTWARE IS")
    for text in (changed, f"MIT License\n\n{changed}", MIT + more * 3):
        assert class_of(read(text, "LICENSE").spdx) in ("unknown", "forbidden")


@pytest.mark.parametrize(
    ("name", "spdx"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("CC0-1.0", "CC0-1.0"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPL-3", "LGPL-3.0-only"),
        ("MPL-2.0", "MPL-2.0"),
        ("GFDL-1.3", "GFDL-1.3-only"),
    ],
)
def test_the_texts_that_debian_has(name: str, spdx: str) -> None:
    if not (DEBIAN / name).is_file():
        pytest.skip(f"{DEBIAN / name} is not here")
    pytest.importorskip("licenseclassifier")
    assert read((DEBIAN / name).read_text(encoding="utf-8"), "COPYING").spdx == spdx


def test_without_the_package_long_texts_are_unknown_with_that_reason(
    monkeypatch: pytest.MonkeyPatch, anew: None
) -> None:
    monkeypatch.setattr(texts, "package", lambda: None)
    assert read(MIT, "LICENSE").spdx == "MIT"
    assert read("CC-BY 4.0", "LICENSE").spdx == "CC-BY-4.0"
    long = "Licensed under the MIT licence. " + "The parties agree on many things in this document. " * 60
    found = read(long, "LICENSE")
    assert class_of(found.spdx) == "unknown" and "licenseclassifier" in found.reason


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "a.py"])
@pytest.mark.parametrize(
    "unit",
    ["a", " ", "#\n", "- \n", "[", "<a href=", "CC BY-", "non-", "GNU General Public License version ", "may not use ",
     "https://a.b.c/", "license: ", "SPDX-License-Identifier: MIT AND\n", "version 2 of the ", "copyright ", "* \n"],
)  # fmt: skip
def test_hostile_texts_take_time_in_proportion_to_their_length(name: str, unit: str, anew: None) -> None:
    spent = []
    for length in (10_000, 40_000):
        began = time.perf_counter()
        read(unit * (length // len(unit)), name)
        spent.append(time.perf_counter() - began)
    assert spent[1] < 4 * 3 * spent[0] + 0.5


def test_a_text_of_a_megabyte_is_not_read(anew: None) -> None:
    began = time.perf_counter()
    found = read("MIT License\n" + "x " * 500_000, "LICENSE")
    assert found.spdx == "" and "longer" in found.reason
    assert time.perf_counter() - began < 0.5


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    for name in ("LICENSE", "README.md", "a.py"):
        assert isinstance(read(text, name).spdx, str)


def test_answers_are_kept_and_not_without_end(monkeypatch: pytest.MonkeyPatch, anew: None) -> None:
    monkeypatch.setattr(detect, "KEPT", 8)
    first = read("CC0", "LICENSE")
    assert read("CC0", "LICENSE") is first
    for number in range(20):
        read(f"Text {number}", "LICENSE")
    assert len(detect._kept) == 8


def test_the_package_forgets_when_it_has_kept_much(monkeypatch: pytest.MonkeyPatch, anew: None) -> None:
    pytest.importorskip("licenseclassifier")
    monkeypatch.setattr(texts, "STATES", 50)
    assert read(MIT, "LICENSE").spdx == "MIT"
    scanner = sys.modules["licenseclassifier._engine.scan"].builtin_scanner()
    assert len(scanner.re._info) <= 50
    assert read(MIT + " ", "LICENSE").spdx == "MIT"


@pytest.mark.slow
def test_the_held_out_texts_of_others(root: Path) -> None:
    if importlib.util.find_spec("licenseclassifier") is None:
        pytest.skip("licenseclassifier is not here")
    done = subprocess.run([sys.executable, root / "benchmarks" / "licences.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert figures["all"]["texts"] >= 200
    assert figures["all"]["restrictive_as_open"] == figures["obscure"]["restrictive_as_open"] == 0
    assert figures["class %"] >= 94
