# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against Prism, which others wrote, serving OpenAI's published description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers import prism
from voxel_trainer_addon.providers.openai_api import OpenAIHost

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that checks every request against the description."""
    pytest.importorskip("openai")
    log = tmp_path_factory.mktemp("prism") / "log.txt"
    try:
        with prism.running(shared / "peers" / "openapi" / "openai.json", log, "--errors") as peer:
            yield peer.address
    except prism.Missing as why:
        pytest.skip(str(why))


def test_upload_create_and_ask_pass_the_published_description(address: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n' * 10)
    host = OpenAIHost(address, "sk-for-prism-0123456789")
    file = host.upload(path, "voxel-test-train.jsonl")
    job = host.create("ours", "d" * 64, "gpt-4o-mini-2024-07-18", file, None, "voxel", 0)
    assert file and job.id and job.end == ""
    assert host.ask(job.id).status == job.status
    host.close()
