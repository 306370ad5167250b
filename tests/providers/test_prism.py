# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider openai against Prism, which others wrote, serving OpenAI's published description."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel_trainer_addon.providers.openai_api import OpenAIHost

pytestmark = [pytest.mark.peer, pytest.mark.slow]

PRISM = "@stoplight/prism-cli@5.14.2"
UP_WITHIN_S = 180


@pytest.fixture(scope="module")
def prism(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prism that checks every request against the description."""
    pytest.importorskip("openai")
    npx = shutil.which("npx")
    if not npx:
        pytest.skip("Prism needs Node (npx)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    described = shared / "peers" / "openapi" / "openai.json"
    log = tmp_path_factory.mktemp("prism") / "log.txt"
    argv = [npx, "-y", PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(described)]
    with open(log, "w") as out:
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_for(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # npx starts others and leaves them behind
        server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    pytest.skip(f"Prism did not start: {log.read_text()[-500:]}")


def test_upload_create_and_ask_pass_the_published_description(prism: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n' * 10)
    host = OpenAIHost(prism, "sk-for-prism-0123456789")
    file = host.upload(path, "voxel-test-train.jsonl")
    job = host.create("ours", "d" * 64, "gpt-4o-mini-2024-07-18", file, None, "voxel", 0)
    assert file and job.id and job.end == ""
    assert host.ask(job.id).status == job.status
    host.close()
