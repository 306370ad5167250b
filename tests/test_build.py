# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythons that only seem to run, environments whole or not at all, words before downloads."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from build_tools import environments, first_run, suites
from tests.small_server import serving
from voxel_trainer_addon import pythons
from voxel_trainer_addon.errors import UserError

ROOT = Path(environments.__file__).parent.parent
THIS = "{}.{}".format(*sys.version_info[:2])


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one folder, a HOME without version managers, and a build.py that runs in another Python."""
    shims = tmp_path / "manager" / "shims"
    shims.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{shims}:/nonexistent")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for key in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "nowhere"))
    pythons._probe.cache_clear()
    return shims


def test_a_shim_that_answers_127_is_no_python(only_path: Path) -> None:
    program(only_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    assert pythons.find("3.13") is None


def test_behind_a_broken_shim_the_version_managers_own_python_is_found(only_path: Path) -> None:
    program(only_path / f"python{THIS}", "exit 127")
    real = os.path.realpath(os.path.join(sys.exec_prefix, "bin", f"python{THIS}"))
    kept = program(only_path.parent / "versions" / f"{THIS}.9" / "bin" / f"python{THIS}", f'exec "{real}" "$@"')
    assert kept.is_file()
    found = pythons.find(THIS)
    assert found is not None
    assert pythons.version_of(found) == "{}.{}.{}".format(*sys.version_info[:3])


def test_a_python_of_another_version_under_the_right_name_does_not_count(only_path: Path) -> None:
    program(only_path / "python3.13", "echo 3.12.1; echo /usr/bin/python3.12")
    assert pythons.find("3.13") is None


def wheel(folder: Path) -> None:
    """The smallest package that pip installs, without any network."""
    info = "tiny-1.0.dist-info"
    files = {
        "tiny.py": "ANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as out:
        for name, text in files.items():
            out.writestr(name, text)
        out.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))


def test_an_environment_is_whole_or_not_there(tmp_path: Path) -> None:
    home, base = tmp_path / "home", Path(sys.executable)
    offline = [["install", "--no-index", "--find-links", str(tmp_path), "tiny==1.0"], ["check"]]
    with pytest.raises(pythons.NotMade, match="tiny"):
        pythons.make(home, "small", base, ["tiny==1.0"], steps=offline)
    assert [path.suffix for path in home.iterdir()] == [".log"]

    wheel(tmp_path)
    beats: list[float] = []
    facts = {"lock": "abc"}
    made = pythons.make(home, "small", base, ["tiny==1.0"], steps=offline, facts=facts, beat=beats.append)
    assert pythons.is_made(made) and beats == sorted(beats)
    answer = subprocess.run([pythons.program(made), "-c", "import tiny; print(tiny.ANSWER)"], capture_output=True)
    assert answer.stdout.strip() == b"42"

    before = made.stat().st_mtime_ns
    assert [path.name for path in home.iterdir()] == [made.name]
    marker = json.loads((made / pythons.MARKER).read_text())
    (package,) = marker["installed"]
    assert marker["lock"] == "abc" and (package["name"], package["version"]) == ("tiny", "1.0")
    assert package["sha256"] == hashlib.sha256((tmp_path / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert pythons.make(home, "small", base, ["tiny==1.0"], steps=[["install", "--no-index"]]) == made
    assert made.stat().st_mtime_ns == before
    (made / pythons.MARKER).unlink()
    assert not pythons.is_made(made)


def test_a_package_whose_hash_is_not_the_locks_is_refused(tmp_path: Path) -> None:
    wheel(tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    steps = [["install", "--no-index", "--find-links", str(tmp_path), "--require-hashes", "-r", str(lock)]]
    with pytest.raises(pythons.NotMade, match="HASHES"):
        pythons.make(tmp_path / "home", "small", Path(sys.executable), ["tiny==1.0"], steps=steps)


MAKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from voxel_trainer_addon import pythons
home, wheels, words = Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
steps = [["install", *words, "--find-links", wheels, "tiny==1.0"]]
print(pythons.make(home, "small", Path(sys.executable), ["tiny==1.0"], steps=steps), flush=True)
"""


