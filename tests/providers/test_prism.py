# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against Prism, which others wrote: serving OpenAI's published description, and standing before a
host of ours to check what passes in a job's whole life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.peers import prism
from tests.providers.openai_server import JOBS, LIFE, serving
from voxel_trainer_addon.providers.hosts import Wanted
from voxel_trainer_addon.providers.openai_api import OWN_URL, OpenAIHost, Refusal

pytestmark = [pytest.mark.peer, pytest.mark.slow]
TOKEN = "sk-for-prism-0123456789"
ROW = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'


@pytest.fixture(scope="module")
def description(shared: Path) -> Path:
    pytest.importorskip("openai")
    return shared / "peers" / "openapi" / "openai.json"


@pytest.fixture(scope="module")
def address(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that checks every request against the description."""
    try:
        with prism.running(description, tmp_path_factory.mktemp("prism") / "log.txt", "--errors") as peer:
            yield peer.address
    except prism.Missing as why:
        pytest.skip(str(why))


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    path = tmp_path / "train.jsonl"
    path.write_text(ROW * 10)
    set_ = {"n_epochs": "3"}
    return Wanted("0123456789abcdef", "d" * 64, "gpt-4o-mini-2024-07-18", "sft", path, path, "voxel", 0, set_)


def test_every_request_passes_the_published_description(address: str, wanted: Wanted) -> None:
    host = OpenAIHost(address, TOKEN)
    for asked in (address, OWN_URL):  # the form of parameters for other hosts, and that for OpenAI
        host.url = asked
        for one in (wanted, replace(wanted, id="b" * 16, objective="dpo")):
            job = host.submit(one)
            assert job.id and job.end == ""
    parts = OpenAIHost(address, TOKEN, file_bytes=500, part_bytes=400)
    with pytest.raises(Refusal) as refusal:  # all is taken, but its made-up answer names no file
        parts.submit(wanted)
    assert refusal.value.code == "odd" and "'NoneType' object has no attribute 'id'" in refusal.value.detail
    parts.close()
    assert host.models() and host.ask(job.id).status == job.status
    assert host.said(job.id) and host.checkpoints(job.id)
    for steer in (host.pause, host.resume, host.cancel):
        assert steer(job.id).id
    host.close()


def test_a_whole_life_passes_the_published_description(description: Path, wanted: Wanted, tmp_path: Path) -> None:
    with serving() as server:
        server.life = LIFE
        server.models = [{"id": wanted.model, "shutdown_date": "2027-01-14"}]
        upstream = server.url.removesuffix("/v1")
        try:
            with prism.running(description, tmp_path / "log.txt", before=upstream) as peer:
                direct, host = OpenAIHost(server.url, TOKEN), OpenAIHost(peer.address, TOKEN)
                direct._uploaded(wanted.training)  # Prism takes bytes for text
                assert host.models()[0].ends == "2027-01-14"
                id = host.submit(wanted).id
                server.step(1, 2.5, 2.4)
                assert [host.ask(id).status for _ in LIFE] == list(LIFE) and host.ask(id).end == "done"
                assert host.said(id)[0].held_out == 2.4 and host.checkpoints(id)[0].step == 1
                other = host.submit(replace(wanted, id="b" * 16)).id
                assert (host.pause(other).status, host.resume(other).status) == ("paused", "running")
                assert host.cancel(other).end == "cancelled"
                assert server.asked.count(f"POST {JOBS}") == 2 and not peer.violations()
                direct.close()
                host.close()
        except prism.Missing as why:
            pytest.skip(str(why))
