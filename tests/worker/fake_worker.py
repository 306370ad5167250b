# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker without Blender, for the pool's tests: speaks the real frames, and misbehaves as a request asks it to."""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time

start = json.loads(sys.argv[1])
requests, replies = os.dup(0), os.dup(1)


def read(count):
    data = b""
    while len(data) < count:
        piece = os.read(requests, count - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def write(data):
    while data:
        data = data[os.write(replies, data) :]


def send(value):
    data = json.dumps(value).encode()
    write(struct.pack(">I", len(data)) + data)


write(b"Blender 0.0.0 says hello\n" + start["word"].encode())
send({"v": 1, "pid": os.getpid(), "locked": []})
while True:
    request = json.loads(read(*struct.unpack(">I", read(4))))
    body = request["body"]
    do, once = body.get("do", "echo"), body.get("once")
    if once and os.path.exists(once):
        do = "echo"
    elif once:
        open(once, "w").close()
    answer = {"id": request["id"], "sha256": request["sha256"], "ok": True, "worn": False, "body": {"pid": os.getpid()}}
    if do == "crash":
        print("about to crash", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    if do in ("SIGKILL", "SIGXCPU"):
        os.kill(os.getpid(), getattr(signal, do))
    if do == "hang":
        time.sleep(600)
    if do == "flood":
        while True:
            write(b"\xff" * 65536)
    if do == "lie":
        answer["sha256"] = "of another file"
    if do == "half":
        del answer["worn"]
    if do == "deep":
        write(struct.pack(">I", 200_000) + b"[" * 200_000)
    if do == "eat":
        held = bytearray(300 << 20)
        time.sleep(600)
    if do == "refuse":
        answer |= {"ok": False, "code": "no", "sentence": "It is refused", "detail": ""}
    if do == "wear":
        answer["worn"] = True
    if do == "print":
        os.write(2, b"x" * (8 << 20))
        time.sleep(0.5)
    answer["body"]["seen"] = body
    send(answer)
