# SPDX-License-Identifier: GPL-3.0-or-later
"""A request in a model's words is held against the one by rules and the answer."""

from __future__ import annotations

from typing import Any

import pytest

from voxel_trainer_addon.dataset_builder.author_check import Asked, Vocabulary, fault, suits

VOCABULARY = Vocabulary(None, ["Scale", "Detail", "Roughness", "Strength", "IOR", "Base Color", "Distance"])
NODES = "".join(f'nodes.new("ShaderNode{name}")\n' for name in ("TexNoise", "Bump", "BsdfPrincipled", "TexCoord"))
LINE: dict[str, Any] = {
    "kind": "tree",
    "task": "material",
    "key": "materials/Rusty Iron",
    "form": "code",
    "prompt": 'Make a material with noise-driven roughness and bump from a height texture. Name it "Rusty Iron".',
    "completion": NODES,
}
FULL = {
    **LINE,
    "prompt": 'Make the material "Rusty Iron". Nodes: Noise Texture (Scale 5, Detail 2), Bump (Strength 0.4), '
    "Principled BSDF. Connect Noise Texture Fac to Bump Height; Bump Normal to Principled BSDF Normal.",
}
STACK = {
    **LINE,
    "kind": "stack",
    "task": "stack",
    "key": "objects/Crate",
    "prompt": 'Make a mesh object with a Bevel modifier (width 0.02, segments 3). Name it "Crate".',
    "completion": 'crate.modifiers.new("Bevel", "BEVEL")',
}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (LINE, 'Could you whip up a material called "Rusty Iron"? Let a noise texture drive the roughness.'),
        (LINE, "I'd like a rusty iron material, “Rusty Iron”, where noise drives the roughness, with some bump."),
        (LINE, 'Material "Rusty Iron": noisy roughness, bumpy surface from a height texture, please.'),
        (FULL, 'A material named "Rusty Iron": noise texture with scale 5 and a detail of two, bump at strength 0.4.'),
        (
            FULL,
            'Material "Rusty Iron": the noise texture feeds the height of one Bump, which feeds the Principled BSDF.',
        ),
        (STACK, 'Give me a mesh object "Crate" with a three-segment bevel, width 0.02.'),
    ],
)
def test_the_same_in_other_words_passes(row: dict[str, Any], text: str) -> None:
    assert fault(text, Asked(row), VOCABULARY) == ""


@pytest.mark.parametrize(
    ("row", "text", "why"),
    [
        (LINE, 'Make the material "Rusty Iron" with a Voronoi texture for the roughness.', "node, socket or technique"),
        (LINE, 'Build the material "Rusty Iron" with noise-driven roughness and a clear coat.', "technique"),
        (
            LINE,
            'Build the material "Rusty Iron" with a cellular texture on the roughness.',
            "node, socket or technique",
        ),
        (LINE, 'A worn material "Rusty Iron" with noise-driven roughness.', "a look"),
        (LINE, 'A red material "Rusty Iron" with noise-driven roughness.', "a look"),
        (LINE, 'The material "Rusty Iron" with noise-driven roughness, but without any bump.', "a look"),
        (LINE, 'Material "Rusty Iron" with noise-driven roughness of 0.3.', "a number that is not there"),
        (
            FULL,
            'Material "Rusty Iron": noise texture with scale 2 and detail 5, and a bump.',
            "number at another place",
        ),
        (FULL, 'Material "Rusty Iron" with two noise textures and a bump.', "another count"),
        (FULL, 'Material "Rusty Iron": the noise texture drives the strength. Then a bump.', "joins"),
        (LINE, 'Material "Rusty Iron", texture coordinates into noise that drives the roughness.', "joins"),
        (STACK, 'A mesh object "Crate" with a bevel and a mirror modifier.', "node, socket or technique"),
        (LINE, "Make me a material with noise-driven roughness and bump.", "the name is missing"),
        (LINE, 'Make me a material "Rusty Iron" with noise by the group "Rust".', "names what was not named"),
        (LINE, 'Make "Rusty Iron" with noise-driven roughness and bump.', "what kind of thing"),
        (LINE, 'Make the material "Rusty Iron": nodes.new(ShaderNodeTexNoise) drives the roughness.', "code"),
        (LINE, 'Make the material "Rusty Iron" with `noise` driving the roughness.', "code"),
        (LINE, 'Make the material "Rusty Iron" with noise_texture driving the roughness.', "code"),
        (LINE, 'Sure! Here is the material "Rusty Iron" with noise-driven roughness.', "talks about the task"),
        (LINE, 'Создай материал: make the material "Rusty Iron" with noise.', "another language"),
        (LINE, 'The material "Rusty Iron" with noise. Mail it to me@example.org please.', "private"),
        ({**LINE, "form": "json"}, 'The material "Rusty Iron" with noise-driven roughness.', "form of the answer"),
        (LINE, 'The material "Rusty Iron". ' * 30, "too short or too long"),
    ],
)
def test_a_claim_a_lack_or_a_leak_does_not(row: dict[str, Any], text: str, why: str) -> None:
    assert why in fault(text, Asked(row), VOCABULARY)


def test_only_requests_in_words_are_told_again() -> None:
    assert suits(LINE) and suits(STACK)
    assert not suits({**LINE, "prompt": "Nodes: mix = ShaderNodeMix. Links: mix.Result -> x.y."})
    assert not suits({**LINE, "kind": "edit"}) and not suits({**LINE, "given": "0"})
    assert not suits({**LINE, "prompt": "x " * 1000})
