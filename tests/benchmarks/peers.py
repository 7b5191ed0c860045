"""CPU per URL of Pagecard beside readers of other people that run on Node.js: fetched and read, end to end.

    python tests/benchmarks/peers.py --pages DIR --npm-dir node-peers --install

Rule 1: all of them fetch the same pages from the same origin, plain, over new connections; pages that a peer
        refuses count as read.
Rule 2: Pagecard's figure is that of its whole service; theirs that of a script around the library, after it has
        read some pages, so that its code is compiled.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from load import batches, drive
from origin import Origin, running_origin
from pages import SAMPLE
from servers import service

SCRIPT = Path(__file__).with_suffix(".mjs")
RULES = ("author", "date", "description", "feed", "image", "lang", "logo", "publisher", "title", "url")
PEERS = {
    "unfurl.js": ("unfurl.js",),
    "open-graph-scraper": ("open-graph-scraper",),
    "metascraper": ("metascraper", *(f"metascraper-{rule}" for rule in RULES)),
}
WARM_UP, MEASURED = 60, 210  # URLs of a peer
URLS = 1_200  # of Pagecard


def install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    packages = [package for needed in PEERS.values() for package in needed]
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages], check=True)


def present(folder: Path) -> Iterator[str]:
    """The peers that can run; of the others it says what is missing."""
    if shutil.which("node") is None:
        print("left out, since there is no node: all peers; install Node.js 20 or newer", file=sys.stderr)
        return
    for peer, packages in PEERS.items():
        missing = [package for package in packages if not (folder / "node_modules" / package).is_dir()]
        if missing:
            print(f"left out: {peer}; npm install --prefix {folder} {' '.join(missing)}", file=sys.stderr)
        else:
            yield peer


def peer_cpu_ms(folder: Path, peer: str, origin: Origin) -> float:
    urls = "\n".join(origin.urls(WARM_UP + MEASURED))
    command = ["node", str(SCRIPT), str(folder), peer, str(WARM_UP)]
    done = subprocess.run(command, input=urls, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{peer} failed: {done.stderr[-1000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    if result["failed"]:
        print(f"{peer}: {result['failed']} of {MEASURED} pages, such as: {result['first']}", file=sys.stderr)
    return float(result["cpu_ms"])


def one_round(folder: Path, peers: list[str], origin: Origin) -> dict[str, float]:
    with service(origin) as server:
        drive(server, batches(origin.urls(400)), 4)
        figures = {"Pagecard": drive(server, batches(origin.urls(URLS)), 4).cpu_ms}
    return figures | {peer: peer_cpu_ms(folder, peer, origin) for peer in peers}


def table(rounds: list[dict[str, float]]) -> str:
    rows = ["| | CPU ms per URL | of Pagecard's |", "|---|--:|--:|"]
    for name in rounds[0]:
        value = statistics.median(each[name] for each in rounds)
        ratio = statistics.median(each[name] / each["Pagecard"] for each in rounds)
        rows.append(f"| {name} | {value:.1f} | {ratio:.1f}× |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, help="folder of HTML files; synthetic pages without it")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many of its pages are served")
    parser.add_argument("--npm-dir", type=Path, default=Path("node-peers"), help="where the peers are installed")
    parser.add_argument("--install", action="store_true", help="install them there with npm first")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.install:
        install(arguments.npm_dir)
    peers = list(present(arguments.npm_dir))
    with running_origin(arguments.pages, arguments.sample) as origin:
        print(table([one_round(arguments.npm_dir, peers, origin) for _ in range(arguments.rounds)]))


if __name__ == "__main__":
    main()
