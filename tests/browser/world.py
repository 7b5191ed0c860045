"""A real server and a real browser, for the tests of what people see, and for the pictures in the README.

Rule 1: neither sends a packet to anything but loopback.
Rule 2: both are gone when their block ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from app.plans import PLANS
from app.settings import Settings
from app.storage.database import open_primary
from app.storage.generations import Generations
from app.storage.keys import KeyStore

START = 60  # seconds that a server may take to answer on a busy machine

# Chromium calls home at every start unless told not to, and looks up nothing but what is mapped here.
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # A page that a test makes up has no address, so its pictures on loopback would need a permission.
    "--disable-features=LocalNetworkAccessChecks",
)
NO_LOOKUPS = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

TINY = "[tiny]\nbatch_limit = 2\nper_minute = 60\nburst = 1\n"

PROVIDERS = '[{"provider_name": "Loopback", "provider_url": "https://127.0.0.1"}]'

AXE = "axe-core@4.14.1"


@dataclass(frozen=True, slots=True)
class Server:
    """`url` has no slash at its end, as an origin."""

    url: str
    keys: KeyStore

    def key(self, plan: str = "enterprise") -> str:
        return self.keys.create(plan)[0]

    def publishable_key(self, *origins: str, plan: str = "enterprise") -> str:
        return self.keys.create(plan, kind="publishable", origins=origins)[0]


@contextmanager
def running_server(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`pagecard serve` on a data folder of its own, with the usual plans and a tiny one."""
    url = f"127.0.0.1:{_free_port()}"
    settings = Settings(data_dir=folder / "data")
    log = folder / "server.log"
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--bind", url]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=_environ(folder) | (environ or {}), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_healthy(url, process, log)
            primary = open_primary(settings)
            yield Server(f"http://{url}", KeyStore(primary, Generations(settings.generations_file)))
            primary.engine.dispose()
        finally:
            process.terminate()
            process.wait(START)


def _environ(folder: Path) -> dict[str, str]:
    plans = folder / "plans.toml"
    plans.write_text(TINY + "".join(f"[{plan.name}]\nbatch_limit = {plan.batch_limit}\n" for plan in PLANS.values()))
    providers = folder / "providers.json"
    providers.write_text(PROVIDERS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAGECARD_")}
    return inherited | {
        "PAGECARD_DATA_DIR": str(folder / "data"),
        "PAGECARD_PLANS": str(plans),
        "PAGECARD_OEMBED_PROVIDERS": str(providers),
        "PAGECARD_ALLOW_TARGETS": "127.0.0.0/8",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        connection = HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-4000:]}")


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def running_chromium(lookups: str = NO_LOOKUPS) -> Iterator[Any]:
    """Playwright's Browser. `lookups` are Chromium's `--host-resolver-rules`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*FLAGS, f"--host-resolver-rules={lookups}"]
        )
        yield browser
        browser.close()


def axe_source() -> str:
    """The source of axe-core, from npm, kept in the temporary folder. Raises OSError if npm cannot bring it."""
    kept = Path(tempfile.gettempdir()) / f"pagecard-{AXE}.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            npm = ["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", AXE]
            done = subprocess.run(npm, capture_output=True, text=True, timeout=120)
            if done.returncode:
                raise OSError(done.stderr[-500:])
            (Path(folder) / "node_modules/axe-core/axe.min.js").replace(kept)
    return kept.read_text(encoding="utf-8")
