"""Shared by the tests of the clients: a service with small plans, npm's packages, and the examples of READMEs."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli.serving import serving
from app.networks import parse_networks
from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients"
CACHED = Path(tempfile.gettempdir())
PLANS = """
[enterprise]
batch_limit = 100
[trio]
batch_limit = 3
[slow]
batch_limit = 3
per_minute = 60
burst = 1
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A service as it is served. `url` has no slash at its end."""

    url: str
    keys: KeyStore

    def key(self, plan: str = "trio") -> str:
        return self.keys.create(plan)[0]

    def publishable_key(self, origin: str) -> str:
        return self.keys.create("trio", kind="publishable", origins=(origin,))[0]


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("clients")
    plans = folder / "plans.toml"
    plans.write_text(PLANS)
    settings = {"ALLOW_TARGETS": "127.0.0.0/8", "PLANS": str(plans), "FETCH_TIMEOUT": "5"}
    with serving(folder, settings) as service:
        stored = Settings(data_dir=folder / "data", allow_targets=parse_networks("127.0.0.0/8"))
        primary = open_primary(stored)
        yield Running(service.url, KeyStore(primary, Generations(stored.generations_file)))
        primary.engine.dispose()


def environ_of(added: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: ours, and what is added."""
    return {**os.environ, **added}


def run(command: Sequence[str | Path], folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """Everything that a command prints on stdout. Fails the test where the command fails."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=240, env=environ_of(environ or {})
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def npm_install(folder: Path, *packages: str) -> Path:
    """Install packages into `folder`, once; returns its node_modules. Skips the test where npm cannot."""
    folder.mkdir(exist_ok=True)
    marker = folder / "installed"
    if not marker.exists() or marker.read_text() != "\n".join(packages):
        command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *packages]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm cannot bring packages here: {error}")
        if done.returncode:
            pytest.skip(f"npm cannot bring packages here: {done.stderr[-500:]}")
        marker.write_text("\n".join(packages))
    return folder / "node_modules"


def packed(package: str, folder: Path) -> Path:
    """`npm pack` a package of clients/js into `folder`; returns the tarball."""
    try:
        with (CACHED / f"pagecard-pack-{package}").open("w") as lock:  # packing puts files beside package.json
            fcntl.flock(lock, fcntl.LOCK_EX)
            name = run(["npm", "pack", "--silent", "--pack-destination", folder], CLIENTS / "js" / package)
    except FileNotFoundError as error:
        pytest.skip(f"npm is not installed: {error}")
    return folder / name.strip().splitlines()[-1]


def unpack(tarball: Path, modules: Path) -> Path:
    """Put a packed package where Node finds it."""
    name = "@pagecard/" + re.match(r"pagecard-([a-z]+)-", tarball.name)[1]
    place = modules / name
    place.mkdir(parents=True, exist_ok=True)
    run(["tar", "-xzf", tarball, "-C", place, "--strip-components=1"], modules)
    return place


def example(package: str, language: str, number: int = 0) -> str:
    """A block of code of a client's README; at most 15 lines long."""
    text = (CLIENTS / package / "README.md").read_text(encoding="utf-8")
    block = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[number]
    assert len([line for line in block.splitlines() if line.strip()]) <= 15
    return str(block)


@pytest.fixture(scope="package")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node_modules with our own packages, packed as they would be published."""
    folder = tmp_path_factory.mktemp("packed")
    modules = folder / "node_modules"
    modules.mkdir()
    for package in ("client", "element"):
        unpack(packed(package, folder), modules)
    return modules


@pytest.fixture(scope="package")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the Python client, as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(CLIENTS / "python", source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"pip cannot bring setuptools here: {done.stderr[-500:]}")
    return next(folder.glob("*.whl"))
