"""Starts what is measured, each as it would be run: the service as it is installed, with the defaults that it has.

The one thing that a benchmark has to lift is the plan's limit of requests a minute; it is raised, not left out, so
that the limiter still does its work.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from client import Client
from origin import Origin

HERE = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent
PAGECARD = str(SCRIPTS / "pagecard")
START_TIMEOUT = 60.0  # seconds
PLANS = "[enterprise]\nbatch_limit = 100\nper_minute = 100_000_000\nburst = 10_000_000\n"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its name, the pid of the process above all its others, its port, and keys for it."""

    name: str
    pid: int
    port: int
    key: str = "none"
    another_key: str = "none"

    def client(self) -> Client:
        return Client(self.port, self.key)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def _make_sure_it_runs(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise SystemExit(f"{process.args} ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up:
        _make_sure_it_runs(process, log)
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{process.args} does not listen after {START_TIMEOUT:g} s")


@contextmanager
def _running(command: list[str], port: int, environ: Mapping[str, str], cwd: Path) -> Iterator[int]:
    with NamedTemporaryFile("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=cwd, stdout=log, stderr=log)
        try:
            _await(port, process, Path(log.name))
            yield process.pid
            _make_sure_it_runs(process, Path(log.name))
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)  # what broke a connection off is often about to end
            _make_sure_it_runs(process, Path(log.name))
            raise
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def reference(name: str, origin: Origin, workers: int = 2) -> Iterator[Server]:
    """`naive` or `bound` on gunicorn."""
    port = free_port()
    command = [str(SCRIPTS / "gunicorn"), "--worker-class", "gthread", "--workers", str(workers), "--threads", "16"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--timeout", "300", f"{name}:app"]
    environ = {
        "MALLOC_ARENA_MAX": "2",
        "CA_BUNDLE": str(origin.authority),  # read by bound
        "REQUESTS_CA_BUNDLE": str(origin.bundle),  # read by requests, in naive
        "PYTHONWARNINGS": "ignore",
    }
    with _running(command, port, environ, HERE) as pid:
        yield Server(name, pid, port)


@contextmanager
def service(origin: Origin, workers: int = 2, **settings: str) -> Iterator[Server]:
    """`pagecard serve` in a data directory of its own, with a key of the enterprise plan."""
    with TemporaryDirectory() as work:
        folder, port = Path(work), free_port()
        environ = environment(origin, folder, **settings)
        keys = [make_key(environ, folder) for _ in range(2)]
        serve = [PAGECARD, "serve", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
        with _running(serve, port, environ, folder) as pid:
            yield Server("pagecard", pid, port, *keys)


def environment(origin: Origin, folder: Path, **settings: str) -> dict[str, str]:
    """What Pagecard is told that keeps its data in `folder` and reads from `origin`."""
    (folder / "plans.toml").write_text(PLANS)
    return {
        "PAGECARD_DATA_DIR": str(folder / "data"),
        "PAGECARD_PLANS": str(folder / "plans.toml"),
        "PAGECARD_ALLOW_TARGETS": origin.allowed,
        "PAGECARD_CA_BUNDLE": str(origin.authority),
        **{f"PAGECARD_{name.upper()}": value for name, value in settings.items()},
    }


def make_key(environ: Mapping[str, str], folder: Path) -> str:
    create = [PAGECARD, "keys", "create", "--plan", "enterprise"]
    done = subprocess.run(create, env={**os.environ, **environ}, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{create} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.split()[-1]
