# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on loopback that speaks as Amazon Bedrock and S3 do, as far as they are asked here, and what can go wrong."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests import small_server
from tests.conftest import lacking
from voxel_trainer_addon.providers import aws

BUCKET, ROLE = "our-rows", "arn:aws:iam::123456789012:role/VoxelTrainer"
KEY, SECRET = "AKIALOOPBACK01234567", "a-secret-key-that-nobody-may-see"
JOBS, DEPLOYMENTS, THROUGHPUTS = (
    "/model-customization-jobs",
    "/model-customization/custom-model-deployments",
    "/provisioned-model-throughput",
)
CUSTOM = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefabcdef"
NOW = 1_790_000_000.0


class Fault(Exception):
    """Status, Amazon's word for it, and its sentence."""


class Server(ThreadingHTTPServer):
    """An account's memory. `faults` has what is answered to a method and path as in `asked`, '' for all, `s3_fault`
    what S3 answers; `loses` is the number of answers until one gets lost, `cuts` the same before it was acted on;
    `knows_tokens`: a creation that comes again with its token is the same, else it is refused by its name; `half`: what
    is streamed breaks off; `says`: it speaks Amazon's form."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.forget()

    def forget(self) -> None:
        """As it was at the start."""
        self.models: list[dict[str, Any]] = []
        self.faults: dict[str, tuple[int, str, str]] = {}
        self.s3_fault: tuple[int, str, str] | None = None
        self.loses = self.cuts = -1
        self.knows_tokens = True
        self.half, self.stop = False, "end_turn"
        self.says = True
        self.jobs: list[dict[str, Any]] = []
        self.rented: dict[str, list[dict[str, Any]]] = {DEPLOYMENTS: [], THROUGHPUTS: []}
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def counts_down(self, name: str) -> bool:
        """Whether it is this request's turn."""
        left = getattr(self, name)
        setattr(self, name, left - 1)
        return left == 0

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        """What is answered: JSON, or bytes of S3."""
        if not self.says:
            return "hello"
        told = json.loads(body) if body.startswith(b"{") and path[1:].split("/")[0] != BUCKET else {}
        if told:
            self.bodies.append(told)
        if path == "/foundation-models":
            assert query == {"byCustomizationType": ["FINE_TUNING"], "byOutputModality": ["TEXT"]}
            return {"modelSummaries": self.models}
        if path.startswith("/model/"):
            return self._said(path, told["messages"][-1]["content"][0]["text"])
        if path.startswith(JOBS):
            return self._job(method, path, query, told)
        for kind in (DEPLOYMENTS, THROUGHPUTS):
            if path.startswith(kind) or path.startswith(f"{kind}s"):
                return self._rented(kind, method, path, query, told)
        return self._s3(method, path, query, body)

    def _job(self, method: str, path: str, query: dict[str, list[str]], told: dict[str, Any]) -> Any:
        if path == JOBS and method == "GET":
            found = [job for job in self.jobs if query["nameContains"][0] in job["jobName"]]
            return {"modelCustomizationJobSummaries": found}
        if path == JOBS:
            there = [job for job in self.jobs if job["jobName"] == told["jobName"]]
            if there and not (self.knows_tokens and there[0]["clientRequestToken"] == told["clientRequestToken"]):
                raise Fault(400, "ResourceInUseException", "it is there already")
            if not there:
                arn = f"arn:aws:bedrock:us-east-1:123456789012:model-customization-job/{told['jobName']}"
                more = {"jobArn": arn, "status": "InProgress", "creationTime": _time(0), "baseModelArn": "arn:b"}
                self.jobs.append({**told, **more, "outputModelName": told["customModelName"]})
            return {"jobArn": self.jobs[-1]["jobArn"]}
        name, _, stop = path.removeprefix(f"{JOBS}/").partition("/")
        job = next((job for job in self.jobs if job["jobName"] == name), None)
        if job is None:
            raise Fault(404, "ResourceNotFoundException", "no such job")
        if stop:
            if job["status"] != "InProgress":
                raise Fault(409, "ConflictException", "it has ended")
            job["status"] = "Stopping"
        return job

    def _rented(self, kind: str, method: str, path: str, query: dict[str, list[str]], told: dict[str, Any]) -> Any:
        """Deployments and provisioned throughputs, which differ by words alone."""
        provisioned = kind == THROUGHPUTS
        arn_key = "provisionedModelArn" if provisioned else "customModelDeploymentArn"
        name_key = "provisionedModelName" if provisioned else "customModelDeploymentName"
        if method == "POST":
            name = told["provisionedModelName" if provisioned else "modelDeploymentName"]
            word = "provisioned-model" if provisioned else "custom-model-deployment"
            arn = f"arn:aws:bedrock:us-east-1:123456789012:{word}/{len(self.rented[kind]):012}"
            times = {"creationTime": _time(0), "lastModifiedTime": _time(0), "createdAt": _time(0)}
            self.rented[kind].append({arn_key: arn, name_key: name, "status": "Creating", "modelArn": CUSTOM, **times})
            return {arn_key: arn}
        if method == "GET" and query:
            key = "provisionedModelSummaries" if provisioned else "modelDeploymentSummaries"
            name, model = (query.get(word, [""])[0] for word in ("nameContains", "modelArnEquals"))
            return {key: [one for one in self.rented[kind] if name in one[name_key] and model in one["modelArn"]]}
        arn = path[path.index("arn:") :]
        found = next((one for one in self.rented[kind] if one[arn_key] == arn), None)
        if found is None:
            raise Fault(404, "ResourceNotFoundException", "no such thing")
        if method == "DELETE":
            self.rented[kind].remove(found)
            return {}
        return found

    def _said(self, path: str, text: str) -> Any:
        used = {"inputTokens": 40, "outputTokens": 9, "totalTokens": 49}
        if not path.endswith("-stream"):
            message = {"role": "assistant", "content": [{"text": f"You said: {text}"}]}
            return {
                "output": {"message": message},
                "stopReason": self.stop,
                "usage": used,
                "metrics": {"latencyMs": 1},
            }
        pieces = ["You said: ", text]
        events = [("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}}) for piece in pieces]
        events += [("messageStop", {"stopReason": "end_turn"}), ("metadata", {"usage": used, "metrics": {}})]
        return b"".join(_event(*event) for event in events[: 1 if self.half else None])

    def _s3(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> bytes:
        bucket, _, key = path[1:].partition("/")
        if self.s3_fault:
            raise Fault(*self.s3_fault)
        if bucket != BUCKET:
            raise Fault(404, "NoSuchBucket", "The specified bucket does not exist")
        if method == "PUT":
            self.objects[key] = body
            return b""
        if not key:
            prefix = query["prefix"][0]
            told = "".join(
                f"<Contents><Key>{name}</Key><LastModified>2026-11-29T10:00:00Z</LastModified>"
                f"<Size>{len(content)}</Size></Contents>"
                for name, content in self.objects.items()
                if name.startswith(prefix)
            )
            return f"<ListBucketResult><IsTruncated>false</IsTruncated>{told}</ListBucketResult>".encode()
        if key not in self.objects:
            raise Fault(404, "NoSuchKey", "no such key")
        return self.objects[key]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        body = self._body()
        path = unquote(parts.path)
        server.asked.append(f"{self.command} {path}")
        if server.counts_down("cuts"):
            return self._hang_up()
        status, kind = 200, "application/json"
        headers: dict[str, str] = {}
        try:
            if fault := server.faults.get(server.asked[-1], server.faults.get("")):
                raise Fault(*fault)
            value = server.answer(self.command, path, parse_qs(parts.query), body)
            kind = "application/vnd.amazon.eventstream" if path.endswith("-stream") else kind
        except Fault as fault:
            status, code, words = fault.args
            headers = {"x-amzn-ErrorType": code}
            s3 = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>".encode()
            value = s3 if path[1:].split("/")[0] == BUCKET or code == "NoSuchBucket" else {"message": words}
        if server.counts_down("loses"):
            return self._hang_up()
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Last-Modified": formatdate(NOW, usegmt=True), **headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def _body(self) -> bytes:
        if self.headers.get("Expect") == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" not in (self.headers.get("Content-Encoding") or "") + (self.headers["Transfer-Encoding"] or ""):
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        return _unchunked(self.rfile.read(int(self.headers["Content-Length"])))

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


def _unchunked(body: bytes) -> bytes:
    """What stands in Amazon's chunks, each after its size."""
    content = b""
    while body:
        head, _, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if not size:
            break
        content, body = content + body[:size], body[size + 2 :]
    return content


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + seconds))


def _event(kind: str, value: dict[str, Any]) -> bytes:
    """An event in Amazon's binary form: lengths, their checksum, headers, content, checksum."""
    told = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text.encode()
        for name, text in told.items()
    )
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def serving() -> AbstractContextManager[Server]:
    """A server that runs while the block does."""
    return small_server.serving(Server())


@contextlib.contextmanager
def account(folder: Path) -> Iterator[None]:
    """An account of its own in the environment: nothing of this machine's is looked at, and nothing is tried twice."""
    if not importlib.util.find_spec("boto3"):
        lacking("the boto3 package is not here")
    told = {
        "VOXEL_TRAINER_CONFIG": str(folder),
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "VOXEL_TRAINER_AWS_ROLE": ROLE,
        "VOXEL_TRAINER_AWS_BUCKET": BUCKET,
        "no_proxy": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        for name, value in told.items():
            patch.setenv(name, value)
        patch.setattr(aws, "TRIES", 1)
        yield
