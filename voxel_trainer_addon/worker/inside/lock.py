# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker gives up what it does not need before it sees the first stranger's file: files, network, programs, memory.

Linux has Landlock (files; 5.13) and seccomp (sockets, programs), through ctypes and without root; other systems have
the parent's limits alone. What was locked is told to the parent.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

FILE_MAX = 1 << 30
"""Bytes that a worker may write to one file."""

SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/opt",
    "/nix/store",
)

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
ALL_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
TCP_BIND_CONNECT = 3
PR_SET_NO_NEW_PRIVS = 38
SET_MODE_FILTER, ALL_THREADS = 1, 1

AF_UNIX = 1
EACCES = 13
CALLS = {"x86_64": (0xC000003E, 317, 41, (59, 322, 425)), "aarch64": (0xC00000B7, 277, 198, (221, 281, 425))}
"""Machine → audit architecture; numbers of `seccomp`, of `socket`, and of `execve`, `execveat` and `io_uring_setup`."""


def lock(scratch: Path, readable: Iterable[Path], memory_mb: int) -> list[str]:
    """Lock this process for good: `readable` and Blender's own folders can be read, `scratch` written. What was locked:
    any of `limits`, `files`, `network`, `programs`."""
    done = _limit(memory_mb)
    if sys.platform != "linux":
        return done
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    calls = CALLS.get(platform.machine())
    program = _filter(*calls) if calls else None
    if _landlock(libc, scratch, [*_own_folders(), *readable]):
        done.append("files")
    if calls and program and libc.syscall(calls[1], SET_MODE_FILTER, ALL_THREADS, ctypes.byref(program)) == 0:
        done += ["network", "programs"]
    return done


def _limit(memory_mb: int) -> list[str]:
    try:
        import resource
    except ImportError:
        return []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + (memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return ["limits"]


def limit_processor(seconds: float) -> None:
    """Let this process use its processors for so long from now on, and no longer: the system ends it then (SIGXCPU),
    also where nobody watches."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    more = seconds * (os.cpu_count() or 1)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + more) + 1, hard))


def _own_folders() -> list[Path]:
    import bpy

    found = [Path(place) for place in (*SYSTEM, sys.prefix, sys.base_prefix)]
    found.append(Path(bpy.__file__).parent)
    if bpy.app.binary_path:
        found.append(Path(bpy.app.binary_path).resolve().parent)
    return found


def _landlock(libc: ctypes.CDLL, scratch: Path, readable: Iterable[Path]) -> bool:
    abi = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    everything = ALL_OF_ABI[min(abi, 5)]
    attributes = struct.pack("=QQ", everything, TCP_BIND_CONNECT if abi >= 4 else 0)[: 16 if abi >= 4 else 8]
    ruleset = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    rules = [(place, READ_FILE | READ_DIR) for place in readable]
    rules += [(scratch, everything & ~EXECUTE), (Path(os.devnull), READ_FILE | WRITE_FILE | (TRUNCATE & everything))]
    for place, rights in rules:
        if not place.is_dir():
            rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
        try:
            descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        failed = libc.syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0)
        os.close(descriptor)
        if failed:
            return False
    locked: bool = libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return locked


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _filter(architecture: int, _seccomp: int, socket: int, forbidden: tuple[int, ...]) -> _Program:
    """A seccomp program: no sockets but AF_UNIX, no new programs."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse, kill = (give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050000 | EACCES), (give, 0, 0, 0x80000000)
    code: list[tuple[int, int, int, int]] = [(load, 0, 0, 4), (equal, 1, 0, architecture), kill, (load, 0, 0, 0)]
    code += [(at_least, 0, 1, 0x40000000), refuse]
    for number in forbidden:
        code += [(equal, 0, 1, number), refuse]
    code += [(equal, 0, 3, socket), (load, 0, 0, 16), (equal, 1, 0, AF_UNIX), refuse, allow]
    return _Program(len(code), b"".join(struct.pack("=HBBI", *step) for step in code))
