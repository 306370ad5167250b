# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes, obligations and policy of licences, and SPDX expressions in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel_trainer_addon.licences.classes import (
    CLASSES,
    OBLIGATIONS,
    Policy,
    class_of,
    normal,
    obligations,
    same,
    usable,
    why,
)
from voxel_trainer_addon.licences.expressions import table

pytestmark = pytest.mark.plain


@pytest.mark.parametrize(
    ("expression", "cls"),
    [
        ("own", "own"),
        ("CC0-1.0", "public-domain"),
        ("Unlicense", "public-domain"),
        ("MIT", "permissive"),
        ("WTFPL", "permissive"),
        ("0BSD", "permissive"),
        ("CC-BY-3.0-US", "attribution"),
        ("OGA-BY-3.0", "attribution"),
        ("CC-BY-SA-4.0", "share-alike"),
        ("OFL-1.1", "share-alike"),
        ("ODbL-1.0", "share-alike"),
        ("LAL-1.3", "share-alike"),
        ("GPL-3.0", "copyleft"),
        ("LGPL-2.1+", "copyleft"),
        ("MPL-2.0", "copyleft"),
        ("EUPL-1.2", "copyleft"),
        ("CC-BY-NC-4.0", "forbidden"),
        ("cc-by-nc-sa-3.0-ro", "forbidden"),
        ("CC-BY-ND-4.0", "forbidden"),
        ("BUSL-1.1", "forbidden"),
        ("SSPL-1.0", "forbidden"),
        ("Elastic-2.0", "forbidden"),
        ("PolyForm-Noncommercial-1.0.0", "forbidden"),
        ("JSON", "forbidden"),
        ("LicenseRef-personal-use", "forbidden"),
        ("LicenseRef-Acme-Proprietary", "forbidden"),
        ("LicenseRef-somebody-s-own", "unknown"),
        ("any-OSI", "unknown"),
        ("", "unknown"),
        ("NOASSERTION", "unknown"),
        ("not a licence at all", "unknown"),
        ("MIT AND GPL-2.0-only", "copyleft"),
        ("MIT OR GPL-2.0-only", "permissive"),
        ("MIT AND (CC-BY-NC-4.0 OR CC-BY-4.0)", "attribution"),
        ("MIT AND CC-BY-NC-4.0", "forbidden"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"),
    ],
)
def test_each_expression_has_its_class(expression: str, cls: str) -> None:
    assert class_of(expression) == cls


def test_every_licence_of_the_table_has_a_class_that_exists() -> None:
    assert len(table()) > 650
    assert {row.cls for row in table().values()} <= set(CLASSES)
    assert all("-NC" not in row.id and "-ND" not in row.id for row in table().values() if row.cls != "forbidden")


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("gpl-3.0", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GPL-2+ or mit", "GPL-2.0-or-later OR MIT"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT AND (MIT AND ISC))", "MIT AND ISC"),
        ("MIT AND (ISC OR Zlib)", "MIT AND (ISC OR Zlib)"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("BSD-2-Clause-FreeBSD", "BSD-2-Clause-Views"),
        ("MIT AND", ""),
        ("(MIT", ""),
        ("MIT ISC", ""),
        ("OR", ""),
    ],
)
def test_expressions_are_brought_into_one_spelling(given: str, spelled: str) -> None:
    assert normal(given) == spelled
    assert normal(spelled) == spelled


@given(st.text(alphabet="()ANDORWITH MIT-2.0+/", max_size=60))
def test_any_text_has_a_class_and_a_stable_spelling(text: str) -> None:
    assert class_of(text) in CLASSES
    assert normal(normal(text)) == normal(text)


def test_deep_brackets_and_long_texts_are_no_expressions() -> None:
    assert normal("(" * 400 + "MIT" + ")" * 400) in ("", "MIT")
    assert normal("MIT AND " * 500 + "MIT") == ""


def test_order_and_spelling_do_not_make_a_difference() -> None:
    assert same("mit OR apache-2.0", "(Apache-2.0 OR MIT)")
    assert not same("MIT OR Apache-2.0", "MIT AND Apache-2.0")
    assert not same("", "")


def test_what_a_licence_asks_for() -> None:
    assert obligations("CC0-1.0") == obligations("0BSD") == ()
    assert obligations("CC-BY-4.0") == ("attribution", "changes")
    assert obligations("MIT AND CC-BY-SA-4.0") == ("attribution", "notice", "changes", "share-alike")
    assert "network-source" in obligations("AGPL-3.0-or-later")
    assert "source" in obligations("GPL-3.0-only")
    assert obligations("GPL-3.0-only OR MIT") == ("notice",)
    assert set(OBLIGATIONS) >= set(obligations("AGPL-3.0-only AND CC-BY-SA-4.0"))


def test_of_alternatives_the_freest_is_used() -> None:
    assert usable("(GPL-2.0-only OR MIT) AND CC-BY-4.0") == "MIT AND CC-BY-4.0"


def test_a_harvest_takes_what_is_free_and_the_rest_by_choice_or_never() -> None:
    free, more = Policy(), Policy(("copyleft", "share-alike", "forbidden", "unknown"))
    assert all(free.takes(id) for id in ("own", "CC0-1.0", "MIT", "CC-BY-4.0", "MIT OR GPL-3.0-only"))
    assert not any(free.takes(id) for id in ("CC-BY-SA-4.0", "GPL-3.0-only", "", "CC-BY-NC-4.0"))
    assert more.takes("CC-BY-SA-4.0") and more.takes("GPL-3.0-only")
    assert not more.takes("CC-BY-NC-4.0") and not more.takes("")


def test_a_person_is_told_why() -> None:
    assert why("CC-BY-NC-ND-4.0") == "it may not be used commercially and it may not be changed"
    assert why("LicenseRef-no-ai-training") == "it may not be used for training"
    assert why("") == "its licence is not known"
    assert why("MIT") == ""