class Silent(http.server.BaseHTTPRequestHandler):
    """An index that never answers: pip waits for it, so that it is killed in the middle for sure."""

    asked = threading.Event()
    go_on = threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.go_on.wait(60)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def silent() -> Iterator[str]:
    Silent.asked.clear()
    Silent.go_on.clear()
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)) as server:
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        Silent.go_on.set()


def maker(root: Path, home: Path, wheels: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", MAKER, str(root), str(home), str(wheels), *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def users_of(folder: Path) -> list[int]:
    """Processes whose command line names a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and os.fsencode(folder) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes in /proc")
def test_killed_in_the_middle_of_pip_nothing_goes_on_and_the_next_makes_it_whole(
    tmp_path: Path, root: Path, silent: str
) -> None:
    home = tmp_path / "home"
    wheel(tmp_path)
    first = maker(root, home, tmp_path, "--index-url", silent, "--timeout", "60")
    assert Silent.asked.wait(60)
    (part,) = home.glob(".*.part")
    first.kill()
    first.communicate()
    until = time.monotonic() + 10
    while users_of(part) and time.monotonic() < until:
        time.sleep(0.05)
    assert users_of(part) == [] and part.is_dir()

    second = maker(root, home, tmp_path, "--no-index")
    made = Path(second.communicate()[0].strip())
    assert pythons.is_made(made) and list(home.iterdir()) == [made]


def test_of_two_at_once_one_makes_it_and_the_other_waits(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "home"
    wheel(tmp_path)
    both = [maker(root, home, tmp_path, "--no-index") for _ in range(2)]
    told = {one.communicate()[0].strip() for one in both}
    assert [one.returncode for one in both] == [0, 0]
    assert [str(path) for path in home.iterdir()] == list(told)


def test_what_a_beat_raises_stops_pip_and_leaves_nothing_half_made(tmp_path: Path, silent: str) -> None:
    def beat(seconds: float) -> None:
        if Silent.asked.is_set():
            raise KeyboardInterrupt

    steps = [["install", "--index-url", silent, "--timeout", "60", "tiny==1.0"]]
    with pytest.raises(KeyboardInterrupt):
        pythons.make(tmp_path, "small", Path(sys.executable), ["tiny==1.0"], steps=steps, beat=beat)
    assert [path.suffix for path in tmp_path.iterdir()] == [".log"]


class Proxy(http.server.BaseHTTPRequestHandler):
    """Serves an index for any host that is asked for through it, counts, and lets no tunnel through."""

    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rstrip("/").rpartition("/")[2]
        body = b'<a href="/files/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>'
        if name.endswith(".whl"):
            body = (self.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/zip" if name.endswith(".whl") else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        self.send_error(502)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Proxy]]:
    wheel(tmp_path)
    handler = type("Counting", (Proxy,), {"folder": tmp_path, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://name:password@127.0.0.1:{server.server_port}"
        for key in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(key, address)
        for key in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(key, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        yield handler
        server.shutdown()
        thread.join()


def test_pip_goes_through_the_proxy_of_the_environment(
    tmp_path: Path, proxy: type[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:secret@packages.test/simple/")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "packages.test")
    made = pythons.make(tmp_path / "home", "small", Path(sys.executable), ["tiny==1.0"])
    assert len(proxy.asked) == 2 and all(path.startswith("http://packages.test/") for path in proxy.asked)
    marker = (made / pythons.MARKER).read_text()
    assert "http://packages.test/files/tiny" in marker and "secret" not in marker and "password" not in marker


def test_pip_asks_the_proxy_for_a_tunnel_to_an_index_with_tls(
    tmp_path: Path, proxy: type[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.test/simple/")
    with pytest.raises(pythons.NotMade) as failed:
        pythons.make(tmp_path / "home", "small", Path(sys.executable), ["tiny==1.0"])
    assert proxy.asked == ["packages.test:443"]
    assert "password" not in str(failed.value) and "password" not in next((tmp_path / "home").glob("*.log")).read_text()


def test_every_development_dependency_is_pinned(root: Path) -> None:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    lines = {line for group in groups for line in environments.requirements(group)}
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line)] == []
    assert "pytest==9.2.0" in environments.requirements("dev")
    assert {group for _, group, _ in first_run.HOSTS} <= set(groups)
    assert set(environments.SIZES) <= set(groups)


def test_the_disk_is_looked_at_before_anything_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "free_space", lambda folder: 5_000_000)
    with pytest.raises(environments.Missing, match=r"1\.0 GB are needed in .* 5\.0 MB are free"):
        environments.check_space(1_000_000_000)


def test_without_root_the_exact_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(environments, "LIBRARIES", {"libNoSuchThing.so.6": "libnosuchthing6"})
    with pytest.raises(environments.Missing, match=r"sudo apt-get install .* libnosuchthing6$"):
        environments.check_system(None, blender=True)


def test_folders_become_sources_and_the_rest_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "rocks").mkdir()
    plan = first_run.planned([str(tmp_path / "rocks"), "--data", "here", "--preset", "tiny"])
    sources = ("--source", "bundled:", "--source", f"folder:{tmp_path / 'rocks'}")
    assert plan.words == ("run", *sources, "--data", "here", "--preset", "tiny")


def test_wrong_words_are_told_before_any_download(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="no folder"):
        first_run.planned([str(tmp_path / "missing")])
    with pytest.raises(SystemExit) as stopped:
        first_run.planned(["--preset", "huge"])
    assert stopped.value.code == 2
    assert "huge" in capsys.readouterr().err


def test_the_headless_commands_words_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[list[str]] = []

    def become(program: str, words: list[str]) -> None:
        handed.append(words)

    monkeypatch.setattr(first_run, "made", lambda group, version: tmp_path / "python")
    monkeypatch.setattr(first_run.pythons, "find", lambda version: tmp_path if version == "3.11" else None)
    monkeypatch.setattr(os, "execv", become)
    first_run.hand_on(["status", "--goals"])
    assert handed == [[str(tmp_path / "python"), str(ROOT / "scripts" / "run_headless.py"), "status", "--goals"]]
    with pytest.raises(SystemExit):
        first_run.hand_on(["status", "--gaols"])


def test_a_failing_suite_makes_the_whole_command_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(asked: suites.Asked) -> str:
        return suites.passes(asked, [sys.executable, "-c", "raise SystemExit(3)"])

    def absent(asked: suites.Asked) -> str:
        raise suites.Skipped("not on this machine")

    monkeypatch.setattr(suites, "SUITES", {"good": lambda asked: "", "broken": broken, "absent": absent})
    monkeypatch.setattr(suites, "CI", False)
    assert suites.main([]) == 1
    assert suites.main(["--suite", "good", "--suite", "absent"]) == 0
    monkeypatch.setattr(suites, "CI", True)
    assert suites.main(["--suite", "absent"]) == 1


MEETS = """
import pathlib, sys, time
own, other = sys.argv[1:]
pathlib.Path(own).touch()
print("came")
while not pathlib.Path(other).exists():
    time.sleep(0.01)
print("met")
"""


def test_suites_run_two_at_a_time_and_what_each_prints_stays_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def meeting(own: str, other: str) -> Callable[[suites.Asked], str]:
        return lambda asked: suites.passes(asked, [sys.executable, "-c", MEETS, tmp_path / own, tmp_path / other])

    monkeypatch.setattr(suites, "SUITES", {"one": meeting("1", "2"), "two": meeting("2", "1")})
    monkeypatch.setattr(suites, "LIMIT_S", 60)
    assert suites.main([]) == 0
    said = capsys.readouterr().out
    assert all(f"=== {name} ===\ncame\nmet\n" in said for name in ("one", "two"))


def test_suites_end_with_whoever_asked_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def long(asked: suites.Asked) -> str:
        return suites.passes(asked, [sys.executable, "-c", "import time; time.sleep(600)"])

    def quick(asked: suites.Asked) -> str:
        while not suites.CHILDREN:
            time.sleep(0.01)
        return ""

    monkeypatch.setattr(suites, "SUITES", {"long": long, "quick": quick})
    results = suites.run(["long", "quick"], suites.Asked((), False))
    assert next(results).suite == "quick"
    (child,) = suites.CHILDREN
    results.close()
    assert child.returncode == -signal.SIGKILL
