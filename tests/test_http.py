# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to the network: what is sent to whom, and how every way of going wrong is told."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_server import Page, SmallServer
from voxel_trainer_addon import http
from voxel_trainer_addon.http import Client, NetworkError

pytestmark = pytest.mark.plain
SECRET = {"Authorization": "Bearer secret"}


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with SmallServer() as server:
        yield server


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(True)
    yield client
    client.close()


def kind(client: Client, url: str, **given: int) -> str:
    with pytest.raises(NetworkError) as error:
        client.ask("GET", url, {}, **given)
    assert str(error.value).endswith((".", "?")), "a sentence"
    return error.value.kind


def test_nothing_is_sent_while_blender_is_offline(server: SmallServer) -> None:
    assert kind(Client(False), server.address) == "offline" and not server.asked


def test_nothing_is_sent_after_the_end(server: SmallServer, client: Client) -> None:
    client.close()
    assert kind(client, server.address) == "stopped" and not server.asked


def test_our_name_and_contact_are_sent(server: SmallServer) -> None:
    client = Client(True, "me@example.org")
    client.ask("GET", f"{server.address}/x", {})
    client.close()
    assert server.asked[0][2]["user-agent"].startswith("voxel-trainer/")
    assert server.asked[0][2]["user-agent"].endswith("contact: me@example.org)")


def test_a_token_stays_with_its_host(server: SmallServer, client: Client) -> None:
    with SmallServer({"/there": Page(b"ok")}) as other:
        server.answers |= {
            "/away": Page(status=302, headers={"Location": f"{other.address}/there"}),
            "/here": Page(status=301, headers={"Location": "/away"}),
        }
        answer = client.ask("GET", f"{server.address}/here", SECRET)
    assert answer.body == b"ok" and answer.moved == f"{server.address}/away", "the second is not for good"
    assert [headers.get("authorization") for _, _, headers in server.asked] == ["Bearer secret"] * 2
    assert "authorization" not in other.asked[0][2]


def test_passwords_of_netrc_are_not_sent(
    server: SmallServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    client.ask("GET", f"{server.address}/x", {})
    assert "authorization" not in server.asked[0][2]


def test_redirects_end(server: SmallServer, client: Client) -> None:
    server.answers |= {
        "/round": Page(status=302, headers={"Location": "/round"}),
        "/files": Page(status=302, headers={"Location": "file:///etc/passwd"}),
    }
    assert kind(client, f"{server.address}/round") == "redirects"
    assert kind(client, f"{server.address}/files") == "redirects"


def test_every_way_of_going_wrong_has_its_kind(
    server: SmallServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_S", 0.3)
    monkeypatch.setattr(http, "SLOWEST_S", 0.3)
    server.answers |= {
        "/cut": Page(b"half", length=8),
        "/silent": Page(b"late", hold=1.0),
        "/slow": Page(b"x" * 100, pause=0.02),
        "/large": Page(b"x" * 1000),
        "/bomb": Page(gzip.compress(bytes(50 << 20)), headers={"Content-Encoding": "gzip"}),
        "/spoiled": Page(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    }
    told = dict[str, str]()
    for path in server.answers:
        begun = time.monotonic()
        told[path] = kind(client, f"{server.address}{path}", most=999)
        assert time.monotonic() - begun < 1.5
    assert told == {
        "/cut": "cut",
        "/silent": "timeout",
        "/slow": "slow",
        "/large": "large",
        "/bomb": "large",
        "/spoiled": "cut",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert kind(client, f"http://127.0.0.1:{free.getsockname()[1]}") == "connect"
    assert kind(client, "http://nowhere.invalid") == "dns"
    assert kind(client, server.address.replace("http", "https")) == "tls"


def test_a_connection_is_used_again_also_after_a_fault(server: SmallServer, client: Client) -> None:
    server.answers |= {"/ok": Page(b"ok"), "/cut": Page(b"half", length=8)}
    for path in ("/ok", "/cut", "/ok", "/ok"):
        if path == "/cut":
            assert kind(client, f"{server.address}{path}") == "cut"
        else:
            assert client.ask("GET", f"{server.address}{path}", {}).body == b"ok"
    assert server.connections == 2, "one until the fault, one from then on"
