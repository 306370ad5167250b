# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker gives up what it does not need before it sees the first stranger's file: files, network, programs, memory.

Linux has Landlock (files; 5.13) and seccomp (sockets, programs, processes), through ctypes and without root; other
systems have the parent's limits alone. What was locked is told to the parent.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

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

EACCES, ENOSYS = 13, 38
CLONE_THREAD = 0x10000
LOAD, EQUAL, AT_LEAST, ANY_OF, GIVE = 0x20, 0x15, 0x35, 0x45, 0x06


class Calls(NamedTuple):
    """Numbers of system calls on one machine."""

    architecture: int
    seccomp: int
    clone: int
    clone3: int
    on_itself: tuple[int, int]
    """`tgkill` and `prlimit64`, allowed on the process itself only."""
    refused: tuple[int, ...]


CALLS = {
    "x86_64": Calls(
        *(0xC000003E, 317, 56, 435, (234, 302)),
        (
            *(59, 322, 57, 58),  # execve, execveat, fork, vfork
            *(41, 42, 53, 425),  # socket, connect, socketpair, io_uring_setup
            *(62, 200, 129, 297, 424, 101, 310, 311),  # kill, tkill, rt_(tg)sigqueueinfo, pidfd_send_signal, ptrace, vm
            *(90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280),  # chmod, chown and utime in all their forms
            *(188, 189, 190, 197, 198, 199),  # setxattr, removexattr
            *(165, 166, 155, 161, 272, 308, 428, 429, 430, 431, 432, 442),  # mount, chroot, unshare, setns and kin
            *(169, 246, 320, 175, 313, 176, 321, 298, 170, 171, 164, 227, 167, 168, 248, 249, 250),  # the system itself
        ),
    ),
    "aarch64": Calls(
        *(0xC00000B7, 277, 220, 435, (131, 261)),
        (
            *(221, 281),
            *(198, 203, 199, 425),
            *(129, 130, 138, 240, 424, 117, 270, 271),
            *(52, 53, 452, 54, 55, 88),
            *(5, 6, 7, 14, 15, 16),
            *(40, 39, 41, 51, 97, 268, 428, 429, 430, 431, 432, 442),
            *(142, 104, 294, 105, 273, 106, 280, 241, 161, 162, 170, 112, 224, 225, 217, 218, 219),
        ),
    ),
}
"""What a worker has no business with: programs and processes, sockets, other processes, who may use a file and when it
was changed (Landlock does not watch these), namespaces, the system itself."""


def lock(scratch: Path, readable: Iterable[Path], memory_mb: int) -> list[str]:
    """Lock this process for good: `readable` and Blender's own folders can be read, `scratch` written. What was locked:
    any of `limits`, `files`, `network`, `programs`."""
    done = _limit(memory_mb)
    if sys.platform != "linux":
        return done
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    calls = CALLS.get(platform.machine())
    program = _filter(calls) if calls else None
    if _landlock(libc, scratch, [*_own_folders(), *readable]):
        done.append("files")
    if calls and program and libc.syscall(calls.seccomp, SET_MODE_FILTER, ALL_THREADS, ctypes.byref(program)) == 0:
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


def _filter(calls: Calls) -> _Program:
    """A seccomp program that refuses what `calls` names, and new processes; threads may start."""
    allow, refuse, kill = (GIVE, 0, 0, 0x7FFF0000), (GIVE, 0, 0, 0x00050000 | EACCES), (GIVE, 0, 0, 0x80000000)
    unknown = (GIVE, 0, 0, 0x00050000 | ENOSYS)
    number, first = (LOAD, 0, 0, 0), (LOAD, 0, 0, 16)
    code: list[tuple[int, int, int, int]] = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, calls.architecture), kill, number]
    code += [(AT_LEAST, 0, 1, 0x40000000), refuse]
    for one in calls.refused:
        code += [(EQUAL, 0, 1, one), refuse]
    code += [(EQUAL, 0, 1, calls.clone3), unknown]  # its flags are in memory; libc then takes clone
    code += [(EQUAL, 0, 4, calls.clone), first, (ANY_OF, 0, 1, CLONE_THREAD), allow, refuse]
    for one in calls.on_itself:
        code += [(EQUAL, 0, 5, one), first, (EQUAL, 1, 0, os.getpid()), (EQUAL, 0, 1, 0), allow, refuse]
    return _Program(len(code) + 1, b"".join(struct.pack("=HBBI", *step) for step in (*code, allow)))
