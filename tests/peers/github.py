# SPDX-License-Identifier: GPL-3.0-or-later
"""A test GitHub of our own, as a process: its addresses are one line of JSON; it ends at the end of its input.

python tests/peers/github.py --universe generated --repositories 10000 --files 10 --seed 1
python tests/peers/github.py --universe corpus --corpus ../shared/corpus
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":  # the folder of this file would hide packages of the same names as its modules
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from tests.peers import corpus, generated
from tests.peers.server import Servers
from tests.peers.world import World


def main() -> None:
    """Serve until the input ends or the process is told to."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--port", type=int, default=0, help="of the API; the other hosts take free ones")
    words.add_argument("--universe", choices=("corpus", "generated"), default="generated")
    words.add_argument(
        "--corpus",
        type=Path,
        help="the folder with blend/, LICENSES/ and history/ (bundles, served as /history/NAME.git)",
    )
    words.add_argument("--repositories", type=int, default=10_000)
    words.add_argument("--files", type=int, default=10, help=".blend files in each repository")
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    if given.universe == "corpus" and not given.corpus:
        words.error("--universe corpus needs --corpus")
    made = (
        corpus.universe(given.corpus)
        if given.universe == "corpus"
        else generated.universe(given.repositories, given.files, given.seed)
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    bundles = given.corpus and given.corpus / "history"
    with tempfile.TemporaryDirectory() as folder, Servers(World(made, Path(folder), bundles), given.port) as servers:
        print(json.dumps(servers.addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
