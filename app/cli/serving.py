"""`pagecard serve` as a child process: on a free port of loopback, gone when its block ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from app.settings import PREFIX

START = 60  # seconds that the service may take to answer on a busy machine
STOP = 60  # seconds that it may take to answer what is under way
SERVE = (sys.executable, "-P", "-c", "from app.cli import main; main()", "serve")
KEY = re.compile(r"ks_live_[A-Za-z0-9_-]{32}")


@dataclass(frozen=True, slots=True)
class Service:
    """Running service. `process`: gunicorn's master; `log`: its output."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def first_key(self) -> str:
        """Key of the first start. Raises LookupError without a key."""
        found = KEY.search(self.log.read_text(encoding="utf-8"))
        if not found:
            raise LookupError("the service had keys already")
        return found[0]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], *options: str) -> Iterator[Service]:
    """Serve with a data folder in `folder`, these settings (without their prefix) and none of the environment's.

    Raises RuntimeError, with what the service said, if it does not answer within `START` seconds.
    """
    address = f"127.0.0.1:{free_port()}"
    log = folder / "service.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  (the command is ours)
            [*SERVE, "--bind", address, *options],
            env=_environ({"DATA_DIR": str(folder / "data"), **settings}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = Service(f"http://{address}", process, log)
    try:
        _wait(service)
        yield service
    finally:
        _stop(process)


def _environ(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {PREFIX + name: value for name, value in settings.items()}


def _wait(service: Service) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and service.process.poll() is None:
        if _answers(service.url):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start:\n{service.log.read_text(encoding='utf-8')[-4000:]}")


def _answers(url: str) -> bool:
    with requests.Session() as session, suppress(requests.ConnectionError):
        session.trust_env = False  # no proxy of the environment stands before our own loopback
        return session.get(f"{url}/healthz", timeout=10).ok
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
