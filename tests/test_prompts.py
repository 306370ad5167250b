# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests are worded in several ways, and code comes out of an answer as it went in."""

from __future__ import annotations

import pytest

from voxel_trainer_addon import prompts

pytestmark = pytest.mark.plain

CODE = 'import bpy\n\nt = bpy.data.node_groups.new("Rust", "ShaderNodeTree")\nt.nodes.new("ShaderNodeBump")\n'


def test_an_answer_gives_its_code_back() -> None:
    assert prompts.code_of(prompts.answer(CODE)) == CODE


@pytest.mark.parametrize(
    "said",
    [
        CODE,
        "Sure! Here is the script.\n\n" + CODE,
        f"Here:\n\n```python\n{CODE}```\nThis makes a bump.",
        f"```py\n{CODE}",
        f"~~~\n{CODE}~~~",
        f"```sh\npip install bpy and many other things, so that this block is the longest of the whole answer by far\n"
        f"{'x' * 200}\n```\n```python\n{CODE}```\n",
        f"```\nimport os\n```\nbetter:\n```python\n{CODE}```",
    ],
)
def test_code_is_found_bare_fenced_and_unfinished(said: str) -> None:
    assert prompts.code_of(said) == CODE


@pytest.mark.parametrize("said", ["", "I can't do that.", "The node is blue.", "```sh\nls\n```", "```python\n```"])
def test_no_code_is_an_empty_string(said: str) -> None:
    assert prompts.code_of(said) == ""


def test_broken_code_is_still_code() -> None:
    assert prompts.code_of("import bpy\nfor x in (\n") == "import bpy\nfor x in (\n"


def test_each_wording_says_noun_name_and_description() -> None:
    for exact, wordings in ((False, prompts.WORDED), (True, prompts.EXACT)):
        request = prompts.Request("material", "Rusty Iron", "A bump.", exact)
        texts = {request.text(f"{i:08x}") for i in range(len(wordings))}
        assert len(texts) == len(wordings)
        assert all("material" in t.lower() and '"Rusty Iron"' in t and "A bump." in t for t in texts)


def test_a_description_with_braces_is_data() -> None:
    assert "{name}" in prompts.Request("material", "{noun}", "A {name}.").text("00000000")


def test_messages_are_system_and_user() -> None:
    roles = [(m["role"], m["content"]) for m in prompts.messages({"prompt": "Make it."})]
    assert roles == [("system", prompts.SYSTEM), ("user", "Make it.")]


def test_an_answer_is_framed_by_its_form() -> None:
    assert prompts.answer_of({"completion": "x = 1\n"}) == "```python\nx = 1\n```"
    assert prompts.answer_of({"completion": "{}", "form": "json"}) == "```json\n{}\n```"
    assert prompts.answer_of({"completion": "A bump.", "form": "words"}) == "A bump."
    systems = {prompts.messages({"prompt": "?", "form": form})[0]["content"] for form in prompts.SYSTEMS}
    assert len(systems) == 3


def test_a_brief_request_goes_on_where_the_noun_ends() -> None:
    texts = {
        prompts.Request("material", "Rust", "with a bump", brief=True, form=form).text(f"{n:08x}")
        for n in range(6)
        for form in ("code", "json")
    }
    assert all("material" in text and '"Rust"' in text and "with a bump" in text for text in texts)
    assert len(texts) == len(prompts.BRIEF) + len(prompts.BRIEF_AS_JSON)
    assert "bpy" not in " ".join((*prompts.AS_JSON, *prompts.BRIEF_AS_JSON))


def test_what_has_no_name_is_asked_for_without_one() -> None:
    texts = {prompts.Request("scene", "", "It has a camera.").text(f"{n:08x}") for n in range(len(prompts.UNNAMED))}
    assert len(texts) == len(prompts.UNNAMED) and not any('"' in text for text in texts)
